/* SPDX-License-Identifier: MIT */
/*
 * Objects that many share, such as channels, and the shares in them.
 *
 * An object is a stable cell with a latch. A share is a stable cell too: one
 * handle of the user's, with a generation. It lies in the list of its holder, an
 * actor or a plain thread, and is closed at the latest when that ends.
 *
 * Anybody may use a handle that he knows, though only the holder may close it or
 * give it away. So whoever uses one reads the generation, follows `object`, which
 * is an object of the sort though perhaps another one by now, takes its latch and
 * reads the generation again: a share ends under its object's latch, so what is
 * there then stays as long as the latch is held.
 *
 * A share that is given away travels as a message that lies in it, so that giving
 * it needs no memory. It may come at any moment of its new owner's run, and so
 * belongs to none of the scopes that are open then, but to the owner itself.
 */
#ifndef AKT_CORE_SHARE_H
#define AKT_CORE_SHARE_H

#include "actors/base/latch.h"
#include "actors/core/cell.h"
#include "actors/core/future.h"
#include "actors/core/self.h"

#define AKTI_OBJECT_SIZE 256

/* A free object's first 16 bytes link it in the pool. */
struct akti_object {
    void *link[2];
    struct akti_latch latch;
};

/* For the stable depot. */
void akti_object_init(void *cell, uint32_t index);

/* AKTI_OBJECT_SIZE bytes that begin so, the rest with any content; or NULL. */
struct akti_object *akti_object_new(struct akti_context *ctx);
void akti_object_free(struct akti_context *ctx, struct akti_object *object);

/*
 * A share of the caller's in an object, open and in the caller's list. Its `close`
 * ends it by akti_share_end and frees it. AKT_ENOMEM, AKT_ECONTEXT: a job holds
 * nothing.
 */
akt_err akti_share_new(akt_self *self, const struct akti_owned *owned,
                       struct akti_object *object, uint32_t role,
                       struct akti_cell **out);

/* Whether the share is open; exact under its object's latch. */
static inline bool
akti_share_is_open(struct akti_cell *share, uint32_t generation)
{
    return akti_cell_generation(share) == generation;
}

/* The object of an open share, with its latch taken; NULL: it is not open. */
static inline struct akti_object *
akti_share_enter(void *ptr, uint32_t generation)
{
    struct akti_cell *share = ptr;
    struct akti_object *object;

    if (share == NULL || !akti_share_is_open(share, generation)) {
        return NULL;
    }
    /* Relaxed: the state was read before, and is read again below. */
    object = atomic_load_explicit(&share->object, memory_order_relaxed);
    akti_latch_lock(&object->latch);
    if (akti_share_is_open(share, generation)) {
        return object;
    }
    akti_latch_unlock(&object->latch);
    return NULL;
}

/* The caller's own open share behind a handle, or NULL. */
struct akti_cell *akti_share_find(akt_self *self, void *share,
                                  uint32_t generation);

/* Under the object's latch: nobody can use it any more. */
void akti_share_end(struct akti_cell *share);
void akti_share_free(struct akti_context *ctx, struct akti_cell *share);

/* The caller's own share is nobody's, and in no list; or nobody's the caller's. */
void akti_share_let_go(akt_self *self, struct akti_cell *share);
void akti_share_hold(akt_self *self, struct akti_cell *share);

/*
 * Gives the caller's own share to an actor. When that has ended, or ends before it
 * is there, the share is closed. AKT_EFOREIGN: it is still the caller's.
 */
akt_err akti_share_give(akt_self *self, struct akti_cell *share, akt_ref to);

/* It has come to the running actor. */
void akti_share_arrive(akt_self *self, struct akti_message *gift);
/* It reaches nobody. */
void akti_share_discard(akt_self *self, struct akti_message *gift);

#endif
