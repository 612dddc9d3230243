/* malloc() and its like for the whole program. Under a sanitizer the memory is still the sanitizer's, so leaks and
 * steps past an end are seen as ever. */
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>

#include <sqlite3.h>

#include "torture/fail.h"

/* clang-format off */
void *__interceptor_malloc(size_t bytes) __attribute__((weak));
void *__interceptor_calloc(size_t count, size_t bytes) __attribute__((weak));
void *__interceptor_realloc(void *old, size_t bytes) __attribute__((weak));
void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *old, size_t bytes);
/* clang-format on */

static bool is_refused(enum fail_kind kind)
{
    if (!fail_is_due(kind))
        return false;
    errno = ENOMEM;
    return true;
}

static void *real_malloc(size_t bytes)
{
    return __interceptor_malloc ? __interceptor_malloc(bytes) : __libc_malloc(bytes);
}

static void *real_realloc(void *old, size_t bytes)
{
    return __interceptor_realloc ? __interceptor_realloc(old, bytes) : __libc_realloc(old, bytes);
}

void *malloc(size_t bytes)
{
    return is_refused(FAIL_MEMORY) ? NULL : real_malloc(bytes);
}

void *calloc(size_t count, size_t bytes)
{
    if (is_refused(FAIL_MEMORY))
        return NULL;
    return __interceptor_calloc ? __interceptor_calloc(count, bytes) : __libc_calloc(count, bytes);
}

void *realloc(void *old, size_t bytes)
{
    return is_refused(FAIL_MEMORY) ? NULL : real_realloc(old, bytes);
}

/* ---- SQLite's ---- */

static void *sqlite_malloc(int bytes)
{
    return is_refused(FAIL_SQLITE_MEMORY) ? NULL : real_malloc((size_t)bytes);
}

static void *sqlite_realloc(void *old, int bytes)
{
    return is_refused(FAIL_SQLITE_MEMORY) ? NULL : real_realloc(old, (size_t)bytes);
}

static int sqlite_size(void *memory)
{
    return (int)malloc_usable_size(memory);
}

static int round_up(int bytes)
{
    return (bytes + 7) & ~7;
}

static int nothing_to_begin(void *ctx)
{
    (void)ctx;
    return SQLITE_OK;
}

static void nothing_to_end(void *ctx)
{
    (void)ctx;
}

void fail_sqlite_apart(void)
{
    static const sqlite3_mem_methods methods = {.xMalloc = sqlite_malloc,
                                                .xFree = free,
                                                .xRealloc = sqlite_realloc,
                                                .xSize = sqlite_size,
                                                .xRoundup = round_up,
                                                .xInit = nothing_to_begin,
                                                .xShutdown = nothing_to_end};

    if (sqlite3_config(SQLITE_CONFIG_MALLOC, &methods) || sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0))
        abort(); /* it was used before */
}
