#include "core/agent_state.h"

#include "base/assert.h"

static const unsigned char next_state[AGENT_STATE_COUNT][AGENT_EVENT_COUNT] = {
#define X(from, on, to, because) [AGENT_##from][AGENT_ON_##on] = AGENT_##to,
    AGENT_MOVES(X)
#undef X
};

enum agent_state agent_next(enum agent_state from, enum agent_event on)
{
    KK_ASSERT((unsigned)from < AGENT_STATE_COUNT && (unsigned)on < AGENT_EVENT_COUNT);
    return (enum agent_state)next_state[from][on];
}

static const char *const state_names[AGENT_STATE_COUNT] = {
#define X(state) [AGENT_##state] = #state,
    [AGENT_NONE] = "NONE", AGENT_STATES(X)
#undef X
};

const char *agent_state_name(enum agent_state state)
{
    KK_ASSERT((unsigned)state < AGENT_STATE_COUNT);
    return state_names[state];
}

bool agent_state_parse(struct kk_sv name, enum agent_state *ret)
{
    for (int state = AGENT_NONE + 1; state < AGENT_STATE_COUNT; state++) {
        if (!kk_sv_eq(name, kk_sv_of(state_names[state])))
            continue;
        *ret = (enum agent_state)state;
        return true;
    }
    return false;
}

const char *agent_event_name(enum agent_event event)
{
    static const char *const names[AGENT_EVENT_COUNT] = {
#define X(on) [AGENT_ON_##on] = #on,
        AGENT_EVENTS(X)
#undef X
    };

    KK_ASSERT((unsigned)event < AGENT_EVENT_COUNT);
    return names[event];
}

void agent_states_print(FILE *out)
{
    fputs("stateDiagram-v2\n"
          "    [*] --> IDLE\n",
          out);
#define X(from, on, to, because) fputs("    " #from " --> " #to " : " because "\n", out);
    AGENT_MOVES(X)
#undef X
}
