/* What was asked of the site is counted once, in the commit that says what came of it (M1). */
#include "app/stats.h"

#include <string.h>

#include "support/check.h"
#include "support/rig.h"

static int open_rig(void **state)
{
    struct rig *rig = rig_open();

    for (int i = 0; i < 3; i++)
        rig_add_item(rig, 900100001 + i, 338000);
    *state = rig;
    return 0;
}

static int close_rig(void **state)
{
    rig_close(*state);
    return 0;
}

static void totals(struct rig *rig, struct stat_counts ret[STAT_ENDPOINT_COUNT])
{
    struct kk_err err;

    CHECK_OK(store_get_stat_totals(rig->app.store, ret, &err), &err);
}

static int64_t of_tasks(const struct stat_counts total[STAT_ENDPOINT_COUNT], enum stat_field field)
{
    return total[STAT_LIST].at[field] + total[STAT_DETAIL].at[field] + total[STAT_OPTIONS].at[field];
}

static void a_crawl_counts_what_the_site_saw(void **state)
{
    struct rig *rig = *state;
    struct stat_counts total[STAT_ENDPOINT_COUNT];

    rig_crawl(rig);
    totals(rig, total);
    CHECK_EQ(total[STAT_TOKEN].at[STAT_ATTEMPT], rig->site.home_count);
    CHECK_EQ(total[STAT_LIST].at[STAT_ATTEMPT], 1);
    CHECK_EQ(total[STAT_DETAIL].at[STAT_SUCCESS], 3);
    CHECK_EQ(total[STAT_OPTIONS].at[STAT_SUCCESS], 3);
    CHECK_EQ(of_tasks(total, STAT_CHANGE), 3);
    CHECK_EQ(of_tasks(total, STAT_ATTEMPT) + total[STAT_TOKEN].at[STAT_ATTEMPT], rig->site.request_count);
    CHECK(total[STAT_DETAIL].at[STAT_BODY_BYTES] > 1000);
}

static void failures_retries_and_the_dead_are_counted_by_cause(void **state)
{
    struct rig *rig = *state;
    struct stat_counts total[STAT_ENDPOINT_COUNT];

    rig->site.status = 503;
    rig_crawl(rig);
    totals(rig, total);
    /* Three attempts at the list, and three more when it is read once more. */
    CHECK_EQ(total[STAT_LIST].at[STAT_ATTEMPT], 6);
    CHECK_EQ(total[STAT_LIST].at[STAT_FAILURE], 6);
    CHECK_EQ(total[STAT_LIST].at[STAT_SERVER_ERROR], 6);
    CHECK_EQ(total[STAT_LIST].at[STAT_RETRY], 4);
    CHECK_EQ(total[STAT_LIST].at[STAT_DEAD], 2);
}

static void what_a_crash_took_is_a_timeout_and_no_attempt(void **state)
{
    struct rig *rig = *state;
    struct stat_counts total[STAT_ENDPOINT_COUNT];
    struct kk_err err;
    int64_t put_back = 0;

    rig_crawl(rig);
    rig->site.is_silent = true;
    rig_run(rig, KK_DAY_MS); /* nothing to do */
    struct run run = rig_last_run(rig);

    CHECK_EQ(run.state, RUN_COMPLETE);
    totals(rig, total);
    int64_t before = of_tasks(total, STAT_ATTEMPT);

    rig->site.is_silent = false;
    rig->site.item[0].selling_price++;
    rig_crash(rig);
    CHECK_OK(app_recover(&rig->app, &put_back, &err), &err);
    rig_crawl(rig);
    totals(rig, total);
    CHECK_EQ(of_tasks(total, STAT_ATTEMPT), before + 7);
    CHECK_EQ(of_tasks(total, STAT_TIMEOUT), put_back);
}

struct seen {
    char text[256];
    struct kk_buf json;
};

static bool note(void *ctx, const struct stat_row *row, const char *name)
{
    struct seen *seen = ctx;
    const struct stat_query query = {.by = STAT_BY_AGENT};

    CHECK(row->sum.at[STAT_ATTEMPT] > 0);
    snprintf(seen->text + strlen(seen->text), sizeof(seen->text) - strlen(seen->text), "%s ", name);
    stats_write(&query, row, name, &seen->json);
    return true;
}

static void rows_are_named_for_people(void **state)
{
    struct rig *rig = *state;
    struct stat_query query;
    struct seen seen = {.json = KK_BUF(8192)};
    struct kk_err err;

    rig_crawl(rig);
    CHECK_OK(stats_query(KK_SV("agent"), KK_SV(""), KK_SV(""), rig->wall_ms, &query, &err), &err);
    CHECK_OK(stats_each(&rig->app, &query, note, &seen, &err), &err);
    CHECK(seen.text[0] && !strstr(seen.text, "agent 1"));
    CHECK(kk_sv_find(kk_buf_sv(&seen.json), KK_SV("\"successRate\":1")) < seen.json.len);
    kk_buf_done(&seen.json);
}

static void days_are_read_and_refused(void **state)
{
    struct stat_query query;
    struct kk_err err = {0};
    int64_t day = 0;

    (void)state;
    CHECK_OK(stats_day_parse(KK_SV("1970-01-02"), &day, &err), &err);
    CHECK_EQ(day, 1);
    CHECK_EQ(stats_day_parse(KK_SV("2026-02-31"), &day, &err), KK_BAD_INPUT);
    CHECK_EQ(stats_day_parse(KK_SV("2026-2-3"), &day, &err), KK_BAD_INPUT);
    CHECK_EQ(stats_day_parse(KK_SV("yesterday"), &day, &err), KK_BAD_INPUT);
    CHECK_EQ(stats_query(KK_SV("week"), KK_SV(""), KK_SV(""), 0, &query, &err), KK_BAD_INPUT);
    CHECK_EQ(stats_query(KK_SV(""), KK_SV("2026-01-02"), KK_SV("2026-01-01"), 0, &query, &err), KK_BAD_INPUT);
    CHECK_OK(stats_query(KK_SV(""), KK_SV(""), KK_SV("1970-03-01"), 0, &query, &err), &err);
    CHECK_EQ(query.to_day - query.from_day, STATS_DAYS - 1);
}

#define RIG_TEST(test) cmocka_unit_test_setup_teardown(test, open_rig, close_rig)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(a_crawl_counts_what_the_site_saw),
        RIG_TEST(failures_retries_and_the_dead_are_counted_by_cause),
        RIG_TEST(what_a_crash_took_is_a_timeout_and_no_attempt),
        RIG_TEST(rows_are_named_for_people),
        cmocka_unit_test(days_are_read_and_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
