/* adapters/limiter/limiter_redis.h: the limiter that all machines share (limiter.url "redis:", "rediss:"). */
#ifndef KK_ADAPTERS_LIMITER_LIMITER_REDIS_H
#define KK_ADAPTERS_LIMITER_LIMITER_REDIS_H

#include "base/clock.h"
#include "base/rng.h"
#include "ports/limiter.h"

struct redis_settings;
struct store;

struct limiter_redis_options {
    const struct limiter_rules *rules;
    const struct redis_settings *redis;
    const struct kk_clock *clock;      /* for what people are shown */
    const struct kk_clock *test_clock; /* the limiter's time, instead of the server's; NULL but in tests */
    const struct kk_rng *rng;
};

/* Connects when it is first asked. Keeps store (migrated; it holds the record of grants that outlives a Redis that
 * forgets), the clocks and rng; copies the rest. Gives *ret_limiter (limiter_close). */
enum kk_code limiter_redis_open(struct store *store, const struct limiter_redis_options *options,
                                struct limiter **ret_limiter, struct kk_err *err);

#endif
