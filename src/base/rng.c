#include "base/rng.h"

#include "base/assert.h"

uint64_t kk_rng_below(const struct kk_rng *rng, uint64_t bound)
{
    KK_ASSERT(bound > 0);

    /* Numbers under this one would make the first remainders likelier (2^64 is no multiple of bound): draw again.
     * Each draw is kept with more than one half, so a generator that fails 128 times in a row is broken. */
    uint64_t first_fair = (0 - bound) % bound;

    for (int tries = 0; tries < 128; tries++) {
        uint64_t drawn = kk_rng_next(rng);

        if (drawn >= first_fair)
            return drawn % bound;
    }
    KK_UNREACHABLE();
}

bool kk_rng_chance(const struct kk_rng *rng, uint64_t num, uint64_t den)
{
    return kk_rng_below(rng, den) < num;
}

static uint64_t splitmix64(void *ctx)
{
    struct kk_rng_seeded *self = ctx;
    uint64_t z = (self->state += UINT64_C(0x9E3779B97F4A7C15));

    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

struct kk_rng kk_rng_from_seed(struct kk_rng_seeded *keeps, uint64_t seed)
{
    keeps->state = seed;
    return (struct kk_rng){.next = splitmix64, .ctx = keeps};
}
