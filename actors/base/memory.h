/* SPDX-License-Identifier: MIT */
/*
 * Memory of one system: the allocator hook with what the library asks of it.
 */
#ifndef AKT_BASE_MEMORY_H
#define AKT_BASE_MEMORY_H

#include "actors/base/assert.h"
#include "akt/alloc.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct akti_memory {
    akt_allocator hook;
    /* A simulation that lets blocks of pools fail; NULL: it does not. */
    bool (*deny)(void *arg);
    void *deny_arg;
};

/* Uses `hook`, or aligned_alloc and free when it is NULL. */
void akti_memory_init(struct akti_memory *m, const akt_allocator *hook);

/*
 * `size` bytes, rounded up to a multiple of `align` (a power of two, at least
 * 16), or NULL. The address fits the mailbox word (mailbox/mailbox.h).
 */
void *akti_memory_alloc(struct akti_memory *m, size_t size, size_t align);

/* The same, filled with zero. */
void *akti_memory_zalloc(struct akti_memory *m, size_t size, size_t align);

/* NULL is allowed; size and align as in the call that gave it. */
void akti_memory_free(struct akti_memory *m, void *ptr, size_t size,
                      size_t align);

/*
 * Fills a struct of several cache lines with zero, on a hot path: of a memset so
 * long gcc makes one string instruction, which takes longer to begin than these
 * stores take.
 */
AKTI_INLINE void
akti_zero(void *ptr, size_t size)
{
    char *bytes = ptr;
    size_t i;

    for (i = 0; i + 64 <= size; i += 64) {
        memset(bytes + i, 0, 64);
    }
    memset(bytes + i, 0, size - i);
}

#endif
