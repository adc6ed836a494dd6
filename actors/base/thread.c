/* SPDX-License-Identifier: MIT */
#include "actors/base/thread.h"

#include "actors/base/assert.h"
#include "actors/base/clock.h"
#include "actors/base/fault.h"
#include "akt/types.h"

#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>

#if defined(AKT_TESTING)

/* Ranks of the locks that this thread holds, one bit each. */
static _Thread_local uint32_t held;

void
akti_rank_enter(enum akti_rank rank)
{
    uint32_t bit = 1u << rank;

    AKTI_ASSERT(held < bit);
    held |= bit;
}

void
akti_rank_leave(enum akti_rank rank)
{
    held &= ~(1u << rank);
}

#endif

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

void
akti_mutex_lock(struct akti_mutex *m)
{
    akti_rank_enter(m->rank);
    (void)pthread_mutex_lock(&m->mutex);
}

void
akti_mutex_unlock(struct akti_mutex *m)
{
    /* First: whoever gets the lock next may free what it lies in. */
    akti_rank_leave(m->rank);
    (void)pthread_mutex_unlock(&m->mutex);
}

void
akti_cond_init(struct akti_cond *c)
{
    pthread_condattr_t attr;

    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&c->cond, &attr);
    (void)pthread_condattr_destroy(&attr);
}

void
akti_cond_fini(struct akti_cond *c)
{
    (void)pthread_cond_destroy(&c->cond);
}

void
akti_cond_wait(struct akti_cond *c, struct akti_mutex *m)
{
    (void)pthread_cond_wait(&c->cond, &m->mutex);
}

bool
akti_cond_wait_until(struct akti_cond *c, struct akti_mutex *m,
                     uint64_t deadline_ns)
{
    struct timespec ts;

    if (deadline_ns == AKT_NEVER) {
        akti_cond_wait(c, m);
        return true;
    }
    ts = akti_clock_timespec(deadline_ns);
    return pthread_cond_timedwait(&c->cond, &m->mutex, &ts) == 0;
}

void
akti_cond_wake_all(struct akti_cond *c)
{
    (void)pthread_cond_broadcast(&c->cond);
}

void
akti_cond_wake_one(struct akti_cond *c)
{
    (void)pthread_cond_signal(&c->cond);
}

/*
 * All but those that a mistake in the thread itself brings: the process would
 * end without the report that a handler gives.
 */
static void
fill_blocked(sigset_t *set)
{
    static const int faults[] = {SIGABRT, SIGBUS,  SIGFPE,
                                 SIGILL,  SIGSEGV, SIGTRAP};
    size_t i;

    (void)sigfillset(set);
    for (i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        (void)sigdelset(set, faults[i]);
    }
}

akt_err
akti_thread_start(pthread_t *out, akti_thread_fn *fn, void *arg)
{
    sigset_t blocked;
    sigset_t before;
    int failed;

    if (akti_fault_here(AKTI_FAULT_THREAD)) {
        return AKT_ETHREAD;
    }
    fill_blocked(&blocked);
    (void)pthread_sigmask(SIG_SETMASK, &blocked, &before);
    failed = pthread_create(out, NULL, fn, arg);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed == 0 ? AKT_OK : AKT_ETHREAD;
}

void
akti_thread_join(pthread_t thread)
{
    (void)pthread_join(thread, NULL);
}

void
akti_thread_detach(pthread_t thread)
{
    (void)pthread_detach(thread);
}

#define LOOKS 64u
#define YIELDS (AKTI_PAUSES_AWAKE - LOOKS)
#define NAP_NS 20000
#define NAP_MAX_NS 1000000

void
akti_thread_pause(uint32_t tries)
{
    struct timespec nap = {0, NAP_MAX_NS};

    if (tries < LOOKS) {
        return;
    }
    tries -= LOOKS;
    if (tries < YIELDS) {
        (void)sched_yield();
        return;
    }
    tries -= YIELDS;
    if (tries < NAP_MAX_NS / NAP_NS) {
        nap.tv_nsec = (long)(tries + 1) * NAP_NS;
    }
    (void)nanosleep(&nap, NULL);
}

static _Atomic uint32_t forks;
static pthread_once_t watching = PTHREAD_ONCE_INIT;

/* Runs in the child, which has one thread. */
static void
count_fork(void)
{
    atomic_fetch_add_explicit(&forks, 1, memory_order_relaxed);
}

static void
watch(void)
{
    (void)pthread_atfork(NULL, NULL, count_fork);
}

uint32_t
akti_fork_count(void)
{
    /* Relaxed: it changes only while a process has one thread. */
    return atomic_load_explicit(&forks, memory_order_relaxed);
}

void
akti_fork_watch(void)
{
    (void)pthread_once(&watching, watch);
}
