/* SPDX-License-Identifier: MIT */
/* One run of a scenario: a system is made, used, brought to rest and ended. */
#include "actors/test/explorer.h"

#include "actors/base/clock.h"
#include "actors/base/error.h"
#include "actors/core/simulation.h"
#include "actors/test/inspect.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct run {
    struct akti_explorer *x;
    struct akti_outcome *out;
    akt_system *system;
    akt_self *me;
};

/* The first failure counts. */
static void __attribute__((format(printf, 3, 4)))
failed(struct akti_outcome *out, akt_violation violation, const char *format,
       ...)
{
    va_list args;

    if (out->violation != AKT_VIOLATION_NONE) {
        return;
    }
    out->violation = violation;
    va_start(args, format);
    (void)vsnprintf(out->text, sizeof(out->text), format, args);
    va_end(args);
}

static akt_sim_opts
sim_opts(struct akti_explorer *x, const struct akti_plan *plan)
{
    akt_sim_opts sim = {.size = sizeof(sim),
                        .seed = plan->seed,
                        .strategy = plan->strategy,
                        .depth = plan->depth,
                        .steps = plan->steps,
                        .victim = plan->victim,
                        .mailbox = plan->mailbox,
                        .replay = plan->replay,
                        .record = &x->shared->outcome.choices};

    memcpy(sim.faults, plan->faults, sizeof(sim.faults));
    return sim;
}

/* The simulation's own word on what went wrong. */
static void
take_failure(void *arg)
{
    struct run *run = arg;
    const char *text = akt_sim_failure(run->system);
    akt_violation found = run->x->oracle.violation;

    if (text != NULL) {
        failed(run->out,
               found != AKT_VIOLATION_NONE ? found : AKT_VIOLATION_INVARIANT,
               "%s", text);
    }
}

static akt_err
open_system(struct run *run, const struct akti_plan *plan)
{
    struct akti_explorer *x = run->x;
    akt_sim_opts sim = sim_opts(x, plan);
    akt_system_opts opts = {.size = sizeof(opts), .log_level = AKT_LOG_OFF};
    akt_allocator allocator = akti_arena_allocator(&x->arena);

    if (x->opts.system != NULL) {
        opts = *x->opts.system;
    }
    opts.allocator = &allocator;
    opts.batch = plan->batch != 0 ? plan->batch : opts.batch;
    AKT_TRY(akt_sim_start_with(&opts, &sim, &run->system));
    x->oracle.failed = take_failure;
    x->oracle.failed_arg = run;
    akti_oracle_watch(&x->oracle, run->system);
    return akt_attach(run->system, &run->me);
}

/* No faults any more: everybody gets what he waits for, in bounded time. */
static void
come_to_rest(struct run *run)
{
    struct akti_oracle *o = &run->x->oracle;
    uint64_t until;
    char waits[AKTI_FAILURE_SIZE - 100];

    akt_sim_heal(run->system);
    (void)akt_sim_run_until_idle(run->system);
    akti_oracle_settle(o);
    until = akti_clock_add(akt_sim_now_ns(run->system), run->x->opts.rest_ns);
    while (akti_oracle_checks(o, AKT_CHECK_REST) && !o->sim->failed
           && !akti_oracle_at_rest(o)) {
        if (!akti_sim_progress(&run->system->dispatcher, until)) {
            akti_oracle_write_waits(o, waits, sizeof(waits));
            akti_oracle_fail(o, AKT_CHECK_REST, "nothing goes on, but %s",
                             waits);
        }
        (void)akt_sim_run_until_idle(run->system);
    }
}

static void
use(struct run *run)
{
    akt_err err = run->x->scenario(run->system, run->me, run->x->arg);

    /* What they look at may have been the scenario's own. */
    akti_simulation_forget(run->system);

    if (akt_sim_failure(run->system) == NULL && err == AKT_OK
        && akti_system_phase(run->system) == AKTI_RUNNING) {
        come_to_rest(run);
    }
    take_failure(run);
    if (err != AKT_OK) {
        char label[AKTI_ERR_LABEL_SIZE];

        failed(run->out, AKT_VIOLATION_ERROR, "the scenario returned %s: %s",
               akti_err_label(err, label), akt_err_text(err));
    }
}

/* What is to be known of it before the end, which is not part of it. */
static void
keep_figures(struct run *run)
{
    struct akti_sim *sim = run->system->dispatcher.sim;
    struct akti_oracle *o = &run->x->oracle;
    unsigned i;

    run->out->steps = sim->steps;
    run->out->hash = sim->hash;
    for (i = 0; i < AKT_FAULTS; i++) {
        run->out->fired[i] = sim->fault[i].count.fired;
    }
    run->out->fault_count = o->fault_count;
    memcpy(run->out->fault_places, o->fault_places,
           o->fault_count * sizeof(o->fault_places[0]));
}

static void
close_system(struct run *run)
{
    struct akti_explorer *x = run->x;
    akt_err err;

    x->oracle.trace = NULL;
    err = akt_system_stop(run->system, 0);
    if (err != AKT_OK) {
        failed(run->out, AKT_VIOLATION_ERROR, "the system does not stop: %s",
               akt_err_text(err));
    }
    akt_detach(run->me);
    akti_oracle_close(&x->oracle);
    take_failure(run);
    akt_system_destroy(run->system);
    akti_oracle_forget(&x->oracle);
    if (x->arena.bytes != 0
        && (x->opts.unchecked & (uint32_t)AKT_CHECK_LEAKS) == 0) {
        failed(run->out, AKT_VIOLATION_CHECK,
               "check leaks: %zu bytes were not given back", x->arena.bytes);
    }
    x->arena.bytes = 0;
}

static void
begin(struct akti_explorer *x, bool traced)
{
    struct akti_outcome *out = &x->shared->outcome;

    out->violation = AKT_VIOLATION_NONE;
    out->text[0] = '\0';
    out->steps = 0;
    out->hash = 0;
    out->fault_count = 0;
    memset(out->fired, 0, sizeof(out->fired));
    out->choices =
        (akt_sim_choices){.list = x->shared->list, .room = AKTI_CHOICES_MAX};
    x->oracle.unchecked = x->opts.unchecked;
    x->oracle.max_steps = x->opts.max_steps;
    x->oracle.trace = NULL;
    if (traced) {
        x->shared->trace_used = 0;
        x->trace = (struct akti_trace){.text = x->shared->trace,
                                       .room = sizeof(x->shared->trace),
                                       .used = &x->shared->trace_used};
        x->oracle.trace = &x->trace;
    }
}

void
akti_attempt(struct akti_explorer *x, const struct akti_plan *plan, bool traced)
{
    struct run run = {.x = x, .out = &x->shared->outcome};
    akt_err err;

    begin(x, traced);
    err = open_system(&run, plan);
    if (run.system == NULL || err != AKT_OK) {
        failed(run.out, AKT_VIOLATION_ERROR, "the system cannot be started: %s",
               akt_err_text(err));
        akt_system_destroy(run.system);
        return;
    }
    x->trace.system = run.system;
    use(&run);
    keep_figures(&run);
    close_system(&run);
}
