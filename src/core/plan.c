#include "core/plan.h"

#include "base/assert.h"
#include "base/clock.h"

#define AGENTS_MAX INT64_C(1000000)

double plan_share(const struct plan_seller *seller)
{
    double share = seller->changed_share;

    if (seller->mode != CRAWL_DELTA)
        return 1;
    if (seller->full_every_ms > 0)
        share += (double)seller->period_ms / (double)seller->full_every_ms;
    return share < 1 ? share : 1;
}

int64_t plan_requests(const struct plan_rules *rules, const struct plan_seller *seller)
{
    int64_t pages = (seller->item_count + rules->page_size - 1) / rules->page_size;

    KK_ASSERT(rules->page_size > 0 && seller->item_count >= 0);
    return (pages > 0 ? pages : 1) + 2 * (int64_t)((double)seller->item_count * plan_share(seller) + 0.5);
}

/* Between two requests of an agent that is alone. */
static double own_spacing_ms(const struct plan_rules *rules)
{
    return (double)rules->gap_ms + (double)rules->gap_ms / 8 + (double)rules->request_ms;
}

/* Time between two requests of one agent while its bucket lasts. */
static double spacing_ms(const struct plan_rules *rules, int64_t agent_count)
{
    double agents = (double)agent_count, request_ms = (double)rules->request_ms;
    double spacing = own_spacing_ms(rules);
    double by_rate = rules->site_rate ? agents * 1000 / (double)rules->site_rate : 0;
    double by_inflight = rules->site_inflight ? agents * request_ms / (double)rules->site_inflight : 0;

    spacing = by_rate > spacing ? by_rate : spacing;
    return by_inflight > spacing ? by_inflight : spacing;
}

/* The time that a bucketful takes in the long run. */
static double round_ms(const struct plan_rules *rules, int64_t agent_count)
{
    double burst = (double)rules->capacity * spacing_ms(rules, agent_count);
    double window = (double)(rules->window_ms + rules->request_ms);

    return burst > window ? burst : window;
}

/* What a burst of all agents loses because they join one by one, each with its token. */
static double ramp_ms(const struct plan_rules *rules, int64_t agent_count, double requests)
{
    double step = (double)rules->issue_gap_ms, full = (double)agent_count / spacing_ms(rules, agent_count);
    double left = requests, at = 0;

    for (int64_t working = 1; working < agent_count && left > 0; working++) {
        double speed = (double)working / own_spacing_ms(rules);

        if (speed >= full || speed * step >= left) {
            speed = speed < full ? speed : full;
            return at + left / speed - requests / full;
        }
        at += step;
        left -= speed * step;
    }
    return at + left / full - requests / full;
}

int64_t plan_duration_ms(const struct plan_rules *rules, int64_t agent_count, int64_t request_count)
{
    int64_t share, rounds, rest, burst;

    KK_ASSERT(rules->capacity > 0 && request_count >= 0);
    if (agent_count <= 0)
        return PLAN_NEVER;
    share = (request_count + agent_count - 1) / agent_count + 1; /* and one for its token */
    rounds = (share - 1) / rules->capacity;
    rest = (share - 1) % rules->capacity;
    burst = rounds ? agent_count * rules->capacity : request_count + agent_count;
    return (int64_t)((double)rounds * round_ms(rules, agent_count) + (double)rest * spacing_ms(rules, agent_count) +
                     ramp_ms(rules, agent_count, (double)burst)) +
           rules->request_ms;
}

double plan_capacity_per_hour(const struct plan_rules *rules, int64_t agent_count)
{
    if (agent_count <= 0)
        return 0;
    return (double)agent_count * (double)rules->capacity * (double)KK_HOUR_MS / round_ms(rules, agent_count);
}

double plan_renewals_per_hour(const struct plan_rules *rules, int64_t agent_count)
{
    return rules->token_every_ms > 0 ? (double)agent_count * (double)KK_HOUR_MS / (double)rules->token_every_ms : 0;
}

static bool is_enough(const struct plan_rules *rules, int64_t agent_count, double requests_per_hour)
{
    return plan_capacity_per_hour(rules, agent_count) - plan_renewals_per_hour(rules, agent_count) >= requests_per_hour;
}

/* What is left for tasks grows with the agents until the site's caps bind, and falls after that by the renewals; so the
 * first that is enough is looked for among the agents that one more could still help. */
int64_t plan_agents(const struct plan_rules *rules, double requests_per_hour)
{
    double one = plan_capacity_per_hour(rules, 1) - plan_renewals_per_hour(rules, 1);
    int64_t first;

    if (requests_per_hour <= 0)
        return 0;
    if (one <= 0 || requests_per_hour / one > (double)AGENTS_MAX)
        return PLAN_NEVER;
    first = (int64_t)(requests_per_hour / one);
    for (int64_t count = first > 0 ? first : 1; count <= first + 2; count++)
        if (is_enough(rules, count, requests_per_hour))
            return count;
    return PLAN_NEVER;
}
