/* SPDX-License-Identifier: MIT */
#include "actors/sched/runqueue.h"

#include "actors/base/mutant.h"

#include <stddef.h>

#define MASK (AKTI_RUNQUEUE_SIZE - 1)

/* Relaxed: head and tail order the slots. */
static struct akti_runnable *
get(struct akti_runqueue *q, uint32_t i)
{
    return atomic_load_explicit(&q->slot[i & MASK], memory_order_relaxed);
}

static void
put(struct akti_runqueue *q, uint32_t i, struct akti_runnable *r)
{
    atomic_store_explicit(&q->slot[i & MASK], r, memory_order_relaxed);
}

bool
akti_runqueue_push(struct akti_runqueue *q, struct akti_runnable *r)
{
    /* acquire: consumers have read the slots they freed; pairs: pop, steal */
    uint32_t head = atomic_load_explicit(&q->head, memory_order_acquire);
    uint32_t tail = atomic_load_explicit(&q->tail, memory_order_relaxed);

    if (tail - head >= AKTI_RUNQUEUE_SIZE && !AKTI_MUTANT(queue_overwritten)) {
        return false;
    }
    put(q, tail, r);
    /* release: publishes the slot; pairs: steal */
    atomic_store_explicit(&q->tail, tail + 1, memory_order_release);
    return true;
}

struct akti_runnable *
akti_runqueue_pop(struct akti_runqueue *q)
{
    uint32_t head = atomic_load_explicit(&q->head, memory_order_relaxed);
    uint32_t tail = atomic_load_explicit(&q->tail, memory_order_relaxed);

    while (head != tail) {
        struct akti_runnable *r = get(q, head);

        /* release: the slot has been read; pairs: push. acquire: with steal */
        if (atomic_compare_exchange_weak_explicit(&q->head, &head, head + 1,
                                                  memory_order_acq_rel,
                                                  memory_order_relaxed)) {
            return r;
        }
    }
    return NULL;
}

/* Copies half of the victim's into own's free slots; returns how many. */
static uint32_t
grab(struct akti_runqueue *own, struct akti_runqueue *victim)
{
    uint32_t to = atomic_load_explicit(&own->tail, memory_order_relaxed);

    for (;;) {
        /* acquire: head first, so that tail is not older; pairs: pop, steal */
        uint32_t head =
            atomic_load_explicit(&victim->head, memory_order_acquire);
        /* acquire: sees the slots; pairs: push */
        uint32_t tail =
            atomic_load_explicit(&victim->tail, memory_order_acquire);
        uint32_t n = tail - head;
        uint32_t i;

        n -= n / 2;
        if (n == 0) {
            return 0;
        }
        if (n > AKTI_RUNQUEUE_SIZE / 2) {
            continue; /* head and tail are of different moments */
        }
        for (i = 0; i < n; i++) {
            put(own, to + i, get(victim, head + i));
        }
        /* release: the slots have been read; pairs: push */
        if (atomic_compare_exchange_strong_explicit(
                &victim->head, &head, head + n - AKTI_MUTANT(steal_duplicates),
                memory_order_acq_rel, memory_order_relaxed)) {
            return n;
        }
    }
}

struct akti_runnable *
akti_runqueue_steal(struct akti_runqueue *own, struct akti_runqueue *victim)
{
    uint32_t n = grab(own, victim);
    uint32_t tail;

    if (n == 0) {
        return NULL;
    }
    tail = atomic_load_explicit(&own->tail, memory_order_relaxed);
    /*
     * The first one is run at once. The others are moved down by one, so that
     * the oldest stays first.
     */
    {
        struct akti_runnable *first = get(own, tail);
        uint32_t i;

        for (i = 0; i + 1 < n; i++) {
            put(own, tail + i, get(own, tail + i + 1));
        }
        /* release: publishes the slots; pairs: steal */
        atomic_store_explicit(
            &own->tail,
            AKTI_MUTANT(steal_loses_one) && n > 1 ? tail + n - 2 : tail + n - 1,
            memory_order_release);
        return first;
    }
}

uint32_t
akti_runqueue_count(struct akti_runqueue *q)
{
    /* acquire twice: head first, so that the difference is not negative;
     * pairs: push, pop, steal */
    uint32_t head = atomic_load_explicit(&q->head, memory_order_acquire);
    uint32_t tail = atomic_load_explicit(&q->tail, memory_order_acquire);

    return tail - head;
}
