/* SPDX-License-Identifier: MIT */
/*
 * A bounded queue of messages with one producer and one consumer, each of which
 * may be another thread each time as long as they take turns. It is full at so many
 * messages, and at so many bytes, which the last one may exceed.
 *
 * Each side keeps what it has seen of the other one's indices and looks again only
 * when that says that there is nothing, or no place: a look at what the other side
 * writes costs as much as all the rest.
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
    uint32_t seen_tail;                 /* the same: of the producer */
    _Alignas(64) _Atomic uint32_t tail; /* the producer's */
    _Atomic uint64_t put;               /* the same: bytes */
    uint32_t seen_head;                 /* the same: of the consumer */
    uint64_t seen_taken;
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
    r->seen_tail = 0;
    r->seen_head = 0;
    r->seen_taken = 0;
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

/* Producer: whether there is room for one more; by what it saw last, if that will do. */
static inline bool
akti_nng_ring_has_place(struct akti_nng_ring *r)
{
    /* Relaxed: the producer's own. */
    uint32_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
    uint64_t put = atomic_load_explicit(&r->put, memory_order_relaxed);

    if (tail - r->seen_head < r->limit
        && (put - r->seen_taken < r->limit_bytes
            || AKTI_MUTANT(nng_bytes_unbounded))) {
        return true;
    }
    if (AKTI_MUTANT(nng_ring_head_seen_once)) {
        return false;
    }
    /* seq_cst: after the flag by which the asker said that he waits; pairs:
     * akti_nng_ring_take */
    r->seen_head = atomic_load_explicit(&r->head, memory_order_seq_cst);
    /* acquire: what was taken was put before; pairs: akti_nng_ring_take */
    r->seen_taken = atomic_load_explicit(&r->taken, memory_order_acquire);
    return !akti_nng_ring_is_full(r);
}

/* Consumer: whether there is one. What it saw last says so as long as it can. */
static inline bool
akti_nng_ring_has_one(struct akti_nng_ring *r)
{
    /* Relaxed: the consumer's own. */
    uint32_t head = atomic_load_explicit(&r->head, memory_order_relaxed);

    if (r->seen_tail == head && !AKTI_MUTANT(nng_ring_tail_not_seen)) {
        /* seq_cst: after the flag by which the asker said that he waits; as
         * acquire, the slots; pairs: akti_nng_ring_put */
        r->seen_tail = atomic_load_explicit(&r->tail, memory_order_seq_cst);
    }
    return r->seen_tail != head;
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

/*
 * Consumer, which knows that there is one: what nng looks at of the next one comes
 * into this core's cache meanwhile. Only a hint.
 */
static inline void
akti_nng_ring_fetch_next(struct akti_nng_ring *r)
{
    /* Relaxed: the consumer's own. */
    uint32_t next = atomic_load_explicit(&r->head, memory_order_relaxed) + 1;

    if (r->seen_tail != next) {
        const char *m = (const char *)r->slots[next & r->mask];

        __builtin_prefetch(m, 1);
        __builtin_prefetch(m + 64, 1);
    }
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
