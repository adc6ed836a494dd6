/* SPDX-License-Identifier: MIT */
/*
 * A queue that any thread puts runnables into: work from outside the workers,
 * what a full run queue can't hold, and what is pinned to one worker.
 */
#ifndef AKT_SCHED_INJECT_H
#define AKT_SCHED_INJECT_H

#include "actors/base/thread.h"
#include "actors/sched/runqueue.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct akti_inject {
    struct akti_mutex lock;
    struct akti_runnable *head;
    struct akti_runnable *tail;
    _Atomic uint32_t count;
};

void akti_inject_init(struct akti_inject *q);
void akti_inject_fini(struct akti_inject *q);
void akti_inject_push(struct akti_inject *q, struct akti_runnable *r);
/* The oldest, or NULL; one relaxed load when it is empty. */
struct akti_runnable *akti_inject_pop(struct akti_inject *q);
/* What the next pop would give, left where it is. */
struct akti_runnable *akti_inject_oldest(struct akti_inject *q);
/* A guess unless a full barrier orders it; see dispatcher.c. */
bool akti_inject_is_empty(struct akti_inject *q);

#endif
