/* SPDX-License-Identifier: MIT */
#include "actors/core/send.h"

#include "actors/base/clock.h"
#include "actors/base/mutant.h"
#include "actors/core/future.h"
#include "actors/core/suspend.h"
#include "actors/core/system.h"

void
akti_send_refused(akt_self *self)
{
    akti_count(self->ctx, akti_self_entry(self), AKTI_REFUSED, 1);
}

akt_err
akti_send_check(akt_self *self)
{
    struct akt_system *s = self->system;

    if (!akti_system_is_ours(s)) {
        return AKT_EFORK;
    }
    if (self->port != NULL && akti_system_phase(s) != AKTI_RUNNING
        && !AKTI_MUTANT(stopped_thread_sends)) {
        return AKT_ESTOPPED;
    }
    return AKT_OK;
}

void
akti_send_undo(akt_self *self, struct akti_message *m)
{
    m->flags |= AKTI_MUTANT(refused_send_frees) ? 0 : AKTI_TAKEN;
    akti_message_free(&self->ctx->caches, m);
}

bool
akti_send_reserved(struct akti_context *ctx, struct akti_actor *target,
                   struct akti_message *m)
{
    switch (akti_mailbox_push_reserved(&target->box, m)) {
    case AKTI_PUSHED:
        return true;
    case AKTI_PUSHED_WAKE:
        if (!AKTI_MUTANT(reply_wakes_nobody)) {
            akti_ready(ctx, &target->runnable);
        }
        return true;
    default:
        return false;
    }
}

/* --- what a full mailbox does --- */

/*
 * Brings what came in by now into the queue that the oldest is taken from. What
 * is not a user's message goes back into the inbox: its queue is the owner's
 * alone. The token is out as long as there are messages, so nobody is woken.
 */
static void
pull_in(struct akti_actor *a)
{
    struct akti_message *m =
        akti_messages_reverse(akti_mailbox_take_messages(&a->box));

    while (m != NULL) {
        struct akti_message *next = m->next;

        if (m->kind == AKTI_USER || AKTI_MUTANT(system_evicted)) {
            akti_queue_user(a, m);
        } else {
            (void)akti_mailbox_push_reserved(&a->box, m);
        }
        m = next;
    }
}

/*
 * The oldest message, taken out, if it is old enough; NULL when none is. The box
 * is closed under the same lock, so an open one of this generation stays so.
 */
static struct akti_message *
evict_locked(struct akti_actor *a, uint32_t generation, uint64_t older_than_ns)
{
    struct akti_message *before = NULL;
    struct akti_message *m;

    if ((akti_actor_generation(a) != generation
         && !AKTI_MUTANT(evicts_successor))
        || !akti_mailbox_is_open(&a->box)) {
        return NULL;
    }
    pull_in(a);
    m = a->user_head;
    /* What came back from the stash takes no room here. */
    while (m != NULL && (m->flags & AKTI_CREDITED) == 0
           && !AKTI_MUTANT(evicts_unstashed)) {
        before = m;
        m = m->next;
    }
    if (m == NULL
        || (older_than_ns != 0 && m->deadline_ns > older_than_ns
            && !AKTI_MUTANT(sheds_young))) {
        return NULL;
    }
    if (before != NULL) {
        before->next = m->next;
    } else {
        a->user_head = m->next;
    }
    if (a->user_tail == m && !AKTI_MUTANT(evict_leaves_tail)) {
        a->user_tail = before;
    }
    akti_mailbox_credit(&a->box, AKTI_MUTANT(evict_leaks_credit) ? 0 : 1);
    return m;
}

/*
 * AKT_DROP_OLDEST and AKT_SHED_OLD: makes room by the oldest message. False when
 * there is none to give up.
 */
static bool
make_room(akt_self *self, struct akti_actor *target, uint32_t generation,
          uint64_t older_than_ns)
{
    struct akt_system *s = self->system;
    struct akti_message *m;

    akti_mutex_lock(&s->evict_lock);
    m = evict_locked(target, generation, older_than_ns);
    akti_mutex_unlock(&s->evict_lock);
    if (m == NULL) {
        return false;
    }
    akti_message_end(self->ctx, akti_actor_entry(target), m, AKT_FATE_DROPPED,
                     AKT_EFULL);
    return true;
}

static akt_err
refuse(akt_self *self, struct akti_actor *target, enum akti_patience patience,
       akt_err err)
{
    if (patience != AKTI_TRIES) {
        akti_count(self->ctx, akti_actor_entry(target), AKTI_REFUSED, 1);
    }
    return err;
}

static bool
can_await(const akt_self *self, enum akti_patience patience)
{
    return (patience == AKTI_MAY_AWAIT || AKTI_MUTANT(try_send_waits))
           && self->actor != NULL && !self->exiting;
}

static akt_err
accept_dropped(akt_self *self, struct akti_actor *target,
               struct akti_message *m)
{
    akti_send_accept(self, target, m);
    akti_message_end(self->ctx, akti_actor_entry(target), m, AKT_FATE_DROPPED,
                     AKT_EFULL);
    return AKT_OK;
}

/* The mailbox is full. *retry: there may be room now. */
static akt_err
overflow(akt_self *self, struct akti_actor *target, struct akti_message *m,
         enum akti_patience patience, bool *retry)
{
    *retry = false;
    /* A sender that is its own receiver gives back what it has handled. */
    if (target == self->actor && self->handled > 0) {
        akti_give_back(self, UINT32_MAX);
        *retry = true;
        return AKT_OK;
    }
    switch (akti_actor_overflow(target)) {
    case AKT_AWAIT:
        if (can_await(self, patience)) {
            return akti_suspend_send(self, target, m, retry);
        }
        return AKT_EFULL;
    case AKT_DROP_NEWEST:
        return accept_dropped(self, target, m);
    case AKT_DROP_OLDEST:
        *retry = !AKTI_MUTANT(drops_newest_for_oldest)
                 && make_room(self, target, m->target_generation, 0);
        return *retry ? AKT_OK : accept_dropped(self, target, m);
    case AKT_SHED_OLD:
        *retry =
            make_room(self, target, m->target_generation, akti_now(self->ctx));
        return *retry ? AKT_OK : AKT_EFULL;
    case AKT_STOP:
        akti_actor_order(self->ctx, target, m->target_generation,
                         AKTI_ORDER_OVERFLOW);
        return AKT_EFULL;
    case AKTI_OVERFLOW_CLOSED:
        return AKT_EDEAD;
    default:
        return AKT_EFULL;
    }
}

/* In an AKT_SHED_OLD mailbox the age limit is a deadline. */
static void
stamp_age(akt_self *self, struct akti_actor *target, struct akti_message *m)
{
    uint64_t limit = akti_clock_add(akti_now(self->ctx),
                                    akti_actor_entry(target)->max_age_ns);

    if (limit < m->deadline_ns) {
        m->deadline_ns = limit;
        m->flags |= AKTI_AGED;
    }
}

void
akti_send_unstamp(struct akti_message *m)
{
    if ((m->flags & AKTI_AGED) != 0 && !AKTI_MUTANT(age_outlives_mailbox)) {
        m->flags &= (uint8_t)~AKTI_AGED;
        m->deadline_ns =
            m->cell_generation != 0
                ? akti_request_deadline(m->cell, m->cell_generation)
                : AKT_NEVER;
    }
}

/* It was counted as accepted, and is not. */
static void
unaccept(akt_self *self, struct akti_actor *target, struct akti_message *m)
{
    akti_count(self->ctx, akti_actor_entry(target), AKTI_ACCEPTED,
               AKTI_MUTANT(refusal_stays_accepted) ? 0 : UINT64_MAX);
    akti_tell(self->ctx, AKTI_EVENT_UNSENT, m);
}

static akt_err
send_slowly(akt_self *self, struct akti_actor *target, struct akti_message *m,
            enum akti_patience patience)
{
    for (;;) {
        bool retry;
        akt_err err = overflow(self, target, m, patience, &retry);

        if (!retry) {
            return err == AKT_OK ? AKT_OK : refuse(self, target, patience, err);
        }
        akti_send_accept(self, target, m);
        switch (
            akti_mailbox_push(&target->box, m, akti_actor_capacity(target))) {
        case AKTI_PUSHED_WAKE:
            akti_ready(self->ctx, &target->runnable);
            return AKT_OK;
        case AKTI_PUSHED:
            return AKT_OK;
        case AKTI_PUSH_CLOSED:
            unaccept(self, target, m);
            return refuse(self, target, patience, AKT_EDEAD);
        default:
            unaccept(self, target, m);
            break;
        }
    }
}

/* Messages for the same target that wait already go first. */
static bool
must_queue_behind(akt_self *self, struct akti_actor *target,
                  uint32_t generation)
{
    return self->actor != NULL
           && (self->actor->runnable.unused & AKTI_FLAG_AWAITING) != 0
           && akti_suspend_is_behind(self->actor, target, generation);
}

static akt_err
send_now(akt_self *self, struct akti_actor *target, struct akti_message *m,
         enum akti_patience patience)
{
    enum akti_push pushed;

    akti_send_accept(self, target, m);
    pushed = akti_mailbox_push(&target->box, m, akti_actor_capacity(target));
    if (pushed == AKTI_PUSHED_WAKE) {
        akti_ready(self->ctx, &target->runnable);
    }
    if (pushed == AKTI_PUSHED || pushed == AKTI_PUSHED_WAKE) {
        return AKT_OK;
    }
    return akti_send_failed(self, target, m, patience, pushed);
}

akt_err
akti_send_simulated(akt_self *self, struct akti_actor *target,
                    struct akti_message *m, enum akti_patience patience)
{
    if (akti_fails(self->ctx, AKT_FAULT_SEND)) {
        return refuse(self, target, patience, AKT_EFULL);
    }
    return send_now(self, target, m, patience);
}

static akt_err
send_unless_behind(akt_self *self, struct akti_actor *target,
                   struct akti_message *m, enum akti_patience patience)
{
    if (must_queue_behind(self, target, m->target_generation)
        && !AKTI_MUTANT(send_overtakes_outbox)) {
        return send_slowly(self, target, m, patience);
    }
    return send_now(self, target, m, patience);
}

akt_err
akti_send_message_slowly(akt_self *self, struct akti_actor *target,
                         struct akti_message *m, enum akti_patience patience)
{
    akt_err err;

    if (akti_fails(self->ctx, AKT_FAULT_SEND)) {
        return refuse(self, target, patience, AKT_EFULL);
    }
    if (akti_actor_overflow(target) == AKT_SHED_OLD) {
        stamp_age(self, target, m);
    }
    err = send_unless_behind(self, target, m, patience);
    if (err != AKT_OK) {
        akti_send_unstamp(m);
    }
    return err;
}

akt_err
akti_send_failed(akt_self *self, struct akti_actor *target,
                 struct akti_message *m, enum akti_patience patience,
                 enum akti_push pushed)
{
    unaccept(self, target, m);
    if (pushed == AKTI_PUSH_CLOSED) {
        return refuse(self, target, patience, AKT_EDEAD);
    }
    return send_slowly(self, target, m, patience);
}

/* --- the public calls --- */

AKTI_INLINE akt_err
send(akt_self *self, akt_ref to, const akti_message_arg *arg,
     enum akti_patience patience)
{
    struct akti_actor *target = NULL;
    struct akti_message *m = NULL;
    akt_err err;

    AKT_TRY(akti_send_prepare(self, to, arg, &target, &m));
    err = akti_send_message(self, target, m, patience);
    if (AKTI_UNLIKELY(err != AKT_OK)) {
        akti_send_undo(self, m);
    }
    return err;
}

akt_err
akti_send(akt_self *self, akt_ref to, const akt_type *type, const void *payload)
{
    akti_message_arg arg = {type, payload};

    return send(self, to, &arg, AKTI_MAY_AWAIT);
}

akt_err
akti_try_send(akt_self *self, akt_ref to, const akt_type *type,
              const void *payload)
{
    akti_message_arg arg = {type, payload};

    return send(self, to, &arg, AKTI_NEVER_AWAIT);
}

/* A full mailbox that has no other way than to wait; else AKT_EFULL. */
static akt_err
wait_for_room(akt_self *self, akt_ref to, uint64_t deadline_ns)
{
    struct akti_actor *target = NULL;
    uint32_t overflow;

    AKT_TRY(akti_system_find(self->system, to, &target));
    overflow = akti_actor_overflow(target);
    if (overflow != AKT_AWAIT && overflow != AKT_FAIL) {
        return overflow == AKTI_OVERFLOW_CLOSED ? AKT_EDEAD : AKT_EFULL;
    }
    return akti_suspend_thread(self, target, deadline_ns);
}

akt_err
akti_send_within(akt_self *self, akt_ref to, uint64_t timeout_ns,
                 const akt_type *type, const void *payload)
{
    akti_message_arg arg = {type, payload};
    bool again = true;
    uint64_t deadline;
    akt_err err;

    if (self->port == NULL) {
        return AKT_ECONTEXT;
    }
    deadline = akti_clock_add(akti_now(self->ctx), timeout_ns);
    do {
        err = send(self, to, &arg, AKTI_TRIES);
        if (err == AKT_EFULL) {
            err = wait_for_room(self, to, deadline);
        } else {
            again = false;
        }
    } while (again && err == AKT_OK);
    if (err != AKT_OK) {
        akti_send_refused(self);
    }
    return err;
}

/*
 * The current message as one that can go on. A timer's goes with it, unless it
 * lies in the timer's cell: then a copy does.
 */
static akt_err
message_to_forward(akt_self *self, struct akti_message **out)
{
    struct akti_message *m = self->message;

    akti_unbox(self);
    if ((m->flags & AKTI_EMBEDDED) != 0) {
        return akti_message_copy(&self->ctx->caches, m, out);
    }
    if (m->kind == AKTI_TIMER) {
        m->kind = AKTI_USER;
        m->cell = NULL;
        m->cell_generation = 0;
    }
    *out = m;
    return AKT_OK;
}

akt_err
akti_give_away(akt_self *self, struct akti_message **out)
{
    if (self->message == NULL || self->answered) {
        return AKT_ECONTEXT;
    }
    return message_to_forward(self, out);
}

void
akti_gave_away(akt_self *self)
{
    self->message = AKTI_MUTANT(forwarded_stays) ? self->message : NULL;
    self->current = NULL;
    self->answered = true;
}

akt_err
akt_forward(akt_self *self, akt_ref to)
{
    struct akti_actor *target = NULL;
    struct akti_message *m = NULL;
    bool is_copy;
    akt_err err;

    AKT_TRY(self->message != NULL && !self->answered ? AKT_OK : AKT_ECONTEXT);
    AKT_TRY(akti_system_find(self->system, to, &target));
    AKT_TRY(akti_give_away(self, &m));
    is_copy = m != self->message;
    akti_send_unstamp(m);
    m->target_slot = to.slot;
    m->target_generation = to.generation;
    err = akti_send_message(self, target, m, AKTI_MAY_AWAIT);
    if (err == AKT_OK) {
        if (!is_copy && !self->in_timer) {
            /* Here its way ends well; it was accepted once more there. */
            akti_count(self->ctx, akti_self_entry(self),
                       AKTI_FATES + AKT_FATE_DELIVERED, 1);
        }
        akti_gave_away(self);
    } else if (is_copy) {
        akti_message_free(&self->ctx->caches, m);
    } else {
        m->target_slot = self->actor != NULL ? self->actor->slot : 0;
        m->target_generation =
            self->actor != NULL ? akti_actor_generation(self->actor) : 0;
    }
    return err;
}
