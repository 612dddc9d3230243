/* contract/limiter_contract.h: what every limiter must do (ports/limiter.h). */
#ifndef KK_TESTS_LIMITER_CONTRACT_H
#define KK_TESTS_LIMITER_CONTRACT_H

#include "ports/limiter.h"

struct limiter_world {
    void (*make)(void *ctx); /* a limiter that knows nothing */
    /* That limiter, also beside another that is open. Fails the test when it cannot be had. */
    struct limiter *(*open)(void *ctx, const struct limiter_rules *rules);
    int64_t (*now_ms)(void *ctx);             /* true time, in its own counting */
    void (*pass)(void *ctx, int64_t ms);      /* true time goes by */
    void (*jump_wall)(void *ctx, int64_t ms); /* the wall clock alone is set; NULL: it plays no part */
    int64_t (*wall_ms)(void *ctx);
    void (*remove)(void *ctx); /* every limiter is closed by then */
    void *ctx;
};
/* Gives the number of tests that failed. */
int limiter_contract_run(const char *name, const struct limiter_world *world);
/* The part with the oracle: any order of things, from printed seeds. */
int limiter_oracle_run(const char *name, const struct limiter_world *world);

#endif
