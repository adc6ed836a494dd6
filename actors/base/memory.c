/* SPDX-License-Identifier: MIT */
#include "actors/base/memory.h"

#include "actors/base/pages.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Addresses that the mailbox word can hold: 48 bits. */
#define ADDRESS_LIMIT (UINT64_C(1) << 48)

static void *
default_alloc(void *arg, size_t size, size_t align)
{
    void *ptr;

    (void)arg;
    if (size < AKTI_HUGE_FROM || size % AKTI_HUGE_PAGE != 0) {
        return aligned_alloc(align, size);
    }
    ptr = aligned_alloc(AKTI_HUGE_PAGE, size);
    if (ptr != NULL) {
        akti_pages_prefer_huge(ptr, size);
    }
    return ptr;
}

static void
default_free(void *arg, void *ptr, size_t size)
{
    (void)arg;
    (void)size;
    free(ptr);
}

void
akti_memory_init(struct akti_memory *m, const akt_allocator *hook)
{
    static const akt_allocator standard = {default_alloc, default_free, NULL};

    *m = (struct akti_memory){.hook = hook != NULL ? *hook : standard};
}

static size_t
round_up(size_t size, size_t align)
{
    return (size + align - 1) & ~(align - 1);
}

void *
akti_memory_alloc(struct akti_memory *m, size_t size, size_t align)
{
    size_t rounded = round_up(size, align);
    void *ptr = m->hook.alloc(m->hook.arg, rounded, align);

    if (ptr != NULL && (uint64_t)(uintptr_t)ptr + rounded > ADDRESS_LIMIT) {
        m->hook.free(m->hook.arg, ptr, rounded);
        return NULL;
    }
    return ptr;
}

void *
akti_memory_zalloc(struct akti_memory *m, size_t size, size_t align)
{
    void *ptr = akti_memory_alloc(m, size, align);

    if (ptr != NULL) {
        memset(ptr, 0, size);
    }
    return ptr;
}

void
akti_memory_free(struct akti_memory *m, void *ptr, size_t size, size_t align)
{
    if (ptr != NULL) {
        m->hook.free(m->hook.arg, ptr, round_up(size, align));
    }
}
