/* SPDX-License-Identifier: MIT */
/* The monotonic clock with Linux's coarse variant; twin of clock_posix.c. */
#include "actors/base/clock.h"

static uint64_t
nanoseconds(clockid_t id)
{
    struct timespec ts;

    (void)clock_gettime(id, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

uint64_t
akti_clock_now(void)
{
    return nanoseconds(CLOCK_MONOTONIC);
}

/*
 * The coarse clock shows the last tick of the kernel's timer, at most 10 ms ago
 * (HZ=100, the slowest there is).
 */
uint64_t
akti_clock_not_before_now(void)
{
    return nanoseconds(CLOCK_MONOTONIC_COARSE) + 10000000u;
}
