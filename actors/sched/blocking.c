/* SPDX-License-Identifier: MIT */
#include "actors/sched/blocking.h"

#include "actors/base/mutant.h"
#include "actors/sched/context.h"
#include "actors/sched/dispatcher.h"

#include <string.h>

akt_err
akti_blocking_init(struct akti_blocking *b, struct akti_dispatcher *d,
                   uint32_t max_threads, uint32_t max_queue)
{
    memset(b, 0, sizeof(*b));
    b->thread =
        akti_memory_zalloc(&d->memory, max_threads * sizeof(pthread_t), 64);
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

static struct akti_job *
pop_locked(struct akti_blocking *b)
{
    struct akti_job *job = b->head;

    if (job == NULL) {
        return NULL;
    }
    b->head = job->next;
    if (b->head == NULL && !AKTI_MUTANT(job_lost)) {
        b->tail = NULL;
    }
    b->queued--;
    return job;
}

/* Runs jobs until there is none; the lock is held at both ends. */
static void
run_jobs_locked(struct akti_blocking *b, struct akti_context *ctx)
{
    struct akti_job *job;

    while ((job = pop_locked(b)) != NULL) {
        b->running++;
        akti_mutex_unlock(&b->lock);
        job->run(job, ctx, false);
        akti_mutex_lock(&b->lock);
        b->running--;
    }
    if (b->running == 0) {
        akti_cond_wake_all(&b->done);
    }
}

static void *
pool_thread(void *arg)
{
    struct akti_blocking *b = arg;
    struct akti_context ctx;

    akti_thread_set_dispatcher(b->dispatcher);
    akti_context_init(&ctx, b->dispatcher);
    akti_mutex_lock(&b->lock);
    for (;;) {
        run_jobs_locked(b, &ctx);
        if (b->closed) {
            break;
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
    akti_mutex_unlock(&b->lock);
    akti_context_fini(&ctx);
    return NULL;
}

/* A thread for the job that was queued, unless one will take it anyway. */
static akt_err
ensure_thread_locked(struct akti_blocking *b)
{
    akt_err err;

    if (b->dispatcher->sim != NULL || b->idle >= b->queued
        || b->threads == b->max_threads) {
        return AKT_OK;
    }
    err = akti_thread_start(&b->thread[b->threads], pool_thread, b);
    if (err == AKT_OK) {
        b->threads++;
    }
    /* With fewer threads than wished for the job waits a little longer. */
    return b->threads > 0 ? AKT_OK : err;
}

static akt_err
submit_locked(struct akti_blocking *b, struct akti_job *job)
{
    akt_err err;

    if (b->closed && !AKTI_MUTANT(closed_pool_takes_jobs)) {
        return AKT_ESTOPPED;
    }
    if (b->queued >= b->max_queue) {
        return AKT_EFULL;
    }
    b->queued++;
    err = ensure_thread_locked(b);
    if (err != AKT_OK) {
        b->queued--;
        return err;
    }
    job->next = NULL;
    if (b->tail == NULL) {
        b->head = job;
    } else {
        b->tail->next = job;
    }
    b->tail = job;
    if (!AKTI_MUTANT(job_wakes_nobody)) {
        akti_cond_wake_one(&b->work);
    }
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
akti_blocking_is_idle(struct akti_blocking *b)
{
    bool idle;

    akti_mutex_lock(&b->lock);
    idle = b->queued == 0
           && (b->running == 0 || AKTI_MUTANT(idle_in_spite_of_jobs));
    akti_mutex_unlock(&b->lock);
    return idle;
}

struct akti_job *
akti_blocking_pop(struct akti_blocking *b)
{
    struct akti_job *job;

    akti_mutex_lock(&b->lock);
    job = pop_locked(b);
    akti_mutex_unlock(&b->lock);
    return job;
}

bool
akti_blocking_close(struct akti_blocking *b, struct akti_context *ctx,
                    uint64_t deadline_ns)
{
    struct akti_job *job;
    bool in_time = true;

    akti_mutex_lock(&b->lock);
    b->closed = true;
    while (!AKTI_MUTANT(close_forgets_jobs) && (job = pop_locked(b)) != NULL) {
        akti_mutex_unlock(&b->lock);
        job->run(job, ctx, true);
        akti_mutex_lock(&b->lock);
    }
    akti_cond_wake_all(&b->work);
    while (b->running > 0 && in_time) {
        in_time = akti_cond_wait_until(&b->done, &b->lock, deadline_ns);
    }
    in_time = b->running == 0;
    akti_mutex_unlock(&b->lock);
    return in_time;
}

void
akti_blocking_fini(struct akti_blocking *b)
{
    uint32_t i;

    if (b->dispatcher == NULL) {
        return;
    }
    for (i = 0; i < b->threads; i++) {
        akti_thread_join(b->thread[i]);
    }
    akti_memory_free(&b->dispatcher->memory, b->thread,
                     b->max_threads * sizeof(pthread_t), 64);
    akti_cond_fini(&b->done);
    akti_cond_fini(&b->work);
    akti_mutex_fini(&b->lock);
    b->dispatcher = NULL;
}
