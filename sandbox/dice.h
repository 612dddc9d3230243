/* sandbox/dice.h: one number out of two, so that everything in the world follows from its seed and from where it
 * stands, and not from the order in which it was asked for. Streams of numbers come from base/rng.h. */
#ifndef SANDBOX_DICE_H
#define SANDBOX_DICE_H

#include <stdint.h>

#include "base/bytes.h"

/* SplitMix64's finisher over both. */
static inline uint64_t dice_mix(uint64_t a, uint64_t b)
{
    uint64_t z = a + UINT64_C(0x9e3779b97f4a7c15) * (b + 1);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* FNV-1a: a number for a name. */
static inline uint64_t dice_text(struct kk_sv text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < text.len; i++)
        hash = (hash ^ (unsigned char)text.ptr[i]) * UINT64_C(0x100000001b3);
    return hash;
}

#endif
