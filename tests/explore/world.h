/* SPDX-License-Identifier: MIT */
/*
 * A whole system inside a schedule: its workers are threads of the explorer, and
 * so are the plain threads that are attached to it. What holds at the end of
 * every schedule is checked at its end: all messages and requests have met their
 * fate, every cell is back in its pool, no sleep was saved by the back-stop.
 */
#ifndef AKT_TESTS_EXPLORE_WORLD_H
#define AKT_TESTS_EXPLORE_WORLD_H

#include "actors/sched/dispatcher.h"
#include "akt/akt.h"
#include "tests/explore/campaign.h"

struct world {
    akt_system *system;
    akt_self *me;      /* of thread 0 */
    akt_counters sums; /* when it has ended */
};

/* A system with so many workers; all of them sleep when this returns. */
void world_begin(struct world *w, uint32_t workers);

/*
 * From now on nobody may sleep while work is queued: that is a lost wake-up, also
 * if a nap or a back-stop would find it. NULL: no more. `world_begin` does it.
 */
void world_watch(struct akti_dispatcher *d);

/* Stops the system, checks all that holds, and frees it. */
void world_end(struct world *w);

/* Waits until nothing runs and nothing is ready; no longer when it is stopped. */
void world_wait_idle(struct world *w);

/* Lets time pass, and all that is due by then happen. */
void world_sleep(uint64_t ns);

/* Waits until the actor has ended. */
void world_wait_end(struct world *w, akt_ref ref);

/* A thread that is attached while `fn` runs. */
typedef void world_fn(akt_self *me, void *arg);

struct world_thread {
    struct world *world;
    world_fn *fn;
    void *arg;
    uint32_t number;
};

void world_start(struct world *w, struct world_thread *t, world_fn *fn,
                 void *arg);
void world_join(struct world_thread *t);

#endif
