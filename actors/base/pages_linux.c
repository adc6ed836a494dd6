/* SPDX-License-Identifier: MIT */
#include "actors/base/pages.h"

#include <sys/mman.h>

/* Linux 6.13; older headers do not name it, older kernels refuse it. */
#define GUARD_INSTALL 102

void
akti_pages_prefer_huge(void *ptr, size_t size)
{
    /* Refused where the kernel has none: then the pages stay small. */
    (void)madvise(ptr, size, MADV_HUGEPAGE);
}

void *
akti_pages_map(size_t size)
{
    void *ptr =
        mmap(NULL, size, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);

    if (ptr == MAP_FAILED) {
        return NULL;
    }
    /* Or one touched page could become two megabytes. */
    (void)madvise(ptr, size, MADV_NOHUGEPAGE);
    return ptr;
}

void
akti_pages_unmap(void *ptr, size_t size)
{
    (void)munmap(ptr, size);
}

bool
akti_pages_mark_guard(void *ptr, size_t size)
{
    return madvise(ptr, size, GUARD_INSTALL) == 0;
}

bool
akti_pages_forbid(void *ptr, size_t size)
{
    return mprotect(ptr, size, PROT_NONE) == 0;
}

/*
 * Not MADV_FREE: that leaves the pages with the process until the system is
 * short of memory, so nobody could see that they went back.
 */
void
akti_pages_drop(void *ptr, size_t size)
{
    (void)madvise(ptr, size, MADV_DONTNEED);
}
