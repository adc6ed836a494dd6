/* SPDX-License-Identifier: MIT */
/*
 * Memory by size: powers of two from 16 to 4096 bytes come from pools, what is
 * larger from the allocator hook. Blocks of 64 bytes and more are aligned to 64,
 * smaller ones to their size.
 */
#ifndef AKT_BASE_SIZES_H
#define AKT_BASE_SIZES_H

#include "actors/base/pool.h"

#define AKTI_SIZE_MIN_LOG2 4
#define AKTI_SIZE_CLASSES 9
/* The class of what the hook gave directly. */
#define AKTI_SIZE_LARGE 255
#define AKTI_SIZE_ALIGN 64

struct akti_depots {
    struct akti_memory *memory;
    struct akti_depot depot[AKTI_SIZE_CLASSES];
};

struct akti_caches {
    struct akti_memory *memory;
    struct akti_cache cache[AKTI_SIZE_CLASSES];
};

void akti_depots_init(struct akti_depots *d, struct akti_memory *memory);
void akti_depots_fini(struct akti_depots *d);
void akti_caches_init(struct akti_caches *c, struct akti_depots *d);
void akti_caches_flush(struct akti_caches *c);

/* The class that holds `size` bytes, or AKTI_SIZE_LARGE. */
static inline uint8_t
akti_size_class(size_t size)
{
    if (size <= ((size_t)1 << AKTI_SIZE_MIN_LOG2)) {
        return 0;
    }
    if (size > ((size_t)1 << (AKTI_SIZE_MIN_LOG2 + AKTI_SIZE_CLASSES - 1))) {
        return AKTI_SIZE_LARGE;
    }
    return (uint8_t)(64 - __builtin_clzll((unsigned long long)size - 1)
                     - AKTI_SIZE_MIN_LOG2);
}

void *akti_sizes_alloc_large(struct akti_caches *c, size_t size);

/* Returns NULL when out of memory. `size_class` is as of akti_size_class. */
static inline void *
akti_sizes_alloc(struct akti_caches *c, uint8_t size_class, size_t size)
{
    if (size_class == AKTI_SIZE_LARGE) {
        return akti_sizes_alloc_large(c, size);
    }
    return akti_cache_alloc(&c->cache[size_class]);
}

static inline void
akti_sizes_free(struct akti_caches *c, uint8_t size_class, void *ptr,
                size_t size)
{
    if (size_class == AKTI_SIZE_LARGE) {
        akti_memory_free(c->memory, ptr, size, AKTI_SIZE_ALIGN);
        return;
    }
    akti_cache_free(&c->cache[size_class], ptr);
}

#endif
