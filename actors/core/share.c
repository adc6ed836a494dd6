/* SPDX-License-Identifier: MIT */
#include "actors/core/share.h"

#include "actors/base/mutant.h"
#include "actors/core/send.h"
#include "actors/core/system.h"

/* --- objects --- */

void
akti_object_init(void *cell, uint32_t index)
{
    struct akti_object *object = cell;

    (void)index;
    akti_latch_init(&object->latch, AKTI_RANK_CHANNEL);
}

struct akti_object *
akti_object_new(struct akti_context *ctx)
{
    return akti_cache_alloc(&ctx->cells[AKTI_CELLS_E]);
}

void
akti_object_free(struct akti_context *ctx, struct akti_object *object)
{
    akti_cache_free(&ctx->cells[AKTI_CELLS_E], object);
}

/* --- shares --- */

/* Whose list it is in; NULL: a job's. */
static void *
holder_of(const akt_self *self)
{
    return self->actor != NULL ? (void *)self->actor : (void *)self->port;
}

void
akti_share_hold(akt_self *self, struct akti_cell *share)
{
    /* Relaxed: who is not the holder reads something that is not his name. */
    atomic_store_explicit(&share->holder, holder_of(self),
                          memory_order_relaxed);
    akti_cell_link(akti_cells_of(self), share);
    akti_tell_owned(self, share);
}

void
akti_share_let_go(akt_self *self, struct akti_cell *share)
{
    akti_tell(self->ctx, AKTI_EVENT_OWNED_FREE, share);
    akti_cell_unlink(akti_cells_of(self), share);
    /* Relaxed: nobody has this name. */
    atomic_store_explicit(&share->holder, NULL, memory_order_relaxed);
}

akt_err
akti_share_new(akt_self *self, const struct akti_owned *owned,
               struct akti_object *object, uint32_t role,
               struct akti_cell **out)
{
    struct akti_cell *c;

    if (holder_of(self) == NULL) {
        return AKT_ECONTEXT;
    }
    c = akti_cache_alloc(&self->ctx->cells[AKTI_CELLS_D]);
    if (c == NULL) {
        return AKT_ENOMEM;
    }
    c->kind = AKTI_CELL_OWNED;
    c->dropped = false;
    c->arrived = false;
    c->marks = 0;
    c->owned = owned;
    c->role = role;
    c->users = 0;
    /* Relaxed: published by the state. */
    atomic_store_explicit(&c->object, object, memory_order_relaxed);
    akti_share_hold(self, c);
    /* release: the share's fields; pairs: akti_cell_load */
    atomic_store_explicit(
        &c->state, akti_cell_state(akti_cell_generation(c), AKTI_PHASE_OPEN),
        memory_order_release);
    *out = c;
    return AKT_OK;
}

struct akti_cell *
akti_share_find(akt_self *self, void *ptr, uint32_t generation)
{
    struct akti_cell *share = ptr;

    if (share == NULL || !akti_share_is_open(share, generation)) {
        return NULL;
    }
    /* Relaxed: the holder itself wrote it. */
    return holder_of(self) != NULL
                   && atomic_load_explicit(&share->holder, memory_order_relaxed)
                          == holder_of(self)
               ? share
               : NULL;
}

void
akti_share_end(struct akti_cell *share)
{
    uint32_t next = akti_cell_generation(share) + 1;

    /* release: nobody may take an old handle for a new one; pairs: akti_cell_load */
    atomic_store_explicit(&share->state, akti_cell_state(next, AKTI_PHASE_FREE),
                          memory_order_release);
}

void
akti_share_free(struct akti_context *ctx, struct akti_cell *share)
{
    /* A cell whose generation would wrap is not used again. */
    if (akti_cell_generation(share) != UINT32_MAX) {
        akti_cache_free(&ctx->cells[AKTI_CELLS_D], share);
    }
}

/* --- gifts --- */

static struct akti_message *
wrap(struct akti_cell *share, akt_ref to)
{
    struct akti_message *m = &share->gift;

    *m = (struct akti_message){.deadline_ns = AKT_NEVER,
                               .kind = AKTI_GIFT,
                               .flags = AKTI_EMBEDDED,
                               .cell = share,
                               .cell_generation = akti_cell_generation(share),
                               .target_slot = to.slot,
                               .target_generation = to.generation};
    return m;
}

akt_err
akti_share_give(akt_self *self, struct akti_cell *share, akt_ref to)
{
    struct akti_actor *target;
    akt_err err = akti_system_find(self->system, to, &target);

    if (err == AKT_EFOREIGN) {
        return err;
    }
    akti_share_let_go(self, share);
    if (err != AKT_OK
        || !akti_send_reserved(self->ctx, target, wrap(share, to))) {
        share->owned->close(self, share);
    }
    return AKT_OK;
}

void
akti_share_arrive(akt_self *self, struct akti_message *gift)
{
    struct akti_cell *share = gift->cell;

    share->marks = AKTI_GIVEN;
    akti_share_hold(self, share);
}

void
akti_share_discard(akt_self *self, struct akti_message *gift)
{
    struct akti_cell *share = gift->cell;

    share->owned->close(self, share);
}
