/* SPDX-License-Identifier: MIT */
/*
 * No lost order. A target is sent one message a turn or two, so that it begins and
 * ends turns of both sorts all the time, while a plain thread orders its end; from that moment on it
 * gets no more mail, so that nothing but the order can make it look. An order
 * that is lost leaves it idle for ever.
 */
#include "akt/akt.h"
#include "tests/support/stress.h"

#include <inttypes.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define TARGET(F) F(ref, target)
AKT_MESSAGE(feed, TARGET);
AKT_SIGNAL(crumb);
AKT_SIGNAL(again);

/* The feeder goes on until this is raised. */
static _Atomic bool enough;
/* Rounds that it has begun. */
static _Atomic uint32_t fed;
static _Atomic uint64_t crumbs;

struct target {
    uint64_t eaten;
};

static akt_err
on_crumb(akt_self *self, struct target *t, const struct crumb *m)
{
    (void)self;
    (void)m;
    t->eaten++;
    return AKT_OK;
}

static void
on_exit_target(akt_self *self, struct target *t, const akt_exit *reason)
{
    (void)self;
    (void)reason;
    atomic_fetch_add_explicit(&crumbs, t->eaten, memory_order_relaxed);
}
AKT_CLASS(target, struct target, AKT_ON(crumb, on_crumb),
          AKT_ON_EXIT(on_exit_target));

struct feeder {
    akt_ref target;
    uint64_t turns;
    bool goes_on;
};

static akt_err
on_again(akt_self *self, struct feeder *f, const struct again *m)
{
    (void)m;
    if (atomic_load_explicit(&enough, memory_order_relaxed)) {
        f->goes_on = false;
        return AKT_OK;
    }
    /* Refused once the target has ended. */
    akt_ignore(akt_send(self, f->target, crumb));
    if (f->turns++ % 2 == 0) {
        akt_ignore(akt_send(self, f->target, crumb));
    }
    return akt_send(self, akt_self_ref(self), again);
}

static akt_err
on_feed(akt_self *self, struct feeder *f, const struct feed *m)
{
    f->target = m->target;
    atomic_fetch_add(&fed, 1);
    if (f->goes_on) {
        return AKT_OK;
    }
    f->goes_on = true;
    return akt_send(self, akt_self_ref(self), again);
}
AKT_CLASS(feeder, struct feeder, AKT_ON(again, on_again),
          AKT_ON(feed, on_feed));

static akt_err
give_order(akt_self *self, uint32_t kind, akt_ref ref)
{
    switch (kind) {
    case 0:
        return akt_stop(self, ref);
    case 1:
        return akt_drain(self, ref);
    default:
        return akt_kill(self, ref);
    }
}

static void
pause_for(uint32_t n)
{
    volatile uint32_t i;

    for (i = 0; i < n; i++) {
    }
}

/* On a busy machine the feeder would else be many rounds behind. */
static void
begin_to_feed(akt_self *self, akt_ref feeding, akt_ref ref)
{
    uint32_t before = atomic_load(&fed);

    atomic_store(&enough, false);
    STRESS_OK(akt_send(self, feeding, feed, .target = ref));
    while (atomic_load(&fed) == before) {
        (void)sched_yield();
    }
}

static void
one_round(akt_self *self, akt_ref feeding, struct stress_random *random)
{
    akt_ref ref;

    STRESS_OK(akt_spawn(self, target, &ref));
    begin_to_feed(self, feeding, ref);
    pause_for(stress_below(random, 40000));
    atomic_store(&enough, true);
    pause_for(stress_below(random, 200));
    STRESS_OK(give_order(self, stress_below(random, 3), ref));
    while (akt_ref_is_alive(self, ref)) {
        (void)sched_yield(); /* the watchdog ends this if nothing else does */
    }
}

static void
order(uint32_t workers)
{
    akt_system_opts opts = stress_opts(workers, NULL);
    struct stress_random random = {stress_seed() ^ workers};
    uint32_t rounds = stress_scale(20000);
    akt_system *system;
    akt_self *self;
    akt_ref feeding;
    uint32_t i;

    atomic_store(&crumbs, 0);
    stress_phase("%u workers: orders", workers);
    STRESS_OK(akt_system_start(&opts, &system));
    STRESS_OK(akt_attach(system, &self));
    STRESS_OK(akt_spawn(self, feeder, &feeding));
    for (i = 0; i < rounds; i++) {
        one_round(self, feeding, &random);
    }
    print_message("%u workers: %u orders beside %" PRIu64 " messages\n",
                  workers, rounds, atomic_load(&crumbs));
    stress_figure(14, rounds, "orders obeyed");
    akt_detach(self);
    stress_stop(system, AKT_MS(5000), NULL);
    stress_end();
}

static void
test_order_beside_a_message_is_obeyed(void **state)
{
    uint32_t i;

    (void)state;
    for (i = 0; i < STRESS_WORKER_RUNS; i++) {
        order(stress_workers(i));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_beside_a_message_is_obeyed),
    };

    stress_begin("order_stress");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
