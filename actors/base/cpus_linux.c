/* SPDX-License-Identifier: MIT */
/* Processors by the affinity mask, which taskset and containers set. */
#include "actors/base/cpus.h"

#include <sched.h>
#include <unistd.h>

uint32_t
akti_cpus_usable(void)
{
    cpu_set_t set;
    long n;

    if (sched_getaffinity(0, sizeof(set), &set) == 0) {
        n = CPU_COUNT(&set);
    } else {
        n = sysconf(_SC_NPROCESSORS_ONLN);
    }
    return n < 1 ? 1 : (uint32_t)n;
}
