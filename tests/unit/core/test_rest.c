#include "core/rest.h"

#include "support/check.h"

#define NOW_MS INT64_C(1763800200000)
static const struct rest_rules rules = {.failures = 20, .rest_ms = KK_HOUR_MS, .most_ms = 24 * KK_HOUR_MS};

static void enough_failures_in_a_row_want_rest(void **state)
{
    struct rest_rules off = rules;

    (void)state;
    CHECK(!rest_is_needed(&rules, 0));
    CHECK(!rest_is_needed(&rules, 19));
    CHECK(rest_is_needed(&rules, 20));
    off.rest_ms = 0;
    CHECK(!rest_is_needed(&off, 1000));
}

static void a_rest_soon_after_another_is_twice_as_long_up_to_the_most(void **state)
{
    static const int64_t hours[] = {1, 2, 4, 8, 16, 24, 24};
    struct rest rest = {.seller_id = "lux"};
    int64_t now_ms = NOW_MS;

    (void)state;
    for (size_t i = 0; i < KK_COUNT(hours); i++) {
        rest_begin(&rest, &rules, now_ms);
        CHECK(rest.is_resting);
        CHECK_EQ(rest.since_ms, now_ms);
        CHECK_EQ(rest.until_ms - rest.since_ms, hours[i] * KK_HOUR_MS);
        now_ms = rest.until_ms + 10 * KK_MINUTE_MS;
    }
    CHECK_STR(rest.seller_id, "lux");
}

static void after_a_good_while_it_begins_anew(void **state)
{
    struct rest rest = {0};

    (void)state;
    rest_begin(&rest, &rules, NOW_MS);
    rest_begin(&rest, &rules, rest.until_ms + KK_HOUR_MS); /* as long in work as at rest: still soon */
    CHECK_EQ(rest.until_ms - rest.since_ms, 2 * KK_HOUR_MS);
    rest_begin(&rest, &rules, rest.until_ms + 2 * KK_HOUR_MS + 1);
    CHECK_EQ(rest.until_ms - rest.since_ms, KK_HOUR_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(enough_failures_in_a_row_want_rest),
        cmocka_unit_test(a_rest_soon_after_another_is_twice_as_long_up_to_the_most),
        cmocka_unit_test(after_a_good_while_it_begins_anew),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
