/* contract/store_contract.h: what every store must do (ports/store.h). */
#ifndef KK_TESTS_STORE_CONTRACT_H
#define KK_TESTS_STORE_CONTRACT_H

#include "base/clock.h"
#include "ports/store.h"

struct store_world {
    void (*make)(void *ctx); /* an empty database */
    /* One more connection to it, not migrated. Fails the test when it cannot be had. */
    struct store *(*open)(void *ctx, const struct kk_clock *clock);
    void (*remove)(void *ctx);
    void *ctx;
};
/* Gives the number of tests that failed. */
int store_contract_run(const char *name, const struct store_world *world);

#endif
