/* SPDX-License-Identifier: MIT */
/*
 * A lock of one word, for objects that are held for a few dozen instructions and
 * of which there are many. It costs one atomic operation, since giving it back is
 * a store: nobody has to be woken. Who finds it taken looks a few times more, then
 * lets others run, then naps (akti_thread_pause).
 *
 * A latch needs no end, so it may lie in a cell that others may still look at.
 */
#ifndef AKT_BASE_LATCH_H
#define AKT_BASE_LATCH_H

#include "actors/base/assert.h"
#include "actors/base/thread.h"

#include <stdatomic.h>
#include <stdint.h>

struct akti_latch {
    _Atomic uint32_t taken;
    enum akti_rank rank; /* immutable */
};

static inline void
akti_latch_init(struct akti_latch *l, enum akti_rank rank)
{
    atomic_init(&l->taken, 0);
    l->rank = rank;
}

/* Somebody else has it. */
void akti_latch_lock_slowly(struct akti_latch *l);

static inline void
akti_latch_lock(struct akti_latch *l)
{
    akti_rank_enter(l->rank);
    /* acquire: what was done under it; pairs: akti_latch_unlock */
    if (AKTI_UNLIKELY(
            atomic_exchange_explicit(&l->taken, 1, memory_order_acquire)
            != 0)) {
        akti_latch_lock_slowly(l);
    }
}

static inline void
akti_latch_unlock(struct akti_latch *l)
{
    akti_rank_leave(l->rank);
    /* release: what was done under it; pairs: akti_latch_lock */
    atomic_store_explicit(&l->taken, 0, memory_order_release);
}

#endif
