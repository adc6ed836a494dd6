/* SPDX-License-Identifier: MIT */
/*
 * The running part of a task: what lies at the high end of its stack, so that a
 * task that sleeps costs one page.
 *
 * A task is an actor with a fiber (core/fiber.h): its function runs within the
 * actor's turns and leaves its stack where it has to wait.
 *
 * All of it is touched by the owner of the actor's token.
 */
#ifndef AKT_ASYNC_TASK_H
#define AKT_ASYNC_TASK_H

#include "actors/base/mutant.h"
#include "actors/base/stack.h"
#include "actors/core/fiber.h"
#include "actors/core/future.h"
#include "actors/core/self.h"
#include "akt/task.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct akti_channel;

struct akti_task {
    struct akti_fiber fiber;
    struct akti_stack *stack;
    const akt_task_function *fn;
    void *args;
    struct akti_cell *gifts; /* what it is to own from its first turn on */
    akt_self *self;          /* of the worker that it stays on */
    struct akti_actor *actor;
    akt_ref ref;
    /* Who hears of its end; generation 0: nobody. */
    void *join;
    uint32_t join_generation;
    akt_err error;               /* what the function returned */
    akt_err child_error;         /* the first of a task nobody joined */
    struct akti_message *result; /* for who joins: a reply or an error */
    struct akti_message *held;   /* what the last akt_call gave */
    bool draining;
    bool selects;   /* the end of a future with an `arg` wakes it */
    bool cancelled; /* it was told to end */
    uint32_t shields;
    uint32_t failed_scopes; /* that are open */
    /* A channel that it took from and whose sender it has yet to wake; then the
     * fiber is owing. */
    struct akti_channel *owes;
    uint64_t wait; /* counts its waits with a time limit */
};

_Static_assert(offsetof(struct akti_task, fiber) == 0,
               "core finds the fiber where async finds the task");

/*
 * The task that is running as `self`, or NULL: an actor, a thread, a job; or the
 * function of a combined future, which has no stack to wait on.
 */
static inline struct akti_task *
akti_task_of(const akt_self *self)
{
    struct akti_actor *a = self->actor;

    if (a == NULL || self->in_step
        || (a->runnable.unused & AKTI_FLAG_HOOKED) == 0) {
        return NULL;
    }
    return *(struct akti_task **)a->state;
}

/* Whether its waits end now. */
static inline bool
akti_task_must_end(const struct akti_task *t)
{
    return (t->cancelled || t->failed_scopes > 0)
           && (t->shields == 0 || AKTI_MUTANT(shield_does_nothing))
           && !AKTI_MUTANT(cancel_not_heard);
}

/* Suspends the running task until something happens. */
AKTI_INLINE void
akti_task_suspend(struct akti_task *t)
{
    akti_coro_leave(&t->fiber.coro);
}

/*
 * Starts a timer that wakes the task at an instant; it must be stopped, whether
 * it has fired or not. AKT_NEVER starts none.
 */
akt_err akti_task_alarm(struct akti_task *t, uint64_t deadline_ns,
                        akt_timer *out);
void akti_task_alarm_stop(struct akti_task *t, akt_timer alarm);
/* The alarm of a scope, which is told by akti_scope_expire. AKT_ENOMEM. */
akt_err akti_scope_alarm_start(struct akti_task *t, uint64_t after_ns,
                               struct akti_cell *scope);

/* Whether there may be messages in its mailbox. */
static inline bool
akti_task_has_mail(const struct akti_task *t)
{
    return t->actor->user_head != NULL
           || akti_mailbox_peek(&t->actor->box) != t->self->boxed;
}

/* From now on a message comes to it, as `incoming`, when it suspends; or not. */
static inline void
akti_task_hear(struct akti_task *t, bool on)
{
    uint32_t *flags = &t->actor->runnable.unused;

    *flags = on ? *flags & ~(uint32_t)AKTI_FLAG_DEAF : *flags | AKTI_FLAG_DEAF;
}

/* Has what is in the mailbox come, if there is something. */
void akti_task_look(struct akti_task *t);

/* It was told to drain, and there are no messages any more. */
bool akti_task_is_drained(const struct akti_task *t);

/* Makes `incoming`, which there is, the current message. */
void akti_task_take_incoming(struct akti_task *t, akt_received *out);

/* What it received last is over, as when a handler has returned. */
void akti_task_finish_message(struct akti_task *t);

/*
 * Waits until the cell has arrived; AKT_ECANCELLED. Its reply may lie in the mailbox
 * until the turn ends: it is freed by akti_message_over.
 */
AKTI_INLINE akt_err
akti_task_wait_cell(struct akti_task *t, struct akti_cell *cell)
{
    akt_err err = AKT_OK;

    if (cell->then == NULL) {
        cell->then = &akti_awaited;
        cell->arg = NULL;
    }
    t->fiber.awaits = cell;
    while (!cell->arrived && err == AKT_OK) {
        if (akti_task_must_end(t)) {
            err = AKT_ECANCELLED;
        } else {
            akti_task_suspend(t);
        }
    }
    t->fiber.awaits = NULL;
    return err;
}

/* A task or actor of a scope has ended, and nobody joins it right now. */
void akti_scope_child_ended(struct akti_task *t, struct akti_cell *cell);

/* One that is joined by the closing of its scope has ended with this error. */
void akti_scope_child_failed(struct akti_task *t, struct akti_cell *scope,
                             akt_err err);

/* The task hears of the end of what it has just made, when that is its child's, or
 * made of such. */
void akti_child_watch(akt_self *self, struct akti_cell *cell);

/* The alarm of a scope has gone off. */
void akti_scope_expire(struct akti_task *t, struct akti_cell *scope);

/*
 * Cancels the tasks among the cells from the newest to `until`, and the combined
 * futures that are made of their ends; not that one.
 */
void akti_children_cancel(akt_self *self, const struct akti_cell *until);

struct akti_joining {
    struct akti_cell *scope; /* fails by an error of one; NULL: none does */
    akt_err first;           /* [out] the first error of one */
    akt_error *error; /* [out] what it said; NULL: nobody wants to know */
};

/* Waits for the tasks among them, and then for the actors, which are drained. */
void akti_children_join(struct akti_task *t, const struct akti_cell *until,
                        struct akti_joining *j);

/* Spawns a task that is to own these; on an error they are still the caller's. */
akt_err akti_task_spawn_owner(akt_self *self, const akt_task_function *fn,
                              struct akti_cell *gifts, akt_task *out_task,
                              const void *args);
/* They have come to the running task. */
void akti_gifts_arrive(akt_self *self, struct akti_cell *gifts);

/* What an end tells: AKT_OK for a reply, else the error. */
static inline akt_err
akti_answer_err(const akt_answer *answer)
{
    return answer->outcome == AKT_REPLIED ? AKT_OK : answer->error;
}

#endif
