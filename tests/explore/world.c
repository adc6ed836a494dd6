/* SPDX-License-Identifier: MIT */
#include "tests/explore/world.h"

#include "actors/core/system.h"

#include <stdlib.h>
#include <string.h>

void
world_wait_idle(struct world *w)
{
    while (akti_system_phase(w->system) != AKTI_STOPPED
           && !akti_dispatcher_is_idle(&w->system->dispatcher)) {
        explore_pause();
    }
}

/* Nobody can go on. */
static void
check_queues(void *arg)
{
    struct akti_dispatcher *d = arg;
    uint32_t n = atomic_load_explicit(&d->thread_count, memory_order_relaxed);
    uint32_t i;

    explore_check(akti_inject_is_empty(&d->inject));
    for (i = 0; i < n; i++) {
        struct akti_worker *w =
            atomic_load_explicit(&d->workers[i], memory_order_relaxed);

        explore_check(akti_inject_is_empty(&w->own));
    }
}

void
world_watch(struct akti_dispatcher *d)
{
    explore_watch(d != NULL ? check_queues : NULL, d);
}

void
world_begin(struct world *w, uint32_t workers)
{
    akt_system_opts opts = AKT_SYSTEM_OPTS_INIT;

    memset(w, 0, sizeof(*w));
    opts.workers = workers;
    opts.blocking_threads = 1;
    opts.log_level = AKT_LOG_OFF;
    explore_ok(akt_system_start(&opts, &w->system));
    explore_ok(akt_attach(w->system, &w->me));
    world_wait_idle(w);
    world_watch(&w->system->dispatcher);
}

/* --- what holds at the end --- */

static uint32_t
chain_length(const struct akti_block *block)
{
    uint32_t n = 0;

    for (; block != NULL; block = block->next) {
        n++;
        explore_check(n < 100000);
    }
    return n;
}

static uint32_t
cached(struct akti_cache *c)
{
    return chain_length(c->head) + chain_length(c->spare);
}

/* Each cell is free once: none is lost, and none was given back twice. */
static void
check_cells(struct akti_dispatcher *d, uint32_t sort)
{
    struct akti_depot *depot = &d->cells[sort];
    uint32_t workers =
        atomic_load_explicit(&d->thread_count, memory_order_relaxed);
    uint32_t n = chain_length(depot->loose);
    struct akti_block *magazine;
    uint32_t i;

    for (magazine = depot->full; magazine != NULL;
         magazine = magazine->next_magazine) {
        n += chain_length(magazine);
    }
    for (i = 0; i < workers; i++) {
        struct akti_worker *w =
            atomic_load_explicit(&d->workers[i], memory_order_relaxed);

        n += cached(&w->ctx.cells[sort]);
    }
    explore_check(n == depot->cells);
}

static void
check_account(struct world *w)
{
    akt_counters *c = &w->sums;

    akt_system_counters(w->system, c);
    explore_check(c->queued == 0);
    explore_check(c->accepted
                  == c->delivered + c->dropped + c->expired + c->returned
                         + c->dead + c->discarded);
    explore_check(c->open == 0);
    explore_check(c->asked
                  == c->replied + c->failed + c->timed_out + c->cancelled
                         + c->broken);
    explore_check(c->spawned == c->exited);
}

void
world_end(struct world *w)
{
    akt_sched_stats stats;

    explore_end();
    akt_detach(w->me);
    explore_ok(akt_system_stop(w->system, 0));
    check_account(w);
    check_cells(&w->system->dispatcher, AKTI_CELLS_A);
    check_cells(&w->system->dispatcher, AKTI_CELLS_B);
    akt_system_stats(w->system, &stats);
    explore_check(stats.backstops == 0);
    world_watch(NULL);
    akt_system_destroy(w->system);
}

void
world_sleep(uint64_t ns)
{
    static const char here;

    (void)explore_wait(&here, "time", explore_now() + ns);
    /* Time goes on when nobody else can. */
    (void)explore_wait(&here, "time", explore_now() + 1);
}

void
world_wait_end(struct world *w, akt_ref ref)
{
    while (akt_ref_is_alive(w->me, ref)) {
        explore_pause();
    }
}

/* --- threads --- */

static void
run_thread(void *arg)
{
    struct world_thread *t = arg;
    akt_self *me;

    explore_ok(akt_attach(t->world->system, &me));
    t->fn(me, t->arg);
    akt_detach(me);
}

void
world_start(struct world *w, struct world_thread *t, world_fn *fn, void *arg)
{
    *t = (struct world_thread){.world = w, .fn = fn, .arg = arg};
    t->number = explore_start(run_thread, t);
}

void
world_join(struct world_thread *t)
{
    explore_join(t->number);
}
