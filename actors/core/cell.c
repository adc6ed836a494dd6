/* SPDX-License-Identifier: MIT */
#include "actors/core/cell.h"

#include "actors/base/assert.h"
#include "actors/base/mutant.h"
#include "actors/core/system.h"

static void
init(struct akti_cell *cell)
{
    atomic_init(&cell->state, akti_cell_state(1, AKTI_PHASE_FREE));
    akti_cell_rest(cell);
}

void
akti_cell_init(void *cell, uint32_t index)
{
    (void)index;
    *(struct akti_cell *)cell = (struct akti_cell){.next = NULL};
    init(cell);
}

void
akti_future_init(void *cell, uint32_t index)
{
    struct akti_future *f = cell;

    (void)index;
    *f = (struct akti_future){.parent = NULL};
    init(&f->cell);
}

void
akti_cell_rest(struct akti_cell *cell)
{
    cell->timer.index = AKTI_TIMER_OFF;
    cell->timer.worker = 0;
}

/* Where cells of this kind come from and go to. */
static struct akti_cache *
cache_of(struct akti_context *ctx, unsigned kind)
{
    return &ctx->cells[kind == AKTI_CELL_FUTURE ? AKTI_CELLS_B : AKTI_CELLS_C];
}

struct akti_cell *
akti_cell_new(struct akti_context *ctx, enum akti_cell_kind kind)
{
    struct akti_cell *c = akti_cache_alloc(cache_of(ctx, kind));
    uint32_t generation;

    if (c == NULL) {
        return NULL;
    }
    generation = akti_cell_generation(c);
    c->next = NULL;
    c->prev = NULL;
    c->actor = NULL;
    c->actor_generation = 0;
    c->kind = (uint8_t)kind;
    c->dropped = false;
    c->arrived = false;
    c->marks = 0;
    c->error = AKT_OK;
    c->message = NULL;
    c->every_ns = 0;
    if (kind == AKTI_CELL_FUTURE) {
        /* Relaxed: who follows a parent checks the generation first. */
        atomic_store_explicit(&akti_future_of(c)->parent, NULL,
                              memory_order_relaxed);
    }
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
    if (akti_cell_generation(cell) != UINT32_MAX
        || AKTI_MUTANT(cell_generation_wraps)) {
        akti_cache_free(cache_of(ctx, cell->kind), cell);
    }
}

void
akti_cell_release(struct akti_context *ctx, struct akti_cell *cell)
{
    uint32_t next =
        akti_cell_generation(cell) + !AKTI_MUTANT(late_reply_delivered);

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
