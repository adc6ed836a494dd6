/* SPDX-License-Identifier: MIT */
/* Who calls: the view of a handler, of a plain thread, or of a blocking job. */
#ifndef AKT_CORE_SELF_H
#define AKT_CORE_SELF_H

#include "actors/base/mutant.h"
#include "actors/core/actor.h"
#include "akt/actor.h"
#include "akt/future.h"

#include <stdbool.h>
#include <string.h>

#define AKTI_CLASS_CACHE 8
#define AKTI_HANDLER_CACHE 64

/* What a behaviour does with a type, as found before; NULL: nothing. */
struct akti_handler_place {
    const akt_behavior *behavior;
    const akt_type *type;
    const akt_handler *handler;
};

struct akti_port;
struct akti_cell;
struct akti_lane;

/* Names of types: in one file equal literals are one. */
static inline bool
akti_same_name(const char *a, const char *b)
{
    return a == b || strcmp(a, b) == 0;
}

struct akt_self {
    struct akti_context *ctx;
    struct akt_system *system;
    struct akti_actor *actor;     /* NULL unless a handler runs */
    struct akti_port *port;       /* of a plain thread */
    struct akti_message *message; /* NULL: none, or given away */
    /* The same, for looking at, as long as the handler's caller has it. */
    const struct akti_message *current;
    /*
     * The message of this turn while it lies in the mailbox: see run_single and
     * run_fiber. Who keeps it or hands it on takes it out before: akti_unbox; who
     * frees it does so by akti_message_over.
     */
    struct akti_message *boxed;
    bool spent;             /* it is over, and freed when it is out */
    struct akti_cell *kept; /* that has the current message since akt_keep */
    uint32_t handled;       /* messages not yet given back to the bound */
    bool answered; /* the current message has its answer, or was given away */
    bool in_timer; /* the message is of a timer */
    bool again;    /* another turn is to follow this one */
    bool in_job;   /* a thread of the blocking pool */
    bool in_step;  /* the function of a combined future runs */
    struct akti_lane *lane; /* of the job that runs; NULL: none */
    bool exiting;           /* on_exit runs: nothing can wait any more */
    uint32_t exit_kind;     /* akt_exit_kind, once the actor is to end */
    akt_err exit_error;
    char *deadlock; /* the cycle of the last AKT_EDEADLK in this turn */
    struct akti_class_entry *cached[AKTI_CLASS_CACHE];
    struct akti_handler_place handlers[AKTI_HANDLER_CACHE];
};

/* The entry that counts for the caller itself. */
struct akti_class_entry *akti_self_entry(akt_self *self);

/* The request that is being handled and not answered, or NULL. */
static inline const struct akti_message *
akti_self_request(const akt_self *self)
{
    const struct akti_message *m = self->current;

    return m != NULL && m->kind == AKTI_USER && m->cell_generation != 0 ? m
                                                                        : NULL;
}

/* Takes the turn's message out of the mailbox if it still lies in it. */
void akti_unbox(akt_self *self);

/* The caller is done with a message: it is freed, at once or when it is out. */
static inline void
akti_message_over(akt_self *self, struct akti_message *m)
{
    if (m == self->boxed && !AKTI_MUTANT(boxed_freed_early)) {
        self->spent = true;
    } else {
        akti_message_free(&self->ctx->caches, m);
    }
}

/* The caller's view on a worker. */
static inline akt_self *
akti_self_of(struct akti_context *ctx)
{
    return ctx->worker->core;
}

/* A context without a worker: a plain thread or a job. */
void akti_self_init(akt_self *self, struct akti_context *ctx);

#endif
