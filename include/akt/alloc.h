/* SPDX-License-Identifier: MIT */
/**
 * @file alloc.h
 * @brief The allocator hook: where a system gets its memory from.
 *
 * A system takes memory in large pieces and hands out small blocks itself, so
 * the hook is called rarely. Without one it is `aligned_alloc` and `free`.
 * A hook that returns NULL is an ordinary event: the call that needed the memory
 * answers `AKT_ENOMEM` and nothing is half done.
 */
#ifndef AKT_ALLOC_H
#define AKT_ALLOC_H

#include "akt/export.h"

#include <stddef.h>

AKT_BEGIN_DECLS

/** Where memory comes from. All functions are called from any thread. */
typedef struct akt_allocator {
    /**
     * Returns `size` bytes aligned to `align` (a power of two, at most 4096;
     * `size` is a multiple of it), or NULL. On 64-bit machines the address must
     * be below 2^48, as every malloc's is; others are refused as out of memory.
     */
    void *(*alloc)(void *arg, size_t size, size_t align);
    /** Frees what `alloc` gave; `size` is the same as then. */
    void (*free)(void *arg, void *ptr, size_t size);
    /** Passed to both. */
    void *arg;
} akt_allocator;

AKT_END_DECLS

#endif
