/* SPDX-License-Identifier: MIT */
/*
 * An object that one share is in (core/share.h): a semaphore, a notification, a
 * barrier. Whoever knows the name may use it; its holder closes it.
 */
#ifndef AKT_ASYNC_SHARED_H
#define AKT_ASYNC_SHARED_H

#include "actors/core/share.h"

#include <stddef.h>

/* How such an object begins. */
struct akti_shared {
    struct akti_object object;
    struct akt_system *system; /* immutable while a share is open */
};

/*
 * An object of zeros with one share, which is the caller's. AKT_ENOMEM,
 * AKT_ECONTEXT, AKT_EFORK.
 */
akt_err akti_shared_open(akt_self *self, const struct akti_owned *owned,
                         uint32_t role, size_t size,
                         struct akti_cell **out_share);

/* The object of a share that nobody else knows yet. */
void *akti_shared_of(struct akti_cell *share);

/*
 * The object behind a name, with its latch taken. AKT_ECLOSED: it is not open;
 * AKT_EFOREIGN, AKT_EFORK.
 */
akt_err akti_shared_enter(akt_self *self, void *share, uint32_t generation,
                          struct akti_shared **out);

static inline void
akti_shared_leave(struct akti_shared *o)
{
    akti_latch_unlock(&o->object.latch);
}

/* The caller's share is closed. AKT_EENDED: it is not one, or not open;
 * AKT_EFORK. */
akt_err akti_shared_close(akt_self *self, void *share, uint32_t generation);

#endif
