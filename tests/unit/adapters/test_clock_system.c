#include "adapters/clock/clock_system.h"

#include "support/check.h"

static void the_wall_shows_this_century(void **state)
{
    struct kk_clock clock = clock_system();

    (void)state;
    CHECK(kk_wall_ms(&clock) > kk_time_from_civil(2024, 1, 1, 0, 0, 0));
    CHECK(kk_wall_ms(&clock) < kk_time_from_civil(2100, 1, 1, 0, 0, 0));
}

static void steady_time_never_goes_back(void **state)
{
    struct kk_clock clock = clock_system();
    int64_t before = kk_mono_ms(&clock);

    (void)state;
    for (int i = 0; i < 1000; i++) {
        int64_t now = kk_mono_ms(&clock);

        CHECK(now >= before);
        before = now;
    }
}

static void chance_does_not_repeat_itself(void **state)
{
    struct kk_rng rng = rng_system();
    uint64_t first = kk_rng_next(&rng), all_ones = first, any_one = first;

    (void)state;
    for (int i = 0; i < 64; i++) {
        uint64_t drawn = kk_rng_next(&rng);

        CHECK(drawn != first);
        all_ones &= drawn;
        any_one |= drawn;
    }
    CHECK(all_ones == 0 && any_one == UINT64_MAX); /* each of the 64 bits is now 0 and now 1 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_wall_shows_this_century),
        cmocka_unit_test(steady_time_never_goes_back),
        cmocka_unit_test(chance_does_not_repeat_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
