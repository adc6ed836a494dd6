/* SPDX-License-Identifier: MIT */
/* From the options to the result: which seeds, which plans, what was found. */
#include "actors/base/hash.h"
#include "actors/test/explorer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SEEDS 1000u
#define MAX_STEPS 100000u
#define PCT_DEPTHS 4u

/* One seed in so many is run twice. */
#define REPEAT 64u

/* A child is ended when it does not come here for so long. */
#define PATIENCE_SECONDS 60u
#define PATIENCE_STEPS 100000u

/* --- plans --- */

/* In a swarm half of the seeds are random, most of the others PCT. */
static akt_sim_strategy
draw_strategy(uint64_t draw)
{
    switch (draw % 8) {
    case 0:
        return AKT_SIM_STARVE;
    case 1:
    case 2:
    case 3:
        return AKT_SIM_PCT;
    default:
        return AKT_SIM_RANDOM;
    }
}

/* 0 as often as not; otherwise 1 to 8, mostly 1. */
static uint32_t
draw_batch(uint64_t draw)
{
    if (draw % 2 == 0) {
        return 0;
    }
    return draw % 4 == 1 ? 1 : 1 + (uint32_t)(draw / 4 % 8);
}

struct akti_plan
akti_plan_for(const struct akti_explorer *x, uint64_t seed)
{
    const akt_explore_opts *o = &x->opts;
    uint64_t draw = akti_hash_mix(seed, 1);
    struct akti_plan plan = {
        .seed = seed,
        .strategy = o->strategy,
        .depth = o->depth != 0 ? o->depth : 1 + (uint32_t)(seed % PCT_DEPTHS),
        .steps = o->steps != 0 ? o->steps : (uint32_t)x->shared->fifo_steps,
        .victim = o->victim};
    unsigned i;

    if (seed == 0) {
        plan.strategy = AKT_SIM_FIFO;
    } else if (o->strategy == AKT_SIM_DEFAULT) {
        plan.strategy = draw_strategy(draw);
        plan.batch = draw_batch(draw >> 8);
    }
    plan.mailbox = (draw >> 40 & 1) != 0 ? o->mailbox : 0;
    for (i = 0; i < AKT_FAULTS; i++) {
        /* Fewer sorts of faults at a time get farther. */
        plan.faults[i] = (draw >> (32 + i) & 1) != 0 ? o->faults[i] : 0;
    }
    return plan;
}

/* --- the seeds --- */

static bool
has_failed(const struct akti_explorer *x)
{
    return x->shared->outcome.violation != AKT_VIOLATION_NONE;
}

static void
run_plan(struct akti_explorer *x, const struct akti_plan *plan)
{
    struct akti_shared *shared = x->shared;
    unsigned i;

    shared->plan = *plan;
    akti_attempt(x, plan, false);
    shared->runs++;
    shared->steps += shared->outcome.steps;
    for (i = 0; i < AKT_FAULTS; i++) {
        shared->fired[i] += shared->outcome.fired[i];
    }
}

static void
check_repeat(struct akti_explorer *x, const struct akti_plan *plan)
{
    struct akti_outcome *out = &x->shared->outcome;
    uint64_t hash = out->hash;

    if ((x->opts.unchecked & (uint32_t)AKT_CHECK_REPEAT) != 0) {
        return;
    }
    akti_attempt(x, plan, false);
    if (out->violation == AKT_VIOLATION_NONE && out->hash != hash) {
        out->violation = AKT_VIOLATION_CHECK;
        (void)snprintf(
            out->text, sizeof(out->text),
            "check repeat: the same seed took another way; something "
            "outside the simulation has a say");
    }
}

/* How long a run is, for PCT; what fails with seed 0 fails. */
static void
measure(struct akti_explorer *x)
{
    bool may_be_pct =
        x->opts.strategy == AKT_SIM_DEFAULT || x->opts.strategy == AKT_SIM_PCT;
    struct akti_plan plan = akti_plan_for(x, 0);

    if (x->shared->fifo_steps != 0 || x->opts.steps != 0 || !may_be_pct) {
        return;
    }
    plan.replay = NULL;
    run_plan(x, &plan);
    x->shared->fifo_steps = 1 + x->shared->outcome.steps;
    if (x->one_seed) {
        x->shared->outcome.violation = AKT_VIOLATION_NONE;
        x->shared->runs = 0;
        x->shared->steps = 0;
    }
}

static void
be_watched(struct akti_explorer *x, uint64_t *since)
{
    if (x->opts.in_process || x->shared->steps < *since) {
        return;
    }
    (void)alarm(PATIENCE_SECONDS);
    *since = x->shared->steps + PATIENCE_STEPS;
}

void
akti_explore_seeds(struct akti_explorer *x)
{
    struct akti_shared *shared = x->shared;
    uint64_t since = 0;

    be_watched(x, &since);
    measure(x);
    while (!has_failed(x) && shared->next < x->opts.seeds) {
        struct akti_plan plan =
            akti_plan_for(x, x->opts.first_seed + shared->next);

        be_watched(x, &since);
        plan.replay = x->given.list != NULL ? &x->given : NULL;
        run_plan(x, &plan);
        if (!has_failed(x) && shared->next % REPEAT == 0) {
            check_repeat(x, &plan);
        }
        shared->next++;
        akti_progress(x);
    }
}

static void
work_on_seeds(struct akti_explorer *x, void *arg)
{
    (void)arg;
    akti_explore_seeds(x);
}

/* --- the result --- */

static void
fill_result(struct akti_explorer *x, akt_explore_result *result)
{
    const struct akti_shared *shared = x->shared;
    const struct akti_outcome *out = &shared->outcome;

    *result = (akt_explore_result){.runs = shared->runs,
                                   .steps = shared->steps,
                                   .violation = out->violation};
    memcpy(result->fired, shared->fired, sizeof(result->fired));
    if (out->violation == AKT_VIOLATION_NONE) {
        return;
    }
    result->seed = shared->plan.seed;
    result->strategy = shared->plan.strategy;
    memcpy(result->text, out->text, sizeof(result->text));
    result->found_steps = out->steps;
    result->found_choices = akti_choices_used(&out->choices);
}

/* Explains the failure: a shorter run, its trace, how to repeat it. */
static akt_err
explain(struct akti_explorer *x, akt_explore_result *result)
{
    struct akti_plan plan = x->shared->plan;
    akt_sim_choices choices = {0};
    akt_err err = AKT_OK;

    if (!x->opts.unshrunk && x->given.list == NULL) {
        err = akti_shrink(x, &plan, &choices);
        plan.replay = choices.list != NULL ? &choices : NULL;
    }
    if (err == AKT_OK) {
        err = akti_try(x, &plan, true);
    }
    if (err == AKT_OK) {
        result->shrunk_steps = x->shared->outcome.steps;
        result->shrunk_choices = akti_choices_used(&x->shared->outcome.choices);
        result->trace_hash = x->shared->outcome.hash;
        akti_report(x, &plan, result);
    }
    free(choices.list);
    return err;
}

static akt_err
explore(struct akti_explorer *x, akt_explore_result *result)
{
    AKT_TRY(akti_in_child(x, work_on_seeds, NULL, false));
    fill_result(x, result);
    if (result->violation == AKT_VIOLATION_NONE) {
        return AKT_OK;
    }
    AKT_TRY(explain(x, result));
    return AKT_EVIOLATED;
}

/* --- options --- */

static void
fill_defaults(akt_explore_opts *o)
{
    o->first_seed = o->first_seed != 0 ? o->first_seed : 1;
    o->seeds = o->seeds != 0 ? o->seeds : SEEDS;
    o->max_steps = o->max_steps != 0 ? o->max_steps : MAX_STEPS;
    o->rest_ns = o->rest_ns != 0 ? o->rest_ns : AKT_SECONDS(60);
}

static akt_err
check_options(struct akti_explorer *x)
{
    const akt_explore_opts *o = &x->opts;
    const char *wrong = NULL;
    unsigned i;

    if ((unsigned)o->strategy > AKT_SIM_STARVE) {
        wrong = "strategy is none of akt_sim_strategy";
    } else if (o->depth > PCT_DEPTHS || o->steps > 1000000000u) {
        wrong = "depth may be 1 to 4, steps 1 to 10^9";
    } else if ((o->unchecked & ~AKT_CHECK_ALL) != 0) {
        wrong = "unchecked has bits that are no akt_check";
    }
    for (i = 0; i < AKT_FAULTS; i++) {
        if (o->faults[i] > AKT_SIM_ALWAYS) {
            wrong = "a fault's chance is at most AKT_SIM_ALWAYS";
        }
    }
    if (wrong != NULL) {
        akti_say(x, "akt_explore_opts: %s", wrong);
        return AKT_EINVAL;
    }
    return AKT_OK;
}

static akt_err
explore_with(struct akti_explorer *x, akt_explore_result *result)
{
    const akt_allocator *behind =
        x->opts.system != NULL ? x->opts.system->allocator : NULL;
    akt_err err;

    x->shared = akti_shared_new(x->opts.in_process);
    if (x->shared == NULL) {
        return x->opts.in_process ? AKT_ENOMEM : AKT_EIO;
    }
    akti_arena_init(&x->arena, behind);
    err = explore(x, result);
    akti_oracle_fini(&x->oracle);
    akti_arena_fini(&x->arena);
    akti_shared_free(x->shared, x->opts.in_process);
    return err;
}

akt_err
akt_explore(const akt_explore_opts *opts, akt_scenario *scenario, void *arg,
            akt_explore_result *out_result)
{
    struct akti_explorer x = {
        .opts = AKT_EXPLORE_OPTS_INIT, .scenario = scenario, .arg = arg};
    akt_explore_result result = {0};
    akt_err err;

    if (opts != NULL && opts->size != sizeof(*opts)) {
        return AKT_EINVAL;
    }
    x.opts = opts != NULL ? *opts : x.opts;
    fill_defaults(&x.opts);
    err = check_options(&x);
    if (err == AKT_OK) {
        err = akti_environment_read(&x);
    }
    if (err == AKT_OK && !akti_environment_skips(&x)) {
        err = explore_with(&x, &result);
    }
    free(x.given.list);
    if (out_result != NULL) {
        *out_result = result;
    }
    return err;
}
