/* adapters/limiter/limiter_rows.h: the limiter's rows, as one turn sees them. Nothing here outlives the turn, so that a
 * rollback leaves nothing behind and two processes are right on one store. */
#ifndef KK_ADAPTERS_LIMITER_LIMITER_ROWS_H
#define KK_ADAPTERS_LIMITER_LIMITER_ROWS_H

#include "adapters/store/db.h"
#include "core/bucket.h"
#include "ports/limiter.h"

/* A millisecond has a width: a request that was over within millisecond t and one that is sent within t + window can be
 * nearly one millisecond less than the window apart. One more makes the promise hold between any two instants. */
#define LIMITER_TICK_MS INT64_C(1)
#define LIMITER_SITE_WINDOW_MS INT64_C(1000)

struct limiter_row { /* one agent. Times are the limiter's own */
    int64_t agent_id, grant_id;
    int64_t last_used_at_ms;
    int64_t busy_until_ms; /* of the open grant: the request is over by then, reported or not */
    int64_t next_at_ms;    /* the gap after what was sent */
    int64_t held_until_ms;
    int64_t pending_at_ms; /* when the open grant's token returns, if nobody reports; 0: no grant is open */
    struct bucket bucket;
    bool is_silent; /* a grant was never reported, and none since */
    bool is_asked;  /* may be chosen */
    bool is_stored; /* has a row in the database */
    bool is_changed;
};
struct limiter_clocks { /* as their reader finds them now, and as it found them when it began to ask */
    int64_t wall_ms, mono_ms;
    int64_t opened_wall_ms, opened_mono_ms;
};
struct limiter_pool {
    int64_t now_ms, wall_ms, mono_ms;
    struct bucket site;
    bool is_changed;
};
struct limiter_rows {        /* owned: limiter_rows_done() */
    struct limiter_row *row; /* by agent_id, each once */
    size_t count;
    int64_t busy_count;    /* agents busy at pool.now_ms, of all there are */
    int64_t busy_until_ms; /* when the first of them is free at the latest; INT64_MAX: none is busy */
    struct limiter_pool pool;
};

/* The rows of all agents that the ask names; a new agent's is empty. pool.now_ms is the limiter's time. Rows of another
 * window are brought to this one. */
enum kk_code limiter_rows_load(struct db *db, const struct limiter_rules *rules, const struct limiter_ask *ask,
                               struct limiter_clocks clocks, struct limiter_rows *ret, struct kk_err *err);
enum kk_code limiter_rows_save(struct db *db, const struct limiter_rules *rules, struct limiter_rows *rows,
                               struct kk_err *err);
void limiter_rows_done(struct limiter_rows *rows);
struct limiter_row *limiter_rows_find(struct limiter_rows *rows, int64_t agent_id); /* NULL: not among them */
/* The agents whose grant is open. Gives *ret_ids (free). */
enum kk_code limiter_rows_open(struct db *db, int64_t **ret_ids, size_t *ret_count, struct kk_err *err);

#endif
