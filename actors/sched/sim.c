/* SPDX-License-Identifier: MIT */
#include "actors/sched/sim.h"

#include "actors/base/mutant.h"
#include "actors/sched/dispatcher.h"
#include "akt/types.h"

#include <stdarg.h>
#include <stdio.h>

/* Virtual time begins at a second, so that 0 is no instant. */
#define EPOCH_NS UINT64_C(1000000000)

#define STEPS 200u

static void
draw_demotions(struct akti_sim *sim, const akt_sim_opts *opts)
{
    uint32_t steps = opts->steps != 0 ? opts->steps : STEPS;
    uint32_t depth = opts->depth != 0 ? opts->depth : 2;
    uint32_t i;

    sim->demotions = depth - 1;
    for (i = 0; i < sim->demotions; i++) {
        sim->demotion[i] = (struct akti_demotion){
            .step = 1 + akti_random_below(&sim->random, steps)};
    }
}

static akt_sim_strategy
strategy_of(const akt_sim_opts *opts)
{
    if (opts->strategy != AKT_SIM_DEFAULT) {
        return opts->strategy;
    }
    return opts->seed == 0 ? AKT_SIM_FIFO : AKT_SIM_RANDOM;
}

void
akti_sim_init(struct akti_sim *sim, const akt_sim_opts *opts)
{
    unsigned i;

    *sim = (struct akti_sim){.now_ns = EPOCH_NS,
                             .seed = opts->seed,
                             .mailbox = opts->mailbox,
                             .random = {.state = opts->seed},
                             .strategy = strategy_of(opts),
                             .victim_ordinal = opts->victim,
                             .replay = opts->replay,
                             .record = opts->record};
    if (sim->record == NULL) {
        sim->record = &sim->unrecorded;
    }
    sim->record->count = 0;
    if (sim->strategy == AKT_SIM_PCT) {
        draw_demotions(sim, opts);
    }
    for (i = 0; i < AKT_FAULTS; i++) {
        akti_sim_fault_arm(sim, (akt_fault)i, opts->faults[i], 0);
    }
}

void
akti_sim_fail(struct akti_sim *sim, const char *format, ...)
{
    va_list args;

    if (sim->failed) {
        return;
    }
    sim->failed = true;
    va_start(args, format);
    (void)vsnprintf(sim->failure, sizeof(sim->failure), format, args);
    va_end(args);
    akti_sim_tell(sim, &(struct akti_note){.event = AKTI_EVENT_FAILED});
}

void
akti_sim_ready(struct akti_sim *sim, struct akti_runnable *r)
{
    akti_sim_tell(sim,
                  &(struct akti_note){.event = AKTI_EVENT_READY, .what = r});
    r->next = NULL;
    if (sim->tail == NULL) {
        sim->head = r;
    } else {
        sim->tail->next = r;
    }
    sim->tail = r;
}

void
akti_sim_note(struct akti_sim *sim, const struct akti_note *note)
{
    uint64_t first = note->a ^ (uint64_t)note->event << 56;

    sim->hash = akti_hash_mix(akti_hash_mix(sim->hash, first), note->b);
    akti_sim_tell(sim, note);
}

/* --- steps --- */

static struct akti_worker *
the_worker(struct akti_dispatcher *d)
{
    /* Relaxed: a simulation has one thread. */
    return atomic_load_explicit(&d->workers[0], memory_order_relaxed);
}

static void
fire_due(struct akti_dispatcher *d)
{
    struct akti_worker *w = the_worker(d);
    struct akti_timer_entry *t;

    while ((t = akti_timerq_pop(&w->timers, d->sim->now_ns)) != NULL) {
        akti_counter_add(&w->stat_fired, 1);
        akti_sim_note(d->sim, &(struct akti_note){.event = AKTI_EVENT_TIMER,
                                                  .a = akti_timer_due(t),
                                                  .b = t->sequence});
        d->ops->fire(t, &w->ctx);
    }
    if (d->sim->outside != NULL && d->sim->outside->next_ns <= d->sim->now_ns) {
        d->sim->outside->run(d->sim->outside);
    }
}

/* How many pools have a job to run; the n-th of them, if wished for. */
static uint32_t
ready_pools(struct akti_dispatcher *d, uint32_t n, struct akti_blocking **out)
{
    struct akti_blocking *b;
    uint32_t ready = 0;

    for (b = &d->blocking; b != NULL; b = akti_blocking_next(b)) {
        if (b->ready > 0 && ready++ == n && out != NULL) {
            *out = b;
        }
    }
    return ready;
}

static bool
run_job(struct akti_dispatcher *d)
{
    struct akti_blocking *b = NULL;
    uint32_t n = ready_pools(d, 0, NULL);

    if (n == 0) {
        return false;
    }
    (void)ready_pools(d, n > 1 ? akti_sim_choose(d->sim, n) : 0, &b);
    akti_sim_note(d->sim, &(struct akti_note){.event = AKTI_EVENT_JOB});
    akti_thread_set_dispatcher(d);
    (void)akti_blocking_run_next(b, &the_worker(d)->ctx);
    akti_thread_set_dispatcher(NULL);
    return true;
}

static bool
run_actor(struct akti_dispatcher *d)
{
    struct akti_worker *w = the_worker(d);
    struct akti_runnable *r = akti_strategy_pick(d);
    bool more;

    if (r == NULL) {
        return false;
    }
    akti_counter_add(&w->stat_turns, 1);
    akti_thread_set_dispatcher(d);
    more = d->ops->run(r, &w->ctx);
    akti_sim_tell(d->sim,
                  &(struct akti_note){.event = AKTI_EVENT_RETURN, .what = r});
    if (more) {
        akti_sim_ready(d->sim, r);
    }
    akti_thread_set_dispatcher(NULL);
    return true;
}

/* Jobs and actors race as they do on threads. */
static bool
run_something(struct akti_dispatcher *d)
{
    if (ready_pools(d, 0, NULL) == 0) {
        return run_actor(d);
    }
    if (d->sim->head == NULL || akti_strategy_job_first(d)) {
        return run_job(d);
    }
    return run_actor(d);
}

bool
akti_sim_step(struct akti_dispatcher *d)
{
    struct akti_sim *sim = d->sim;

    bool ready = akti_reactor_look(d, &the_worker(d)->ctx);

    fire_due(d);
    if (!run_something(d)) {
        return ready;
    }
    sim->steps++;
    if (sim->after_step != NULL) {
        sim->after_step(d);
    }
    return true;
}

uint64_t
akti_sim_next_timer(struct akti_dispatcher *d)
{
    uint64_t next = akti_timerq_next_exact(&the_worker(d)->timers);
    const struct akti_outside *o = d->sim->outside;

    return o != NULL && o->next_ns < next ? o->next_ns : next;
}

void
akti_sim_set_now(struct akti_dispatcher *d, uint64_t now_ns)
{
    d->sim->now_ns = now_ns;
    the_worker(d)->ctx.now_ns = now_ns;
}

/* When the process wakes up for a timer that is due at `next_ns`. */
static uint64_t
wake_time(struct akti_sim *sim, uint64_t next_ns, uint64_t limit_ns)
{
    uint64_t late;

    if (!akti_sim_fault_here(sim, AKT_FAULT_TIMER)) {
        return next_ns;
    }
    late = akti_sim_delay(sim);
    return limit_ns - next_ns < late ? limit_ns : next_ns + late;
}

bool
akti_sim_progress(struct akti_dispatcher *d, uint64_t limit_ns)
{
    struct akti_sim *sim = d->sim;
    uint64_t next;

    if (sim->failed) {
        return false;
    }
    if (akti_sim_step(d)) {
        return true;
    }
    next = akti_sim_next_timer(d);
    if (next == AKT_NEVER || next > limit_ns) {
        return false;
    }
    akti_sim_tell(sim, &(struct akti_note){.event = AKTI_EVENT_JUMP});
    if (sim->failed) {
        return false;
    }
    next = wake_time(sim, next, limit_ns);
    if (next > sim->now_ns) {
        akti_sim_set_now(d, next);
    }
    fire_due(d);
    return true;
}
