/* SPDX-License-Identifier: MIT */
/*
 * A bounded queue of messages with one producer and one consumer, each of which
 * may be another thread each time as long as they take turns.
 */
#ifndef AKT_NET_NNG_RING_H
#define AKT_NET_NNG_RING_H

#include "akt/error.h"

#include <nng/nng.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

struct akti_nng_ring {
    nng_msg **slots;
    uint32_t mask;
    uint32_t limit;
    _Alignas(64) _Atomic uint32_t head; /* the consumer's */
    _Alignas(64) _Atomic uint32_t tail; /* the producer's */
};

static inline akt_err
akti_nng_ring_init(struct akti_nng_ring *r, uint32_t limit)
{
    uint32_t size = 1;

    while (size < limit) {
        size *= 2;
    }
    r->slots = calloc(size, sizeof(*r->slots));
    r->mask = size - 1;
    r->limit = limit;
    atomic_init(&r->head, 0);
    atomic_init(&r->tail, 0);
    return r->slots != NULL ? AKT_OK : AKT_ENOMEM;
}

/* How many are in it. */
static inline uint32_t
akti_nng_ring_count(struct akti_nng_ring *r)
{
    /* seq_cst: after the flag by which the asker said that he waits; as acquire,
     * the slots; pairs: akti_nng_ring_put, akti_nng_ring_take */
    uint32_t head = atomic_load_explicit(&r->head, memory_order_seq_cst);

    /* seq_cst: the same */
    return atomic_load_explicit(&r->tail, memory_order_seq_cst) - head;
}

/* Producer; there is room. */
static inline void
akti_nng_ring_put(struct akti_nng_ring *r, nng_msg *m)
{
    /* Relaxed: the producer's own. */
    uint32_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);

    r->slots[tail & r->mask] = m;
    /* seq_cst: before the look for who waits; as release, the slot; pairs:
     * akti_nng_ring_count */
    atomic_store_explicit(&r->tail, tail + 1, memory_order_seq_cst);
}

/* Consumer; there is one. */
static inline nng_msg *
akti_nng_ring_first(struct akti_nng_ring *r)
{
    /* Relaxed: the consumer's own. */
    return r
        ->slots[atomic_load_explicit(&r->head, memory_order_relaxed) & r->mask];
}

/* Consumer: the first one goes. */
static inline void
akti_nng_ring_take(struct akti_nng_ring *r)
{
    /* Relaxed: the consumer's own. */
    uint32_t head = atomic_load_explicit(&r->head, memory_order_relaxed);

    /* seq_cst: before the look for who waits; as release, the slot's reading;
     * pairs: akti_nng_ring_count */
    atomic_store_explicit(&r->head, head + 1, memory_order_seq_cst);
}

#endif
