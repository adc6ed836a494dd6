/* SPDX-License-Identifier: MIT */
/* Starting and freeing a system; stopping is in stop.c. */
#include "actors/core/system.h"

#include "actors/base/cpus.h"
#include "actors/core/future.h"
#include "actors/core/pool.h"
#include "actors/core/readiness.h"
#include "actors/core/share.h"
#include "actors/core/simulation.h"
#include "akt/sim.h"

#include <inttypes.h>
#include <string.h>

#define ACTORS_MAX (1u << 24)

/* Bytes of a task's stack. */
#define TASK_STACK ((size_t)64 << 10)

/* Cells of futures, timers and promises: as many as the table can number. */
#define CELLS_MAX (1u << 24)

static _Atomic uint32_t next_system_id = 1;

/* --- what core gives the dispatcher --- */

static akt_err
worker_init(struct akti_worker *w, void **out_core)
{
    akt_self *self =
        akti_memory_zalloc(&w->ctx.dispatcher->memory, sizeof(*self), 64);

    if (self == NULL) {
        return AKT_ENOMEM;
    }
    akti_self_init(self, &w->ctx);
    *out_core = self;
    return AKT_OK;
}

static void
worker_fini(void *core)
{
    akt_self *self = core;

    if (self != NULL) {
        akti_memory_free(&self->ctx->dispatcher->memory, self, sizeof(*self),
                         64);
    }
}

static void free_system(struct akt_system *s);

static void
released(struct akti_dispatcher *d)
{
    free_system(d->system);
}

static const struct akti_dispatcher_ops dispatcher_ops = {
    .run = akti_actor_run,
    .number = akti_actor_number,
    .fire = akti_timer_fire,
    .retired = akti_cell_retired,
    .worker_init = worker_init,
    .worker_fini = worker_fini,
    .is_left = akti_request_is_left,
    .readied = akti_readiness_come,
    .released = released};

/* --- options --- */

struct range {
    const char *name;
    uint32_t value;
    uint32_t max;
};

static akt_err
check_options(const akt_system_opts *o, const struct akti_log *log)
{
    const struct range ranges[] = {
        {"workers", o->workers, AKTI_WORKERS_MAX},
        {"max_actors", o->max_actors, ACTORS_MAX},
        {"batch", o->batch, 10000},
        {"blocking_threads", o->blocking_threads, 1024},
        {"blocking_queue", o->blocking_queue, 1000000}};
    size_t i;

    if (o->size != sizeof(*o)) {
        akti_log_line(log, AKT_LOG_WARNING,
                      "akt_system_opts.size is %zu, not %zu: set the options "
                      "by AKT_SYSTEM_OPTS_INIT",
                      o->size, sizeof(*o));
        return AKT_EINVAL;
    }
    for (i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        if (ranges[i].value > ranges[i].max) {
            akti_log_line(log, AKT_LOG_WARNING,
                          "option %s is %u; it may be 1 to %u", ranges[i].name,
                          ranges[i].value, ranges[i].max);
            return AKT_EINVAL;
        }
    }
    if (o->task_stack != 0
        && (o->task_stack < AKTI_STACK_MIN || o->task_stack > AKTI_STACK_MAX)) {
        akti_log_line(log, AKT_LOG_WARNING,
                      "option task_stack is %zu; it may be %zu to %zu bytes",
                      o->task_stack, AKTI_STACK_MIN, AKTI_STACK_MAX);
        return AKT_EINVAL;
    }
    if (o->ask_timeout_ns == AKT_NEVER
        || (unsigned)o->log_level > AKT_LOG_OFF) {
        akti_log_line(log, AKT_LOG_WARNING,
                      "option ask_timeout_ns or log_level is out of range");
        return AKT_EINVAL;
    }
    if (o->busy_wait_ns > AKT_SECONDS(1)) {
        akti_log_line(log, AKT_LOG_WARNING,
                      "option busy_wait_ns is %" PRIu64
                      "; it may be 1 ns to 1 s, and 1 is not at all",
                      o->busy_wait_ns);
        return AKT_EINVAL;
    }
    return AKT_OK;
}

static uint32_t
or_default(uint32_t value, uint32_t standard)
{
    return value != 0 ? value : standard;
}

static void
init_depots(struct akt_system *s)
{
    struct akti_dispatcher *d = &s->dispatcher;
    struct akti_depot_opts actors = {.block_size = sizeof(struct akti_actor),
                                     .align = 128,
                                     .init = akti_actor_cell_init,
                                     .max_cells = ACTORS_MAX};
    struct akti_depot_opts futures = {.block_size = sizeof(struct akti_future),
                                      .align = 64,
                                      .init = akti_future_init,
                                      .max_cells = CELLS_MAX};
    struct akti_depot_opts cells = {.block_size = sizeof(struct akti_cell),
                                    .align = 64,
                                    .init = akti_cell_init,
                                    .max_cells = CELLS_MAX};
    struct akti_depot_opts objects = {.block_size = AKTI_OBJECT_SIZE,
                                      .align = 64,
                                      .init = akti_object_init,
                                      .max_cells = CELLS_MAX};

    akti_depots_init(&d->depots, &d->memory);
    akti_depot_init(&d->cells[AKTI_CELLS_A], &d->memory, &actors);
    akti_depot_init(&d->cells[AKTI_CELLS_B], &d->memory, &futures);
    akti_depot_init(&d->cells[AKTI_CELLS_C], &d->memory, &cells);
    akti_depot_init(&d->cells[AKTI_CELLS_D], &d->memory, &cells);
    akti_depot_init(&d->cells[AKTI_CELLS_E], &d->memory, &objects);
}

/* AKT_EINVAL, which was logged. */
static akt_err
init_stacks(struct akt_system *s, const akt_system_opts *o)
{
    struct akti_dispatcher *d = &s->dispatcher;

    s->task_stack = o->task_stack != 0 ? o->task_stack : TASK_STACK;
    return akti_stacks_init(&d->stacks, &d->memory, &d->log, s->task_stack);
}

static void
init_fields(struct akt_system *s, const akt_system_opts *o)
{
    struct akti_dispatcher *d = &s->dispatcher;

    d->ops = &dispatcher_ops;
    d->system = s;
    d->fork_count = akti_fork_count();
    /* Relaxed: numbers need only differ. */
    s->id = atomic_fetch_add_explicit(&next_system_id, 1, memory_order_relaxed);
    s->name = o->name != NULL ? o->name : "akt";
    s->batch = or_default(o->batch, 100);
    s->max_actors = o->max_actors;
    s->blocking_queue = or_default(o->blocking_queue, 1024);
    s->ask_timeout_ns =
        o->ask_timeout_ns != 0 ? o->ask_timeout_ns : AKT_SECONDS(5);
    s->dead_letter = o->dead_letter;
    s->dead_letter_arg = o->dead_letter_arg;
    akti_mutex_init(&s->suspend_lock, AKTI_RANK_SUSPEND);
    akti_mutex_init(&s->evict_lock, AKTI_RANK_EVICT);
    akti_mutex_init(&s->lock, AKTI_RANK_SYSTEM);
    akti_cond_init(&s->changed);
}

/* --- freeing --- */

static void
free_system(struct akt_system *s)
{
    struct akti_dispatcher *d = &s->dispatcher;
    struct akti_memory memory = d->memory;
    struct akti_class_entry *e;
    size_t i;

    akti_simulation_end(s);
    akti_pools_free(s);
    akti_dispatcher_fini(d);
    while ((e = s->classes) != NULL) {
        s->classes = e->next;
        akti_class_entry_free(s, e);
    }
    akti_class_entry_free(s, s->threads);
    for (i = 0; i < AKTI_CELL_SORTS; i++) {
        akti_depot_fini(&d->cells[i]);
    }
    akti_stacks_fini(&d->stacks);
    akti_depots_fini(&d->depots);
    akti_cond_fini(&s->changed);
    akti_mutex_fini(&s->lock);
    akti_mutex_fini(&s->evict_lock);
    akti_mutex_fini(&s->suspend_lock);
    akti_memory_free(&memory, s, sizeof(*s), 64);
}

/* It has stopped. Freed here, or by the last job that was left to itself. */
static void
let_go(struct akt_system *s)
{
    while (s->ports != NULL) {
        akt_detach(&s->ports->self);
    }
    akti_dispatcher_release(&s->dispatcher);
}

void
akt_system_destroy(akt_system *s)
{
    if (s == NULL || !akti_system_is_ours(s)) {
        return;
    }
    while (akt_system_stop(s, 0) == AKT_EBUSY) {
        akti_log_line(&s->dispatcher.log, AKT_LOG_WARNING,
                      "%s: waiting for a handler or job to return before the "
                      "system can be freed",
                      s->name);
    }
    let_go(s);
}

akt_err
akt_system_abandon(akt_system *s, uint64_t patience_ns)
{
    if (s == NULL) {
        return AKT_OK;
    }
    AKT_TRY(akti_system_stop_leaving(s, 0, patience_ns));
    let_go(s);
    return AKT_OK;
}

/* --- starting --- */

static akt_err
set_up(struct akt_system *s, const akt_system_opts *o,
       const struct akti_dispatcher_opts *dispatcher)
{
    akt_err err = akti_dispatcher_init(&s->dispatcher, dispatcher);

    if (err == AKT_OK) {
        s->threads = akti_class_entry_new(s, NULL);
        err = s->threads != NULL ? AKT_OK : AKT_ENOMEM;
    }
    if (err == AKT_OK) {
        err = akti_dispatcher_start(&s->dispatcher);
    }
    if (err != AKT_OK) {
        akti_log_line(&s->dispatcher.log, AKT_LOG_WARNING,
                      "%s: the system could not be started: %s",
                      o->name != NULL ? o->name : "akt", akt_err_text(err));
    }
    return err;
}

static akt_err
start(const akt_system_opts *o, const akt_sim_opts *sim,
      struct akt_system **out)
{
    struct akti_log log;
    struct akti_memory memory;
    struct akt_system *s;
    akt_err err;
    struct akti_dispatcher_opts dispatcher = {
        .workers = sim != NULL ? 1 : or_default(o->workers, akti_cpus_usable()),
        .blocking_threads = or_default(o->blocking_threads, 8),
        .blocking_queue = or_default(o->blocking_queue, 1024),
        .busy_wait_ns =
            o->busy_wait_ns != 0 ? o->busy_wait_ns : AKTI_BUSY_WAIT_NS,
        .sim = sim};

    akti_log_init(&log, o->log_level, o->log, o->log_arg);
    AKT_TRY(check_options(o, &log));
    AKT_TRY(sim != NULL ? akti_simulation_check(sim, &log) : AKT_OK);
    if (dispatcher.workers > AKTI_WORKERS_MAX) {
        dispatcher.workers = AKTI_WORKERS_MAX;
    }
    akti_memory_init(&memory, o->allocator);
    s = akti_memory_zalloc(&memory, sizeof(*s), 64);
    if (s == NULL) {
        return AKT_ENOMEM;
    }
    akti_fork_watch();
    s->dispatcher.memory = memory;
    s->dispatcher.log = log;
    init_fields(s, o);
    init_depots(s);
    err = init_stacks(s, o);
    if (err == AKT_OK) {
        err = set_up(s, o, &dispatcher);
    }
    if (err != AKT_OK) {
        free_system(s);
        return err;
    }
    if (sim != NULL) {
        akti_simulation_begin(s);
    }
    *out = s;
    return AKT_OK;
}

akt_err
akt_system_start(const akt_system_opts *opts, akt_system **out_system)
{
    akt_system_opts standard = AKT_SYSTEM_OPTS_INIT;

    return start(opts != NULL ? opts : &standard, NULL, out_system);
}

akt_err
akt_sim_start(const akt_system_opts *opts, uint64_t seed,
              akt_system **out_system)
{
    akt_sim_opts sim = {.size = sizeof(sim), .seed = seed};

    return akt_sim_start_with(opts, &sim, out_system);
}

akt_err
akt_sim_start_with(const akt_system_opts *opts, const akt_sim_opts *sim,
                   akt_system **out_system)
{
    akt_system_opts standard = AKT_SYSTEM_OPTS_INIT;

    return start(opts != NULL ? opts : &standard, sim, out_system);
}

uint32_t
akt_system_workers(const akt_system *s)
{
    return s->dispatcher.worker_count;
}

void
akt_system_stats(akt_system *s, akt_sched_stats *out_stats)
{
    akt_sched_stats sums = {0};

    akti_dispatcher_stats(&s->dispatcher, &sums);
    sums.suspensions = akti_counter_get(&s->suspensions);
    *out_stats = sums;
}
