/* Counts by day, seller, endpoint and agent. */
#include "ports/stats.h"

#include <stdio.h>
#include <string.h>

#include "contract/store_bench.h"

static void add(struct store_bench *bench, int64_t day, const char *seller_id, enum stat_endpoint endpoint,
                int64_t agent_id, int64_t attempts)
{
    struct stat_key key = {.day = day, .endpoint = endpoint, .agent_id = agent_id};
    struct stat_counts counts = {0};

    kk_sv_copy(kk_sv_of(seller_id), key.seller_id, sizeof(key.seller_id));
    for (int i = 0; i < STAT_FIELD_COUNT; i++)
        counts.at[i] = attempts * (i + 1); /* each field its own, so that none can stand in another's column */
    CHECK_OK(store_add_stat(bench->store, &key, &counts, &bench->err), &bench->err);
    CHECK_OK(store_add_stat_total(bench->store, endpoint, &counts, &bench->err), &bench->err);
}

struct seen_stats {
    char text[512];
    int limit;
};

static bool note(void *ctx, const struct stat_row *row)
{
    struct seen_stats *seen = ctx;
    size_t len = strlen(seen->text);

    snprintf(seen->text + len, sizeof(seen->text) - len, "%lld/%s/%s/%lld=%lld ", (long long)row->key.day,
             row->key.seller_id, stat_endpoint_name(row->key.endpoint), (long long)row->key.agent_id,
             (long long)row->sum.at[STAT_ATTEMPT]);
    for (int i = 0; i < STAT_FIELD_COUNT; i++)
        CHECK_EQ(row->sum.at[i], row->sum.at[STAT_ATTEMPT] * (i + 1));
    return --seen->limit != 0;
}

static void check_rows(struct store_bench *bench, enum stat_by by, int64_t from, int64_t to, const char *expected)
{
    struct stat_query query = {.by = by, .from_day = from, .to_day = to};
    struct seen_stats seen = {.text = ""};

    CHECK_OK(store_each_stat(bench->other, &query, note, &seen, &bench->err), &bench->err);
    CHECK_STR(seen.text, expected);
}

static void counts_add_up_by_whatever_is_asked(void **state)
{
    struct store_bench *bench = *state;

    check_rows(bench, STAT_BY_DAY, 0, 100, "");
    add(bench, 10, "lux", STAT_LIST, 1, 1);
    add(bench, 10, "lux", STAT_LIST, 1, 2); /* the same row */
    add(bench, 10, "lux", STAT_DETAIL, 2, 10);
    add(bench, 11, "casa", STAT_DETAIL, 1, 100);
    add(bench, 11, "", STAT_TOKEN, 2, 1000);
    add(bench, 12, "lux", STAT_OPTIONS, 0, 10000);
    check_rows(bench, STAT_BY_DAY, 0, 100, "10//token/0=13 11//token/0=1100 12//token/0=10000 ");
    check_rows(bench, STAT_BY_SELLER, 0, 100, "0/casa/token/0=100 0/lux/token/0=10013 ");
    check_rows(bench, STAT_BY_ENDPOINT, 0, 100, "0//detail/0=110 0//list/0=3 0//options/0=10000 0//token/0=1000 ");
    check_rows(bench, STAT_BY_AGENT, 0, 100, "0//token/1=103 0//token/2=1010 ");
    check_rows(bench, STAT_BY_DAY, 11, 11, "11//token/0=1100 ");
    check_rows(bench, STAT_BY_SELLER, 12, 90, "0/lux/token/0=10000 ");
}

static void totals_are_by_endpoint_and_stay_when_days_go(void **state)
{
    struct store_bench *bench = *state;
    struct stat_counts totals[STAT_ENDPOINT_COUNT];
    int64_t count = -1;

    add(bench, 10, "lux", STAT_LIST, 1, 1);
    add(bench, 10, "casa", STAT_LIST, 1, 1);
    add(bench, 11, "lux", STAT_LIST, 1, 5);
    CHECK_OK(store_purge_stat(bench->store, 10, &count, &bench->err), &bench->err);
    CHECK_EQ(count, 0);
    CHECK_OK(store_purge_stat(bench->store, 11, &count, &bench->err), &bench->err);
    CHECK_EQ(count, 2);
    check_rows(bench, STAT_BY_DAY, 0, 100, "11//token/0=5 ");
    CHECK_OK(store_purge_stat(bench->store, 11, &count, &bench->err), &bench->err);
    CHECK_EQ(count, 0);
    CHECK_OK(store_get_stat_totals(bench->other, totals, &bench->err), &bench->err);
    CHECK_EQ(totals[STAT_LIST].at[STAT_ATTEMPT], 7);
    CHECK_EQ(totals[STAT_LIST].at[STAT_LE_INF], 7 * STAT_FIELD_COUNT);
    CHECK_EQ(totals[STAT_DETAIL].at[STAT_ATTEMPT], 0);
}

static void what_is_rolled_back_was_never_counted(void **state)
{
    struct store_bench *bench = *state;

    CHECK_OK(store_begin(bench->store, &bench->err), &bench->err);
    add(bench, 10, "lux", STAT_LIST, 1, 1);
    store_rollback(bench->store);
    check_rows(bench, STAT_BY_DAY, 0, 100, "");
}

static void a_row_function_that_says_no_ends_it(void **state)
{
    struct store_bench *bench = *state;
    struct stat_query query = {.by = STAT_BY_DAY, .to_day = 100};
    struct seen_stats seen = {.limit = 1};

    add(bench, 10, "lux", STAT_LIST, 1, 1);
    add(bench, 11, "lux", STAT_LIST, 1, 1);
    CHECK_OK(store_each_stat(bench->store, &query, note, &seen, &bench->err), &bench->err);
    CHECK_STR(seen.text, "10//token/0=1 ");
}

int store_stat_run(const char *group)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(counts_add_up_by_whatever_is_asked),
        STORE_TEST(totals_are_by_endpoint_and_stay_when_days_go),
        STORE_TEST(what_is_rolled_back_was_never_counted),
        STORE_TEST(a_row_function_that_says_no_ends_it),
    };

    return cmocka_run_group_tests_name(group, tests, NULL, NULL);
}
