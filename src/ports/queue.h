/* ports/queue.h: at-least-once delivery of small messages between processes, with SQS's meaning.
 *
 * A message that is pulled is hidden for visibility_ms and comes again unless it is acked; after max_receives it goes
 * to the dead-letter queue (K3). It may come twice, late, and in any order, so consumers are idempotent (T3). Calls
 * block for one local commit or one round trip. The embedded adapter lives in the store and joins its open transaction,
 * so that push, pull and ack commit with the data beside them; a caller must not rely on it: push before the commit,
 * ack after it. A queue that is elsewhere (joins_store false) is not called inside a transaction, but for what does not
 * wait: in a worker's loop, pull, ack and release. All calls: KK_UNAVAILABLE, KK_NO_MEMORY, and the store's codes. */
#ifndef KK_PORTS_QUEUE_H
#define KK_PORTS_QUEUE_H

#include "base/assert.h"
#include "base/bytes.h"

#define QUEUE_HANDLE_BYTES 1025
#define QUEUE_BODY_MAX_BYTES 2048

struct queue_item {
    struct kk_sv dedup_key; /* the embedded queue holds one message of a key at a time; others may ignore it */
    struct kk_sv group;     /* the seller; for queues that keep order in a group */
    struct kk_sv body;
    struct kk_sv trace_id; /* core/trace.h; goes along where the queue has room for it beside the body */
};
struct queue_msg {
    char handle[QUEUE_HANDLE_BYTES]; /* of this receive */
    char body[QUEUE_BODY_MAX_BYTES + 1];
    size_t body_len;
    int receive_count; /* 1: the first time */
};

struct queue_here {      /* what a loop has in hand of a queue that is elsewhere */
    size_t count;        /* messages that pull gives now */
    bool is_more_coming; /* without another ask */
    int64_t wait_ms;     /* until there is something to pull or to flush; INT64_MAX: not by waiting alone */
};

struct queue { /* an adapter embeds this as its first member */
    const struct queue_ops *ops;
};
struct queue_ops {
    const char *name; /* as in the config and the logs: "store", "sqs" */
    bool joins_store; /* its calls join the store's open transaction; ask, look and flush are NULL */
    /* Required. Borrows all. On failure some may have been sent. */
    enum kk_code (*push)(struct queue *q, const struct queue_item *items, size_t count, struct kk_err *err);
    /* Required. Gives up to max messages, *ret_count 0 when none is visible. Does not wait. */
    enum kk_code (*pull)(struct queue *q, struct queue_msg *ret_msgs, size_t max, size_t *ret_count,
                         struct kk_err *err);
    /* Required. The message will not come again; acking twice, or after the visibility time, is harmless. */
    enum kk_code (*ack)(struct queue *q, const char *handle, struct kk_err *err);
    /* Required. Visible again after delay_ms. */
    enum kk_code (*release)(struct queue *q, const char *handle, int64_t delay_ms, struct kk_err *err);
    /* Required. Takes up to max messages out of the dead-letter queue, for good once acked by ack_dead. */
    enum kk_code (*pull_dead)(struct queue *q, struct queue_msg *ret_msgs, size_t max, size_t *ret_count,
                              struct kk_err *err);
    enum kk_code (*ack_dead)(struct queue *q, const char *handle, struct kk_err *err);
    /* Required. Messages waiting (visible or hidden) and dead; about, for remote queues. */
    enum kk_code (*depth)(struct queue *q, int64_t *ret_waiting, int64_t *ret_dead, struct kk_err *err);
    /* Optional; all three or none, for a worker's loop, and none of them waits.
     * Lets so many messages come that max are here or on their way; pull gives them once they are here. */
    enum kk_code (*ask)(struct queue *q, size_t max, struct kk_err *err);
    void (*look)(struct queue *q, struct queue_here *ret);
    /* Sends what acks and time have brought. Fails with what went wrong since the last time, told once. */
    enum kk_code (*flush)(struct queue *q, struct kk_err *err);
    /* Required. Takes q. */
    void (*close)(struct queue *q);
};
struct queue_rules {
    int64_t visibility_ms; /* task.lease, and a little more */
    int max_receives;      /* 3 */
};

static inline enum kk_code queue_push(struct queue *q, const struct queue_item *items, size_t count, struct kk_err *err)
{
    return count ? q->ops->push(q, items, count, err) : KK_OK;
}
static inline enum kk_code queue_pull(struct queue *q, struct queue_msg *ret_msgs, size_t max, size_t *ret_count,
                                      struct kk_err *err)
{
    KK_ASSERT(max > 0);
    return q->ops->pull(q, ret_msgs, max, ret_count, err);
}
static inline enum kk_code queue_ack(struct queue *q, const char *handle, struct kk_err *err)
{
    return q->ops->ack(q, handle, err);
}
static inline enum kk_code queue_release(struct queue *q, const char *handle, int64_t delay_ms, struct kk_err *err)
{
    return q->ops->release(q, handle, delay_ms, err);
}
static inline enum kk_code queue_pull_dead(struct queue *q, struct queue_msg *ret_msgs, size_t max, size_t *ret_count,
                                           struct kk_err *err)
{
    return q->ops->pull_dead(q, ret_msgs, max, ret_count, err);
}
static inline enum kk_code queue_ack_dead(struct queue *q, const char *handle, struct kk_err *err)
{
    return q->ops->ack_dead(q, handle, err);
}
static inline enum kk_code queue_depth(struct queue *q, int64_t *ret_waiting, int64_t *ret_dead, struct kk_err *err)
{
    return q->ops->depth(q, ret_waiting, ret_dead, err);
}
static inline enum kk_code queue_ask(struct queue *q, size_t max, struct kk_err *err)
{
    return q->ops->ask(q, max, err);
}
static inline void queue_look(struct queue *q, struct queue_here *ret)
{
    q->ops->look(q, ret);
}
static inline enum kk_code queue_flush(struct queue *q, struct kk_err *err)
{
    return q->ops->flush ? q->ops->flush(q, err) : KK_OK;
}
static inline void queue_close(struct queue *q)
{
    if (q)
        q->ops->close(q);
}

#endif
