/* SPDX-License-Identifier: MIT */
/*
 * What a simulation chooses. A choice is a number below n, and 0 is what a plain
 * scheduler would do, so that a list of choices is simpler the more of it is 0. Each
 * is a function of the seed and of what happened before: never of an address.
 *
 * PCT gives each actor a priority by its number and the seed, and runs the highest.
 * At each of depth - 1 steps, drawn in advance, whoever was about to run falls below
 * all others. (Burckhardt, Kothari, Musuvathi, Nagarakatte, "A randomized scheduler
 * with probabilistic guarantees of finding bugs", ASPLOS 2010.) The blocking pool
 * takes part as one more actor.
 */
#include "actors/base/mutant.h"
#include "actors/sched/dispatcher.h"
#include "actors/sched/sim.h"

/* A choice is made among this many at most: those that wait longest. */
#define WINDOW 64u

/* The number of the blocking pool, and of nobody. */
#define POOL UINT64_MAX

/* --- choices --- */

/* What the list says; beyond its end 0. */
static uint32_t
replayed(const akt_sim_choices *replay, size_t place, uint32_t n)
{
    uint32_t value = place < replay->count ? replay->list[place] : 0;

    return value < n ? value : n - 1;
}

uint32_t
akti_sim_decide(struct akti_sim *sim, uint32_t n, uint32_t wish)
{
    akt_sim_choices *record = sim->record;
    uint32_t value = wish;

    if (n == 1) {
        return 0;
    }
    if (sim->replay != NULL) {
        value = replayed(sim->replay, record->count, n);
    }
    if (record->count < record->room) {
        record->list[record->count] = value;
    }
    record->count++;
    akti_sim_note(sim, &(struct akti_note){
                           .event = AKTI_EVENT_CHOICE, .a = n, .b = value});
    return value;
}

uint32_t
akti_sim_choose(struct akti_sim *sim, uint32_t n)
{
    if (n == 1 || sim->strategy == AKT_SIM_FIFO
        || AKTI_MUTANT(sim_ignores_seed)) {
        return 0;
    }
    return akti_sim_decide(sim, n, akti_random_below(&sim->random, n));
}

/* --- who is next --- */

static uint64_t
number_of(struct akti_dispatcher *d, struct akti_runnable *r)
{
    return d->ops->number(r);
}

static uint64_t
priority(const struct akti_sim *sim, uint64_t number)
{
    uint32_t i;

    for (i = 0; i < sim->demotions; i++) {
        if (sim->demotion[i].number == number) {
            return i;
        }
    }
    return akti_hash_mix(akti_hash_mix(0, sim->seed), number)
           | (AKTI_DEMOTIONS + 1);
}

/* The place of the ready actor with the highest priority; there is one. */
static uint32_t
highest(struct akti_dispatcher *d, uint64_t *out_number)
{
    struct akti_runnable *r;
    uint64_t best = 0;
    uint32_t place = 0;
    uint32_t i = 0;

    *out_number = number_of(d, d->sim->head);
    for (r = d->sim->head; r != NULL; r = r->next, i++) {
        uint64_t number = number_of(d, r);
        uint64_t p = priority(d->sim, number);

        if (p > best) {
            best = p;
            place = i;
            *out_number = number;
        }
    }
    return place;
}

/* Whoever is about to run falls, if this step is one of those. */
static bool
demote(struct akti_sim *sim, uint64_t number)
{
    uint32_t i;

    for (i = 0; i < sim->demotions; i++) {
        struct akti_demotion *change = &sim->demotion[i];

        if (change->number == 0 && change->step <= sim->steps + 1) {
            change->number = number;
            return true;
        }
    }
    return false;
}

static uint32_t
wish_pct(struct akti_dispatcher *d)
{
    uint64_t number;
    uint32_t place = highest(d, &number);

    while (demote(d->sim, number)) {
        place = highest(d, &number);
    }
    return place;
}

/* Any but the victim, which may have to do. */
static uint32_t
wish_starve(struct akti_dispatcher *d, uint32_t n)
{
    struct akti_sim *sim = d->sim;
    struct akti_runnable *r = sim->head;
    uint32_t place = UINT32_MAX;
    uint32_t wish;
    uint32_t i;

    for (i = 0; i < n; i++, r = r->next) {
        if (number_of(d, r) == sim->victim) {
            place = i;
        }
    }
    if (place == UINT32_MAX || n == 1) {
        return akti_random_below(&sim->random, n);
    }
    wish = akti_random_below(&sim->random, n - 1);
    return wish < place ? wish : wish + 1;
}

static uint32_t
ready_count(const struct akti_sim *sim, uint32_t most)
{
    const struct akti_runnable *r;
    uint32_t n = 0;

    for (r = sim->head; r != NULL && n < most; r = r->next) {
        n++;
    }
    return n;
}

/* The place in the queue of who is next. */
static uint32_t
choose_place(struct akti_dispatcher *d)
{
    struct akti_sim *sim = d->sim;
    uint32_t n;

    switch (sim->strategy) {
    case AKT_SIM_PCT:
        n = ready_count(sim, UINT32_MAX);
        return akti_sim_decide(sim, n, wish_pct(d));
    case AKT_SIM_STARVE:
        n = ready_count(sim, WINDOW);
        return akti_sim_decide(sim, n, wish_starve(d, n));
    case AKT_SIM_RANDOM:
        return akti_sim_choose(sim, ready_count(sim, WINDOW));
    default:
        return 0;
    }
}

struct akti_runnable *
akti_strategy_pick(struct akti_dispatcher *d)
{
    struct akti_sim *sim = d->sim;
    struct akti_runnable *before = NULL;
    struct akti_runnable *r = sim->head;
    uint32_t k;

    if (r == NULL) {
        return NULL;
    }
    for (k = choose_place(d); k > 0 && r->next != NULL; k--) {
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

bool
akti_strategy_job_first(struct akti_dispatcher *d)
{
    struct akti_sim *sim = d->sim;
    uint64_t number;

    if (sim->strategy == AKT_SIM_PCT) {
        (void)highest(d, &number);
        return akti_sim_decide(sim, 2,
                               priority(sim, POOL) > priority(sim, number))
               == 1;
    }
    return akti_sim_choose(sim, 2) == 1;
}

uint32_t
akti_strategy_batch(struct akti_sim *sim, uint32_t n)
{
    if (n <= 1 || sim->strategy == AKT_SIM_FIFO) {
        return n;
    }
    /* In PCT a step is one message; otherwise half of the turns are. */
    if (sim->strategy == AKT_SIM_PCT || akti_sim_choose(sim, 2) == 1) {
        return 1;
    }
    return n - akti_sim_choose(sim, n);
}

/* --- who is starved --- */

void
akti_strategy_spawned(struct akti_sim *sim, uint64_t number)
{
    sim->spawned++;
    if (sim->strategy != AKT_SIM_STARVE) {
        return;
    }
    if (sim->victim_ordinal != 0) {
        if (sim->spawned == sim->victim_ordinal) {
            sim->victim = number;
        }
        return;
    }
    /* Each of those that there are has the same chance. */
    if (akti_random_below(&sim->random, sim->spawned) == 0) {
        sim->victim = number;
    }
}
