/* SPDX-License-Identifier: MIT */
/*
 * Waiting for an object that many share: a channel, a semaphore, a notification.
 *
 * The object has a lock and lists of waiters, which lie on the stacks of who
 * waits. Who changes the object wakes waiters under its lock; a woken one takes
 * the lock and looks again. So a waiter is memory-safe to wake (it leaves the list
 * under the lock before it goes), nothing is handed over at a wake-up, and a
 * waiter that is cancelled has taken nothing.
 *
 *     struct akti_parker p;
 *     AKT_TRY(akti_parker_init(&p, self, deadline_ns));
 *     lock
 *     while (there is nothing && err == AKT_OK) {
 *         link a waiter that points to p
 *         unlock
 *         err = akti_park(&p);
 *         lock
 *         unlink the waiter; if it was woken and will not use it, wake the next
 *     }
 *     unlock
 *     akti_parker_fini(&p);
 *
 * What waits is a task, which is suspended, or a plain thread, which sleeps. An
 * actor has a future instead (`cell`), which ends when it is woken.
 */
#ifndef AKT_ASYNC_PARK_H
#define AKT_ASYNC_PARK_H

#include "actors/async/task.h"
#include "actors/core/future.h"
#include "actors/core/self.h"
#include "akt/timer.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct akti_parker {
    akt_self *self;
    struct akti_task *task; /* NULL: not a task */
    struct akti_port *port; /* NULL: not a plain thread */
    uint64_t deadline_ns;   /* AKT_NEVER: none */
    akt_timer alarm;        /* a task's, for the deadline */
    bool alarmed;
    /* A plain thread's: it was woken. Guarded by the port's lock. */
    bool woken;
    /* Asked under that lock: whether it is woken by another thing; or NULL. */
    bool (*also)(void *arg);
    void *also_arg;
    /* A future's, to be ended by the wake-up; NULL: somebody waits himself. */
    struct akti_cell *cell;
    uint32_t generation;
};

/*
 * Of a task or a plain thread that is going to wait, AKT_ECONTEXT for others.
 * AKT_ESTOPPED, AKT_EFORK for plain threads.
 */
akt_err akti_parker_init(struct akti_parker *p, akt_self *self,
                         uint64_t deadline_ns);

/* Of a future: nobody parks by it. */
void akti_parker_init_future(struct akti_parker *p, struct akti_cell *cell);

/* A task's deadline: AKT_ETIMEOUT when it has passed, else it will wake. */
akt_err akti_park_watch(struct akti_parker *p);

/* The two of them: see akti_park. */
akt_err akti_park_thread(struct akti_parker *p);

AKTI_INLINE akt_err
akti_park_task(struct akti_parker *p)
{
    struct akti_task *t = p->task;

    if (akti_fiber_take_wake(&t->fiber)) {
        return AKT_OK;
    }
    if (akti_task_must_end(t)) {
        return AKT_ECANCELLED;
    }
    if (p->deadline_ns != AKT_NEVER) {
        AKT_TRY(akti_park_watch(p));
    }
    akti_task_suspend(t);
    return AKT_OK;
}

/*
 * Waits until akti_unpark, which may have been before. Perhaps nothing has
 * happened: the caller looks again. AKT_ETIMEOUT, AKT_ECANCELLED, AKT_ENOMEM: not
 * to wait any longer, and what was there before was looked at. AKT_ESTOPPED: the
 * same for a plain thread that would wait for ever, when the system has stopped.
 */
AKTI_INLINE akt_err
akti_park(struct akti_parker *p)
{
    return AKTI_LIKELY(p->task != NULL) ? akti_park_task(p)
                                        : akti_park_thread(p);
}

/* Wakes who waits; any thread, under the lock by which the parker is reached. */
void akti_unpark(struct akti_context *ctx, struct akti_parker *p);

/* The wait is over. */
void akti_parker_fini(struct akti_parker *p);

#endif
