/* kkachi stats [--by day|seller|endpoint|agent] [--from DAY] [--to DAY] */
#include "adapters/clock/clock_system.h"
#include "app/stats.h"
#include "cmd/cmd.h"
#include "cmd/office.h"
#include "cmd/report.h"
#include "cmd/say.h"

#define BAD_SHARE 0.1 /* of failures; shown in red */

struct listing_of_stats {
    struct report report;
    const struct stat_query *query;
};

static void put_percent(struct table *table, double share, bool is_bad)
{
    char text[16] = "";

    if (share >= 0)
        snprintf(text, sizeof(text), "%.1f%%", 100 * share);
    table_cell(table, is_bad ? TABLE_RED : TABLE_PLAIN, kk_sv_of(text));
}

static void put_ms(struct table *table, double ms)
{
    char text[24] = "";

    if (ms >= 0)
        snprintf(text, sizeof(text), "%.0f ms", ms);
    table_text(table, text);
}

static void put_size(struct table *table, int64_t bytes)
{
    char text[24];

    snprintf(text, sizeof(text), "%.1f MB", (double)bytes / 1e6);
    table_text(table, text);
}

static bool put_row(void *ctx, const struct stat_row *row, const char *name)
{
    struct listing_of_stats *listing = ctx;
    struct table *table = &listing->report.table;
    const int64_t *at = row->sum.at;

    if (listing->report.is_json) {
        stats_write(listing->query, row, name, &listing->report.json);
        return report_row(&listing->report);
    }
    table_text(table, name);
    table_number(table, at[STAT_ATTEMPT]);
    put_percent(table, stat_share(at[STAT_SUCCESS], at[STAT_ATTEMPT]),
                stat_share(at[STAT_FAILURE], at[STAT_ATTEMPT]) > BAD_SHARE);
    table_number(table, at[STAT_RETRY]);
    table_number(table, at[STAT_LIMITED]);
    table_number(table, at[STAT_SERVER_ERROR]);
    table_number(table, at[STAT_MISMATCH]);
    table_number(table, at[STAT_DEAD]);
    table_number(table, at[STAT_CHANGE]);
    put_size(table, at[STAT_BODY_BYTES]);
    put_ms(table, stat_quantile_ms(&row->sum, 0.5));
    put_ms(table, stat_quantile_ms(&row->sum, 0.99));
    return report_row(&listing->report);
}

static int list(struct call *call, const struct stat_query *query)
{
    static const char *const titles[] = {"DAY (UTC)", "SELLER", "ENDPOINT", "AGENT"};
    const struct table_column columns[] = {
        {titles[query->by - STAT_BY_DAY], TABLE_LEFT, true},
        {"REQUESTS", TABLE_RIGHT, false},
        {"OK", TABLE_RIGHT, false},
        {"RETRIES", TABLE_RIGHT, false},
        {"429", TABLE_RIGHT, false},
        {"5XX", TABLE_RIGHT, false},
        {"SCHEMA", TABLE_RIGHT, false},
        {"DEAD", TABLE_RIGHT, false},
        {"CHANGES", TABLE_RIGHT, false},
        {"DATA", TABLE_RIGHT, false},
        {"MEDIAN", TABLE_RIGHT, false},
        {"P99", TABLE_RIGHT, false},
    };
    KK_CLEANUP(wire_close) struct wire office = {0};
    struct listing_of_stats listing = {.query = query};
    struct kk_err err = {0};
    int status = office_open(&office, call, WIRE_STORE);

    if (status)
        return status;
    report_begin(&listing.report, call, columns, KK_COUNT(columns));
    if (stats_each(&office.app, query, put_row, &listing, &err)) {
        report_drop(&listing.report);
        return say_failure(&err);
    }
    return report_end(&listing.report, "Nothing was asked of the site in these days.");
}

int cmd_stats(struct call *call)
{
    const struct kk_clock clock = clock_system();
    struct stat_query query;
    struct kk_err err = {0};

    if (stats_query(kk_sv_of(call_option(call, "by")), kk_sv_of(call_option(call, "from")),
                    kk_sv_of(call_option(call, "to")), kk_wall_ms(&clock), &query, &err))
        return say_usage("%s", err.msg);
    return list(call, &query);
}
