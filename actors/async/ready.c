/* SPDX-License-Identifier: MIT */
/* Futures that have ended before anybody sees them. One thread: the owner's. */
#include "actors/core/future.h"
#include "actors/core/send.h"
#include "akt/oneshot.h"

/* One that ends at once; `m` is moved on success. */
static akt_err
new_ended(akt_self *self, const akt_type *type, akt_outcome outcome,
          struct akti_message *m, struct akti_cell **out)
{
    struct akti_cell *cell = NULL;

    AKT_TRY(akti_future_open(self, type, AKT_NEVER, &cell));
    akti_cell_end_unseen(cell, outcome);
    cell->message = m;
    cell->arrived = true;
    akti_future_count(self->ctx, cell);
    *out = cell;
    return AKT_OK;
}

static void
hand_out(struct akti_cell *cell, akt_future *out)
{
    out->cell = cell;
    out->generation = akti_cell_generation(cell);
}

akt_err
akti_future_ready(akt_self *self, const akti_message_arg *reply,
                  akt_future *out_future)
{
    struct akti_message *m = NULL;
    struct akti_cell *cell = NULL;
    akt_err err;

    AKT_TRY(
        akti_message_new(&self->ctx->caches, reply->type, reply->payload, &m));
    err = new_ended(self, reply->type, AKT_REPLIED, m, &cell);
    if (err != AKT_OK) {
        akti_send_undo(self, m);
        return err;
    }
    hand_out(cell, out_future);
    return AKT_OK;
}

akt_err
akt_future_failed(akt_self *self, akt_future *out_future, akt_err err,
                  const char *text)
{
    struct akti_message *m = NULL;
    struct akti_cell *cell = NULL;
    akt_err failed;

    if (err == AKT_OK) {
        return AKT_EINVAL;
    }
    if (text != NULL) {
        m = akti_error_message(self->ctx, err, text);
        if (m == NULL) {
            return AKT_ENOMEM;
        }
    }
    failed = new_ended(self, NULL, AKT_FAILED, m, &cell);
    if (failed != AKT_OK) {
        if (m != NULL) {
            akti_message_free(&self->ctx->caches, m);
        }
        return failed;
    }
    cell->error = err;
    hand_out(cell, out_future);
    return AKT_OK;
}
