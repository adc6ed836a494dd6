/* SPDX-License-Identifier: MIT */
/*
 * One turn of an actor. The worker that runs it holds the mailbox's token, and
 * with it all that is the owner's in the cell. A turn handles what was in the
 * mailbox when it began, at most a batch, so that an actor that sends to itself
 * does not keep others waiting.
 */
#include "actors/base/mutant.h"
#include "actors/core/cycle.h"
#include "actors/core/future.h"
#include "actors/core/queue.h"
#include "actors/core/self.h"
#include "actors/core/send.h"
#include "actors/core/suspend.h"
#include "actors/core/system.h"

/* --- one message --- */

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

AKTI_INLINE void
handle_user(akt_self *self, struct akti_message *m, const bool boxed)
{
    struct akti_actor *a = self->actor;
    const akt_handler *h;

    if (AKTI_UNLIKELY(m->target_generation != akti_actor_generation(a))
        && !AKTI_MUTANT(stale_message_handled)) {
        end(self, m, AKT_FATE_DEAD, AKT_EDEAD);
        return;
    }
    if (AKTI_UNLIKELY(m->deadline_ns != AKT_NEVER)) {
        if (is_expired(self, m)) {
            drop_expired(self, m);
            return;
        }
        /* The age limit was the mailbox's; the handler's view is its own. */
        akti_send_unstamp(m);
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

/* --- a turn --- */

/* Orders that others gave; exit_kind says whether to end now. */
static void
obey(akt_self *self, struct akti_actor *a, uint32_t orders)
{
    if (self->exit_kind != 0 || orders == 0) {
        return;
    }
    if (AKTI_UNLIKELY(akti_actor_has(a, AKTI_FLAG_HOOKED))) {
        akti_actor_hooks(a)->orders(self, a, orders);
        return;
    }
    if ((orders & AKTI_ORDER_SHUTDOWN) != 0) {
        self->exit_kind = AKT_EXIT_SHUTDOWN;
    } else if ((orders & AKTI_ORDER_KILL) != 0
               && !(AKTI_MUTANT(weaker_order_wins)
                    && (orders & AKTI_ORDER_STOP) != 0)) {
        self->exit_kind = AKT_EXIT_KILLED;
    } else if ((orders & AKTI_ORDER_OVERFLOW) != 0) {
        self->exit_kind = AKT_EXIT_OVERFLOW;
    } else if ((orders & AKTI_ORDER_STOP) != 0) {
        self->exit_kind = AKT_EXIT_STOPPED;
    } else if ((a->runnable.unused & AKTI_FLAG_DRAINING) == 0) {
        akti_actor_refuse_mail(a);
    }
}

static void
look_at_orders(akt_self *self, struct akti_actor *a)
{
    /* Relaxed: seen late, it is seen by the mailbox's word. */
    if (AKTI_UNLIKELY(atomic_load_explicit(&a->ordered, memory_order_relaxed)
                      != 0)) {
        obey(self, a, akti_actor_orders(a));
    }
}

static void
start(akt_self *self, struct akti_actor *a)
{
    struct akti_class_entry *entry = akti_actor_entry(a);
    akt_err err = AKT_OK;

    a->runnable.unused &=
        AKTI_MUTANT(start_again) ? UINT32_MAX : ~(uint32_t)AKTI_FLAG_START;
    if (entry->idle_ns != 0) {
        err = akti_idle_start(self);
        a->runnable.unused |= err == AKT_OK ? AKTI_FLAG_IDLE : 0;
    }
    if (err == AKT_OK && entry->cls->on_start != NULL) {
        err = entry->cls->on_start(self, a->state);
    }
    if (err != AKT_OK) {
        fail(self, err);
    }
}

static void
note_activity(akt_self *self, struct akti_actor *a)
{
    if (akti_has_users(self, a)) {
        a->extra->last_message_ns = akti_now(self->ctx);
    }
}

/* Told before and after. What is nobody's any more is not worth a fault. */
static void
handle_user_simulated(akt_self *self, struct akti_message *m)
{
    struct akti_actor *a = self->actor;
    bool mine = m->target_generation == akti_actor_generation(a);

    akti_tell(self->ctx, AKTI_EVENT_BEGIN, m);
    if (mine && !akti_actor_has(a, AKTI_FLAG_HOOKED)
        && akti_fails(self->ctx, AKT_FAULT_HANDLER)) {
        /* It is there, and its handler is not called. */
        self->message = m;
        self->current = m;
        after_handler(self, AKT_EINJECTED, false);
    } else {
        handle_user(self, m, false);
    }
    akti_tell(self->ctx, AKTI_EVENT_END, a);
}

static void
handle_system_simulated(akt_self *self, struct akti_message *m)
{
    akti_tell(self->ctx, AKTI_EVENT_BEGIN, m);
    handle_system(self, m);
    akti_tell(self->ctx, AKTI_EVENT_END, self->actor);
}

/* Handles the next message; false when there is none, or none may be. */
AKTI_INLINE bool
handle_next(akt_self *self, struct akti_actor *a, uint32_t *budget,
            const bool simulated)
{
    struct akti_message *m;

    if (AKTI_UNLIKELY(a->system_head != NULL)
        && !(AKTI_MUTANT(data_before_replies) && a->user_head != NULL)) {
        m = a->system_head;
        a->system_head = m->next;
        if (simulated) {
            handle_system_simulated(self, m);
        } else {
            handle_system(self, m);
        }
        return true;
    }
    m = *budget > 0 && AKTI_LIKELY(!akti_actor_has(a, AKTI_FLAG_DEAF))
            ? akti_pop_user(self, a)
            : NULL;
    if (m == NULL) {
        return false;
    }
    *budget -= AKTI_MUTANT(batch_without_end) ? 0 : 1;
    if (simulated) {
        handle_user_simulated(self, m);
    } else {
        handle_user(self, m, false);
    }
    return true;
}

/* Handles messages until the batch ends, or something else does. */
AKTI_INLINE void
handle_batch(akt_self *self, struct akti_actor *a, uint32_t budget,
             const bool simulated)
{
    while (self->exit_kind == 0 && handle_next(self, a, &budget, simulated)) {
        if (AKTI_UNLIKELY(akti_actor_has(a, AKTI_FLAG_AWAITING))
            && !AKTI_MUTANT(suspended_goes_on)) {
            break;
        }
        if (!AKTI_MUTANT(orders_seen_late)
            && !AKTI_MUTANT(order_before_take_lost)) {
            look_at_orders(self, a);
        }
    }
}

static void
begin(akt_self *self, struct akti_actor *a)
{
    look_at_orders(self, a);
    if (AKTI_UNLIKELY(a->runnable.unused != 0)) {
        if (akti_actor_has(a, AKTI_FLAG_START) && self->exit_kind == 0) {
            start(self, a);
        }
        if (akti_actor_has(a, AKTI_FLAG_IDLE)) {
            note_activity(self, a);
        }
        if (akti_actor_has(a, AKTI_FLAG_HOOKED) && self->exit_kind == 0) {
            akti_actor_hooks(a)->turn(self, a);
        }
    }
}

/* The actor ends for this reason. */
static void
leave(akt_self *self)
{
    akt_exit reason = {(akt_exit_kind)self->exit_kind, self->exit_error};

    akti_actor_exit(self, &reason);
}

/* While sends wait for room nothing is handled. False: it is parked. */
static bool
settle(akt_self *self, struct akti_actor *a)
{
    if (!akti_actor_has(a, AKTI_FLAG_AWAITING)) {
        return true;
    }
    if (self->exit_kind == AKT_EXIT_STOPPED
        && !AKTI_MUTANT(stop_cuts_sends_off)) {
        /* Its sends come first; the order is remembered for afterwards.
         * Relaxed: the owner itself will look. */
        (void)atomic_fetch_or_explicit(&a->life, AKTI_ORDER_STOP,
                                       memory_order_relaxed);
        atomic_store_explicit(&a->ordered, 1, memory_order_relaxed);
    } else if (self->exit_kind != 0) {
        return true;
    }
    if (!akti_suspend_flush(self)) {
        return false;
    }
    if (akti_actor_has(a, AKTI_FLAG_AWAITING)) {
        /* Told to end while it waited. */
        self->exit_kind = 0;
        if (akti_actor_has(a, AKTI_FLAG_HOOKED)) {
            /* It goes on for a while, without these. */
            akti_suspend_abandon(self, AKT_FATE_RETURNED);
        }
        look_at_orders(self, a);
    }
    return true;
}

/* Gives back what was handled and, unless there is more, the token. */
static inline unsigned
put_down(akt_self *self, struct akti_actor *a)
{
    bool keep = a->system_head != NULL
                || (a->user_head != NULL && !akti_actor_has(a, AKTI_FLAG_DEAF));
    uint32_t handled = AKTI_MUTANT(credit_leaked) ? 0 : self->handled;

    self->handled = 0;
    return akti_mailbox_finish(&a->box, handled, akti_actor_entry(a)->low_water,
                               keep);
}

/* A sender may be about to move what came in to the queue. */
static unsigned
put_down_shared(akt_self *self, struct akti_actor *a)
{
    struct akt_system *s = self->system;
    unsigned found;

    akti_mutex_lock(&s->evict_lock);
    found = put_down(self, a);
    akti_mutex_unlock(&s->evict_lock);
    return found;
}

/* What the mailbox said at the end of a turn. True: there is more to do. */
AKTI_INLINE bool
after_finish(akt_self *self, struct akti_actor *a, unsigned found)
{
    if (AKTI_LIKELY(found == 0)) {
        return false;
    }
    if ((found & AKTI_FINISH_ROOM) != 0 && !AKTI_MUTANT(room_wakes_nobody)) {
        akti_suspend_wake(self->ctx, a);
    }
    return (found & AKTI_FINISH_MORE) != 0;
}

/* The turn is over and the actor stays. True: it has more to do. */
static bool
finish(akt_self *self, struct akti_actor *a)
{
    return after_finish(self, a,
                        AKTI_LIKELY(!akti_actor_has(a, AKTI_FLAG_EVICTS))
                            ? put_down(self, a)
                            : put_down_shared(self, a));
}

/* A draining actor with nothing left ends. */
static bool
is_drained(akt_self *self, struct akti_actor *a)
{
    return akti_actor_has(a, AKTI_FLAG_DRAINING)
           && !akti_actor_has(a, AKTI_FLAG_HOOKED)
           && (!akti_has_users(self, a) || AKTI_MUTANT(drain_forgets_queue))
           && a->system_head == NULL && akti_mailbox_is_empty(&a->box);
}

/* After the batch: sends that wait, orders, the end. */
static bool
end_turn(akt_self *self, struct akti_actor *a)
{
    bool stays;

    /* An order may have come between the look at the turn's beginning and the
     * take that cleared its CTRL: finish() will not see it. */
    if (!AKTI_MUTANT(order_before_take_lost)) {
        look_at_orders(self, a);
    }
    stays = settle(self, a);
    if (self->deadlock != NULL) {
        akti_cycle_forget(self);
    }
    if (!stays) {
        return false;
    }
    if (self->exit_kind == 0 && is_drained(self, a)) {
        self->exit_kind = AKT_EXIT_DRAINED;
    }
    if (self->exit_kind != 0) {
        leave(self);
        return false;
    }
    return finish(self, a);
}

/* The turn of an actor about which there is anything to consider. */
static bool
run_turn(akt_self *self, struct akti_actor *a)
{
    if (!settle(self, a)) {
        return false;
    }
    begin(self, a);
    if (!akti_actor_has(a, AKTI_FLAG_AWAITING)) {
        if (AKTI_UNLIKELY(self->ctx->sim != NULL)) {
            handle_batch(
                self, a,
                akti_strategy_batch(self->ctx->sim,
                                    akti_queued_users(a, self->system->batch)),
                true);
        } else {
            handle_batch(self, a, self->system->batch, false);
        }
    }
    return end_turn(self, a);
}

/* Whether nothing is the matter with it: it only has messages. */
static inline bool
is_plain(const akt_self *self, struct akti_actor *a)
{
    /* Relaxed: as in look_at_orders. */
    uint32_t ordered = atomic_load_explicit(&a->ordered, memory_order_relaxed);

    return (a->runnable.unused | ordered | self->exit_kind) == 0;
}

/*
 * A message that is the only one there is, as most are, and that can be freed
 * when the actor may run elsewhere.
 */
static inline bool
is_single(const struct akti_actor *a, const struct akti_message *m)
{
    return m != NULL && m->next == NULL && m->kind <= AKTI_REPLY
           && m->type->destroy == NULL && a->user_head == NULL
           && a->system_head == NULL;
}

/* The same as finish() while the turn's message lies in the mailbox. */
AKTI_INLINE bool
finish_boxed(akt_self *self, struct akti_actor *a, struct akti_message *m)
{
    bool keep = a->user_head != NULL || a->system_head != NULL;
    struct akti_message *newest = m;
    unsigned found;

    self->boxed = NULL;
    found = akti_mailbox_finish_seen(
        &a->box, AKTI_MUTANT(credit_leaked) ? 0 : self->handled,
        akti_actor_entry(a)->low_water, keep, &newest);
    if (AKTI_UNLIKELY((found & AKTI_FINISH_MORE) != 0)) {
        akti_queue_messages(a, akti_messages_after(newest, m));
    }
    akti_message_free(&self->ctx->caches, m);
    return after_finish(self, a, found);
}

/*
 * The turn of a plain actor with a single message. It stays in the mailbox while
 * it is handled, so that the turn costs one swap of the word instead of two;
 * whatever makes more of it takes it out first.
 */
AKTI_INLINE bool
run_single(akt_self *self, struct akti_actor *a, struct akti_message *m)
{
    self->boxed = m;
    if (m->kind == AKTI_USER) {
        self->handled = m->flags & AKTI_CREDITED;
        handle_user(self, m, true);
    } else {
        handle_reply(self, m);
    }
    if (AKTI_LIKELY(self->boxed != NULL && is_plain(self, a)
                    && self->deadlock == NULL)) {
        return finish_boxed(self, a, m);
    }
    if (self->boxed != NULL) {
        akti_unbox(self);
        akti_message_free(&self->ctx->caches, m);
    }
    return end_turn(self, a);
}

/* The turn of a plain actor that finds no message, or several. */
static bool
run_several(akt_self *self, struct akti_actor *a)
{
    struct akti_message *m = akti_mailbox_take(&a->box);

    akti_queue_messages(
        a, AKTI_MUTANT(newest_first) ? m : akti_messages_reverse(m));
    handle_batch(self, a, self->system->batch, false);
    /* What went on in the handlers may be the matter now. */
    if (AKTI_UNLIKELY(!is_plain(self, a) || self->deadlock != NULL)) {
        return end_turn(self, a);
    }
    return finish(self, a);
}

bool
akti_actor_run(struct akti_runnable *r, struct akti_context *ctx)
{
    struct akti_actor *a = akti_actor_of(r);
    akt_self *self = akti_self_of(ctx);
    bool more;

    self->actor = a;
    self->handled = 0;
    self->exit_kind = 0;
    self->exit_error = AKT_OK;
    akti_note(ctx, &(struct akti_note){
                       .event = AKTI_EVENT_TURN, .a = a->slot, .what = a});
    if (AKTI_LIKELY(is_plain(self, a))) {
        struct akti_message *m = akti_mailbox_peek(&a->box);

        more = AKTI_LIKELY(is_single(a, m)) ? run_single(self, a, m)
                                            : run_several(self, a);
    } else {
        akti_take_in(self, a);
        more = run_turn(self, a);
    }
    self->actor = NULL;
    return more;
}
