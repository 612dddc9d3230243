#include "core/backoff.h"

#include <limits.h>

#include "base/rng.h"
#include "support/check.h"

/* The most that attempt may wait: a roll of most itself gives it. */
static int64_t most_ms(int attempt, int64_t base_ms, int64_t cap_ms)
{
    int64_t most = 0;

    for (uint64_t roll = 0; roll < 5000; roll++) {
        int64_t ms = backoff_ms(attempt, base_ms, cap_ms, roll);

        most = ms > most ? ms : most;
    }
    return most;
}

static void the_longest_wait_doubles_up_to_its_cap(void **state)
{
    (void)state;
    CHECK_EQ(most_ms(1, 100, 1000), 100);
    CHECK_EQ(most_ms(2, 100, 1000), 200);
    CHECK_EQ(most_ms(3, 100, 1000), 400);
    CHECK_EQ(most_ms(4, 100, 1000), 800);
    CHECK_EQ(most_ms(5, 100, 1000), 1000);
    CHECK_EQ(most_ms(6, 100, 1000), 1000);
    CHECK_EQ(most_ms(INT_MAX, 100, 1000), 1000);
    CHECK_EQ(most_ms(2, 6, 11), 11);
    CHECK_EQ(most_ms(1, 2000, 1000), 1000);
    CHECK_EQ(most_ms(INT_MAX, 0, 1000), 0);
}

static void jitter_is_full_and_even(void **state)
{
    struct kk_rng_seeded seeded;
    struct kk_rng rng = kk_rng_from_seed(&seeded, 1);
    int64_t sum = 0;
    int count[10] = {0};

    (void)state;
    for (int i = 0; i < 100000; i++) {
        int64_t ms = backoff_ms(4, 125, 999, kk_rng_next(&rng));

        CHECK(ms >= 0 && ms <= 999);
        sum += ms;
        count[ms / 100]++;
    }
    CHECK(sum / 100000 > 490 && sum / 100000 < 510);
    for (int i = 0; i < 10; i++)
        CHECK(count[i] > 9500 && count[i] < 10500);
}

static void nothing_overflows_at_the_ends(void **state)
{
    (void)state;
    CHECK_EQ(backoff_ms(INT_MAX, INT64_MAX, INT64_MAX, INT64_MAX), INT64_MAX);
    CHECK_EQ(backoff_ms(INT_MAX, 1, INT64_MAX, UINT64_MAX), INT64_MAX);
    CHECK_EQ(backoff_ms(1, 0, 0, UINT64_MAX), 0);
}

static int64_t after_ms(const char *header, int64_t now_ms)
{
    int64_t ms = 42;

    if (retry_after_ms(kk_sv_of(header), now_ms, &ms))
        return ms;
    CHECK_EQ(ms, 42);
    return -1;
}

static void retry_after_is_read_as_seconds(void **state)
{
    (void)state;
    CHECK_EQ(after_ms("0", 0), 0);
    CHECK_EQ(after_ms("120", 0), 120000);
    CHECK_EQ(after_ms(" 120\t", 0), 120000);
    CHECK_EQ(after_ms("86400", 0), RETRY_AFTER_MAX_MS);
    CHECK_EQ(after_ms("86401", 0), RETRY_AFTER_MAX_MS);
    CHECK_EQ(after_ms("99999999999999999999999", 0), RETRY_AFTER_MAX_MS);
}

static void retry_after_is_read_as_a_date(void **state)
{
    int64_t at_ms = 1771891200000; /* 2026-02-24T00:00:00Z */

    (void)state;
    CHECK_EQ(after_ms("Tue, 24 Feb 2026 00:00:00 GMT", at_ms - 5000), 5000);
    CHECK_EQ(after_ms("Tue, 24 Feb 2026 00:00:00 GMT", at_ms), 0);
    CHECK_EQ(after_ms("Tue, 24 Feb 2026 00:00:00 GMT", at_ms + 5000), 0);
    CHECK_EQ(after_ms("Tue, 24 Feb 2026 00:00:00 GMT", 0), RETRY_AFTER_MAX_MS);
}

static void what_is_neither_is_none(void **state)
{
    (void)state;
    CHECK_EQ(after_ms(NULL, 0), -1);
    CHECK_EQ(after_ms("", 0), -1);
    CHECK_EQ(after_ms("  ", 0), -1);
    CHECK_EQ(after_ms("-5", 0), -1);
    CHECK_EQ(after_ms("+5", 0), -1);
    CHECK_EQ(after_ms("1.5", 0), -1);
    CHECK_EQ(after_ms("5s", 0), -1);
    CHECK_EQ(after_ms("soon", 0), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_longest_wait_doubles_up_to_its_cap), cmocka_unit_test(jitter_is_full_and_even),
        cmocka_unit_test(nothing_overflows_at_the_ends),          cmocka_unit_test(retry_after_is_read_as_seconds),
        cmocka_unit_test(retry_after_is_read_as_a_date),          cmocka_unit_test(what_is_neither_is_none),
    };

    return cmocka_run_group_tests_name("core/backoff", tests, NULL, NULL);
}
