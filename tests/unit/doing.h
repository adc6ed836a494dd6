/* SPDX-License-Identifier: MIT */
/* Tasks and actors that do what a test says. */
#ifndef AKT_TESTS_UNIT_DOING_H
#define AKT_TESTS_UNIT_DOING_H

#include "tests/support/sim.h"

typedef akt_err do_fn(akt_self *self, void *arg);

struct body {
    do_fn *fn;
    void *arg;
};

static inline akt_err
doing(akt_self *self, struct body *b)
{
    return b->fn(self, b->arg);
}
AKT_TASK(doing, struct body);

struct doer {
    int64_t unused;
};

static inline akt_err
on_act(akt_self *self, struct doer *d, const struct act *m)
{
    return m->fn(self, m->arg != NULL ? m->arg : (void *)d);
}

/* Starts a task that calls `fn`. */
static inline akt_task
start_task(akt_self *self, do_fn *fn, void *arg)
{
    akt_task task = {AKT_REF_NONE, {NULL, 0}};

    assert_ok(akt_task_spawn(self, doing, &task, .fn = fn, .arg = arg));
    return task;
}

/* Runs it to its end. */
static inline akt_err
as_task(struct sim *sim, do_fn *fn, void *arg)
{
    return akt_join(sim->me, start_task(sim->me, fn, arg));
}

/* Random numbers of a test: another row for each seed. */
static inline uint32_t
roll(uint64_t *state, uint32_t below)
{
    *state =
        *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 33) % below;
}

#define TEST(scenario)                                                         \
    static void test_##scenario(void **state)                                  \
    {                                                                          \
        (void)state;                                                           \
        sim_each_seed(scenario);                                               \
    }

#endif
