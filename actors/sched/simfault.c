/* SPDX-License-Identifier: MIT */
/* What goes wrong in a simulation, by chance or by count. */
#include "actors/sched/sim.h"

#define LATE_MS_MAX 10u
#define MS UINT64_C(1000000)

static bool
by_chance(struct akti_sim *sim, uint32_t chance)
{
    uint32_t wish = 0;

    if (chance == 0) {
        return false;
    }
    if (sim->replay == NULL) {
        wish = akti_random_below(&sim->random, AKT_SIM_ALWAYS) < chance;
    }
    return akti_sim_decide(sim, 2, wish) == 1;
}

bool
akti_sim_fault_slowly(struct akti_sim *sim, akt_fault fault)
{
    struct akti_sim_fault *f = &sim->fault[fault];
    bool fires = by_chance(sim, f->chance);

    f->count.passed++;
    if (f->at != 0 && --f->at == 0) {
        fires = true;
    }
    if (fires) {
        f->count.fired++;
        akti_sim_note(sim, &(struct akti_note){.event = AKTI_EVENT_FAULT,
                                               .a = fault,
                                               .b = f->count.fired});
    }
    if (f->chance == 0 && f->at == 0) {
        sim->armed &= ~(1u << fault);
    }
    return fires;
}

void
akti_sim_fault_arm(struct akti_sim *sim, akt_fault fault, uint32_t chance,
                   uint64_t at)
{
    sim->fault[fault].chance = chance;
    sim->fault[fault].at = at;
    if (chance != 0 || at != 0) {
        sim->armed |= 1u << fault;
    } else {
        sim->armed &= ~(1u << fault);
    }
}

void
akti_sim_heal(struct akti_sim *sim)
{
    unsigned i;

    for (i = 0; i < AKT_FAULTS; i++) {
        akti_sim_fault_arm(sim, (akt_fault)i, 0, 0);
    }
    if (sim->outside != NULL) {
        sim->outside->heal(sim->outside);
    }
}

uint64_t
akti_sim_delay(struct akti_sim *sim)
{
    uint32_t wish = akti_random_below(&sim->random, LATE_MS_MAX);

    return MS * (1 + akti_sim_decide(sim, LATE_MS_MAX, wish));
}
