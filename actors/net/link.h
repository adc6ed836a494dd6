/* SPDX-License-Identifier: MIT */
/*
 * What connects a back end with the two actors of a socket. It is there as long as
 * either needs it, and may outlive the system: a back end's thread that comes late
 * finds nobody to wake. So it lies in memory that is no system's.
 *
 * The latch guards who is there. A side that is there is an actor that has not
 * ended: it leaves in its last turn.
 */
#ifndef AKT_NET_LINK_H
#define AKT_NET_LINK_H

#include "actors/base/latch.h"
#include "actors/core/self.h"
#include "actors/core/system.h"
#include "actors/net/transport.h"

#include <stdatomic.h>
#include <stdbool.h>

struct akti_link {
    _Atomic uint32_t holders;
    struct akti_latch latch;
    /* guarded by latch */
    struct akti_actor *side[2];  /* NULL: not there yet, or gone */
    bool left[2];                /* it is gone */
    bool closing;                /* OUT wants to hear that all has left */
    bool busy;                   /* counted as the dispatcher's work */
    struct akti_context ctx;     /* to wake by, while a side is not gone */
    struct akti_opening *opened; /* for OUT, newest first */
};

/* With one holder; NULL when out of memory. */
struct akti_link *akti_link_new(struct akti_dispatcher *d);
void akti_link_hold(struct akti_link *link);
/* Any thread. */
void akti_link_release(struct akti_link *link);

/* --- for back ends; any thread --- */

void akti_link_wake(struct akti_link *link, enum akti_side side);

/* [move] A listen or dial has come to its end. */
void akti_link_opened(struct akti_link *link, struct akti_opening *opening);

/*
 * Whether there are packets that were taken by send and have not left: a system
 * that drains waits for them. To be told at each change from none and to none.
 */
void akti_link_busy(struct akti_link *link, bool busy);

/* --- for the sides, in their turns --- */

void akti_link_join(struct akti_link *link, enum akti_side side,
                    struct akti_actor *a);
/* True: it was the last one, and closes the back end's socket. */
bool akti_link_leave(struct akti_link *link, enum akti_side side);
/* Whether that side is gone. */
bool akti_link_has_left(struct akti_link *link, enum akti_side side);
/* From now on OUT is woken when nothing is pending any more. */
void akti_link_close(struct akti_link *link);
/* What has been opened, newest first. */
struct akti_opening *akti_link_take_opened(struct akti_link *link);

#endif
