/* kkachi seller add|set|list|show|pause|resume|disable */
#include "app/manage.h"
#include "app/show.h"
#include "base/json.h"
#include "cmd/cmd.h"
#include "cmd/report.h"
#include "cmd/office.h"
#include "cmd/say.h"
#include "ports/store.h"

#define FULL_EVERY_DEFAULT_MS (7 * KK_DAY_MS)
#define RUNS_SHOWN 10

static const char *period_text(const struct seller *seller, char ret[24])
{
    snprintf(ret, 24, "%" PRId64 "%s", seller->period_count, seller->period_unit == PERIOD_DAY ? "d" : "h");
    return ret;
}

/* What a command that made or changed a seller says. */
static int answer(struct call *call, const struct seller *seller, const char *what)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf json = KK_BUF(8192);
    char period[24];

    if (!call->is_json) {
        fprintf(call->out, "%s %s: %s, every %s, %s\n", seller->seller_id, what, seller_state_name(seller->state),
                period_text(seller, period), crawl_mode_name(seller->mode));
        return EXIT_DONE;
    }
    kk_jw_open(&json, '{');
    show_seller(&json, seller);
    kk_jw_close(&json, '}');
    return report_value(call, &json);
}

/* ---- what was typed ---- */

struct typed {
    int64_t period_count, full_every_ms; /* 0: not given */
    enum period_unit period_unit;
    enum crawl_mode mode; /* 0: not given */
    const char *name;     /* NULL: not given */
};

static int read_typed(const struct call *call, struct typed *ret)
{
    const char *period = call_option(call, "period"), *mode = call_option(call, "mode");
    const char *full_every = call_option(call, "full-every");
    struct kk_err err = {0};

    *ret = (struct typed){.name = call_option(call, "name")};
    if (period && seller_period_parse(kk_sv_of(period), &ret->period_count, &ret->period_unit, &err))
        return say_usage("--period: %s", err.msg);
    if (mode && !crawl_mode_parse(kk_sv_of(mode), &ret->mode))
        return say_usage("--mode: \"%.40s\" is neither full nor delta", mode);
    if (full_every &&
        (!kk_duration_parse(kk_sv_of(full_every), &ret->full_every_ms) || ret->full_every_ms < KK_HOUR_MS))
        return say_usage("--full-every: \"%.40s\" is not a duration of an hour or more, as in 7d", full_every);
    if (ret->name && seller_name_check(kk_sv_of(ret->name), &err))
        return say_usage("--name: %s", err.msg);
    return EXIT_DONE;
}

int cmd_seller_add(struct call *call)
{
    KK_CLEANUP(wire_close) struct wire office = {0};
    struct seller seller = {.mode = CRAWL_FULL, .full_every_ms = FULL_EVERY_DEFAULT_MS};
    struct typed typed;
    struct kk_err err = {0};
    int status = read_typed(call, &typed);

    if (status)
        return status;
    if (!typed.period_count)
        return say_usage("seller add needs --period, as in --period 6h or --period 1d");
    if (seller_id_check(kk_sv_of(call->arg[0]), &err))
        return say_failure(&err);
    kk_sv_copy(kk_sv_of(call->arg[0]), seller.seller_id, sizeof(seller.seller_id));
    kk_sv_copy(kk_sv_of(typed.name), seller.name, sizeof(seller.name));
    seller.period_count = typed.period_count;
    seller.period_unit = typed.period_unit;
    if (typed.mode)
        seller.mode = typed.mode;
    if (typed.full_every_ms)
        seller.full_every_ms = typed.full_every_ms;
    status = office_open(&office, call, WIRE_MANAGE);
    if (status)
        return status;
    if (manage_add_seller(&office.app, &seller, &err))
        return say_failure(&err);
    wire_wake(&office);
    return answer(call, &seller, "is registered");
}

static int change(struct call *call, const struct seller_change *wanted, const char *what)
{
    KK_CLEANUP(wire_close) struct wire office = {0};
    struct seller seller;
    struct kk_err err = {0};
    int status = office_open(&office, call, WIRE_MANAGE);

    if (status)
        return status;
    if (office_find_seller(office.app.store, call->arg[0], &seller, &err) ||
        manage_change_seller(&office.app, kk_sv_of(call->arg[0]), wanted, &seller, &err))
        return say_failure(&err);
    wire_wake(&office);
    return answer(call, &seller, what);
}

int cmd_seller_set(struct call *call)
{
    struct typed typed;
    int status = read_typed(call, &typed);

    if (status)
        return status;
    if (!typed.period_count && !typed.mode && !typed.name && !typed.full_every_ms)
        return say_usage("nothing to change: give --period, --name, --mode or --full-every");
    return change(call,
                  &(struct seller_change){.name = typed.name,
                                          .period_count = typed.period_count,
                                          .period_unit = typed.period_unit,
                                          .mode = typed.mode,
                                          .full_every_ms = typed.full_every_ms},
                  "is changed");
}

int cmd_seller_pause(struct call *call)
{
    return change(call, &(struct seller_change){.state = SELLER_PAUSED}, "is paused");
}

int cmd_seller_resume(struct call *call)
{
    return change(call, &(struct seller_change){.state = SELLER_ACTIVE}, "is back at work");
}

int cmd_seller_disable(struct call *call)
{
    return change(call, &(struct seller_change){.state = SELLER_DISABLED}, "is disabled");
}

/* ---- list ---- */

struct sellers { /* read first: a row function asks nothing more of the store */
    struct seller *at;
    size_t count, room;
    bool no_memory;
};

static bool keep_seller(void *ctx, const struct seller *seller)
{
    struct sellers *all = ctx;

    if (all->count == all->room) {
        size_t room = all->room ? all->room * 2 : 64;
        struct seller *grown = realloc(all->at, room * sizeof(*grown));

        if (!grown) {
            all->no_memory = true;
            return false;
        }
        all->at = grown;
        all->room = room;
    }
    all->at[all->count++] = *seller;
    return true;
}

static enum table_colour state_colour(enum seller_state state)
{
    return state == SELLER_ACTIVE ? TABLE_GREEN : state == SELLER_PAUSED ? TABLE_YELLOW : TABLE_RED;
}

static enum table_colour run_colour(enum run_state state)
{
    return state == RUN_COMPLETE ? TABLE_GREEN : state == RUN_OPEN ? TABLE_PLAIN : TABLE_YELLOW;
}

static void list_row(struct report *report, const struct seller *seller, const struct run *run, int64_t product_count)
{
    char period[24];

    if (report->is_json) {
        kk_jw_open(&report->json, '{');
        show_seller(&report->json, seller);
        kk_jw_key_i64(&report->json, "products", product_count);
        if (run)
            kk_jw_key_str(&report->json, "lastRunState", kk_sv_of(run_state_name(run->state)));
        kk_jw_close(&report->json, '}');
        return;
    }
    table_text(&report->table, seller->seller_id);
    table_text(&report->table, seller->name);
    table_cell(&report->table, state_colour(seller->state), kk_sv_of(seller_state_name(seller->state)));
    table_text(&report->table, period_text(seller, period));
    table_number(&report->table, product_count);
    table_cell(&report->table, run ? run_colour(run->state) : TABLE_PLAIN,
               kk_sv_of(run ? run_state_name(run->state) : ""));
    table_time(&report->table, seller->last_ended_at_ms);
    table_time(&report->table, seller->next_run_at_ms);
}

int cmd_seller_list(struct call *call)
{
    static const struct table_column columns[] = {
        {"SELLER", TABLE_LEFT, false},     {"NAME", TABLE_LEFT, true},      {"STATE", TABLE_LEFT, false},
        {"PERIOD", TABLE_RIGHT, false},    {"ITEMS", TABLE_RIGHT, false},   {"LAST CRAWL", TABLE_LEFT, false},
        {"ENDED (UTC)", TABLE_LEFT, true}, {"DUE (UTC)", TABLE_LEFT, true},
    };
    KK_CLEANUP(wire_close) struct wire office = {0};
    struct sellers all = {0};
    struct report report;
    struct kk_err err = {0};
    enum kk_code rc;
    int status = office_open(&office, call, WIRE_STORE);

    if (status)
        return status;
    rc = store_each_seller(office.app.store, keep_seller, &all, &err);
    if (!rc && all.no_memory)
        rc = kk_fail(&err, KK_NO_MEMORY, "no memory for the sellers");
    if (rc) {
        free(all.at);
        return say_failure(&err);
    }
    report_begin(&report, call, columns, KK_COUNT(columns));
    for (size_t i = 0; i < all.count && !rc; i++) {
        struct run run;
        int64_t product_count = 0;
        bool has_run = all.at[i].last_run_id && !store_get_run(office.app.store, all.at[i].last_run_id, &run, NULL);

        rc = store_count_products(office.app.store, kk_sv_of(all.at[i].seller_id), &product_count, &err);
        list_row(&report, &all.at[i], has_run ? &run : NULL, product_count);
        if (!report_row(&report))
            break;
    }
    free(all.at);
    if (rc) {
        report_drop(&report);
        return say_failure(&err);
    }
    return report_end(&report, "No sellers yet. Register one: kkachi seller add SELLER --period 6h");
}

/* ---- show ---- */

static bool run_row(void *ctx, const struct run *run)
{
    struct report *report = ctx;
    char counts[64];

    if (report->is_json) {
        kk_jw_open(&report->json, '{');
        show_run(&report->json, run);
        kk_jw_close(&report->json, '}');
        return true;
    }
    table_number(&report->table, run->id);
    table_text(&report->table, run_trigger_name(run->trigger));
    table_cell(&report->table, run_colour(run->state), kk_sv_of(run_state_name(run->state)));
    table_time(&report->table, run->started_at_ms);
    table_time(&report->table, run->ended_at_ms);
    snprintf(counts, sizeof(counts), "%" PRId64 "/%" PRId64, run->counts.success_count, run->counts.task_count);
    table_text(&report->table, counts);
    table_number(&report->table, run->counts.dead_count);
    table_number(&report->table, run->counts.created_count + run->counts.changed_count + run->counts.removed_count +
                                     run->counts.returned_count);
    return report_row(report);
}

static const struct table_column run_columns[] = {
    {"RUN", TABLE_RIGHT, false},         {"BY", TABLE_LEFT, false},         {"STATE", TABLE_LEFT, false},
    {"STARTED (UTC)", TABLE_LEFT, true}, {"ENDED (UTC)", TABLE_LEFT, true}, {"TASKS", TABLE_RIGHT, false},
    {"DEAD", TABLE_RIGHT, false},        {"CHANGES", TABLE_RIGHT, false},
};

static int show_json(struct call *call, struct store *store, const struct seller *seller, int64_t product_count)
{
    struct report report = {.is_json = true, .json = KK_BUF(REPORT_ROW_MAX_BYTES)};
    struct kk_err err = {0};
    int status;

    kk_jw_open(&report.json, '{');
    show_seller(&report.json, seller);
    kk_jw_key_i64(&report.json, "products", product_count);
    kk_jw_key(&report.json, "runs");
    kk_jw_open(&report.json, '[');
    status = store_each_run(store, &(struct run_query){.seller_id = kk_sv_of(seller->seller_id), .limit = RUNS_SHOWN},
                            run_row, &report, &err)
                 ? say_failure(&err)
                 : EXIT_DONE;
    kk_jw_close(&report.json, ']');
    kk_jw_close(&report.json, '}');
    if (!status)
        status = report_value(call, &report.json);
    report_drop(&report);
    return status;
}

int cmd_seller_show(struct call *call)
{
    KK_CLEANUP(wire_close) struct wire office = {0};
    struct seller seller;
    struct report report;
    int64_t product_count = 0;
    char period[24];
    struct kk_err err = {0};
    int status = office_open(&office, call, WIRE_STORE);

    if (status)
        return status;
    if (office_find_seller(office.app.store, call->arg[0], &seller, &err) ||
        store_count_products(office.app.store, kk_sv_of(seller.seller_id), &product_count, &err))
        return say_failure(&err);
    if (call->is_json)
        return show_json(call, office.app.store, &seller, product_count);
    fprintf(call->out, "%s%s%s: %s, every %s, %s, %" PRId64 " products\n\n", seller.seller_id, *seller.name ? " " : "",
            seller.name, seller_state_name(seller.state), period_text(&seller, period), crawl_mode_name(seller.mode),
            product_count);
    report_begin(&report, call, run_columns, KK_COUNT(run_columns));
    if (store_each_run(office.app.store,
                       &(struct run_query){.seller_id = kk_sv_of(seller.seller_id), .limit = RUNS_SHOWN}, run_row,
                       &report, &err)) {
        report_drop(&report);
        return say_failure(&err);
    }
    return report_end(&report, "Never crawled yet.");
}
