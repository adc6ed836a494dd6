/* SPDX-License-Identifier: MIT */
/*
 * The actor's cell. Cells are stable: a slot of the system's table is reused for
 * another actor, under the next generation, but never unmapped while the system
 * lives, so that a stale reference reads valid memory and finds itself stale.
 *
 * An idle actor costs this cell and its state.
 */
#ifndef AKT_CORE_ACTOR_H
#define AKT_CORE_ACTOR_H

#include "actors/core/account.h"
#include "actors/sched/dispatcher.h"
#include "akt/actor.h"
#include "akt/future.h"
#include "mailbox/mailbox.h"

#include <stdatomic.h>

struct akti_actor;
struct akti_cell;
struct akti_edge;
struct akti_extra;

/* Orders, in `life`. The lower ones go on with the mailbox. */
enum akti_order {
    AKTI_ORDER_DRAIN = 1u,
    AKTI_ORDER_STOP = 2u,
    AKTI_ORDER_OVERFLOW = 4u,
    AKTI_ORDER_KILL = 8u,
    AKTI_ORDER_SHUTDOWN = 16u
};

#define AKTI_CAPACITY_MASK 0xffffffu

/* What only the owner looks at, in `runnable.unused`. */
enum akti_actor_flag {
    AKTI_FLAG_START = 1u,    /* on_start has not run */
    AKTI_FLAG_AWAITING = 2u, /* the outbox is not empty */
    AKTI_FLAG_DRAINING = 4u,
    AKTI_FLAG_IDLE = 8u,    /* it wants to hear of idleness */
    AKTI_FLAG_EVICTS = 16u, /* senders take from its queue too */
    AKTI_FLAG_SIMULATED = 32u,
    AKTI_FLAG_HOOKED = 64u, /* its class has hooks */
    AKTI_FLAG_DEAF = 128u,  /* it takes no users' messages now */
    AKTI_FLAG_FIBER = 256u  /* its hooks say that it has one */
};

/*
 * What a class of the layers above does in its actors' turns: an actor that is
 * more than its handlers. It ends when it says so (akti_hooked_exit), not when it
 * is told to: orders are for its hooks.
 */
struct akti_hooks {
    /* The owner's orders, as they stand; called whenever it looks at them. */
    void (*orders)(akt_self *self, struct akti_actor *a, uint32_t orders);
    /* Whether it has this message in hand; NULL: how many it has. For a
     * simulation's checks. */
    uint32_t (*holds)(const struct akti_actor *a, const struct akti_message *m);
    /* A turn begins, and no send waits for room. NULL: it has a fiber, which runs
     * in turns when it is woken; the state begins with a pointer to it. */
    void (*turn)(akt_self *self, struct akti_actor *a);
    /* Its fiber has run, and is owing. */
    void (*left)(akt_self *self, struct akti_actor *a);
    /* A future that is awaited (akti_awaited) has ended. */
    void (*ended)(akt_self *self, struct akti_actor *a, struct akti_cell *cell);
    /* A send waits for room, within the call. */
    void (*outbox)(akt_self *self, struct akti_actor *a);
    /* The actor ends: gives what `gone` needs, while the state is there. */
    void *(*leave)(akt_self *self, struct akti_actor *a);
    /* It has ended, and its cell is free. */
    void (*gone)(akt_self *self, void *left);
};

struct akti_actor {
    /* A free cell's first 16 bytes link it in the pool. */
    struct akti_runnable runnable; /* `unused` holds akti_actor_flag */
    /* senders */
    struct akti_mailbox box;
    /*
     * generation << 32 | orders. One word, so that an order to an actor that has
     * ended never reaches the next one of the slot.
     */
    _Atomic uint64_t life;
    _Atomic(struct akti_class_entry *) entry;
    _Atomic uint32_t limits; /* the mailbox's: policy << 24 | capacity */
    uint32_t slot;           /* immutable */
    /* guarded by the system's suspension lock */
    struct akti_edge *waiters;
    /* the holder of the mailbox's token */
    void *state;
    struct akti_message *user_head;
    struct akti_message *user_tail;
    struct akti_message *system_head;
    struct akti_message *system_tail;
    const akt_behavior *behavior;
    /* What few actors need, NULL until needed. Set under the suspension lock, so
     * that others may look under it. */
    struct akti_extra *extra;
    struct akti_cell *cells; /* its futures, timers and kept promises */
    uint32_t open_requests;
    /* Anybody: there are orders. On the owner's line, to be looked at often. */
    _Atomic uint32_t ordered;
};

_Static_assert(sizeof(struct akti_actor) == 128, "two cache lines");

/*
 * What an actor has once it has waited for room, stashed or asked for idle
 * times.
 */
struct akti_extra {
    /* owner */
    struct akti_message *out_head; /* sends that wait for room */
    struct akti_message *out_tail;
    uint32_t out_count;
    uint32_t stash_count;
    struct akti_message *stash_head;
    struct akti_message *stash_tail;
    struct akti_cell *idle;
    akt_future watch; /* of who owns it, for its end */
    uint64_t last_message_ns;
    /* guarded by the suspension lock */
    struct akti_edge *edges; /* for whom it waits */
    bool parked;             /* it sleeps with its token */
    bool resumed;            /* there was room since it looked last */
    uint32_t mark;           /* of the last search that passed here */
    struct akti_actor *search_next;
    struct akti_actor *search_from;
};

static inline struct akti_class_entry *
akti_actor_entry(struct akti_actor *a)
{
    /* Relaxed: whoever has a valid reference saw the spawn; a stale one finds
     * some entry, which all live as long as the system. */
    return atomic_load_explicit(&a->entry, memory_order_relaxed);
}

static inline uint32_t
akti_actor_generation(struct akti_actor *a)
{
    /* Relaxed: the owner's own view, or a guess that the receiver checks again
     * by the message's target_generation. */
    return (uint32_t)(atomic_load_explicit(&a->life, memory_order_relaxed)
                      >> 32);
}

static inline uint32_t
akti_actor_capacity(struct akti_actor *a)
{
    /* Relaxed: it stays until the actor drains; who reads an old value sent
     * before that, or to another actor of the slot, which is found out. */
    return atomic_load_explicit(&a->limits, memory_order_relaxed)
           & AKTI_CAPACITY_MASK;
}

static inline uint32_t
akti_actor_overflow(struct akti_actor *a)
{
    /* Relaxed: as the capacity. */
    return atomic_load_explicit(&a->limits, memory_order_relaxed) >> 24;
}

static inline struct akti_actor *
akti_actor_of(struct akti_runnable *r)
{
    return (struct akti_actor *)(void *)r;
}

/* Owner. */
static inline bool
akti_actor_has(const struct akti_actor *a, uint32_t flag)
{
    return (a->runnable.unused & flag) != 0;
}

/* For the stable depot. */
void akti_actor_cell_init(void *cell, uint32_t index);

/* One turn; the dispatcher's `run`. */
bool akti_actor_run(struct akti_runnable *r, struct akti_context *ctx);
/* Its slot and generation in one; the dispatcher's `number`. */
uint64_t akti_actor_number(struct akti_runnable *r);

/* Appends to the queue of users' messages. */
static inline void
akti_queue_user(struct akti_actor *a, struct akti_message *m)
{
    m->next = NULL;
    if (a->user_head == NULL) {
        a->user_head = m;
    } else {
        a->user_tail->next = m;
    }
    a->user_tail = m;
}

/* How many of users' messages are queued, up to `most`. Owner. */
static inline uint32_t
akti_queued_users(const struct akti_actor *a, uint32_t most)
{
    const struct akti_message *m;
    uint32_t n = 0;

    for (m = a->user_head; m != NULL && n < most; m = m->next) {
        n++;
    }
    return n;
}

/* Turns a list that is newest first round, as far as what came after `end`. */
static inline struct akti_message *
akti_messages_after(struct akti_message *newest, const struct akti_message *end)
{
    struct akti_message *oldest = NULL;

    while (newest != end) {
        struct akti_message *next = newest->next;

        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    return oldest;
}

/* All of it. */
static inline struct akti_message *
akti_messages_reverse(struct akti_message *newest)
{
    return akti_messages_after(newest, NULL);
}

/*
 * Gives an order to the actor of this generation and sees to it that it looks.
 * Any thread.
 */
void akti_actor_order(struct akti_context *ctx, struct akti_actor *a,
                      uint32_t generation, uint32_t order);

/* The orders that were given; owner. */
static inline uint32_t
akti_actor_orders(struct akti_actor *a)
{
    /* acquire: what the giver did before; pairs: akti_actor_order */
    return (uint32_t)atomic_load_explicit(&a->life, memory_order_acquire);
}

/* From now on sends are answered as by a dead actor. Owner. */
void akti_actor_refuse_mail(struct akti_actor *a);
/* What `overflow` says then; beyond the values of akt_overflow. */
#define AKTI_OVERFLOW_CLOSED 100u

/* Its extra part, made when missing; NULL when out of memory. Owner. */
struct akti_extra *akti_actor_extra(struct akt_self *self,
                                    struct akti_actor *a);

/* The hooks of an actor that has AKTI_FLAG_HOOKED. */
static inline const struct akti_hooks *
akti_actor_hooks(const struct akti_actor *a)
{
    /* Relaxed: as in akti_actor_entry. */
    return atomic_load_explicit(&a->entry, memory_order_relaxed)
        ->cls->akti_hooks;
}

/*
 * As akti_spawn, for an actor whose end is told to a future made by
 * akti_child_new.
 */
akt_err akti_spawn_watched(akt_self *self, const akt_class *cls,
                           akt_ref *out_ref, const void *state,
                           akt_future watch);

/* Ends the running actor: on_exit, then all that it owns. */
void akti_actor_exit(struct akt_self *self, const akt_exit *reason);

#endif
