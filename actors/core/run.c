/* SPDX-License-Identifier: MIT */
/*
 * One turn of an actor. The worker that runs it holds the mailbox's token, and
 * with it all that is the owner's in the cell. A turn handles what was in the
 * mailbox when it began, at most a batch, so that an actor that sends to itself
 * does not keep others waiting.
 */
#include "actors/base/mutant.h"
#include "actors/core/cycle.h"
#include "actors/core/fiber.h"
#include "actors/core/future.h"
#include "actors/core/handle.h"
#include "actors/core/queue.h"
#include "actors/core/self.h"
#include "actors/core/send.h"
#include "actors/core/suspend.h"
#include "actors/core/system.h"

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

/* In a turn in which there is more to consider; nothing for other actors. */
static void
go_on_if_fiber(akt_self *self, struct akti_actor *a)
{
    if (akti_actor_has(a, AKTI_FLAG_FIBER) && self->exit_kind == 0
        && !akti_actor_has(a, AKTI_FLAG_AWAITING)) {
        akti_fiber_go_on(self, a, akti_fiber_of(a));
    }
}

/* After a message, which may have been what its fiber waits for: whether a send
 * waits for room now. */
static bool
has_to_wait(akt_self *self, struct akti_actor *a)
{
    go_on_if_fiber(self, a);
    return akti_actor_has(a, AKTI_FLAG_AWAITING)
           && !AKTI_MUTANT(suspended_goes_on);
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
        if (AKTI_UNLIKELY(a->runnable.unused != 0) && has_to_wait(self, a)) {
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
        if (akti_actor_has(a, AKTI_FLAG_HOOKED)
            && !akti_actor_has(a, AKTI_FLAG_FIBER) && self->exit_kind == 0) {
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

/* The names of a cycle are those of one turn; the worker's next may be another's. */
static inline void
forget_cycle(akt_self *self)
{
    if (AKTI_UNLIKELY(self->deadlock != NULL)) {
        akti_cycle_forget(self);
    }
}

/* Its sends wait for room. */
static bool
settle_sends(akt_self *self, struct akti_actor *a)
{
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
        if (!AKTI_MUTANT(cycle_names_stay)) {
            forget_cycle(self);
        }
        return false;
    }
    if (akti_actor_has(a, AKTI_FLAG_AWAITING)) {
        /* Told to end while it waited. */
        self->exit_kind = 0;
        if (akti_actor_has(a, AKTI_FLAG_HOOKED)) {
            /* It goes on for a while, without these, in a further turn. */
            akti_suspend_abandon(self, AKT_FATE_RETURNED);
            (void)akti_mailbox_order(&a->box);
        }
        look_at_orders(self, a);
    }
    return true;
}

/* While sends wait for room nothing is handled. False: it is parked. */
AKTI_INLINE bool
settle(akt_self *self, struct akti_actor *a)
{
    return AKTI_LIKELY(!akti_actor_has(a, AKTI_FLAG_AWAITING))
           || settle_sends(self, a);
}

/* Gives back what was handled and, unless there is more, the token. */
static inline unsigned
put_down(akt_self *self, struct akti_actor *a)
{
    bool keep = a->system_head != NULL
                || (a->user_head != NULL
                    && (!akti_actor_has(a, AKTI_FLAG_DEAF)
                        || AKTI_MUTANT(deaf_task_runs_on)));
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

    if (AKTI_UNLIKELY(self->again)) {
        self->again = false;
        (void)akti_mailbox_order(&a->box);
    }
    /* An order may have come between the look at the turn's beginning and the
     * take that cleared its CTRL: finish() will not see it. */
    if (!AKTI_MUTANT(order_before_take_lost)) {
        look_at_orders(self, a);
    }
    stays = settle(self, a);
    forget_cycle(self);
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
        go_on_if_fiber(self, a);
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

/* Whether nothing is the matter with an actor that has hooks, `but` these flags. */
static inline bool
is_simple(const akt_self *self, struct akti_actor *a, uint32_t but)
{
    /* Relaxed: as in look_at_orders. */
    uint32_t ordered = atomic_load_explicit(&a->ordered, memory_order_relaxed);
    uint32_t flags = AKTI_FLAG_HOOKED | AKTI_FLAG_FIBER | AKTI_FLAG_DEAF | but;

    return ((a->runnable.unused & ~flags) | ordered | self->exit_kind) == 0
           && self->deadlock == NULL && a->system_head == NULL
           && (a->user_head == NULL || akti_actor_has(a, AKTI_FLAG_DEAF));
}

/* Whether there is one message at most, and it is to be heard of. */
static inline bool
is_heard(struct akti_actor *a, const struct akti_message *m)
{
    return m == NULL
           || (m->next == NULL
               && (m->kind != AKTI_USER || !akti_actor_has(a, AKTI_FLAG_DEAF)));
}

/* Whether a message's end is awaited, and nothing else is to be done with it. */
AKTI_INLINE bool
is_awaited(struct akti_actor *a, const struct akti_message *m)
{
    const struct akti_cell *cell = m->cell;

    return (m->kind == AKTI_REPLY || m->kind == AKTI_NOTICE)
           && m->target_generation == akti_actor_generation(a)
           && cell->then == &akti_awaited && !cell->dropped
           && (cell->marks & AKTI_WORDED) == 0;
}

static void
arrive(struct akti_message *m)
{
    struct akti_cell *cell = m->cell;

    cell->arrived = true;
    cell->message = m->kind == AKTI_REPLY ? m : NULL;
}

/* Its token stays with it, or is put down, when its turn was an easy one. */
AKTI_INLINE bool
end_hooked(akt_self *self, struct akti_actor *a)
{
    bool simple = is_simple(self, a, 0);

    if (self->again && self->handled == 0 && simple) {
        /* Nothing has to be told to anybody. */
        self->again = false;
        return true;
    }
    return AKTI_LIKELY(simple && !self->again) ? finish(self, a)
                                               : end_turn(self, a);
}

/* The turn of an actor with hooks and no fiber. */
static bool
run_hooked(akt_self *self, struct akti_actor *a)
{
    struct akti_message *m =
        akti_mailbox_is_untouched(&a->box) ? NULL : akti_mailbox_take(&a->box);

    /* The take has cleared the mark that an unpark left. */
    akti_actor_hooks(a)->turn(self, a);
    if (AKTI_UNLIKELY(!is_simple(self, a, 0) || a->user_head != NULL
                      || !is_heard(a, m))) {
        akti_queue_messages(a, akti_messages_reverse(m));
        return run_turn(self, a);
    }
    if (m != NULL && m->kind == AKTI_USER) {
        self->handled = m->flags & AKTI_CREDITED;
        handle_user(self, m, false);
    } else if (m != NULL && is_awaited(a, m)) {
        arrive(m);
        akti_actor_hooks(a)->ended(self, a, m->cell);
    } else if (m != NULL) {
        handle_system(self, m);
    }
    return end_hooked(self, a);
}

/* An end has come that its fiber does not wait for. */
static void
note_end(akt_self *self, struct akti_actor *a, struct akti_message *m)
{
    if (!AKTI_MUTANT(other_end_boxed)) {
        akti_unbox(self);
    }
    akti_actor_hooks(a)->ended(self, a, m->cell);
}

/* Notes what the turn's one message brings. */
AKTI_INLINE void
note_message(akt_self *self, struct akti_actor *a, struct akti_fiber *f,
             struct akti_message *m)
{
    if (m->kind == AKTI_USER) {
        self->handled = m->flags & AKTI_CREDITED;
        if (AKTI_LIKELY(accept(self, m))) {
            akti_fiber_hear(a, m);
        }
    } else if (AKTI_UNLIKELY(!is_awaited(a, m))) {
        akti_unbox(self);
        handle_system(self, m);
    } else {
        arrive(m);
        if (AKTI_LIKELY(f->awaits == m->cell)) {
            f->woken = true;
        } else {
            note_end(self, a, m);
        }
    }
}

/* What it has in hand when it waits again comes out; what is over is freed. */
AKTI_INLINE bool
end_fiber(akt_self *self, struct akti_actor *a)
{
    struct akti_message *m = self->boxed;

    if (m != NULL && (self->spent || AKTI_MUTANT(held_message_freed))
        && !self->again && is_simple(self, a, 0)) {
        self->spent = false;
        return finish_boxed(self, a, m);
    }
    akti_unbox(self);
    return end_hooked(self, a);
}

/*
 * The turn of a fiber. Most find one message and nothing else to consider; it stays
 * in the mailbox as in run_single.
 */
AKTI_INLINE bool
run_fiber(akt_self *self, struct akti_actor *a)
{
    struct akti_fiber *f = akti_fiber_of(a);
    struct akti_message *m = akti_mailbox_peek_alone(&a->box);

    if (m != NULL && is_single(a, m) && is_heard(a, m)
        && is_simple(self, a, 0)) {
        self->boxed = m;
    } else {
        m = akti_mailbox_is_untouched(&a->box) ? NULL
                                               : akti_mailbox_take(&a->box);
        if (AKTI_UNLIKELY(!is_simple(self, a, AKTI_FLAG_START)
                          || !is_heard(a, m))) {
            akti_queue_messages(a, akti_messages_reverse(m));
            return run_turn(self, a);
        }
        if (akti_actor_has(a, AKTI_FLAG_START)) {
            start(self, a);
        }
    }
    if (AKTI_MUTANT(mail_heard_late)) {
        akti_fiber_go_on(self, a, f);
    }
    if (m != NULL) {
        note_message(self, a, f, m);
    }
    akti_fiber_go_on(self, a, f);
    return end_fiber(self, a);
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
    } else if (akti_actor_has(a, AKTI_FLAG_HOOKED) && ctx->sim == NULL
               && !akti_actor_has(a, AKTI_FLAG_EVICTS)) {
        more = akti_actor_has(a, AKTI_FLAG_FIBER) ? run_fiber(self, a)
                                                  : run_hooked(self, a);
    } else {
        akti_take_in(self, a);
        more = run_turn(self, a);
    }
    self->actor = NULL;
    return more;
}
