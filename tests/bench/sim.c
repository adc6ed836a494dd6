/* SPDX-License-Identifier: MIT */
/*
 * Simulated systems. `sim`: n seeds of a scenario of about 200 steps, explored in
 * this process with all checks. `simtimers`: n seconds of virtual time of actors
 * that have nothing but a timer of one second.
 */
#include "bench.h"

#include <stdlib.h>

enum {
    SIM_PEERS = 8,
    SIM_HOPS = 26, /* of each of the peers' messages */
    SIM_TIMERS = 1000
};

AKT_SIGNAL(beat);

struct peer {
    const akt_ref *all;
};

/* Sends what it gets to one that the seed says. */
static akt_err
on_number(akt_self *self, struct peer *p, const struct number *m)
{
    if (m->value == 0)
        return AKT_OK;
    return akt_send(self, p->all[akt_random(self) % SIM_PEERS], number,
                    .value = m->value - 1);
}

AKT_CLASS(peer, struct peer, AKT_ON(number, on_number));

static akt_err
scenario(akt_system *system, akt_self *me, void *arg)
{
    akt_ref *all = arg;

    for (int i = 0; i < SIM_PEERS; i++)
        AKT_TRY(akt_spawn(me, peer, &all[i], .all = all));
    for (int i = 0; i < SIM_PEERS; i++)
        AKT_TRY(akt_send(me, all[i], number, .value = SIM_HOPS));
    (void)akt_sim_run_until_idle(system);
    return AKT_OK;
}

akt_err
bench_sim(struct bench *bench)
{
    akt_explore_opts opts = AKT_EXPLORE_OPTS_INIT;
    akt_explore_result result;
    akt_ref all[SIM_PEERS];

    opts.seeds = (uint64_t)bench->n;
    opts.in_process = true;
    report_begin(&bench->report);
    AKT_TRY(akt_explore(&opts, scenario, all, &result));
    report_end(&bench->report);
    AKT_TRY(bench_expect("seeds run", result.runs, (uint64_t)bench->n + 1));
    report_add(&bench->report, "seeds_per_s",
               (double)result.runs / bench->report.seconds);
    report_add(&bench->report, "steps_per_seed",
               (double)result.steps / (double)result.runs);
    report_add(&bench->report, "ns_per_step",
               bench->report.seconds * 1e9 / (double)result.steps);
    return AKT_OK;
}

struct ticker {
    uint64_t *beats;
};

static akt_err
start_beating(akt_self *self, struct ticker *t)
{
    (void)t;
    return akt_timer_start(self, AKT_SECONDS(1), AKT_SECONDS(1), NULL, beat);
}

static akt_err
on_beat(akt_self *self, struct ticker *t, const struct beat *m)
{
    (void)self;
    (void)m;
    ++*t->beats;
    return AKT_OK;
}

AKT_CLASS(ticker, struct ticker, AKT_ON(beat, on_beat),
          AKT_ON_START(start_beating));

static akt_err
tick(struct bench *bench, akt_system *system, akt_self *me)
{
    uint64_t beats = 0;
    uint64_t seconds = (uint64_t)bench->n;

    for (int i = 0; i < SIM_TIMERS; i++)
        AKT_TRY(akt_spawn(me, ticker, NULL, .beats = &beats));
    (void)akt_sim_run_until_idle(system);
    report_begin(&bench->report);
    (void)akt_sim_advance(system, AKT_SECONDS(seconds));
    report_end(&bench->report);
    report_add(&bench->report, "virtual_per_real",
               (double)seconds / bench->report.seconds);
    report_add(&bench->report, "ns_per_timer",
               bench->report.seconds * 1e9 / (double)beats);
    return bench_expect("timers that fired", beats, seconds * SIM_TIMERS);
}

akt_err
bench_simtimers(struct bench *bench)
{
    akt_system *system;
    akt_self *me = NULL;
    akt_err err;

    AKT_TRY(akt_sim_start(NULL, 1, &system));
    err = akt_attach(system, &me);
    if (err == AKT_OK)
        err = tick(bench, system, me);
    akt_detach(me);
    akt_system_destroy(system);
    return err;
}
