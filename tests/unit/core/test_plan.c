#include "core/plan.h"

#include "base/clock.h"
#include "support/check.h"

static const struct plan_rules usual = {.capacity = 80,
                                        .window_ms = KK_HOUR_MS,
                                        .gap_ms = 1600,
                                        .request_ms = 200,
                                        .site_rate = 20,
                                        .site_inflight = 16,
                                        .page_size = 500,
                                        .token_every_ms = 55 * KK_MINUTE_MS};

static void a_full_cycle_asks_for_each_page_and_twice_for_each_item(void **state)
{
    struct plan_seller seller = {.item_count = 1764, .period_ms = KK_DAY_MS, .mode = CRAWL_FULL};

    (void)state;
    CHECK_EQ(plan_requests(&usual, &seller), 4 + 2 * 1764);
    seller.item_count = 0;
    CHECK_EQ(plan_requests(&usual, &seller), 1);
}

static void a_delta_cycle_looks_at_what_changed_and_at_its_share_of_the_rest(void **state)
{
    struct plan_seller seller = {.item_count = 1000,
                                 .period_ms = 6 * KK_HOUR_MS,
                                 .mode = CRAWL_DELTA,
                                 .full_every_ms = 5 * KK_DAY_MS,
                                 .changed_share = 0.05};

    (void)state;
    CHECK_EQ(plan_requests(&usual, &seller), 2 + 2 * 100); /* 5 % changed, 1/20 is due */
    seller.period_ms = 10 * KK_DAY_MS;
    CHECK_EQ(plan_requests(&usual, &seller), 2 + 2 * 1000); /* never more than all */
}

static void a_bucketful_goes_in_a_burst_and_the_next_waits_for_the_first_token(void **state)
{
    int64_t spacing = 1600 + 200 + 200;

    (void)state;
    CHECK_EQ(plan_duration_ms(&usual, 1, 79), 79 * spacing + 200); /* with the token's issue it is 80 */
    CHECK_EQ(plan_duration_ms(&usual, 1, 80), KK_HOUR_MS + 200 + 200);
    CHECK_EQ(plan_duration_ms(&usual, 1, 160), 2 * (KK_HOUR_MS + 200) + 200);
    CHECK_EQ(plan_duration_ms(&usual, 0, 1), PLAN_NEVER);
}

static void the_sites_caps_stretch_the_burst(void **state)
{
    struct plan_rules rules = usual;

    (void)state;
    rules.site_rate = 1;
    CHECK_EQ(plan_duration_ms(&rules, 10, 100), 10 * 10 * 1000 + 200);
    rules.site_rate = 0;
    rules.site_inflight = 1; /* one at a time, 200 ms each */
    CHECK_EQ(plan_duration_ms(&rules, 100, 1000), 10 * 100 * 200 + 200);
}

static void agents_that_join_one_by_one_make_a_crawl_longer(void **state)
{
    struct plan_rules rules = usual;
    int64_t spacing = 1600 + 200 + 200;

    (void)state;
    rules.issue_gap_ms = 1000;
    CHECK_EQ(plan_duration_ms(&rules, 1, 79), 79 * spacing + 200); /* nobody joins */
    /* Five are late by 0, 1, … 4 s, in the mean 2 s, and the crawl is long enough to feel it whole. */
    CHECK_EQ(plan_duration_ms(&rules, 5, 200), 40 * spacing + 2000 + 200);
    rules.site_rate = 1; /* two of them reach it: one second with half of it is lost */
    CHECK_EQ(plan_duration_ms(&rules, 10, 100), 100 * 1000 + 500 + 200);
}

static void the_fewest_agents_are_enough_and_one_less_is_not(void **state)
{
    (void)state;
    for (double load = 50; load < 40000; load *= 1.7) {
        int64_t agents = plan_agents(&usual, load);

        CHECK(agents > 0 && agents != PLAN_NEVER);
        CHECK(plan_capacity_per_hour(&usual, agents) - plan_renewals_per_hour(&usual, agents) >= load);
        CHECK(agents == 1 ||
              plan_capacity_per_hour(&usual, agents - 1) - plan_renewals_per_hour(&usual, agents - 1) < load);
    }
    CHECK_EQ(plan_agents(&usual, 0), 0);
    CHECK_EQ(plan_agents(&usual, 20 * 3600.0), PLAN_NEVER); /* the site's rate, less the renewals */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_cycle_asks_for_each_page_and_twice_for_each_item),
        cmocka_unit_test(a_delta_cycle_looks_at_what_changed_and_at_its_share_of_the_rest),
        cmocka_unit_test(a_bucketful_goes_in_a_burst_and_the_next_waits_for_the_first_token),
        cmocka_unit_test(the_sites_caps_stretch_the_burst),
        cmocka_unit_test(agents_that_join_one_by_one_make_a_crawl_longer),
        cmocka_unit_test(the_fewest_agents_are_enough_and_one_less_is_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
