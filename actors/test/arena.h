/* SPDX-License-Identifier: MIT */
/*
 * The memory of simulated systems that come and go by the thousand: what one gives
 * back the next one gets. It counts what is out. One thread.
 */
#ifndef AKT_TEST_ARENA_H
#define AKT_TEST_ARENA_H

#include "akt/alloc.h"

#include <stddef.h>

#define AKTI_ARENA_LISTS 64

struct akti_arena_block;

struct akti_arena {
    size_t bytes;                /* that are out */
    const akt_allocator *behind; /* NULL: aligned_alloc */
    size_t list_count;
    struct {
        size_t size;
        struct akti_arena_block *free;
    } list[AKTI_ARENA_LISTS]; /* one for each size that was asked for */
};

void akti_arena_init(struct akti_arena *arena, const akt_allocator *behind);
/* Frees what lies in it. */
void akti_arena_fini(struct akti_arena *arena);

/* As the system wants it; valid as long as the arena. */
akt_allocator akti_arena_allocator(struct akti_arena *arena);

#endif
