/* SPDX-License-Identifier: MIT */
#include "actors/sched/blocking.h"

#include "actors/base/mutant.h"
#include "actors/sched/context.h"
#include "actors/sched/dispatcher.h"

#include <string.h>

static struct akti_blocking_thread *
new_threads(struct akti_dispatcher *d, uint32_t n)
{
    return akti_memory_zalloc(&d->memory,
                              n * sizeof(struct akti_blocking_thread), 64);
}

static void
free_threads(struct akti_blocking *b)
{
    akti_memory_free(&b->dispatcher->memory, b->thread,
                     b->max_threads * sizeof(struct akti_blocking_thread), 64);
}

akt_err
akti_blocking_init(struct akti_blocking *b, struct akti_dispatcher *d,
                   uint32_t max_threads, uint32_t max_queue)
{
    memset(b, 0, sizeof(*b));
    b->thread = new_threads(d, max_threads);
    if (b->thread == NULL) {
        return AKT_ENOMEM;
    }
    b->dispatcher = d;
    b->max_threads = max_threads;
    b->max_queue = max_queue;
    akti_mutex_init(&b->lock, AKTI_RANK_BLOCKING);
    akti_cond_init(&b->work);
    akti_cond_init(&b->done);
    return AKT_OK;
}

void
akti_blocking_add(struct akti_dispatcher *d, struct akti_blocking *b)
{
    struct akti_blocking *last = &d->blocking;

    while (akti_blocking_next(last) != NULL) {
        last = akti_blocking_next(last);
    }
    /* release: the pool is complete; pairs: akti_blocking_next */
    atomic_store_explicit(&last->next, b, memory_order_release);
}

/* --- the queue --- */

static void
push(struct akti_job **head, struct akti_job **tail, struct akti_job *job)
{
    job->next = NULL;
    if (*tail == NULL) {
        *head = job;
    } else {
        (*tail)->next = job;
    }
    *tail = job;
}

static struct akti_job *
pop(struct akti_job **head, struct akti_job **tail)
{
    struct akti_job *job = *head;

    if (job == NULL) {
        return NULL;
    }
    *head = job->next;
    if (*head == NULL && !AKTI_MUTANT(job_lost)) {
        *tail = NULL;
    }
    return job;
}

static void
make_ready_locked(struct akti_blocking *b, struct akti_job *job)
{
    push(&b->head, &b->tail, job);
    b->ready++;
    if (!AKTI_MUTANT(job_wakes_nobody)) {
        akti_cond_wake_one(&b->work);
    }
}

/* A job of the lane has ended: the next one may run. */
static void
advance_locked(struct akti_blocking *b, struct akti_lane *lane)
{
    struct akti_job *job = pop(&lane->head, &lane->tail);

    if (job != NULL) {
        make_ready_locked(b, job);
    } else {
        lane->busy = false;
    }
}

/* The pool's thread runs what has this claim, or nothing. */
static void
note_job(struct akti_blocking_thread *t, bool runs, struct akti_claim claim)
{
    if (t != NULL) {
        t->runs = runs;
        t->claim = claim;
    }
}

/*
 * Runs one job, if there is one; the lock is held at both ends. `t` is the pool's
 * thread that does, or NULL.
 */
static bool
run_one_locked(struct akti_blocking *b, struct akti_context *ctx,
               struct akti_blocking_thread *t)
{
    struct akti_job *job = pop(&b->head, &b->tail);
    struct akti_lane *lane;
    bool discard = b->closed;

    if (job == NULL) {
        return false;
    }
    lane = job->is_last ? NULL : job->lane;
    b->ready--;
    b->queued -= !job->is_reserved;
    b->running++;
    note_job(t, true, job->claim);
    akti_mutex_unlock(&b->lock);
    job->run(job, ctx, discard);
    akti_mutex_lock(&b->lock);
    b->running--;
    note_job(t, false, (struct akti_claim){NULL, 0});
    if (lane != NULL) {
        advance_locked(b, lane);
    }
    return true;
}

/* --- threads --- */

/* Runs jobs until there is none; the lock is held at both ends. */
static void
run_jobs_locked(struct akti_blocking_thread *t, struct akti_context *ctx)
{
    struct akti_blocking *b = t->blocking;

    while (run_one_locked(b, ctx, t)) {
    }
    if (b->running == 0) {
        akti_cond_wake_all(&b->done);
    }
}

/* Until the pool is closed and nothing is left; the lock is held. */
static void
serve_locked(struct akti_blocking_thread *t, struct akti_context *ctx)
{
    struct akti_blocking *b = t->blocking;

    for (;;) {
        t->busy = true;
        run_jobs_locked(t, ctx);
        t->busy = false;
        if (b->closed) {
            return;
        }
        akti_mutex_unlock(&b->lock);
        akti_dispatcher_poke_idle(b->dispatcher);
        akti_mutex_lock(&b->lock);
        if (b->head == NULL && !b->closed) {
            b->idle++;
            akti_cond_wait(&b->work, &b->lock);
            b->idle--;
        }
    }
}

static void *
pool_thread(void *arg)
{
    struct akti_blocking_thread *t = arg;
    struct akti_blocking *b = t->blocking;
    struct akti_dispatcher *d = b->dispatcher;
    struct akti_context ctx;
    bool left;

    akti_thread_set_dispatcher(d);
    akti_context_init(&ctx, d);
    akti_mutex_lock(&b->lock);
    serve_locked(t, &ctx);
    left = t->left;
    b->alive--;
    akti_mutex_unlock(&b->lock);
    akti_context_fini(&ctx);
    akti_thread_set_dispatcher(NULL);
    if (left) {
        akti_dispatcher_release(d);
    }
    return NULL;
}

/* A thread for the job that is going to be ready, unless one will take it. */
static akt_err
ensure_thread_locked(struct akti_blocking *b)
{
    struct akti_blocking_thread *t = &b->thread[b->threads];
    akt_err err;

    if (b->dispatcher->sim != NULL || b->idle > b->ready
        || b->threads == b->max_threads) {
        return AKT_OK;
    }
    *t = (struct akti_blocking_thread){.blocking = b};
    err = akti_thread_start(&t->id, pool_thread, t);
    if (err == AKT_OK) {
        b->threads++;
        b->alive++;
    }
    /* With fewer threads than wished for the job waits a little longer. */
    return b->threads > 0 ? AKT_OK : err;
}

/* --- from outside --- */

static bool
is_behind(const struct akti_job *job)
{
    return job->lane != NULL && job->lane->busy;
}

static void
queue_locked(struct akti_blocking *b, struct akti_job *job)
{
    b->queued += !job->is_reserved;
    if (is_behind(job)) {
        push(&job->lane->head, &job->lane->tail, job);
        return;
    }
    if (job->lane != NULL) {
        job->lane->busy = true;
    }
    make_ready_locked(b, job);
}

static akt_err
submit_locked(struct akti_blocking *b, struct akti_job *job)
{
    if (b->closed && !AKTI_MUTANT(closed_pool_takes_jobs)) {
        return AKT_ESTOPPED;
    }
    if (b->queued >= b->max_queue) {
        return AKT_EFULL;
    }
    if (!is_behind(job)) {
        AKT_TRY(ensure_thread_locked(b));
    }
    queue_locked(b, job);
    return AKT_OK;
}

akt_err
akti_blocking_submit(struct akti_blocking *b, struct akti_job *job)
{
    akt_err err;

    akti_mutex_lock(&b->lock);
    err = submit_locked(b, job);
    akti_mutex_unlock(&b->lock);
    return err;
}

bool
akti_blocking_submit_reserved(struct akti_blocking *b, struct akti_job *job)
{
    bool taken;

    job->is_reserved = true;
    akti_mutex_lock(&b->lock);
    taken = !b->closed || is_behind(job);
    if (taken) {
        queue_locked(b, job);
    }
    akti_mutex_unlock(&b->lock);
    return taken;
}

/* --- idleness --- */

static bool
is_given_up(const struct akti_blocking *b, const struct akti_claim *claim)
{
    return claim->request != NULL
           && b->dispatcher->ops->is_left(claim->request, claim->generation)
           && !AKTI_MUTANT(hung_job_is_waited_for);
}

/* Whether none of the jobs that run is waited for. */
static bool
runs_nothing_locked(const struct akti_blocking *b)
{
    uint32_t wanted = b->running;
    uint32_t i;

    for (i = 0; i < b->threads; i++) {
        const struct akti_blocking_thread *t = &b->thread[i];

        wanted -= t->runs && is_given_up(b, &t->claim);
    }
    return wanted == 0 || AKTI_MUTANT(idle_in_spite_of_jobs);
}

/* The same of those in the queue; one that waits in a lane is as if it were. */
static bool
queues_nothing_locked(const struct akti_blocking *b)
{
    const struct akti_job *job;
    uint32_t in_lanes = b->queued;

    for (job = b->head; job != NULL; job = job->next) {
        if (!is_given_up(b, &job->claim)) {
            return false;
        }
        in_lanes -= !job->is_reserved;
    }
    return in_lanes == 0;
}

bool
akti_blocking_is_idle(struct akti_blocking *b)
{
    bool idle;

    akti_mutex_lock(&b->lock);
    idle = queues_nothing_locked(b) && runs_nothing_locked(b);
    akti_mutex_unlock(&b->lock);
    return idle;
}

bool
akti_blocking_run_next(struct akti_blocking *b, struct akti_context *ctx)
{
    bool ran;

    akti_mutex_lock(&b->lock);
    ran = run_one_locked(b, ctx, NULL);
    akti_mutex_unlock(&b->lock);
    return ran;
}

bool
akti_blocking_close(struct akti_blocking *b, struct akti_context *ctx,
                    uint64_t deadline_ns)
{
    bool in_time = true;

    akti_mutex_lock(&b->lock);
    b->closed = true;
    while (!AKTI_MUTANT(close_forgets_jobs) && run_one_locked(b, ctx, NULL)) {
    }
    akti_cond_wake_all(&b->work);
    while (b->running > 0 && in_time) {
        in_time = akti_cond_wait_until(&b->done, &b->lock, deadline_ns);
    }
    in_time = b->running == 0;
    akti_mutex_unlock(&b->lock);
    return in_time;
}

uint32_t
akti_blocking_leave(struct akti_blocking *b)
{
    uint32_t n = 0;
    uint32_t i;

    akti_mutex_lock(&b->lock);
    for (i = 0; i < b->threads; i++) {
        struct akti_blocking_thread *t = &b->thread[i];

        if (t->busy && !t->left) {
            t->left = true;
            akti_dispatcher_hold(b->dispatcher);
            akti_thread_detach(t->id);
            n++;
        }
    }
    akti_mutex_unlock(&b->lock);
    return n;
}

/* Those that were not left to themselves; they have ended or are about to. */
static void
join_threads(struct akti_blocking *b)
{
    uint32_t i;

    for (i = 0; i < b->threads; i++) {
        if (!b->thread[i].left) {
            akti_thread_join(b->thread[i].id);
        }
    }
    b->threads = 0;
}

bool
akti_blocking_reopen(struct akti_blocking *b, uint32_t max_threads,
                     uint32_t max_queue)
{
    struct akti_blocking_thread *threads = NULL;

    akti_mutex_lock(&b->lock);
    if (b->closed && b->alive == 0 && b->running == 0) {
        threads = new_threads(b->dispatcher, max_threads);
    }
    if (threads != NULL) {
        join_threads(b);
        free_threads(b);
        b->thread = threads;
        b->max_threads = max_threads;
        b->max_queue = max_queue;
        b->closed = false;
    }
    akti_mutex_unlock(&b->lock);
    return threads != NULL;
}

void
akti_blocking_fini(struct akti_blocking *b)
{
    if (b->dispatcher == NULL) {
        return;
    }
    join_threads(b);
    free_threads(b);
    akti_cond_fini(&b->done);
    akti_cond_fini(&b->work);
    akti_mutex_fini(&b->lock);
    b->dispatcher = NULL;
}
