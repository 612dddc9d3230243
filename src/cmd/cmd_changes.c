/* kkachi changes: versions as they were made, over all products. */
#include <time.h>

#include "app/show.h"
#include "base/json.h"
#include "cmd/cmd.h"
#include "cmd/office.h"
#include "cmd/report.h"
#include "cmd/say.h"
#include "ports/store.h"

#define FOLLOW_EVERY_MS 200
#define TOLD_MAX_BYTES 4096

struct tail {
    struct report report;
    int64_t last_id;
    bool is_following;
    const struct call *call;
};

/* A value as people read it: numbers and short texts as they are, lists by their length. */
static void tell_value(struct kk_jv value, struct kk_buf *out)
{
    struct kk_sv text;
    int64_t number;

    if (kk_jv_i64(value, &number))
        kk_buf_add_i64(out, number);
    else if (kk_jv_str(value, &text))
        kk_buf_add(out, text);
    else if (kk_jv_is(value, KK_J_ARR))
        kk_buf_addf(out, "[%zu]", kk_jv_count(value));
    else
        kk_buf_add(out, kk_jv_is(value, KK_J_OBJ) ? KK_SV("{…}") : KK_SV("-"));
}

/* "sellingPrice 545600 → 529000, options[59001].stock 2 → 0" */
static void tell_changes(struct kk_sv changes_json, struct kk_buf *out)
{
    KK_CLEANUP(kk_json_cleanup) struct kk_json *json = NULL;

    if (changes_json.len == 0 || kk_json_parse(changes_json, &json, NULL))
        return;
    for (struct kk_jiter it = kk_jv_iter(kk_json_root(json)); kk_jiter_next(&it);) {
        struct kk_sv field = {0};

        kk_jv_str(kk_jv_get(it.value, "field"), &field);
        if (out->len > 0)
            kk_buf_add(out, KK_SV(", "));
        kk_buf_add(out, field);
        kk_buf_addc(out, ' ');
        tell_value(kk_jv_get(it.value, "from"), out);
        kk_buf_add(out, KK_SV(" → "));
        tell_value(kk_jv_get(it.value, "to"), out);
    }
}

static const char *short_type(enum change_type type)
{
    const char *name = change_type_name(type), *dot = strrchr(name, '.');

    return dot ? dot + 1 : name;
}

static enum table_colour type_colour(enum change_type type)
{
    switch (type) {
    case CHANGE_CREATED:
    case CHANGE_RETURNED:
        return TABLE_GREEN;
    case CHANGE_REMOVED:
        return TABLE_RED;
    case CHANGE_CHANGED:
        break;
    }
    return TABLE_YELLOW;
}

static bool change_row(void *ctx, const struct product_version *version)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf told = KK_BUF(TOLD_MAX_BYTES);
    struct tail *tail = ctx;
    struct report *report = &tail->report;

    tail->last_id = version->id;
    if (report->is_json) {
        kk_jw_open(&report->json, '{');
        show_change(&report->json, version);
        kk_jw_close(&report->json, '}');
        if (!tail->is_following)
            return report_row(report);
        fwrite(report->json.ptr, 1, report->json.len, report->out);
        fputc('\n', report->out);
        kk_buf_clear(&report->json);
        return ++report->count != report->limit;
    }
    if (version->type == CHANGE_CHANGED)
        tell_changes(version->changes_json, &told);
    table_number(&report->table, version->id);
    table_time(&report->table, version->at_ms);
    table_text(&report->table, version->seller_id);
    table_number(&report->table, version->item_no);
    table_number(&report->table, version->version);
    table_cell(&report->table, type_colour(version->type), kk_sv_of(short_type(version->type)));
    table_cell(&report->table, TABLE_PLAIN, kk_buf_sv(&told));
    return report_row(report);
}

static const struct table_column columns[] = {
    {"NO", TABLE_RIGHT, false},    {"AT (UTC)", TABLE_LEFT, false}, {"SELLER", TABLE_LEFT, false},
    {"ITEM", TABLE_RIGHT, false},  {"VER", TABLE_RIGHT, false},     {"WHAT", TABLE_LEFT, false},
    {"CHANGES", TABLE_LEFT, true},
};

/* One look after another; whoever waits for news ends it with Ctrl-C. */
static int follow(struct store *store, struct version_query *query, struct tail *tail)
{
    const struct timespec pause = {.tv_nsec = FOLLOW_EVERY_MS * 1000000L};
    bool is_json = tail->report.is_json;
    struct kk_err err = {0};

    for (;;) {
        query->after_id = tail->last_id;
        if (store_each_version(store, query, change_row, tail, &err))
            return say_failure(&err);
        if (!is_json) {
            table_print(&tail->report.table, tail->report.out);
            table_done(&tail->report.table);
            tail->report.table = table_of(columns, KK_COUNT(columns));
        }
        if (fflush(tail->report.out) || (tail->report.limit && tail->report.count >= tail->report.limit))
            return EXIT_DONE;
        nanosleep(&pause, NULL);
    }
}

int cmd_changes(struct call *call)
{
    KK_CLEANUP(wire_close) struct wire office = {0};
    const char *seller = call_option(call, "seller"), *item = call_option(call, "item");
    const char *after = call_option(call, "after");
    struct tail tail = {.is_following = call_option(call, "follow"), .call = call};
    struct version_query query = {.seller_id = kk_sv_of(seller), .limit = call->limit};
    struct seller known;
    struct kk_err err = {0};
    int status;

    if (item && !office_id(item, "item number", &query.item_no))
        return EXIT_USAGE;
    if (after && (!kk_sv_i64(kk_sv_of(after), &query.after_id) || query.after_id < 0))
        return say_usage("--after: \"%.40s\" is not a number", after);
    status = office_open(&office, call, WIRE_STORE);
    if (status)
        return status;
    if (seller && office_find_seller(office.app.store, seller, &known, &err))
        return say_failure(&err);
    tail.last_id = query.after_id;
    if (tail.is_following) {
        tail.report = (struct report){.out = call->out,
                                      .is_json = call->is_json,
                                      .limit = call->limit,
                                      .table = table_of(columns, KK_COUNT(columns)),
                                      .json = KK_BUF(REPORT_ROW_MAX_BYTES)};
        status = follow(office.app.store, &query, &tail);
        report_drop(&tail.report);
        return status;
    }
    report_begin(&tail.report, call, columns, KK_COUNT(columns));
    if (store_each_version(office.app.store, &query, change_row, &tail, &err)) {
        report_drop(&tail.report);
        return say_failure(&err);
    }
    return report_end(&tail.report, "No changes yet.");
}
