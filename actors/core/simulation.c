/* SPDX-License-Identifier: MIT */
/*
 * The public calls of the simulation. Invariants are looked at after each step,
 * until the system stops. Faults of memory are asked for by the pools, which then
 * give out one block at a time.
 */
#include "actors/core/simulation.h"

#include "akt/sim.h"

#include <stdio.h>

#define DEPTH_MAX 4u
#define STEPS_MAX 1000000000u

struct invariant {
    const char *name;
    akt_sim_condition *condition;
    void *arg;
};

struct akti_invariants {
    size_t count;
    struct invariant list[AKT_SIM_INVARIANTS];
};

static struct akti_sim *
sim_of(const akt_system *s)
{
    return s->dispatcher.sim;
}

/* --- options --- */

static const char *
wrong_option(const akt_sim_opts *o)
{
    size_t i;

    if (o->size != sizeof(*o)) {
        return "size: set the options by AKT_SIM_OPTS_INIT";
    }
    if ((unsigned)o->strategy > AKT_SIM_STARVE) {
        return "strategy is none of akt_sim_strategy";
    }
    if (o->depth > DEPTH_MAX || o->steps > STEPS_MAX) {
        return "depth may be 1 to 4, steps 1 to 10^9";
    }
    for (i = 0; i < AKT_FAULTS; i++) {
        if (o->faults[i] > AKT_SIM_ALWAYS) {
            return "a fault's chance is at most AKT_SIM_ALWAYS";
        }
    }
    return NULL;
}

akt_err
akti_simulation_check(const akt_sim_opts *opts, const struct akti_log *log)
{
    const char *wrong = wrong_option(opts);

    if (wrong == NULL) {
        return AKT_OK;
    }
    akti_log_line(log, AKT_LOG_WARNING, "akt_sim_opts: %s", wrong);
    return AKT_EINVAL;
}

/* --- after each step --- */

static void
after_step(struct akti_dispatcher *d)
{
    struct akt_system *s = d->system;
    struct akti_invariants *all = s->invariants;
    size_t i;

    if (all == NULL || d->sim->failed || akti_system_phase(s) >= AKTI_ENDING) {
        return;
    }
    for (i = 0; i < all->count && !d->sim->failed; i++) {
        if (!all->list[i].condition(s, all->list[i].arg)) {
            akti_sim_fail(d->sim, "invariant %s does not hold after step %llu",
                          all->list[i].name, (unsigned long long)d->sim->steps);
        }
    }
}

akt_err
akti_sim_invariant(akt_system *s, const char *name,
                   akt_sim_condition *condition, void *arg)
{
    if (sim_of(s) == NULL) {
        return AKT_ECONTEXT;
    }
    if (s->invariants == NULL) {
        s->invariants = akti_memory_zalloc(&s->dispatcher.memory,
                                           sizeof(*s->invariants), 64);
    }
    if (s->invariants == NULL) {
        return AKT_ENOMEM;
    }
    if (s->invariants->count == AKT_SIM_INVARIANTS) {
        return AKT_ELIMIT;
    }
    s->invariants->list[s->invariants->count++] =
        (struct invariant){name, condition, arg};
    return AKT_OK;
}

/* --- memory that fails --- */

static bool
deny(void *arg)
{
    return akti_sim_fault_here(arg, AKT_FAULT_ALLOC);
}

/* From now on the pools ask. */
static void
watch_memory(struct akt_system *s)
{
    struct akti_dispatcher *d = &s->dispatcher;
    struct akti_worker *w =
        atomic_load_explicit(&d->workers[0], memory_order_relaxed);
    struct akti_port *p;

    if (d->memory.deny != NULL) {
        return;
    }
    d->memory.deny = deny;
    d->memory.deny_arg = d->sim;
    akti_context_flush(&w->ctx);
    for (p = s->ports; p != NULL; p = p->next) {
        akti_context_flush(&p->ctx);
    }
}

void
akti_simulation_begin(struct akt_system *s)
{
    sim_of(s)->after_step = after_step;
    /* A bound, so that whoever counts the living also asks for faults. */
    if (s->max_actors == 0) {
        s->max_actors = UINT32_MAX;
    }
    if ((sim_of(s)->armed & (1u << AKT_FAULT_ALLOC)) != 0) {
        watch_memory(s);
    }
}

void
akti_simulation_forget(struct akt_system *s)
{
    if (s->invariants != NULL) {
        s->invariants->count = 0;
    }
}

void
akti_simulation_end(struct akt_system *s)
{
    struct akti_sim *sim = sim_of(s);

    akti_memory_free(&s->dispatcher.memory, s->invariants,
                     sizeof(*s->invariants), 64);
    if (sim != NULL && sim->outside != NULL) {
        sim->outside->end(sim->outside);
        sim->outside = NULL;
    }
}

/* --- running --- */

bool
akt_sim_step(akt_system *s)
{
    return sim_of(s) != NULL && !sim_of(s)->failed
           && akti_sim_step(&s->dispatcher);
}

uint64_t
akt_sim_run_until_idle(akt_system *s)
{
    uint64_t steps = 0;

    while (akt_sim_step(s)) {
        steps++;
    }
    return steps;
}

/* Nothing more happens before that instant. */
static void
be_at(akt_system *s, uint64_t until_ns)
{
    struct akti_sim *sim = sim_of(s);

    if (until_ns != AKT_NEVER && until_ns > sim->now_ns && !sim->failed) {
        akti_sim_set_now(&s->dispatcher, until_ns);
    }
}

uint64_t
akt_sim_advance(akt_system *s, uint64_t duration_ns)
{
    struct akti_sim *sim = sim_of(s);
    uint64_t steps = 0;
    uint64_t until;

    if (sim == NULL) {
        return 0;
    }
    until = sim->now_ns + duration_ns < sim->now_ns ? AKT_NEVER
                                                    : sim->now_ns + duration_ns;
    while (akti_sim_progress(&s->dispatcher, until)) {
        steps++;
    }
    be_at(s, until);
    return steps;
}

bool
akt_sim_run_until(akt_system *s, akt_sim_condition *condition, void *arg,
                  uint64_t deadline_ns)
{
    struct akti_sim *sim = sim_of(s);

    if (sim == NULL) {
        return false;
    }
    while (!condition(s, arg)) {
        if (!akti_sim_progress(&s->dispatcher, deadline_ns)) {
            be_at(s, deadline_ns);
            return false;
        }
    }
    return !sim->failed;
}

uint64_t
akt_sim_next_timer_ns(akt_system *s)
{
    return sim_of(s) != NULL ? akti_sim_next_timer(&s->dispatcher) : AKT_NEVER;
}

uint64_t
akt_sim_now_ns(const akt_system *s)
{
    return sim_of(s) != NULL ? sim_of(s)->now_ns : 0;
}

uint64_t
akt_sim_trace_hash(akt_system *s)
{
    return sim_of(s) != NULL ? sim_of(s)->hash : 0;
}

/* --- failure --- */

void
akt_sim_fail(akt_system *s, const char *text)
{
    if (sim_of(s) != NULL) {
        akti_sim_fail(sim_of(s), "%s", text);
    }
}

const char *
akt_sim_failure(const akt_system *s)
{
    return sim_of(s) != NULL && sim_of(s)->failed ? sim_of(s)->failure : NULL;
}

/* --- faults --- */

static akt_err
arm(akt_system *s, akt_fault fault, uint32_t chance, uint64_t at)
{
    if (sim_of(s) == NULL) {
        return AKT_ECONTEXT;
    }
    if ((unsigned)fault >= AKT_FAULTS || chance > AKT_SIM_ALWAYS) {
        return AKT_EINVAL;
    }
    akti_sim_fault_arm(sim_of(s), fault, chance, at);
    if (fault == AKT_FAULT_ALLOC) {
        watch_memory(s);
    }
    return AKT_OK;
}

akt_err
akt_sim_fault_chance(akt_system *s, akt_fault fault, uint32_t millionths)
{
    struct akti_sim *sim = sim_of(s);
    bool known = sim != NULL && (unsigned)fault < AKT_FAULTS;

    return arm(s, fault, millionths, known ? sim->fault[fault].at : 0);
}

akt_err
akt_sim_fault_at(akt_system *s, akt_fault fault, uint64_t n)
{
    struct akti_sim *sim = sim_of(s);
    bool known = sim != NULL && (unsigned)fault < AKT_FAULTS;

    return arm(s, fault, known ? sim->fault[fault].chance : 0, n);
}

void
akt_sim_heal(akt_system *s)
{
    if (sim_of(s) != NULL) {
        akti_sim_heal(sim_of(s));
    }
}

akt_sim_fault_count
akt_sim_faults(const akt_system *s, akt_fault fault)
{
    akt_sim_fault_count none = {0, 0};

    return sim_of(s) != NULL && (unsigned)fault < AKT_FAULTS
               ? sim_of(s)->fault[fault].count
               : none;
}

const char *
akt_fault_name(akt_fault fault)
{
    static const char *const names[AKT_FAULTS] = {
        "alloc", "send", "spawn", "handler", "job",
        "timer", "file", "short", "cut",     "dial"};

    return (unsigned)fault < AKT_FAULTS ? names[fault] : "?";
}

const char *
akt_sim_strategy_name(akt_sim_strategy strategy)
{
    static const char *const names[] = {"default", "fifo", "random", "pct",
                                        "starve"};

    return (unsigned)strategy <= AKT_SIM_STARVE ? names[strategy] : "?";
}
