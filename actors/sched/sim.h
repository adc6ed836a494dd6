/* SPDX-License-Identifier: MIT */
/*
 * The simulated scheduler: one thread, virtual time, every choice from a seed.
 * It stands where the workers stand; the code above and below is the same.
 */
#ifndef AKT_SCHED_SIM_H
#define AKT_SCHED_SIM_H

#include "actors/base/random.h"
#include "actors/sched/runqueue.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct akti_dispatcher;
struct akti_context;

/* What the trace hash is made of. The values are part of the hash. */
enum akti_event {
    AKTI_EVENT_TURN = 1,
    AKTI_EVENT_SEND,
    AKTI_EVENT_FATE,
    AKTI_EVENT_TIMER,
    AKTI_EVENT_ENDED, /* a request */
    AKTI_EVENT_SPAWN,
    AKTI_EVENT_EXIT,
    AKTI_EVENT_JOB,
    AKTI_EVENT_CHOICE
};

struct akti_sim {
    uint64_t now_ns;
    uint64_t seed;  /* 0: no choices, the plain order */
    uint64_t ports; /* attached so far */
    uint64_t hash;
    struct akti_random random;
    struct akti_runnable *head; /* ready, the one that waits longest first */
    struct akti_runnable *tail;
};

void akti_sim_init(struct akti_sim *sim, uint64_t seed);

/* Puts a runnable among those that are ready. */
void akti_sim_ready(struct akti_sim *sim, struct akti_runnable *r);

/* A number below n by the seed, 0 for seed 0; n > 0. */
uint32_t akti_sim_choose(struct akti_sim *sim, uint32_t n);

/* Fires what is due; then runs one actor's turn or one job. */
bool akti_sim_step(struct akti_dispatcher *d);

/* The next timer's instant, or AKT_NEVER. */
uint64_t akti_sim_next_timer(struct akti_dispatcher *d);

/*
 * A step; or, when there is none, time goes on to the next timer if that is not
 * after `limit_ns`. False when neither was possible.
 */
bool akti_sim_progress(struct akti_dispatcher *d, uint64_t limit_ns);

/* Time goes on. */
void akti_sim_set_now(struct akti_dispatcher *d, uint64_t now_ns);

/* Records what happened. */
void akti_sim_record(struct akti_sim *sim, enum akti_event event, uint64_t a,
                     uint64_t b);

#endif
