/* ports/limiter.h: who may send now (A3, R1, design.md section 5).
 *
 * A grant lets one agent send one request, within grant_ttl. It makes the agent busy until it is reported over or given
 * back, or until grant_ttl + request_timeout have passed: one request at a time for each agent, on all machines. Its
 * token is out from the grant until one window after the request was over: over is when it is reported; a grant nobody
 * reported counts as over at the last moment it could have been (grant_ttl + request_timeout after it was taken).
 * Grants are durable before they are given, so a crash forgets none. Time is the limiter's own, which never goes back.
 * KK_UNAVAILABLE (and the store's codes): nothing was granted;
 * send nothing (fail closed). */
#ifndef KK_PORTS_LIMITER_H
#define KK_PORTS_LIMITER_H

#include "base/bytes.h"

struct limiter_rules {
    int64_t capacity, window_ms; /* 80 in 1 h */
    int64_t gap_ms;              /* smallest time between two requests of one agent; up to a quarter more by chance */
    int64_t grant_ttl_ms;        /* a grant older than this must not be used */
    int64_t request_timeout_ms;  /* a request is over by then, answered or not */
    int64_t site_inflight;       /* agents busy at once, for the whole site; 0: no cap */
    int64_t site_rate;           /* grants in any second, less those given back, for the whole site; 0: no cap */
};

struct limiter_grant {
    int64_t id; /* of this grant; unique for the agent */
    int64_t agent_id;
    int64_t tokens_left; /* in the agent's bucket, after this one */
    /* What came of the agent's request before is unknown: its grant was never reported, nor was any since. The answer
     * may have been a 429 that died with whoever heard it, so the agent's site token must not be sent any more (R2).
     * Every grant says so until one of them is reported. */
    bool is_after_silence;
};
struct limiter_report {
    int64_t grant_id, agent_id;
    bool was_sent;   /* false: nothing left; the token goes back at once */
    int64_t hold_ms; /* the agent may not send for so long from now (429, cool-down); 0: no hold */
};
struct limiter_ask {
    const struct limiter_report *reports; /* travel with the ask; done first; an unknown one is ignored */
    size_t report_count;
    const int64_t *agent_ids; /* who may be chosen */
    size_t agent_count;
    size_t want; /* grants, at most */
};
struct limiter_agent { /* for people and for A4's RATE_LIMITED */
    int64_t agent_id, tokens_left;
    int64_t free_at_ms; /* when a token returns, when none is left; 0: there are some. Wall clock */
    int64_t held_until_ms;
    bool is_busy;
};

struct limiter {
    const struct limiter_ops *ops;
};
struct limiter_ops {
    const char *name; /* "store", "redis" */
    /* Its calls join the store's open transaction: they count when that commits. False: they count at once, so only
     * what is committed may be reported. */
    bool joins_store;
    /* Required. Gives up to ask->want grants, each to another agent, the least recently used first. *ret_wait_ms: how
     * long until another agent may send (0 when want was met; INT64_MAX: not by waiting alone). */
    enum kk_code (*turn)(struct limiter *l, const struct limiter_ask *ask, struct limiter_grant *ret_grants,
                         size_t *ret_count, int64_t *ret_wait_ms, struct kk_err *err);
    /* Required. One more request by the agent that holds this grant (a redirect hop). KK_LIMITED: its bucket is empty,
     * or the grant is over. The grant then lives anew. */
    enum kk_code (*again)(struct limiter *l, const struct limiter_grant *grant, struct kk_err *err);
    /* Required. What is known of these agents. */
    enum kk_code (*look)(struct limiter *l, const int64_t *agent_ids, size_t count, struct limiter_agent *ret,
                         struct kk_err *err);
    /* Required. Ends a hold (an operator enabled the agent). */
    enum kk_code (*unhold)(struct limiter *l, int64_t agent_id, struct kk_err *err);
    /* Optional: NULL where several processes share the limiter. Every grant nobody reported counts as over now: whoever
     * held it is dead. */
    enum kk_code (*recover)(struct limiter *l, struct kk_err *err);
    /* Required. Takes l. */
    void (*close)(struct limiter *l);
};

static inline enum kk_code limiter_turn(struct limiter *l, const struct limiter_ask *ask,
                                        struct limiter_grant *ret_grants, size_t *ret_count, int64_t *ret_wait_ms,
                                        struct kk_err *err)
{
    return l->ops->turn(l, ask, ret_grants, ret_count, ret_wait_ms, err);
}
static inline enum kk_code limiter_again(struct limiter *l, const struct limiter_grant *grant, struct kk_err *err)
{
    return l->ops->again(l, grant, err);
}
static inline enum kk_code limiter_look(struct limiter *l, const int64_t *agent_ids, size_t count,
                                        struct limiter_agent *ret, struct kk_err *err)
{
    return l->ops->look(l, agent_ids, count, ret, err);
}
static inline enum kk_code limiter_unhold(struct limiter *l, int64_t agent_id, struct kk_err *err)
{
    return l->ops->unhold(l, agent_id, err);
}
static inline enum kk_code limiter_recover(struct limiter *l, struct kk_err *err)
{
    return l->ops->recover ? l->ops->recover(l, err) : KK_OK;
}
static inline void limiter_close(struct limiter *l)
{
    if (l)
        l->ops->close(l);
}

#endif
