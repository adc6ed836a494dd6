/* SPDX-License-Identifier: MIT */
/* Processors that are online; twin of cpus_linux.c. */
#include "actors/base/cpus.h"

#include <unistd.h>

uint32_t
akti_cpus_usable(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);

    return n < 1 ? 1 : (uint32_t)n;
}
