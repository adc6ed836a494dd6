/* SPDX-License-Identifier: MIT */
#include "actors/net/link.h"

#include "actors/base/mutant.h"

#include <stdlib.h>

struct akti_link *
akti_link_new(struct akti_dispatcher *d)
{
    /* Rounded up: the context has cache lines of its own. */
    size_t size = (sizeof(struct akti_link) + 63) & ~(size_t)63;
    struct akti_link *link = aligned_alloc(64, size);

    if (link == NULL) {
        return NULL;
    }
    memset(link, 0, size);
    atomic_init(&link->holders, 1);
    akti_latch_init(&link->latch, AKTI_RANK_CHANNEL);
    akti_context_init(&link->ctx, d);
    return link;
}

void
akti_link_hold(struct akti_link *link)
{
    /* Relaxed: the caller holds it already. */
    (void)atomic_fetch_add_explicit(&link->holders, 1, memory_order_relaxed);
}

static void
free_openings(struct akti_opening *o)
{
    while (o != NULL) {
        struct akti_opening *next = o->next;

        free(o);
        o = next;
    }
}

void
akti_link_release(struct akti_link *link)
{
    /* acquire and release: the last one sees what all others did; pairs: itself */
    if (atomic_fetch_sub_explicit(&link->holders, 1, memory_order_acq_rel)
        == 1) {
        free_openings(link->opened);
        free(link);
    }
}

/* --- for back ends --- */

static void
wake_locked(struct akti_link *link, enum akti_side side)
{
    struct akti_actor *a = link->side[side];

    if (a != NULL && akti_mailbox_order(&a->box)) {
        akti_ready(&link->ctx, &a->runnable);
    }
}

void
akti_link_wake(struct akti_link *link, enum akti_side side)
{
    akti_latch_lock(&link->latch);
    wake_locked(link, side);
    akti_latch_unlock(&link->latch);
}

void
akti_link_opened(struct akti_link *link, struct akti_opening *opening)
{
    bool gone;

    akti_latch_lock(&link->latch);
    gone = link->left[AKTI_SIDE_OUT];
    if (!gone) {
        opening->next = link->opened;
        link->opened = opening;
        wake_locked(link, AKTI_SIDE_OUT);
    }
    akti_latch_unlock(&link->latch);
    if (gone) {
        free(opening);
    }
}

/* Under the latch, while the dispatcher is there. */
static void
set_busy(struct akti_link *link, bool busy)
{
    if (link->busy != busy && !AKTI_MUTANT(net_queue_not_drained)) {
        link->busy = busy;
        akti_dispatcher_outside(link->ctx.dispatcher, busy);
    }
}

void
akti_link_busy(struct akti_link *link, bool busy)
{
    akti_latch_lock(&link->latch);
    if (!(link->left[AKTI_SIDE_OUT] && link->left[AKTI_SIDE_IN])) {
        set_busy(link, busy);
        if (!busy && link->closing) {
            wake_locked(link, AKTI_SIDE_OUT);
        }
    }
    akti_latch_unlock(&link->latch);
}

/* --- for the sides --- */

void
akti_link_join(struct akti_link *link, enum akti_side side,
               struct akti_actor *a)
{
    akti_latch_lock(&link->latch);
    link->side[side] = a;
    akti_latch_unlock(&link->latch);
}

bool
akti_link_leave(struct akti_link *link, enum akti_side side)
{
    enum akti_side other = side == AKTI_SIDE_OUT ? AKTI_SIDE_IN : AKTI_SIDE_OUT;
    bool last;

    akti_latch_lock(&link->latch);
    link->side[side] = NULL;
    link->left[side] = true;
    last = link->left[other];
    wake_locked(link, other);
    if (last) {
        set_busy(link, false);
        akti_context_fini(&link->ctx);
    }
    akti_latch_unlock(&link->latch);
    return last;
}

bool
akti_link_has_left(struct akti_link *link, enum akti_side side)
{
    bool left;

    akti_latch_lock(&link->latch);
    left = link->left[side];
    akti_latch_unlock(&link->latch);
    return left;
}

void
akti_link_close(struct akti_link *link)
{
    akti_latch_lock(&link->latch);
    link->closing = true;
    akti_latch_unlock(&link->latch);
}

struct akti_opening *
akti_link_take_opened(struct akti_link *link)
{
    struct akti_opening *opened;

    akti_latch_lock(&link->latch);
    opened = link->opened;
    link->opened = NULL;
    akti_latch_unlock(&link->latch);
    return opened;
}
