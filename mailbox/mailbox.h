/* SPDX-License-Identifier: MIT */
/*
 * The mailbox: a bounded multi-producer single-consumer inbox in one word.
 *
 * The word holds all that senders and the consumer share:
 *
 *     bit  0-41  top     newest message of a LIFO list, its address / 64
 *     bit 42-59  users   messages that count against the bound: admitted, and
 *                        not yet given back by the consumer
 *     bit 60     RUN     the token is out: the owner is queued, runs, or is
 *                        suspended; whoever sets it schedules the owner
 *     bit 61     WAIT    somebody waits for room
 *     bit 62     CTRL    a control order is pending: the consumer must look
 *     bit 63     CLOSED  the owner has ended
 *
 * Each operation is one compare-and-swap on this word, which is where it takes
 * effect: a message is admitted, counted, linked and the owner scheduled in one
 * step, so there is no moment in which the count and the list disagree. It is
 * Treiber's stack used as an inbox (all is taken at once, so reuse of a message
 * while a sender looks at it does no harm), with the bound and the wake edge in
 * the same word. A run of one message may leave it in the list until its end.
 *
 * Who may do what at the same time:
 *
 *                 push  order  wait_mark   take  finish  close  open
 *     push         yes   yes      yes       yes    yes    yes    yes
 *     order        yes   yes      yes       yes    yes    yes    yes
 *     wait_mark    yes   yes      (1)       yes    yes    yes    yes
 *     take..open   yes   yes      yes       the holder of the token alone (peek too)
 *
 *     (1) under the system's suspension lock
 *
 * The list is newest first; the consumer turns it round. An empty mailbox owns
 * no buffer. Two files share the work: mailbox.h has what every message pays
 * for, mailbox.c the rest.
 */
#ifndef AKT_MAILBOX_MAILBOX_H
#define AKT_MAILBOX_MAILBOX_H

#include "actors/base/assert.h"
#include "actors/base/mutant.h"
#include "mailbox/message.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define AKTI_BOX_TOP ((UINT64_C(1) << 42) - 1)
#define AKTI_BOX_USER (UINT64_C(1) << 42)
#define AKTI_BOX_USERS (((UINT64_C(1) << 18) - 1) << 42)
#define AKTI_BOX_RUN (UINT64_C(1) << 60)
#define AKTI_BOX_WAIT (UINT64_C(1) << 61)
#define AKTI_BOX_CTRL (UINT64_C(1) << 62)
#define AKTI_BOX_CLOSED (UINT64_C(1) << 63)

struct akti_mailbox {
    _Atomic uint64_t word;
};

enum akti_push {
    AKTI_PUSHED,      /* it is in; the owner has its token already */
    AKTI_PUSHED_WAKE, /* it is in; the caller schedules the owner */
    AKTI_PUSH_FULL,
    AKTI_PUSH_CLOSED
};

/* What finish() found. */
enum akti_finish {
    AKTI_FINISH_MORE = 1u, /* the token is kept: run again */
    AKTI_FINISH_ROOM = 2u  /* WAIT was taken back: resume who waits */
};

static inline struct akti_message *
akti_box_top(uint64_t word)
{
    return (struct akti_message *)(uintptr_t)((word & AKTI_BOX_TOP) << 6);
}

static inline uint32_t
akti_box_users(uint64_t word)
{
    return (uint32_t)((word & AKTI_BOX_USERS) >> 42);
}

/*
 * One push. `capacity` is the bound; UINT32_MAX and `step` 0 for what has room
 * of its own.
 */
static inline enum akti_push
akti_box_push_(struct akti_mailbox *box, struct akti_message *m,
               uint32_t capacity, uint64_t step)
{
    /* Relaxed: only a first guess for the compare-and-swap. */
    uint64_t old = atomic_load_explicit(&box->word, memory_order_relaxed);
    uint64_t top = (uint64_t)(uintptr_t)m >> 6;
    uint64_t new;

    do {
        if (AKTI_UNLIKELY((old & AKTI_BOX_CLOSED) != 0)) {
            /* acquire: the owner has looked at what it had for the last time,
             * and the caller may free that; pairs: close */
            (void)atomic_load_explicit(&box->word, memory_order_acquire);
            return AKTI_PUSH_CLOSED;
        }
        if (akti_box_users(old) >= capacity
            && !(AKTI_MUTANT(bound_one_more)
                 && akti_box_users(old) == capacity)) {
            return AKTI_PUSH_FULL;
        }
        m->next = akti_box_top(old);
        new = (((old & ~AKTI_BOX_TOP) | top) + step) | AKTI_BOX_RUN;
        /*
         * release: publishes the message; pairs: take. acquire: when this sets
         * RUN, it sees what the owner did in its last run, for the worker that
         * runs it next; pairs: finish.
         */
    } while (!atomic_compare_exchange_weak_explicit(
        &box->word, &old, new, memory_order_acq_rel, memory_order_relaxed));
    return (old & AKTI_BOX_RUN) != 0 || AKTI_MUTANT(push_wakes_nobody)
               ? AKTI_PUSHED
               : AKTI_PUSHED_WAKE;
}

/* A message that somebody sent: counts, and is refused at the bound. */
static inline enum akti_push
akti_mailbox_push(struct akti_mailbox *box, struct akti_message *m,
                  uint32_t capacity)
{
    m->flags |= AKTI_CREDITED;
    return akti_box_push_(box, m, capacity, AKTI_BOX_USER);
}

/* A reply, notice or timer: its room was set aside when it was promised. */
static inline enum akti_push
akti_mailbox_push_reserved(struct akti_mailbox *box, struct akti_message *m)
{
    return akti_box_push_(
        box, m, AKTI_MUTANT(reply_refused_when_full) ? 1 : UINT32_MAX, 0);
}

/*
 * The consumer takes all messages, newest first, and notes that it looks for
 * orders now. The token is kept.
 */
static inline struct akti_message *
akti_mailbox_take(struct akti_mailbox *box)
{
    uint64_t old = atomic_load_explicit(&box->word, memory_order_relaxed);

    /*
     * acquire: sees the messages and who sent them; pairs: push. The orders that
     * CTRL stands for were stored before it was set; pairs: order. release: not
     * needed for the messages; keeps the chain of the word's updates whole.
     */
    while (!atomic_compare_exchange_weak_explicit(
        &box->word, &old, old & ~(AKTI_BOX_TOP | AKTI_BOX_CTRL),
        memory_order_acq_rel, memory_order_relaxed)) {
    }
    return akti_box_top(old);
}

/*
 * The newest message, which stays in the box. The token is the caller's, so
 * nobody takes it out, and what comes meanwhile lies before it.
 */
static inline struct akti_message *
akti_mailbox_peek(struct akti_mailbox *box)
{
    /* acquire: sees the message and who sent it; pairs: push */
    return akti_box_top(atomic_load_explicit(&box->word, memory_order_acquire));
}

/* The same, unless there is an order: then NULL. */
static inline struct akti_message *
akti_mailbox_peek_alone(struct akti_mailbox *box)
{
    /* acquire: sees the message and who sent it; pairs: push */
    uint64_t word = atomic_load_explicit(&box->word, memory_order_acquire);

    return (word & AKTI_BOX_CTRL) == 0 ? akti_box_top(word) : NULL;
}

/* Whether the owner is scheduled, and there is neither a message nor an order. */
static inline bool
akti_mailbox_is_untouched(struct akti_mailbox *box)
{
    /* acquire: sees what the one did who scheduled it; pairs:
     * akti_mailbox_open_scheduled */
    return atomic_load_explicit(&box->word, memory_order_acquire)
           == AKTI_BOX_RUN;
}

/* Whether the word shows nothing to do but `seen`, NULL or a peeked message. */
static inline bool
akti_box_is_done_(uint64_t word, const struct akti_message *seen)
{
    uint64_t left = word & AKTI_BOX_TOP;

    if (left == (uint64_t)(uintptr_t)seen >> 6
        || AKTI_MUTANT(finish_forgets_mail)) {
        return (word & AKTI_BOX_CTRL) == 0
               || AKTI_MUTANT(finish_forgets_orders);
    }
    return false;
}

/*
 * One finish; *list is NULL, or the message that lies in the box. Then it empties
 * the list too, and *list becomes the newest.
 */
static inline unsigned
akti_box_finish_(struct akti_mailbox *box, uint32_t handled, uint32_t low_water,
                 bool keep, struct akti_message **list)
{
    const struct akti_message *seen = *list;
    uint64_t old = atomic_load_explicit(&box->word, memory_order_relaxed);
    uint64_t new;
    unsigned found;

    do {
        AKTI_ASSERT(akti_box_users(old) >= handled);
        new = (seen != NULL ? old & ~AKTI_BOX_TOP : old)
              - (uint64_t)handled *AKTI_BOX_USER;
        found = AKTI_FINISH_MORE;
        if (!keep && akti_box_is_done_(old, seen)) {
            new &= ~AKTI_BOX_RUN;
            found = 0;
        }
        if (AKTI_UNLIKELY((old & AKTI_BOX_WAIT) != 0)
            && (akti_box_users(new) <= low_water
                || AKTI_MUTANT(low_water_ignored))) {
            new &= ~AKTI_BOX_WAIT;
            found |= AKTI_FINISH_ROOM;
        }
        /*
         * release: what this run did to the actor; pairs: push, order (whoever
         * sets RUN next), which also see the room. acquire: with take, or as it.
         */
    } while (!atomic_compare_exchange_weak_explicit(
        &box->word, &old, new, memory_order_acq_rel, memory_order_relaxed));
    *list = akti_box_top(old);
    return found;
}

/*
 * The end of a run: gives `handled` messages back to the bound and, unless the
 * consumer has more to do (`keep`) or something came in, puts the token down.
 * When WAIT is set and at most `low_water` messages count, it is taken back.
 * Returns AKTI_FINISH_ flags.
 */
static inline unsigned
akti_mailbox_finish(struct akti_mailbox *box, uint32_t handled,
                    uint32_t low_water, bool keep)
{
    struct akti_message *list = NULL;

    return akti_box_finish_(box, handled, low_water, keep, &list);
}

/*
 * Take and finish in one, for a run that handled the one message that it peeked
 * at, which is in *list. That becomes the newest: what lay in the box, down to the
 * one that was handled. Not before this may that one be freed or used again, or
 * its address may be in the list twice.
 */
static inline unsigned
akti_mailbox_finish_seen(struct akti_mailbox *box, uint32_t handled,
                         uint32_t low_water, bool keep,
                         struct akti_message **list)
{
    return akti_box_finish_(box, handled, low_water, keep, list);
}

/*
 * Says that there is an order (stop, drain, kill, resume), which the caller has
 * stored before. True: the caller schedules the owner. A closed box has no use
 * for orders.
 */
bool akti_mailbox_order(struct akti_mailbox *box);

/*
 * Notes that somebody waits for room; false when there is room, or nobody to
 * wait for. Under the suspension lock.
 */
bool akti_mailbox_wait_mark(struct akti_mailbox *box, uint32_t capacity);

/* Whether somebody waits for room; under the suspension lock. */
bool akti_mailbox_has_waiters(struct akti_mailbox *box);

/*
 * The owner has ended: no more pushes. Returns what was in the list, newest
 * first; *waited: somebody waits for room that will not come.
 */
struct akti_message *akti_mailbox_close(struct akti_mailbox *box, bool *waited);

/* Takes the messages alone, and leaves orders for the owner to see. */
struct akti_message *akti_mailbox_take_messages(struct akti_mailbox *box);

/* Gives `n` messages back to the bound, in the middle of a run. */
void akti_mailbox_credit(struct akti_mailbox *box, uint32_t n);

/* A new owner, with no token out. */
void akti_mailbox_open(struct akti_mailbox *box);

/* A new owner that its maker is going to schedule. */
void akti_mailbox_open_scheduled(struct akti_mailbox *box);

/* Nobody owns it: for cells that were never used. */
void akti_mailbox_init_closed(struct akti_mailbox *box);

/* Whether nothing has come in since the last take. */
bool akti_mailbox_is_empty(struct akti_mailbox *box);

/* Whether it has an owner. */
bool akti_mailbox_is_open(struct akti_mailbox *box);

/* How many messages count against the bound. */
uint32_t akti_mailbox_users(struct akti_mailbox *box);

#endif
