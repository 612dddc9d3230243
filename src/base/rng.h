/* base/rng.h: chance comes in through the door, so that a seed can replay it. */
#ifndef KK_BASE_RNG_H
#define KK_BASE_RNG_H

#include <stdbool.h>
#include <stdint.h>

struct kk_rng {
    uint64_t (*next)(void *ctx);
    void *ctx;
};
static inline uint64_t kk_rng_next(const struct kk_rng *rng)
{
    return rng->next(rng->ctx);
}
/* Uniform in [0, bound), without modulo bias; bound > 0. */
uint64_t kk_rng_below(const struct kk_rng *rng, uint64_t bound);
/* True with probability num / den. */
bool kk_rng_chance(const struct kk_rng *rng, uint64_t num, uint64_t den);

/* A seeded generator (SplitMix64: https://doi.org/10.1145/2714064.2660195) for simulator, sandbox and tests. */
struct kk_rng_seeded {
    uint64_t state;
};
struct kk_rng kk_rng_from_seed(struct kk_rng_seeded *keeps, uint64_t seed);

#endif
