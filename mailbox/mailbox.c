/* SPDX-License-Identifier: MIT */
/* The operations that are not on every message's way; see mailbox.h. */
#include "mailbox/mailbox.h"

#include "actors/base/mutant.h"

bool
akti_mailbox_order(struct akti_mailbox *box)
{
    uint64_t old = atomic_load_explicit(&box->word, memory_order_relaxed);

    do {
        if ((old & AKTI_BOX_CLOSED) != 0) {
            return false;
        }
        /*
         * release: the order itself; pairs: take. acquire: as in push, for the
         * worker that runs the owner next; pairs: finish.
         */
    } while (!atomic_compare_exchange_weak_explicit(
        &box->word, &old, old | AKTI_BOX_CTRL | AKTI_BOX_RUN,
        memory_order_acq_rel, memory_order_relaxed));
    return (old & AKTI_BOX_RUN) == 0 && !AKTI_MUTANT(order_wakes_nobody);
}

bool
akti_mailbox_wait_mark(struct akti_mailbox *box, uint32_t capacity)
{
    uint64_t old = atomic_load_explicit(&box->word, memory_order_relaxed);

    do {
        if ((old & AKTI_BOX_CLOSED) != 0
            || (akti_box_users(old) < capacity
                && !AKTI_MUTANT(wait_mark_with_room))) {
            return false;
        }
        /*
         * Marking only while it is full means that a later finish() gives room
         * back and sees the mark. release and acquire: the word is one chain of
         * updates; the list of who waits is under the lock. pairs: finish
         */
    } while (!atomic_compare_exchange_weak_explicit(
        &box->word, &old, old | AKTI_BOX_WAIT, memory_order_acq_rel,
        memory_order_relaxed));
    return true;
}

bool
akti_mailbox_has_waiters(struct akti_mailbox *box)
{
    /* Relaxed: set under the lock that the caller holds, taken back by the
     * owner, which then waits for that lock. */
    return (atomic_load_explicit(&box->word, memory_order_relaxed)
            & AKTI_BOX_WAIT)
           != 0;
}

struct akti_message *
akti_mailbox_close(struct akti_mailbox *box, bool *waited)
{
    /*
     * acquire: the messages of those who came before; pairs: push. release: who
     * finds it closed sees the owner's end; pairs: push, order, wait_mark
     */
    uint64_t old = atomic_exchange_explicit(&box->word, AKTI_BOX_CLOSED,
                                            memory_order_acq_rel);

    *waited = (old & AKTI_BOX_WAIT) != 0;
    return akti_box_top(old);
}

struct akti_message *
akti_mailbox_take_messages(struct akti_mailbox *box)
{
    /* acquire: sees the messages; release: one chain. pairs: push */
    return akti_box_top(atomic_fetch_and_explicit(
        &box->word,
        AKTI_MUTANT(take_messages_eats_orders) ? ~(AKTI_BOX_TOP | AKTI_BOX_CTRL)
                                               : ~AKTI_BOX_TOP,
        memory_order_acq_rel));
}

void
akti_mailbox_credit(struct akti_mailbox *box, uint32_t n)
{
    /*
     * release and acquire: one chain of updates; pairs: push. A closed box
     * counts nothing: its word is CLOSED alone until it is opened again, and
     * whoever gives back holds the token or the evict lock.
     */
    (void)atomic_fetch_sub_explicit(&box->word, (uint64_t)n * AKTI_BOX_USER,
                                    memory_order_acq_rel);
}

void
akti_mailbox_open(struct akti_mailbox *box)
{
    /* seq_cst: the new owner's cell, as release; and before the look at the
     * system's phase. pairs: push, akti_mailbox_is_open */
    atomic_store_explicit(&box->word, 0, memory_order_seq_cst);
}

void
akti_mailbox_open_scheduled(struct akti_mailbox *box)
{
    /* seq_cst: as above; pairs: push, akti_mailbox_is_open */
    atomic_store_explicit(&box->word, AKTI_BOX_RUN, memory_order_seq_cst);
}

void
akti_mailbox_init_closed(struct akti_mailbox *box)
{
    /* Relaxed: published with the chunk that the cell lies in. */
    atomic_store_explicit(&box->word, AKTI_BOX_CLOSED, memory_order_relaxed);
}

uint32_t
akti_mailbox_users(struct akti_mailbox *box)
{
    /* Relaxed: a number to show; it may have changed by the time it is read. */
    return akti_box_users(
        atomic_load_explicit(&box->word, memory_order_relaxed));
}

bool
akti_mailbox_is_empty(struct akti_mailbox *box)
{
    /* Relaxed: what comes in meanwhile makes the owner run again. */
    return akti_box_top(atomic_load_explicit(&box->word, memory_order_relaxed))
           == NULL;
}

bool
akti_mailbox_is_open(struct akti_mailbox *box)
{
    /* seq_cst: after the phase was changed; pairs: actor.c, publish */
    return (atomic_load_explicit(&box->word, memory_order_seq_cst)
            & AKTI_BOX_CLOSED)
           == 0;
}
