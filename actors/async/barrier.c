/* SPDX-License-Identifier: MIT */
/*
 * Barriers. Those who have come are those who wait: the line is the count, and
 * the last one does not enter it.
 */
#include "akt/barrier.h"

#include "actors/async/waiters.h"
#include "actors/base/mutant.h"
#include "actors/core/system.h"

struct barrier {
    struct akti_shared shared;
    uint32_t parties;
    struct akti_waiters line;
};

static void
close(akt_self *self, struct akti_cell *share)
{
    struct barrier *b = akti_shared_of(share);

    akti_waiters_close(self->ctx, &b->line, share);
}

static const struct akti_owned owned = {"barrier", close};

akt_err
akt_barrier_open(akt_self *self, uint32_t parties, akt_barrier *out_barrier)
{
    struct akti_cell *share;
    struct barrier *b;

    if (parties == 0) {
        akti_log_line(&self->system->dispatcher.log, AKT_LOG_WARNING,
                      "barrier: opened for 0 parties; it may be 1 or more");
        return AKT_EINVAL;
    }
    AKT_TRY(akti_shared_open(self, &owned, 0, sizeof(*b), &share));
    b = akti_shared_of(share);
    b->parties = parties;
    *out_barrier = (akt_barrier){share, akti_cell_generation(share)};
    return AKT_OK;
}

/*
 * When all have come the way is open for those who waited, also for one that was
 * cancelled meanwhile: the others have counted it.
 */
static akt_err
pass(struct akti_waiter *w, struct barrier *b, bool *out_leader)
{
    akt_err err;

    *out_leader = b->line.count + 1 >= b->parties;
    if (*out_leader) {
        akti_waiters_finish_all(w->parker.self->ctx, &b->line, AKT_OK);
        return AKT_OK;
    }
    err = akti_waiters_wait(&b->line, w, &b->shared);
    return w->done && !AKTI_MUTANT(barrier_cancelled_late) ? w->err : err;
}

akt_err
akt_barrier_wait_within(akt_self *self, uint64_t timeout_ns,
                        akt_barrier barrier, bool *out_leader)
{
    struct akti_waiter w;
    struct akti_shared *o;
    bool leader;
    akt_err err;

    AKT_TRY(akti_wait_begin(&w, self, timeout_ns));
    AKT_TRY(akti_shared_enter(self, barrier.cell, barrier.generation, &o));
    err = pass(&w, (struct barrier *)(void *)o, &leader);
    akti_shared_leave(o);
    akti_parker_fini(&w.parker);
    if (err == AKT_OK && out_leader != NULL) {
        *out_leader = leader;
    }
    return err;
}

akt_err
akt_barrier_wait(akt_self *self, akt_barrier barrier, bool *out_leader)
{
    return akt_barrier_wait_within(self, AKT_NEVER, barrier, out_leader);
}

akt_err
akt_barrier_close(akt_self *self, akt_barrier barrier)
{
    return akti_shared_close(self, barrier.cell, barrier.generation);
}
