/* core/agent_state.h: spec A4, whole. docs/states/agent.mmd is printed from this table. */
#ifndef KK_CORE_AGENT_STATE_H
#define KK_CORE_AGENT_STATE_H

#include <stdbool.h>
#include <stdio.h>

#include "base/bytes.h"

// clang-format off
#define AGENT_STATES(X) X(IDLE) X(ACTIVE) X(RATE_LIMITED) X(DISABLED) X(RECOVERED)
#define AGENT_EVENTS(X) X(GOT_TOKEN) X(EMPTIED) X(REFILLED) X(BANNED) X(RESTED) X(ENABLED)
#define AGENT_MOVES(X)                                                                       \
    /* from          on         to            because */                                     \
    X(IDLE,          GOT_TOKEN, ACTIVE,       "the site gave it a token")                    \
    X(RECOVERED,     GOT_TOKEN, ACTIVE,       "the site gave it a new token")                \
    X(ACTIVE,        GOT_TOKEN, ACTIVE,       "its token was renewed")                       \
    X(RATE_LIMITED,  GOT_TOKEN, RATE_LIMITED, "its token was renewed with its last request") \
    X(ACTIVE,        EMPTIED,   RATE_LIMITED, "its bucket is empty")                         \
    X(RATE_LIMITED,  REFILLED,  ACTIVE,       "a token of its bucket came back")             \
    X(IDLE,          BANNED,    DISABLED,     "429, a challenge, refused twice, or by hand") \
    X(ACTIVE,        BANNED,    DISABLED,     "429, a challenge, refused twice, or by hand") \
    X(RATE_LIMITED,  BANNED,    DISABLED,     "429, a challenge, refused twice, or by hand") \
    X(RECOVERED,     BANNED,    DISABLED,     "429, a challenge, refused twice, or by hand") \
    X(DISABLED,      RESTED,    RECOVERED,    "its cool-down is over (A6)")                  \
    X(DISABLED,      ENABLED,   RECOVERED,    "an operator enabled it")
// clang-format on

#define X(state) AGENT_##state,
enum agent_state { AGENT_NONE, AGENT_STATES(X) AGENT_STATE_COUNT };
#undef X
#define X(event) AGENT_ON_##event,
enum agent_event { AGENT_EVENTS(X) AGENT_EVENT_COUNT };
#undef X

enum agent_state agent_next(enum agent_state from, enum agent_event on); /* AGENT_NONE: no such arrow */
const char *agent_state_name(enum agent_state state);
bool agent_state_parse(struct kk_sv name, enum agent_state *ret);
const char *agent_event_name(enum agent_event event);
void agent_states_print(FILE *out);

#endif
