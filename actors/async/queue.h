/* SPDX-License-Identifier: MIT */
/*
 * A queue of values of one type, in a list of segments that follows what is
 * queued: a segment that has been emptied goes behind the last one when little is
 * free there, else back to the pool. `free_slots` counts what is free behind the
 * last value, and values can be pushed as long as it is not 0.
 *
 * Not locked; a channel's latch guards it.
 */
#ifndef AKT_ASYNC_QUEUE_H
#define AKT_ASYNC_QUEUE_H

#include "actors/base/assert.h"
#include "actors/sched/context.h"
#include "akt/message.h"

#include <string.h>

struct akti_segment {
    struct akti_segment *next;
};

struct akti_queue {
    const akt_type *type;   /* immutable */
    uint32_t segment_slots; /* immutable; values in a segment */
    uint32_t segment_size;  /* immutable; bytes */
    uint32_t header;        /* immutable; bytes before the first value */
    uint32_t count;
    uint32_t free_slots;
    uint32_t first_slot; /* of the oldest value, in `first` */
    uint32_t next_slot;  /* of the next one, in `last` */
    struct akti_segment *first;
    struct akti_segment *last; /* that has values; empty ones may follow */
    struct akti_segment *end;  /* of the list */
};

/* Takes no memory yet. The type has no texts, and is aligned to at most 64. */
void akti_queue_init(struct akti_queue *q, const akt_type *type,
                     uint32_t capacity);
/* Destroys the values, and gives all memory back. */
void akti_queue_fini(struct akti_context *ctx, struct akti_queue *q);

/* Another segment at the end; AKT_ENOMEM. */
akt_err akti_queue_grow(struct akti_context *ctx, struct akti_queue *q);
/* The first segment has no values any more, and others follow. */
void akti_queue_drop_first(struct akti_context *ctx, struct akti_queue *q);

/* Makes room for one value more than `kept`. AKT_ENOMEM. */
static inline akt_err
akti_queue_reserve(struct akti_context *ctx, struct akti_queue *q,
                   uint32_t kept)
{
    return AKTI_LIKELY(q->free_slots > kept) ? AKT_OK : akti_queue_grow(ctx, q);
}

static inline void *
akti_queue_slot(const struct akti_queue *q, struct akti_segment *s,
                uint32_t slot)
{
    return (char *)s + q->header + (size_t)slot * q->type->size;
}

/* Most values are small. */
static inline void
akti_queue_copy(const struct akti_queue *q, void *to, const void *from)
{
    if (AKTI_LIKELY(q->type->size == 8)) {
        memcpy(to, from, 8);
    } else {
        memcpy(to, from, q->type->size);
    }
}

/* There is a free slot. */
static inline void
akti_queue_push(struct akti_queue *q, const void *value)
{
    if (AKTI_UNLIKELY(q->next_slot == q->segment_slots)) {
        q->last = q->last->next;
        q->next_slot = 0;
    }
    akti_queue_copy(q, akti_queue_slot(q, q->last, q->next_slot), value);
    q->next_slot++;
    q->free_slots--;
    q->count++;
}

/* There is a value. */
static inline void
akti_queue_pop(struct akti_context *ctx, struct akti_queue *q, void *out)
{
    if (AKTI_UNLIKELY(q->first_slot == q->segment_slots)) {
        akti_queue_drop_first(ctx, q);
    }
    akti_queue_copy(q, out, akti_queue_slot(q, q->first, q->first_slot));
    q->first_slot++;
    q->count--;
    if (q->count == 0) {
        /* The same slots again: they are in the cache. */
        q->free_slots += q->next_slot;
        q->first_slot = 0;
        q->next_slot = 0;
    }
}

#endif
