/* SPDX-License-Identifier: MIT */
/*
 * A blocking pool: threads beside the workers, for calls that block. They are
 * started when there is work and none is idle, up to a bound; jobs wait in a
 * bounded queue, oldest first. A dispatcher has one, and as many more as users
 * open; they are in a list that only grows.
 *
 * Jobs of one lane run one at a time, in the order in which they were submitted.
 * A lane belongs to who made it; its last job, which says so, takes it along.
 *
 * A job that nobody waits for any more is none that a drain would wait for; it may
 * be one that hangs.
 *
 * A thread whose job does not return can be left to itself: it is detached, and
 * whoever of those and the one that gave up waiting is the last one frees the
 * system (akti_dispatcher_release).
 */
#ifndef AKT_SCHED_BLOCKING_H
#define AKT_SCHED_BLOCKING_H

#include "actors/base/thread.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct akti_context;
struct akti_dispatcher;

struct akti_job;

struct akti_lane {
    struct akti_job *head; /* that wait for the one that is queued or runs */
    struct akti_job *tail;
    bool busy;
};

/* Who waits for a job: a request of core's; its memory outlives all jobs. */
struct akti_claim {
    void *request; /* NULL: it is to be done, whoever waits */
    uint32_t generation;
};

struct akti_job {
    struct akti_job *next;
    /* Runs it; with `discard` it only gives it up. Frees the job. */
    void (*run)(struct akti_job *job, struct akti_context *ctx, bool discard);
    struct akti_lane *lane; /* NULL: beside all others */
    bool is_last;           /* its lane is gone when it has run */
    bool is_reserved;       /* does not count against the bound */
    struct akti_claim claim;
};

struct akti_blocking_thread {
    struct akti_blocking *blocking;
    pthread_t id;
    /* guarded by lock */
    bool busy; /* with a job */
    bool left; /* to itself: nobody joins it */
    bool runs; /* the job of this claim */
    struct akti_claim claim;
};

struct akti_blocking {
    struct akti_dispatcher *dispatcher;
    _Atomic(struct akti_blocking *) next; /* of the dispatcher's */
    struct akti_mutex lock;
    struct akti_cond work; /* for the pool's threads */
    struct akti_cond done; /* for akti_blocking_close */
    /* guarded by lock */
    uint32_t max_threads;
    uint32_t max_queue;
    struct akti_job *head;
    struct akti_job *tail;
    uint32_t ready;  /* jobs in the queue */
    uint32_t queued; /* that wait, those of lanes too, without reserved ones */
    uint32_t running;
    uint32_t idle;
    uint32_t threads;
    uint32_t alive; /* threads that have not ended */
    bool closed;
    struct akti_blocking_thread *thread;
};

akt_err akti_blocking_init(struct akti_blocking *b, struct akti_dispatcher *d,
                           uint32_t max_threads, uint32_t max_queue);

/* AKT_EFULL, AKT_ETHREAD (there is no thread at all), AKT_ESTOPPED. */
akt_err akti_blocking_submit(struct akti_blocking *b, struct akti_job *job);

/*
 * The same for a job that has room of its own, of a lane that has had a job
 * before. False: the pool is closed and nothing of the lane runs; the caller may
 * run it.
 */
bool akti_blocking_submit_reserved(struct akti_blocking *b,
                                   struct akti_job *job);

/* No job waits and none runs, but such as nobody waits for. */
bool akti_blocking_is_idle(struct akti_blocking *b);

/* Runs the next job here, as a simulation does; false when there is none. */
bool akti_blocking_run_next(struct akti_blocking *b, struct akti_context *ctx);

/*
 * Takes no more jobs, gives up those that wait by `ctx`, and waits for those that
 * run until the deadline. False when some still run; it can be called again.
 */
bool akti_blocking_close(struct akti_blocking *b, struct akti_context *ctx,
                         uint64_t deadline_ns);

/* After a close: leaves the threads that are busy to themselves; how many. */
uint32_t akti_blocking_leave(struct akti_blocking *b);

/*
 * Opens a closed pool once more if all its threads have ended; false when they
 * have not, or there is no memory.
 */
bool akti_blocking_reopen(struct akti_blocking *b, uint32_t max_threads,
                          uint32_t max_queue);

/* After a successful close. */
void akti_blocking_fini(struct akti_blocking *b);

/* The next pool of the dispatcher's, which begin with its own; NULL: no more. */
static inline struct akti_blocking *
akti_blocking_next(struct akti_blocking *b)
{
    /* acquire: sees the pool that was added; pairs: akti_blocking_add */
    return atomic_load_explicit(&b->next, memory_order_acquire);
}

/* Adds a pool to those of the dispatcher; one thread at a time. */
void akti_blocking_add(struct akti_dispatcher *d, struct akti_blocking *b);

#endif
