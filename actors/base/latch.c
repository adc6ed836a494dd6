/* SPDX-License-Identifier: MIT */
#include "actors/base/latch.h"

void
akti_latch_lock_slowly(struct akti_latch *l)
{
    uint32_t tries = 0;

    do {
        /* Relaxed: only to see when it is worth to try. */
        while (atomic_load_explicit(&l->taken, memory_order_relaxed) != 0) {
            akti_thread_pause(tries++);
        }
        /* acquire: as in akti_latch_lock; pairs: akti_latch_unlock */
    } while (atomic_exchange_explicit(&l->taken, 1, memory_order_acquire) != 0);
}
