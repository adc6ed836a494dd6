/* SPDX-License-Identifier: MIT */
/* The answerer's end: replying, failing, keeping for later, handing on. */
#include "actors/base/mutant.h"
#include "actors/core/future.h"
#include "actors/core/send.h"
#include "actors/core/system.h"

#include <stdbool.h>

/*
 * Ends a request by a message with the error, or, when there was no memory for
 * one, by the code alone.
 */
static void
answer_error(struct akti_context *ctx, struct akti_message *request,
             akt_err err, struct akti_message *m)
{
    if (m != NULL) {
        akti_future_answer(ctx, request->cell, request->cell_generation, m);
    } else {
        (void)akti_future_end(ctx, request->cell, request->cell_generation,
                              AKT_FAILED, err);
    }
    request->cell_generation = 0;
}

static akt_err
answer(struct akti_context *ctx, struct akti_message *request,
       const void *reply)
{
    struct akti_message *m = NULL;

    AKT_TRY(akti_message_new(&ctx->caches, request->type->reply, reply, &m));
    akti_future_answer(ctx, request->cell, request->cell_generation, m);
    request->cell_generation = 0;
    return AKT_OK;
}

/* --- at once --- */

static bool
is_asked(const struct akti_message *m)
{
    return m->cell_generation != 0 && m->kind == AKTI_USER;
}

akt_err
akti_reply(akt_self *self, const void *request, const void *reply)
{
    struct akti_message *m = self->message;

    if (AKTI_UNLIKELY(m == NULL || self->answered)) {
        return AKT_EENDED;
    }
    if (AKTI_UNLIKELY(request != akti_message_payload(m)
                      || m->type->reply == NULL)) {
        return AKT_ETYPE;
    }
    if (is_asked(m)) {
        AKT_TRY(answer(self->ctx, m, reply));
    }
    self->answered = !AKTI_MUTANT(replied_twice);
    return AKT_OK;
}

/* Whether the current message may be answered by an error now. */
static akt_err
check_fail(akt_self *self, akt_err err)
{
    if (err == AKT_OK) {
        return AKT_EINVAL;
    }
    if (self->answered) {
        return AKT_EENDED;
    }
    return self->message != NULL ? AKT_OK : AKT_ECONTEXT;
}

akt_err
akt_reply_error(akt_self *self, akt_err err, const char *text)
{
    struct akti_message *m = self->message;

    AKT_TRY(check_fail(self, err));
    if (is_asked(m)) {
        answer_error(self->ctx, m, err,
                     akti_error_message(self->ctx, err, text));
    }
    self->answered = true;
    return AKT_OK;
}

akt_err
akt_reply_failure(akt_self *self, const akt_error *error)
{
    struct akti_message *m = self->message;

    AKT_TRY(check_fail(self, error->code));
    if (is_asked(m)) {
        answer_error(self->ctx, m, error->code,
                     akti_failure_message(self->ctx, error));
    }
    self->answered = true;
    return AKT_OK;
}

/* --- later --- */

akt_err
akti_keep(akt_self *self, const void *request, akt_promise *out_promise)
{
    struct akti_message *m = self->message;
    struct akti_cell *cell;

    if (m == NULL || self->answered) {
        return AKT_EENDED;
    }
    if (self->actor == NULL || m->kind != AKTI_USER || m->cell_generation == 0
        || request != akti_message_payload(m)) {
        return AKT_ECONTEXT;
    }
    cell = akti_cell_new(self->ctx, AKTI_CELL_KEPT);
    if (cell == NULL) {
        return AKT_ENOMEM;
    }
    akti_unbox(self);
    cell->timer.worker = 0;
    cell->actor = self->actor;
    cell->message = m;
    cell->entry = akti_self_entry(self);
    akti_cell_link(&self->actor->cells, cell);
    out_promise->cell = cell;
    out_promise->generation = akti_cell_generation(cell);
    /* The message stays until the promise ends; its handling is done. */
    akti_count(self->ctx, cell->entry, AKTI_FATES + AKT_FATE_DELIVERED, 1);
    self->message = NULL;
    self->kept = cell;
    self->answered = true;
    return AKT_OK;
}

/* The cell of a promise that the caller keeps. */
static akt_err
find(akt_self *self, const akt_promise *promise, struct akti_cell **out)
{
    struct akti_cell *cell = promise->cell;

    if (cell == NULL || akti_cell_generation(cell) != promise->generation
        || cell->kind != AKTI_CELL_KEPT) {
        return AKT_EENDED;
    }
    if (self->actor == NULL
        || (cell->actor != self->actor && !AKTI_MUTANT(others_promise_kept))) {
        return AKT_ECONTEXT;
    }
    *out = cell;
    return AKT_OK;
}

/* The cell goes; its message was moved or is freed here. */
static void
close_kept(akt_self *self, struct akti_cell *cell, akt_promise *promise)
{
    if (self->kept == cell) {
        self->kept = NULL;
        self->current = NULL;
    }
    if (cell->message != NULL) {
        akti_message_free(&self->ctx->caches, cell->message);
    }
    akti_cell_unlink(&self->actor->cells, cell);
    akti_cell_release(self->ctx, cell);
    *promise = (akt_promise){NULL, 0};
}

akt_err
akti_promise_reply(akt_self *self, akt_promise *promise, const void *reply)
{
    struct akti_cell *cell;

    AKT_TRY(find(self, promise, &cell));
    AKT_TRY(answer(self->ctx, cell->message, reply));
    close_kept(self, cell, promise);
    return AKT_OK;
}

akt_err
akt_promise_fail(akt_self *self, akt_promise *promise, akt_err err,
                 const char *text)
{
    struct akti_cell *cell;

    if (err == AKT_OK) {
        return AKT_EINVAL;
    }
    AKT_TRY(find(self, promise, &cell));
    answer_error(self->ctx, cell->message, err,
                 akti_error_message(self->ctx, err, text));
    close_kept(self, cell, promise);
    return AKT_OK;
}

akt_err
akt_promise_fail_with(akt_self *self, akt_promise *promise,
                      const akt_error *error)
{
    struct akti_cell *cell;

    if (error->code == AKT_OK) {
        return AKT_EINVAL;
    }
    AKT_TRY(find(self, promise, &cell));
    answer_error(self->ctx, cell->message, error->code,
                 akti_failure_message(self->ctx, error));
    close_kept(self, cell, promise);
    return AKT_OK;
}

static void
break_request(struct akti_context *ctx, struct akti_message *m, akt_err reason)
{
    (void)akti_future_end(ctx, m->cell, m->cell_generation, AKT_BROKEN, reason);
}

void
akt_promise_drop(akt_self *self, akt_promise *promise)
{
    struct akti_cell *cell;

    if (find(self, promise, &cell) != AKT_OK) {
        return;
    }
    break_request(self->ctx, cell->message, AKT_EBROKEN);
    close_kept(self, cell, promise);
}

void
akti_kept_break(akt_self *self, struct akti_cell *cell, akt_err reason)
{
    if (!AKTI_MUTANT(kept_not_broken)) {
        break_request(self->ctx, cell->message, reason);
    }
    akti_message_free(&self->ctx->caches, cell->message);
    akti_cell_release(self->ctx, cell);
}

akt_err
akt_promise_forward(akt_self *self, akt_promise *promise, akt_ref to)
{
    struct akti_actor *target = NULL;
    struct akti_cell *cell;
    struct akti_message *m = NULL;

    AKT_TRY(find(self, promise, &cell));
    AKT_TRY(akti_system_find(self->system, to, &target));
    m = cell->message;
    akti_send_unstamp(m);
    m->target_slot = to.slot;
    m->target_generation = to.generation;
    if (AKTI_MUTANT(failed_forward_loses_promise)) {
        cell->message = NULL;
    }
    AKT_TRY(akti_send_message(self, target, m, AKTI_MAY_AWAIT));
    cell->message = NULL;
    close_kept(self, cell, promise);
    return AKT_OK;
}
