/* core/task_state.h: spec K2, whole. Nothing else moves a task. docs/states/task.mmd is printed from this table. */
#ifndef KK_CORE_TASK_STATE_H
#define KK_CORE_TASK_STATE_H

#include <stdbool.h>
#include <stdio.h>

#include "base/bytes.h"

// clang-format off
#define TASK_STATES(X) X(WAITING) X(PUBLISHED) X(RUNNING) X(SUCCESS) X(FAILED) X(TIMEOUT) X(RETRY)
#define TASK_EVENTS(X) X(RELAYED) X(TAKEN) X(FINISHED) X(BROKE) X(EXPIRED) X(SPARED)
#define TASK_MOVES(X)                                            \
    /* from      on        to         because */                 \
    X(WAITING,   RELAYED,  PUBLISHED, "the outbox relayed it")   \
    X(PUBLISHED, TAKEN,    RUNNING,   "a worker took it")        \
    X(RUNNING,   FINISHED, SUCCESS,   "done")                    \
    X(RUNNING,   BROKE,    FAILED,    "an error")                \
    X(RUNNING,   EXPIRED,  TIMEOUT,   "it took too long")        \
    X(FAILED,    SPARED,   RETRY,     "it may be tried again")   \
    X(TIMEOUT,   SPARED,   RETRY,     "it may be tried again")   \
    X(RETRY,     RELAYED,  PUBLISHED, "published again")
// clang-format on

/* TASK_NONE is 0 and no state, so zeroed memory never looks like WAITING. */
#define X(state) TASK_##state,
enum task_state { TASK_NONE, TASK_STATES(X) TASK_STATE_COUNT };
#undef X
#define X(event) TASK_ON_##event,
enum task_event { TASK_EVENTS(X) TASK_EVENT_COUNT };
#undef X

/* TASK_NONE: the table has no such arrow. */
enum task_state task_next(enum task_state from, enum task_event on);
const char *task_state_name(enum task_state state); /* "WAITING"; "NONE" */
bool task_state_parse(struct kk_sv name, enum task_state *ret);
const char *task_event_name(enum task_event event);
void task_states_print(FILE *out);

#endif
