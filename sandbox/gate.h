/* sandbox/gate.h: who may come in: guest tokens bound to their user agent, and a limit on the requests of each agent.
 * Pure: the time comes in with every call and is taken as never going back.
 *
 * The limit is a sliding log and exact: a request is let in when fewer than limit were let in during the window that
 * ends now. A request exactly one window old no longer counts. Requests that were refused take no place, but are
 * counted in the busiest window, because they left the crawler all the same. */
#ifndef SANDBOX_GATE_H
#define SANDBOX_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

#define GATE_AGENTS_MAX 20000
#define GATE_UA_BYTES 513
#define GATE_TOKENS_MAX 65536 /* remembered; of more, the oldest are forgotten and then unknown */
#define GATE_TOKEN_BYTES 256
#define GATE_ARRIVALS_MAX 65536 /* of one agent in one window; past it the busiest window is a lower bound */

struct gate_conf {
    int64_t limit; /* requests in a window; 0: no limit */
    int64_t window_ms, token_life_ms;
    uint64_t seed; /* of the tokens */
};

struct gate_agent {
    char user_agent[GATE_UA_BYTES];
    int64_t requests, refused;       /* all that came; those of them over the limit */
    int64_t dead_token_uses;         /* a token was sent again after its 429 (R2) */
    int64_t busiest, busiest_end_ms; /* most requests in any window, refused ones too; when that window ended */
    bool is_busiest_floor;           /* there were more than could be counted */
    int64_t *let_in;                 /* the last limit requests that were let in, a ring */
    int64_t let_in_count;
    int64_t *arrival; /* all requests of the last window, a ring */
    uint32_t arrival_cap, arrival_first, arrival_count;
};

struct gate;
struct gate *gate_create(const struct gate_conf *conf);
void gate_destroy(struct gate *gate); /* NULL is fine */

/* The agent of that name, made where it is new; -1: there are too many, or the name is too long. */
int gate_agent(struct gate *gate, struct kk_sv user_agent);
int gate_agent_count(const struct gate *gate);
const struct gate_agent *gate_agent_at(const struct gate *gate, int agent);

/* A request came. True: within the limit. False: *reterr_wait_ms until one would be. */
bool gate_arrive(struct gate *gate, int agent, int64_t now_ms, int64_t *reterr_wait_ms);

/* A new token of three base64url parts. */
void gate_issue(struct gate *gate, int agent, int64_t now_ms, char ret_token[GATE_TOKEN_BYTES]);

enum gate_pass {
    GATE_OPEN,
    GATE_NO_TOKEN,    /* no Authorization, or not "Bearer …": 400 */
    GATE_COOKIE,      /* the token came as a cookie: 400 */
    GATE_UNKNOWN,     /* never issued, or forgotten: 401 */
    GATE_EXPIRED,     /* 401 */
    GATE_DEAD,        /* saw a 429: 401, and a violation */
    GATE_REVOKED,     /* 401 */
    GATE_OTHER_AGENT, /* issued to somebody else: 403 */
};
/* What the request carries, before anything is decided. *ret_token: the token's number, or -1. */
enum gate_pass gate_look(const struct gate *gate, int agent, struct kk_sv authorization, struct kk_sv cookie,
                         int64_t now_ms, int64_t *ret_token);
void gate_count_dead_use(struct gate *gate, int agent);
void gate_kill(struct gate *gate, int agent, int64_t token); /* it saw a 429; another agent's, or -1: nothing */
void gate_revoke(struct gate *gate, int64_t token);

#endif
