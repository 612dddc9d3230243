/* adapters/limiter/limiter_local.h: the limiter in the store (limiter.url "store:"). */
#ifndef KK_ADAPTERS_LIMITER_LIMITER_LOCAL_H
#define KK_ADAPTERS_LIMITER_LIMITER_LOCAL_H

#include "base/clock.h"
#include "base/rng.h"
#include "ports/limiter.h"

struct store;

/* Keeps store (migrated), clock and rng; they outlive it. Right with several processes on one store. Gives *ret_limiter
 * (limiter_close). */
enum kk_code limiter_local_open(struct store *store, const struct limiter_rules *rules, const struct kk_clock *clock,
                                const struct kk_rng *rng, struct limiter **ret_limiter, struct kk_err *err);

#endif
