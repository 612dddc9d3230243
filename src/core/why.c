#include "core/why.h"

#include "base/assert.h"

static const struct {
    const char *name, *text;
} reasons[] = {{"NONE", ""},
#define X(reason, text) {#reason, text},
               WHY_REASONS(X)
#undef X
};

const char *why_reason_name(enum why_reason reason)
{
    KK_ASSERT(reason >= 0 && reason < WHY_REASON_COUNT);
    return reasons[reason].name;
}

const char *why_reason_text(enum why_reason reason)
{
    KK_ASSERT(reason >= 0 && reason < WHY_REASON_COUNT);
    return reasons[reason].text;
}

static struct why_wait until(enum why_reason reason, int64_t until_ms)
{
    return (struct why_wait){reason, until_ms};
}

/* Work is there; what holds it back? reason: where nothing does. */
static struct why_wait work_waits(const struct why_facts *facts, enum why_reason reason)
{
    if (facts->is_all_paused)
        return until(WHY_ALL_PAUSED, 0);
    if (!facts->agents)
        return until(WHY_NO_AGENT, 0);
    if (facts->task && facts->task->next_attempt_at_ms > facts->now_ms)
        return until(WHY_RETRY, facts->task->next_attempt_at_ms);
    if (facts->agents_free_at_ms > facts->now_ms)
        return until(WHY_AGENTS_SPENT, facts->agents_free_at_ms);
    return until(reason, 0);
}

/* Nothing is under way. Would the next crawl do anything? */
static struct why_wait rest(const struct why_facts *facts, enum why_reason reason)
{
    if (facts->is_all_paused)
        return until(WHY_ALL_PAUSED, 0);
    if (!facts->agents)
        return until(WHY_NO_AGENT, 0);
    return until(reason, facts->seller->next_run_at_ms);
}

static struct why_wait task_waits(const struct why_facts *facts)
{
    switch (facts->task->state) {
    case TASK_RUNNING:
        return until(WHY_RUNNING, facts->task->lease_until_ms);
    case TASK_PUBLISHED:
        return work_waits(facts, WHY_QUEUED);
    case TASK_WAITING:
    case TASK_RETRY:
    case TASK_TIMEOUT:
    case TASK_FAILED:
        return work_waits(facts, WHY_SHARE);
    case TASK_SUCCESS:
    case TASK_NONE:
    case TASK_STATE_COUNT:
        break;
    }
    KK_UNREACHABLE();
}

static struct why_wait item_waits(const struct why_facts *facts)
{
    if (!facts->is_listed)
        return rest(facts, WHY_NOT_SHOWN);
    if (facts->task && !facts->task->is_dead)
        return task_waits(facts);
    if (facts->has_open_run && facts->is_list_open)
        return work_waits(facts, WHY_LISTING);
    if (facts->task)
        return rest(facts, WHY_DEAD);
    if (facts->is_removed)
        return rest(facts, WHY_REMOVED);
    return rest(facts, facts->seller->mode == CRAWL_DELTA ? WHY_ENTRY : WHY_PERIOD);
}

struct why_wait why_wait(const struct why_facts *facts)
{
    if (facts->seller->state == SELLER_DISABLED)
        return until(WHY_SELLER_DISABLED, 0);
    if (facts->seller->state == SELLER_PAUSED)
        return until(WHY_SELLER_PAUSED, 0);
    if (facts->is_item)
        return item_waits(facts);
    if (facts->has_open_run)
        return work_waits(facts, facts->is_list_open ? WHY_LISTING : WHY_CRAWLING);
    return rest(facts, WHY_PERIOD);
}
