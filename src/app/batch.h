/* app/batch.h: one transaction of the worker, as it is put together. */
#ifndef KK_APP_BATCH_H
#define KK_APP_BATCH_H

#include "app/app.h"
#include "ports/limiter.h"
#include "ports/queue.h"

/* What is in here is forgotten when the transaction rolls back. */
struct batch {
    int64_t now_ms, mono_ms;
    size_t *settled; /* slots whose answer it settles */
    bool *is_lost;
    size_t settled_count;
    struct limiter_report *reports;
    size_t report_count, ripe_count; /* ripe: the first ones, that the limiter may hear of now */
    bool was_take;                   /* grants were asked for, not only reported */
    bool was_asked;                  /* the limiter took the ripe reports */
    bool was_limiter;                /* it was the limiter that failed */
    struct limiter_grant *grants;
    size_t grant_count;
    size_t *ready, *needy; /* slots whose agent has a grant and a token, or a grant and no token */
    size_t ready_count, needy_count;
    struct queue_msg *msgs;
    size_t msg_count;
    size_t *started; /* slots to send, once the commit is in */
    size_t started_count;
    char (*drops)[QUEUE_HANDLE_BYTES]; /* messages whose task this transaction ends */
    size_t drop_count;
    struct limiter_report *unused; /* grants that no request needs */
    size_t unused_count;
    size_t *waiting, *freed; /* queue elsewhere: slots whose grant waits for a message; whose grant went back */
    size_t waiting_count, freed_count;
    bool is_queue_empty;
    int64_t wait_ms;     /* the limiter's: how long until another agent may send */
    int64_t issue_at_ms; /* monotonic: no token issue before */
};
/* Room for slots requests. Gives *ret_batch (batch_destroy). KK_NO_MEMORY. */
enum kk_code batch_create(size_t slots, struct batch **ret_batch, struct kk_err *err);
void batch_destroy(struct batch *batch); /* NULL is fine */
void batch_reset(struct batch *batch, int64_t now_ms, int64_t mono_ms);

#endif
