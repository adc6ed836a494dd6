/* SPDX-License-Identifier: MIT */
/*
 * The handling of one message, from the queue to its fate. Part of run.c, and
 * included there alone: most of it is inlined into the turns.
 */
#ifndef AKT_CORE_HANDLE_H
#define AKT_CORE_HANDLE_H

#include "actors/base/mutant.h"
#include "actors/core/future.h"
#include "actors/core/queue.h"
#include "actors/core/self.h"
#include "actors/core/send.h"
#include "actors/core/share.h"
#include "actors/core/system.h"

/* The row that ends the table has a handler where all the rest is handled. */
static const akt_handler *
find_slowly(const akt_behavior *behavior, const akt_type *type)
{
    const akt_handler *h;

    for (h = behavior->handlers; h->type != NULL; h++) {
        if (akt_type_equal(h->type, type)) {
            return h;
        }
    }
    return h->handle != NULL ? h : NULL;
}

/*
 * The handler for a type. Which place of the cache it takes depends on addresses
 * and changes nothing but the time this takes.
 */
AKTI_INLINE const akt_handler *
find_handler(akt_self *self, const akt_behavior *behavior, const akt_type *type)
{
    size_t place = (((uintptr_t)type >> 4) ^ ((uintptr_t)behavior >> 5))
                   % AKTI_HANDLER_CACHE;
    struct akti_handler_place *p = &self->handlers[place];

    if (behavior->handlers[0].type == type) {
        return &behavior->handlers[0];
    }
    if (AKTI_UNLIKELY(p->type != type || p->behavior != behavior)) {
        p->handler = find_slowly(behavior, type);
        p->type = type;
        p->behavior = behavior;
    }
    return p->handler;
}

static void
fail(akt_self *self, akt_err err)
{
    if (self->exit_kind == 0) {
        self->exit_kind = AKT_EXIT_FAILED;
        self->exit_error = err;
    }
}

static void
end(akt_self *self, struct akti_message *m, akt_fate fate, akt_err reason)
{
    akti_unbox(self);
    akti_message_end(self->ctx, akti_actor_entry(self->actor), m, fate, reason);
}

/* The handler has returned: what is left of the message ends. */
AKTI_INLINE void
after_handler(akt_self *self, akt_err err, const bool boxed)
{
    struct akti_message *m = self->message;

    self->message = NULL;
    self->current = NULL;
    self->kept = NULL;
    self->answered = false;
    if (AKTI_UNLIKELY(err != AKT_OK)) {
        fail(self, err);
    }
    if (m == NULL) {
        return;
    }
    if (AKTI_UNLIKELY(err != AKT_OK) && m->cell_generation != 0
        && !AKTI_MUTANT(failure_not_answered)) {
        /* The failure is the answer, if there is none yet. */
        (void)akti_future_end(self->ctx, m->cell, m->cell_generation,
                              AKT_FAILED, err);
        m->cell_generation = 0;
    }
    if (boxed && AKTI_LIKELY(self->boxed != NULL && m->cell_generation == 0)) {
        /* It is freed when it is out of the mailbox. */
        akti_count(self->ctx, akti_actor_entry(self->actor),
                   AKTI_FATES + AKT_FATE_DELIVERED, 1);
        return;
    }
    if (boxed) {
        akti_unbox(self);
    }
    akti_message_delivered(self->ctx, akti_actor_entry(self->actor), m);
}

static bool
is_expired(akt_self *self, struct akti_message *m)
{
    if (m->deadline_ns != AKT_NEVER
        && m->deadline_ns <= akti_now_cached(self->ctx)
        && !AKTI_MUTANT(expired_handled)) {
        return true;
    }
    return m->cell_generation != 0
           && akti_request_is_over(m->cell, m->cell_generation)
           && !AKTI_MUTANT(cancelled_handled);
}

static void
drop_expired(akt_self *self, struct akti_message *m)
{
    bool late = m->deadline_ns <= akti_now_cached(self->ctx);

    if ((m->flags & AKTI_AGED) != 0 && late) {
        end(self, m, AKT_FATE_DROPPED, AKT_EFULL);
    } else {
        end(self, m, AKT_FATE_EXPIRED, late ? AKT_ETIMEOUT : AKT_ECANCELLED);
    }
}

/* Whether a message is to be handled; if not, it has had its fate. */
AKTI_INLINE bool
accept(akt_self *self, struct akti_message *m)
{
    if (AKTI_UNLIKELY(m->target_generation
                      != akti_actor_generation(self->actor))
        && !AKTI_MUTANT(stale_message_handled)) {
        end(self, m, AKT_FATE_DEAD, AKT_EDEAD);
        return false;
    }
    if (AKTI_UNLIKELY(m->deadline_ns != AKT_NEVER)) {
        if (is_expired(self, m)) {
            drop_expired(self, m);
            return false;
        }
        /* The age limit was the mailbox's; the handler's view is its own. */
        akti_send_unstamp(m);
    }
    return true;
}

AKTI_INLINE void
handle_user(akt_self *self, struct akti_message *m, const bool boxed)
{
    struct akti_actor *a = self->actor;
    const akt_handler *h;

    if (!accept(self, m)) {
        return;
    }
    h = find_handler(self, a->behavior, m->type);
    if (AKTI_UNLIKELY(h == NULL)) {
        end(self, m, AKT_FATE_DROPPED, AKT_EUNHANDLED);
        return;
    }
    self->message = m;
    self->current = m;
    after_handler(self, h->handle(self, a->state, akti_message_payload(m)),
                  boxed);
}

/* Calls the handler; false when it gave the message away for good. */
static bool
call_with_timer(akt_self *self, struct akti_message *m, const akt_handler *h)
{
    bool stays = (m->flags & AKTI_EMBEDDED) != 0;
    akt_err err;

    self->message = m;
    self->current = m;
    self->in_timer = true;
    err = h->handle(self, self->actor->state, akti_message_payload(m));
    stays = stays || self->message != NULL;
    self->message = NULL;
    self->current = NULL;
    self->in_timer = false;
    self->answered = false;
    if (err != AKT_OK) {
        fail(self, err);
    }
    return stays;
}

/* A timer's message is accepted when it is handled, and has its fate at once. */
static void
handle_timer(akt_self *self, struct akti_message *m)
{
    struct akti_actor *a = self->actor;
    struct akti_cell *cell = m->cell;
    akt_fate fate = AKT_FATE_DELIVERED;
    bool stays = true;
    const akt_handler *h;

    if (!akti_timer_arrive(self, m)) {
        return;
    }
    h = find_handler(self, a->behavior, m->type);
    if (h != NULL) {
        stays = call_with_timer(self, m, h);
    } else {
        fate = AKT_FATE_DROPPED;
        akti_message_tell(self->ctx, m, fate, AKT_EUNHANDLED);
    }
    akti_count(self->ctx, akti_actor_entry(a), AKTI_ACCEPTED, 1);
    akti_count(self->ctx, akti_actor_entry(a), AKTI_FATES + (unsigned)fate, 1);
    akti_note(self->ctx, &(struct akti_note){.event = AKTI_EVENT_FATE,
                                             .a = (uint64_t)fate,
                                             .b = a->slot,
                                             .what = NULL});
    akti_timer_done(self, cell, stays ? m : NULL);
}

static void
discard_system(akt_self *self, struct akti_message *m)
{
    if (m->kind == AKTI_TIMER) {
        akti_timer_discard(self->ctx, m);
    } else if (m->kind == AKTI_GIFT) {
        akti_share_discard(self, m);
    } else {
        akti_future_discard(self->ctx, m);
    }
}

static void
handle_system(akt_self *self, struct akti_message *m)
{
    akt_err err;

    if (m->target_generation != akti_actor_generation(self->actor)
        && !AKTI_MUTANT(stale_notice_handled)) {
        discard_system(self, m);
        return;
    }
    if (m->kind == AKTI_TIMER) {
        handle_timer(self, m);
        return;
    }
    if (m->kind == AKTI_GIFT) {
        akti_share_arrive(self, m);
        return;
    }
    err = akti_future_arrive(self, m);
    if (err != AKT_OK) {
        fail(self, err);
    }
}

/* The reply that lies in the mailbox. */
AKTI_INLINE void
handle_reply(akt_self *self, struct akti_message *m)
{
    akt_err err;

    if (AKTI_UNLIKELY(m->target_generation != akti_actor_generation(self->actor)
                      || !akti_future_is_awaited(m))) {
        akti_unbox(self);
        handle_system(self, m);
        return;
    }
    err = akti_future_continue(self, m);
    if (AKTI_UNLIKELY(err != AKT_OK)) {
        fail(self, err);
    }
}

#endif
