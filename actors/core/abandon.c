/* SPDX-License-Identifier: MIT */
/* What becomes of an actor's futures, timers, shares and kept promises. */
#include "actors/base/mutant.h"
#include "actors/core/future.h"
#include "actors/core/join.h"
#include "actors/core/system.h"

static void
abandon_future(akt_self *self, struct akti_cell *cell)
{
    uint32_t generation = akti_cell_generation(cell);

    akti_join_abandon(self, cell);
    if (!AKTI_MUTANT(left_words_leaked)) {
        akti_words_drop(self->ctx, cell);
    }
    if (cell->arrived) {
        /* It had its end counted; nobody took it. */
        if (cell->message != NULL && !AKTI_MUTANT(taken_answer_leaked)) {
            akti_message_free(&self->ctx->caches, cell->message);
        }
        akti_cell_release(self->ctx, cell);
        return;
    }
    if (!akti_cell_end(cell, generation, AKT_CANCELLED)) {
        /* Who ended it sends a notice that this mailbox will not take, or has:
         * there the cell is released. */
        return;
    }
    akti_child_cancel(self->ctx, cell);
    cell->error = AKT_OK;
    akti_future_count(self->ctx, cell);
    akti_cell_release(self->ctx, cell);
}

static void
abandon_timer(akt_self *self, struct akti_cell *cell)
{
    uint32_t generation = akti_cell_generation(cell);

    if (!akti_cell_move(cell, generation, AKTI_PHASE_OPEN, AKTI_PHASE_ENDED)
        && akti_cell_move(cell, generation, AKTI_PHASE_QUEUED,
                          AKTI_PHASE_ENDED)) {
        /* Its message is in the mailbox, which releases it. */
        if (!AKTI_MUTANT(queued_timer_freed_twice)) {
            return;
        }
    }
    akti_timer_forget(self->ctx, cell);
}

void
akti_cell_close(akt_self *self, struct akti_cell *cell)
{
    akt_promise promise = {cell, akti_cell_generation(cell)};
    akt_timer timer = {cell, akti_cell_generation(cell)};

    switch (cell->kind) {
    case AKTI_CELL_FUTURE:
        akt_future_drop(self, akti_future_name(cell));
        break;
    case AKTI_CELL_KEPT:
        akt_promise_drop(self, &promise);
        break;
    case AKTI_CELL_OWNED:
        akti_owned_close(self, cell);
        break;
    default:
        akt_ignore(akt_timer_cancel(self, timer));
        break;
    }
}

void
akti_cells_abandon(akt_self *self, struct akti_actor *a, akt_err reason)
{
    struct akti_cell *cell = a->cells;

    a->cells = NULL;
    while (cell != NULL) {
        struct akti_cell *next = cell->next;

        if (cell->kind == AKTI_CELL_FUTURE) {
            abandon_future(self, cell);
        } else if (cell->kind == AKTI_CELL_KEPT) {
            akti_kept_break(self, cell, reason);
        } else if (cell->kind == AKTI_CELL_OWNED) {
            akti_tell(self->ctx, AKTI_EVENT_OWNED_FREE, cell);
            cell->owned->close(self, cell);
        } else {
            abandon_timer(self, cell);
        }
        cell = next;
    }
}
