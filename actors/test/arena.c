/* SPDX-License-Identifier: MIT */
#include "actors/test/arena.h"

#include "actors/base/pool.h"

#include <stdlib.h>

/* The most that a system asks for: that of an actor's cell. */
#define ALIGN 128u

struct akti_arena_block {
    struct akti_arena_block *next;
};

static size_t
round_up(size_t size)
{
    return (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

void
akti_arena_init(struct akti_arena *arena, const akt_allocator *behind)
{
    *arena = (struct akti_arena){.behind = behind};
}

/* All of one size are aligned alike, so that any of them will do. */
static void *
ask(struct akti_arena *arena, size_t size)
{
    const akt_allocator *b = arena->behind;

    return b != NULL ? b->alloc(b->arg, size, ALIGN)
                     : aligned_alloc(ALIGN, size);
}

static void
give(struct akti_arena *arena, void *ptr, size_t size)
{
    const akt_allocator *b = arena->behind;

    if (b != NULL) {
        b->free(b->arg, ptr, size);
    } else {
        free(ptr);
    }
}

/* Where blocks of this size are kept; AKTI_ARENA_LISTS: nowhere. */
static size_t
list_of(struct akti_arena *arena, size_t size)
{
    size_t i;

    for (i = 0; i < arena->list_count; i++) {
        if (arena->list[i].size == size) {
            return i;
        }
    }
    return AKTI_ARENA_LISTS;
}

static void
add_list(struct akti_arena *arena, size_t size)
{
    if (arena->list_count < AKTI_ARENA_LISTS) {
        arena->list[arena->list_count].size = size;
        arena->list[arena->list_count].free = NULL;
        arena->list_count++;
    }
}

static void *
arena_alloc(void *arg, size_t size, size_t align)
{
    struct akti_arena *arena = arg;
    struct akti_arena_block *block = NULL;
    size_t i;

    if (align > ALIGN) {
        return NULL;
    }
    size = round_up(size);
    i = list_of(arena, size);
    if (i < AKTI_ARENA_LISTS && arena->list[i].free != NULL) {
        block = arena->list[i].free;
        arena->list[i].free = block->next;
        arena->bytes += size;
        return block;
    }
    if (i == AKTI_ARENA_LISTS) {
        add_list(arena, size);
    }
    block = ask(arena, size);
    arena->bytes += block != NULL ? size : 0;
    return block;
}

static void
arena_free(void *arg, void *ptr, size_t size)
{
    struct akti_arena *arena = arg;
    struct akti_arena_block *block = ptr;
    size_t i;

    size = round_up(size);
    i = list_of(arena, size);
    arena->bytes -= size;
    /* Under the address sanitizer use after free is to be seen. */
    if (AKTI_POOL_PLAIN_IS_MALLOC || i == AKTI_ARENA_LISTS) {
        give(arena, ptr, size);
        return;
    }
    block->next = arena->list[i].free;
    arena->list[i].free = block;
}

akt_allocator
akti_arena_allocator(struct akti_arena *arena)
{
    return (akt_allocator){arena_alloc, arena_free, arena};
}

void
akti_arena_fini(struct akti_arena *arena)
{
    size_t i;

    for (i = 0; i < arena->list_count; i++) {
        while (arena->list[i].free != NULL) {
            struct akti_arena_block *block = arena->list[i].free;

            arena->list[i].free = block->next;
            give(arena, block, arena->list[i].size);
        }
    }
    arena->list_count = 0;
}
