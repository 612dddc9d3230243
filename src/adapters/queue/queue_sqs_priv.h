/* adapters/queue/queue_sqs_priv.h: for the files of queue_sqs alone. */
#ifndef KK_ADAPTERS_QUEUE_QUEUE_SQS_PRIV_H
#define KK_ADAPTERS_QUEUE_QUEUE_SQS_PRIV_H

#include "adapters/aws/sqs.h"
#include "adapters/queue/queue_sqs.h"
#include "adapters/queue/sqs_hand.h"
#include "base/clock.h"

#define QUEUE_SQS_HIDE_MS KK_MINUTE_MS /* a message in hand is hidden for so long at a time */

enum flight_kind { FLIGHT_NONE, FLIGHT_FIND, FLIGHT_RECEIVE, FLIGHT_DELETE, FLIGHT_HIDE };
struct ack {
    struct sqs_handle handle;
    int tries;
};
struct flight {
    enum flight_kind kind;
    size_t count;                   /* messages asked for, or entries */
    int64_t since_ms;               /* monotonic */
    struct ack acks[SQS_BATCH_MAX]; /* of a DELETE */
};
struct queue_sqs {
    struct queue base;
    struct sqs live, dead;
    bool knows_dead, has_dead;
    struct queue_rules rules;
    const struct kk_clock *clock;
    const struct kk_rng *rng;
    /* in a loop */
    struct http *http; /* NULL: it is in none */
    struct http_owner owner;
    struct sqs_hand *hand;
    int64_t wait_ms, quiet_until_ms, acks_since_ms;
    struct flight flights[QUEUE_SQS_CALLS_MAX];
    struct ack *acks; /* ACKS_MAX */
    size_t ack_count;
    struct kk_err trouble; /* code KK_OK: none since flush() told it */
};

struct queue_sqs *queue_sqs_of(struct queue *q);

/* queue_sqs.c: one call and the wait for its answer. */
enum kk_code queue_sqs_change(struct sqs *from, const char *handle, bool is_delete, int64_t hide_ms,
                              struct kk_err *err);
/* The dead-letter queue is the one that the queue's redrive policy names. */
enum kk_code queue_sqs_find_dead(struct queue_sqs *self, struct sqs_state *ret_live, struct kk_err *err);

/* queue_sqs_loop.c: what does not wait. */
enum kk_code queue_sqs_ask(struct queue *q, size_t max, struct kk_err *err);
void queue_sqs_look(struct queue *q, struct queue_here *ret);
enum kk_code queue_sqs_flush(struct queue *q, struct kk_err *err);
void queue_sqs_note_ack(struct queue_sqs *self, const char *handle);
/* The last acks go out, and what nobody took is given back to others at once. Takes all of the loop's. */
void queue_sqs_leave_loop(struct queue_sqs *self);

#endif
