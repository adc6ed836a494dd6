/* SPDX-License-Identifier: MIT */
/*
 * Simulations begin from nothing and free all, thousands of times a second. The
 * C library gives the memory back to the system each time, unless it is told
 * to keep it; then they take a quarter of the time.
 */
#include <stdlib.h>

#if defined(__GLIBC__)
#include <malloc.h>

__attribute__((constructor)) static void
keep_memory(void)
{
    (void)mallopt(M_MMAP_THRESHOLD, 1 << 26);
    (void)mallopt(M_TRIM_THRESHOLD, 1 << 28);
    (void)mallopt(M_TOP_PAD, 1 << 20);
}
#endif
