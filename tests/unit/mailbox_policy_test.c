/* SPDX-License-Identifier: MIT */
/* What a full mailbox does, by each policy and at several capacities. */
#include "tests/unit/boxes.h"

/* --- refusing: AKT_AWAIT for a plain thread, and AKT_FAIL --- */

static void
refuses(struct sim *sim, akt_overflow policy)
{
    size_t i;
    int round;

    for (i = 0; i < CAPACITIES; i++) {
        akt_ref ref = spawn_of(sim, &classes[policy][i]);

        for (round = 0; round < 3; round++) {
            send_run(sim->me, ref, 1, capacities[i]);
            assert_err(akt_send(sim->me, ref, put, .n = 0), AKT_EFULL);
            assert_err(akt_try_send(sim->me, ref, put, .n = 0), AKT_EFULL);
            assert_int_equal(sim_counters(sim).queued, capacities[i]);
            (void)akt_sim_run_until_idle(sim->system);
            assert_run(1, capacities[i]);
        }
    }
    assert_int_equal(sim_counters(sim).refused, 3 * 3 * 2);
    assert_int_equal(sim->letter_count, 0);
}

static void
await_refuses(struct sim *sim)
{
    refuses(sim, AKT_AWAIT);
}

static void
fail_refuses(struct sim *sim)
{
    refuses(sim, AKT_FAIL);
}

static void
test_await_at_bound_refuses_a_plain_thread(void **state)
{
    (void)state;
    sim_each_seed(await_refuses);
}

static void
test_fail_at_bound_refuses(void **state)
{
    (void)state;
    sim_each_seed(fail_refuses);
}

/* --- AKT_AWAIT for an actor --- */

struct order {
    akt_ref to;
    uint32_t count;
};

static akt_err
send_all(akt_self *self, void *arg)
{
    const struct order *o = arg;

    send_run(self, o->to, 1, o->count);
    return AKT_OK;
}

static void
awaits(struct sim *sim)
{
    akt_ref sender = spawn_of(sim, &box_class);
    size_t i;

    for (i = 0; i < CAPACITIES; i++) {
        struct order o = {spawn_of(sim, &classes[AKT_AWAIT][i]),
                          capacities[i] + 100};

        sim_do(sim, sender, send_all, &o);
        assert_run(1, o.count);
    }
    assert_int_equal(sim->letter_count, 0);
    assert_int_equal(sim_counters(sim).refused, 0);
}

static void
test_await_at_bound_delivers_all_of_an_actor(void **state)
{
    (void)state;
    sim_each_seed(awaits);
}

/* --- dropping --- */

static void
drops_newest(struct sim *sim)
{
    size_t i;

    for (i = 0; i < CAPACITIES; i++) {
        akt_ref ref = full(sim, AKT_DROP_NEWEST, i);

        assert_ok(akt_send(sim->me, ref, put, .n = -7));
        assert_int_equal(sim_counters(sim).queued, capacities[i]);
        (void)akt_sim_run_until_idle(sim->system);
        assert_run(1, capacities[i]);
        assert_int_equal(sim->letters[i].first, -7);
        assert_true(akt_ref_equal(sim->letters[i].target, ref));
        assert_true(akt_ref_is_none(sim->letters[i].sender));
        assert_ok(akt_send(sim->me, ref, put, .n = 8));
        (void)akt_sim_run_until_idle(sim->system);
        assert_run(8, 1);
    }
    assert_int_equal(sim_letters(sim, AKT_FATE_DROPPED, AKT_EFULL), 3);
    assert_int_equal(sim_counters(sim).dropped, 3);
    assert_int_equal(sim_counters(sim).refused, 0);
}

static void
test_drop_newest_at_bound_drops_what_comes(void **state)
{
    (void)state;
    sim_each_seed(drops_newest);
}

static void
drops_oldest(struct sim *sim)
{
    size_t i;

    for (i = 0; i < CAPACITIES; i++) {
        akt_ref ref = full(sim, AKT_DROP_OLDEST, i);

        send_run(sim->me, ref, (int64_t)capacities[i] + 1, 2);
        assert_int_equal(sim_counters(sim).queued, capacities[i]);
        (void)akt_sim_run_until_idle(sim->system);
        assert_run(3, capacities[i]);
        assert_int_equal(sim->letters[2 * i].first, 1);
        assert_int_equal(sim->letters[2 * i + 1].first, 2);
    }
    assert_int_equal(sim_letters(sim, AKT_FATE_DROPPED, AKT_EFULL), 6);
    assert_int_equal(sim_counters(sim).refused, 0);
}

static void
test_drop_oldest_at_bound_drops_in_order(void **state)
{
    (void)state;
    sim_each_seed(drops_oldest);
}

/* Sends and turns mixed: what arrives is in order, and the last one does. */
static void
drops_while_running(struct sim *sim)
{
    akt_ref ref = spawn_of(sim, &classes[AKT_DROP_OLDEST][1]);
    size_t i;
    int64_t n;

    for (n = 1; n <= 300; n++) {
        assert_ok(akt_send(sim->me, ref, put, .n = n));
        assert_true(sim_counters(sim).queued <= 2);
        if (akt_random(sim->me) % 4 == 0) {
            (void)akt_sim_step(sim->system);
        }
    }
    (void)akt_sim_run_until_idle(sim->system);
    for (i = 1; i < sim_note_count(); i++) {
        assert_true(sim_note_at(i) > sim_note_at(i - 1));
    }
    assert_int_equal(sim_noted(300), 1);
    assert_int_equal(sim_note_count() + sim_counters(sim).dropped, 300);
}

static void
test_drop_oldest_while_running_keeps_order_and_bound(void **state)
{
    (void)state;
    sim_each_seed(drops_while_running);
}

/* --- AKT_STOP --- */

static void
stops(struct sim *sim)
{
    size_t i;

    for (i = 0; i < CAPACITIES; i++) {
        akt_ref ref = full(sim, AKT_STOP, i);

        assert_err(akt_send(sim->me, ref, put, .n = 0), AKT_EFULL);
        (void)akt_sim_run_until_idle(sim->system);
        assert_notes(ENDED);
        sim_forget();
        assert_err(akt_send(sim->me, ref, put, .n = 0), AKT_EDEAD);
        assert_int_equal(sim->letters[0].fate, AKT_FATE_DEAD);
    }
    assert_int_equal(sim_counters(sim).dead, 1 + 2 + 1024);
}

static void
test_stop_at_bound_ends_the_owner(void **state)
{
    (void)state;
    sim_each_seed(stops);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_await_at_bound_refuses_a_plain_thread),
        sim_test(test_fail_at_bound_refuses),
        sim_test(test_await_at_bound_delivers_all_of_an_actor),
        sim_test(test_drop_newest_at_bound_drops_what_comes),
        sim_test(test_drop_oldest_at_bound_drops_in_order),
        sim_test(test_drop_oldest_while_running_keeps_order_and_bound),
        sim_test(test_stop_at_bound_ends_the_owner),
    };

    return cmocka_run_group_tests(tests, make_classes, NULL);
}
