/* SPDX-License-Identifier: MIT */
/* The monotonic clock by POSIX alone; twin of clock_linux.c. */
#include "actors/base/clock.h"

uint64_t
akti_clock_now(void)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

uint64_t
akti_clock_not_before_now(void)
{
    return akti_clock_now();
}
