/* SPDX-License-Identifier: MIT */
/*
 * Threads for calls of nng that may take long, or never return. They belong to no
 * system, so no stop waits for them. A few at a time for each lane; a thread that
 * finds nothing to do for a while ends.
 */
#include "actors/base/clock.h"
#include "actors/base/mutant.h"
#include "actors/net/nng_back.h"

#define THREADS_MAX 64
#define LINGER_NS AKT_MS(200)

struct lane {
    struct akti_mutex lock;
    struct akti_cond cond;
    struct akti_nng_job *first;
    struct akti_nng_job *last;
    uint32_t threads;
    uint32_t idle;
};

static struct lane lanes[2];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void
init_lanes(void)
{
    size_t i;

    for (i = 0; i < sizeof(lanes) / sizeof(lanes[0]); i++) {
        akti_mutex_init(&lanes[i].lock, AKTI_RANK_BLOCKING);
        akti_cond_init(&lanes[i].cond);
    }
}

static void
wait_a_while(struct lane *l)
{
    uint64_t until = akti_clock_now() + LINGER_NS;
    bool in_time = true;

    l->idle++;
    while (l->first == NULL && in_time) {
        in_time = akti_cond_wait_until(&l->cond, &l->lock, until);
    }
    l->idle--;
}

static struct akti_nng_job *
take_locked(struct lane *l)
{
    struct akti_nng_job *job;

    if (l->first == NULL) {
        wait_a_while(l);
    }
    job = l->first;
    if (job != NULL) {
        l->first = job->next;
    }
    return job;
}

static void *
serve(void *arg)
{
    struct lane *l = arg;
    struct akti_nng_job *job;

    akti_mutex_lock(&l->lock);
    while ((job = take_locked(l)) != NULL) {
        akti_mutex_unlock(&l->lock);
        job->run(job);
        akti_mutex_lock(&l->lock);
    }
    l->threads--;
    akti_mutex_unlock(&l->lock);
    return NULL;
}

/* One thread more, unless there are enough. AKT_ETHREAD only if there is none. */
static akt_err
see_to_thread(struct lane *l)
{
    pthread_t thread;

    if ((l->idle > 0 && l->first == NULL) || l->threads >= THREADS_MAX) {
        return AKT_OK;
    }
    if (akti_thread_start(&thread, serve, l) != AKT_OK) {
        return l->threads > 0 ? AKT_OK : AKT_ETHREAD;
    }
    akti_thread_detach(thread);
    l->threads++;
    return AKT_OK;
}

akt_err
akti_nng_help(enum akti_nng_lane lane, struct akti_nng_job *job)
{
    struct lane *l = &lanes[AKTI_MUTANT(nng_one_lane) ? 0 : lane];
    akt_err err;

    (void)pthread_once(&once, init_lanes);
    akti_mutex_lock(&l->lock);
    err = see_to_thread(l);
    if (err == AKT_OK) {
        job->next = NULL;
        if (l->first == NULL || AKTI_MUTANT(nng_job_lost)) {
            l->first = job;
        } else {
            l->last->next = job;
        }
        l->last = job;
        akti_cond_wake_one(&l->cond);
    }
    akti_mutex_unlock(&l->lock);
    return err;
}
