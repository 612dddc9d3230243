#include "base/rng.h"

#include "support/check.h"

static void the_seeded_generator_gives_splitmix64s_published_numbers(void **state)
{
    struct kk_rng_seeded keeps;
    struct kk_rng rng = kk_rng_from_seed(&keeps, 1234567);

    (void)state;
    CHECK(kk_rng_next(&rng) == UINT64_C(6457827717110365317));
    CHECK(kk_rng_next(&rng) == UINT64_C(3203168211198807973));
    CHECK(kk_rng_next(&rng) == UINT64_C(9817491932198370423));
}

static void numbers_stay_below_their_bound_and_reach_all_of_it(void **state)
{
    struct kk_rng_seeded keeps;
    struct kk_rng rng = kk_rng_from_seed(&keeps, 1);
    int seen[7] = {0};

    (void)state;
    for (int i = 0; i < 7000; i++) {
        uint64_t drawn = kk_rng_below(&rng, 7);

        CHECK(drawn < 7);
        seen[drawn]++;
    }
    for (int i = 0; i < 7; i++)
        CHECK(seen[i] > 850 && seen[i] < 1150);
    CHECK_EQ(kk_rng_below(&rng, 1), 0);
    CHECK(kk_rng_below(&rng, UINT64_MAX) < UINT64_MAX);
}

struct script {
    const uint64_t *numbers;
    size_t at;
};

static uint64_t next_of_script(void *ctx)
{
    struct script *script = ctx;

    return script->numbers[script->at++];
}

static void a_number_that_would_make_some_remainders_likelier_is_drawn_again(void **state)
{
    /* 2^64 mod 3 is 1, so the number 0 is the one too many. */
    static const uint64_t numbers[] = {0, 7};
    struct script script = {numbers, 0};
    struct kk_rng rng = {next_of_script, &script};

    (void)state;
    CHECK_EQ(kk_rng_below(&rng, 3), 1);
    CHECK_EQ(script.at, 2);
}

static void a_chance_of_nothing_never_comes_and_a_certain_one_always_does(void **state)
{
    struct kk_rng_seeded keeps;
    struct kk_rng rng = kk_rng_from_seed(&keeps, 2);
    int hits = 0;

    (void)state;
    for (int i = 0; i < 1000; i++) {
        CHECK(!kk_rng_chance(&rng, 0, 10));
        CHECK(kk_rng_chance(&rng, 10, 10));
        hits += kk_rng_chance(&rng, 3, 10);
    }
    CHECK(hits > 230 && hits < 370);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_seeded_generator_gives_splitmix64s_published_numbers),
        cmocka_unit_test(numbers_stay_below_their_bound_and_reach_all_of_it),
        cmocka_unit_test(a_number_that_would_make_some_remainders_likelier_is_drawn_again),
        cmocka_unit_test(a_chance_of_nothing_never_comes_and_a_certain_one_always_does),
    };

    return cmocka_run_group_tests_name("base/rng", tests, NULL, NULL);
}
