/* SPDX-License-Identifier: MIT */
/* MAP_ANONYMOUS is POSIX since 2024; until then CMake asks for it by name. */
#include "actors/base/pages.h"

#include <sys/mman.h>

void
akti_pages_prefer_huge(void *ptr, size_t size)
{
    (void)ptr;
    (void)size;
}

void *
akti_pages_map(size_t size)
{
    void *ptr = mmap(NULL, size, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return ptr == MAP_FAILED ? NULL : ptr;
}

void
akti_pages_unmap(void *ptr, size_t size)
{
    (void)munmap(ptr, size);
}

bool
akti_pages_mark_guard(void *ptr, size_t size)
{
    (void)ptr;
    (void)size;
    return false;
}

bool
akti_pages_forbid(void *ptr, size_t size)
{
    return mprotect(ptr, size, PROT_NONE) == 0;
}

/* A wish: here memory surely goes back when it is unmapped. */
void
akti_pages_drop(void *ptr, size_t size)
{
    (void)posix_madvise(ptr, size, POSIX_MADV_DONTNEED);
}
