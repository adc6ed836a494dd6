/* SPDX-License-Identifier: MIT */
/* All ways in which an actor ends: once, for the right reason. */
#include "tests/support/sim.h"

#define NUMBER(F) F(i64, n)
AKT_MESSAGE(put, NUMBER);

enum {
    STARTED = 1,
    EXITED = 100,
    HANDLED = 1000,
    OTHER = 2000
};
enum {
    STOP_SELF = -1,
    FAIL = -2,
    BECOME = -3,
    BACK = -4,
    BECOME_WRONG = -5
};

#define OWN_ERROR ((akt_err)(AKT_EUSER + 7))

struct life {
    int64_t id;
    akt_err start_error;
    bool stops_in_start;
    akt_ref heir; /* told of the end by on_exit */
};

static akt_err
on_start(akt_self *self, struct life *l)
{
    sim_note(STARTED);
    if (l->stops_in_start) {
        akt_stop_self(self);
    }
    return l->start_error;
}

static void
on_exit(akt_self *self, struct life *l, const akt_exit *reason)
{
    sim_note(EXITED + (int64_t)reason->kind);
    if (reason->error != AKT_OK) {
        sim_note((int64_t)reason->error);
    }
    if (!akt_ref_is_none(l->heir)) {
        assert_ok(akt_send(self, l->heir, put, .n = l->id));
    }
}

static akt_err
on_act(akt_self *self, struct life *l, const struct act *m)
{
    (void)l;
    return m->fn(self, m->arg);
}

static akt_err
on_put(akt_self *self, struct life *l, const struct put *m)
{
    switch (m->n) {
    case STOP_SELF:
        akt_stop_self(self);
        return AKT_OK;
    case FAIL:
        return OWN_ERROR;
    default:
        sim_note(HANDLED + m->n + 10 * l->id);
        return AKT_OK;
    }
}

AKT_CLASS(life, struct life, AKT_ON_START(on_start), AKT_ON_EXIT(on_exit),
          AKT_ON(put, on_put), AKT_ON(act, on_act));
AKT_CLASS(brittle, struct life, AKT_ON_EXIT(on_exit), AKT_ON(put, on_put),
          AKT_MAILBOX(2, AKT_STOP));
AKT_CLASS(narrow, struct life, AKT_ON(put, on_put), AKT_MAILBOX(1, AKT_AWAIT));

static akt_ref
spawn_life(struct sim *sim)
{
    akt_ref ref;

    assert_ok(akt_spawn(sim->me, life, &ref, .id = 0));
    return ref;
}

static void
put_three(struct sim *sim, akt_ref ref)
{
    int64_t n;

    for (n = 1; n <= 3; n++) {
        assert_ok(akt_send(sim->me, ref, put, .n = n));
    }
}

/* It ended once, for this reason, as its last act, and is gone. */
static void
assert_ended(struct sim *sim, akt_ref ref, akt_exit_kind kind)
{
    size_t ends = 0;
    int64_t k;

    (void)akt_sim_run_until_idle(sim->system);
    for (k = EXITED + 1; k <= EXITED + AKT_EXIT_SHUTDOWN; k++) {
        ends += sim_noted(k);
    }
    assert_int_equal(ends, 1);
    assert_int_equal(sim_noted(EXITED + (int64_t)kind), 1);
    assert_false(akt_ref_is_alive(sim->me, ref));
    assert_err(akt_stop(sim->me, ref), AKT_EDEAD);
    assert_err(akt_drain(sim->me, ref), AKT_EDEAD);
    assert_err(akt_kill(sim->me, ref), AKT_EDEAD);
    assert_int_equal(sim_counters(sim).exited, 1);
    assert_int_equal(sim_counters(sim).queued, 0);
}

static void
stops_itself(struct sim *sim)
{
    akt_ref ref = spawn_life(sim);

    assert_ok(akt_send(sim->me, ref, put, .n = 1));
    assert_ok(akt_send(sim->me, ref, put, .n = STOP_SELF));
    assert_ok(akt_send(sim->me, ref, put, .n = 2));
    assert_ended(sim, ref, AKT_EXIT_STOPPED);
    assert_notes(STARTED, HANDLED + 1, EXITED + AKT_EXIT_STOPPED);
    assert_int_equal(sim_counters(sim).dead, 1);
}

static void
test_stop_self_ends_after_the_message(void **state)
{
    (void)state;
    sim_each_seed(stops_itself);
}

static void
is_stopped(struct sim *sim)
{
    akt_ref ref = spawn_life(sim);

    (void)akt_sim_run_until_idle(sim->system);
    put_three(sim, ref);
    assert_ok(akt_stop(sim->me, ref));
    assert_ok(akt_stop(sim->me, ref));
    assert_ended(sim, ref, AKT_EXIT_STOPPED);
    assert_notes(STARTED, EXITED + AKT_EXIT_STOPPED);
    assert_int_equal(sim_letters(sim, AKT_FATE_DEAD, AKT_EDEAD), 3);
}

static void
test_stop_overtakes_what_waits(void **state)
{
    (void)state;
    sim_each_seed(is_stopped);
}

static void
is_drained(struct sim *sim)
{
    akt_ref ref = spawn_life(sim);

    put_three(sim, ref);
    assert_ok(akt_drain(sim->me, ref));
    assert_ended(sim, ref, AKT_EXIT_DRAINED);
    assert_notes(STARTED, HANDLED + 1, HANDLED + 2, HANDLED + 3,
                 EXITED + AKT_EXIT_DRAINED);
}

static void
test_drain_finishes_the_queue(void **state)
{
    (void)state;
    sim_each_seed(is_drained);
}

static void
refuses(struct sim *sim)
{
    akt_ref ref = spawn_life(sim);
    int steps = 0;

    put_three(sim, ref);
    assert_ok(akt_drain(sim->me, ref));
    while (akt_ref_is_alive(sim->me, ref)) {
        assert_true(akt_sim_step(sim->system));
        if (akt_ref_is_alive(sim->me, ref)) {
            steps++;
            assert_err(akt_send(sim->me, ref, put, .n = 4), AKT_EDEAD);
            assert_err(akt_send_within(sim->me, AKT_MS(1), ref, put, .n = 4),
                       AKT_EDEAD);
        }
    }
    assert_true(steps > 0);
    assert_ended(sim, ref, AKT_EXIT_DRAINED);
    assert_int_equal(sim_noted(HANDLED + 3), 1);
    assert_int_equal(sim_noted(HANDLED + 4), 0);
}

static void
test_drain_refuses_new_mail(void **state)
{
    const akt_system_opts one = {.batch = 1};

    (void)state;
    sim_each_seed_with(&one, refuses);
}

static void
drain_of_idle(struct sim *sim)
{
    akt_ref ref = spawn_life(sim);

    (void)akt_sim_run_until_idle(sim->system);
    assert_ok(akt_drain(sim->me, ref));
    assert_ended(sim, ref, AKT_EXIT_DRAINED);
}

static void
test_drain_of_an_idle_actor_ends_it(void **state)
{
    (void)state;
    sim_each_seed(drain_of_idle);
}

static void
is_killed(struct sim *sim)
{
    akt_ref ref = spawn_life(sim);

    (void)akt_sim_run_until_idle(sim->system);
    put_three(sim, ref);
    assert_ok(akt_kill(sim->me, ref));
    assert_ended(sim, ref, AKT_EXIT_KILLED);
    assert_notes(STARTED, EXITED + AKT_EXIT_KILLED);
    assert_int_equal(sim_letters(sim, AKT_FATE_DEAD, AKT_EDEAD), 3);
}

static void
test_kill_handles_nothing_more(void **state)
{
    (void)state;
    sim_each_seed(is_killed);
}

static akt_err
fill(akt_self *self, void *arg)
{
    int64_t n;

    for (n = 1; n <= 3; n++) {
        assert_ok(akt_send(self, *(akt_ref *)arg, put, .n = n));
    }
    return AKT_OK;
}

static void
is_killed_while_suspended(struct sim *sim)
{
    akt_ref target;
    akt_ref ref = spawn_life(sim);

    (void)akt_sim_run_until_idle(sim->system);
    assert_ok(akt_spawn(sim->me, narrow, &target, .id = 0));
    sim_act(sim, ref, fill, &target);
    assert_true(akt_sim_step(sim->system));
    assert_ok(akt_kill(sim->me, ref));
    assert_ended(sim, ref, AKT_EXIT_KILLED);
    assert_int_equal(sim_letters(sim, AKT_FATE_RETURNED, AKT_EDEAD), 2);
    assert_int_equal(sim_noted(HANDLED + 1), 1);
}

static void
test_kill_of_suspended_returns_its_sends(void **state)
{
    (void)state;
    sim_in_order(is_killed_while_suspended);
}

static void
fails(struct sim *sim)
{
    akt_ref ref = spawn_life(sim);

    assert_ok(akt_send(sim->me, ref, put, .n = FAIL));
    assert_ok(akt_send(sim->me, ref, put, .n = 2));
    assert_ended(sim, ref, AKT_EXIT_FAILED);
    assert_notes(STARTED, EXITED + AKT_EXIT_FAILED, (int64_t)OWN_ERROR);
    assert_int_equal(sim_counters(sim).delivered, 1);
    assert_int_equal(sim_counters(sim).crashed, 1);
    assert_true(sim_log_has(sim, "life<"));
}

static void
test_handler_error_ends_as_failed(void **state)
{
    (void)state;
    sim_each_seed(fails);
}

static void
overflows(struct sim *sim)
{
    akt_ref ref;

    assert_ok(akt_spawn(sim->me, brittle, &ref, .id = 0));
    assert_ok(akt_send(sim->me, ref, put, .n = 1));
    assert_ok(akt_send(sim->me, ref, put, .n = 2));
    assert_err(akt_send(sim->me, ref, put, .n = 3), AKT_EFULL);
    assert_ended(sim, ref, AKT_EXIT_OVERFLOW);
    assert_notes(EXITED + AKT_EXIT_OVERFLOW);
    assert_int_equal(sim_counters(sim).dead, 2);
}

static void
test_overflow_of_stop_mailbox_ends_it(void **state)
{
    (void)state;
    sim_each_seed(overflows);
}

static void
is_shut_down(struct sim *sim)
{
    akt_ref ref = spawn_life(sim);

    (void)akt_sim_run_until_idle(sim->system);
    put_three(sim, ref);
    assert_ok(akt_system_stop(sim->system, 0));
    assert_notes(STARTED, EXITED + AKT_EXIT_SHUTDOWN);
    assert_int_equal(sim_letters(sim, AKT_FATE_DISCARDED, AKT_ESTOPPED), 3);
    assert_err(akt_send(sim->me, ref, put, .n = 4), AKT_ESTOPPED);
}

static void
test_system_stop_ends_as_shutdown(void **state)
{
    (void)state;
    sim_each_seed(is_shut_down);
}

static akt_err
stop_me(akt_self *self, void *arg)
{
    (void)arg;
    assert_ok(akt_stop(self, akt_self_ref(self)));
    return AKT_OK;
}

static void
stops_by_reference(struct sim *sim)
{
    akt_ref ref = spawn_life(sim);

    sim_act(sim, ref, stop_me, NULL);
    assert_ok(akt_send(sim->me, ref, put, .n = 1));
    assert_ended(sim, ref, AKT_EXIT_STOPPED);
    assert_notes(STARTED, EXITED + AKT_EXIT_STOPPED);
}

static void
test_stop_of_oneself_ends_after_the_message(void **state)
{
    (void)state;
    sim_each_seed(stops_by_reference);
}

static void
tells_heir(struct sim *sim)
{
    akt_ref heir;
    akt_ref ref;

    assert_ok(akt_spawn(sim->me, brittle, &heir, .id = 0));
    assert_ok(akt_spawn(sim->me, life, &ref, .id = 5, .heir = heir));
    (void)akt_sim_run_until_idle(sim->system);
    assert_ok(akt_stop(sim->me, ref));
    (void)akt_sim_run_until_idle(sim->system);
    assert_notes(STARTED, EXITED + AKT_EXIT_STOPPED, HANDLED + 5);
}

static void
test_exit_handler_may_send(void **state)
{
    (void)state;
    sim_each_seed(tells_heir);
}

/* Every pair of orders at once: one end, by one of the two reasons. */
static void
two_orders(struct sim *sim)
{
    akt_ref ref = spawn_life(sim);
    akt_err (*const give[])(akt_self *, akt_ref) = {akt_stop, akt_drain,
                                                    akt_kill};
    const akt_exit_kind kinds[] = {AKT_EXIT_STOPPED, AKT_EXIT_DRAINED,
                                   AKT_EXIT_KILLED};
    size_t a = sim->seed % 3;
    size_t b = sim->seed / 3 % 3;
    uint64_t steps = sim->seed % 4;

    put_three(sim, ref);
    assert_ok(give[a](sim->me, ref));
    while (steps-- > 0 && akt_sim_step(sim->system)) {
    }
    if (akt_ref_is_alive(sim->me, ref)) {
        assert_ok(give[b](sim->me, ref));
    }
    (void)akt_sim_run_until_idle(sim->system);
    assert_ended(sim, ref,
                 sim_noted(EXITED + (int64_t)kinds[b]) != 0 ? kinds[b]
                                                            : kinds[a]);
}

static void
test_orders_given_together_end_it_once(void **state)
{
    const akt_system_opts one = {.batch = 1};

    (void)state;
    sim_each_seed_with(&one, two_orders);
}

/* Both are there when it looks: the stronger one is obeyed. */
static void
strongest(struct sim *sim)
{
    akt_ref ref = spawn_life(sim);
    akt_err (*const give[])(akt_self *, akt_ref) = {akt_drain, akt_stop,
                                                    akt_kill};
    const akt_exit_kind kinds[] = {AKT_EXIT_DRAINED, AKT_EXIT_STOPPED,
                                   AKT_EXIT_KILLED};
    size_t a = sim->seed % 3;
    size_t b = sim->seed / 3 % 3;

    put_three(sim, ref);
    assert_ok(give[a](sim->me, ref));
    assert_ok(give[b](sim->me, ref));
    assert_ended(sim, ref, kinds[a > b ? a : b]);
}

static void
test_of_two_orders_the_stronger_one_wins(void **state)
{
    (void)state;
    sim_each_seed(strongest);
}

static akt_err
send_to_myself_and_stop(akt_self *self, void *arg)
{
    (void)arg;
    assert_ok(akt_send(self, akt_self_ref(self), put, .n = 1));
    akt_stop_self(self);
    return AKT_OK;
}

/* It comes in after the turn has begun, and is still there at the end. */
static void
leaves_inbox(struct sim *sim)
{
    akt_ref ref = spawn_life(sim);

    sim_act(sim, ref, send_to_myself_and_stop, NULL);
    assert_ended(sim, ref, AKT_EXIT_STOPPED);
    assert_int_equal(sim_letters(sim, AKT_FATE_DEAD, AKT_EDEAD), 1);
}

static void
test_end_with_mail_that_came_last_makes_it_a_dead_letter(void **state)
{
    (void)state;
    sim_each_seed(leaves_inbox);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_stop_self_ends_after_the_message),
        sim_test(test_stop_overtakes_what_waits),
        sim_test(test_drain_finishes_the_queue),
        sim_test(test_drain_refuses_new_mail),
        sim_test(test_drain_of_an_idle_actor_ends_it),
        sim_test(test_kill_handles_nothing_more),
        sim_test(test_kill_of_suspended_returns_its_sends),
        sim_test(test_handler_error_ends_as_failed),
        sim_test(test_overflow_of_stop_mailbox_ends_it),
        sim_test(test_system_stop_ends_as_shutdown),
        sim_test(test_stop_of_oneself_ends_after_the_message),
        sim_test(test_exit_handler_may_send),
        sim_test(test_orders_given_together_end_it_once),
        sim_test(test_of_two_orders_the_stronger_one_wins),
        sim_test(test_end_with_mail_that_came_last_makes_it_a_dead_letter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
