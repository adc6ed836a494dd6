/* SPDX-License-Identifier: MIT */
/*
 * What the explored build has in place of base/thread.c, base/latch.c,
 * base/clock_*.c, sched/loop.c, sched/doorbell_*.c and sched/poller_*.c: locks, conditions and
 * sleeps that hand the baton on, and a clock that stands still.
 */
#include "actors/base/assert.h"
#include "actors/base/clock.h"
#include "actors/base/fault.h"
#include "actors/base/thread.h"
#include "actors/sched/dispatcher.h"
#include "actors/sched/loop.h"
#include "akt/types.h"
#include "tests/explore/explorer.h"

#include <stdlib.h>

/* Here they are made; see atomics.h. */
#undef akti_mutex_lock
#undef akti_cond_wait
#undef akti_cond_wait_until
#undef akti_loop_wait
#undef akti_loop_ring

/* --- locks --- */

void
akti_mutex_init(struct akti_mutex *m, enum akti_rank rank)
{
    (void)pthread_mutex_init(&m->mutex, NULL);
    m->rank = rank;
}

void
akti_mutex_fini(struct akti_mutex *m)
{
    (void)pthread_mutex_destroy(&m->mutex);
}

static void
lock(struct akti_mutex *m)
{
    explore_point(NULL, 0);
    while (pthread_mutex_trylock(&m->mutex) != 0) {
        (void)explore_wait(m, "a lock", AKT_NEVER);
    }
}

static void
unlock(struct akti_mutex *m)
{
    (void)pthread_mutex_unlock(&m->mutex);
    explore_wake(m, true);
}

void
akti_rank_enter(enum akti_rank rank)
{
    uint32_t bit = 1u << rank;

    explore_check(*explore_held() < bit);
    *explore_held() |= bit;
}

void
akti_rank_leave(enum akti_rank rank)
{
    *explore_held() &= ~(1u << rank);
}

void
akti_mutex_lock(struct akti_mutex *m)
{
    akti_rank_enter(m->rank);
    lock(m);
}

void
akti_mutex_unlock(struct akti_mutex *m)
{
    akti_rank_leave(m->rank);
    unlock(m);
}

/* Without yield points within. */
void
explore_latch_lock(struct akti_latch *l)
{
    akti_rank_enter(l->rank);
    explore_point(NULL, 0);
    while (EXPLORE_LOAD_(&l->taken, memory_order_relaxed) != 0) {
        (void)explore_wait(l, "a latch", AKT_NEVER);
    }
    EXPLORE_STORE_(&l->taken, 1, memory_order_relaxed);
}

void
explore_latch_unlock(struct akti_latch *l)
{
    akti_rank_leave(l->rank);
    EXPLORE_STORE_(&l->taken, 0, memory_order_relaxed);
    explore_wake(l, true);
}

/* --- conditions --- */

void
akti_cond_init(struct akti_cond *c)
{
    (void)pthread_cond_init(&c->cond, NULL);
}

void
akti_cond_fini(struct akti_cond *c)
{
    (void)pthread_cond_destroy(&c->cond);
}

void
akti_cond_wait(struct akti_cond *c, struct akti_mutex *m)
{
    (void)akti_cond_wait_until(c, m, AKT_NEVER);
}

bool
akti_cond_wait_until(struct akti_cond *c, struct akti_mutex *m,
                     uint64_t deadline_ns)
{
    bool woken;

    /* Between the look at what it waits for and the wait. */
    explore_point(NULL, 0);
    unlock(m);
    woken = explore_wait(c, "a condition", deadline_ns);
    lock(m);
    return woken;
}

void
akti_cond_wake_all(struct akti_cond *c)
{
    explore_wake(c, true);
}

void
akti_cond_wake_one(struct akti_cond *c)
{
    explore_wake(c, false);
}

/* --- threads --- */

akt_err
akti_thread_start(pthread_t *out, akti_thread_fn *fn, void *arg)
{
    if (akti_fault_here(AKTI_FAULT_THREAD)) {
        return AKT_ETHREAD;
    }
    explore_thread_start(out, fn, arg);
    return AKT_OK;
}

void
akti_thread_join(pthread_t thread)
{
    explore_thread_join(thread);
}

/* A worker that waits awake, which takes time. */
void
akti_thread_pause(uint32_t tries)
{
    (void)tries;
    explore_pass_time(1);
}

/* No scenario leaves a thread to itself. */
void
akti_thread_detach(pthread_t thread)
{
    (void)thread;
}

/* An explored process is not forked while a system lives. */
uint32_t
akti_fork_count(void)
{
    return 0;
}

void
akti_fork_watch(void)
{
}

/* --- time --- */

uint64_t
akti_clock_now(void)
{
    return explore_now();
}

uint64_t
akti_clock_not_before_now(void)
{
    return explore_now();
}

/* --- the sleep of a worker --- */

struct akti_loop {
    bool rung;
};

akt_err
akti_loop_open(struct akti_loop **out)
{
    struct akti_loop *loop = calloc(1, sizeof(*loop));

    if (loop == NULL) {
        return AKT_ENOMEM;
    }
    *out = loop;
    return AKT_OK;
}

void
akti_loop_close(struct akti_loop *loop)
{
    free(loop);
}

bool
akti_loop_wait(struct akti_loop *loop, uint64_t now_ns, uint64_t deadline_ns)
{
    bool in_time = true;
    bool rung;

    (void)now_ns;
    explore_point(NULL, 0);
    while (!loop->rung && in_time) {
        in_time = explore_wait(loop, "a ring", deadline_ns);
    }
    rung = loop->rung;
    loop->rung = false;
    return rung;
}

void
akti_loop_ring(struct akti_loop *loop)
{
    explore_point(NULL, 0);
    loop->rung = true;
    explore_wake(loop, true);
}

/* --- descriptors, which are not explored --- */

akt_err
akti_poller_open(struct akti_poller *p, struct akti_memory *memory)
{
    (void)p;
    (void)memory;
    return AKT_EIO;
}

void
akti_poller_close(struct akti_poller *p)
{
    (void)p;
}

akt_err
akti_poller_arm(struct akti_poller *p, int fd, uint32_t events, uint32_t tag)
{
    (void)p;
    (void)fd;
    (void)events;
    (void)tag;
    return AKT_EIO;
}

void
akti_poller_disarm(struct akti_poller *p, int fd)
{
    (void)p;
    (void)fd;
}

void
akti_poller_ring(struct akti_poller *p)
{
    (void)p;
}

size_t
akti_poller_wait(struct akti_poller *p, struct akti_mutex *lock,
                 struct akti_polled out[AKTI_POLLED_MAX])
{
    (void)p;
    (void)lock;
    (void)out;
    return 0;
}
