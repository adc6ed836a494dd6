/* SPDX-License-Identifier: MIT */
/*
 * Stacks for coroutines: a pool of one size for each system. Below each stack
 * lies a guard page. Stacks are mapped some dozens at a time, in one piece (a
 * span), which is unmapped when none of them is in use any more.
 *
 * A free stack is in one of three places:
 *  - the cache of a context: as it was left, so taking it costs no system call.
 *    A cache holds 2 MiB of stacks at most.
 *  - warm, in the pool: it keeps the memory of its top page, no more.
 *  - cold, in its span: it has no memory.
 *
 * What is known of a stack lies outside of it, so that a free stack needs no
 * page, and a shallow coroutine touches one.
 *
 * Threads: a cache belongs to one context; a pool may be used by all.
 */
#ifndef AKT_BASE_STACK_H
#define AKT_BASE_STACK_H

#include "actors/base/log.h"
#include "actors/base/memory.h"
#include "actors/base/stack_tools.h"
#include "actors/base/thread.h"
#include "akt/error.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Sizes that a pool may have; its guard page is a part of each stack. */
#define AKTI_STACK_MIN ((size_t)16 << 10)
#define AKTI_STACK_MAX ((size_t)64 << 20)

struct akti_span;

struct akti_stacks {
    /* immutable */
    struct akti_memory *memory;
    const struct akti_log *log;
    size_t size;       /* of a stack with its guard page */
    size_t page;       /* of the system */
    uint32_t per_span; /* stacks in a span */
    uint32_t magazine; /* stacks in a full one; 0: caches keep none */
    /* guarded by lock */
    struct akti_mutex lock;
    struct akti_stack *warm;
    uint32_t warm_count;     /* the promised ones too */
    uint32_t mapped;         /* stacks that exist */
    uint32_t cold_count;     /* of these without memory */
    struct akti_span *roomy; /* spans with a cold stack */
    struct akti_span *busy;  /* spans without one */
    struct akti_span *spare; /* one whose stacks are all cold */
    bool told;               /* that no more can be mapped */
    /* read and written without lock: any answer will do */
    _Atomic bool has_no_marks; /* guard pages by access rights */
};

struct akti_stack_cache {
    struct akti_stacks *pool;
    struct akti_stack *head;  /* the magazine in use */
    struct akti_stack *spare; /* full, or empty when NULL */
    uint32_t count;           /* stacks behind head */
};

/*
 * A pool of stacks of `size` bytes, rounded up to pages: AKT_EINVAL when that
 * is out of range. Maps nothing yet.
 */
akt_err akti_stacks_init(struct akti_stacks *p, struct akti_memory *memory,
                         const struct akti_log *log, size_t size);
/* Unmaps all; every cache must have been flushed or be forgotten. */
void akti_stacks_fini(struct akti_stacks *p);

/* How many stacks exist, and how many of them are in use, in caches or lost. */
uint32_t akti_stacks_count(struct akti_stacks *p);
uint32_t akti_stacks_in_use(struct akti_stacks *p);

void akti_stack_cache_init(struct akti_stack_cache *c, struct akti_stacks *p);
/* Gives all stacks back to the pool. */
void akti_stack_cache_flush(struct akti_stack_cache *c);

/* The rare halves of the two calls below. */
akt_err akti_stack_refill(struct akti_stack_cache *c, struct akti_stack **out);
void akti_stack_spill(struct akti_stack_cache *c, struct akti_stack *stack);

/*
 * A stack with any content. AKT_ENOMEM; AKT_ELIMIT when the kernel allows no
 * more mappings.
 */
static inline akt_err
akti_stack_get(struct akti_stack_cache *c, struct akti_stack **out)
{
    struct akti_stack *stack = c->head;

    if (stack == NULL) {
        return akti_stack_refill(c, out);
    }
    c->head = stack->next;
    c->count--;
    akti_stack_tools_taken(stack);
    *out = stack;
    return AKT_OK;
}

/* Nothing that runs uses it any more. */
static inline void
akti_stack_put(struct akti_stack_cache *c, struct akti_stack *stack)
{
    akti_stack_tools_given(stack);
    if (c->count >= c->pool->magazine) {
        akti_stack_spill(c, stack);
        return;
    }
    stack->next = c->head;
    c->head = stack;
    c->count++;
}

#endif
