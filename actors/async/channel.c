/* SPDX-License-Identifier: MIT */
/* Putting values into channels and getting them out; see channel.h. */
#include "actors/async/channel.h"

#include "actors/async/task.h"
#include "actors/base/mutant.h"
#include "actors/core/system.h"

/* --- what changes tells who waits for it --- */

AKTI_INLINE void
value_came(struct akti_context *ctx, struct akti_channel *ch)
{
    if (akti_line_needs_wake(&ch->receivers)) {
        akti_line_wake(ctx, &ch->receivers, ch->receivers.head);
    }
    if (AKTI_UNLIKELY(ch->readable.head != NULL)) {
        akti_watches_fire(ctx, &ch->readable);
    }
}

AKTI_INLINE void
place_is_free(struct akti_context *ctx, struct akti_channel *ch)
{
    if (akti_line_needs_wake(&ch->senders)) {
        akti_line_wake(ctx, &ch->senders, ch->senders.head);
    }
    if (AKTI_UNLIKELY(ch->writable.head != NULL)) {
        akti_watches_fire(ctx, &ch->writable);
    }
}

/* Whether the first sender runs where this is: then it waits for this turn. */
static bool
is_near(struct akti_context *ctx, const struct akti_parker *p)
{
    if (ctx->sim != NULL) {
        return akti_random_next(&ctx->random) % 2 == 0;
    }
    return p->task != NULL && p->task->self->ctx == ctx;
}

/*
 * One that is near is woken at once, and has its turn when this one is over. One
 * that is not would come for a single place; it is woken when half is free, or
 * when this task's turn is over.
 */
static void
wake_sender(akt_self *self, struct akti_channel *ch)
{
    struct akti_task *t = akti_task_of(self);

    if (t == NULL || (ch->queue.count + ch->permits) * 2 <= ch->capacity
        || is_near(self->ctx, ch->senders.head->parker)) {
        akti_line_wake(self->ctx, &ch->senders, ch->senders.head);
        return;
    }
    if (t->owes != NULL && t->owes != ch) {
        /* At most one, and this latch is taken. */
        akti_line_wake(self->ctx, &ch->senders, ch->senders.head);
        return;
    }
    t->owes = ch;
    t->fiber.owing = true;
}

/*
 * The channel may be another one by now, or another object, which has no lines where
 * a channel has its own: then it is looked at for nothing.
 */
void
akti_channel_pay(struct akti_context *ctx, struct akti_task *t)
{
    struct akti_channel *ch = t->owes;

    t->owes = NULL;
    t->fiber.owing = false;
    if (AKTI_MUTANT(owed_wake_forgotten)) {
        return;
    }
    akti_latch_lock(&ch->object.latch);
    akti_channel_pass(ctx, ch);
    akti_channel_leave(ch);
}

void
akti_channel_pass(struct akti_context *ctx, struct akti_channel *ch)
{
    if (AKTI_MUTANT(channel_baton_lost)) {
        return;
    }
    if (ch->queue.count > 0 && akti_line_needs_wake(&ch->receivers)) {
        akti_line_wake(ctx, &ch->receivers, ch->receivers.head);
    }
    if (akti_channel_has_room(ch) && akti_line_needs_wake(&ch->senders)) {
        akti_line_wake(ctx, &ch->senders, ch->senders.head);
    }
}

/* --- what simulations are told --- */

void
akti_channel_tell(struct akti_context *ctx, enum akti_event event,
                  struct akti_channel *ch, const void *value, akt_err err)
{
    akti_sim_tell(ctx->sim, &(struct akti_note){.event = event,
                                                .a = (uint64_t)(uintptr_t)ch,
                                                .b = ch->queue.type->size,
                                                .what = value,
                                                .err = (int)err});
}

/* --- putting and getting --- */

static inline bool
carries(const struct akti_channel *ch, const akt_type *type)
{
    return AKTI_LIKELY(ch->queue.type == type)
           || akt_type_equal(ch->queue.type, type);
}

AKTI_INLINE void
push(struct akti_context *ctx, struct akti_channel *ch, const void *payload)
{
    akti_queue_push(&ch->queue, payload);
    if (ch->queue.count == 1) {
        akti_channel_set_quiet(ch);
    }
    ch->sent++;
    value_came(ctx, ch);
}

AKTI_INLINE akt_err
put(struct akti_context *ctx, struct akti_channel *ch,
    const akti_message_arg *value)
{
    if (AKTI_UNLIKELY(!carries(ch, value->type))) {
        return AKT_ETYPE;
    }
    if (AKTI_UNLIKELY(ch->open_receivers == 0)) {
        return AKT_ECLOSED;
    }
    if (!akti_channel_has_room(ch)) {
        return AKT_EFULL;
    }
    AKT_TRY(akti_queue_reserve(ctx, &ch->queue, ch->permits));
    push(ctx, ch, value->payload);
    return AKT_OK;
}

akt_err
akti_channel_put_by_permit(struct akti_context *ctx, struct akti_channel *ch,
                           const akti_message_arg *value)
{
    if (!carries(ch, value->type)) {
        return AKT_ETYPE;
    }
    if (ch->open_receivers == 0) {
        return AKT_ECLOSED;
    }
    ch->permits--;
    push(ctx, ch, value->payload);
    return AKT_OK;
}

AKTI_INLINE akt_err
get(akt_self *self, struct akti_channel *ch, const akt_type *type, void *out)
{
    if (AKTI_UNLIKELY(!carries(ch, type))) {
        return AKT_ETYPE;
    }
    if (ch->queue.count == 0) {
        return akti_channel_is_finished(ch) ? AKT_ECLOSED : AKT_EEMPTY;
    }
    akti_queue_pop(self->ctx, &ch->queue, out);
    if (ch->queue.count == 0) {
        akti_channel_set_quiet(ch);
    }
    ch->received++;
    if (akti_line_needs_wake(&ch->senders)) {
        wake_sender(self, ch);
    }
    if (AKTI_UNLIKELY(ch->writable.head != NULL)) {
        akti_watches_fire(self->ctx, &ch->writable);
    }
    return AKT_OK;
}

akt_err
akti_channel_put(struct akti_context *ctx, struct akti_channel *ch,
                 const akti_message_arg *value)
{
    return put(ctx, ch, value);
}

akt_err
akti_channel_get(akt_self *self, struct akti_channel *ch, const akt_type *type,
                 void *out)
{
    return get(self, ch, type, out);
}

akt_err
akti_channel_hold(struct akti_context *ctx, struct akti_channel *ch)
{
    if (ch->open_receivers == 0) {
        return AKT_ECLOSED;
    }
    if (!akti_channel_has_room(ch)) {
        return AKT_EFULL;
    }
    AKT_TRY(akti_queue_reserve(ctx, &ch->queue, ch->permits));
    ch->permits++;
    return AKT_OK;
}

void
akti_channel_unhold(struct akti_context *ctx, struct akti_channel *ch)
{
    ch->permits--;
    if (!AKTI_MUTANT(permit_room_lost)) {
        place_is_free(ctx, ch);
    }
}

/* --- the calls --- */

/* Who may wait; AKT_ECONTEXT, AKT_ECANCELLED, AKT_EFORK. */
static akt_err
check_waiting(akt_self *self)
{
    struct akti_task *t = akti_task_of(self);

    if (AKTI_LIKELY(t != NULL)) {
        return AKTI_UNLIKELY(akti_task_must_end(t)) ? AKT_ECANCELLED : AKT_OK;
    }
    if (self->port == NULL) {
        return AKT_ECONTEXT;
    }
    return akti_system_is_ours(self->system) ? AKT_OK : AKT_EFORK;
}

AKTI_INLINE akt_err
try_send(akt_self *self, akt_tx tx, const akti_message_arg *value)
{
    struct akti_channel *ch;
    akt_err err;

    AKT_TRY(akti_channel_enter(self, tx.cell, tx.generation, &ch));
    err = akti_channel_put_ends(self->ctx, ch, value->payload,
                                put(self->ctx, ch, value));
    akti_channel_leave(ch);
    return err;
}

AKTI_INLINE akt_err
try_recv(akt_self *self, akt_rx rx, const akt_type *type, void *out)
{
    struct akti_channel *ch;
    akt_err err;

    AKT_TRY(akti_channel_enter(self, rx.cell, rx.generation, &ch));
    err = akti_channel_get_ends(self->ctx, ch, out, get(self, ch, type, out));
    akti_channel_leave(ch);
    return err;
}

akt_err
akti_channel_try_send(akt_self *self, akt_tx tx, const akti_message_arg *value)
{
    return try_send(self, tx, value);
}

akt_err
akti_channel_try_recv(akt_self *self, akt_rx rx, const akt_type *type,
                      void *out)
{
    return try_recv(self, rx, type, out);
}

static akt_err
run_put(akt_self *self, struct akti_channel *ch, struct akti_attempt *a)
{
    return akti_channel_put(self->ctx, ch, a->value);
}

akt_err
akti_channel_send(akt_self *self, akt_tx tx, uint64_t timeout_ns,
                  const akti_message_arg *value)
{
    akt_err err;

    AKT_TRY(check_waiting(self));
    err = try_send(self, tx, value);
    if (AKTI_LIKELY(err != AKT_EFULL)) {
        return err;
    }
    return akti_channel_attempt(
        self,
        &(struct akti_attempt){.run = run_put,
                               .blocked = AKT_EFULL,
                               .share = tx.cell,
                               .generation = tx.generation,
                               .value = value},
        timeout_ns);
}

static akt_err
run_get(akt_self *self, struct akti_channel *ch, struct akti_attempt *a)
{
    return akti_channel_get(self, ch, a->type, a->out);
}

akt_err
akti_channel_recv(akt_self *self, akt_rx rx, uint64_t timeout_ns,
                  const akt_type *type, void *out)
{
    akt_err err;

    AKT_TRY(check_waiting(self));
    err = try_recv(self, rx, type, out);
    if (AKTI_LIKELY(err != AKT_EEMPTY)) {
        return err;
    }
    return akti_channel_attempt(
        self,
        &(struct akti_attempt){.run = run_get,
                               .blocked = AKT_EEMPTY,
                               .share = rx.cell,
                               .generation = rx.generation,
                               .type = type,
                               .out = out},
        timeout_ns);
}
