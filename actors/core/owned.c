/* SPDX-License-Identifier: MIT */
/*
 * What an actor or attached thread owns besides futures, timers and promises: cells
 * of a sort that others define (cell.h), closed with their owner at the latest.
 * Touched by the owner alone.
 */
#include "actors/base/mutant.h"
#include "actors/core/future.h"
#include "actors/core/system.h"

struct akti_cell *
akti_owned_new(akt_self *self, const struct akti_owned *owned, void *arg)
{
    struct akti_cell *cell;

    if (self->actor == NULL && self->port == NULL) {
        return NULL;
    }
    cell = akti_cell_new(self->ctx, AKTI_CELL_OWNED);
    if (cell != NULL) {
        cell->timer.worker = 0;
        cell->actor = self->actor;
        cell->actor_generation =
            self->actor != NULL ? akti_actor_generation(self->actor) : 0;
        if (self->actor == NULL) {
            cell->port = self->port;
        }
        cell->owned = owned;
        cell->arg = arg;
        akti_cell_link(akti_cells_of(self), cell);
        akti_tell_owned(self, cell);
    }
    return cell;
}

struct akti_cell *
akti_owned_find(akt_self *self, void *ptr, uint32_t generation,
                const struct akti_owned *owned)
{
    struct akti_cell *cell = ptr;

    if (cell == NULL || akti_cell_generation(cell) != generation
        || cell->kind != AKTI_CELL_OWNED || cell->owned != owned) {
        return NULL;
    }
    /* Closed, and the message of its alarm has not let go of it. */
    if (akti_cell_phase(cell) == AKTI_PHASE_ENDED
        && !AKTI_MUTANT(closed_owned_found)) {
        return NULL;
    }
    if (self->actor != NULL) {
        return cell->actor == self->actor ? cell : NULL;
    }
    return self->port != NULL && cell->port == self->port ? cell : NULL;
}

/* It is in no list any more. */
static void
take_out(akt_self *self, struct akti_cell *cell)
{
    akti_tell(self->ctx, AKTI_EVENT_OWNED_FREE, cell);
    akti_cell_unlink(akti_cells_of(self), cell);
}

void
akti_owned_undo(akt_self *self, struct akti_cell *cell)
{
    take_out(self, cell);
    akti_cell_release(self->ctx, cell);
}

void
akti_owned_close(akt_self *self, struct akti_cell *cell)
{
    take_out(self, cell);
    cell->owned->close(self, cell);
}
