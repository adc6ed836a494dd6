/* SPDX-License-Identifier: MIT */
/*
 * A worker's run queue: a ring of 256 with one producer, its owner, and several
 * consumers, the owner and those who steal from it. Oldest first for all.
 * The form is that of Go's and Tokio's schedulers (Vyukov, "Scalable Go
 * scheduler design", 2012): consumers move the head by compare-and-swap, the
 * owner alone moves the tail.
 *
 *                 push  pop  steal (as thief)  steal (as victim)
 *     owner       one thread at a time         any time
 */
#ifndef AKT_SCHED_RUNQUEUE_H
#define AKT_SCHED_RUNQUEUE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define AKTI_RUNQUEUE_SIZE 256

/*
 * Something that a worker runs: what core calls an actor. `home` is 0, or the
 * number + 1 of the only worker that may run it.
 */
struct akti_runnable {
    struct akti_runnable *next;
    uint32_t home;
    uint32_t unused;
};

struct akti_runqueue {
    _Atomic uint32_t head;
    _Atomic uint32_t tail;
    _Atomic(struct akti_runnable *) slot[AKTI_RUNQUEUE_SIZE];
};

/* False when it is full. Owner. */
bool akti_runqueue_push(struct akti_runqueue *q, struct akti_runnable *r);

/* The oldest, or NULL. Owner. */
struct akti_runnable *akti_runqueue_pop(struct akti_runqueue *q);

/*
 * Takes half of the victim's, at least one: returns the oldest and puts the
 * others into `own`, which is empty. NULL when there is nothing. Owner of `own`.
 */
struct akti_runnable *akti_runqueue_steal(struct akti_runqueue *own,
                                          struct akti_runqueue *victim);

/* How many are in it; a guess for others than the owner. */
uint32_t akti_runqueue_count(struct akti_runqueue *q);

#endif
