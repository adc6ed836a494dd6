/* SPDX-License-Identifier: MIT */
/*
 * Those who wait at a shared object, oldest first.
 *
 * A waiter lies on the stack of who waits (park.h). Who changes the object makes
 * a waiter `done` under the object's latch: it is taken out of its line, and what
 * it waited for is its own from then on. So it is known under the latch who has
 * what, nobody is overtaken between a wake-up and his turn, and an object that
 * closes has no waiters afterwards. A waiter that gives up takes itself out under
 * the lock, if it is not done; if it is and must not use what it has, it gives
 * that back.
 *
 * A handler cannot wait: in its place a future stands in the line, by a waiter in
 * memory of its own that goes when it is done. When nobody wants to hear of the
 * future any more, the waiter is stale; it is passed over, and swept away.
 */
#ifndef AKT_ASYNC_WAITERS_H
#define AKT_ASYNC_WAITERS_H

#include "actors/async/park.h"
#include "actors/async/shared.h"

#include <stdbool.h>
#include <stdint.h>

struct akti_waiter {
    struct akti_waiter *next;
    struct akti_waiter *prev;
    struct akti_parker parker;
    /* Guarded by the object's latch. */
    bool done;
    bool passes_on;    /* done by what has to reach another if it is not used */
    akt_err err;       /* with which it is done */
    uint32_t wants;    /* permits */
    const void *share; /* by which it waits, if that matters */
};

struct akti_waiters {
    struct akti_waiter *head;
    struct akti_waiter *tail;
    uint32_t count;
    uint32_t futures;  /* of which so many are of futures */
    uint32_t sweep_at; /* as many futures as make it worth looking for stale */
};

/*
 * Begins a call that may wait so long; AKT_NEVER. AKT_ECANCELLED: the task is to
 * end; AKT_ECONTEXT, AKT_EFORK. Ended by akti_parker_fini.
 */
akt_err akti_wait_begin(struct akti_waiter *w, akt_self *self,
                        uint64_t timeout_ns);

/*
 * Waits in the line; the latch is held before and after, not meanwhile.
 * AKT_OK or AKT_ECLOSED: it is done; the object may be gone. AKT_ETIMEOUT,
 * AKT_ENOMEM: it is not done. AKT_ECANCELLED: see w->done.
 */
akt_err akti_waiters_wait(struct akti_waiters *line, struct akti_waiter *w,
                          struct akti_shared *o);

/*
 * Puts a future of the caller's into the line, for a handler; it is an answer to
 * akt_wake. Under the latch. AKT_ENOMEM.
 */
akt_err akti_waiters_add_future(struct akti_context *ctx,
                                struct akti_waiters *line,
                                struct akti_cell *cell, const void *share);

/*
 * Makes one done, which is gone then. False: a stale one. Under the latch.
 */
bool akti_waiter_finish(struct akti_context *ctx, struct akti_waiters *line,
                        struct akti_waiter *w, akt_err err);

/* Makes all done. */
void akti_waiters_finish_all(struct akti_context *ctx,
                             struct akti_waiters *line, akt_err err);

/* Those who wait by this share. */
void akti_waiters_finish_share(struct akti_context *ctx,
                               struct akti_waiters *line, const void *share,
                               akt_err err);

/*
 * The only share in the object has been taken from its holder: ends it, makes all
 * who wait done with AKT_ECLOSED, and frees both. Without the latch.
 */
void akti_waiters_close(struct akti_context *ctx, struct akti_waiters *line,
                        struct akti_cell *share);

/*
 * A future that ends when the line serves it. `queue` puts its cell into the line
 * of the object behind a name; what it answers otherwise is the error.
 */
typedef akt_err akti_queue_fn(akt_self *self, void *share, uint32_t generation,
                              struct akti_cell *cell);
akt_err akti_waiters_future(akt_self *self, void *share, uint32_t generation,
                            akti_queue_fn *queue, akt_future *out_future);

#endif
