/* SPDX-License-Identifier: MIT */
#ifndef AKT_BASE_CPUS_H
#define AKT_BASE_CPUS_H

#include <stdint.h>

/* How many processors this process may use; at least 1. */
uint32_t akti_cpus_usable(void);

#endif
