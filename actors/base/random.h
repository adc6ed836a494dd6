/* SPDX-License-Identifier: MIT */
/*
 * The random numbers of a system, from one seed: SplitMix64. Each context has
 * its own stream, so that no two threads share a word. Not for keys.
 */
#ifndef AKT_BASE_RANDOM_H
#define AKT_BASE_RANDOM_H

#include "actors/base/hash.h"

#include <stdint.h>

struct akti_random {
    uint64_t state;
};

static inline uint64_t
akti_random_next(struct akti_random *r)
{
    uint64_t value = akti_hash_mix(r->state, 0);

    r->state += UINT64_C(0x9e3779b97f4a7c15);
    return value;
}

/* A number below n; n > 0. Multiply-shift: no division, and no bias to see. */
static inline uint32_t
akti_random_below(struct akti_random *r, uint32_t n)
{
    return (uint32_t)(((akti_random_next(r) >> 32) * n) >> 32);
}

#endif
