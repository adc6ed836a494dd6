/* SPDX-License-Identifier: MIT */
/* The end of an actor as a future of who owns it. */
#include "actors/base/mutant.h"
#include "actors/core/future.h"
#include "actors/core/system.h"

static const akt_type task_type = {
    .name = "akt_task", .align = 1, .flags = AKT_TYPE_SIGNAL};
static const akt_type actor_type = {
    .name = "akt_actor", .align = 1, .flags = AKT_TYPE_SIGNAL};

static void
set_child(struct akti_cell *cell, uint64_t child)
{
    /* release: after the generation that the cell has now; pairs:
     * akti_request_is_over */
    atomic_store_explicit(&akti_future_of(cell)->child, child,
                          memory_order_release);
}

uint64_t
akti_child_number(struct akti_cell *cell)
{
    /* Relaxed: the owner's own. */
    return atomic_load_explicit(&akti_future_of(cell)->child,
                                memory_order_relaxed);
}

akt_err
akti_child_new(akt_self *self, bool is_actor, struct akti_cell **out)
{
    AKT_TRY(akti_future_open(self, is_actor ? &actor_type : &task_type,
                             AKT_NEVER, out));
    set_child(*out, 0);
    return AKT_OK;
}

void
akti_child_name(akt_self *self, struct akti_cell *cell, akt_ref child)
{
    set_child(cell, (uint64_t)child.slot << 32 | child.generation);
    akti_tell(self->ctx, AKTI_EVENT_CHILD, cell);
}

void
akti_child_forget(akt_self *self, struct akti_cell *cell)
{
    akti_tell(self->ctx, AKTI_EVENT_CHILD_FREE, cell);
    if (!AKTI_MUTANT(detached_child_killed)) {
        set_child(cell, 0);
    }
}

bool
akti_child_is(const struct akti_cell *cell)
{
    return cell->kind == AKTI_CELL_FUTURE
           && (cell->type == &task_type || cell->type == &actor_type);
}

bool
akti_child_is_actor(const struct akti_cell *cell)
{
    return cell->type == &actor_type;
}

bool
akti_child_is_in(const struct akti_cell *cell)
{
    return akti_child_is(cell) || (cell->marks & AKTI_OF_CHILDREN) != 0;
}

bool
akti_child_is_kept(struct akti_cell *cell)
{
    return akti_child_is(cell) && cell->actor_generation != 0
           && akti_child_number(cell) != 0
           && (cell->actor->runnable.unused & AKTI_FLAG_HOOKED) != 0;
}

bool
akti_child_type_is(const akt_type *type)
{
    return type == &task_type;
}

static void
order(struct akti_context *ctx, struct akti_cell *cell, uint32_t what)
{
    struct akt_system *s = akti_system_of(ctx);
    uint64_t child = akti_child_number(cell);

    if (child != 0) {
        akti_actor_order(ctx,
                         akti_depot_cell(&s->dispatcher.cells[AKTI_CELLS_A],
                                         (uint32_t)(child >> 32)),
                         (uint32_t)child, what);
    }
}

void
akti_child_cancel(struct akti_context *ctx, struct akti_cell *cell)
{
    if (AKTI_UNLIKELY(akti_child_is(cell))) {
        order(ctx, cell, AKTI_ORDER_KILL);
    }
}

void
akti_child_drain(struct akti_context *ctx, struct akti_cell *cell)
{
    if (akti_child_is(cell) && akti_child_is_actor(cell)) {
        order(ctx, cell, AKTI_ORDER_DRAIN);
    }
}
