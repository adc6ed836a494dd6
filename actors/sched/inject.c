/* SPDX-License-Identifier: MIT */
#include "actors/sched/inject.h"

#include "actors/base/mutant.h"

void
akti_inject_init(struct akti_inject *q)
{
    akti_mutex_init(&q->lock, AKTI_RANK_INJECT);
    q->head = NULL;
    q->tail = NULL;
    atomic_init(&q->count, 0);
}

void
akti_inject_fini(struct akti_inject *q)
{
    akti_mutex_fini(&q->lock);
}

void
akti_inject_push(struct akti_inject *q, struct akti_runnable *r)
{
    r->next = NULL;
    akti_mutex_lock(&q->lock);
    if (q->tail == NULL) {
        q->head = r;
    } else {
        q->tail->next = r;
    }
    q->tail = r;
    /*
     * seq_cst: before the look at the sleepers that follows in wake_one(), as
     * the sleeper's flag is before its look at the count. One of the two sees
     * the other. pairs: akti_inject_is_empty
     */
    atomic_fetch_add_explicit(&q->count, 1, memory_order_seq_cst);
    akti_mutex_unlock(&q->lock);
}

struct akti_runnable *
akti_inject_pop(struct akti_inject *q)
{
    struct akti_runnable *r;

    /* Relaxed: what is missed now is found before the worker sleeps. */
    if (atomic_load_explicit(&q->count, memory_order_relaxed) == 0) {
        return NULL;
    }
    akti_mutex_lock(&q->lock);
    r = q->head;
    if (r != NULL) {
        q->head = r->next;
        if (q->head == NULL && !AKTI_MUTANT(inject_tail_stale)) {
            q->tail = NULL;
        }
        /* release: who finds it empty sees that the taker is awake; pairs:
         * akti_inject_is_empty */
        atomic_fetch_sub_explicit(&q->count, 1, memory_order_release);
    }
    akti_mutex_unlock(&q->lock);
    return r;
}

struct akti_runnable *
akti_inject_oldest(struct akti_inject *q)
{
    struct akti_runnable *r;

    akti_mutex_lock(&q->lock);
    r = q->head;
    akti_mutex_unlock(&q->lock);
    return r;
}

bool
akti_inject_is_empty(struct akti_inject *q)
{
    /* seq_cst: after the sleeper's flag; pairs: akti_inject_push, _pop */
    return atomic_load_explicit(&q->count, memory_order_seq_cst) == 0;
}
