/* SPDX-License-Identifier: MIT */
#include "actors/base/pool.h"

#include "actors/base/assert.h"
#include "actors/base/mutant.h"

#include <stdbool.h>
#include <string.h>

#define CHUNK_BYTES ((size_t)64 << 10)
#define MAGAZINE_MAX 64u
#define MAGAZINE_MIN 4u

/* Whether blocks of this depot are allocated one by one. */
static bool
is_malloc(const struct akti_depot *d)
{
    return AKTI_POOL_PLAIN_IS_MALLOC && d->init == NULL;
}

/* Whether each block is asked for, so that a simulation can refuse it. */
static bool
asks(const struct akti_depot *d)
{
    return d->memory->deny != NULL;
}

static bool
is_denied(const struct akti_depot *d)
{
    return asks(d) && d->memory->deny(d->memory->deny_arg);
}

void
akti_depot_init(struct akti_depot *d, struct akti_memory *memory,
                const struct akti_depot_opts *opts)
{
    size_t magazine = CHUNK_BYTES / opts->block_size / 8;

    AKTI_ASSERT(opts->block_size >= sizeof(struct akti_block));
    memset(d, 0, sizeof(*d));
    d->memory = memory;
    d->block_size = opts->block_size;
    d->align = opts->align;
    d->init = opts->init;
    d->max_cells = opts->max_cells;
    d->magazine = magazine > MAGAZINE_MAX   ? MAGAZINE_MAX
                  : magazine < MAGAZINE_MIN ? MAGAZINE_MIN
                                            : (uint32_t)magazine;
    akti_mutex_init(&d->lock, AKTI_RANK_DEPOT);
}

/* Bytes of chunk k of a stable depot. */
static size_t
chunk_bytes(const struct akti_depot *d, uint32_t k)
{
    return d->block_size << (AKTI_CHUNK_CELLS_LOG2 + k);
}

static void
free_chunks(struct akti_depot *d)
{
    uint32_t k;

    while (d->chunk_list != NULL) {
        struct akti_block *next = d->chunk_list->next;

        akti_memory_free(d->memory, d->chunk_list, CHUNK_BYTES, d->align);
        d->chunk_list = next;
    }
    for (k = 0; k < AKTI_CHUNKS_MAX; k++) {
        /* Relaxed: nobody else uses the depot any more. */
        char *chunk = atomic_load_explicit(&d->chunks[k], memory_order_relaxed);

        akti_memory_free(d->memory, chunk, chunk_bytes(d, k), d->align);
    }
}

void
akti_depot_fini(struct akti_depot *d)
{
    if (d->memory == NULL) {
        return;
    }
    free_chunks(d);
    akti_mutex_fini(&d->lock);
    d->memory = NULL;
}

/* The number of the chunk that comes next. */
static uint32_t
next_chunk(struct akti_depot *d)
{
    uint32_t k = 0;

    /* Relaxed: written under the lock that the caller holds. */
    while (k < AKTI_CHUNKS_MAX
           && atomic_load_explicit(&d->chunks[k], memory_order_relaxed)
                  != NULL) {
        k++;
    }
    return k;
}

static bool
grow_stable(struct akti_depot *d)
{
    uint32_t k = next_chunk(d);

    if (k == AKTI_CHUNKS_MAX || d->cells >= d->max_cells) {
        return false;
    }
    d->fresh = akti_memory_alloc(d->memory, chunk_bytes(d, k), d->align);
    if (d->fresh == NULL) {
        return false;
    }
    d->fresh_bytes = chunk_bytes(d, k);
    /* release: publishes the chunk; pairs: akti_depot_cell() */
    atomic_store_explicit(&d->chunks[k], d->fresh, memory_order_release);
    return true;
}

/* The first block of a plain chunk links the chunks. */
static bool
grow_plain(struct akti_depot *d)
{
    char *chunk = akti_memory_alloc(d->memory, CHUNK_BYTES, d->align);
    struct akti_block *link = (struct akti_block *)(void *)chunk;

    if (chunk == NULL) {
        return false;
    }
    link->next = d->chunk_list;
    d->chunk_list = link;
    d->fresh = chunk + d->block_size;
    d->fresh_bytes = CHUNK_BYTES - d->block_size;
    return true;
}

/* A block that was never used, or NULL. */
static struct akti_block *
carve(struct akti_depot *d)
{
    char *block;

    if (d->init != NULL && d->cells >= d->max_cells) {
        return NULL;
    }
    if (d->fresh_bytes < d->block_size
        && !(d->init != NULL ? grow_stable(d) : grow_plain(d))) {
        return NULL;
    }
    block = d->fresh;
    d->fresh += d->block_size;
    d->fresh_bytes -= d->block_size;
    d->carved++;
    if (d->init != NULL) {
        d->init(block, d->cells++);
    }
    return (struct akti_block *)(void *)block;
}

/* One block from what did not fill a magazine, or a new one. */
static struct akti_block *
take_loose(struct akti_depot *d)
{
    struct akti_block *block = d->loose;

    if (block == NULL) {
        return carve(d);
    }
    d->loose = block->next;
    return block;
}

/* Up to a magazine of blocks; returns how many are in *out. */
static uint32_t
depot_take(struct akti_depot *d, struct akti_block **out)
{
    struct akti_block *chain = d->full;
    uint32_t n = 0;

    if (chain != NULL) {
        d->full = chain->next_magazine;
        *out = chain;
        return d->magazine;
    }
    while (n < d->magazine) {
        struct akti_block *block = take_loose(d);

        if (block == NULL) {
            break;
        }
        block->next = chain;
        chain = block;
        n++;
    }
    *out = chain;
    return n;
}

uint32_t
akti_depot_count(struct akti_depot *d)
{
    uint32_t n;

    akti_mutex_lock(&d->lock);
    n = d->cells;
    akti_mutex_unlock(&d->lock);
    return n;
}

bool
akti_depot_is_full(struct akti_depot *d)
{
    bool full;

    akti_mutex_lock(&d->lock);
    full = d->cells >= d->max_cells;
    akti_mutex_unlock(&d->lock);
    return full;
}

uint64_t
akti_depot_lost(struct akti_depot *d)
{
    const struct akti_block *chain;
    const struct akti_block *block;
    uint64_t free_blocks = 0;
    uint64_t lost;

    akti_mutex_lock(&d->lock);
    for (block = d->loose; block != NULL; block = block->next) {
        free_blocks++;
    }
    for (chain = d->full; chain != NULL; chain = chain->next_magazine) {
        free_blocks += d->magazine;
    }
    lost = d->carved - free_blocks;
    akti_mutex_unlock(&d->lock);
    return lost;
}

void
akti_cache_init(struct akti_cache *c, struct akti_depot *d)
{
    memset(c, 0, sizeof(*c));
    c->depot = d;
    if (is_malloc(d) || asks(d)) {
        /* Every free takes the slow path, and every alloc. */
        c->count = UINT32_MAX;
    }
}

/* Under the depot's lock. */
static void
give_loose(struct akti_depot *d, struct akti_block *chain)
{
    while (chain != NULL) {
        struct akti_block *next = chain->next;

        chain->next = d->loose;
        d->loose = chain;
        chain = next;
    }
}

static void
give_full(struct akti_depot *d, struct akti_block *chain)
{
    chain->next_magazine = d->full;
    d->full = chain;
}

void
akti_cache_flush(struct akti_cache *c)
{
    struct akti_depot *d = c->depot;

    if (d == NULL || is_malloc(d)) {
        return;
    }
    akti_mutex_lock(&d->lock);
    give_loose(d, c->head);
    if (c->spare != NULL) {
        give_full(d, c->spare);
    }
    akti_mutex_unlock(&d->lock);
    c->head = NULL;
    c->spare = NULL;
    c->count = asks(d) ? UINT32_MAX : 0;
}

/* One block, for a cache that keeps none. */
static struct akti_block *
take_one(struct akti_depot *d)
{
    struct akti_block *block;

    akti_mutex_lock(&d->lock);
    block = d->full;
    if (block != NULL) {
        d->full = block->next_magazine;
        give_loose(d, block);
    }
    block = take_loose(d);
    akti_mutex_unlock(&d->lock);
    return block;
}

void *
akti_cache_refill(struct akti_cache *c)
{
    struct akti_depot *d = c->depot;
    struct akti_block *block;

    if (is_denied(d)) {
        return NULL;
    }
    if (is_malloc(d)) {
        return akti_memory_alloc(d->memory, d->block_size, d->align);
    }
    if (asks(d)) {
        return take_one(d);
    }
    if (c->spare != NULL) {
        block = c->spare;
        c->spare = NULL;
        c->count = d->magazine;
    } else {
        akti_mutex_lock(&d->lock);
        c->count = depot_take(d, &block);
        akti_mutex_unlock(&d->lock);
    }
    if (block == NULL) {
        return NULL;
    }
    c->head = block->next;
    c->count--;
    return block;
}

void
akti_cache_spill(struct akti_cache *c, struct akti_block *block)
{
    struct akti_depot *d = c->depot;

    if (is_malloc(d)) {
        akti_memory_free(d->memory, block, d->block_size, d->align);
        return;
    }
    if (asks(d)) {
        block->next = NULL;
        akti_mutex_lock(&d->lock);
        give_loose(d, block);
        akti_mutex_unlock(&d->lock);
        return;
    }
    if (c->spare != NULL) {
        akti_mutex_lock(&d->lock);
        if (!AKTI_MUTANT(magazine_lost)) {
            give_full(d, c->spare);
        }
        akti_mutex_unlock(&d->lock);
    }
    c->spare = c->head;
    block->next = NULL;
    c->head = block;
    c->count = 1;
}
