/* SPDX-License-Identifier: MIT */
/* What silences a timer. */
#include "akt/timer.h"
#include "tests/support/sim.h"

#define NUMBER(F) F(i64, n)
AKT_MESSAGE(tick, NUMBER);

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
on_act(akt_self *self, struct clock *c, const struct act *m)
{
    return m->fn(self, m->arg != NULL ? m->arg : (void *)c);
}

AKT_CLASS(clock, struct clock, AKT_ON(tick, on_tick), AKT_ON(act, on_act));

static akt_ref
spawn_clock(struct sim *sim)
{
    akt_ref ref;

    assert_ok(akt_spawn(sim->me, clock, &ref, .due = 0));
    return ref;
}

static akt_err
start_own(akt_self *self, void *arg)
{
    struct clock *c = arg;

    return akt_timer_start(self, AKT_MS(5), 0, &c->timer, tick, .n = 1);
}

static akt_err
start_own_periodic(akt_self *self, void *arg)
{
    struct clock *c = arg;

    return akt_timer_start(self, AKT_MS(5), AKT_MS(5), &c->timer, tick, .n = 1);
}

static akt_err
start_own_suicidal(akt_self *self, void *arg)
{
    struct clock *c = arg;

    return akt_timer_start(self, AKT_MS(5), AKT_MS(5), &c->timer, tick,
                           .n = CANCEL_ME);
}

static akt_err
cancel_own(akt_self *self, void *arg)
{
    struct clock *c = arg;

    sim_note(-100 - (int64_t)akt_timer_cancel(self, c->timer));
    return AKT_OK;
}

static void
cancels_before(struct sim *sim)
{
    akt_ref ref = spawn_clock(sim);

    sim_do(sim, ref, start_own, NULL);
    (void)akt_sim_advance(sim->system, AKT_MS(5) - 1);
    sim_do(sim, ref, cancel_own, NULL);
    sim_do(sim, ref, cancel_own, NULL);
    (void)akt_sim_advance(sim->system, AKT_MS(50));
    assert_notes(-100, -100 - AKT_EENDED);
    sim_forget();
    sim_do(sim, ref, start_own_periodic, NULL);
    (void)akt_sim_advance(sim->system, AKT_MS(12));
    sim_do(sim, ref, cancel_own, NULL);
    (void)akt_sim_advance(sim->system, AKT_MS(50));
    assert_notes(1, 1, -100);
    assert_int_equal(akt_sim_next_timer_ns(sim->system), AKT_NEVER);
}

static void
test_cancel_before_it_fires_silences_it(void **state)
{
    (void)state;
    sim_each_seed(cancels_before);
}

static void
cancels_after(struct sim *sim)
{
    akt_ref ref = spawn_clock(sim);

    sim_do(sim, ref, start_own, NULL);
    (void)akt_sim_advance(sim->system, AKT_MS(5));
    sim_do(sim, ref, cancel_own, NULL);
    assert_notes(1, -100 - AKT_EENDED);
}

static void
test_cancel_after_it_was_handled_is_too_late(void **state)
{
    (void)state;
    sim_each_seed(cancels_after);
}

/* At its very instant: either it was handled, or the cancel silenced it. */
static akt_err
cancel_at_instant(akt_self *self, void *arg)
{
    struct clock *c = arg;
    int64_t handled = (int64_t)sim_noted(1);
    akt_err err = akt_timer_cancel(self, c->timer);

    assert_int_equal(err, handled != 0 ? AKT_EENDED : AKT_OK);
    sim_note(-5);
    return AKT_OK;
}

static void
cancels_queued(struct sim *sim)
{
    akt_ref ref = spawn_clock(sim);

    sim_do(sim, ref, start_own, NULL);
    (void)akt_sim_advance(sim->system, AKT_MS(5) - 1);
    sim_act(sim, ref, cancel_at_instant, NULL);
    (void)akt_sim_advance(sim->system, 1);
    (void)akt_sim_advance(sim->system, AKT_MS(50));
    assert_int_equal(sim_noted(-5), 1);
    assert_int_equal(sim_noted(1), 0);
}

static akt_err
start_two(akt_self *self, void *arg)
{
    struct clock *c = arg;

    assert_ok(akt_timer_start(self, AKT_MS(5), 0, NULL, tick, .n = CANCEL_ME));
    return akt_timer_start(self, AKT_MS(5), c->due == 0 ? 0 : AKT_MS(5),
                           &c->timer, tick, .n = 1);
}

/* The first of two ticks in the mailbox cancels the second. */
static void
cancels_in_mailbox(struct sim *sim)
{
    akt_ref ref;
    uint64_t periodic_too;

    for (periodic_too = 0; periodic_too < 2; periodic_too++) {
        assert_ok(akt_spawn(sim->me, clock, &ref, .due = periodic_too));
        sim_forget();
        sim_do(sim, ref, start_two, NULL);
        (void)akt_sim_advance(sim->system, AKT_MS(50));
        assert_notes(CANCEL_ME, AKT_OK);
    }
    cancels_queued(sim);
}

static void
test_cancel_while_it_waits_in_the_mailbox_silences_it(void **state)
{
    (void)state;
    sim_each_seed(cancels_in_mailbox);
}

static akt_err
start_own_once_suicidal(akt_self *self, void *arg)
{
    struct clock *c = arg;

    return akt_timer_start(self, AKT_MS(5), 0, &c->timer, tick, .n = CANCEL_ME);
}

static void
cancels_itself(struct sim *sim)
{
    akt_ref ref = spawn_clock(sim);

    sim_do(sim, ref, start_own_suicidal, NULL);
    (void)akt_sim_advance(sim->system, AKT_MS(50));
    assert_notes(CANCEL_ME, AKT_OK);
    sim_forget();
    sim_do(sim, ref, start_own_once_suicidal, NULL);
    (void)akt_sim_advance(sim->system, AKT_MS(50));
    assert_notes(CANCEL_ME, AKT_EENDED);
}

static void
test_cancel_in_its_own_handler(void **state)
{
    (void)state;
    sim_each_seed(cancels_itself);
}

static akt_timer stolen;

static akt_err
give_timer(akt_self *self, void *arg)
{
    (void)self;
    stolen = ((struct clock *)arg)->timer;
    return AKT_OK;
}

static akt_err
cancel_stolen(akt_self *self, void *arg)
{
    (void)arg;
    assert_err(akt_timer_cancel(self, stolen), AKT_EENDED);
    return AKT_OK;
}

static void
of_another(struct sim *sim)
{
    akt_ref ref = spawn_clock(sim);

    sim_do(sim, ref, start_own, NULL);
    sim_do(sim, ref, give_timer, NULL);
    sim_do(sim, spawn_clock(sim), cancel_stolen, NULL);
    (void)akt_sim_advance(sim->system, AKT_MS(5));
    assert_notes(1);
}

static void
test_cancel_of_anothers_timer_is_refused(void **state)
{
    (void)state;
    sim_each_seed(of_another);
}

static void
owner_ends(struct sim *sim)
{
    akt_ref ref = spawn_clock(sim);

    sim_do(sim, ref, start_own_periodic, NULL);
    sim_do(sim, ref, start_own, NULL);
    (void)akt_sim_advance(sim->system, AKT_MS(5) - 1);
    assert_ok(akt_kill(sim->me, ref));
    (void)akt_sim_advance(sim->system, AKT_MS(50));
    assert_int_equal(sim_note_count(), 0);
    assert_int_equal(sim->letter_count, 0);
    assert_int_equal(akt_sim_next_timer_ns(sim->system), AKT_NEVER);
}

static void
test_timers_of_a_dead_actor_vanish(void **state)
{
    (void)state;
    sim_each_seed(owner_ends);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_cancel_before_it_fires_silences_it),
        sim_test(test_cancel_after_it_was_handled_is_too_late),
        sim_test(test_cancel_while_it_waits_in_the_mailbox_silences_it),
        sim_test(test_cancel_in_its_own_handler),
        sim_test(test_cancel_of_anothers_timer_is_refused),
        sim_test(test_timers_of_a_dead_actor_vanish),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
