/* SPDX-License-Identifier: MIT */
/*
 * A worker's event loop: where it waits when there is nothing to run. This is
 * the one file that knows libevent. Only the loop's own thread calls it, except
 * for akti_loop_ring().
 */
#ifndef AKT_SCHED_LOOP_H
#define AKT_SCHED_LOOP_H

#include "akt/error.h"

#include <stdbool.h>
#include <stdint.h>

struct akti_loop;

/* AKT_ENOMEM, AKT_EMFILE or AKT_EIO. */
akt_err akti_loop_open(struct akti_loop **out);
/* NULL is allowed. */
void akti_loop_close(struct akti_loop *loop);

/*
 * Waits until it is rung or the deadline has passed; a ring from before counts.
 * `now_ns` is the present. True when it was rung.
 */
bool akti_loop_wait(struct akti_loop *loop, uint64_t now_ns,
                    uint64_t deadline_ns);

/* Ends a wait, this one or the next. Any thread. */
void akti_loop_ring(struct akti_loop *loop);

#endif
