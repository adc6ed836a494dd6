/* SPDX-License-Identifier: MIT */
/*
 * Blocks of fixed sizes, by magazines: each context (worker, attached thread)
 * keeps two magazines of free blocks for itself and trades full ones with a
 * depot under a lock, once per magazine. A block that is taken on one worker and
 * given back on another costs no more than one that stays.
 * (Bonwick and Adams, "Magazines and Vmem", USENIX 2001.)
 *
 * Two sorts of depot:
 *  - plain: memory for messages and states. Under the address sanitizer each
 *    block is allocated and freed by itself, so that use after free is seen.
 *  - stable: cells that are never given back before the depot ends, so that a
 *    stale pointer still points to a cell of the same sort. They are numbered.
 *
 * Threads: a cache belongs to one context; a depot may be used by all.
 */
#ifndef AKT_BASE_POOL_H
#define AKT_BASE_POOL_H

#include "actors/base/memory.h"
#include "actors/base/thread.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A free block; the second word links magazines in the depot. */
struct akti_block {
    struct akti_block *next;
    struct akti_block *next_magazine;
};

/* Called for each new cell of a stable depot, before it is first handed out. */
typedef void akti_cell_init_fn(void *cell, uint32_t index);

/* Chunk k of a stable depot holds AKTI_CHUNK_CELLS << k cells. */
#define AKTI_CHUNK_CELLS_LOG2 9
#define AKTI_CHUNKS_MAX 20

struct akti_depot {
    /* immutable */
    struct akti_memory *memory;
    size_t block_size;
    size_t align;
    akti_cell_init_fn *init; /* stable depots only */
    uint32_t magazine;       /* blocks in a full one */
    uint32_t max_cells;      /* stable depots: the bound */
    /* guarded by lock */
    struct akti_mutex lock;
    struct akti_block *full;  /* magazines */
    struct akti_block *loose; /* blocks of magazines that were not full */
    char *fresh; /* what no one has used yet, of the newest chunk */
    size_t fresh_bytes;
    struct akti_block *chunk_list; /* plain depots: all chunks */
    uint32_t cells;                /* stable depots: numbered so far */
    uint64_t carved;               /* blocks that were ever handed out */
    /* written under the lock, read by any */
    _Atomic(char *) chunks[AKTI_CHUNKS_MAX];
};

struct akti_cache {
    struct akti_depot *depot;
    struct akti_block *head;  /* the magazine in use */
    struct akti_block *spare; /* full, or empty when NULL */
    uint32_t count;           /* blocks behind head */
};

/* What a depot is made of. */
struct akti_depot_opts {
    size_t block_size;
    size_t align;
    akti_cell_init_fn *init; /* not NULL: a stable depot */
    uint32_t max_cells;      /* its bound, at most 2^24 */
};

void akti_depot_init(struct akti_depot *d, struct akti_memory *memory,
                     const struct akti_depot_opts *opts);
/* Frees all chunks; every cache must have been flushed or be forgotten. */
void akti_depot_fini(struct akti_depot *d);

/* The cell with this number, or NULL when there is none yet. Stable depots. */
static inline void *
akti_depot_cell(struct akti_depot *d, uint32_t index)
{
    uint32_t shifted = index + (1u << AKTI_CHUNK_CELLS_LOG2);
    uint32_t top = 31u - (uint32_t)__builtin_clz(shifted | 1u);
    uint32_t k = top - AKTI_CHUNK_CELLS_LOG2;
    char *chunk;

    if (index >= (1u << 24)) {
        return NULL;
    }
    /* acquire: sees the cells that carve() made; pairs: grow() */
    chunk = atomic_load_explicit(&d->chunks[k], memory_order_acquire);
    if (chunk == NULL) {
        return NULL;
    }
    return chunk + (size_t)(shifted - (1u << top)) * d->block_size;
}

/* How many cells a stable depot has numbered so far. */
uint32_t akti_depot_count(struct akti_depot *d);

/* Whether a stable depot has as many cells as it may. */
bool akti_depot_is_full(struct akti_depot *d);

/*
 * Blocks that are neither in the depot nor were never handed out: in use, in a
 * cache, or lost. 0 where blocks are allocated one by one.
 */
uint64_t akti_depot_lost(struct akti_depot *d);

void akti_cache_init(struct akti_cache *c, struct akti_depot *d);
/* Gives all blocks back to the depot. */
void akti_cache_flush(struct akti_cache *c);

/* The rare halves of the two calls below. */
void *akti_cache_refill(struct akti_cache *c);
void akti_cache_spill(struct akti_cache *c, struct akti_block *block);

#if defined(__SANITIZE_ADDRESS__)
#define AKTI_POOL_PLAIN_IS_MALLOC 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define AKTI_POOL_PLAIN_IS_MALLOC 1
#endif
#endif
#if !defined(AKTI_POOL_PLAIN_IS_MALLOC)
#define AKTI_POOL_PLAIN_IS_MALLOC 0
#endif

/* A block with any content, or NULL. */
static inline void *
akti_cache_alloc(struct akti_cache *c)
{
    struct akti_block *block = c->head;

    if (block == NULL) {
        return akti_cache_refill(c);
    }
    c->head = block->next;
    c->count--;
    return block;
}

static inline void
akti_cache_free(struct akti_cache *c, void *ptr)
{
    struct akti_block *block = ptr;

    if (c->count >= c->depot->magazine) {
        akti_cache_spill(c, block);
        return;
    }
    block->next = c->head;
    c->head = block;
    c->count++;
}

#endif
