/* SPDX-License-Identifier: MIT */
/* What has room of its own, or of oneself, at a full mailbox. */
#include "tests/unit/boxes.h"

/* --- to oneself --- */

static akt_err
send_to_self(akt_self *self, void *arg)
{
    send_run(self, akt_self_ref(self), 1, *(uint32_t *)arg);
    assert_err(akt_try_send(self, akt_self_ref(self), put, .n = 0), AKT_EFULL);
    return AKT_OK;
}

/* The message that is being handled takes no room. */
static void
sends_to_itself(struct sim *sim)
{
    size_t i;

    for (i = 0; i < CAPACITIES; i++) {
        uint32_t room = capacities[i];
        akt_ref ref = spawn_of(sim, &classes[AKT_FAIL][i]);

        sim_do(sim, ref, send_to_self, &room);
        assert_run(1, room);
    }
}

static void
test_send_to_oneself_has_the_whole_room(void **state)
{
    (void)state;
    sim_each_seed(sends_to_itself);
}

/* --- what has room of its own --- */

static akt_err
heard(akt_self *self, struct box *b, const akt_answer *answer,
      const struct put *reply)
{
    (void)self;
    (void)b;
    assert_int_equal(answer->outcome, AKT_REPLIED);
    assert_non_null(reply);
    sim_note(REPLIED);
    return AKT_OK;
}
AKT_THEN(heard, struct box, get);

static akt_err
expect_mail(akt_self *self, void *arg)
{
    akt_future f;

    assert_ok(akt_ask(self, *(akt_ref *)arg, &f, get, .n = 1));
    assert_ok(akt_then(self, f, heard, NULL));
    assert_ok(akt_timer_start(self, 0, 0, NULL, tick, .n = 1));
    assert_ok(akt_timer_start(self, 0, AKT_US(1), NULL, tick, .n = 1));
    return AKT_OK;
}

static void
has_room(struct sim *sim)
{
    akt_ref ref = spawn_of(sim, &classes[AKT_FAIL][0]);
    akt_ref other = spawn_of(sim, &box_class);

    sim_act(sim, ref, expect_mail, &other);
    assert_true(akt_sim_step(sim->system));
    assert_ok(akt_send(sim->me, ref, put, .n = 9));
    assert_err(akt_send(sim->me, ref, put, .n = 10), AKT_EFULL);
    (void)akt_sim_run_until_idle(sim->system);
    assert_int_equal(sim_noted(9), 1);
    assert_int_equal(sim_noted(REPLIED), 1);
    assert_int_equal(sim_noted(TICKED), 2);
    assert_int_equal(sim_counters(sim).dropped, 0);
}

static void
test_reply_and_timers_arrive_at_a_full_mailbox(void **state)
{
    (void)state;
    sim_each_seed(has_room);
}

/* With both in the mailbox, timers and replies come first. */
static void
overtakes(struct sim *sim)
{
    akt_ref ref = spawn_of(sim, &classes[AKT_FAIL][1]);
    akt_ref other = spawn_of(sim, &box_class);

    sim_act(sim, ref, expect_mail, &other);
    assert_true(akt_sim_step(sim->system)); /* it asks, and is idle */
    assert_true(akt_sim_step(sim->system)); /* timers fire; other replies */
    sim_forget();
    assert_ok(akt_send(sim->me, ref, put, .n = 9));
    (void)akt_sim_run_until_idle(sim->system);
    assert_int_equal(sim_noted(9), 1);
    assert_int_equal(sim_note_at(sim_note_count() - 1), 9);
}

static void
test_reply_and_timers_overtake_data(void **state)
{
    (void)state;
    sim_in_order(overtakes);
}

static void
stop_when_full(struct sim *sim)
{
    size_t p;

    for (p = AKT_AWAIT; p < AKT_STOP; p++) {
        akt_ref ref = full(sim, (akt_overflow)p, 0);

        assert_ok(akt_stop(sim->me, ref));
        (void)akt_sim_run_until_idle(sim->system);
        assert_false(akt_ref_is_alive(sim->me, ref));
        assert_err(akt_send(sim->me, ref, put, .n = 1), AKT_EDEAD);
    }
    assert_int_equal(sim_counters(sim).dead, 5);
    assert_int_equal(sim_note_count(), 0);
}

static void
test_stop_arrives_at_a_full_mailbox(void **state)
{
    (void)state;
    sim_each_seed(stop_when_full);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_send_to_oneself_has_the_whole_room),
        sim_test(test_reply_and_timers_arrive_at_a_full_mailbox),
        sim_test(test_reply_and_timers_overtake_data),
        sim_test(test_stop_arrives_at_a_full_mailbox),
    };

    return cmocka_run_group_tests(tests, make_classes, NULL);
}
