/* SPDX-License-Identifier: MIT */
/* Start, stop, wake; the workers' own life is in worker.c. */
#include "actors/sched/dispatcher.h"

#include "actors/base/assert.h"
#include "actors/base/clock.h"
#include "actors/base/mutant.h"
#include "actors/sched/sim.h"

#include <string.h>

uint64_t
akti_now(struct akti_context *ctx)
{
    struct akti_sim *sim = ctx->dispatcher->sim;

    ctx->now_ns = sim != NULL ? sim->now_ns : akti_clock_now();
    return ctx->now_ns;
}

static uint64_t
now_coarse(struct akti_context *ctx)
{
    struct akti_sim *sim = ctx->dispatcher->sim;

    return sim != NULL ? sim->now_ns : akti_clock_not_before_now();
}

uint64_t
akti_due_in(struct akti_context *ctx, uint64_t after_ns,
            uint64_t coarse_from_ns)
{
    uint64_t now = after_ns >= coarse_from_ns ? now_coarse(ctx) : akti_now(ctx);

    return akti_clock_add(now, after_ns);
}

static struct akti_worker *
worker_at(struct akti_dispatcher *d, uint32_t i)
{
    /* acquire: sees the worker that was put there; pairs: publish_worker */
    return atomic_load_explicit(&d->workers[i], memory_order_acquire);
}

static uint32_t
thread_count(struct akti_dispatcher *d)
{
    /* acquire: as many workers are there; pairs: publish_worker */
    return atomic_load_explicit(&d->thread_count, memory_order_acquire);
}

static void
publish_worker(struct akti_dispatcher *d, struct akti_worker *w)
{
    /* release: the worker is complete; pairs: worker_at */
    atomic_store_explicit(&d->workers[w->number], w, memory_order_release);
    /* release: all workers below are there; pairs: thread_count */
    atomic_store_explicit(&d->thread_count, w->number + 1,
                          memory_order_release);
}

/* Asked on rare ways only: stopping must know where it is called. */
static _Thread_local struct akti_dispatcher *works_for;

struct akti_dispatcher *
akti_thread_dispatcher(void)
{
    return works_for;
}

void
akti_thread_set_dispatcher(struct akti_dispatcher *d)
{
    works_for = d;
}

/* --- contexts --- */

void
akti_context_init(struct akti_context *ctx, struct akti_dispatcher *d)
{
    size_t i;

    memset(ctx, 0, sizeof(*ctx));
    ctx->dispatcher = d;
    ctx->sim = d->sim;
    ctx->row = d->worker_count;
    ctx->row_is_shared = true;
    akti_caches_init(&ctx->caches, &d->depots);
    for (i = 0; i < AKTI_CELL_SORTS; i++) {
        akti_cache_init(&ctx->cells[i], &d->cells[i]);
    }
    akti_stack_cache_init(&ctx->stacks, &d->stacks);
    ctx->random.state = akti_now(ctx);
}

void
akti_context_flush(struct akti_context *ctx)
{
    size_t i;

    akti_caches_flush(&ctx->caches);
    for (i = 0; i < AKTI_CELL_SORTS; i++) {
        akti_cache_flush(&ctx->cells[i]);
    }
    akti_stack_cache_flush(&ctx->stacks);
}

void
akti_context_fini(struct akti_context *ctx)
{
    akti_context_flush(ctx);
}

/* --- workers --- */

static void
worker_free(struct akti_worker *w)
{
    struct akti_dispatcher *d = w->ctx.dispatcher;

    d->ops->worker_fini(w->core);
    akti_loop_close(w->loop);
    akti_timerq_fini(&w->timers);
    akti_inject_fini(&w->own);
    akti_context_fini(&w->ctx);
    akti_memory_free(&d->memory, w, sizeof(*w), 64);
}

static akt_err
worker_new(struct akti_dispatcher *d, uint32_t number, bool own_thread,
           struct akti_worker **out)
{
    struct akti_worker *w = akti_memory_zalloc(&d->memory, sizeof(*w), 64);
    akt_err err;

    if (w == NULL) {
        return AKT_ENOMEM;
    }
    akti_context_init(&w->ctx, d);
    w->ctx.worker = w;
    if (!own_thread) {
        w->ctx.row = number;
        w->ctx.row_is_shared = false;
        w->ctx.local = d->sim == NULL ? w : NULL;
    }
    w->ctx.random.state += number;
    w->number = number;
    w->own_thread = own_thread;
    atomic_init(&w->duty, 1); /* until it sleeps for the first time */
    akti_inject_init(&w->own);
    akti_busywait_init(&w->busywait, d->busy_wait_ns);
    akti_timerq_init(&w->timers, &d->memory, w->ctx.now_ns);
    err = d->sim != NULL ? AKT_OK : akti_loop_open(&w->loop);
    if (err == AKT_OK) {
        err = d->ops->worker_init(w, &w->core);
    }
    if (err != AKT_OK) {
        worker_free(w);
        return err;
    }
    *out = w;
    return AKT_OK;
}

static void
quit_worker(struct akti_worker *w)
{
    /* seq_cst: before the look at `asleep` in wake_worker; pairs: park */
    atomic_store_explicit(&w->quit, 1, memory_order_seq_cst);
    akti_wake_worker(w);
}

akt_err
akti_dispatcher_init(struct akti_dispatcher *d,
                     const struct akti_dispatcher_opts *opts)
{
    uint32_t i;

    d->worker_count = opts->sim != NULL ? 1 : opts->workers;
    d->busy_wait_ns = opts->busy_wait_ns;
    atomic_init(&d->holders, 1);
    akti_mutex_init(&d->lock, AKTI_RANK_THREADS);
    akti_mutex_init(&d->idle_lock, AKTI_RANK_IDLE);
    akti_cond_init(&d->idle);
    akti_inject_init(&d->inject);
    akti_reactor_init(d);
    if (opts->sim != NULL) {
        d->sim = akti_memory_zalloc(&d->memory, sizeof(*d->sim), 64);
        if (d->sim == NULL) {
            return AKT_ENOMEM;
        }
        akti_sim_init(d->sim, opts->sim);
    }
    AKT_TRY(akti_blocking_init(&d->blocking, d, opts->blocking_threads,
                               opts->blocking_queue));
    for (i = 0; i < d->worker_count; i++) {
        struct akti_worker *w;

        AKT_TRY(worker_new(d, i, false, &w));
        publish_worker(d, w);
    }
    if (opts->sim != NULL) {
        worker_at(d, 0)->ctx.random.state = opts->sim->seed;
    }
    return AKT_OK;
}

static void
join_first(struct akti_dispatcher *d, uint32_t n)
{
    uint32_t i;

    for (i = 0; i < n; i++) {
        quit_worker(worker_at(d, i));
    }
    for (i = 0; i < n; i++) {
        akti_thread_join(worker_at(d, i)->thread);
    }
}

akt_err
akti_dispatcher_start(struct akti_dispatcher *d)
{
    uint32_t i;

    for (i = 0; i < d->worker_count && d->sim == NULL; i++) {
        struct akti_worker *w = worker_at(d, i);
        akt_err err = akti_thread_start(&w->thread, akti_worker_main, w);

        if (err != AKT_OK) {
            join_first(d, i);
            return err;
        }
    }
    return AKT_OK;
}

void
akti_dispatcher_hold(struct akti_dispatcher *d)
{
    /* Relaxed: whoever adds one holds one. */
    (void)atomic_fetch_add_explicit(&d->holders, 1, memory_order_relaxed);
}

void
akti_dispatcher_release(struct akti_dispatcher *d)
{
    /*
     * release: what this one did before; acquire: the last one sees what all
     * others did. pairs: itself
     */
    if (atomic_fetch_sub_explicit(&d->holders, 1, memory_order_acq_rel) == 1) {
        d->ops->released(d);
    }
}

void
akti_dispatcher_join(struct akti_dispatcher *d)
{
    if (d->sim == NULL) {
        join_first(d, thread_count(d));
    }
}

void
akti_dispatcher_fini(struct akti_dispatcher *d)
{
    uint32_t n = thread_count(d);

    akti_blocking_fini(&d->blocking);
    akti_reactor_fini(d);
    while (n-- > 0) {
        worker_free(worker_at(d, n));
    }
    akti_memory_free(&d->memory, d->sim, sizeof(*d->sim), 64);
    akti_inject_fini(&d->inject);
    akti_cond_fini(&d->idle);
    akti_mutex_fini(&d->idle_lock);
    akti_mutex_fini(&d->lock);
}

static akt_err
own_thread_locked(struct akti_dispatcher *d, struct akti_worker **out)
{
    uint32_t n = thread_count(d);
    struct akti_worker *w = d->own_free;
    akt_err err;

    if (w != NULL) {
        d->own_free = w->own_next;
        *out = w;
        return AKT_OK;
    }
    if (n == AKTI_WORKERS_MAX + AKTI_OWN_THREADS_MAX) {
        return AKT_ELIMIT;
    }
    AKT_TRY(worker_new(d, n, true, &w));
    err = akti_thread_start(&w->thread, akti_worker_main, w);
    if (err != AKT_OK) {
        worker_free(w);
        return err;
    }
    publish_worker(d, w);
    *out = w;
    return AKT_OK;
}

akt_err
akti_dispatcher_own_thread(struct akti_dispatcher *d, struct akti_worker **out)
{
    akt_err err;

    akti_mutex_lock(&d->lock);
    err = own_thread_locked(d, out);
    akti_mutex_unlock(&d->lock);
    return err;
}

void
akti_dispatcher_own_thread_free(struct akti_dispatcher *d, uint32_t number)
{
    struct akti_worker *w = worker_at(d, number);

    akti_mutex_lock(&d->lock);
    w->own_next = d->own_free;
    d->own_free = w;
    akti_mutex_unlock(&d->lock);
}

/* --- waking --- */

/* Work that any worker may take. */
static bool
has_common_work(struct akti_dispatcher *d)
{
    uint32_t i;

    if (!akti_inject_is_empty(&d->inject)) {
        return true;
    }
    for (i = 0; i < d->worker_count; i++) {
        if (akti_worker_is_congested(worker_at(d, i))) {
            return true;
        }
    }
    return false;
}

void
akti_wake_worker(struct akti_worker *w)
{
    struct akti_dispatcher *d = w->ctx.dispatcher;
    uint32_t asleep = AKTI_ASLEEP;

    /* seq_cst: after the work was queued; pairs: park */
    if (!atomic_compare_exchange_strong_explicit(
            &w->asleep, &asleep, AKTI_AWAKE, memory_order_seq_cst,
            memory_order_seq_cst)) {
        return;
    }
    if (!w->own_thread) {
        /* seq_cst: part of the same order; pairs: akti_wake_one */
        atomic_fetch_sub_explicit(&d->sleepers, 1, memory_order_seq_cst);
    }
    akti_counter_add_shared(&w->stat_wakes, 1);
    akti_loop_ring(w->loop);
}

/* Elects one sleeper and rings it; it holds `waking` from then on. */
static bool
elect(struct akti_dispatcher *d)
{
    uint32_t i;

    for (i = 0; i < d->worker_count; i++) {
        struct akti_worker *w = worker_at(d, i);
        uint32_t asleep = AKTI_ASLEEP;

        /* seq_cst: after the work was queued; pairs: park */
        if (atomic_compare_exchange_strong_explicit(
                &w->asleep, &asleep, AKTI_WOKEN, memory_order_seq_cst,
                memory_order_seq_cst)) {
            /* seq_cst: part of the same order; pairs: akti_wake_one */
            atomic_fetch_sub_explicit(&d->sleepers, 1, memory_order_seq_cst);
            akti_counter_add_shared(&w->stat_wakes, 1);
            akti_loop_ring(w->loop);
            return true;
        }
    }
    return false;
}

void
akti_wake_one(struct akti_dispatcher *d)
{
    do {
        /* seq_cst: after the work was queued; pairs: park */
        if (atomic_load_explicit(&d->sleepers, memory_order_seq_cst) == 0) {
            return;
        }
        /*
         * seq_cst: one at a time. If one is on its way, it looks at all queues
         * after it has lowered the flag; pairs: worker.c, end_waking
         */
        if (atomic_exchange_explicit(&d->waking, 1, memory_order_seq_cst)
            != 0) {
            return;
        }
        if (elect(d)) {
            return;
        }
        /*
         * Nobody slept after all. Others may have relied on this flag in
         * between, so what they queued is looked for. seq_cst; pairs: above
         */
        atomic_store_explicit(&d->waking, 0, memory_order_seq_cst);
    } while (has_common_work(d));
}

static void
ready_own(struct akti_dispatcher *d, struct akti_runnable *r)
{
    struct akti_worker *w = worker_at(d, r->home - 1);

    akti_inject_push(&w->own, r);
    if (!AKTI_MUTANT(own_worker_not_rung)) {
        akti_wake_worker(w);
    }
}

void
akti_ready_slowly(struct akti_context *ctx, struct akti_runnable *r)
{
    struct akti_dispatcher *d = ctx->dispatcher;

    if (d->sim != NULL) {
        akti_sim_ready(d->sim, r);
    } else if (r->home != 0) {
        ready_own(d, r);
    } else {
        if (AKTI_MUTANT(wake_before_queueing)) {
            akti_wake_one(d);
        }
        akti_inject_push(&d->inject, r);
        if (!AKTI_MUTANT(wake_before_queueing)) {
            akti_wake_one(d);
        }
    }
}

/* --- idleness --- */

static bool
queues_are_empty(struct akti_dispatcher *d)
{
    uint32_t n = thread_count(d);
    uint32_t i;

    for (i = 0; i < n; i++) {
        if (!akti_inject_is_empty(&worker_at(d, i)->own)) {
            return false;
        }
    }
    return akti_inject_is_empty(&d->inject);
}

/* The sum of what the workers count; false when one of them is awake. */
static bool
duties(struct akti_dispatcher *d, uint64_t *out)
{
    uint32_t n = thread_count(d);
    uint64_t sum = n;
    uint32_t i;

    for (i = 0; i < n; i++) {
        /* seq_cst: after `watched` was raised; as acquire, what the worker queued
         * before; pairs: change_duty */
        uint32_t duty =
            atomic_load_explicit(&worker_at(d, i)->duty, memory_order_seq_cst);

        if (duty % 2 == 1) {
            return false;
        }
        sum += duty;
    }
    *out = sum;
    return true;
}

static bool
pools_are_idle(struct akti_dispatcher *d)
{
    struct akti_blocking *b = &d->blocking;

    while (b != NULL && akti_blocking_is_idle(b)) {
        b = akti_blocking_next(b);
    }
    /* seq_cst: as the workers' duties; pairs: akti_dispatcher_outside */
    return b == NULL
           && atomic_load_explicit(&d->outside, memory_order_seq_cst) == 0;
}

/*
 * The workers are looked at one after the other, and twice. If none of them has
 * woken in between, all were asleep at once, from the end of the first round to
 * the beginning of the second; queues that were empty then can't have been
 * emptied by one that is at work.
 */
bool
akti_dispatcher_is_idle(struct akti_dispatcher *d)
{
    uint64_t before;
    uint64_t after;

    if (d->sim != NULL) {
        return d->sim->head == NULL && pools_are_idle(d);
    }
    return pools_are_idle(d) && duties(d, &before) && queues_are_empty(d)
           && pools_are_idle(d) && duties(d, &after) && before == after;
}

bool
akti_dispatcher_wait_idle(struct akti_dispatcher *d, uint64_t deadline_ns)
{
    bool idle;
    bool in_time = true;

    if (d->sim != NULL) {
        while (d->sim->now_ns <= deadline_ns && akti_sim_step(d)) {
        }
        return akti_dispatcher_is_idle(d);
    }
    akti_mutex_lock(&d->idle_lock);
    /* seq_cst: before the look at the workers; pairs: change_duty */
    atomic_fetch_add_explicit(&d->watched, 1, memory_order_seq_cst);
    while (!(idle = akti_dispatcher_is_idle(d)) && in_time) {
        in_time = akti_cond_wait_until(&d->idle, &d->idle_lock, deadline_ns);
    }
    /* Relaxed: a poke too many does no harm. */
    atomic_fetch_sub_explicit(&d->watched, 1, memory_order_relaxed);
    akti_mutex_unlock(&d->idle_lock);
    return idle;
}

void
akti_dispatcher_poke_idle(struct akti_dispatcher *d)
{
    /* seq_cst: after what made it idle; pairs: akti_dispatcher_wait_idle */
    if (atomic_load_explicit(&d->watched, memory_order_seq_cst) == 0) {
        return;
    }
    akti_mutex_lock(&d->idle_lock);
    akti_cond_wake_all(&d->idle);
    akti_mutex_unlock(&d->idle_lock);
}

void
akti_dispatcher_outside(struct akti_dispatcher *d, bool begins)
{
    if (begins) {
        /* Relaxed: a worker that is awake began it, or others do not wait. */
        (void)atomic_fetch_add_explicit(&d->outside, 1, memory_order_relaxed);
        return;
    }
    /* seq_cst: before the look for who waits; pairs: pools_are_idle */
    (void)atomic_fetch_sub_explicit(&d->outside, 1, memory_order_seq_cst);
    akti_dispatcher_poke_idle(d);
}

/* --- timers --- */

/* It goes into this worker's queue; the context's time is the present. */
static void
take_on(struct akti_context *ctx, struct akti_timer_entry *t)
{
    AKTI_ASSERT(ctx->worker != NULL);
    t->worker = (uint16_t)(ctx->worker->number + 1);
    t->patient = akti_timer_due(t) >= ctx->now_ns + AKTI_PATIENT_FROM_NS;
}

bool
akti_timer_add(struct akti_context *ctx, struct akti_timer_entry *t)
{
    take_on(ctx, t);
    if (!akti_timerq_add(&ctx->worker->timers, t)) {
        t->worker = 0;
        return false;
    }
    return true;
}

bool
akti_timer_add_deadline(struct akti_context *ctx, struct akti_timer_entry *t)
{
    take_on(ctx, t);
    if (!akti_timerq_add_in_line(&ctx->worker->timers, t)) {
        t->worker = 0;
        return false;
    }
    return true;
}

bool
akti_timer_retire_slowly(struct akti_context *ctx, struct akti_timer_entry *t)
{
    struct akti_worker *w;
    struct akti_timer_entry *old;

    w = worker_at(ctx->dispatcher, t->worker - 1);
    /* Relaxed: a first guess. */
    old = atomic_load_explicit(&w->retired, memory_order_relaxed);
    do {
        t->retired_next = old;
        /* release: the timer's cell; pairs: akti_worker_drain_retired */
    } while (!atomic_compare_exchange_weak_explicit(
        &w->retired, &old, t, memory_order_release, memory_order_relaxed));
    return false;
}

/* --- statistics --- */

void
akti_dispatcher_stats(struct akti_dispatcher *d, akt_sched_stats *out)
{
    uint32_t n = thread_count(d);
    uint32_t i;

    for (i = 0; i < n; i++) {
        struct akti_worker *w = worker_at(d, i);

        out->turns += akti_counter_get(&w->stat_turns);
        out->steals += akti_counter_get(&w->stat_steals);
        out->parks += akti_counter_get(&w->stat_parks);
        out->wakes += akti_counter_get(&w->stat_wakes);
        out->backstops += akti_counter_get(&w->stat_backstops);
        out->timers_fired += akti_counter_get(&w->stat_fired);
    }
}
