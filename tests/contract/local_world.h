/* contract/local_world.h: one store file and a clock that stands until it is moved, for what lives in the store. */
#ifndef KK_TESTS_LOCAL_WORLD_H
#define KK_TESTS_LOCAL_WORLD_H

#include "base/clock.h"
#include "ports/store.h"

#define LOCAL_STORES_MAX 64 /* the limiter's oracle starts many processes */

void local_make(void);
/* One more connection. local_remove() closes it. */
struct store *local_store(void);
void local_close_stores(void); /* all of them, as at the end of a process */
void local_remove(void);

extern int64_t local_wall_ms, local_mono_ms;
extern const struct kk_clock local_clock;
/* The same for a contract's world: its two clocks, and time that goes by on both. */
int64_t local_now(void *ctx);
int64_t local_wall(void *ctx);
void local_pass(void *ctx, int64_t ms);

#endif
