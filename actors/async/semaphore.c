/* SPDX-License-Identifier: MIT */
/*
 * Semaphores. Permits are given under the latch to the first who waits, as soon as
 * there are as many as it wants; nobody behind it is looked at before. So whenever
 * the latch is free, the first one wants more than there are.
 */
#include "akt/semaphore.h"

#include "actors/async/waiters.h"
#include "actors/base/mutant.h"
#include "actors/core/system.h"

struct semaphore {
    struct akti_shared shared;
    uint32_t available;
    struct akti_waiters line;
};

static void
close(akt_self *self, struct akti_cell *share)
{
    struct semaphore *s = akti_shared_of(share);

    akti_waiters_close(self->ctx, &s->line, share);
}

static const struct akti_owned owned = {"semaphore", close};

static akt_err
check(akt_self *self, const char *what, uint64_t n, uint32_t least)
{
    if (n >= least && n <= AKT_SEMAPHORE_MAX) {
        return AKT_OK;
    }
    akti_log_line(&self->system->dispatcher.log, AKT_LOG_WARNING,
                  "semaphore: %s %llu permits; it may be %u to %u", what,
                  (unsigned long long)n, least, AKT_SEMAPHORE_MAX);
    return AKT_EINVAL;
}

akt_err
akt_semaphore_open(akt_self *self, uint32_t permits,
                   akt_semaphore *out_semaphore)
{
    struct akti_cell *share;
    struct semaphore *s;

    AKT_TRY(check(self, "opened with", permits, 0));
    AKT_TRY(akti_shared_open(self, &owned, 0, sizeof(*s), &share));
    s = akti_shared_of(share);
    s->available = permits;
    *out_semaphore = (akt_semaphore){share, akti_cell_generation(share)};
    return AKT_OK;
}

/* With its latch taken; AKT_ECLOSED, AKT_EFOREIGN, AKT_EFORK. */
static akt_err
enter(akt_self *self, akt_semaphore semaphore, struct semaphore **out)
{
    struct akti_shared *o;

    AKT_TRY(akti_shared_enter(self, semaphore.cell, semaphore.generation, &o));
    *out = (struct semaphore *)(void *)o;
    return AKT_OK;
}

static void
leave(struct semaphore *s)
{
    akti_shared_leave(&s->shared);
}

/* --- permits --- */

/* Gives what is there to those whose turn it is. */
static void
grant(struct akti_context *ctx, struct semaphore *s)
{
    struct akti_waiter *w = s->line.head;

    while (w != NULL && w->wants <= s->available) {
        uint32_t n = w->wants;

        s->available -= n;
        if (!akti_waiter_finish(ctx, &s->line, w, AKT_OK)) {
            s->available += n;
        }
        w = s->line.head;
    }
}

static bool
take(struct semaphore *s, uint32_t n)
{
    if ((s->line.head != NULL && !AKTI_MUTANT(semaphore_overtaken))
        || s->available < n) {
        return false;
    }
    s->available -= n;
    return true;
}

static void
give(struct akti_context *ctx, struct semaphore *s, uint32_t n)
{
    s->available += n;
    grant(ctx, s);
}

akt_err
akt_semaphore_release(akt_self *self, akt_semaphore semaphore, uint32_t n)
{
    struct semaphore *s;
    uint64_t sum;

    AKT_TRY(check(self, "released", n, 1));
    AKT_TRY(enter(self, semaphore, &s));
    sum = (uint64_t)s->available + n;
    if (sum <= AKT_SEMAPHORE_MAX) {
        give(self->ctx, s, n);
    }
    leave(s);
    return check(self, "a release would make it", sum, 1);
}

akt_err
akt_semaphore_try_acquire(akt_self *self, akt_semaphore semaphore, uint32_t n)
{
    struct semaphore *s;
    bool taken;

    AKT_TRY(check(self, "tried to acquire", n, 1));
    AKT_TRY(enter(self, semaphore, &s));
    taken = take(s, n);
    leave(s);
    return taken ? AKT_OK : AKT_EEMPTY;
}

uint32_t
akt_semaphore_available(akt_self *self, akt_semaphore semaphore)
{
    struct semaphore *s;
    uint32_t n;

    if (enter(self, semaphore, &s) != AKT_OK) {
        return 0;
    }
    n = s->available;
    leave(s);
    return n;
}

/* --- waiting --- */

/* What is not to be used goes to the next; so does the turn of who gave up. */
static void
pass_on(struct akti_context *ctx, struct semaphore *s,
        const struct akti_waiter *w)
{
    if (!w->done) {
        if (!AKTI_MUTANT(semaphore_turn_lost)) {
            grant(ctx, s);
        }
    } else if (!AKTI_MUTANT(semaphore_grant_lost)) {
        give(ctx, s, w->wants);
    }
}

static akt_err
wait(struct akti_waiter *w, akt_semaphore semaphore, struct semaphore *s)
{
    akt_err err;

    if (take(s, w->wants)) {
        return AKT_OK;
    }
    err = akti_waiters_wait(&s->line, w, &s->shared);
    if (err != AKT_OK
        && akti_share_is_open(semaphore.cell, semaphore.generation)) {
        pass_on(w->parker.self->ctx, s, w);
    }
    return err;
}

akt_err
akt_semaphore_acquire_within(akt_self *self, uint64_t timeout_ns,
                             akt_semaphore semaphore, uint32_t n)
{
    struct akti_waiter w;
    struct semaphore *s;
    akt_err err;

    AKT_TRY(check(self, "tried to acquire", n, 1));
    AKT_TRY(akti_wait_begin(&w, self, timeout_ns));
    AKT_TRY(enter(self, semaphore, &s));
    w.wants = n;
    err = wait(&w, semaphore, s);
    leave(s);
    akti_parker_fini(&w.parker);
    return err;
}

akt_err
akt_semaphore_acquire(akt_self *self, akt_semaphore semaphore, uint32_t n)
{
    return akt_semaphore_acquire_within(self, AKT_NEVER, semaphore, n);
}

/* Puts the future into the line; it may be served at once. */
static akt_err
queue(akt_self *self, void *share, uint32_t generation, struct akti_cell *cell)
{
    struct semaphore *s;
    akt_err err;

    AKT_TRY(enter(self, (akt_semaphore){share, generation}, &s));
    err = akti_waiters_add_future(self->ctx, &s->line, cell, NULL);
    if (err == AKT_OK) {
        grant(self->ctx, s);
    }
    leave(s);
    return err;
}

akt_err
akt_semaphore_acquire_future(akt_self *self, akt_semaphore semaphore,
                             akt_future *out_future)
{
    return akti_waiters_future(self, semaphore.cell, semaphore.generation,
                               queue, out_future);
}

akt_err
akt_semaphore_close(akt_self *self, akt_semaphore semaphore)
{
    return akti_shared_close(self, semaphore.cell, semaphore.generation);
}
