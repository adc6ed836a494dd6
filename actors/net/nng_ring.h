/* SPDX-License-Identifier: MIT */
/*
 * A bounded queue of messages with one producer and one consumer, each of which
 * may be another thread each time as long as they take turns. It is full at so many
 * messages, and at so many bytes, which the last one may exceed.
 */
#ifndef AKT_NET_NNG_RING_H
#define AKT_NET_NNG_RING_H

#include "actors/base/mutant.h"
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
    uint64_t limit_bytes;
    _Alignas(64) _Atomic uint32_t head; /* the consumer's */
    _Atomic uint64_t taken;             /* the same: bytes */
    _Alignas(64) _Atomic uint32_t tail; /* the producer's */
    _Atomic uint64_t put;               /* the same: bytes */
};

/* `limit_bytes` 0: any number of them. */
static inline akt_err
akti_nng_ring_init(struct akti_nng_ring *r, uint32_t limit,
                   uint64_t limit_bytes)
{
    uint32_t size = 1;

    while (size < limit) {
        size *= 2;
    }
    r->slots = calloc(size, sizeof(*r->slots));
    r->mask = size - 1;
    r->limit = limit;
    r->limit_bytes = limit_bytes != 0 ? limit_bytes : UINT64_MAX;
    atomic_init(&r->head, 0);
    atomic_init(&r->taken, 0);
    atomic_init(&r->tail, 0);
    atomic_init(&r->put, 0);
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

/* How many bytes are in it, to be asked after their number. */
static inline uint64_t
akti_nng_ring_bytes(struct akti_nng_ring *r)
{
    /* Relaxed: as new at least as the numbers that were seen before. The order of
     * the two: what was taken was put before; acquire and release for that alone;
     * pairs: akti_nng_ring_take */
    uint64_t taken = atomic_load_explicit(&r->taken, memory_order_acquire);

    return atomic_load_explicit(&r->put, memory_order_relaxed) - taken;
}

static inline bool
akti_nng_ring_is_full(struct akti_nng_ring *r)
{
    return akti_nng_ring_count(r) >= r->limit
           || (akti_nng_ring_bytes(r) >= r->limit_bytes
               && !AKTI_MUTANT(nng_bytes_unbounded));
}

/* Whether there is so much room that it is worth telling. */
static inline bool
akti_nng_ring_has_room(struct akti_nng_ring *r)
{
    return akti_nng_ring_count(r) <= r->limit / 2
           && akti_nng_ring_bytes(r) <= r->limit_bytes / 2;
}

/* Producer; there is room. */
static inline void
akti_nng_ring_put(struct akti_nng_ring *r, nng_msg *m)
{
    /* Relaxed: the producer's own. */
    uint32_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);

    r->slots[tail & r->mask] = m;
    /* Relaxed: the producer's own, and seen with the tail. */
    atomic_store_explicit(&r->put,
                          atomic_load_explicit(&r->put, memory_order_relaxed)
                              + nng_msg_len(m),
                          memory_order_relaxed);
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

/* Consumer: the first one goes, which has so many bytes. */
static inline void
akti_nng_ring_take(struct akti_nng_ring *r, uint64_t bytes)
{
    /* Relaxed: the consumer's own. */
    uint32_t head = atomic_load_explicit(&r->head, memory_order_relaxed);

    /* Relaxed: the consumer's own. release: what was put is seen too; pairs:
     * akti_nng_ring_bytes */
    atomic_store_explicit(&r->taken,
                          atomic_load_explicit(&r->taken, memory_order_relaxed)
                              + (AKTI_MUTANT(nng_bytes_stay) ? 0 : bytes),
                          memory_order_release);
    /* seq_cst: before the look for who waits; as release, the slot's reading;
     * pairs: akti_nng_ring_count */
    atomic_store_explicit(&r->head, head + 1, memory_order_seq_cst);
}

#endif
