/* SPDX-License-Identifier: MIT */
/*
 * Who runs: what each thread that works for a system has for itself, so that no
 * two threads share a word on the way of a message. A worker has one, so has
 * each attached thread and each thread of the blocking pool. In a simulation one
 * context does everything.
 */
#ifndef AKT_SCHED_CONTEXT_H
#define AKT_SCHED_CONTEXT_H

#include "actors/base/random.h"
#include "actors/base/sizes.h"
#include "actors/base/stack.h"

#include <stdbool.h>
#include <stdint.h>

struct akti_dispatcher;
struct akti_sim;
struct akti_worker;

/* Caches of stable cells; core says what is in them. */
enum {
    AKTI_CELLS_A,
    AKTI_CELLS_B,
    AKTI_CELLS_C,
    AKTI_CELLS_D,
    AKTI_CELLS_E,
    AKTI_CELL_SORTS
};

struct akti_context {
    struct akti_dispatcher *dispatcher;
    struct akti_worker *worker; /* NULL unless it is one */
    struct akti_worker *local; /* the same, if what it makes ready runs there */
    struct akti_sim *sim;      /* the dispatcher's */
    uint32_t row;              /* of the counters */
    bool row_is_shared;        /* with other contexts: count atomically */
    uint64_t now_ns;           /* as of the last look; see akti_now_cached */
    /*
     * Set by a turn that is to be followed by another only to look again: for so
     * long the worker may rest before, if it has nothing else to do.
     */
    uint32_t rest_ns;
    struct akti_random random;
    struct akti_caches caches;
    struct akti_cache cells[AKTI_CELL_SORTS];
    struct akti_stack_cache stacks;
};

/* The present. */
uint64_t akti_now(struct akti_context *ctx);

/*
 * The instant `after_ns` from now. From `coarse_from_ns` on it may be 10 ms later,
 * and costs less.
 */
uint64_t akti_due_in(struct akti_context *ctx, uint64_t after_ns,
                     uint64_t coarse_from_ns);

/*
 * The present as of some recent moment: at most a few dozen turns or one sleep
 * ago. Free; for checks where "not yet expired" may be said a little too long.
 */
static inline uint64_t
akti_now_cached(const struct akti_context *ctx)
{
    return ctx->now_ns;
}

#endif
