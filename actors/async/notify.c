/* SPDX-License-Identifier: MIT */
/*
 * Notifications. Whenever the latch is free, either nobody waits or nothing is
 * kept.
 */
#include "akt/notify.h"

#include "actors/async/waiters.h"
#include "actors/base/mutant.h"

struct notify {
    struct akti_shared shared;
    bool kept;
    struct akti_waiters line;
};

static void
close(akt_self *self, struct akti_cell *share)
{
    struct notify *n = akti_shared_of(share);

    akti_waiters_close(self->ctx, &n->line, share);
}

static const struct akti_owned owned = {"notify", close};

akt_err
akt_notify_open(akt_self *self, akt_notify *out_notify)
{
    struct akti_cell *share;

    AKT_TRY(akti_shared_open(self, &owned, 0, sizeof(struct notify), &share));
    *out_notify = (akt_notify){share, akti_cell_generation(share)};
    return AKT_OK;
}

/* With its latch taken; AKT_ECLOSED, AKT_EFOREIGN, AKT_EFORK. */
static akt_err
enter(akt_self *self, akt_notify notify, struct notify **out)
{
    struct akti_shared *o;

    AKT_TRY(akti_shared_enter(self, notify.cell, notify.generation, &o));
    *out = (struct notify *)(void *)o;
    return AKT_OK;
}

static void
leave(struct notify *n)
{
    akti_shared_leave(&n->shared);
}

/* --- notifying --- */

static void
notify_one(struct akti_context *ctx, struct notify *n)
{
    struct akti_waiter *w;

    while ((w = n->line.head) != NULL) {
        w->passes_on = true;
        if (akti_waiter_finish(ctx, &n->line, w, AKT_OK)) {
            return;
        }
    }
    n->kept = !AKTI_MUTANT(notify_not_kept);
}

akt_err
akt_notify_one(akt_self *self, akt_notify notify)
{
    struct notify *n;

    AKT_TRY(enter(self, notify, &n));
    notify_one(self->ctx, n);
    leave(n);
    return AKT_OK;
}

akt_err
akt_notify_all(akt_self *self, akt_notify notify)
{
    struct notify *n;

    AKT_TRY(enter(self, notify, &n));
    akti_waiters_finish_all(self->ctx, &n->line, AKT_OK);
    leave(n);
    return AKT_OK;
}

/* --- waiting --- */

static bool
take(struct notify *n)
{
    bool kept = n->kept;

    n->kept = false;
    return kept;
}

akt_err
akt_notify_try_wait(akt_self *self, akt_notify notify)
{
    struct notify *n;
    bool taken;

    AKT_TRY(enter(self, notify, &n));
    taken = take(n);
    leave(n);
    return taken ? AKT_OK : AKT_EEMPTY;
}

static akt_err
wait(struct akti_waiter *w, akt_notify notify, struct notify *n)
{
    akt_err err;

    if (take(n)) {
        return AKT_OK;
    }
    err = akti_waiters_wait(&n->line, w, &n->shared);
    if (err != AKT_OK && w->passes_on && !AKTI_MUTANT(notify_eaten)
        && akti_share_is_open(notify.cell, notify.generation)) {
        notify_one(w->parker.self->ctx, n);
    }
    return err;
}

akt_err
akt_notify_wait_within(akt_self *self, uint64_t timeout_ns, akt_notify notify)
{
    struct akti_waiter w;
    struct notify *n;
    akt_err err;

    AKT_TRY(akti_wait_begin(&w, self, timeout_ns));
    AKT_TRY(enter(self, notify, &n));
    err = wait(&w, notify, n);
    leave(n);
    akti_parker_fini(&w.parker);
    return err;
}

akt_err
akt_notify_wait(akt_self *self, akt_notify notify)
{
    return akt_notify_wait_within(self, AKT_NEVER, notify);
}

/* Puts the future into the line; it may have one at once. */
static akt_err
queue(akt_self *self, void *share, uint32_t generation, struct akti_cell *cell)
{
    struct notify *n;
    akt_err err;

    AKT_TRY(enter(self, (akt_notify){share, generation}, &n));
    err = akti_waiters_add_future(self->ctx, &n->line, cell, NULL);
    if (err == AKT_OK && take(n)) {
        notify_one(self->ctx, n);
    }
    leave(n);
    return err;
}

akt_err
akt_notify_wait_future(akt_self *self, akt_notify notify,
                       akt_future *out_future)
{
    return akti_waiters_future(self, notify.cell, notify.generation, queue,
                               out_future);
}

akt_err
akt_notify_close(akt_self *self, akt_notify notify)
{
    return akti_shared_close(self, notify.cell, notify.generation);
}
