/* SPDX-License-Identifier: MIT */
/*
 * A descriptor that other threads make readable, to end a wait. It is rung by
 * any thread and waited for by one; rings coalesce. Two files implement it:
 * doorbell_eventfd.c (Linux) and doorbell_pipe.c (POSIX).
 */
#ifndef AKT_SCHED_DOORBELL_H
#define AKT_SCHED_DOORBELL_H

#include "akt/error.h"

#include <stdbool.h>

struct akti_doorbell {
    int wait_fd; /* becomes readable */
    int ring_fd; /* the same one, or the other end */
    /*
     * Each ring is an edge, also when the ones before it were not taken back:
     * who waits for edges need not clear, which saves a system call for a wake.
     */
    bool rings_are_edges;
};

/* AKT_EMFILE when there are no descriptors, AKT_ENOMEM, AKT_EIO. */
akt_err akti_doorbell_open(struct akti_doorbell *d);
void akti_doorbell_close(struct akti_doorbell *d);
void akti_doorbell_ring(struct akti_doorbell *d);
/* Takes all rings back. */
void akti_doorbell_clear(struct akti_doorbell *d);

#endif
