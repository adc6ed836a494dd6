/* SPDX-License-Identifier: MIT */
/*
 * A future whose other end its owner gives to whom it likes. The completer is a
 * value: whoever has it decides by the cell's one compare-and-swap, as everybody
 * who ends a future does, and learns there that it is too late. What a completer
 * has to know of a cell that may be another's by now is in the completer itself.
 */
#include "akt/oneshot.h"

#include "actors/base/mutant.h"
#include "actors/core/future.h"
#include "actors/core/send.h"
#include "actors/core/system.h"

akt_err
akti_oneshot_open(akt_self *self, const akt_type *type, uint64_t timeout_ns,
                  akt_future *out_future, akt_completer *out_completer)
{
    uint64_t due =
        timeout_ns == AKT_NEVER ? AKT_NEVER : akti_future_due(self, timeout_ns);
    struct akti_cell *cell = NULL;

    AKT_TRY(akti_future_open(self, type, due, &cell));
    out_future->cell = cell;
    out_future->generation = akti_cell_generation(cell);
    *out_completer =
        (akt_completer){cell, out_future->generation, self->system->id, type};
    return AKT_OK;
}

static bool
is_open(akt_completer completer)
{
    struct akti_cell *cell = completer.cell;
    uint64_t open = akti_cell_state(completer.generation, AKTI_PHASE_OPEN);

    return akti_cell_load(cell) == open;
}

/* Whether the caller can complete it, as far as can be said before. */
static akt_err
check(akt_self *self, akt_completer completer)
{
    if (completer.generation == 0) {
        return AKT_EENDED;
    }
    if (completer.system != self->system->id
        && !AKTI_MUTANT(foreign_completer_taken)) {
        return AKT_EFOREIGN;
    }
    if (!akti_system_is_ours(self->system)) {
        return AKT_EFORK;
    }
    return is_open(completer) || AKTI_MUTANT(completes_twice) ? AKT_OK
                                                              : AKT_EENDED;
}

akt_err
akti_complete(akt_self *self, akt_completer completer,
              const akti_message_arg *reply)
{
    struct akti_cell *cell = completer.cell;
    struct akti_message *m = NULL;

    AKT_TRY(check(self, completer));
    if (!akt_type_equal(completer.type, reply->type)) {
        return AKT_ETYPE;
    }
    AKT_TRY(
        akti_message_new(&self->ctx->caches, reply->type, reply->payload, &m));
    if (!akti_cell_end(cell, completer.generation, AKT_REPLIED)) {
        akti_send_undo(self, m);
        return AKTI_MUTANT(completes_twice) ? AKT_OK : AKT_EENDED;
    }
    cell->error = AKT_OK;
    akti_future_deliver(self->ctx, cell, m);
    return AKT_OK;
}

akt_err
akt_complete_error(akt_self *self, akt_completer completer, akt_err err,
                   const char *text)
{
    struct akti_cell *cell = completer.cell;
    struct akti_message *m = NULL;

    if (err == AKT_OK) {
        return AKT_EINVAL;
    }
    AKT_TRY(check(self, completer));
    if (text != NULL) {
        m = akti_error_message(self->ctx, err, text);
    }
    if (!akti_cell_end(cell, completer.generation, AKT_FAILED)) {
        if (m != NULL) {
            akti_message_free(&self->ctx->caches, m);
        }
        return AKT_EENDED;
    }
    cell->error = err;
    akti_future_deliver(self->ctx, cell, m);
    return AKT_OK;
}

void
akt_completer_drop(akt_self *self, akt_completer completer)
{
    if (check(self, completer) == AKT_OK
        && !AKTI_MUTANT(dropped_completer_silent)) {
        (void)akti_future_end(self->ctx, completer.cell, completer.generation,
                              AKT_BROKEN, AKT_EBROKEN);
    }
}

bool
akt_completer_is_open(akt_self *self, akt_completer completer)
{
    return check(self, completer) == AKT_OK;
}
