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
    CHECK_EQ(stat_quantile_ms(&counts, 0), 0); /* where the first bucket begins */
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
    CHECK_EQ(stat_endpoint_of((enum task_kind)0), STAT_TOKEN); /* no task: the home page */
}

static void a_quantile_may_fall_on_an_empty_bucket(void **state)
{
    struct stat_counts counts = {0};

    (void)state;
    counts.at[STAT_LE_100] = 4;
    CHECK_EQ(stat_quantile_ms(&counts, 0), 0); /* of the empty bucket below 10 ms, its lower bound */
    counts = (struct stat_counts){0};
    counts.at[STAT_LE_INF] = 4;
    CHECK_EQ(stat_quantile_ms(&counts, 0.5), 10000);
    counts.at[STAT_LE_INF] = -4; /* what no count can be gives no figure */
    CHECK_EQ(stat_quantile_ms(&counts, 0.5), -1);
}

static void counts_add_up_field_by_field(void **state)
{
    struct stat_counts a, b;

    (void)state;
    for (int i = 0; i < STAT_FIELD_COUNT; i++) {
        a.at[i] = i;
        b.at[i] = 1000 * i;
    }
    stat_add(&a, &b);
    for (int i = 0; i < STAT_FIELD_COUNT; i++) {
        CHECK_EQ(a.at[i], 1001 * i);
        CHECK_EQ(b.at[i], 1000 * i);
    }
}

static void a_share_of_nothing_is_none(void **state)
{
    (void)state;
    CHECK_EQ(stat_share(0, 0), -1);
    CHECK_EQ(stat_share(3, -1), -1);
    CHECK_EQ(stat_share(0, 4), 0);
    CHECK(stat_share(1, 4) == 0.25);
}

static void counters_have_names_of_their_own(void **state)
{
    (void)state;
    CHECK_STR(stat_json_name(STAT_ATTEMPT), "attempts");
    CHECK_STR(stat_json_name(STAT_LATENCY_MS), "latencyMs");
    for (int i = 0; i < STAT_BUCKET_FIRST; i++)
        for (int j = 0; j < i; j++)
            CHECK(
                !kk_sv_eq(kk_sv_of(stat_json_name((enum stat_field)i)), kk_sv_of(stat_json_name((enum stat_field)j))));
}

static void a_key_is_all_of_its_parts(void **state)
{
    const struct stat_key key = {.day = 1, .seller_id = "lux", .endpoint = STAT_LIST, .agent_id = 2};
    struct stat_key other = key;

    (void)state;
    CHECK(stat_key_eq(&key, &other));
    other.day = 2;
    CHECK(!stat_key_eq(&key, &other));
    other = key;
    other.endpoint = STAT_DETAIL;
    CHECK(!stat_key_eq(&key, &other));
    other = key;
    other.agent_id = 3;
    CHECK(!stat_key_eq(&key, &other));
    other = key;
    other.seller_id[2] = 'y';
    CHECK(!stat_key_eq(&key, &other));
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
        cmocka_unit_test(a_quantile_may_fall_on_an_empty_bucket),
        cmocka_unit_test(counts_add_up_field_by_field),
        cmocka_unit_test(a_share_of_nothing_is_none),
        cmocka_unit_test(counters_have_names_of_their_own),
        cmocka_unit_test(a_key_is_all_of_its_parts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
