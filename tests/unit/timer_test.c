/* SPDX-License-Identifier: MIT */
/* Timers: when they fire, and in which order. */
#include "actors/core/system.h"
#include "akt/timer.h"
#include "tests/support/sim.h"

#define NUMBER(F) F(i64, n)
AKT_MESSAGE(tick, NUMBER);
AKT_MESSAGE(put, NUMBER);

enum {
    EARLY = -1,
    CANCEL_ME = 77
};

struct clock {
    uint64_t due; /* ticks before it are noted as early */
    akt_timer timer;
};

static akt_err
on_tick(akt_self *self, struct clock *c, const struct tick *m)
{
    if (akt_now_ns(self) < c->due) {
        sim_note(EARLY);
    }
    assert_true(akt_ref_is_none(akt_sender(self)));
    sim_note(m->n);
    if (m->n == CANCEL_ME) {
        sim_note((int64_t)akt_timer_cancel(self, c->timer));
    }
    return AKT_OK;
}

static akt_err
on_put(akt_self *self, struct clock *c, const struct put *m)
{
    (void)self;
    (void)c;
    sim_note(1000 + m->n);
    return AKT_OK;
}

static akt_err
on_act(akt_self *self, struct clock *c, const struct act *m)
{
    return m->fn(self, m->arg != NULL ? m->arg : (void *)c);
}

AKT_CLASS(clock, struct clock, AKT_ON(tick, on_tick), AKT_ON(act, on_act));
AKT_CLASS(sink, struct clock, AKT_ON(put, on_put), AKT_MAILBOX(1, AKT_AWAIT));

static akt_ref
spawn_clock(struct sim *sim)
{
    akt_ref ref;

    assert_ok(akt_spawn(sim->me, clock, &ref, .due = 0));
    return ref;
}

/* --- when --- */

struct timing {
    uint64_t after;
    uint64_t every;
    int64_t n;
};

static akt_err
start(akt_self *self, void *arg)
{
    const struct timing *t = arg;

    return akt_timer_start(self, t->after, t->every, NULL, tick, .n = t->n);
}

static void
fires_at(struct sim *sim, uint64_t after)
{
    struct timing t = {after, 0, 1};
    akt_ref ref = spawn_clock(sim);
    uint64_t due = akt_now_ns(sim->me) + after;

    sim_forget();
    sim_act(sim, ref, start, &t);
    if (after > 0) {
        (void)akt_sim_run_until_idle(sim->system);
        assert_int_equal(akt_sim_next_timer_ns(sim->system), due);
        (void)akt_sim_advance(sim->system, after - 1);
        assert_int_equal(sim_note_count(), 0);
        (void)akt_sim_advance(sim->system, 1);
    } else {
        (void)akt_sim_run_until_idle(sim->system);
    }
    assert_notes(1);
    (void)akt_sim_advance(sim->system, AKT_SECONDS(1000));
    assert_notes(1);
    assert_int_equal(akt_sim_next_timer_ns(sim->system), AKT_NEVER);
}

static void
once(struct sim *sim)
{
    const uint64_t after[] = {
        0, 1, AKT_US(1), AKT_MS(1), AKT_SECONDS(1), AKT_SECONDS(86400)};
    size_t i;

    for (i = 0; i < sizeof(after) / sizeof(after[0]); i++) {
        fires_at(sim, after[i]);
    }
}

static void
test_timer_fires_once_at_its_instant(void **state)
{
    (void)state;
    sim_each_seed(once);
}

static akt_err
start_never(akt_self *self, void *arg)
{
    (void)arg;
    return akt_timer_start(self, AKT_NEVER, 0, NULL, tick, .n = 1);
}

static void
far_away(struct sim *sim)
{
    sim_do(sim, spawn_clock(sim), start_never, NULL);
    (void)akt_sim_advance(sim->system, AKT_SECONDS(1000000));
    assert_int_equal(sim_note_count(), 0);
}

static void
test_timer_beyond_all_time_does_not_wrap(void **state)
{
    (void)state;
    sim_in_order(far_away);
}

static akt_err
start_many(akt_self *self, void *arg)
{
    const int64_t delays[] = {5, 3, 3, 9, 0, 5, 3, 1};
    size_t i;

    (void)arg;
    for (i = 0; i < 8; i++) {
        assert_ok(akt_timer_start(self, AKT_MS((uint64_t)delays[i]), 0, NULL,
                                  tick, .n = delays[i] * 10 + (int64_t)i));
    }
    return AKT_OK;
}

static void
in_order(struct sim *sim)
{
    sim_do(sim, spawn_clock(sim), start_many, NULL);
    (void)akt_sim_advance(sim->system, AKT_MS(20));
    assert_notes(4, 17, 31, 32, 36, 50, 55, 93);
}

static void
test_timers_fire_by_time_and_then_by_start(void **state)
{
    (void)state;
    sim_each_seed(in_order);
}

#define CROWD 100000

static akt_err
start_crowd(akt_self *self, void *arg)
{
    struct clock *c = arg;
    int64_t i;

    for (i = 0; i < CROWD; i++) {
        uint64_t after = akt_random(self) % AKT_SECONDS(1);
        akt_timer t;

        assert_ok(akt_timer_start(self, after, 0, &t, tick, .n = 5));
        if (i % 2 == 0) {
            assert_ok(akt_timer_cancel(self, t));
        }
    }
    c->due = akt_now_ns(self);
    return AKT_OK;
}

static void
crowd(struct sim *sim)
{
    sim_do(sim, spawn_clock(sim), start_crowd, NULL);
    (void)akt_sim_advance(sim->system, AKT_SECONDS(1));
    assert_int_equal(sim_noted(5), CROWD / 2);
    assert_int_equal(sim_noted(EARLY), 0);
    assert_int_equal(akt_sim_next_timer_ns(sim->system), AKT_NEVER);
}

static void
test_a_hundred_thousand_timers_fire_or_are_cancelled(void **state)
{
    (void)state;
    sim_in_order(crowd);
}

/* --- periods --- */

static void
periodic(struct sim *sim)
{
    struct timing t = {AKT_MS(5), AKT_MS(2), 1};
    akt_ref ref = spawn_clock(sim);
    size_t k;

    sim_do(sim, ref, start, &t);
    (void)akt_sim_advance(sim->system, AKT_MS(5) - 1);
    assert_int_equal(sim_note_count(), 0);
    (void)akt_sim_advance(sim->system, 1);
    for (k = 1; k <= 50; k++) {
        assert_int_equal(sim_note_count(), k);
        (void)akt_sim_advance(sim->system, AKT_MS(2) - 1);
        assert_int_equal(sim_note_count(), k);
        (void)akt_sim_advance(sim->system, 1);
    }
    assert_ok(akt_stop(sim->me, ref));
    (void)akt_sim_run_until_idle(sim->system);
    assert_int_equal(akt_sim_next_timer_ns(sim->system), AKT_NEVER);
}

static void
test_periodic_timer_keeps_its_grid(void **state)
{
    (void)state;
    sim_each_seed(periodic);
}

/*
 * A handler that takes 7.5 ms by the virtual clock, in which three firings of a
 * 2 ms timer are missed.
 */
static akt_err
take_long(akt_self *self, void *arg)
{
    struct akti_dispatcher *d = &akt_self_system(self)->dispatcher;

    (void)arg;
    d->sim->now_ns += AKT_US(7500);
    (void)akt_now_ns(self);
    return AKT_OK;
}

static void
busy(struct sim *sim)
{
    struct timing t = {AKT_MS(2), AKT_MS(2), 1};
    akt_ref ref = spawn_clock(sim);
    uint64_t start_ns = akt_now_ns(sim->me);

    sim_do(sim, ref, start, &t);
    (void)akt_sim_advance(sim->system, AKT_MS(3));
    assert_int_equal(sim_note_count(), 1);
    sim_do(sim, ref, take_long, NULL);
    /* Due at 4, 6, 8 and 10, now is 10.5: one tick for all of them. */
    assert_int_equal(sim_note_count(), 2);
    assert_int_equal(akt_sim_next_timer_ns(sim->system), start_ns + AKT_MS(12));
    (void)akt_sim_advance(sim->system, AKT_US(1500) - 1);
    assert_int_equal(sim_note_count(), 2);
    (void)akt_sim_advance(sim->system, 1);
    assert_int_equal(sim_note_count(), 3);
}

static void
test_periodic_timer_leaves_out_what_was_missed(void **state)
{
    (void)state;
    sim_each_seed(busy);
}

/* The actor waits for room while the timer fires: at most one tick waits. */
static akt_err
stuff(akt_self *self, void *arg)
{
    int64_t i;

    for (i = 0; i < 5; i++) {
        assert_ok(akt_send(self, *(akt_ref *)arg, put, .n = i));
    }
    return AKT_OK;
}

static void
waits(struct sim *sim)
{
    struct timing t = {AKT_MS(2), AKT_MS(2), 1};
    akt_ref ref = spawn_clock(sim);
    akt_ref other;
    size_t i;

    assert_ok(akt_spawn(sim->me, sink, &other, .due = 0));
    sim_do(sim, ref, start, &t);
    sim_act(sim, ref, stuff, &other);
    assert_true(akt_sim_step(sim->system)); /* it is suspended now */
    for (i = 0; i < 5; i++) {
        sim->system->dispatcher.sim->now_ns += AKT_MS(2);
        assert_true(akt_sim_step(sim->system));
        assert_true(sim_noted(1) <= i + 1);
    }
    (void)akt_sim_run_until_idle(sim->system);
    assert_true(sim_noted(1) <= 5);
    sim_forget();
    (void)akt_sim_advance(sim->system, AKT_MS(20));
    assert_int_equal(sim_noted(1), 10);
}

static void
test_periodic_timer_of_a_waiting_actor_goes_on(void **state)
{
    (void)state;
    sim_in_order(waits);
}

static akt_err
start_wrong(akt_self *self, void *arg)
{
    akt_timer t = {NULL, 9};

    (void)arg;
    assert_err(akt_timer_start(self, 0, 999, &t, tick, .n = 1), AKT_EINVAL);
    assert_err(akt_timer_start(self, 0, 1, &t, tick, .n = 1), AKT_EINVAL);
    assert_int_equal(t.generation, 9);
    sim_note(-9);
    return AKT_OK;
}

static void
wrong(struct sim *sim)
{
    akt_timer t = {NULL, 0};

    sim_do(sim, spawn_clock(sim), start_wrong, NULL);
    assert_notes(-9);
    assert_err(akt_timer_start(sim->me, 0, 0, &t, tick, .n = 1), AKT_ECONTEXT);
    assert_err(akt_timer_cancel(sim->me, t), AKT_EENDED);
}

static void
test_timer_start_with_wrong_arguments_is_refused(void **state)
{
    (void)state;
    sim_in_order(wrong);
}

struct scarce {
    struct sim *sim;
    uint64_t fails; /* the allocation that fails, counted from now */
    akt_err err;
};

static akt_err
start_scarce(akt_self *self, void *arg)
{
    struct scarce *s = arg;

    s->sim->memory.fail_at = s->sim->memory.calls + s->fails;
    s->err = akt_timer_start(self, AKT_MS(1), 0, NULL, tick, .n = 1);
    s->sim->memory.fail_at = 0;
    return AKT_OK;
}

/* Either it says that there is no memory, or the timer fires. */
static void
scarce(struct sim *sim)
{
    struct scarce s = {.sim = sim, .fails = 1 + sim->seed % 4};
    akt_ref ref = spawn_clock(sim);

    sim_do(sim, ref, start_scarce, &s);
    (void)akt_sim_advance(sim->system, AKT_MS(2));
    assert_int_equal(sim_note_count(), s.err == AKT_OK);
    assert_true(s.err == AKT_OK || s.err == AKT_ENOMEM);
    assert_true(s.err == AKT_ENOMEM || s.fails > 1);
}

static void
test_timer_that_was_started_fires_in_spite_of_scarce_memory(void **state)
{
    (void)state;
    sim_each_seed(scarce);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_timer_fires_once_at_its_instant),
        sim_test(test_timer_beyond_all_time_does_not_wrap),
        sim_test(test_timers_fire_by_time_and_then_by_start),
        sim_test(test_a_hundred_thousand_timers_fire_or_are_cancelled),
        sim_test(test_periodic_timer_keeps_its_grid),
        sim_test(test_periodic_timer_leaves_out_what_was_missed),
        sim_test(test_periodic_timer_of_a_waiting_actor_goes_on),
        sim_test(test_timer_start_with_wrong_arguments_is_refused),
        sim_test(test_timer_that_was_started_fires_in_spite_of_scarce_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
