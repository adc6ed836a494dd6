/* SPDX-License-Identifier: MIT */
/* Actors that wait for room when they, or their receiver, end. */
#include "tests/unit/nodes.h"

static void
assert_in_order(uint32_t receiver, uint32_t sender, int64_t count)
{
    int64_t base = (int64_t)receiver * 1000000 + sender * 10000;
    int64_t expected = 0;
    size_t i;

    for (i = 0; i < sim_note_count(); i++) {
        int64_t n = sim_note_at(i);

        if (n >= base && n < base + 10000) {
            assert_int_equal(n, base + expected);
            expected++;
        }
    }
    assert_int_equal(expected, count);
}

static akt_err
overfill(akt_self *self, void *arg)
{
    akt_ref to = *(akt_ref *)arg;
    int64_t n;

    assert_false(akt_is_awaiting(self));
    assert_ok(akt_send(self, to, put, .n = 0));
    assert_false(akt_is_awaiting(self));
    for (n = 1; n <= 4; n++) {
        assert_ok(akt_send(self, to, put, .n = n));
        assert_true(akt_is_awaiting(self));
    }
    assert_err(akt_send(self, to, put, .n = 5), AKT_EFULL);
    assert_err(akt_try_send(self, to, put, .n = 5), AKT_EFULL);
    return AKT_OK;
}

/* While it waits a sender handles nothing; it goes on at half. */
static akt_err
send_nine(akt_self *self, void *arg)
{
    int64_t n;

    for (n = 0; n < 9; n++) {
        assert_ok(akt_send(self, *(akt_ref *)arg, put, .n = n));
    }
    return AKT_OK;
}

static akt_err
note_alive(akt_self *self, void *arg)
{
    (void)self;
    (void)arg;
    sim_note(-1);
    return AKT_OK;
}

static void
target_ends(struct sim *sim)
{
    akt_ref to = spawn_narrow(sim, 1);
    akt_ref sender = spawn_node(sim, 0);

    sim_act(sim, sender, overfill, &to);
    sim_act(sim, sender, note_alive, NULL);
    assert_true(akt_sim_step(sim->system));
    assert_ok(akt_kill(sim->me, to));
    (void)akt_sim_run_until_idle(sim->system);
    assert_int_equal(sim_letters(sim, AKT_FATE_RETURNED, AKT_EDEAD), 4);
    assert_int_equal(sim_letters(sim, AKT_FATE_DEAD, AKT_EDEAD), 1);
    assert_true(akt_ref_equal(sim->letters[1].sender, sender));
    assert_true(akt_ref_equal(sim->letters[1].target, to));
    /* The sender goes on. */
    assert_notes(-1);
}

static void
test_end_of_the_target_returns_what_waits(void **state)
{
    (void)state;
    sim_in_order(target_ends);
}

/* Room for others would come four turns later; it does not wait for that. */
static void
killed_without_room(struct sim *sim)
{
    akt_ref to;
    akt_ref sender = spawn_node(sim, 0);
    int steps;

    assert_ok(akt_spawn(sim->me, wide, &to, .id = 1));
    sim_act(sim, sender, send_nine, &to);
    assert_true(akt_sim_step(sim->system));
    assert_ok(akt_kill(sim->me, sender));
    for (steps = 0; akt_ref_is_alive(sim->me, sender); steps++) {
        assert_true(akt_sim_step(sim->system));
    }
    assert_true(steps <= 2);
    assert_int_equal(sim_letters(sim, AKT_FATE_RETURNED, AKT_EDEAD), 1);
}

static void
test_kill_of_a_waiting_sender_needs_no_room(void **state)
{
    const akt_system_opts one = {.batch = 1};

    (void)state;
    sim_in_order_with(&one, killed_without_room);
}

static void
sender_is_stopped(struct sim *sim)
{
    akt_ref to = spawn_narrow(sim, 1);
    akt_ref sender = spawn_node(sim, 0);

    sim_act(sim, sender, overfill, &to);
    sim_act(sim, sender, note_alive, NULL);
    assert_true(akt_sim_step(sim->system));
    assert_ok(akt_stop(sim->me, sender));
    (void)akt_sim_run_until_idle(sim->system);
    /* A stop waits for the sends of the current message, and no longer. */
    assert_in_order(1, 0, 5);
    assert_int_equal(sim_noted(-1), 0);
    assert_int_equal(sim_noted(EXITED - AKT_EXIT_STOPPED), 1);
    assert_false(akt_ref_is_alive(sim->me, sender));
}

static void
test_stop_of_a_waiting_sender_lets_its_sends_go(void **state)
{
    (void)state;
    sim_in_order(sender_is_stopped);
}

static akt_err
overfill_and_stop(akt_self *self, void *arg)
{
    akt_stop_self(self);
    return overfill(self, arg);
}

static akt_err
overfill_and_fail(akt_self *self, void *arg)
{
    AKT_TRY(overfill(self, arg));
    return AKT_EIO;
}

static void
sender_stops_itself(struct sim *sim)
{
    akt_ref to = spawn_narrow(sim, 1);
    akt_ref sender = spawn_node(sim, 0);

    sim_do(sim, sender, overfill_and_stop, &to);
    assert_in_order(1, 0, 5);
    assert_int_equal(sim_noted(EXITED - AKT_EXIT_STOPPED), 1);
    assert_int_equal(sim->letter_count, 0);
}

static void
test_stop_self_lets_waiting_sends_go(void **state)
{
    (void)state;
    sim_each_seed(sender_stops_itself);
}

static void
sender_fails(struct sim *sim)
{
    akt_ref to = spawn_narrow(sim, 1);
    akt_ref sender = spawn_node(sim, 0);

    sim_do(sim, sender, overfill_and_fail, &to);
    assert_in_order(1, 0, 1);
    assert_int_equal(sim_noted(EXITED - AKT_EXIT_FAILED), 1);
    assert_int_equal(sim_letters(sim, AKT_FATE_RETURNED, AKT_EDEAD), 4);
}

static void
test_error_of_a_waiting_sender_returns_its_sends(void **state)
{
    (void)state;
    sim_each_seed(sender_fails);
}

/* Nine, as far as the outbox takes them. */
static akt_err
send_nine_or_less(akt_self *self, void *arg)
{
    int64_t n;

    for (n = 0; n < 9; n++) {
        akt_err err = akt_send(self, *(akt_ref *)arg, put, .n = n);

        assert_true(err == AKT_OK || err == AKT_EFULL || err == AKT_EDEAD);
    }
    return AKT_OK;
}

/* At any moment: everything has one fate, nobody is left hanging. */
static void
kill_at_random(struct sim *sim)
{
    akt_ref to = spawn_narrow(sim, 1);
    akt_ref senders[3];
    uint64_t steps = akt_random(sim->me) % 12;
    size_t i;

    for (i = 0; i < 3; i++) {
        senders[i] = spawn_node(sim, 0);
        sim_act(sim, senders[i], send_nine_or_less, &to);
    }
    while (steps-- > 0 && akt_sim_step(sim->system)) {
    }
    i = akt_random(sim->me) % 4;
    akt_ignore(akt_kill(sim->me, i < 3 ? senders[i] : to));
    (void)akt_sim_run_until_idle(sim->system);
    assert_int_equal(sim_counters(sim).queued, 0);
    for (i = 0; i < 3; i++) {
        akt_err err = akt_send(sim->me, senders[i], act, .fn = note_alive);

        assert_true(err == AKT_OK || err == AKT_EDEAD);
        (void)akt_sim_run_until_idle(sim->system);
        assert_int_equal(sim_noted(-1), err == AKT_OK);
        sim_forget();
    }
}

static void
test_kill_at_any_moment_leaves_nobody_waiting(void **state)
{
    (void)state;
    sim_each_seed(kill_at_random);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_end_of_the_target_returns_what_waits),
        sim_test(test_kill_of_a_waiting_sender_needs_no_room),
        sim_test(test_stop_of_a_waiting_sender_lets_its_sends_go),
        sim_test(test_stop_self_lets_waiting_sends_go),
        sim_test(test_error_of_a_waiting_sender_returns_its_sends),
        sim_test(test_kill_at_any_moment_leaves_nobody_waiting),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
