/* kkachi plan: how many agents, hours and requests a set of sellers needs (core/plan.h). Asks the site for nothing. */
#include "base/json.h"
#include "cmd/cmd.h"
#include "cmd/office.h"
#include "cmd/report.h"
#include "cmd/say.h"
#include "core/plan.h"
#include "ports/stats.h"
#include "ports/store.h"

#define SELLERS_MAX 10000
#define REQUEST_MS 300 /* where none was measured yet */
#define TOKEN_LIFE_MS KK_HOUR_MS
#define CHANGED_SHARE 0.05 /* of items from one crawl to the next, where --changed says nothing */
#define MEASURED_DAYS 7

struct row {
    char name[SELLER_ID_BYTES];
    struct plan_seller seller; /* item_count -1: not known yet */
};

struct planning {
    struct plan_rules rules;
    struct row *row; /* owned */
    size_t row_count, room;
    int64_t agent_count, known_agents, unknown_count;
    int64_t items, period_ms; /* 0: as registered */
    enum crawl_mode mode;     /* 0: as registered */
    double changed_share;
    struct store *store;
    bool no_memory;
    int64_t cycle_requests; /* of one crawl of each */
    double per_hour;
    int64_t too_long_count;
};

/* ---- what is planned ---- */

static bool add_row(struct planning *p, const char *name, const struct plan_seller *seller)
{
    if (p->row_count == p->room) {
        size_t room = p->room ? 2 * p->room : 64;
        struct row *grown = realloc(p->row, room * sizeof(*grown));

        p->no_memory = !grown;
        if (!grown)
            return false;
        p->row = grown;
        p->room = room;
    }
    p->row[p->row_count].seller = *seller;
    snprintf(p->row[p->row_count++].name, SELLER_ID_BYTES, "%s", name);
    return p->row_count < SELLERS_MAX;
}

static bool note_run(void *ctx, const struct run *run)
{
    if (run->item_count >= 0)
        *(int64_t *)ctx = run->item_count;
    return run->item_count < 0;
}

static bool note_seller(void *ctx, const struct seller *seller)
{
    struct planning *p = ctx;
    struct plan_seller plan = {.item_count = -1,
                               .period_ms = p->period_ms ? p->period_ms : seller_period_ms(seller),
                               .mode = p->mode ? p->mode : seller->mode,
                               .full_every_ms = seller->full_every_ms,
                               .changed_share = p->changed_share};

    if (seller->state != SELLER_ACTIVE)
        return true;
    store_each_run(p->store, &(struct run_query){.seller_id = kk_sv_of(seller->seller_id), .limit = 8}, note_run,
                   &plan.item_count, NULL);
    if (p->items)
        plan.item_count = p->items;
    p->unknown_count += plan.item_count < 0;
    return add_row(p, seller->seller_id, &plan);
}

static bool note_agent(void *ctx, const struct agent *agent)
{
    (void)agent;
    ++*(int64_t *)ctx;
    return true;
}

static bool note_stat(void *ctx, const struct stat_row *row)
{
    stat_add(ctx, &row->sum);
    return true;
}

/* What requests took on average in the last days. */
static int64_t measured_ms(const struct wire *office)
{
    int64_t today = stat_day(kk_wall_ms(&office->clock));
    const struct stat_query query = {.by = STAT_BY_DAY, .from_day = today - MEASURED_DAYS, .to_day = today};
    struct stat_counts sum = {0};

    store_each_stat(office->app.store, &query, note_stat, &sum, NULL);
    if (!sum.at[STAT_ATTEMPT])
        return REQUEST_MS;
    return (sum.at[STAT_LATENCY_MS] + sum.at[STAT_ATTEMPT] / 2) / sum.at[STAT_ATTEMPT];
}

static struct plan_rules rules_of(const struct config *config)
{
    return (struct plan_rules){
        .capacity = config_number(config, CONFIG_LIMITER_CAPACITY),
        .window_ms = config_number(config, CONFIG_LIMITER_WINDOW),
        .gap_ms = config_number(config, CONFIG_LIMITER_GAP),
        .site_rate = config_number(config, CONFIG_SITE_RATE),
        .site_inflight = config_number(config, CONFIG_SITE_INFLIGHT),
        .page_size = config_number(config, CONFIG_SITE_PAGE_SIZE),
        .issue_gap_ms = config_number(config, CONFIG_AGENT_ISSUE_GAP),
        .token_every_ms = TOKEN_LIFE_MS - config_number(config, CONFIG_AGENT_RENEW_BEFORE) > TOKEN_LIFE_MS * 3 / 4
                              ? TOKEN_LIFE_MS - config_number(config, CONFIG_AGENT_RENEW_BEFORE)
                              : TOKEN_LIFE_MS * 3 / 4,
    };
}

/* False: said what is wrong. Leaves *ret where the option was not given. */
static bool read_count(struct call *call, const char *option, int64_t *ret)
{
    const char *text = call_option(call, option);

    if (!text || (kk_sv_i64(kk_sv_of(text), ret) && *ret > 0 && *ret <= 10000000))
        return true;
    say_usage("--%s: \"%.40s\" is not a number from 1 to 10000000", option, text);
    return false;
}

static bool read_options(struct call *call, struct planning *p, int64_t *ret_sellers)
{
    const char *period = call_option(call, "period"), *mode = call_option(call, "mode");
    const char *changed = call_option(call, "changed");
    struct seller seller = {0};
    struct kk_err err = {0};
    int64_t percent = 0;

    if (!read_count(call, "agents", &p->agent_count) || !read_count(call, "sellers", ret_sellers) ||
        !read_count(call, "items", &p->items))
        return false;
    if (period && seller_period_parse(kk_sv_of(period), &seller.period_count, &seller.period_unit, &err)) {
        say_usage("--period: %s", err.msg);
        return false;
    }
    if (mode && !crawl_mode_parse(kk_sv_of(mode), &p->mode)) {
        say_usage("--mode: \"%.40s\" is neither full nor delta", mode);
        return false;
    }
    if (changed && (!kk_sv_i64(kk_sv_of(changed), &percent) || percent < 0 || percent > 100)) {
        say_usage("--changed: \"%.40s\" is not a percentage from 0 to 100", changed);
        return false;
    }
    if (*ret_sellers && (!p->items || !period)) {
        say_usage("--sellers plans for sellers that are not registered: give --items and --period too");
        return false;
    }
    if (*ret_sellers > SELLERS_MAX) {
        say_usage("--sellers is at most %d", SELLERS_MAX);
        return false;
    }
    p->changed_share = changed ? (double)percent / 100 : CHANGED_SHARE;
    p->period_ms = period ? seller_period_ms(&seller) : 0;
    return true;
}

static enum kk_code gather(struct wire *office, struct planning *p, int64_t sellers, struct kk_err *err)
{
    const struct plan_seller one = {.item_count = p->items,
                                    .period_ms = p->period_ms,
                                    .mode = p->mode ? p->mode : CRAWL_FULL,
                                    .full_every_ms = 7 * KK_DAY_MS,
                                    .changed_share = p->changed_share};
    enum kk_code rc;

    p->store = office->app.store;
    p->rules = rules_of(office->config);
    p->rules.request_ms = measured_ms(office);
    rc = store_each_agent(p->store, note_agent, &p->known_agents, err);
    if (!p->agent_count)
        p->agent_count = p->known_agents;
    for (int64_t i = 1; i <= sellers && !p->no_memory; i++) {
        char name[32];

        snprintf(name, sizeof(name), "seller %" PRId64, i);
        add_row(p, name, &one);
    }
    if (!rc && !sellers)
        rc = store_each_seller(p->store, note_seller, p, err);
    return rc || !p->no_memory ? rc : kk_fail(err, KK_NO_MEMORY, "no memory for the sellers");
}

/* ---- what comes out ---- */

static void put_duration(struct table *table, enum table_colour colour, int64_t ms)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf text = KK_BUF(64);
    int64_t minutes = (ms + KK_MINUTE_MS - 1) / KK_MINUTE_MS;

    if (ms == PLAN_NEVER)
        kk_buf_add(&text, KK_SV("never"));
    else if (minutes < 60)
        kk_buf_addf(&text, "%" PRId64 "m", minutes);
    else
        kk_buf_addf(&text, "%" PRId64 "h %" PRId64 "m", minutes / 60, minutes % 60);
    table_cell(table, colour, kk_buf_sv(&text));
}

static void key_ms(struct kk_buf *json, const char *key, int64_t ms)
{
    if (ms != PLAN_NEVER) {
        kk_jw_key_i64(json, key, ms);
        return;
    }
    kk_jw_key(json, key);
    kk_jw_null(json);
}

/* Alone on all agents: a cycle that takes longer than its period cannot be kept whatever the others do. */
static void put_seller(struct planning *p, const struct row *row, struct report *report)
{
    bool is_known = row->seller.item_count >= 0;
    int64_t requests = is_known ? plan_requests(&p->rules, &row->seller) : 0;
    int64_t cycle_ms = plan_duration_ms(&p->rules, p->agent_count, requests);
    bool is_too_long = is_known && cycle_ms > row->seller.period_ms;

    p->cycle_requests += requests;
    p->per_hour += (double)requests * (double)KK_HOUR_MS / (double)row->seller.period_ms;
    p->too_long_count += is_too_long;
    if (report->is_json) {
        kk_jw_open(&report->json, '{');
        kk_jw_key_str(&report->json, "sellerId", kk_sv_of(row->name));
        key_ms(&report->json, "items", is_known ? row->seller.item_count : PLAN_NEVER);
        kk_jw_key_i64(&report->json, "periodMs", row->seller.period_ms);
        kk_jw_key_str(&report->json, "mode", kk_sv_of(crawl_mode_name(row->seller.mode)));
        key_ms(&report->json, "requests", is_known ? requests : PLAN_NEVER);
        key_ms(&report->json, "cycleMs", is_known ? cycle_ms : PLAN_NEVER);
        kk_jw_key_bool(&report->json, "isPossible", !is_too_long);
        kk_jw_close(&report->json, '}');
        return;
    }
    table_text(&report->table, row->name);
    if (is_known)
        table_number(&report->table, row->seller.item_count);
    else
        table_text(&report->table, "");
    put_duration(&report->table, TABLE_PLAIN, row->seller.period_ms);
    table_text(&report->table, crawl_mode_name(row->seller.mode));
    if (is_known)
        table_number(&report->table, requests);
    else
        table_text(&report->table, "");
    if (is_known)
        put_duration(&report->table, is_too_long ? TABLE_RED : TABLE_PLAIN, cycle_ms);
    else
        table_text(&report->table, "");
    report_row(report);
}

static void say_sum(const struct planning *p, const struct report *report, int64_t needed, double can, bool is_enough)
{
    FILE *out = report->out;

    fprintf(out, "\nOne crawl of each: %" PRId64 " requests. Their periods together: %.0f requests an hour.\n",
            p->cycle_requests, p->per_hour);
    fprintf(out,
            "%" PRId64 " agents make %.0f an hour in the long run, without their token issues "
            "(%" PRId64 " each in %" PRId64 " min, requests of %" PRId64 " ms).\n",
            p->agent_count, can, p->rules.capacity, p->rules.window_ms / KK_MINUTE_MS, p->rules.request_ms);
    if (needed == PLAN_NEVER)
        fprintf(out, "No number of agents is enough: site.rate or site.inflight forbid it. Longer periods, or mode "
                     "delta.\n");
    else if (is_enough)
        fprintf(out, "Enough: %" PRId64 " agents would do.\n", needed);
    else
        fprintf(out, "Not enough: %" PRId64 " agents are needed, or longer periods, or mode delta.\n", needed);
    if (p->too_long_count)
        fprintf(out, "%" PRId64 " sellers' crawls take longer than their period even alone.\n", p->too_long_count);
    if (p->unknown_count)
        fprintf(out, "%" PRId64 " sellers were never crawled: how many items they have is not known; --items says.\n",
                p->unknown_count);
}

static int print_plan(struct call *call, struct planning *p)
{
    static const struct table_column columns[] = {
        {"SELLER", TABLE_LEFT, true}, {"ITEMS", TABLE_RIGHT, false},    {"PERIOD", TABLE_RIGHT, false},
        {"MODE", TABLE_LEFT, false},  {"REQUESTS", TABLE_RIGHT, false}, {"CRAWL TAKES", TABLE_RIGHT, false}};
    struct report report = {.out = call->out, .is_json = true, .json = KK_BUF(REPORT_ROW_MAX_BYTES)};
    double can = plan_capacity_per_hour(&p->rules, p->agent_count) - plan_renewals_per_hour(&p->rules, p->agent_count);
    bool is_enough;
    int64_t needed;
    int status;

    if (!call->is_json)
        report_begin(&report, call, columns, KK_COUNT(columns));
    else
        kk_jw_open(&report.json, '{');
    if (call->is_json) {
        kk_jw_key(&report.json, "sellers");
        kk_jw_open(&report.json, '[');
    }
    for (size_t i = 0; i < p->row_count; i++)
        put_seller(p, &p->row[i], &report);
    needed = plan_agents(&p->rules, p->per_hour);
    is_enough = needed != PLAN_NEVER && p->agent_count >= needed && can >= p->per_hour;
    if (!call->is_json) {
        status =
            report_end(&report, "No active sellers. Try numbers: kkachi plan --sellers 10 --items 1500 --period 6h");
        if (p->row_count)
            say_sum(p, &report, needed, can, is_enough);
        return status;
    }
    kk_jw_close(&report.json, ']');
    kk_jw_key_i64(&report.json, "requests", p->cycle_requests);
    kk_jw_key_i64(&report.json, "requestsPerHour", (int64_t)(p->per_hour + 0.5));
    kk_jw_key_i64(&report.json, "agents", p->agent_count);
    key_ms(&report.json, "agentsNeeded", needed);
    kk_jw_key_i64(&report.json, "capacityPerHour", (int64_t)(can > 0 ? can : 0));
    key_ms(&report.json, "cycleMs", plan_duration_ms(&p->rules, p->agent_count, p->cycle_requests));
    kk_jw_key_i64(&report.json, "requestMs", p->rules.request_ms);
    kk_jw_key_bool(&report.json, "isEnough", is_enough);
    kk_jw_key_i64(&report.json, "impossibleSellers", p->too_long_count);
    kk_jw_key_i64(&report.json, "unknownSellers", p->unknown_count);
    kk_jw_close(&report.json, '}');
    status = report_value(call, &report.json);
    kk_buf_done(&report.json);
    return status;
}

int cmd_plan(struct call *call)
{
    KK_CLEANUP(wire_close) struct wire office = {0};
    struct planning planning = {0};
    struct kk_err err = {0};
    int64_t sellers = 0;
    int status;

    if (!read_options(call, &planning, &sellers))
        return EXIT_USAGE;
    status = office_open(&office, call, WIRE_STORE);
    if (status)
        return status;
    status = gather(&office, &planning, sellers, &err) ? say_failure(&err) : print_plan(call, &planning);
    free(planning.row);
    return status;
}
