/* SPDX-License-Identifier: MIT */
/*
 * Named fault points: the places where the world can say no. In the testing twin
 * of the library a test makes the n-th pass of a point fail; in the normal build
 * the question is a constant and costs nothing. Memory has its own seam, the
 * allocator hook.
 */
#ifndef AKT_BASE_FAULT_H
#define AKT_BASE_FAULT_H

#include <stdbool.h>
#include <stdint.h>

enum akti_fault {
    AKTI_FAULT_DOORBELL, /* opening a doorbell descriptor */
    AKTI_FAULT_LOOP,     /* making an event loop */
    AKTI_FAULT_THREAD,   /* creating a thread */
    AKTI_FAULT_STACK,    /* mapping stacks */
    AKTI_FAULT_MARK,     /* making a guard page by a mark */
    AKTI_FAULT_GUARD,    /* making a guard page by access rights */
    AKTI_FAULT_COUNT
};

#if defined(AKT_SAME)
#error "a file with fault points is compiled twice: akt_twin_sources in CMake"
#endif

#if defined(AKT_TESTING)

/* Whether this pass of the point is to fail. */
bool akti_fault_here(enum akti_fault point);

/* Lets pass `pass` times, then fails `times` times; 0 times: never. */
void akti_fault_set(enum akti_fault point, uint32_t pass, uint32_t times);

#else

static inline bool
akti_fault_here(enum akti_fault point)
{
    (void)point;
    return false;
}

#endif

#endif
