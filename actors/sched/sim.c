/* SPDX-License-Identifier: MIT */
#include "actors/sched/sim.h"

#include "actors/base/mutant.h"
#include "actors/sched/dispatcher.h"
#include "akt/types.h"

/* Virtual time begins at a second, so that 0 is no instant. */
#define EPOCH_NS UINT64_C(1000000000)

/* A choice is made among this many at most: those that wait longest. */
#define WINDOW 64u

void
akti_sim_init(struct akti_sim *sim, uint64_t seed)
{
    *sim = (struct akti_sim){
        .now_ns = EPOCH_NS, .seed = seed, .random = {.state = seed}};
}

void
akti_sim_ready(struct akti_sim *sim, struct akti_runnable *r)
{
    r->next = NULL;
    if (sim->tail == NULL) {
        sim->head = r;
    } else {
        sim->tail->next = r;
    }
    sim->tail = r;
}

uint32_t
akti_sim_choose(struct akti_sim *sim, uint32_t n)
{
    uint32_t choice;

    if (sim->seed == 0 || n == 1 || AKTI_MUTANT(sim_ignores_seed)) {
        return 0;
    }
    choice = akti_random_below(&sim->random, n);
    akti_sim_record(sim, AKTI_EVENT_CHOICE, n, choice);
    return choice;
}

void
akti_sim_record(struct akti_sim *sim, enum akti_event event, uint64_t a,
                uint64_t b)
{
    uint64_t hash = akti_hash_mix(sim->hash, (uint64_t)event);

    sim->hash = akti_hash_mix(akti_hash_mix(hash, a), b);
}

/* Takes the ready runnable that the seed picks, or NULL. */
static struct akti_runnable *
pick(struct akti_sim *sim)
{
    struct akti_runnable *before = NULL;
    struct akti_runnable *r = sim->head;
    uint32_t n;
    uint32_t k;

    if (r == NULL) {
        return NULL;
    }
    for (n = 1; r->next != NULL && n < WINDOW; n++) {
        r = r->next;
    }
    r = sim->head;
    for (k = akti_sim_choose(sim, n); k > 0 && r->next != NULL; k--) {
        before = r;
        r = r->next;
    }
    if (before == NULL) {
        sim->head = r->next;
    } else {
        before->next = r->next;
    }
    if (sim->tail == r) {
        sim->tail = before;
    }
    return r;
}

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
        akti_sim_record(d->sim, AKTI_EVENT_TIMER, akti_timer_due(t),
                        t->sequence);
        d->ops->fire(t, &w->ctx);
    }
}

static bool
run_job(struct akti_dispatcher *d)
{
    struct akti_job *job = akti_blocking_pop(&d->blocking);

    if (job == NULL) {
        return false;
    }
    akti_sim_record(d->sim, AKTI_EVENT_JOB, 0, 0);
    akti_thread_set_dispatcher(d);
    job->run(job, &the_worker(d)->ctx, false);
    akti_thread_set_dispatcher(NULL);
    return true;
}

static bool
run_actor(struct akti_dispatcher *d)
{
    struct akti_worker *w = the_worker(d);
    struct akti_runnable *r = pick(d->sim);

    if (r == NULL) {
        return false;
    }
    akti_counter_add(&w->stat_turns, 1);
    akti_thread_set_dispatcher(d);
    if (d->ops->run(r, &w->ctx)) {
        akti_sim_ready(d->sim, r);
    }
    akti_thread_set_dispatcher(NULL);
    return true;
}

bool
akti_sim_step(struct akti_dispatcher *d)
{
    fire_due(d);
    /* Jobs and actors race as they do on threads. */
    if (akti_sim_choose(d->sim, 4) == 3 && run_job(d)) {
        return true;
    }
    return run_actor(d) || run_job(d);
}

uint64_t
akti_sim_next_timer(struct akti_dispatcher *d)
{
    return akti_timerq_next_exact(&the_worker(d)->timers);
}

void
akti_sim_set_now(struct akti_dispatcher *d, uint64_t now_ns)
{
    d->sim->now_ns = now_ns;
    the_worker(d)->ctx.now_ns = now_ns;
}

bool
akti_sim_progress(struct akti_dispatcher *d, uint64_t limit_ns)
{
    uint64_t next;

    if (akti_sim_step(d)) {
        return true;
    }
    next = akti_sim_next_timer(d);
    if (next == AKT_NEVER || next > limit_ns) {
        return false;
    }
    if (next > d->sim->now_ns) {
        akti_sim_set_now(d, next);
    }
    fire_due(d);
    return true;
}
