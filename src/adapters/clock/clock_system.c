#include "adapters/clock/clock_system.h"

#include <time.h>

#include <sys/random.h>

#include "base/assert.h"

static int64_t read_ms(clockid_t id)
{
    struct timespec now;

    KK_ASSERT(clock_gettime(id, &now) == 0);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t wall_ms(void *ctx)
{
    (void)ctx;
    return read_ms(CLOCK_REALTIME);
}

static int64_t mono_ms(void *ctx)
{
    (void)ctx;
    return read_ms(CLOCK_MONOTONIC);
}

struct kk_clock clock_system(void)
{
    return (struct kk_clock){.wall_ms = wall_ms, .mono_ms = mono_ms};
}

/* A call of the kernel for each number was 3 % of a crawl's time. So few bytes come whole, and without a wait once the
 * machine has started (getrandom(2)). */
static uint64_t next(void *ctx)
{
    static _Thread_local uint64_t pool[32]; /* 256 bytes */
    static _Thread_local size_t left;
    uint64_t number;

    (void)ctx;
    if (!left) {
        KK_ASSERT(getrandom(pool, sizeof(pool), 0) == (ssize_t)sizeof(pool));
        left = KK_COUNT(pool);
    }
    number = pool[--left];
    pool[left] = 0; /* it may become a secret, and is given once */
    return number;
}

struct kk_rng rng_system(void)
{
    return (struct kk_rng){.next = next};
}
