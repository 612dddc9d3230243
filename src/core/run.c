#include "core/run.h"

#include "base/assert.h"

static const char *const state_names[] = {
    [RUN_OPEN] = "OPEN", [RUN_COMPLETE] = "COMPLETE", [RUN_INCOMPLETE] = "INCOMPLETE"};
static const char *const trigger_names[] = {[RUN_BY_SCHEDULE] = "schedule", [RUN_BY_PERSON] = "person"};

const char *run_state_name(enum run_state state)
{
    KK_ASSERT(state >= RUN_OPEN && state <= RUN_INCOMPLETE);
    return state_names[state];
}

bool run_state_parse(struct kk_sv name, enum run_state *ret)
{
    for (int state = RUN_OPEN; state <= RUN_INCOMPLETE; state++) {
        if (!kk_sv_eq(name, kk_sv_of(state_names[state])))
            continue;
        *ret = (enum run_state)state;
        return true;
    }
    return false;
}

const char *run_trigger_name(enum run_trigger trigger)
{
    KK_ASSERT(trigger == RUN_BY_SCHEDULE || trigger == RUN_BY_PERSON);
    return trigger_names[trigger];
}

bool run_trigger_parse(struct kk_sv name, enum run_trigger *ret)
{
    for (int trigger = RUN_BY_SCHEDULE; trigger <= RUN_BY_PERSON; trigger++) {
        if (!kk_sv_eq(name, kk_sv_of(trigger_names[trigger])))
            continue;
        *ret = (enum run_trigger)trigger;
        return true;
    }
    return false;
}

/* Items move between pages while one reads, so a first mismatch is read once more before it counts (design.md 6). */
enum run_next run_next(const struct run *run)
{
    if (run->list_pass > 0 && run->list_failed == 0 && run->item_count >= 0 && run->seen_count == run->item_count)
        return RUN_END_COMPLETE;
    return run->list_pass == 1 ? RUN_READ_LIST_AGAIN : RUN_END_INCOMPLETE;
}
