#include "core/stat.h"

#include "base/clock.h"
#include "support/check.h"

static struct stat_counts count(enum answer answer, int64_t latency_ms)
{
    struct stat_counts counts = {0};

    stat_count_answer(&counts, answer, 100, latency_ms);
    return counts;
}

static void every_answer_is_an_attempt_and_either_success_or_failure(void **state)
{
    (void)state;
    for (int i = 0; i < ANSWER_COUNT; i++) {
        struct stat_counts counts = count((enum answer)i, 5);

        CHECK_EQ(counts.at[STAT_ATTEMPT], 1);
        CHECK_EQ(counts.at[STAT_SUCCESS] + counts.at[STAT_FAILURE], 1);
        CHECK_EQ(counts.at[STAT_LE_10], 1);
        CHECK_EQ(counts.at[STAT_BODY_BYTES], 100);
        stat_count_late(&counts, (enum answer)i);
        CHECK_EQ(counts.at[STAT_SUCCESS] + counts.at[STAT_FAILURE], 0);
        CHECK_EQ(counts.at[STAT_LATE], 1);
    }
}

static void causes_have_counters_of_their_own(void **state)
{
    (void)state;
    CHECK_EQ(count(ANSWER_OK, 1).at[STAT_SUCCESS], 1);
    CHECK_EQ(count(ANSWER_GONE, 1).at[STAT_SUCCESS], 1);
    CHECK_EQ(count(ANSWER_LIMITED, 1).at[STAT_LIMITED], 1);
    CHECK_EQ(count(ANSWER_UNAUTHORIZED, 1).at[STAT_REFUSED], 1);
    CHECK_EQ(count(ANSWER_SERVER_ERROR, 1).at[STAT_SERVER_ERROR], 1);
    CHECK_EQ(count(ANSWER_LOST, 1).at[STAT_LOST], 1);
    CHECK_EQ(count(ANSWER_CHALLENGE, 1).at[STAT_CHALLENGE], 1);
    CHECK_EQ(count(ANSWER_MISMATCH, 1).at[STAT_MISMATCH], 1);
    CHECK_EQ(count(ANSWER_REJECTED, 1).at[STAT_FAILURE], 1);
    CHECK_EQ(count(ANSWER_SERVER_ERROR, 1).at[STAT_LIMITED], 0);
}

static void a_latency_is_in_the_first_bucket_that_holds_it(void **state)
{
    (void)state;
    CHECK_EQ(count(ANSWER_OK, 0).at[STAT_LE_10], 1);
    CHECK_EQ(count(ANSWER_OK, 10).at[STAT_LE_10], 1);
    CHECK_EQ(count(ANSWER_OK, 11).at[STAT_LE_25], 1);
    CHECK_EQ(count(ANSWER_OK, 10000).at[STAT_LE_10000], 1);
    CHECK_EQ(count(ANSWER_OK, 10001).at[STAT_LE_INF], 1);
    CHECK_EQ(stat_bucket_ms(0), 10);
    CHECK_EQ(stat_bucket_ms(STAT_BUCKET_COUNT - 1), INT64_MAX);
}

static void quantiles_lie_straight_between_bounds(void **state)
{
    struct stat_counts counts = {0};

    (void)state;
    CHECK_EQ(stat_quantile_ms(&counts, 0.5), -1);
    counts.at[STAT_LE_10] = 50;
    counts.at[STAT_LE_100] = 50; /* 50 to 100 ms */
    CHECK_EQ(stat_quantile_ms(&counts, 0.25), 5);
    CHECK_EQ(stat_quantile_ms(&counts, 0.5), 10);
    CHECK_EQ(stat_quantile_ms(&counts, 0.75), 75);
    CHECK_EQ(stat_quantile_ms(&counts, 1), 100);
    counts.at[STAT_LE_INF] = 900;
    CHECK_EQ(stat_quantile_ms(&counts, 0.99), 10000);
}

static void days_begin_at_midnight_utc(void **state)
{
    (void)state;
    CHECK_EQ(stat_day(0), 0);
    CHECK_EQ(stat_day(KK_DAY_MS - 1), 0);
    CHECK_EQ(stat_day(KK_DAY_MS), 1);
    CHECK_EQ(stat_day(-1), -1);
}

static void endpoints_and_kinds_have_their_names(void **state)
{
    enum stat_endpoint endpoint;

    (void)state;
    for (enum stat_endpoint i = STAT_TOKEN; i < STAT_ENDPOINT_COUNT; i++) {
        CHECK(stat_endpoint_parse(kk_sv_of(stat_endpoint_name(i)), &endpoint));
        CHECK_EQ(endpoint, i);
    }
    CHECK(!stat_endpoint_parse(KK_SV("home"), &endpoint));
    CHECK_EQ(stat_endpoint_of(TASK_LIST), STAT_LIST);
    CHECK_EQ(stat_endpoint_of(TASK_DETAIL), STAT_DETAIL);
    CHECK_EQ(stat_endpoint_of(TASK_OPTIONS), STAT_OPTIONS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_answer_is_an_attempt_and_either_success_or_failure),
        cmocka_unit_test(causes_have_counters_of_their_own),
        cmocka_unit_test(a_latency_is_in_the_first_bucket_that_holds_it),
        cmocka_unit_test(quantiles_lie_straight_between_bounds),
        cmocka_unit_test(days_begin_at_midnight_utc),
        cmocka_unit_test(endpoints_and_kinds_have_their_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
