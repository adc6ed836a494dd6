/* SPDX-License-Identifier: MIT */
/* What a worker with nothing to do takes from others, and from whom; see dispatcher.h. */
#include "actors/base/mutant.h"
#include "actors/sched/dispatcher.h"

static struct akti_worker *
worker_at(struct akti_dispatcher *d, uint32_t i)
{
    /* Relaxed: the first workers are there before any thread starts. */
    return atomic_load_explicit(&d->workers[i], memory_order_relaxed);
}

static bool
is_asleep(struct akti_worker *w)
{
    /* Relaxed: advice. */
    return atomic_load_explicit(&w->asleep, memory_order_relaxed) != AKTI_AWAKE;
}

/* Whether this one has had something in its queue for a while, and ended no turn. */
static bool
is_stuck(struct akti_worker *w, struct akti_worker *victim)
{
    struct akti_seen *seen = &w->seen[victim->number];
    uint32_t turns = (uint32_t)akti_counter_get(&victim->stat_turns);

    if (akti_runqueue_count(&victim->queue) == 0) {
        /* Taken by others, or done. */
        seen->since_ns *= seen->turns == turns && !is_asleep(victim);
        return false;
    }
    if (seen->since_ns == 0 || seen->turns != turns) {
        *seen = (struct akti_seen){w->ctx.now_ns, turns};
        return false;
    }
    return w->ctx.now_ns - seen->since_ns >= AKTI_NAP_NS
           && !AKTI_MUTANT(stuck_not_stolen);
}

static bool
may_steal(struct akti_worker *w, struct akti_worker *victim)
{
    bool stuck = is_stuck(w, victim);

    return stuck || akti_worker_is_congested(victim);
}

struct akti_runnable *
akti_worker_steal(struct akti_worker *w)
{
    struct akti_dispatcher *d = w->ctx.dispatcher;
    uint32_t n = d->worker_count;
    uint32_t start = n > 1 ? akti_random_below(&w->ctx.random, n) : 0;
    uint32_t i;

    for (i = 0; i < n; i++) {
        struct akti_worker *victim = worker_at(d, (start + i) % n);
        struct akti_runnable *r;

        if (victim == w || !may_steal(w, victim)) {
            continue;
        }
        r = akti_runqueue_steal(&w->queue, &victim->queue);
        if (r != NULL) {
            akti_counter_add(&w->stat_steals, 1);
            return r;
        }
    }
    return NULL;
}
