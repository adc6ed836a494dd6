/* SPDX-License-Identifier: MIT */
/*
 * The real clock. Everything above asks its context (actors/sched/context.h),
 * which answers with virtual time in a simulation; only that calls these.
 */
#ifndef AKT_BASE_CLOCK_H
#define AKT_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Nanoseconds on the monotonic clock. */
uint64_t akti_clock_now(void);

/*
 * An instant that is not before now and at most a few milliseconds after it, for
 * a third of the price: for deadlines of seconds that must not come early.
 */
uint64_t akti_clock_not_before_now(void);

static inline struct timespec
akti_clock_timespec(uint64_t ns)
{
    struct timespec ts = {.tv_sec = (time_t)(ns / 1000000000u),
                          .tv_nsec = (long)(ns % 1000000000u)};

    return ts;
}

/* a + b, or the largest value: a deadline never wraps around. */
static inline uint64_t
akti_clock_add(uint64_t a, uint64_t b)
{
    return a + b < a ? UINT64_MAX : a + b;
}

#endif
