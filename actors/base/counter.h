/* SPDX-License-Identifier: MIT */
/*
 * Counters that one thread writes and any may read, and counters that several
 * write. Relaxed throughout: they order nothing; sums agree when nothing runs.
 */
#ifndef AKT_BASE_COUNTER_H
#define AKT_BASE_COUNTER_H

#include <stdatomic.h>
#include <stdint.h>

typedef _Atomic uint64_t akti_counter;

/* By the one thread that writes it: no locked instruction. */
static inline void
akti_counter_add(akti_counter *c, uint64_t n)
{
    atomic_store_explicit(c, atomic_load_explicit(c, memory_order_relaxed) + n,
                          memory_order_relaxed);
}

/* By any thread. */
static inline void
akti_counter_add_shared(akti_counter *c, uint64_t n)
{
    atomic_fetch_add_explicit(c, n, memory_order_relaxed);
}

static inline uint64_t
akti_counter_get(akti_counter *c)
{
    return atomic_load_explicit(c, memory_order_relaxed);
}

#endif
