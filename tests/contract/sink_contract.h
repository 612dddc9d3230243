/* contract/sink_contract.h: what every sink must do (ports/sink.h). */
#ifndef KK_TESTS_SINK_CONTRACT_H
#define KK_TESTS_SINK_CONTRACT_H

#include "ports/sink.h"

struct sink_world {
    void (*make)(void *ctx);         /* another side that has nothing yet */
    struct sink *(*open)(void *ctx); /* towards it, also again after a close */
    void (*remove)(void *ctx);
    void (*turn)(void *ctx);                         /* lets time pass and tells what came */
    void (*arrived)(void *ctx, struct kk_buf *out);  /* all that the other side has, a line for each event, in order */
    void (*set_failing)(void *ctx, bool is_failing); /* the other side takes nothing, or everything again */
    void *ctx;
};
/* Gives the number of tests that failed. */
int sink_contract_run(const char *name, const struct sink_world *world);

#endif
