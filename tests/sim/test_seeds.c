/* Seeds in every test run: a few of all faults, those that once failed, and that a seed goes the same way twice. */
#include "support/check.h"

#include "sim/plan.h"
#include "sim/sim.h"

static struct sim_result play(uint64_t seed, int64_t days)
{
    struct sim_options options = {.seed = seed, .days = days, .faults = SIM_ALL, .has_all = true};
    struct sim_result result = {0};

    sim_run(&options, &result);
    if (result.is_failed)
        print_error("seed %llu: %s does not hold: %s\n", (unsigned long long)seed, result.rule, result.text);
    return result;
}

static void all_rules_hold_under_all_faults(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++)
        CHECK(!play(seed, 1).is_failed);
}

static void seeds_that_failed_once_hold(void **state)
{
    /* 12, 190, 1020: the embedded limiter's time ran ahead after the wall clock was set, or between two processes.
     * 1427: a machine's monotonic clock counted on while the power was off. 20297, day 2: what one process had not yet
     * synced was read by the next and taken away by a power cut. */
    static const struct {
        uint64_t seed;
        int64_t days;
    } plays[] = {{12, 1}, {190, 1}, {1020, 1}, {1427, 2}, {20297, 2}};

    (void)state;
    for (size_t i = 0; i < KK_COUNT(plays); i++)
        CHECK(!play(plays[i].seed, plays[i].days).is_failed);
}

static void a_seed_goes_the_same_way_every_time(void **state)
{
    (void)state;
    CHECK_EQ(play(7, 1).hash, play(7, 1).hash);
    CHECK(play(7, 1).hash != play(8, 1).hash);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_rules_hold_under_all_faults),
        cmocka_unit_test(seeds_that_failed_once_hold),
        cmocka_unit_test(a_seed_goes_the_same_way_every_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
