/* SPDX-License-Identifier: MIT */
/* The system: one dispatcher with its actors, classes and attached threads. */
#ifndef AKT_CORE_SYSTEM_H
#define AKT_CORE_SYSTEM_H

#include "actors/base/mutant.h"
#include "actors/base/thread.h"
#include "actors/core/actor.h"
#include "actors/core/self.h"
#include "actors/sched/dispatcher.h"
#include "actors/sched/sim.h"
#include "akt/system.h"

enum akti_stop_phase {
    AKTI_RUNNING = 0,
    AKTI_DRAINING, /* plain threads are refused */
    AKTI_ENDING,   /* every actor is told to end */
    AKTI_STOPPED
};

struct akti_invariants;

/* A plain thread that is attached, and the answers that it waits for. */
struct akti_port {
    struct akt_self self;
    struct akti_context ctx;
    struct akti_mutex lock; /* guards `inbox` and `room` */
    struct akti_cond cond;
    struct akti_message *inbox; /* replies and notices, newest first */
    struct akti_message *taken; /* owner thread: the same, oldest first */
    /* Owner thread: no part of a combined future is due before. */
    uint64_t due_ns;
    struct akti_cell *cells;   /* owner thread */
    struct akti_message *held; /* owner thread: what the last akt_call gave */
    uint32_t open_requests;    /* owner thread */
    bool room;                 /* a mailbox that it waits for has room */
    struct akti_port *next;    /* guarded by the system's lock */
    struct akti_port *prev;
};

struct akt_system {
    struct akti_dispatcher dispatcher;
    /* immutable */
    uint32_t id;
    uint32_t batch;
    uint32_t blocking_queue;
    uint64_t ask_timeout_ns;
    size_t task_stack;
    const char *name;
    akt_dead_letter_fn *dead_letter;
    void *dead_letter_arg;
    struct akti_class_entry *threads; /* counts for plain threads */
    /* guarded by suspend_lock: all edges, waiters, parked flags */
    struct akti_mutex suspend_lock;
    uint32_t search_mark;
    akti_counter suspensions;
    /* guarded by evict_lock: queues of mailboxes that drop their oldest */
    struct akti_mutex evict_lock;
    /* guarded by lock */
    struct akti_mutex lock;
    struct akti_cond changed;
    struct akti_class_entry *classes;
    uint32_t class_count;
    struct akti_port *ports;
    bool stop_wanted;
    bool stopping; /* somebody does it */
    uint64_t drain_until_ns;
    _Atomic uint32_t phase; /* akti_stop_phase */
    uint32_t max_actors;    /* immutable; 0: as many as there are cells */
    _Atomic uint32_t alive; /* counted when max_actors is set */
    struct akti_invariants *invariants; /* simulation.c's; NULL: none */
};

static inline struct akt_system *
akti_system_of(struct akti_context *ctx)
{
    return ctx->dispatcher->system;
}

static inline enum akti_stop_phase
akti_system_phase(struct akt_system *s)
{
    /* acquire: with the order it came from; pairs: stop.c, enter_phase */
    return (enum akti_stop_phase)atomic_load_explicit(&s->phase,
                                                      memory_order_acquire);
}

/* The actor that a reference names, if it is of this system and generation. */
static inline akt_err
akti_system_find(struct akt_system *s, akt_ref ref, struct akti_actor **out)
{
    struct akti_actor *a;

    if (AKTI_UNLIKELY(ref.system != s->id || ref.node != 0)) {
        return ref.generation == 0 ? AKT_EDEAD : AKT_EFOREIGN;
    }
    a = akti_depot_cell(&s->dispatcher.cells[AKTI_CELLS_A], ref.slot);
    if (AKTI_UNLIKELY(a == NULL || ref.generation == 0
                      || (akti_actor_generation(a) != ref.generation
                          && !AKTI_MUTANT(generation_ignored)))) {
        return AKT_EDEAD;
    }
    *out = a;
    return AKT_OK;
}

/* The process was not forked since the system started. */
static inline bool
akti_system_is_ours(struct akt_system *s)
{
    return s->dispatcher.fork_count == akti_fork_count()
           || AKTI_MUTANT(fork_ignored);
}

akt_ref akti_actor_ref(struct akt_system *s, struct akti_actor *a);

/* A class's entry, made at its first use. */
akt_err akti_class_find(akt_self *self, const akt_class *cls,
                        struct akti_class_entry **out);
struct akti_class_entry *akti_class_entry_new(struct akt_system *s,
                                              const akt_class *cls);
void akti_class_entry_free(struct akt_system *s, struct akti_class_entry *e);

/*
 * Stops. Jobs that have not returned so long after the drain are left to
 * themselves. Errors as for akt_system_abandon.
 */
akt_err akti_system_stop_leaving(struct akt_system *s, uint64_t drain_ns,
                                 uint64_t patience_ns);

/* How many actors have not ended; the other one under the system's lock. */
uint64_t akti_system_live(struct akt_system *s);
bool akti_system_has_live_locked(struct akt_system *s);

/* An actor ended while somebody waits for all to. */
void akti_system_note_exit(struct akt_system *s);

/* Writes "name<1.2.3>". */
size_t akti_actor_format(struct akt_system *s, struct akti_actor *a,
                         char *buffer, size_t size);

/* Ends a port's futures and frees it. */
void akti_port_free(struct akti_port *port);

/* To a simulation: what happened, of which `a` and `b` go into the hash. */
static inline void
akti_note(struct akti_context *ctx, const struct akti_note *note)
{
    if (AKTI_UNLIKELY(ctx->sim != NULL)) {
        akti_sim_note(ctx->sim, note);
    }
}

/* The same, to the observer alone. */
static inline void
akti_tell(struct akti_context *ctx, enum akti_event event, const void *what)
{
    if (AKTI_UNLIKELY(ctx->sim != NULL)) {
        akti_sim_tell(ctx->sim,
                      &(struct akti_note){.event = event, .what = what});
    }
}

/* The same of a cell that the caller owns from now on, if that is an actor. */
static inline void
akti_tell_owned(const akt_self *self, const void *cell)
{
    if (self->actor != NULL) {
        akti_tell(self->ctx, AKTI_EVENT_OWNED, cell);
    }
}

/* Whether a simulation wants this to fail. */
static inline bool
akti_fails(struct akti_context *ctx, akt_fault fault)
{
    return AKTI_UNLIKELY(ctx->sim != NULL)
           && akti_sim_fault_here(ctx->sim, fault);
}

#endif
