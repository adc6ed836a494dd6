/* SPDX-License-Identifier: MIT */
#include "actors/base/pages.h"

#include <sys/mman.h>

void
akti_pages_prefer_huge(void *ptr, size_t size)
{
    /* Refused where the kernel has none: then the pages stay small. */
    (void)madvise(ptr, size, MADV_HUGEPAGE);
}
