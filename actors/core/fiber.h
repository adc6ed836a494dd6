/* SPDX-License-Identifier: MIT */
/*
 * An actor that is a function on a stack of its own. What comes in a turn is only
 * noted here, and wakes it when it waits for that; then the turn enters the
 * function, which looks itself whether what it waits for is there, in a loop, as
 * one does with a condition variable. So nothing is handed over at a wake-up, and
 * nothing is lost when a cancellation comes between.
 *
 * Turns enter it in one place, from the frame of akti_actor_run, and hot paths have
 * no frame between: a processor predicts returns by the calls that it has seen, so
 * after a switch of stacks each return on the way back is mispredicted.
 */
#ifndef AKT_CORE_FIBER_H
#define AKT_CORE_FIBER_H

#include "actors/base/coro.h"
#include "actors/core/actor.h"
#include "actors/core/self.h"
#include "actors/core/system.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* All of it is touched by the owner of the actor's token, except `unparked`. */
struct akti_fiber {
    struct akti_coro coro;
    struct akti_message *message;  /* the current one, while it is out */
    struct akti_message *incoming; /* to be the next one */
    struct akti_cell *awaits;      /* the future whose end it waits for */
    uint32_t exit_kind;            /* what it was told, as akt_exit_kind */
    bool answered;                 /* the current one, while it is out */
    bool woken;                    /* something happened that it waits for */
    bool owing; /* after its run, the hook `left` is called */
    /* Others: what it waits for may be there; see async/park.h. */
    _Atomic uint32_t unparked;
};

/* Of an actor that has AKTI_FLAG_FIBER: its state is a pointer to it. */
static inline struct akti_fiber *
akti_fiber_of(const struct akti_actor *a)
{
    return *(struct akti_fiber **)a->state;
}

/* Whether it was unparked since this was asked last. */
static inline bool
akti_fiber_take_wake(struct akti_fiber *f)
{
    /* Relaxed: seen late, it is seen by the turn that the waker asked for.
     * acquire: what the waker did before; pairs: akti_unpark */
    return atomic_load_explicit(&f->unparked, memory_order_relaxed) != 0
           && atomic_exchange_explicit(&f->unparked, 0, memory_order_acquire)
                  != 0;
}

/* A user's message, of whatever type, is to be its next one; no other until then. */
static inline void
akti_fiber_hear(struct akti_actor *a, struct akti_message *m)
{
    struct akti_fiber *f = akti_fiber_of(a);

    f->incoming = m;
    f->woken = true;
    a->runnable.unused |= AKTI_FLAG_DEAF;
}

/* The fiber's view while it runs: its own current message. */
AKTI_INLINE void
akti_fiber_restore_(akt_self *self, const struct akti_fiber *f)
{
    self->message = f->message;
    self->current = f->message;
    self->answered = f->answered;
}

/* The turn's view: nothing that it would end after the handler. */
AKTI_INLINE void
akti_fiber_save_(akt_self *self, struct akti_fiber *f)
{
    f->message = self->message;
    f->answered = self->answered;
    self->message = NULL;
    self->current = NULL;
    self->kept = NULL;
    self->answered = false;
}

AKTI_INLINE void
akti_fiber_enter_(akt_self *self, struct akti_actor *a, struct akti_fiber *f)
{
    f->woken = false;
    akti_fiber_restore_(self, f);
    akti_tell(self->ctx, AKTI_EVENT_RESUME, f->message);
    akti_coro_enter(&f->coro);
    if (AKTI_UNLIKELY(f->owing)) {
        akti_actor_hooks(a)->left(self, a);
    }
    akti_fiber_save_(self, f);
    akti_tell(self->ctx, AKTI_EVENT_SUSPEND, a);
    if (f->coro.ended) {
        self->exit_kind = f->exit_kind != 0 ? f->exit_kind : AKT_EXIT_STOPPED;
        self->exit_error = AKT_OK;
    }
}

/*
 * It runs until it waits again, when something has happened that it waits for; but
 * not when it has had its run in this turn and asked for another one.
 */
AKTI_INLINE void
akti_fiber_go_on(akt_self *self, struct akti_actor *a, struct akti_fiber *f)
{
    if (akti_fiber_take_wake(f)) {
        f->woken = true;
    }
    if (f->woken && !self->again) {
        akti_fiber_enter_(self, a, f);
    }
}

#endif
