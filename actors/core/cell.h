/* SPDX-License-Identifier: MIT */
/*
 * Cells of what ends once: a future, a timer, a kept promise. Like actors' they
 * are stable and carry a generation, so that whoever holds a stale handle (an
 * answerer whose asker has gone on, a timer's name) finds out by one look.
 *
 * `state` is generation << 8 | outcome << 4 | phase. A future goes OPEN -> ENDED by the one
 * compare-and-swap that decides between reply, error, deadline, cancellation and
 * all that breaks it; who wins delivers the end to the owner, who loses frees
 * what it holds. The owner releases the cell when it has taken the end.
 *
 * A timer entry lies in the queue of the worker that armed it, and only that
 * worker touches the queue: releasing the cell elsewhere hands it to that worker
 * first (akti_timer_retire).
 *
 * A million of them are a matter of memory: a cell is two cache lines, and fields
 * that do not live at the same time share a place. A one-shot timer that has fired
 * needs its entry no more, and its message takes the place. A future's notice must
 * be there while its deadline is armed, and lies behind the cell.
 */
#ifndef AKT_CORE_CELL_H
#define AKT_CORE_CELL_H

#include "actors/base/assert.h"
#include "actors/base/mutant.h"
#include "actors/core/account.h"
#include "actors/sched/dispatcher.h"
#include "akt/future.h"
#include "mailbox/message.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

enum akti_phase {
    AKTI_PHASE_FREE = 0,
    AKTI_PHASE_OPEN,   /* a future that nobody has ended, an armed timer */
    AKTI_PHASE_QUEUED, /* a timer whose message is in the mailbox */
    AKTI_PHASE_ENDED
};

enum akti_cell_kind {
    AKTI_CELL_FUTURE = 1,
    AKTI_CELL_TIMER,
    AKTI_CELL_IDLE,  /* a timer of the class's idle time */
    AKTI_CELL_LATER, /* akt_send_after */
    AKTI_CELL_KEPT,
    AKTI_CELL_OWNED /* something of the layers above; share.h */
};

struct akti_cell;

/* What a cell of kind AKTI_CELL_OWNED stands for. */
struct akti_owned {
    const char *name;
    /*
     * Closes it: its scope closes or its owner ends. The cell is in no list any
     * more; this releases it. It must not wait.
     */
    void (*close)(akt_self *self, struct akti_cell *cell);
};

/* What its owner knows of a future or share beside; `marks`. */
enum akti_mark {
    AKTI_CANCELLED = 1u,    /* by the owner itself */
    AKTI_JOINED = 2u,       /* part of a combined one, by the slot in `arg` */
    AKTI_COMBINED = 4u,     /* of others, by `join` */
    AKTI_STEPPING = 8u,     /* its function runs: it stays until that is back */
    AKTI_GIVEN = 16u,       /* a share that came from another owner */
    AKTI_OF_CHILDREN = 32u, /* a combined one: a part is a child's end */
    AKTI_WORDED = 64u,      /* `message` is what its end says; future.h */
    AKTI_ALARMED = 128u     /* something owned: its alarm will go off */
};

struct akti_join;
struct akti_fd_wait;

struct akti_cell {
    /* owner; a free cell's first 16 bytes link it in the pool */
    struct akti_cell *next; /* among the owner's cells */
    struct akti_cell *prev;
    _Atomic uint64_t state;
    akt_err error; /* by who ended it */
    uint8_t kind;
    bool dropped;  /* owner: nobody wants to hear */
    bool arrived;  /* owner: it ended, and waits for akt_then or akt_wait */
    uint8_t marks; /* owner: akti_mark */
    union {        /* the owner, by actor_generation */
        struct akti_actor *actor;
        struct akti_port *port; /* 0: a plain thread */
        _Atomic(void *) holder; /* a share's; NULL: a gift on its way */
    };
    union {
        struct akti_class_entry *entry; /* of the owner; NULL: not counted */
        struct {
            uint32_t role;  /* a share's, as its object says */
            uint32_t users; /* who waits by it; guarded by its object */
        };
    };
    union {
        const akt_continuation *then; /* a future's */
        uint64_t every_ns;            /* a timer's */
        const struct akti_owned *owned;
    };
    union {
        struct {
            struct akti_timer_entry timer;
            uint32_t actor_generation;
            /* A future: what it was asked for; others look. */
            _Atomic uint32_t parent_generation;
            union {
                /* Of the request, of the timer's message, of what was opened. */
                const akt_type *type;
                struct akti_join *join; /* owner: of a combined one */
            };
        };
        struct {
            /* Reply, timer's message, kept request: gone before it retires. */
            struct akti_message *message;
            /* Of a one-shot timer that has fired; see akti_cell_rest. */
            struct akti_message notice;
        };
        struct {
            _Atomic(void *) object; /* of a share; others look */
            struct akti_message gift;
        };
    };
    union {
        uint64_t payload; /* a one-shot timer's, behind its notice */
        void *arg;        /* of `then`, of `owned`; of a part its slot */
    };
};

_Static_assert(sizeof(struct akti_cell) == 128, "two cache lines");
_Static_assert(offsetof(struct akti_cell, message)
                   == offsetof(struct akti_cell, timer.retired_next),
               "they share a place");
_Static_assert(offsetof(struct akti_cell, notice) == 64
                   && offsetof(struct akti_cell, payload)
                          == 64 + AKTI_PAYLOAD_NEAR,
               "the notice is aligned and built as other messages are");

/* A cell of kind AKTI_CELL_FUTURE. */
struct akti_future {
    struct akti_cell cell;
    /* Of an end without a reply, so that it needs no memory. */
    _Alignas(64) struct akti_message notice;
    union {
        /* What it was asked for, by parent_generation; others look. */
        _Atomic(struct akti_cell *) parent;
        /* The owner's: the actor whose end it is; slot, generation. Who still
         * knows the cell as a request may read it as a parent. */
        _Atomic uint64_t child;
        /* For a descriptor: readiness.h. May be read as a parent too. */
        _Atomic(struct akti_fd_wait *) wait;
    };
};

_Static_assert(sizeof(struct akti_future) == 192, "three cache lines");

static inline struct akti_future *
akti_future_of(struct akti_cell *cell)
{
    return (struct akti_future *)(void *)cell;
}

/* For the stable depots. */
void akti_cell_init(void *cell, uint32_t index);
void akti_future_init(void *cell, uint32_t index);

/* A cell in phase OPEN, in nobody's list; NULL when out of memory. */
struct akti_cell *akti_cell_new(struct akti_context *ctx,
                                enum akti_cell_kind kind);

/* Gives it back: at once, or when its timer's worker has let go of it. */
void akti_cell_release(struct akti_context *ctx, struct akti_cell *cell);

/* The message of a timer that fired is done with: the entry is there again. */
void akti_cell_rest(struct akti_cell *cell);

/* What the dispatcher calls for a timer that is off after all. */
void akti_cell_retired(struct akti_timer_entry *t, struct akti_context *ctx);

#define AKTI_PHASE_BITS 8
#define AKTI_OUTCOME_SHIFT 4
#define AKTI_PHASE_MASK 0xfu

static uint64_t
akti_cell_state(uint32_t generation, enum akti_phase phase)
{
    return (uint64_t)generation << AKTI_PHASE_BITS | (uint64_t)phase;
}

static uint64_t
akti_cell_load(struct akti_cell *cell)
{
    /* acquire: sees what the cell was made of or ended with; pairs:
     * akti_cell_new, akti_cell_move */
    return atomic_load_explicit(&cell->state, memory_order_acquire);
}

static inline uint32_t
akti_cell_generation(struct akti_cell *cell)
{
    return (uint32_t)(akti_cell_load(cell) >> AKTI_PHASE_BITS);
}

static inline enum akti_phase
akti_cell_phase(struct akti_cell *cell)
{
    return (enum akti_phase)(akti_cell_load(cell) & AKTI_PHASE_MASK);
}

/* How it ended; AKT_PENDING while it has not. */
static inline akt_outcome
akti_cell_outcome(struct akti_cell *cell)
{
    return (akt_outcome)(akti_cell_load(cell) >> AKTI_OUTCOME_SHIFT
                         & AKTI_PHASE_MASK);
}

/* A future goes OPEN -> ENDED by this outcome; false when it was not open. */
static inline bool
akti_cell_end(struct akti_cell *cell, uint32_t generation, akt_outcome outcome)
{
    uint64_t expected = akti_cell_state(generation, AKTI_PHASE_OPEN);
    uint64_t ended = akti_cell_state(generation, AKTI_PHASE_ENDED)
                     | (uint64_t)outcome << AKTI_OUTCOME_SHIFT;

    /* acquire and release: as in akti_cell_move; pairs: akti_cell_load */
    return atomic_compare_exchange_strong_explicit(&cell->state, &expected,
                                                   ended, memory_order_acq_rel,
                                                   memory_order_relaxed)
           || (AKTI_MUTANT(ends_twice)
               && akti_cell_generation(cell) == generation);
}

/* The same of one that its owner has just opened, and nobody else has heard of. */
static inline void
akti_cell_end_unseen(struct akti_cell *cell, akt_outcome outcome)
{
    /* release: what it ended with; pairs: akti_cell_load */
    atomic_store_explicit(
        &cell->state,
        akti_cell_state(akti_cell_generation(cell), AKTI_PHASE_ENDED)
            | (uint64_t)outcome << AKTI_OUTCOME_SHIFT,
        memory_order_release);
}

/* From one phase of this generation to another; false when it was not there. */
static inline bool
akti_cell_move(struct akti_cell *cell, uint32_t generation,
               enum akti_phase from, enum akti_phase to)
{
    uint64_t expected = akti_cell_state(generation, from);

    /*
     * acquire: sees the cell that it decides about; pairs: akti_cell_new.
     * release: what was done to it before; pairs: akti_cell_load
     */
    return atomic_compare_exchange_strong_explicit(
        &cell->state, &expected, akti_cell_state(generation, to),
        memory_order_acq_rel, memory_order_relaxed);
}

/* The list of an owner's cells. */
static inline void
akti_cell_link(struct akti_cell **list, struct akti_cell *cell)
{
    cell->prev = NULL;
    cell->next = *list;
    if (*list != NULL) {
        (*list)->prev = cell;
    }
    *list = cell;
}

static inline void
akti_cell_unlink(struct akti_cell **list, struct akti_cell *cell)
{
    if (cell->prev != NULL) {
        cell->prev->next = cell->next;
    } else {
        AKTI_ASSERT(*list == cell);
        *list = cell->next;
    }
    if (cell->next != NULL) {
        cell->next->prev = cell->prev;
    }
    cell->next = NULL;
    cell->prev = NULL;
}

static inline struct akti_cell *
akti_cell_of_timer(struct akti_timer_entry *t)
{
    return (struct akti_cell *)(void *)((char *)t
                                        - offsetof(struct akti_cell, timer));
}

#endif
