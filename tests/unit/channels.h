/* SPDX-License-Identifier: MIT */
/* What the tests of channels share: values that are counted, tasks that do. */
#ifndef AKT_TESTS_UNIT_CHANNELS_H
#define AKT_TESTS_UNIT_CHANNELS_H

#include "tests/support/sim.h"

/* A plain value. */
#define NUMBER(F) F(i64, n)
AKT_MESSAGE(num, NUMBER);
AKT_MESSAGE(other, NUMBER);
#define WORDS(F) F(text, words)
AKT_MESSAGE(words, WORDS);
AKT_SIGNAL(bell);

/* A value that is alive from parcel_new() to its destructor. */
struct parcel {
    int64_t *live;
    int64_t n;
};

static inline void
parcel_destroy(struct parcel *p)
{
    --*p->live;
}
AKT_LOCAL_MESSAGE_WITH(parcel, parcel_destroy);

/* A task that does what a test says. */
struct body {
    akt_err (*fn)(akt_self *self, void *arg);
    void *arg;
};

static akt_err
doing(akt_self *self, struct body *b)
{
    return b->fn(self, b->arg);
}
AKT_TASK(doing, struct body);

static inline akt_task
begin_task(akt_self *self, akt_err (*fn)(akt_self *, void *), void *arg)
{
    akt_task task;

    assert_ok(akt_task_spawn(self, doing, &task, .fn = fn, .arg = arg));
    return task;
}

/* Runs it as a task to its end. */
static inline akt_err
as_task(struct sim *sim, akt_err (*fn)(akt_self *, void *), void *arg)
{
    return akt_join(sim->me, begin_task(sim->me, fn, arg));
}

/* An actor that does. */
struct owner {
    int64_t unused;
};

static inline akt_err
on_act(akt_self *self, struct owner *o, const struct act *m)
{
    return m->fn(self, m->arg != NULL ? m->arg : (void *)o);
}

/* At most so many turns of whoever can go on. */
static inline void
run_steps(struct sim *sim, uint64_t n)
{
    while (n > 0 && akt_sim_step(sim->system)) {
        n--;
    }
}

#define TEST(scenario)                                                         \
    static void test_##scenario(void **state)                                  \
    {                                                                          \
        (void)state;                                                           \
        sim_each_seed(scenario);                                               \
    }

#endif
