/* app/claim.h: from grants to requests: who may send, which task it sends, and the sending. */
#ifndef KK_APP_CLAIM_H
#define KK_APP_CLAIM_H

#include "app/work.h"

#define IDLE_ASK_MS INT64_C(250) /* an empty queue is looked at again; a message of this process ends the wait */

/* One transaction of the worker. What is in here is forgotten when it rolls back. */
struct batch {
    int64_t now_ms, mono_ms;
    size_t *settled; /* slots whose answer it settles */
    bool *is_lost;
    size_t settled_count;
    struct limiter_report *reports;
    size_t report_count;
    bool was_take;    /* grants were asked for, not only reported */
    bool was_asked;   /* the limiter took the reports */
    bool was_limiter; /* it was the limiter that failed */
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
    bool is_queue_empty;
    int64_t wait_ms;     /* the limiter's: how long until another agent may send */
    int64_t issue_at_ms; /* monotonic: no token issue before */
};
enum kk_code claim_create_batch(size_t slots, struct batch **ret_batch, struct kk_err *err);
void claim_destroy_batch(struct batch *batch); /* NULL is fine */
void claim_reset_batch(struct app *app, struct batch *batch);

/* Inside the transaction: reports, redirect hops, grants, messages, claims. may_take false: reports and hops only. */
enum kk_code claim_ask(struct app *app, struct batch *batch, bool may_take, struct kk_err *err);
/* After it: sends what was claimed. */
void claim_after_commit(struct app *app, struct batch *batch);
/* Tells the limiter with the next ask that the job's grant is over, or was never used. */
void claim_report(struct work *work, const struct job *job, bool was_sent);

#endif
