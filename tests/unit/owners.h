/* SPDX-License-Identifier: MIT */
/* Nothing stays open when its owner ends, an actor, nor when something fails. */
#ifndef AKT_TESTS_UNIT_OWNERS_H
#define AKT_TESTS_UNIT_OWNERS_H

#include "akt/dir.h"
#include "akt/file.h"
#include "tests/unit/files.h"

struct owner {
    akt_dir dir;
    akt_file file;
    akt_future future;
};

static inline akt_err
on_act(akt_self *self, struct owner *o, const struct act *m)
{
    return m->fn(self, o);
}
AKT_CLASS(owner, struct owner, AKT_ON(act, on_act));

/* So many are ended while they open something, by threads; nothing stays open. */
static inline void
kill_owners(uint32_t n, akt_err (*open)(akt_self *self, void *owner))
{
    struct stress_memory memory;
    akt_system_opts opts;
    akt_system *system;
    akt_self *self;
    uint32_t i;

    stress_memory_init(&memory);
    opts = stress_opts(2, &memory);
    STRESS_OK(akt_system_start(&opts, &system));
    STRESS_OK(akt_attach(system, &self));
    for (i = 0; i < n; i++) {
        akt_ref ref;

        STRESS_OK(akt_spawn(self, owner, &ref, .future = {NULL, 0}));
        STRESS_OK(akt_send(self, ref, act, .fn = open));
        akt_ignore(i % 3 != 0 ? akt_kill(self, ref) : akt_stop(self, ref));
    }
    akt_detach(self);
    STRESS_OK(akt_system_stop(system, AKT_SECONDS(60)));
    akt_system_destroy(system);
    stress_memory_check(&memory);
    assert_int_equal(count_files(), files_before);
}

/* Each pass of one sort of fault fails once. */
static inline void
fail_each_of(struct sim *sim, akt_fault sort, void (*use)(struct sim *sim))
{
    uint64_t fired;
    uint64_t n = 0;

    do {
        fired = akt_sim_faults(sim->system, sort).fired;
        assert_ok(akt_sim_fault_at(sim->system, sort, ++n));
        use(sim);
        (void)akt_sim_run_until_idle(sim->system);
        assert_int_equal(count_files(), files_before);
    } while (akt_sim_faults(sim->system, sort).fired > fired);
    assert_true(n > 3);
    /* The last one has not come about. */
    akt_sim_heal(sim->system);
}

static inline void
fail_each(struct sim *sim, void (*use)(struct sim *sim))
{
    fail_each_of(sim, AKT_FAULT_FILE, use);
    fail_each_of(sim, AKT_FAULT_ALLOC, use);
    fail_each_of(sim, AKT_FAULT_JOB, use);
}

#endif
