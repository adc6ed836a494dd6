/* SPDX-License-Identifier: MIT */
/* Blocking work as a request to a pool. */
#include "actors/core/job.h"

#include "actors/base/mutant.h"
#include "actors/core/future.h"
#include "actors/core/pool.h"
#include "actors/core/self.h"
#include "actors/core/send.h"
#include "actors/core/system.h"

#include <stdbool.h>

struct blocking_job {
    struct akti_job job;
    const akt_job *what;
    struct akti_message *message;
};

/* Runs it; false when it handed the request on. */
static bool
call(akt_self *self, const struct blocking_job *job, struct akti_message *m)
{
    akt_err err;

    self->message = m;
    self->current = m;
    err = akti_fails(self->ctx, AKT_FAULT_JOB)
              ? AKT_EINJECTED
              : job->what->run(self, akti_message_payload(m));
    if (err != AKT_OK && !self->answered) {
        akt_ignore(akt_reply_error(self, err, NULL));
    }
    return self->message != NULL;
}

/* The dispatcher's side: run it, or give it up. Frees the job. */
static void
run_job(struct akti_job *base, struct akti_context *ctx, bool discard)
{
    struct blocking_job *job = (struct blocking_job *)(void *)base;
    struct akti_message *m = job->message;
    struct akti_class_entry *entry = akti_system_of(ctx)->threads;
    akt_self self;

    if (discard) {
        akti_message_end(ctx, entry, m, AKT_FATE_DISCARDED, AKT_ESTOPPED);
    } else if (m->deadline_ns <= akti_now(ctx)) {
        akti_message_end(ctx, entry, m, AKT_FATE_EXPIRED, AKT_ETIMEOUT);
    } else if (akti_request_is_over(m->cell, m->cell_generation)
               && !AKTI_MUTANT(cancelled_job_runs)) {
        akti_message_end(ctx, entry, m, AKT_FATE_EXPIRED, AKT_ECANCELLED);
    } else {
        akti_self_init(&self, ctx);
        self.in_job = true;
        self.lane = base->lane;
        akti_tell(ctx, AKTI_EVENT_JOB_BEGIN, m);
        if (call(&self, job, m)) {
            akti_message_end(ctx, entry, m, AKT_FATE_DELIVERED, AKT_OK);
        }
        akti_tell(ctx, AKTI_EVENT_JOB_END, NULL);
    }
    akti_sizes_free(&ctx->caches, akti_size_class(sizeof(*job)), job,
                    sizeof(*job));
}

static akt_err
job_new(akt_self *self, const struct akti_job_place *place,
        const akti_message_arg *arg, struct blocking_job **out)
{
    struct blocking_job *job = akti_sizes_alloc(
        &self->ctx->caches, akti_size_class(sizeof(*job)), sizeof(*job));
    akt_err err;

    if (job == NULL) {
        return AKT_ENOMEM;
    }
    *job = (struct blocking_job){.job = {.run = run_job, .lane = place->lane},
                                 .what = place->what};
    err = akti_message_new(&self->ctx->caches, arg->type, arg->payload,
                           &job->message);
    if (err != AKT_OK) {
        akti_sizes_free(&self->ctx->caches, akti_size_class(sizeof(*job)), job,
                        sizeof(*job));
        return err;
    }
    *out = job;
    return AKT_OK;
}

static void
job_undo(akt_self *self, struct blocking_job *job)
{
    akti_send_undo(self, job->message);
    akti_sizes_free(&self->ctx->caches, akti_size_class(sizeof(*job)), job,
                    sizeof(*job));
}

static akt_err
submit(akt_self *self, struct akti_blocking *pool, struct blocking_job *job,
       struct akti_cell *cell, akt_future *out_future)
{
    struct akti_class_entry *entry = self->system->threads;
    struct akti_message *m = job->message;
    akt_future future;
    akt_err err;

    akti_future_asked(self, cell, &future);
    m->cell = cell;
    m->cell_generation = future.generation;
    job->job.claim = (struct akti_claim){cell, future.generation};
    m->deadline_ns = akti_timer_due(&cell->timer);
    if (self->actor != NULL) {
        m->sender_slot = self->actor->slot;
        m->sender_generation = akti_actor_generation(self->actor);
    }
    akti_count(self->ctx, entry, AKTI_ACCEPTED, 1);
    akti_tell(self->ctx, AKTI_EVENT_SEND, m);
    err = akti_blocking_submit(pool, &job->job);
    if (err != AKT_OK) {
        akti_count(self->ctx, entry, AKTI_ACCEPTED, UINT64_MAX);
        akti_tell(self->ctx, AKTI_EVENT_UNSENT, m);
        akti_count(self->ctx, entry, AKTI_REFUSED, 1);
        akti_future_undo(self, cell);
        return err;
    }
    *out_future = future;
    return AKT_OK;
}

akt_err
akti_job_ask(akt_self *self, const struct akti_job_place *place,
             uint64_t timeout_ns, const akti_message_arg *arg,
             akt_future *out_future)
{
    struct blocking_job *job;
    struct akti_cell *cell;
    akt_err err;

    if (!akti_system_is_ours(self->system)) {
        return AKT_EFORK;
    }
    if (self->port != NULL && akti_system_phase(self->system) != AKTI_RUNNING) {
        return AKT_ESTOPPED;
    }
    if (!akt_type_equal(place->what->request, arg->type)) {
        return AKT_ETYPE;
    }
    AKT_TRY(job_new(self, place, arg, &job));
    err = akti_future_new(self, arg->type, timeout_ns, &cell);
    if (err == AKT_OK) {
        err = submit(self, place->pool, job, cell, out_future);
    }
    if (err != AKT_OK) {
        job_undo(self, job);
    }
    return err;
}

akt_err
akti_ask_blocking(akt_self *self, const akt_job *what, uint64_t timeout_ns,
                  const akti_message_arg *arg, akt_future *out_future)
{
    struct akti_job_place place = {&self->system->dispatcher.blocking, NULL,
                                   what};

    return akti_job_ask(self, &place, timeout_ns, arg, out_future);
}

akt_err
akti_ask_blocking_on(akt_self *self, const akti_pool_job *job,
                     uint64_t timeout_ns, const akti_message_arg *arg,
                     akt_future *out_future)
{
    struct akti_job_place place = {akti_pool_find(job->pool), NULL, job->job};
    akt_err err;

    if (place.pool == NULL) {
        return AKT_EENDED;
    }
    err = akti_job_ask(self, &place, timeout_ns, arg, out_future);
    /* It was closed meanwhile, or with the system. */
    return err == AKT_ESTOPPED && akti_pool_find(job->pool) == NULL ? AKT_EENDED
                                                                    : err;
}
