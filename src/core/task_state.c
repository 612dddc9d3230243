#include "core/task_state.h"

#include "base/assert.h"

static const unsigned char next_state[TASK_STATE_COUNT][TASK_EVENT_COUNT] = {
#define X(from, on, to, because) [TASK_##from][TASK_ON_##on] = TASK_##to,
    TASK_MOVES(X)
#undef X
};

enum task_state task_next(enum task_state from, enum task_event on)
{
    KK_ASSERT((unsigned)from < TASK_STATE_COUNT && (unsigned)on < TASK_EVENT_COUNT);
    return (enum task_state)next_state[from][on];
}

static const char *const state_names[TASK_STATE_COUNT] = {
#define X(state) [TASK_##state] = #state,
    [TASK_NONE] = "NONE", TASK_STATES(X)
#undef X
};

const char *task_state_name(enum task_state state)
{
    KK_ASSERT((unsigned)state < TASK_STATE_COUNT);
    return state_names[state];
}

bool task_state_parse(struct kk_sv name, enum task_state *ret)
{
    for (int state = TASK_NONE + 1; state < TASK_STATE_COUNT; state++) {
        if (!kk_sv_eq(name, kk_sv_of(state_names[state])))
            continue;
        *ret = (enum task_state)state;
        return true;
    }
    return false;
}

const char *task_event_name(enum task_event event)
{
    static const char *const names[TASK_EVENT_COUNT] = {
#define X(on) [TASK_ON_##on] = #on,
        TASK_EVENTS(X)
#undef X
    };

    KK_ASSERT((unsigned)event < TASK_EVENT_COUNT);
    return names[event];
}

void task_states_print(FILE *out)
{
    fputs("stateDiagram-v2\n"
          "    [*] --> WAITING\n",
          out);
#define X(from, on, to, because) fputs("    " #from " --> " #to " : " because "\n", out);
    TASK_MOVES(X)
#undef X
    fputs("    SUCCESS --> [*]\n", out);
}
