/* adapters/queue/queue_local.h: the queue in the store (queue.url "store:"). */
#ifndef KK_ADAPTERS_QUEUE_QUEUE_LOCAL_H
#define KK_ADAPTERS_QUEUE_QUEUE_LOCAL_H

#include "base/clock.h"
#include "ports/queue.h"

struct store;

/* Keeps store (migrated) and clock; both outlive it. Gives *ret_queue (queue_close). */
enum kk_code queue_local_open(struct store *store, const struct queue_rules *rules, const struct kk_clock *clock,
                              struct queue **ret_queue, struct kk_err *err);

#endif
