/* SPDX-License-Identifier: MIT */
#include "actors/async/queue.h"

#include "actors/base/mutant.h"
#include "actors/sched/sim.h"

/* So many values a segment, if they fit into a block of the pools. */
#define SLOTS_WANTED 32u
#define BLOCK_MAX 4096u
#define BLOCK_MIN 16u

/* The power of two that holds it. */
static uint32_t
round_up(uint32_t bytes)
{
    uint32_t size = BLOCK_MIN;

    while (size < bytes) {
        size *= 2;
    }
    return size;
}

void
akti_queue_init(struct akti_queue *q, const akt_type *type, uint32_t capacity)
{
    uint32_t header = type->align <= 16 ? 16 : 64;
    uint32_t wanted = capacity < SLOTS_WANTED ? capacity : SLOTS_WANTED;
    uint32_t most;

    *q = (struct akti_queue){.type = type, .header = header};
    if (type->size == 0) {
        q->segment_slots = SLOTS_WANTED;
        q->segment_size = header;
        return;
    }
    most = (BLOCK_MAX - header) / type->size;
    if (most == 0) {
        q->segment_slots = 1;
        q->segment_size = header + type->size;
        return;
    }
    wanted = wanted < most ? wanted : most;
    q->segment_size = round_up(header + wanted * type->size);
    q->segment_slots = (q->segment_size - header) / type->size;
}

akt_err
akti_queue_grow(struct akti_context *ctx, struct akti_queue *q)
{
    struct akti_segment *s = akti_sizes_alloc(
        &ctx->caches, akti_size_class(q->segment_size), q->segment_size);

    if (s == NULL) {
        return AKT_ENOMEM;
    }
    s->next = NULL;
    if (q->end != NULL) {
        q->end->next = s;
    } else {
        q->first = s;
        q->last = s;
    }
    q->end = s;
    q->free_slots += q->segment_slots;
    return AKT_OK;
}

static void
free_segment(struct akti_context *ctx, struct akti_queue *q,
             struct akti_segment *s)
{
    akti_sizes_free(&ctx->caches, akti_size_class(q->segment_size), s,
                    q->segment_size);
}

void
akti_queue_drop_first(struct akti_context *ctx, struct akti_queue *q)
{
    struct akti_segment *s = q->first;

    q->first = s->next;
    q->first_slot = 0;
    if (q->free_slots >= q->segment_slots && !AKTI_MUTANT(segments_kept)) {
        free_segment(ctx, q, s);
        return;
    }
    s->next = NULL;
    q->end->next = s;
    q->end = s;
    q->free_slots += q->segment_slots;
}

static void
tell_destroyed(struct akti_context *ctx, const struct akti_queue *q,
               const void *value)
{
    if (AKTI_UNLIKELY(ctx->sim != NULL)) {
        akti_sim_tell(ctx->sim,
                      &(struct akti_note){.event = AKTI_EVENT_VALUE_DESTROYED,
                                          .b = q->type->size,
                                          .what = value});
    }
}

/* In place: who destroys gets it where it lies. */
static void
destroy_values(struct akti_context *ctx, struct akti_queue *q)
{
    void *value;

    for (; q->count > 0; q->count--) {
        if (q->first_slot == q->segment_slots) {
            akti_queue_drop_first(ctx, q);
        }
        value = akti_queue_slot(q, q->first, q->first_slot);
        tell_destroyed(ctx, q, value);
        q->type->destroy(value);
        q->first_slot++;
    }
}

void
akti_queue_fini(struct akti_context *ctx, struct akti_queue *q)
{
    if (q->type->destroy != NULL && !AKTI_MUTANT(queued_values_leaked)) {
        destroy_values(ctx, q);
    }
    while (q->first != NULL) {
        struct akti_segment *next = q->first->next;

        free_segment(ctx, q, q->first);
        q->first = next;
    }
}
