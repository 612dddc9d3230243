/* adapters/redis/redis_state.h: what a person should know of a Redis that counts requests (`kkachi doctor`). */
#ifndef KK_ADAPTERS_REDIS_REDIS_STATE_H
#define KK_ADAPTERS_REDIS_REDIS_STATE_H

#include "adapters/redis/redis.h"

struct redis_state {
    char version[32];
    char policy[32];               /* "noeviction"; any other may throw tokens away */
    bool has_aof, is_replica;      /* writes what happens to its disk; takes no writes */
    int64_t used_bytes, max_bytes; /* max_bytes 0: no limit */
    int64_t time_ms;               /* its clock's */
};

enum kk_code redis_read_state(struct redis *redis, struct redis_state *ret, struct kk_err *err);

#endif
