/* `kkachi plan` says how long a crawl takes; here whole crawls are played, with what binds them made plain: the bucket,
 * the gap, the site's rate. The forecast must be within 5 % of each. */
#include "core/plan.h"

#include <stdio.h>

#include "app/turn.h"
#include "sim/plan.h"
#include "sim/sim.h"
#include "support/check.h"

#define REQUEST_MS 96    /* in the mean, as sim/mart.c draws them: 1 to 40 there, 1 to 150 back */
#define WITHIN_PERCENT 5 /* the forecast's promise */

static struct sim_plan calm_world(int items, int agents, const struct limiter_rules *limiter)
{
    struct sim_plan plan;

    sim_plan_make(&plan, 1, 0, false);
    snprintf(plan.sellers, sizeof(plan.sellers), "luxmaison:%d", items);
    plan.seller_count = plan.registered = 1;
    plan.agent_count = agents;
    plan.period_hours[0] = 48;
    plan.is_delta[0] = false;
    plan.page_max = 500;
    plan.token_life_ms = KK_DAY_MS;
    plan.move_gap_ms = 30 * KK_DAY_MS;
    plan.proc_count = 1;
    plan.roles[0] = ROLES_ALL;
    plan.turns_verbs[0] = plan.has_remote_queue = plan.has_remote_limiter = plan.has_archive_file = false;
    plan.limits.relay_seller_cap = plan.limits.worker_inflight = plan.limits.worker_batch = 64;
    plan.limits.agent_issue_gap_ms = KK_SECOND_MS;
    plan.limiter = *limiter;
    plan.limiter.grant_ttl_ms = plan.limits.limiter_grant_ttl_ms;
    plan.limiter.request_timeout_ms = plan.limits.site_timeout_ms;
    return plan;
}

static void check_forecast(const char *what, int items, int agents, const struct limiter_rules *limiter)
{
    struct sim_plan world = calm_world(items, agents, limiter);
    struct sim_options options = {.seed = 1, .plan = &world};
    struct plan_rules rules = {.capacity = limiter->capacity,
                               .window_ms = limiter->window_ms,
                               .gap_ms = limiter->gap_ms,
                               .request_ms = REQUEST_MS,
                               .site_rate = limiter->site_rate,
                               .site_inflight = limiter->site_inflight,
                               .page_size = 500,
                               .issue_gap_ms = world.limits.agent_issue_gap_ms,
                               .token_every_ms = KK_DAY_MS};
    struct plan_seller seller = {.item_count = items, .period_ms = KK_DAY_MS, .mode = CRAWL_FULL};
    int64_t forecast_ms = plan_duration_ms(&rules, agents, plan_requests(&rules, &seller)), off_ms;
    struct sim_result result = {0};

    sim_run(&options, &result);
    CHECK(!result.is_failed);
    off_ms = forecast_ms - result.first_run_ms;
    print_message("# %s: forecast %lld s, played %lld s, %+.1f %%\n", what, (long long)(forecast_ms / 1000),
                  (long long)(result.first_run_ms / 1000), 100.0 * (double)off_ms / (double)result.first_run_ms);
    CHECK((off_ms < 0 ? -off_ms : off_ms) * 100 <= WITHIN_PERCENT * result.first_run_ms);
}

static void where_the_bucket_binds(void **state)
{
    const struct limiter_rules rules = {.capacity = 20, .window_ms = 10 * KK_MINUTE_MS, .gap_ms = 1500};

    (void)state;
    check_forecast("bucket", 200, 3, &rules);
}

static void where_the_gap_binds(void **state)
{
    const struct limiter_rules rules = {.capacity = 1000, .window_ms = KK_HOUR_MS, .gap_ms = 1500};

    (void)state;
    check_forecast("gap", 300, 4, &rules);
}

static void where_the_site_s_rate_binds(void **state)
{
    const struct limiter_rules rules = {.capacity = 1000, .window_ms = KK_HOUR_MS, .gap_ms = 200, .site_rate = 5};

    (void)state;
    check_forecast("rate", 300, 6, &rules);
}

/* A short crawl, most of which goes by while the agents ask for their tokens, one a second. */
static void where_the_agents_join_one_by_one(void **state)
{
    const struct limiter_rules rules = {.capacity = 1000, .window_ms = KK_HOUR_MS, .gap_ms = 1500, .site_rate = 10};

    (void)state;
    check_forecast("joining", 10, 6, &rules);
    check_forecast("joining, longer", 60, 6, &rules);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(where_the_bucket_binds),
        cmocka_unit_test(where_the_gap_binds),
        cmocka_unit_test(where_the_site_s_rate_binds),
        cmocka_unit_test(where_the_agents_join_one_by_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
