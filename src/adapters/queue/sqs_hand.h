/* adapters/queue/sqs_hand.h: the messages that a process has received and is not done with. Pure: no I/O, no clock.
 *
 * A message is HERE (nobody took it yet) or OUT (pulled). Each is hidden from others for a short time, which is made
 * longer while it is in hand, up to a limit from its receive: so a process that dies gives its messages back soon, and
 * one that hangs gives them back too. */
#ifndef KK_ADAPTERS_QUEUE_SQS_HAND_H
#define KK_ADAPTERS_QUEUE_SQS_HAND_H

#include "ports/queue.h"

struct sqs_hand; /* sqs_hand_destroy() */

struct sqs_hand_rules {
    size_t max;          /* messages */
    int64_t hide_ms;     /* for so long at a time */
    int64_t hide_max_ms; /* from the receive on; then it is let go */
};
enum kk_code sqs_hand_create(const struct sqs_hand_rules *rules, struct sqs_hand **ret_hand, struct kk_err *err);
void sqs_hand_destroy(struct sqs_hand *hand); /* NULL is fine */

size_t sqs_hand_room(const struct sqs_hand *hand);
/* There is room. since_ms: when the receive began, before which it cannot have been hidden. */
void sqs_hand_add(struct sqs_hand *hand, const struct queue_msg *msg, int64_t since_ms);
/* HERE → OUT, the one that waits longest first. */
size_t sqs_hand_pull(struct sqs_hand *hand, struct queue_msg *ret_msgs, size_t max, int64_t now_ms);
/* OUT → HERE, from at_ms on. False: it is not in hand. */
bool sqs_hand_keep(struct sqs_hand *hand, const char *handle, int64_t at_ms);
/* It is done with. False: it is not in hand any more. */
bool sqs_hand_drop(struct sqs_hand *hand, const char *handle);
/* How many are HERE now, and when the next one will be (INT64_MAX: none). */
size_t sqs_hand_here(const struct sqs_hand *hand, int64_t now_ms, int64_t *ret_next_at_ms);
/* Up to max that must be hidden for longer now; counts as done. Those past the limit are dropped. */
size_t sqs_hand_due(struct sqs_hand *hand, int64_t now_ms, char (*ret_handles)[QUEUE_HANDLE_BYTES], size_t max);
/* One that is HERE, whatever its time, and drops it. False: none. */
bool sqs_hand_take_back(struct sqs_hand *hand, char ret_handle[QUEUE_HANDLE_BYTES]);

#endif
