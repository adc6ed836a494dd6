/* SPDX-License-Identifier: MIT */
/* What becomes of an actor's futures, timers and kept promises at its end. */
#include "actors/base/mutant.h"
#include "actors/core/future.h"
#include "actors/core/system.h"

static void
abandon_future(akt_self *self, struct akti_cell *cell)
{
    uint32_t generation = akti_cell_generation(cell);

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
    akti_count(self->ctx, cell->entry,
               AKTI_OUTCOMES - AKT_REPLIED + AKT_CANCELLED, 1);
    akti_note(self->ctx, &(struct akti_note){.event = AKTI_EVENT_ENDED,
                                             .a = AKT_CANCELLED,
                                             .what = cell});
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
        } else {
            abandon_timer(self, cell);
        }
        cell = next;
    }
}
