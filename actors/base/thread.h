/* SPDX-License-Identifier: MIT */
/*
 * Threads, locks and conditions. Locks have ranks: a thread takes them in rising
 * order only, which the testing twin checks.
 */
#ifndef AKT_BASE_THREAD_H
#define AKT_BASE_THREAD_H

#include "akt/error.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* The order in which locks nest, outermost first. */
enum akti_rank {
    AKTI_RANK_SYSTEM = 1, /* a system's life: stop, attach, classes */
    AKTI_RANK_SUSPEND,    /* who waits for room in whose mailbox */
    AKTI_RANK_EVICT,      /* the queue of a mailbox that drops its oldest */
    AKTI_RANK_PROBE,      /* what a test's probe has got */
    AKTI_RANK_CHANNEL,    /* an object that tasks share */
    AKTI_RANK_PORT,       /* an attached thread's answers */
    AKTI_RANK_IDLE,       /* who waits until nothing runs */
    AKTI_RANK_THREADS,    /* threads of actors that have their own */
    AKTI_RANK_BLOCKING,   /* the blocking pool's queue */
    AKTI_RANK_REACTOR,    /* who waits for descriptors */
    AKTI_RANK_INJECT,     /* a queue that other threads put work into */
    AKTI_RANK_STACKS,     /* free stacks */
    AKTI_RANK_DEPOT       /* free blocks of one size */
};

struct akti_mutex {
    pthread_mutex_t mutex;
    enum akti_rank rank;
};

struct akti_cond {
    pthread_cond_t cond;
};

typedef void *akti_thread_fn(void *arg);

/* This thread takes, and gives back, a lock of that rank. */
#if defined(AKT_TESTING)
void akti_rank_enter(enum akti_rank rank);
void akti_rank_leave(enum akti_rank rank);
#else
#define akti_rank_enter(rank) ((void)(rank))
#define akti_rank_leave(rank) ((void)(rank))
#endif

void akti_mutex_init(struct akti_mutex *m, enum akti_rank rank);
void akti_mutex_fini(struct akti_mutex *m);
void akti_mutex_lock(struct akti_mutex *m);
void akti_mutex_unlock(struct akti_mutex *m);

/* Waits on the monotonic clock. */
void akti_cond_init(struct akti_cond *c);
void akti_cond_fini(struct akti_cond *c);
void akti_cond_wait(struct akti_cond *c, struct akti_mutex *m);
/* False when the deadline passed; `AKT_NEVER` has none. */
bool akti_cond_wait_until(struct akti_cond *c, struct akti_mutex *m,
                          uint64_t deadline_ns);
void akti_cond_wake_all(struct akti_cond *c);
void akti_cond_wake_one(struct akti_cond *c);

/*
 * In the new thread all signals are blocked but those of its own mistakes.
 * AKT_ETHREAD when there is none.
 */
akt_err akti_thread_start(pthread_t *out, akti_thread_fn *fn, void *arg);
/*
 * Between two looks at something that another thread is about to change: does
 * nothing at first, then lets others run, then naps for longer and longer, up to
 * a millisecond. `tries` counts from 0.
 */
void akti_thread_pause(uint32_t tries);
/* From this try on it naps. */
#define AKTI_PAUSES_AWAKE 96u
/* Waits for its end. */
void akti_thread_join(pthread_t thread);
/* Nobody will wait for its end. */
void akti_thread_detach(pthread_t thread);

/*
 * How often this process has been forked since its first system was started, as
 * seen by itself: differs between a parent and its child.
 */
uint32_t akti_fork_count(void);
/* Begins to count; called by every system's start. */
void akti_fork_watch(void);

#endif
