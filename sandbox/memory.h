/* sandbox/memory.h: memory that is always there. The sandbox is a tool for tests: where the machine has none left, it
 * stops with a sentence instead of serving a half-made world. */
#ifndef SANDBOX_MEMORY_H
#define SANDBOX_MEMORY_H

#include <stddef.h>

#include "base/bytes.h"

void *memory_new(size_t count, size_t bytes);             /* zeroed; free() */
void *memory_grow(void *old, size_t count, size_t bytes); /* not zeroed; old may be NULL; free() */

struct memory_pool { /* texts that live as long as the world; a zeroed one is empty */
    struct memory_block *block;
};
const char *memory_text(struct memory_pool *pool, struct kk_sv text); /* a copy, with a NUL */
void memory_pool_done(struct memory_pool *pool);

#endif
