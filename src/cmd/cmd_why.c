/* kkachi why ITEM|SELLER */
#include "app/why.h"
#include "base/json.h"
#include "cmd/cmd.h"
#include "cmd/office.h"
#include "cmd/report.h"
#include "cmd/say.h"
#include "ports/store.h"

static void cleanup_table(struct table *table)
{
    table_done(table);
}

static void put_time(FILE *out, int64_t wall_ms)
{
    char iso[KK_ISO_BYTES];

    kk_time_iso(wall_ms, iso);
    fprintf(out, "%.10s %.8s UTC", iso, iso + 11);
}

static void put_line(FILE *out, const char *what, int64_t wall_ms, const char *then)
{
    fprintf(out, "  %-9s ", what);
    if (wall_ms)
        put_time(out, wall_ms);
    else
        fputs("never", out);
    fprintf(out, "%s%s\n", *then ? "  " : "", then);
}

static void put_wait(FILE *out, const struct why *why)
{
    fprintf(out, "  %-9s %s%s%s", "waits", terminal_paint(out, TABLE_BOLD), why_reason_text(why->wait.reason),
            terminal_paint(out, TABLE_PLAIN));
    if (why->wait.until_ms) {
        fputs(": ", out);
        put_time(out, why->wait.until_ms);
    }
    fputc('\n', out);
}

/* ---- an item ---- */

static void put_task(FILE *out, const struct task *task)
{
    int64_t at_ms = task->ended_at_ms     ? task->ended_at_ms
                    : task->started_at_ms ? task->started_at_ms
                                          : task->created_at_ms;

    if (!task->id)
        return;
    fprintf(out, "  %-9s ", task_kind_name(task->kind));
    put_time(out, at_ms);
    fprintf(out, "  task %" PRId64 ": %s%s", task->id, task_state_name(task->state), task->is_dead ? " (dead)" : "");
    if (task->http_status)
        fprintf(out, ", HTTP %d", task->http_status);
    if (*task->error)
        fprintf(out, ", %s", task->error);
    fputc('\n', out);
}

static void put_versions(FILE *out, const struct app *app, const struct why *why)
{
    static const struct table_column columns[] = {
        {"VER", TABLE_RIGHT, false}, {"AT (UTC)", TABLE_LEFT, false}, {"TYPE", TABLE_LEFT, false},
        {"RUN", TABLE_RIGHT, false}, {"TRACE", TABLE_LEFT, false},    {"CHANGES", TABLE_LEFT, true},
    };
    KK_CLEANUP(cleanup_table) struct table table = table_of(columns, KK_COUNT(columns));

    for (size_t i = 0; i < why->version_count; i++) {
        const struct why_version *version = &why->version[i];
        char trace[TRACE_ID_BYTES];

        trace_id(app->installation, version->run_id, trace);
        table_number(&table, version->version);
        table_time(&table, version->at_ms);
        table_text(&table, change_type_name(version->type) + sizeof("kkachi.product.") - 1);
        table_number(&table, version->run_id);
        table_text(&table, trace);
        table_cell(&table, TABLE_PLAIN, kk_buf_sv(&version->changes_json));
    }
    if (why->version_count)
        fputc('\n', out);
    table_print(&table, out);
}

static void put_told(struct table *table, int64_t version, const struct why_told *told)
{
    table_number(table, version);
    table_text(table, told->sink);
    if (told->told_at_ms)
        table_cell(table, TABLE_GREEN, KK_SV("delivered"));
    else
        table_cell(table, told->attempts ? TABLE_RED : TABLE_YELLOW, told->attempts ? KK_SV("tried") : KK_SV("waits"));
    table_time(table, told->told_at_ms ? told->told_at_ms : told->due_at_ms);
    table_number(table, told->attempts);
    if (told->http_status)
        table_number(table, told->http_status);
    else
        table_text(table, "");
    table_text(table, *told->error && !told->told_at_ms ? told->error : told->answer);
}

static void put_events(FILE *out, const struct why *why)
{
    static const struct table_column columns[] = {
        {"VER", TABLE_RIGHT, false},   {"TOLD TO", TABLE_LEFT, false},
        {"STATE", TABLE_LEFT, false},  {"AT, OR DUE (UTC)", TABLE_LEFT, false},
        {"TRIES", TABLE_RIGHT, false}, {"HTTP", TABLE_RIGHT, false},
        {"ANSWER", TABLE_LEFT, true},
    };
    KK_CLEANUP(cleanup_table) struct table table = table_of(columns, KK_COUNT(columns));

    for (size_t i = 0; i < why->version_count; i++)
        for (size_t t = 0; t < why->version[i].told_count; t++)
            put_told(&table, why->version[i].version, &why->version[i].told[t]);
    if (table.cell_count)
        fputc('\n', out);
    table_print(&table, out);
}

static void put_item(FILE *out, const struct app *app, const struct why *why)
{
    const struct product *product = &why->product;
    const char *news = product->last_checked_at_ms > product->last_changed_at_ms ? "nothing was new" : "it was new";

    if (product->version)
        fprintf(out, "Item %" PRId64 " of %s: version %" PRId64 ", %s\n", why->item_no, why->seller.seller_id,
                product->version, product_status_name(product->status));
    else
        fprintf(out, "Item %" PRId64 " of %s: not known whole yet\n", why->item_no, why->seller.seller_id);
    put_wait(out, why);
    put_line(out, "looked at", product->last_checked_at_ms, product->version ? news : "");
    put_line(out, "changed", product->last_changed_at_ms, "");
    put_line(out, "listed", why->listing.last_seen_at_ms,
             why->listing.is_removed     ? "gone since"
             : why->listing.missed_count ? "the last list did not show it"
                                         : "");
    put_task(out, &why->detail);
    put_task(out, &why->options);
    put_versions(out, app, why);
    put_events(out, why);
}

/* ---- a seller ---- */

static void put_runs(FILE *out, const struct app *app, const struct why *why)
{
    static const struct table_column columns[] = {
        {"RUN", TABLE_RIGHT, false},  {"STARTED (UTC)", TABLE_LEFT, false}, {"ENDED (UTC)", TABLE_LEFT, false},
        {"STATE", TABLE_LEFT, false}, {"ITEMS", TABLE_RIGHT, false},        {"TASKS LEFT", TABLE_RIGHT, false},
        {"DEAD", TABLE_RIGHT, false}, {"CHANGES", TABLE_RIGHT, false},      {"TRACE", TABLE_LEFT, true},
    };
    KK_CLEANUP(cleanup_table) struct table table = table_of(columns, KK_COUNT(columns));

    for (size_t i = 0; i < why->run_count; i++) {
        const struct run *run = &why->run[i];
        const struct run_counts *counts = &run->counts;
        char trace[TRACE_ID_BYTES];

        trace_id(app->installation, run->id, trace);
        table_number(&table, run->id);
        table_time(&table, run->started_at_ms);
        table_time(&table, run->ended_at_ms);
        table_cell(&table, run->state == RUN_INCOMPLETE ? TABLE_RED : TABLE_PLAIN,
                   kk_sv_of(run_state_name(run->state)));
        table_number(&table, run->item_count < 0 ? 0 : run->item_count);
        table_number(&table, counts->open_count);
        table_number(&table, counts->dead_count);
        table_number(&table,
                     counts->created_count + counts->changed_count + counts->removed_count + counts->returned_count);
        table_text(&table, trace);
    }
    if (why->run_count)
        fputc('\n', out);
    table_print(&table, out);
}

static void put_seller(FILE *out, const struct app *app, const struct why *why)
{
    fprintf(out, "Seller %s%s%s: %s, %" PRId64 " products\n", why->seller.seller_id, *why->seller.name ? ", " : "",
            why->seller.name, seller_state_name(why->seller.state), why->product_count);
    put_wait(out, why);
    put_line(out, "began", why->seller.last_started_at_ms, "");
    put_line(out, "ended", why->seller.last_ended_at_ms, "");
    if (!why->seller.last_run_id)
        fputs("  no crawl of it was ever started\n", out);
    put_runs(out, app, why);
}

/* ---- the command ---- */

/* A number is an item, unless a seller has that number for its id and no list shows the item. */
static enum kk_code gather(struct app *app, const char *text, struct why *ret, struct kk_err *err)
{
    int64_t item_no;
    struct seller seller;
    enum kk_code rc = KK_NOT_FOUND;
    bool is_number = kk_sv_i64(kk_sv_of(text), &item_no) && item_no > 0;

    if (is_number) {
        rc = why_item(app, item_no, ret, err);
        if (rc != KK_NOT_FOUND || store_get_seller(app->store, kk_sv_of(text), &seller, NULL))
            return rc;
        why_done(ret);
    }
    rc = office_find_seller(app->store, text, &seller, err);
    return rc ? rc : why_seller(app, kk_sv_of(seller.seller_id), ret, err);
}

int cmd_why(struct call *call)
{
    KK_CLEANUP(wire_close) struct wire office = {0};
    KK_CLEANUP(why_done) struct why why = {0};
    KK_CLEANUP(kk_buf_done) struct kk_buf json = KK_BUF(REPORT_ROW_MAX_BYTES);
    struct kk_err err = {0};
    int status = office_open(&office, call, WIRE_MANAGE | WIRE_EVENT_NAMES);

    if (status)
        return status;
    if (gather(&office.app, call->arg[0], &why, &err))
        return say_failure(&err);
    if (call->is_json) {
        kk_jw_open(&json, '{');
        why_show(&office.app, &why, &json);
        kk_jw_close(&json, '}');
        return report_value(call, &json);
    }
    if (why.item_no)
        put_item(call->out, &office.app, &why);
    else
        put_seller(call->out, &office.app, &why);
    return EXIT_DONE;
}
