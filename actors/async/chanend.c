/* SPDX-License-Identifier: MIT */
/* The ends of channels and permits: opened, cloned, given away, closed. */
#include "actors/async/channel.h"
#include "actors/base/mutant.h"
#include "actors/core/system.h"

#include <string.h>

static void
tell_gone(struct akti_context *ctx, struct akti_channel *ch)
{
    akt_channel_counters c = {
        .sent = ch->sent, .received = ch->received, .destroyed = ch->destroyed};

    akti_channel_tell(ctx, AKTI_EVENT_CHANNEL_GONE, ch, &c, AKT_OK);
}

void
akti_channel_leave_last(struct akti_context *ctx, struct akti_channel *ch)
{
    struct akti_queue queue;

    if (ch->refs > 0) {
        akti_channel_leave(ch);
        return;
    }
    if (AKTI_UNLIKELY(ctx->sim != NULL)) {
        tell_gone(ctx, ch);
    }
    AKTI_ASSERT(ch->sent == ch->received + ch->destroyed);
    AKTI_ASSERT(ch->readable.head == NULL && ch->writable.head == NULL);
    queue = ch->queue;
    akti_channel_leave(ch);
    akti_queue_fini(ctx, &queue);
    akti_object_free(ctx, &ch->object);
}

/* --- closing --- */

/* Nothing will come any more, or nobody will take it. */
static void
tell_all(struct akti_context *ctx, struct akti_channel *ch)
{
    akti_channel_set_quiet(ch);
    if (!AKTI_MUTANT(close_wakes_nobody)) {
        akti_line_wake_all(ctx, &ch->senders);
        akti_line_wake_all(ctx, &ch->receivers);
    }
    akti_watches_fire(ctx, &ch->writable);
    akti_watches_fire(ctx, &ch->readable);
}

static void
end_sender(struct akti_context *ctx, struct akti_channel *ch)
{
    ch->open_senders--;
    if (akti_channel_is_finished(ch)) {
        tell_all(ctx, ch);
    }
}

static void
end_permit(struct akti_context *ctx, struct akti_channel *ch)
{
    akti_channel_unhold(ctx, ch);
    if (akti_channel_is_finished(ch)) {
        tell_all(ctx, ch);
    }
}

static void
tell_deserted(struct akti_context *ctx, struct akti_channel *ch)
{
    akti_sim_tell(ctx->sim,
                  &(struct akti_note){.event = AKTI_EVENT_CHANNEL_DESERTED,
                                      .a = (uint64_t)(uintptr_t)ch,
                                      .b = ch->queue.count,
                                      .what = ch->queue.type});
}

/* The values that are left go with the last receiver: to *out. */
static void
end_receiver(struct akti_context *ctx, struct akti_channel *ch,
             struct akti_queue *out)
{
    ch->open_receivers--;
    if (ch->open_receivers > 0) {
        return;
    }
    if (AKTI_UNLIKELY(ctx->sim != NULL)) {
        tell_deserted(ctx, ch);
    }
    *out = ch->queue;
    ch->destroyed += out->count;
    akti_queue_init(&ch->queue, out->type, ch->capacity);
    tell_all(ctx, ch);
}

static void
close_share(akt_self *self, struct akti_cell *share)
{
    struct akti_context *ctx = self->ctx;
    /* Relaxed: the share is open, so this is its object. */
    struct akti_channel *ch =
        atomic_load_explicit(&share->object, memory_order_relaxed);
    struct akti_queue left = {.type = NULL};

    akti_latch_lock(&ch->object.latch);
    akti_share_end(share);
    akti_channel_wake_users(ctx, ch, share);
    if (share->role == AKTI_ROLE_SENDER) {
        end_sender(ctx, ch);
    } else if (share->role == AKTI_ROLE_RECEIVER) {
        end_receiver(ctx, ch, &left);
    } else {
        end_permit(ctx, ch);
    }
    ch->refs--;
    akti_channel_leave_last(ctx, ch);
    akti_share_free(ctx, share);
    if (left.type != NULL) {
        akti_queue_fini(ctx, &left);
    }
}

static const struct akti_owned end_owned = {"channel end", close_share};

static akt_err
close_own(akt_self *self, void *cell, uint32_t generation)
{
    struct akti_cell *share = akti_share_find(self, cell, generation);

    if (share == NULL) {
        return AKT_EENDED;
    }
    akti_owned_close(self, share);
    return AKT_OK;
}

akt_err
akt_tx_close(akt_self *self, akt_tx tx)
{
    return close_own(self, tx.cell, tx.generation);
}

akt_err
akt_rx_close(akt_self *self, akt_rx rx)
{
    return close_own(self, rx.cell, rx.generation);
}

akt_err
akt_permit_release(akt_self *self, akt_permit permit)
{
    return close_own(self, permit.cell, permit.generation);
}

/* --- opening --- */

static akt_err
check_type(akt_self *self, const akt_type *type)
{
    struct akti_log *log = &self->system->dispatcher.log;

    if ((type->flags & AKT_TYPE_OWNS) != 0) {
        akti_log_line(log, AKT_LOG_WARNING,
                      "channel of %s: texts and bytes cannot lie in a channel; "
                      "carry a pointer in an AKT_LOCAL_MESSAGE_WITH that frees "
                      "it",
                      type->name);
        return AKT_ETYPE;
    }
    if (type->align > 64) {
        akti_log_line(log, AKT_LOG_WARNING,
                      "channel of %s: aligned to %u (at most 64)", type->name,
                      type->align);
        return AKT_ETYPE;
    }
    return AKT_OK;
}

static struct akti_channel *
channel_new(akt_self *self, const akt_type *type, uint32_t capacity)
{
    struct akti_object *object = akti_object_new(self->ctx);
    struct akti_channel *ch = (struct akti_channel *)(void *)object;

    if (ch == NULL) {
        return NULL;
    }
    *ch = (struct akti_channel){
        .object = *object, .system = self->system, .capacity = capacity};
    akti_queue_init(&ch->queue, type, capacity);
    return ch;
}

static akt_err
share_new(akt_self *self, struct akti_channel *ch, enum akti_channel_role role,
          struct akti_cell **out)
{
    return akti_share_new(self, &end_owned, &ch->object, role, out);
}

akt_err
akti_channel_open(akt_self *self, const akt_type *type, uint32_t capacity,
                  akt_tx *out_tx, akt_rx *out_rx)
{
    struct akti_channel *ch;
    struct akti_cell *tx;
    struct akti_cell *rx;
    akt_err err;

    if (capacity == 0 || capacity > AKT_CHANNEL_CAPACITY_MAX) {
        return AKT_EINVAL;
    }
    AKT_TRY(check_type(self, type));
    ch = channel_new(self, type, capacity);
    if (ch == NULL) {
        return AKT_ENOMEM;
    }
    err = share_new(self, ch, AKTI_ROLE_SENDER, &tx);
    if (err != AKT_OK) {
        akti_object_free(self->ctx, &ch->object);
        return err;
    }
    ch->open_senders = 1;
    ch->refs = 1;
    err = share_new(self, ch, AKTI_ROLE_RECEIVER, &rx);
    if (err != AKT_OK) {
        akti_owned_close(self, tx);
        return err;
    }
    ch->open_receivers = 1;
    ch->refs = 2;
    akti_channel_set_quiet(ch);
    *out_tx = (akt_tx){tx, akti_cell_generation(tx)};
    *out_rx = (akt_rx){rx, akti_cell_generation(rx)};
    return AKT_OK;
}

/* --- cloning and giving --- */

/* Another share of this role, by one that is open. */
static akt_err
clone(akt_self *self, void *cell, uint32_t generation,
      enum akti_channel_role role, struct akti_cell **out)
{
    struct akti_channel *ch;
    akt_err err;

    AKT_TRY(akti_channel_enter(self, cell, generation, &ch));
    err = share_new(self, ch, role, out);
    if (err == AKT_OK) {
        ch->open_senders += role == AKTI_ROLE_SENDER;
        ch->open_receivers += role == AKTI_ROLE_RECEIVER;
        ch->refs++;
    }
    akti_channel_leave(ch);
    return err;
}

akt_err
akt_tx_clone(akt_self *self, akt_tx tx, akt_tx *out_tx)
{
    struct akti_cell *share;

    AKT_TRY(clone(self, tx.cell, tx.generation, AKTI_ROLE_SENDER, &share));
    *out_tx = (akt_tx){share, akti_cell_generation(share)};
    return AKT_OK;
}

akt_err
akt_rx_clone(akt_self *self, akt_rx rx, akt_rx *out_rx)
{
    struct akti_cell *share;

    AKT_TRY(clone(self, rx.cell, rx.generation, AKTI_ROLE_RECEIVER, &share));
    *out_rx = (akt_rx){share, akti_cell_generation(share)};
    return AKT_OK;
}

static akt_err
give(akt_self *self, void *cell, uint32_t generation, akt_ref to)
{
    struct akti_cell *share = akti_share_find(self, cell, generation);

    return share != NULL ? akti_share_give(self, share, to) : AKT_EENDED;
}

akt_err
akt_tx_give(akt_self *self, akt_tx tx, akt_ref to)
{
    return give(self, tx.cell, tx.generation, to);
}

akt_err
akt_rx_give(akt_self *self, akt_rx rx, akt_ref to)
{
    return give(self, rx.cell, rx.generation, to);
}

/* --- permits --- */

/* The attempt holds a place; its permit is made of memory that was there before. */
struct permit_attempt {
    struct akti_attempt attempt;
    struct akti_cell *share;
};

static akt_err
run_reserve(akt_self *self, struct akti_channel *ch, struct akti_attempt *a)
{
    struct permit_attempt *p = (struct permit_attempt *)(void *)a;
    akt_err err;

    AKT_TRY(akti_channel_hold(self->ctx, ch));
    err = share_new(self, ch, AKTI_ROLE_PERMIT, &p->share);
    if (err == AKT_OK) {
        ch->refs++;
    } else {
        akti_channel_unhold(self->ctx, ch);
    }
    return err;
}

static struct permit_attempt
reserving(akt_tx tx)
{
    return (struct permit_attempt){.attempt = {.run = run_reserve,
                                               .blocked = AKT_EFULL,
                                               .share = tx.cell,
                                               .generation = tx.generation}};
}

static akt_permit
permit_of(const struct permit_attempt *p)
{
    return (akt_permit){p->share, akti_cell_generation(p->share)};
}

akt_err
akt_channel_try_reserve(akt_self *self, akt_tx tx, akt_permit *out_permit)
{
    struct permit_attempt p = reserving(tx);
    struct akti_channel *ch;
    akt_err err;

    AKT_TRY(akti_channel_enter(self, tx.cell, tx.generation, &ch));
    err = run_reserve(self, ch, &p.attempt);
    akti_channel_leave(ch);
    if (err == AKT_OK) {
        *out_permit = permit_of(&p);
    }
    return err;
}

akt_err
akt_channel_reserve_within(akt_self *self, uint64_t timeout_ns, akt_tx tx,
                           akt_permit *out_permit)
{
    struct permit_attempt p = reserving(tx);

    AKT_TRY(akti_channel_attempt(self, &p.attempt, timeout_ns));
    *out_permit = permit_of(&p);
    return AKT_OK;
}

akt_err
akt_channel_reserve(akt_self *self, akt_tx tx, akt_permit *out_permit)
{
    return akt_channel_reserve_within(self, AKT_NEVER, tx, out_permit);
}

akt_err
akti_permit_send(akt_self *self, akt_permit permit,
                 const akti_message_arg *value)
{
    struct akti_cell *share =
        akti_share_find(self, permit.cell, permit.generation);
    struct akti_channel *ch;
    akt_err err;

    if (share == NULL) {
        return AKT_EENDED;
    }
    AKT_TRY(akti_channel_enter(self, share, permit.generation, &ch));
    err =
        akti_channel_put_ends(self->ctx, ch, value->payload,
                              akti_channel_put_by_permit(self->ctx, ch, value));
    if (err != AKT_OK) {
        akti_channel_leave(ch);
        return err;
    }
    akti_share_let_go(self, share);
    akti_share_end(share);
    if (akti_channel_is_finished(ch)) {
        tell_all(self->ctx, ch);
    }
    ch->refs--;
    akti_channel_leave_last(self->ctx, ch);
    akti_share_free(self->ctx, share);
    return AKT_OK;
}
