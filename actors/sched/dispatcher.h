/* SPDX-License-Identifier: MIT */
/*
 * The dispatcher: N workers that run what is runnable, and sleep when nothing is.
 *
 * One turn of a worker: the runnable that was made ready last (`next`, a slot
 * that nobody steals, because it is hot in this core's cache), at most
 * AKTI_NEXT_STREAK times in a row; else the oldest of its own queue; else what
 * came from outside (`inject`); else half of another worker's queue. Every
 * AKTI_TICK_TURNS turns, sooner if turns are long, it looks at the clock, the
 * timers and the inject queue first, so that nothing waits behind a busy queue.
 *
 * Sleep and wake: a worker that found nothing raises its `asleep` flag, looks
 * once more everywhere, and waits in its loop. Who puts work where no worker
 * that is awake will look for it lowers one flag by compare-and-swap, which
 * elects the one waker, and rings that worker. One worker is woken at a time;
 * when it has found work and there is more, it wakes the next.
 * (tests/model/sleep.pml checks the protocol.) A worker that is rung soon after it fell
 * asleep waits awake the next time (busywait.h), so that threads that talk need no ring
 * for each word.
 *
 * Work moves to another worker only when it waits: a conversation that fits on
 * one core is fastest there. A worker estimates at each tick how long its queue
 * takes; above AKTI_PATIENCE_NS it calls itself congested, wakes another, and is
 * stolen from. (Shenango decides in this way when to add a core: Ousterhout et
 * al., NSDI 2019.) A worker that is stuck in one long turn can't say so: others steal
 * from one whose queue has not moved for AKTI_NAP_NS, and one of those that find queues
 * but no congestion naps for so long instead of sleeping, and looks again.
 *
 * What a runnable is, the dispatcher does not know: `run` is core's.
 */
#ifndef AKT_SCHED_DISPATCHER_H
#define AKT_SCHED_DISPATCHER_H

#include "actors/base/assert.h"
#include "actors/base/counter.h"
#include "actors/base/log.h"
#include "actors/base/memory.h"
#include "actors/base/sizes.h"
#include "actors/base/thread.h"
#include "actors/sched/blocking.h"
#include "actors/sched/busywait.h"
#include "actors/sched/context.h"
#include "actors/sched/inject.h"
#include "actors/sched/loop.h"
#include "actors/sched/reactor.h"
#include "actors/sched/runqueue.h"
#include "actors/sched/timerq.h"

#include "akt/system.h"

#include <pthread.h>

/* States of a worker's `asleep`. */
#define AKTI_AWAKE 0u
#define AKTI_ASLEEP 1u
#define AKTI_WOKEN 2u /* to look for work: it holds `waking` */

/* How long a runnable may be expected to wait before others take it. */
#define AKTI_PATIENCE_NS 50000u
/* How long a worker naps that watches the others' queues. */
#define AKTI_NAP_NS 1000000u

/*
 * Timers that are so far away when they are started may be gathered: a worker
 * that sleeps does not wake for them more often than this. Each sleep costs as
 * much as many timers. (Network cards moderate their interrupts in this way.)
 */
#define AKTI_PATIENT_FROM_NS 10000000u
#define AKTI_GATHER_NS 500000u

#define AKTI_NEXT_STREAK 32
/* A tick comes after so many turns at most, and about every so many ns. */
#define AKTI_TICK_TURNS 64
#define AKTI_TICK_NS 20000u
#define AKTI_WORKERS_MAX 256
/* Threads of actors that asked for one, beside the workers. */
#define AKTI_OWN_THREADS_MAX 4096

struct akti_dispatcher;
struct akti_sim;
struct akt_sim_opts;

/* What core gives. */
struct akti_dispatcher_ops {
    /* One turn; true: put it back into a queue. */
    bool (*run)(struct akti_runnable *r, struct akti_context *ctx);
    /* Names it for a simulation: not 0, the same in every run of a seed. */
    uint64_t (*number)(struct akti_runnable *r);
    /* A timer of this worker is due. */
    void (*fire)(struct akti_timer_entry *t, struct akti_context *ctx);
    /* A timer that another worker gave back is off now. */
    void (*retired)(struct akti_timer_entry *t, struct akti_context *ctx);
    /* Sets up and takes down what core keeps for each worker. */
    akt_err (*worker_init)(struct akti_worker *w, void **out_core);
    void (*worker_fini)(void *core);
    /* Nobody waits for a job by this claim any more; see sched/blocking.h. */
    bool (*is_left)(void *request, uint32_t generation);
    /* A wait for a descriptor is over; see sched/reactor.h. */
    void (*readied)(struct akti_context *ctx, const struct akti_fd_end *end);
    /* The last one that held it has let go: frees the system. */
    void (*released)(struct akti_dispatcher *d);
};

/* What a worker knows of another one: since when its queue has not been empty, with
 * no turn ended meanwhile. */
struct akti_seen {
    uint64_t since_ns; /* 0: its queue was empty */
    uint32_t turns;
};

struct akti_worker {
    /* owner thread */
    struct akti_context ctx;
    void *core; /* what core keeps for it */
    struct akti_runnable *next;
    /* Pinned ones that this worker made ready itself, oldest first. */
    struct akti_runnable *mine_head;
    struct akti_runnable *mine_tail;
    uint32_t streak;
    uint32_t turns;      /* since the last tick */
    uint32_t tick_turns; /* when the next one is due */
    uint64_t tick_ns;    /* when the last one was */
    uint64_t timed_ns;   /* when a timer ended its sleep last */
    uint32_t naps;       /* in a row, without work to take */
    struct akti_seen seen[AKTI_WORKERS_MAX];
    struct akti_timerq timers;
    bool waking; /* was woken to look for work, and has not found any yet */
    akti_counter stat_turns;
    akti_counter stat_steals;
    akti_counter stat_parks;
    akti_counter stat_backstops;
    akti_counter stat_fired;
    struct akti_busywait busywait;
    /* immutable */
    struct akti_loop *loop;
    uint32_t number;
    bool own_thread;              /* serves one pinned actor, steals nothing */
    struct akti_worker *own_next; /* guarded by the dispatcher's lock */
    pthread_t thread;
    /* others write */
    _Alignas(64) struct akti_runqueue queue;
    /* Its queue takes longer than AKTI_PATIENCE_NS: others may steal. */
    _Atomic uint32_t congested;
    _Alignas(64) _Atomic uint32_t asleep;
    _Atomic uint32_t quit;
    /* Odd: it is awake. Grows when it goes to sleep and when it wakes; itself. */
    _Atomic uint32_t duty;
    _Atomic(struct akti_timer_entry *) retired;
    struct akti_inject own;  /* pinned runnables */
    akti_counter stat_wakes; /* times it was rung */
};

struct akti_dispatcher {
    /* immutable */
    const struct akti_dispatcher_ops *ops;
    void *system; /* core's */
    struct akti_log log;
    struct akti_memory memory;
    struct akti_depots depots;
    struct akti_depot cells[AKTI_CELL_SORTS];
    struct akti_stacks stacks;
    struct akti_sim *sim; /* NULL: real threads and time */
    uint32_t worker_count;
    uint32_t fork_count;
    uint64_t busy_wait_ns;
    /* guarded by lock: workers beyond worker_count come and stay */
    struct akti_mutex lock;
    struct akti_worker *own_free;  /* own threads that serve nothing */
    _Atomic uint32_t thread_count; /* workers and own threads */
    _Atomic(struct akti_worker *)
        workers[AKTI_WORKERS_MAX + AKTI_OWN_THREADS_MAX];
    struct akti_inject inject;
    struct akti_blocking blocking; /* the first of its pools */
    struct akti_reactor reactor;
    _Atomic uint32_t holders;               /* who frees it: the last one */
    _Alignas(64) _Atomic uint32_t sleepers; /* of the stealing workers */
    _Atomic uint32_t waking;  /* a woken worker has not found work yet */
    _Atomic uint32_t waiting; /* workers that wait awake */
    _Atomic uint32_t watcher; /* a worker naps and watches the queues */
    /* what others do for it: see akti_dispatcher_outside */
    _Atomic uint32_t outside;
    /* somebody waits until nothing runs */
    _Atomic uint32_t watched;
    struct akti_mutex idle_lock;
    struct akti_cond idle;
};

struct akti_dispatcher_opts {
    uint32_t workers;
    uint32_t blocking_threads;
    uint32_t blocking_queue;
    uint64_t busy_wait_ns;          /* see busywait.h */
    const struct akt_sim_opts *sim; /* NULL: real threads and time */
};

/* Memory, log and cell depots are set up by the caller before. */
akt_err akti_dispatcher_init(struct akti_dispatcher *d,
                             const struct akti_dispatcher_opts *opts);
/* Starts the threads; on an error those that were started have ended. */
akt_err akti_dispatcher_start(struct akti_dispatcher *d);
/*
 * A dispatcher is held by who started it, and by the threads of jobs that were
 * left to themselves. The last one that lets go frees it, by `ops->released`.
 */
void akti_dispatcher_hold(struct akti_dispatcher *d);
void akti_dispatcher_release(struct akti_dispatcher *d);
/* Ends and joins all worker threads; they run nothing more. */
void akti_dispatcher_join(struct akti_dispatcher *d);
void akti_dispatcher_fini(struct akti_dispatcher *d);

/* The dispatcher that this thread works for, or NULL for plain threads. */
struct akti_dispatcher *akti_thread_dispatcher(void);
void akti_thread_set_dispatcher(struct akti_dispatcher *d);

/* Half of the queue of another worker that is congested or stuck; NULL: of none. */
struct akti_runnable *akti_worker_steal(struct akti_worker *w);

/* A worker's thread: its whole life. The argument is the worker. */
void *akti_worker_main(void *arg);

/* Puts a runnable into the worker's own queue. Its thread. */
void akti_worker_enqueue(struct akti_worker *w, struct akti_runnable *r);
/* Takes out the timers that other workers gave back. Its thread, or after it. */
void akti_worker_drain_retired(struct akti_worker *w);

/* Whether another worker may take from its queue. */
static inline bool
akti_worker_is_congested(struct akti_worker *w)
{
    /* Relaxed: advice; a worker that is awake comes to its queue itself. */
    return atomic_load_explicit(&w->congested, memory_order_relaxed) != 0
           && akti_runqueue_count(&w->queue) > 0;
}

/* Wakes one sleeping worker, if there is one, for work that any may do. */
void akti_wake_one(struct akti_dispatcher *d);
/* Wakes this worker if it sleeps. */
void akti_wake_worker(struct akti_worker *w);

/*
 * A worker with a thread that serves one pinned runnable: an idle one, or a new
 * one. AKT_ETHREAD, AKT_EMFILE, AKT_ENOMEM, AKT_ELIMIT.
 */
akt_err akti_dispatcher_own_thread(struct akti_dispatcher *d,
                                   struct akti_worker **out);
/* Its runnable has ended: the thread waits for another. */
void akti_dispatcher_own_thread_free(struct akti_dispatcher *d,
                                     uint32_t number);

/* What is not made ready by a worker for itself. */
void akti_ready_slowly(struct akti_context *ctx, struct akti_runnable *r);

/* Makes a runnable ready: puts it where a worker will run it. Any thread. */
AKTI_INLINE void
akti_ready(struct akti_context *ctx, struct akti_runnable *r)
{
    struct akti_worker *w = ctx->local;
    struct akti_runnable *displaced;

    if (AKTI_UNLIKELY(w == NULL
                      || (r->home != 0 && r->home != w->number + 1))) {
        akti_ready_slowly(ctx, r);
        return;
    }
    displaced = w->next;
    w->next = r;
    if (displaced != NULL) {
        akti_worker_enqueue(w, displaced);
    }
}

/* Nothing runs and nothing is ready; timers may be armed. */
bool akti_dispatcher_is_idle(struct akti_dispatcher *d);
/* Waits until that, at most until the deadline. False when that passed. */
bool akti_dispatcher_wait_idle(struct akti_dispatcher *d, uint64_t deadline_ns);
/* Ends such waits to look again. */
void akti_dispatcher_poke_idle(struct akti_dispatcher *d);

/*
 * Work of threads that are not the dispatcher's has begun, or is done: it is not
 * idle meanwhile. Any thread.
 */
void akti_dispatcher_outside(struct akti_dispatcher *d, bool begins);

/* Sums of what the workers counted. */
void akti_dispatcher_stats(struct akti_dispatcher *d, akt_sched_stats *out);

void akti_context_init(struct akti_context *ctx, struct akti_dispatcher *d);
void akti_context_fini(struct akti_context *ctx);
/* Gives what its caches hold back. */
void akti_context_flush(struct akti_context *ctx);

/* Starts a timer on the context's worker, which there must be. */
bool akti_timer_add(struct akti_context *ctx, struct akti_timer_entry *t);
/* The same for the deadline of a request. */
bool akti_timer_add_deadline(struct akti_context *ctx,
                             struct akti_timer_entry *t);

/*
 * Stops a timer for good. True: it is off now. False: another worker owns it and
 * will call `retired` when it is.
 */
bool akti_timer_retire_slowly(struct akti_context *ctx,
                              struct akti_timer_entry *t);

static inline bool
akti_timer_retire(struct akti_context *ctx, struct akti_timer_entry *t)
{
    if (AKTI_LIKELY(ctx->worker != NULL
                    && t->worker == ctx->worker->number + 1)) {
        akti_timerq_remove(&ctx->worker->timers, t);
        t->worker = 0;
        return true;
    }
    return t->worker == 0 || akti_timer_retire_slowly(ctx, t);
}

#endif
