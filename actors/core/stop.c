/* SPDX-License-Identifier: MIT */
/*
 * Stopping. A plain thread does it, one at a time: drain until nothing runs or
 * the time is up; tell every actor to end and wait until all have; give up what
 * waits for the blocking pool and wait for what runs; end the threads. Handlers
 * and jobs can only ask for it.
 */
#include "actors/base/clock.h"
#include "actors/base/mutant.h"
#include "actors/core/future.h"
#include "actors/core/pool.h"
#include "actors/core/system.h"

/* How long a handler or job may take to return before the stop says "busy". */
#define PATIENCE_NS AKT_SECONDS(10)

/* How to stop. */
struct plan {
    uint64_t drain_until_ns;
    uint64_t patience_ns; /* with jobs; handlers always have PATIENCE_NS */
    bool leaves;          /* jobs that do not return to themselves */
};

static uint64_t
now_of(struct akt_system *s)
{
    struct akti_sim *sim = s->dispatcher.sim;

    return sim != NULL ? sim->now_ns : akti_clock_now();
}

static void
enter_phase(struct akt_system *s, enum akti_stop_phase phase)
{
    /* The lock: plain threads spawn under it. */
    akti_mutex_lock(&s->lock);
    /* seq_cst: before the walk over all actors; pairs: publish, phase checks */
    atomic_store_explicit(&s->phase, (uint32_t)phase, memory_order_seq_cst);
    akti_mutex_unlock(&s->lock);
}

/* The thread belongs to this system and so cannot wait for it. */
static bool
is_inside(struct akt_system *s)
{
    return akti_thread_dispatcher() == &s->dispatcher;
}

uint64_t
akti_system_live(struct akt_system *s)
{
    akt_counters c;

    akt_system_counters(s, &c);
    return c.spawned > c.exited ? c.spawned - c.exited : 0;
}

void
akti_system_note_exit(struct akt_system *s)
{
    if (AKTI_LIKELY(akti_system_phase(s) < AKTI_ENDING)
        || s->dispatcher.sim != NULL) {
        return;
    }
    akti_mutex_lock(&s->lock);
    akti_cond_wake_all(&s->changed);
    akti_mutex_unlock(&s->lock);
}

/* --- ending all actors --- */

typedef void actor_fn(struct akti_context *ctx, struct akti_actor *a);

static void
for_each_actor(struct akt_system *s, struct akti_context *ctx, actor_fn *fn)
{
    struct akti_depot *depot = &s->dispatcher.cells[AKTI_CELLS_A];
    uint32_t n = akti_depot_count(depot);
    uint32_t i;

    for (i = 0; i + AKTI_MUTANT(stop_skips_last) < n; i++) {
        fn(ctx, akti_depot_cell(depot, i));
    }
}

/* A dead actor's mailbox is closed and takes no orders. */
static void
order_shutdown(struct akti_context *ctx, struct akti_actor *a)
{
    if (akti_mailbox_is_open(&a->box)) {
        akti_actor_order(ctx, a, akti_actor_generation(a), AKTI_ORDER_SHUTDOWN);
    }
}

static void
name_stuck(struct akti_context *ctx, struct akti_actor *a)
{
    struct akt_system *s = akti_system_of(ctx);
    char name[AKT_REF_TEXT_SIZE + 64];

    if (akti_mailbox_is_open(&a->box)) {
        (void)akti_actor_format(s, a, name, sizeof(name));
        akti_log_line(&s->dispatcher.log, AKT_LOG_WARNING,
                      "%s: %s has not returned from a handler", s->name, name);
    }
}

/* Waits until no actor is left. */
static bool
wait_exits(struct akt_system *s, uint64_t deadline_ns)
{
    bool in_time = true;

    if (s->dispatcher.sim != NULL) {
        while (akti_system_live(s) > 0
               && (akti_sim_step(&s->dispatcher)
                   || akti_sim_progress(&s->dispatcher, deadline_ns))) {
        }
        return akti_system_live(s) == 0;
    }
    for (;;) {
        akti_mutex_lock(&s->lock);
        if (!akti_system_has_live_locked(s)) {
            akti_mutex_unlock(&s->lock);
            return true;
        }
        if (in_time) {
            in_time = akti_cond_wait_until(&s->changed, &s->lock, deadline_ns);
        } else {
            akti_mutex_unlock(&s->lock);
            return false;
        }
        akti_mutex_unlock(&s->lock);
    }
}

static akt_err
end_actors(struct akt_system *s, struct akti_context *ctx)
{
    enter_phase(s, AKTI_ENDING);
    for_each_actor(s, ctx, order_shutdown);
    if (wait_exits(s, akti_clock_add(now_of(s), PATIENCE_NS))) {
        return AKT_OK;
    }
    for_each_actor(s, ctx, name_stuck);
    return AKT_EBUSY;
}

/* --- the whole --- */

static void
drain(struct akt_system *s, uint64_t until_ns)
{
    enter_phase(s, AKTI_DRAINING);
    if (until_ns > now_of(s) && !AKTI_MUTANT(drain_not_waited_for)) {
        (void)akti_dispatcher_wait_idle(&s->dispatcher, until_ns);
    }
}

/* Threads that wait for ever look again. */
static void
wake_ports(struct akt_system *s)
{
    struct akti_port *port;

    akti_mutex_lock(&s->lock);
    for (port = s->ports; port != NULL && !AKTI_MUTANT(stop_wakes_no_thread);
         port = port->next) {
        akti_mutex_lock(&port->lock);
        akti_cond_wake_all(&port->cond);
        akti_mutex_unlock(&port->lock);
    }
    akti_mutex_unlock(&s->lock);
}

/* What the workers had not come to when they ended. */
static void
sweep(struct akt_system *s)
{
    struct akti_dispatcher *d = &s->dispatcher;
    uint32_t n = atomic_load_explicit(&d->thread_count, memory_order_relaxed);
    uint32_t i;

    for (i = 0; i < n; i++) {
        /* Relaxed: all of them have been joined. */
        akti_worker_drain_retired(
            atomic_load_explicit(&d->workers[i], memory_order_relaxed));
    }
}

/* What the log calls a pool. */
static const char *
name_of_pool(struct akt_system *s, struct akti_blocking *b)
{
    return b == &s->dispatcher.blocking ? "the blocking pool"
                                        : akti_pool_name(b);
}

/*
 * Ends the jobs that wait and waits for those that run, in all pools until the
 * same moment. False: there are some that must be waited for.
 */
static bool
end_jobs(struct akt_system *s, struct akti_context *ctx,
         const struct plan *plan)
{
    uint64_t deadline_ns = akti_clock_add(akti_clock_now(), plan->patience_ns);
    struct akti_blocking *b;
    bool ended = true;

    for (b = &s->dispatcher.blocking; b != NULL; b = akti_blocking_next(b)) {
        if (!akti_blocking_close(b, ctx, deadline_ns)) {
            akti_log_line(&s->dispatcher.log, AKT_LOG_WARNING,
                          "%s: a job of %s has not returned%s", s->name,
                          name_of_pool(s, b),
                          plan->leaves ? ", and is left to itself" : "");
            ended = plan->leaves;
            (void)(plan->leaves ? akti_blocking_leave(b) : 0);
        }
    }
    return ended;
}

/* All that runs comes to its end. */
static akt_err
end_all(struct akt_system *s, struct akti_context *ctx, const struct plan *plan)
{
    AKT_TRY(end_actors(s, ctx));
    if (!end_jobs(s, ctx, plan)) {
        return AKT_EBUSY;
    }
    /* A job may have spawned after the first look. */
    return wait_exits(s, akti_clock_add(now_of(s), PATIENCE_NS)) ? AKT_OK
                                                                 : AKT_EBUSY;
}

static akt_err
stop_all(struct akt_system *s, const struct plan *plan)
{
    struct akti_context ctx;
    akt_err err;

    if (akti_system_phase(s) == AKTI_STOPPED) {
        return AKT_OK;
    }
    if (akti_system_phase(s) == AKTI_RUNNING) {
        drain(s, plan->drain_until_ns);
    }
    akti_context_init(&ctx, &s->dispatcher);
    if (s->dispatcher.sim != NULL) {
        ctx.worker = atomic_load_explicit(&s->dispatcher.workers[0],
                                          memory_order_relaxed);
        akti_sim_heal(s->dispatcher.sim);
    }
    err = end_all(s, &ctx, plan);
    if (err == AKT_OK) {
        akti_dispatcher_join(&s->dispatcher);
        akti_reactor_stop(&s->dispatcher, &ctx);
        sweep(s);
        enter_phase(s, AKTI_STOPPED);
        wake_ports(s);
    }
    akti_context_fini(&ctx);
    return err;
}

/* One thread stops; others wait until it has, and look again. */
static akt_err
stop_in_turn(struct akt_system *s, struct plan plan)
{
    akt_err err;

    akti_mutex_lock(&s->lock);
    while (s->stopping) {
        akti_cond_wait(&s->changed, &s->lock);
    }
    s->stopping = true;
    plan.drain_until_ns = s->drain_until_ns;
    akti_mutex_unlock(&s->lock);
    err = stop_all(s, &plan);
    akti_mutex_lock(&s->lock);
    s->stopping = false;
    akti_cond_wake_all(&s->changed);
    akti_mutex_unlock(&s->lock);
    return err;
}

static const struct plan patiently = {.patience_ns = PATIENCE_NS};

static void
want_stop(struct akt_system *s, uint64_t drain_ns)
{
    akti_mutex_lock(&s->lock);
    if (!s->stop_wanted) {
        s->stop_wanted = true;
        s->drain_until_ns = akti_clock_add(now_of(s), drain_ns);
        akti_cond_wake_all(&s->changed);
    }
    akti_mutex_unlock(&s->lock);
}

akt_err
akt_system_stop(akt_system *s, uint64_t drain_ns)
{
    if (!akti_system_is_ours(s)) {
        return AKT_EFORK;
    }
    want_stop(s, drain_ns);
    return is_inside(s) ? AKT_OK : stop_in_turn(s, patiently);
}

akt_err
akti_system_stop_leaving(struct akt_system *s, uint64_t drain_ns,
                         uint64_t patience_ns)
{
    struct plan plan = {.patience_ns = patience_ns, .leaves = true};

    if (!akti_system_is_ours(s)) {
        return AKT_EFORK;
    }
    if (is_inside(s)) {
        return AKT_ECONTEXT;
    }
    want_stop(s, drain_ns);
    return stop_in_turn(s, plan);
}

akt_err
akt_system_wait(akt_system *s)
{
    if (!akti_system_is_ours(s)) {
        return AKT_EFORK;
    }
    if (is_inside(s)) {
        return AKT_ECONTEXT;
    }
    if (s->dispatcher.sim != NULL) {
        while (!s->stop_wanted
               && akti_sim_progress(&s->dispatcher, AKT_NEVER)) {
        }
        return akt_system_stop(s, 0);
    }
    akti_mutex_lock(&s->lock);
    while (!s->stop_wanted) {
        akti_cond_wait(&s->changed, &s->lock);
    }
    akti_mutex_unlock(&s->lock);
    return stop_in_turn(s, patiently);
}
