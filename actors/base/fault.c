/* SPDX-License-Identifier: MIT */
/* Fault points of the testing twin; see fault.h. */
#include "actors/base/fault.h"

#if defined(AKT_TESTING)

#include <stdatomic.h>

struct point {
    _Atomic uint32_t pass;
    _Atomic uint32_t times;
};

/* Process-wide on purpose: a test arms it before the system exists. */
static struct point points[AKTI_FAULT_COUNT];

/* Relaxed: a test arms the points before it starts threads. */
static bool
count_down(_Atomic uint32_t *word)
{
    uint32_t n = atomic_load_explicit(word, memory_order_relaxed);

    while (n > 0) {
        if (atomic_compare_exchange_weak_explicit(
                word, &n, n - 1, memory_order_relaxed, memory_order_relaxed)) {
            return true;
        }
    }
    return false;
}

bool
akti_fault_here(enum akti_fault point)
{
    struct point *p = &points[point];

    if (atomic_load_explicit(&p->times, memory_order_relaxed) == 0) {
        return false;
    }
    return !count_down(&p->pass) && count_down(&p->times);
}

void
akti_fault_set(enum akti_fault point, uint32_t pass, uint32_t times)
{
    atomic_store_explicit(&points[point].pass, pass, memory_order_relaxed);
    atomic_store_explicit(&points[point].times, times, memory_order_relaxed);
}

#else

/* ISO C wants a declaration in every file. */
typedef int akti_fault_unused;

#endif
