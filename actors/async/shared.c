/* SPDX-License-Identifier: MIT */
#include "actors/async/shared.h"

#include "actors/async/channel.h"
#include "actors/core/system.h"

#include <string.h>

akt_err
akti_shared_open(akt_self *self, const struct akti_owned *owned, uint32_t role,
                 size_t size, struct akti_cell **out_share)
{
    struct akti_object *object;
    struct akti_shared *o;
    akt_err err;

    /* The lines of a channel that was here stay empty: see akti_channel_pay. */
    AKTI_ASSERT(size <= offsetof(struct akti_channel, senders));
    if (!akti_system_is_ours(self->system)) {
        return AKT_EFORK;
    }
    object = akti_object_new(self->ctx);
    if (object == NULL) {
        return AKT_ENOMEM;
    }
    o = (struct akti_shared *)(void *)object;
    /* What others may still have a stale name for is only the latch. */
    memset(object + 1, 0, size - sizeof(*object));
    o->system = self->system;
    err = akti_share_new(self, owned, object, role, out_share);
    if (err != AKT_OK) {
        akti_object_free(self->ctx, object);
    }
    return err;
}

void *
akti_shared_of(struct akti_cell *share)
{
    /* Relaxed: the caller made it. */
    return atomic_load_explicit(&share->object, memory_order_relaxed);
}

akt_err
akti_shared_enter(akt_self *self, void *share, uint32_t generation,
                  struct akti_shared **out)
{
    struct akti_shared *o;

    if (!akti_system_is_ours(self->system)) {
        return AKT_EFORK;
    }
    o = (struct akti_shared *)(void *)akti_share_enter(share, generation);
    if (o == NULL) {
        return AKT_ECLOSED;
    }
    if (o->system != self->system) {
        akti_shared_leave(o);
        return AKT_EFOREIGN;
    }
    *out = o;
    return AKT_OK;
}

akt_err
akti_shared_close(akt_self *self, void *share, uint32_t generation)
{
    struct akti_cell *cell;

    if (!akti_system_is_ours(self->system)) {
        return AKT_EFORK;
    }
    cell = akti_share_find(self, share, generation);
    if (cell == NULL) {
        return AKT_EENDED;
    }
    akti_owned_close(self, cell);
    return AKT_OK;
}
