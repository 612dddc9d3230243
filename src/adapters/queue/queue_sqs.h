/* adapters/queue/queue_sqs.h: the queue at AWS (queue.url "sqs://REGION/QUEUE?endpoint=…"), standard or FIFO. */
#ifndef KK_ADAPTERS_QUEUE_QUEUE_SQS_H
#define KK_ADAPTERS_QUEUE_QUEUE_SQS_H

#include "base/clock.h"
#include "base/rng.h"
#include "ports/queue.h"

#define QUEUE_SQS_CALLS_MAX 16 /* in a loop, at once */

struct aws;
struct http;

/* Keeps aws, clock and rng. rules->max_receives is what the queue's own redrive policy ought to say. Asks nothing of
 * AWS yet. Gives *ret_queue (queue_close). KK_BAD_INPUT (the address), KK_NO_MEMORY. */
enum kk_code queue_sqs_open(struct aws *aws, struct kk_sv url, const struct queue_rules *rules,
                            const struct kk_clock *clock, const struct kk_rng *rng, struct queue **ret_queue,
                            struct kk_err *err);

/* From now on pull, ack and release only note what there is to do, and ask() and flush() let it be done among the
 * transfers of http (kept, outlives the queue), in whose loop the caller lives. max: messages in hand at once; wait_ms:
 * how long an empty queue lets a receive wait. KK_NO_MEMORY. */
enum kk_code queue_sqs_join_loop(struct queue *queue, struct http *http, size_t max, int64_t wait_ms,
                                 struct kk_err *err);

/* What the queue is like at AWS; for a person. Writes a sentence. KK_NOT_FOUND, KK_DENIED …: err says what to do;
 * KK_MISMATCH: it is there, but not as it should be or not for all that a worker does, and err says what is not. */
enum kk_code queue_sqs_check(struct queue *queue, char *ret_text, size_t text_bytes, struct kk_err *err);
/* Makes the queue and its dead-letter queue ("QUEUE-dead") where they are missing. */
enum kk_code queue_sqs_create(struct queue *queue, struct kk_err *err);

#endif
