#include "core/estimate.h"

#include "base/clock.h"
#include "support/check.h"

static const struct plan_rules rules = {
    .capacity = 80, .window_ms = KK_HOUR_MS, .gap_ms = 1600, .request_ms = 200, .page_size = 500};

static void what_is_left_is_what_is_open_or_not_yet_made(void **state)
{
    struct estimate_run run = {.mode = CRAWL_FULL, .item_count = -1, .open_count = 1};

    (void)state;
    CHECK_EQ(estimate_requests(&run), -1); /* before the list no one knows */
    run.item_count = 100;
    CHECK_EQ(estimate_requests(&run), 200);
    run.request_count = 51;
    run.open_count = 60;
    CHECK_EQ(estimate_requests(&run), 149);
    run.open_count = 180; /* more than that, as after a list that was read once more */
    CHECK_EQ(estimate_requests(&run), 180);
    run.mode = CRAWL_DELTA;
    run.open_count = 12;
    CHECK_EQ(estimate_requests(&run), 12);
}

static void retries_are_expected_as_till_now(void **state)
{
    struct estimate_run run = {
        .mode = CRAWL_DELTA, .item_count = 100, .open_count = 30, .request_count = 40, .retry_count = 20};

    (void)state;
    CHECK_EQ(estimate_requests(&run), 60);
    run.request_count = 19; /* too few to say */
    run.retry_count = 9;
    CHECK_EQ(estimate_requests(&run), 30);
    run.request_count = run.retry_count = 25; /* nothing ever came */
    CHECK_EQ(estimate_requests(&run), 30);
}

static void crawls_share(void **state)
{
    const int64_t alone[] = {50}, many[] = {10, 50, 1000, -1};

    (void)state;
    CHECK_EQ(estimate_shared(alone, 1, 50), 50);
    CHECK_EQ(estimate_shared(many, 4, 10), 30);
    CHECK_EQ(estimate_shared(many, 4, 50), 110);
    CHECK_EQ(estimate_shared(many, 4, 1000), 1060);
    CHECK_EQ(estimate_shared(many, 0, 7), 7);
}

static void a_full_budget_goes_at_the_agents_pace_and_the_rest_as_tokens_return(void **state)
{
    struct estimate_budget budget = {.rules = &rules, .agent_count = 10, .tokens_left = 800};
    int64_t burst_ms, more_ms;

    (void)state;
    CHECK_EQ(estimate_ms(&budget, 0), 0);
    burst_ms = estimate_ms(&budget, 100);
    CHECK_EQ(burst_ms, 10 * 2000 + 200); /* ten each, every two seconds */
    budget.tokens_left = 0;
    budget.next_token_ms = 30 * KK_SECOND_MS;
    more_ms = estimate_ms(&budget, 100);
    CHECK_EQ(more_ms, 30 * KK_SECOND_MS + 100 * (KK_HOUR_MS + 200) / 800);
    budget.tokens_left = 100;
    CHECK_EQ(estimate_ms(&budget, 200), burst_ms + more_ms - 30 * KK_SECOND_MS);
}

static void tokens_that_were_just_taken_are_waited_for(void **state)
{
    struct estimate_budget budget = {
        .rules = &rules, .agent_count = 10, .tokens_left = 100, .first_return_ms = 50 * KK_MINUTE_MS};

    (void)state;
    CHECK_EQ(estimate_ms(&budget, 100), 10 * 2000 + 200); /* none is needed */
    CHECK_EQ(estimate_ms(&budget, 200), 50 * KK_MINUTE_MS + 10 * 2000 + 200);
    budget.first_return_ms = 1000; /* they return while the others leave */
    CHECK_EQ(estimate_ms(&budget, 200), 10 * 2000 + 200 + 100 * (KK_HOUR_MS + 200) / 800);
}

static void without_agents_there_is_no_end(void **state)
{
    struct estimate_budget budget = {.rules = &rules, .tokens_left = 10};
    struct plan_rules none = {0};

    (void)state;
    CHECK_EQ(estimate_ms(&budget, 10), -1);
    budget.agent_count = 1;
    budget.rules = &none;
    CHECK_EQ(estimate_ms(&budget, 10), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_left_is_what_is_open_or_not_yet_made),
        cmocka_unit_test(retries_are_expected_as_till_now),
        cmocka_unit_test(crawls_share),
        cmocka_unit_test(a_full_budget_goes_at_the_agents_pace_and_the_rest_as_tokens_return),
        cmocka_unit_test(tokens_that_were_just_taken_are_waited_for),
        cmocka_unit_test(without_agents_there_is_no_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
