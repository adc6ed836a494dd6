/* SPDX-License-Identifier: MIT */
#include "actors/core/cell.h"

#include "actors/base/assert.h"
#include "actors/core/system.h"

#define PHASE_BITS 8
#define OUTCOME_SHIFT 4
#define PHASE_MASK 0xfu

static uint64_t
state_of(uint32_t generation, enum akti_phase phase)
{
    return (uint64_t)generation << PHASE_BITS | (uint64_t)phase;
}

static uint64_t
load(struct akti_cell *cell)
{
    /* acquire: sees what the cell was made of or ended with; pairs:
     * akti_cell_new, akti_cell_move */
    return atomic_load_explicit(&cell->state, memory_order_acquire);
}

void
akti_cell_init(void *cell, uint32_t index)
{
    struct akti_cell *c = cell;

    (void)index;
    *c = (struct akti_cell){.timer = {.index = AKTI_TIMER_OFF}};
    atomic_init(&c->state, state_of(1, AKTI_PHASE_FREE));
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
    c->port = NULL;
    c->message = NULL;
    c->every_ns = 0;
    c->arg = NULL;
    c->cancelled = false;
    /* Relaxed: who follows a parent checks the generation first. */
    atomic_store_explicit(&c->parent, NULL, memory_order_relaxed);
    /* release: the cell's fields; pairs: load */
    atomic_store_explicit(&c->state, state_of(generation, AKTI_PHASE_OPEN),
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

    /* release: nobody may take an old handle for a new one; pairs: load */
    atomic_store_explicit(&cell->state, state_of(next, AKTI_PHASE_FREE),
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

uint32_t
akti_cell_generation(struct akti_cell *cell)
{
    return (uint32_t)(load(cell) >> PHASE_BITS);
}

enum akti_phase
akti_cell_phase(struct akti_cell *cell)
{
    return (enum akti_phase)(load(cell) & PHASE_MASK);
}

akt_outcome
akti_cell_outcome(struct akti_cell *cell)
{
    return (akt_outcome)(load(cell) >> OUTCOME_SHIFT & PHASE_MASK);
}

bool
akti_cell_end(struct akti_cell *cell, uint32_t generation, akt_outcome outcome)
{
    uint64_t expected = state_of(generation, AKTI_PHASE_OPEN);
    uint64_t ended = state_of(generation, AKTI_PHASE_ENDED)
                     | (uint64_t)outcome << OUTCOME_SHIFT;

    /* acquire and release: as in akti_cell_move; pairs: load */
    return atomic_compare_exchange_strong_explicit(&cell->state, &expected,
                                                   ended, memory_order_acq_rel,
                                                   memory_order_relaxed);
}

bool
akti_cell_move(struct akti_cell *cell, uint32_t generation,
               enum akti_phase from, enum akti_phase to)
{
    uint64_t expected = state_of(generation, from);

    /*
     * acquire: sees the cell that it decides about; pairs: akti_cell_new.
     * release: what was done to it before; pairs: load
     */
    return atomic_compare_exchange_strong_explicit(
        &cell->state, &expected, state_of(generation, to), memory_order_acq_rel,
        memory_order_relaxed);
}

void
akti_cell_link(struct akti_cell **list, struct akti_cell *cell)
{
    cell->prev = NULL;
    cell->next = *list;
    if (*list != NULL) {
        (*list)->prev = cell;
    }
    *list = cell;
}

void
akti_cell_unlink(struct akti_cell **list, struct akti_cell *cell)
{
    if (cell->prev != NULL) {
        cell->prev->next = cell->next;
    } else {
        AKTI_ASSERT(*list == cell);
        *list = cell->next;
    }
    if (cell->next != NULL) {
        cell->next->prev = cell->prev;
    }
    cell->next = NULL;
    cell->prev = NULL;
}
