/* SPDX-License-Identifier: MIT */
/*
 * The blocking pool: threads beside the workers, for calls that block. They are
 * started when there is work and none is idle, up to a bound; jobs wait in a
 * bounded queue, oldest first.
 */
#ifndef AKT_SCHED_BLOCKING_H
#define AKT_SCHED_BLOCKING_H

#include "actors/base/thread.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct akti_context;
struct akti_dispatcher;

struct akti_job {
    struct akti_job *next;
    /* Runs it; with `discard` it only gives it up. Frees the job. */
    void (*run)(struct akti_job *job, struct akti_context *ctx, bool discard);
};

struct akti_blocking {
    struct akti_dispatcher *dispatcher;
    uint32_t max_threads;
    uint32_t max_queue;
    struct akti_mutex lock;
    struct akti_cond work; /* for the pool's threads */
    struct akti_cond done; /* for akti_blocking_close */
    struct akti_job *head;
    struct akti_job *tail;
    uint32_t queued;
    uint32_t running;
    uint32_t idle;
    uint32_t threads;
    bool closed;
    pthread_t *thread;
};

akt_err akti_blocking_init(struct akti_blocking *b, struct akti_dispatcher *d,
                           uint32_t max_threads, uint32_t max_queue);

/* AKT_EFULL, AKT_ETHREAD (there is no thread at all), AKT_ESTOPPED. */
akt_err akti_blocking_submit(struct akti_blocking *b, struct akti_job *job);

/* No job waits and none runs. */
bool akti_blocking_is_idle(struct akti_blocking *b);

/* A job for the simulation to run, or NULL. */
struct akti_job *akti_blocking_pop(struct akti_blocking *b);

/*
 * Takes no more jobs, gives up those that wait by `ctx`, and waits for those that
 * run until the deadline. False when some still run; it can be called again.
 */
bool akti_blocking_close(struct akti_blocking *b, struct akti_context *ctx,
                         uint64_t deadline_ns);

/* After a successful close. */
void akti_blocking_fini(struct akti_blocking *b);

#endif
