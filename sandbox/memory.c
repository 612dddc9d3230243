#include "sandbox/memory.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

#define BLOCK_BYTES ((size_t)64 * 1024)

struct memory_block {
    struct memory_block *older;
    size_t used, bytes;
    char text[];
};

void *memory_new(size_t count, size_t bytes)
{
    void *memory = calloc(count ? count : 1, bytes);
    KK_ASSERT(memory != NULL && "the sandbox has no memory left");
    return memory;
}

void *memory_grow(void *old, size_t count, size_t bytes)
{
    void *memory = reallocarray(old, count, bytes);
    KK_ASSERT(memory != NULL && "the sandbox has no memory left");
    return memory;
}

const char *memory_text(struct memory_pool *pool, struct kk_sv text)
{
    size_t need = text.len + 1;
    struct memory_block *block = pool->block;

    if (!block || block->bytes - block->used < need) {
        size_t bytes = need > BLOCK_BYTES ? need : BLOCK_BYTES;

        block = memory_new(1, sizeof(*block) + bytes);
        block->bytes = bytes;
        block->older = pool->block;
        pool->block = block;
    }

    char *copy = block->text + block->used;

    if (text.len)
        memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    block->used += need;
    return copy;
}

void memory_pool_done(struct memory_pool *pool)
{
    while (pool->block) {
        struct memory_block *older = pool->block->older;

        free(pool->block);
        pool->block = older;
    }
}
