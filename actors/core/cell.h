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
 */
#ifndef AKT_CORE_CELL_H
#define AKT_CORE_CELL_H

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
    AKTI_CELL_KEPT
};

struct akti_cell {
    /* The timer's worker; a free cell's first 16 bytes link it in the pool. */
    struct akti_timer_entry timer;
    _Atomic uint64_t state;
    akt_err error; /* by who ended it */
    uint8_t kind;
    bool dropped;   /* owner: nobody wants to hear */
    bool arrived;   /* owner: it ended, and waits for akt_then or akt_wait */
    bool cancelled; /* owner: by itself */
    /* owner */
    struct akti_cell *next; /* among the owner's cells */
    struct akti_cell *prev;
    struct akti_actor *actor;     /* the owner, unless it is a thread */
    struct akti_message *message; /* reply, timer's message, kept request */
    union {
        const akt_continuation *then; /* a future's */
        uint64_t every_ns;            /* a timer's */
    };
    struct akti_class_entry *entry; /* of the owner */
    const akt_type *type;           /* of the request */
    uint32_t actor_generation;
    /* A future: what it was asked for; others look, so it is atomic. */
    _Atomic uint32_t parent_generation;
    /*
     * The notice of an end without a reply, so that it needs no memory; or a
     * timer's message, with up to 8 bytes of payload. On a line of its own, as
     * messages are.
     */
    _Alignas(64) struct akti_message notice;
    uint64_t payload;
    _Atomic(struct akti_cell *) parent;
    _Atomic uint64_t deadline_ns; /* a future's; never changes */
    struct akti_port *port;       /* the owner, if it is a thread */
    void *arg;
};

_Static_assert(offsetof(struct akti_cell, payload)
                   == offsetof(struct akti_cell, notice) + AKTI_PAYLOAD_NEAR,
               "the payload follows the notice as in other messages");

/* For the stable depot. */
void akti_cell_init(void *cell, uint32_t index);

/* A cell in phase OPEN, in nobody's list; NULL when out of memory. */
struct akti_cell *akti_cell_new(struct akti_context *ctx,
                                enum akti_cell_kind kind);

/* Gives it back: at once, or when its timer's worker has let go of it. */
void akti_cell_release(struct akti_context *ctx, struct akti_cell *cell);

/* What the dispatcher calls for a timer that is off after all. */
void akti_cell_retired(struct akti_timer_entry *t, struct akti_context *ctx);

uint32_t akti_cell_generation(struct akti_cell *cell);
enum akti_phase akti_cell_phase(struct akti_cell *cell);

/* A future goes OPEN -> ENDED by this outcome; false when it was not open. */
bool akti_cell_end(struct akti_cell *cell, uint32_t generation,
                   akt_outcome outcome);
/* How it ended; AKT_PENDING while it has not. */
akt_outcome akti_cell_outcome(struct akti_cell *cell);

/* From one phase of this generation to another; false when it was not there. */
bool akti_cell_move(struct akti_cell *cell, uint32_t generation,
                    enum akti_phase from, enum akti_phase to);

/* The list of an owner's cells. */
void akti_cell_link(struct akti_cell **list, struct akti_cell *cell);
void akti_cell_unlink(struct akti_cell **list, struct akti_cell *cell);

static inline struct akti_cell *
akti_cell_of_timer(struct akti_timer_entry *t)
{
    return (struct akti_cell *)(void *)((char *)t
                                        - offsetof(struct akti_cell, timer));
}

#endif
