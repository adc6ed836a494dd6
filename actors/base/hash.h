/* SPDX-License-Identifier: MIT */
/*
 * Mixing of 64-bit values: the finalizer of SplitMix64 (Steele, Lea, Flood,
 * "Fast splittable pseudorandom number generators", OOPSLA 2014). Used for
 * hashes of references and for the trace hash; not for keys.
 */
#ifndef AKT_BASE_HASH_H
#define AKT_BASE_HASH_H

#include <stdint.h>

static inline uint64_t
akti_hash_mix(uint64_t hash, uint64_t value)
{
    uint64_t z = hash + value + UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

#endif
