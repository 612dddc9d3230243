#include "core/estimate.h"

#include "base/clock.h"

#define RETRIES_KNOWN_AFTER 20 /* requests; before that one failure would say too much */

int64_t estimate_requests(const struct estimate_run *run)
{
    int64_t done = run->request_count - run->retry_count, tasks = run->open_count;

    if (run->item_count < 0)
        return -1;
    /* In mode full every item will have a detail and options, made or not; in mode delta only its list can say. */
    if (run->mode == CRAWL_FULL && 2 * run->item_count - done > tasks)
        tasks = 2 * run->item_count - done;
    if (run->request_count < RETRIES_KNOWN_AFTER || done <= 0)
        return tasks;
    return (int64_t)((double)tasks * (double)run->request_count / (double)done + 0.5);
}

int64_t estimate_shared(const int64_t *remaining, size_t count, int64_t mine)
{
    int64_t sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += remaining[i] < mine ? (remaining[i] > 0 ? remaining[i] : 0) : mine;
    return sum > mine ? sum : mine;
}

int64_t estimate_ms(const struct estimate_budget *budget, int64_t request_count)
{
    int64_t now_count = request_count < budget->tokens_left ? request_count : budget->tokens_left;
    double per_hour;
    int64_t ms;

    if (budget->agent_count <= 0 || budget->rules->capacity <= 0)
        return -1;
    if (request_count <= 0)
        return 0;
    ms = now_count ? plan_duration_ms(budget->rules, budget->agent_count, now_count) : budget->next_token_ms;
    per_hour = plan_capacity_per_hour(budget->rules, budget->agent_count);
    if (request_count > now_count && budget->first_return_ms > ms)
        ms = budget->first_return_ms + plan_duration_ms(budget->rules, budget->agent_count, request_count - now_count);
    else if (request_count > now_count)
        ms += (int64_t)((double)(request_count - now_count) * (double)KK_HOUR_MS / per_hour);
    return ms;
}
