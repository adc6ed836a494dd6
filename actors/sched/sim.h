/* SPDX-License-Identifier: MIT */
/*
 * The simulated scheduler: one thread, virtual time, every choice from a seed or
 * from a list. It stands where the workers stand; the code above and below is the
 * same. sim.c has the steps, strategy.c what is chosen, simfault.c what fails.
 */
#ifndef AKT_SCHED_SIM_H
#define AKT_SCHED_SIM_H

#include "actors/base/random.h"
#include "actors/sched/runqueue.h"
#include "akt/alloc.h"
#include "akt/sim.h"

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
    AKTI_EVENT_CHOICE,
    AKTI_EVENT_FAULT,
    AKTI_EVENT_NET, /* what the simulated network did */
    /* Those below are told to the observer only. */
    AKTI_EVENT_UNSENT, /* it was not accepted after all */
    AKTI_EVENT_BEGIN,  /* a message is about to be handled */
    AKTI_EVENT_END,    /* and was */
    AKTI_EVENT_READY,
    AKTI_EVENT_RETURN, /* a turn is over */
    AKTI_EVENT_JUMP,   /* nothing runs: time is about to go on */
    AKTI_EVENT_FAILED, /* the run has */
    AKTI_EVENT_JOB_BEGIN,
    AKTI_EVENT_JOB_END,
    AKTI_EVENT_RESUME,  /* a task goes on, with its current message */
    AKTI_EVENT_RECEIVE, /* it has this one now */
    AKTI_EVENT_SUSPEND, /* it waits */
    AKTI_EVENT_OPENED,  /* a future that is no request's */
    AKTI_EVENT_SETTLED, /* it has ended */
    /* Of channels; `a` is the channel's address, `b` the size of the value. */
    AKTI_EVENT_VALUE_SENT, /* a call has answered that */
    AKTI_EVENT_VALUE_RECEIVED,
    AKTI_EVENT_VALUE_NONE,       /* a receiver was told so, by `err` */
    AKTI_EVENT_VALUE_DESTROYED,  /* it is about to be, wherever it was */
    AKTI_EVENT_CHANNEL_DESERTED, /* `b` values are left; `what` is their type */
    AKTI_EVENT_CHANNEL_GONE,     /* `what` are its counters */
    /* Of tasks; `what` is the owner's cell. */
    AKTI_EVENT_CHILD,      /* it owns the task or actor that the cell names */
    AKTI_EVENT_CHILD_FREE, /* which has no owner any more */
    AKTI_EVENT_SCOPE_OPENED,
    AKTI_EVENT_SCOPE_CLOSED, /* what it owned is said to have ended */
    /* Of actors; `what` is a cell of a sort that others define. */
    AKTI_EVENT_OWNED,
    AKTI_EVENT_OWNED_FREE /* it is being closed, or given away */
};

/* What the observer is told. `what` is a message, a cell, a runnable, a value. */
struct akti_note {
    enum akti_event event;
    uint64_t a;
    uint64_t b;
    const void *what;
    int err; /* akt_err of a fate or of an end */
};

typedef void akti_observe_fn(void *arg, const struct akti_note *note);

struct akti_sim_fault {
    uint32_t chance; /* in millionths */
    uint64_t at;     /* the pass that fails; 0: none */
    akt_sim_fault_count count;
};

struct akti_demotion {
    uint64_t step;   /* at which it happens */
    uint64_t number; /* of who was about to run; 0: nobody yet */
};

/* Changes of priority in PCT; one less than the greatest depth. */
#define AKTI_DEMOTIONS 3

#define AKTI_FAILURE_SIZE 400

/* What an AKTI_EVENT_NET tells; `what` is the address. Part of the hash. */
enum akti_net_note {
    AKTI_NET_CONNECTED = 1,
    AKTI_NET_GONE,
    AKTI_NET_ARRIVED
};

/* What is not of the system and acts by its time: the simulated network. */
struct akti_outside {
    uint64_t next_ns; /* when something happens; AKT_NEVER */
    /* All that is due; between two steps. */
    void (*run)(struct akti_outside *o);
    void (*heal)(struct akti_outside *o);
    void (*end)(struct akti_outside *o);
};

struct akti_sim {
    uint64_t now_ns;
    uint64_t seed;
    uint64_t ports;   /* attached so far */
    uint32_t mailbox; /* bound of those that suspend senders; 0: none */
    uint64_t hash;
    uint64_t steps;
    struct akti_random random;
    struct akti_runnable *head; /* ready, the one that waits longest first */
    struct akti_runnable *tail;
    akti_observe_fn *observe; /* NULL: nobody looks */
    void *observer;
    /* choices */
    akt_sim_strategy strategy; /* never AKT_SIM_DEFAULT */
    uint32_t demotions;
    struct akti_demotion demotion[AKTI_DEMOTIONS];
    uint32_t spawned;
    uint32_t victim_ordinal; /* 0: any */
    uint64_t victim;         /* its number */
    const akt_sim_choices *replay;
    akt_sim_choices *record;
    akt_sim_choices unrecorded; /* where they are counted otherwise */
    /* faults */
    uint32_t armed; /* a bit for each akt_fault that can happen */
    struct akti_sim_fault fault[AKT_FAULTS];
    struct akti_outside *outside; /* NULL: there is none */
    /* failure */
    bool failed;
    char failure[AKTI_FAILURE_SIZE];
    /* After each step; core's. */
    void (*after_step)(struct akti_dispatcher *d);
};

void akti_sim_init(struct akti_sim *sim, const akt_sim_opts *opts);

/* Puts a runnable among those that are ready. */
void akti_sim_ready(struct akti_sim *sim, struct akti_runnable *r);

/* A number below n: what the seed says, or the list; 0 in fifo. n > 0. */
uint32_t akti_sim_choose(struct akti_sim *sim, uint32_t n);

/* The same where the strategy has a wish of its own. */
uint32_t akti_sim_decide(struct akti_sim *sim, uint32_t n, uint32_t wish);

/* Fires what is due; then runs one actor's turn or one job. */
bool akti_sim_step(struct akti_dispatcher *d);

/* The next timer's instant, or AKT_NEVER. */
uint64_t akti_sim_next_timer(struct akti_dispatcher *d);

/*
 * A step; or, when there is none, time goes on to the next timer if that is not
 * after `limit_ns`. False when neither was possible, or the run has failed.
 */
bool akti_sim_progress(struct akti_dispatcher *d, uint64_t limit_ns);

/* Time goes on. */
void akti_sim_set_now(struct akti_dispatcher *d, uint64_t now_ns);

/* Records what happened. */
void akti_sim_note(struct akti_sim *sim, const struct akti_note *note);

/* The same, without a trace in the hash. */
static inline void
akti_sim_tell(struct akti_sim *sim, const struct akti_note *note)
{
    if (sim->observe != NULL) {
        sim->observe(sim->observer, note);
    }
}

/* The run has failed; the first text counts. */
void akti_sim_fail(struct akti_sim *sim, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* --- strategy.c --- */

/* Takes the ready runnable that is next, or NULL. */
struct akti_runnable *akti_strategy_pick(struct akti_dispatcher *d);

/* Whether a job goes before the actors that are ready. */
bool akti_strategy_job_first(struct akti_dispatcher *d);

/* How many of `n` messages that are there the next turn handles. */
uint32_t akti_strategy_batch(struct akti_sim *sim, uint32_t n);

/* Another actor is there. */
void akti_strategy_spawned(struct akti_sim *sim, uint64_t number);

/* --- simfault.c --- */

bool akti_sim_fault_slowly(struct akti_sim *sim, akt_fault fault);

/* Whether this pass of a fault's place is to fail. */
static inline bool
akti_sim_fault_here(struct akti_sim *sim, akt_fault fault)
{
    return (sim->armed & (1u << fault)) != 0
           && akti_sim_fault_slowly(sim, fault);
}

void akti_sim_fault_arm(struct akti_sim *sim, akt_fault fault, uint32_t chance,
                        uint64_t at);
void akti_sim_heal(struct akti_sim *sim);

/* For how long a fault holds up time: 1 ns to 10 ms. */
uint64_t akti_sim_delay(struct akti_sim *sim);

#endif
