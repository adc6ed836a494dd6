/* SPDX-License-Identifier: MIT */
/*
 * Waiting for room. A sender that finds a full AKT_AWAIT mailbox puts the message
 * into its own outbox and an edge "waits for" from itself to the target, under
 * one lock for the whole system; the same lock covers the search for cycles, so
 * that the edge that would close one is always seen. At the end of its handler
 * the actor parks: it keeps its mailbox's token, so that nobody schedules it, and
 * handles nothing until its outbox is empty.
 *
 * The target, giving room back, makes the waiting actors ready, which then try
 * again; an edge stays until the outbox has nothing more for that target. Lost wake-ups are impossible because the mark in
 * the mailbox word is set only while the mailbox is full, and whoever gives room
 * back sees it in the same compare-and-swap (mailbox.h).
 */
#ifndef AKT_CORE_SUSPEND_H
#define AKT_CORE_SUSPEND_H

#include "actors/core/actor.h"
#include "actors/core/self.h"

struct akti_port;

/* One waits for another. In the target's list; an actor's in its own as well. */
struct akti_edge {
    struct akti_edge *next; /* in the target's list */
    struct akti_edge *next_of_sender;
    struct akti_actor *sender; /* NULL: a plain thread */
    struct akti_port *port;
    struct akti_actor *target;
    uint32_t pending; /* messages for it in the sender's outbox */
    bool waiting;     /* it is in the target's list */
};

/*
 * Accepts a message that found no room into the outbox. AKT_EFULL (the outbox),
 * AKT_EDEADLK, AKT_ENOMEM, or *retry set: there is room by now.
 */
akt_err akti_suspend_send(akt_self *self, struct akti_actor *target,
                          struct akti_message *m, bool *out_retry);

/* Whether the outbox has a message for that target already. */
bool akti_suspend_is_behind(struct akti_actor *a, struct akti_actor *target,
                            uint32_t generation);

/*
 * Sends what waits in the outbox as far as there is room. False: some is left,
 * and the actor is parked with its token.
 */
bool akti_suspend_flush(akt_self *self);

/* The mailbox has room: takes the edges off and resumes those who waited. */
void akti_suspend_wake(struct akti_context *ctx, struct akti_actor *target);

/* Resumes a parked actor that is to end, whatever it waits for. */
void akti_suspend_unpark(struct akti_context *ctx, struct akti_actor *a);

/* The actor ends: takes its edges off; its outbox gets `fate`. */
void akti_suspend_abandon(akt_self *self, akt_fate fate);

/*
 * A plain thread waits for room until the deadline. AKT_OK: try again;
 * AKT_ETIMEOUT, AKT_EDEAD.
 */
akt_err akti_suspend_thread(akt_self *self, struct akti_actor *target,
                            uint64_t deadline_ns);

/* Gives what was handled back to the bound before the run ends. */
void akti_give_back(akt_self *self, uint32_t low_water);

#endif
