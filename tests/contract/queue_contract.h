/* contract/queue_contract.h: what every queue must do (ports/queue.h). */
#ifndef KK_TESTS_QUEUE_CONTRACT_H
#define KK_TESTS_QUEUE_CONTRACT_H

#include "ports/queue.h"

struct queue_world {
    void (*make)(void *ctx); /* an empty queue */
    /* That queue, also beside another that is open. Fails the test when it cannot be had. */
    struct queue *(*open)(void *ctx, const struct queue_rules *rules);
    void (*pass)(void *ctx, int64_t ms); /* time goes by */
    void (*remove)(void *ctx);
    void *ctx;
    bool has_dedup;         /* one message of a key at a time */
    bool is_fifo;           /* in order, while nothing comes back */
    bool has_loose_handles; /* an emulator that takes an old handle for a newer receive; AWS does not promise either */
    int64_t tick_ms;        /* the smallest time it knows */
};
/* Gives the number of tests that failed. */
int queue_contract_run(const char *name, const struct queue_world *world);

#endif
