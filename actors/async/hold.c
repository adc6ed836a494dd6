/* SPDX-License-Identifier: MIT */
/*
 * Permits of a semaphore that have an owner. A hold is a share (core/share.h), so
 * that it can be given away; it is in the semaphore's object only because who reads
 * a stale name must find one. What it does is in memory of its own, and is reached
 * by its owner alone: the semaphore may be closed by then.
 */
#include "actors/async/shared.h"
#include "actors/base/mutant.h"
#include "actors/core/system.h"
#include "akt/semaphore.h"

struct held {
    akt_semaphore semaphore;
    uint32_t n; /* permits; 0: not yet */
};

static void
free_held(akt_self *self, struct held *h)
{
    akti_sizes_free(&self->ctx->caches, akti_size_class(sizeof(*h)), h,
                    sizeof(*h));
}

static void
close_hold(akt_self *self, struct akti_cell *share)
{
    struct held *h = share->arg;

    akti_share_end(share);
    akti_share_free(self->ctx, share);
    if (h->n > 0 && !AKTI_MUTANT(hold_keeps_permits)) {
        akt_ignore(akt_semaphore_release(self, h->semaphore, h->n));
    }
    free_held(self, h);
}

static const struct akti_owned hold_owned = {"hold", close_hold};

/* All that it needs; the permits are to come. */
static akt_err
prepare(akt_self *self, akt_semaphore semaphore, struct akti_cell **out)
{
    struct akti_shared *o;
    struct held *h;
    akt_err err;

    AKT_TRY(akti_shared_enter(self, semaphore.cell, semaphore.generation, &o));
    akti_shared_leave(o);
    h = akti_sizes_alloc(&self->ctx->caches, akti_size_class(sizeof(*h)),
                         sizeof(*h));
    if (h == NULL) {
        return AKT_ENOMEM;
    }
    *h = (struct held){semaphore, 0};
    err = akti_share_new(self, &hold_owned, &o->object, 0, out);
    if (err != AKT_OK) {
        free_held(self, h);
        return err;
    }
    (*out)->arg = h;
    return AKT_OK;
}

static akt_err
finish(akt_self *self, struct akti_cell *share, akt_err err, uint32_t n,
       akt_hold *out)
{
    if (err != AKT_OK) {
        akti_owned_close(self, share);
        return err;
    }
    ((struct held *)share->arg)->n = n;
    *out = (akt_hold){share, akti_cell_generation(share)};
    return AKT_OK;
}

akt_err
akt_semaphore_hold_within(akt_self *self, uint64_t timeout_ns,
                          akt_semaphore semaphore, uint32_t n,
                          akt_hold *out_hold)
{
    struct akti_cell *share;

    AKT_TRY(prepare(self, semaphore, &share));
    return finish(self, share,
                  akt_semaphore_acquire_within(self, timeout_ns, semaphore, n),
                  n, out_hold);
}

akt_err
akt_semaphore_hold(akt_self *self, akt_semaphore semaphore, uint32_t n,
                   akt_hold *out_hold)
{
    return akt_semaphore_hold_within(self, AKT_NEVER, semaphore, n, out_hold);
}

akt_err
akt_semaphore_try_hold(akt_self *self, akt_semaphore semaphore, uint32_t n,
                       akt_hold *out_hold)
{
    struct akti_cell *share;

    AKT_TRY(prepare(self, semaphore, &share));
    return finish(self, share, akt_semaphore_try_acquire(self, semaphore, n), n,
                  out_hold);
}

akt_err
akt_hold_release(akt_self *self, akt_hold hold)
{
    return akti_shared_close(self, hold.cell, hold.generation);
}
