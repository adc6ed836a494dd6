/* SPDX-License-Identifier: MIT */
#include "actors/core/cell.h"

#include "actors/base/assert.h"
#include "actors/core/system.h"

void
akti_cell_init(void *cell, uint32_t index)
{
    struct akti_cell *c = cell;

    (void)index;
    *c = (struct akti_cell){.timer = {.index = AKTI_TIMER_OFF}};
    atomic_init(&c->state, akti_cell_state(1, AKTI_PHASE_FREE));
}

struct akti_cell *
akti_cell_new(struct akti_context *ctx, enum akti_cell_kind kind)
{
    struct akti_cell *c = akti_cache_alloc(&ctx->cells[AKTI_CELLS_B]);
    uint32_t generation;

    if (c == NULL) {
        return NULL;
    }
    generation = akti_cell_generation(c);
    c->next = NULL;
    c->prev = NULL;
    c->actor = NULL;
    c->kind = (uint8_t)kind;
    c->dropped = false;
    c->arrived = false;
    c->error = AKT_OK;
    c->actor_generation = 0;
    c->message = NULL;
    c->every_ns = 0;
    c->cancelled = false;
    /* Relaxed: who follows a parent checks the generation first. */
    atomic_store_explicit(&c->parent, NULL, memory_order_relaxed);
    /* release: the cell's fields; pairs: akti_cell_load */
    atomic_store_explicit(&c->state,
                          akti_cell_state(generation, AKTI_PHASE_OPEN),
                          memory_order_release);
    return c;
}

static void
free_cell(struct akti_context *ctx, struct akti_cell *cell)
{
    /* A cell whose generation would wrap is not used again. */
    if (akti_cell_generation(cell) != UINT32_MAX) {
        akti_cache_free(&ctx->cells[AKTI_CELLS_B], cell);
    }
}

void
akti_cell_release(struct akti_context *ctx, struct akti_cell *cell)
{
    uint32_t next = akti_cell_generation(cell) + 1;

    /* release: nobody may take an old handle for a new one; pairs: akti_cell_load */
    atomic_store_explicit(&cell->state, akti_cell_state(next, AKTI_PHASE_FREE),
                          memory_order_release);
    if (akti_timer_retire(ctx, &cell->timer)) {
        free_cell(ctx, cell);
    }
}

void
akti_cell_retired(struct akti_timer_entry *t, struct akti_context *ctx)
{
    free_cell(ctx, akti_cell_of_timer(t));
}
