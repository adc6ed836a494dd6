/* SPDX-License-Identifier: MIT */
/* Ends of channels in every schedule: closed, and given away. */
#include "tests/unit/channel_tasks.h"

#include "akt/timer.h"

AKT_CLASS(owner, struct owner, AKT_ON(act, on_act));

/* --- closing --- */

static void
a_receiver_that_ends_lets_senders_go(struct sim *sim)
{
    struct channel c;
    akt_task producer[3];
    akt_task consumer;
    int i;

    open_channel(sim, &c, 1 + (uint32_t)(sim->seed % 3));
    consumer = begin_consumer(sim->me, &c);
    assert_ok(akt_rx_close(sim->me, c.rx));
    for (i = 0; i < 3; i++) {
        producer[i] = begin_producer(sim->me, &c, 0, 1000);
    }
    run_steps(sim, sim->seed % 60);
    assert_ok(akt_task_cancel(sim->me, consumer));
    for (i = 0; i < 3; i++) {
        assert_err(akt_join(sim->me, producer[i]), AKT_ECLOSED);
    }
    akt_ignore(akt_join(sim->me, consumer));
    assert_int_equal(c.live, 0);
}

static akt_err
use_to_the_end(akt_self *self, void *arg)
{
    struct channel *c = arg;
    struct num got;
    akt_err err;

    do {
        err = akt_channel_recv(self, c->rx, num, &got);
    } while (err == AKT_OK);
    sim_note((int64_t)err);
    return AKT_OK;
}

static akt_err
fill_to_the_end(akt_self *self, void *arg)
{
    struct channel *c = arg;
    akt_err err;

    do {
        err = akt_channel_send(self, c->tx, num, .n = 1);
    } while (err == AKT_OK);
    sim_note((int64_t)err);
    return AKT_OK;
}

/* Others use it; its owner closes it, while the other side stays open. */
static void
who_waits_by_an_end_hears_that_it_is_closed(struct sim *sim)
{
    struct channel c;
    akt_tx tx;
    akt_rx rx;
    akt_task task[2];

    assert_ok(akt_channel_open(sim->me, num, 2, &c.tx, &c.rx));
    assert_ok(akt_tx_clone(sim->me, c.tx, &tx));
    assert_ok(akt_rx_clone(sim->me, c.rx, &rx));
    task[0] = begin_task(sim->me, use_to_the_end, &c);
    (void)akt_sim_run_until_idle(sim->system);
    assert_ok(akt_rx_close(sim->me, c.rx));
    task[1] = begin_task(sim->me, fill_to_the_end, &c);
    (void)akt_sim_run_until_idle(sim->system);
    assert_ok(akt_tx_close(sim->me, c.tx));
    (void)akt_sim_run_until_idle(sim->system);
    assert_notes(AKT_EENDED, AKT_EENDED);
    assert_ok(akt_join(sim->me, task[0]));
    assert_ok(akt_join(sim->me, task[1]));
}

static void
everybody_may_be_killed_at_any_time(struct sim *sim)
{
    struct channel c;
    akt_task task[6];
    int i;

    open_channel(sim, &c, 1 + (uint32_t)(sim->seed % 4));
    for (i = 0; i < 3; i++) {
        task[i] = begin_producer(sim->me, &c, 0, 1000);
        task[i + 3] = begin_consumer(sim->me, &c);
    }
    assert_ok(akt_tx_close(sim->me, c.tx));
    assert_ok(akt_rx_close(sim->me, c.rx));
    for (i = 0; i < 6; i++) {
        run_steps(sim, sim->seed * 7 % 31);
        akt_ignore(akt_kill(sim->me, task[i * 5 % 6].ref));
    }
    for (i = 0; i < 6; i++) {
        akt_ignore(akt_join(sim->me, task[i]));
    }
    assert_int_equal(c.live, 0);
}

static void
a_stop_closes_all(struct sim *sim)
{
    struct channel c;
    int i;

    open_channel(sim, &c, 2);
    for (i = 0; i < 2; i++) {
        (void)begin_producer(sim->me, &c, 0, 100000);
        (void)begin_consumer(sim->me, &c);
    }
    run_steps(sim, sim->seed % 50);
    assert_ok(akt_system_stop(sim->system, 0));
    assert_ok(akt_rx_close(sim->me, c.rx));
    assert_int_equal(c.live, 0);
}

/* --- giving away --- */

static void
a_gift_to_who_has_ended_is_closed(struct sim *sim)
{
    struct channel c;
    akt_task task;
    struct parcel p;
    akt_tx tx;

    open_channel(sim, &c, 2);
    task = begin_producer(sim->me, &c, 0, 0);
    assert_ok(akt_tx_clone(sim->me, c.tx, &tx));
    if (sim->seed % 2 == 0) {
        assert_ok(akt_join(sim->me, task));
    }
    assert_ok(akt_tx_give(sim->me, tx, task.ref));
    assert_err(akt_tx_give(sim->me, tx, task.ref), AKT_EENDED);
    assert_err(akt_tx_close(sim->me, tx), AKT_EENDED);
    assert_ok(akt_tx_close(sim->me, c.tx));
    assert_err(akt_channel_recv(sim->me, c.rx, parcel, &p), AKT_ECLOSED);
}

static akt_err
close_what_was_given(akt_self *self, void *arg)
{
    struct channel *c = arg;

    return akt_tx_close(self, c->tx);
}

static void
the_new_owner_may_close_it(struct sim *sim)
{
    struct channel c;
    akt_ref owner;
    struct parcel p;

    open_channel(sim, &c, 2);
    assert_ok(akt_spawn(sim->me, owner, &owner));
    assert_ok(akt_tx_give(sim->me, c.tx, owner));
    sim_act(sim, owner, close_what_was_given, &c);
    assert_err(akt_channel_recv(sim->me, c.rx, parcel, &p), AKT_ECLOSED);
}

static akt_err
with_a_scope(akt_self *self, void *arg)
{
    struct channel *c = arg;
    akt_scope outer;
    akt_scope inner;
    akt_tx tx;
    akt_rx rx;

    AKT_TRY(akt_scope_open(self, AKT_NEVER, &outer));
    AKT_TRY(akt_scope_open(self, AKT_NEVER, &inner));
    AKT_TRY(akt_channel_open(self, num, 1, &tx, &rx));
    AKT_TRY(akt_sleep(self, AKT_MS(1)));
    AKT_TRY(akt_scope_close(self, inner, AKT_OK));
    assert_err(akt_channel_try_send(self, tx, num, .n = 1), AKT_EENDED);
    AKT_TRY(akt_channel_send(self, c->tx, parcel, .live = &c->live, .n = 1));
    AKT_TRY(akt_scope_close(self, outer, AKT_OK));
    AKT_TRY(akt_channel_send(self, c->tx, parcel, .live = &c->live, .n = 2));
    return akt_tx_close(self, c->tx);
}

/* Whenever it comes, it is not of the scope that is open then. */
static void
a_scope_closes_what_was_opened_in_it_alone(struct sim *sim)
{
    struct channel c;
    akt_task task;

    open_channel(sim, &c, 2);
    task = begin_task(sim->me, with_a_scope, &c);
    run_steps(sim, sim->seed % 4);
    assert_ok(akt_tx_give(sim->me, c.tx, task.ref));
    assert_ok(akt_join(sim->me, task));
    assert_ok(akt_rx_close(sim->me, c.rx));
}

TEST(a_receiver_that_ends_lets_senders_go)
TEST(who_waits_by_an_end_hears_that_it_is_closed)
TEST(everybody_may_be_killed_at_any_time)
TEST(a_stop_closes_all)
TEST(a_gift_to_who_has_ended_is_closed)
TEST(the_new_owner_may_close_it)
TEST(a_scope_closes_what_was_opened_in_it_alone)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_a_receiver_that_ends_lets_senders_go),
        sim_test(test_who_waits_by_an_end_hears_that_it_is_closed),
        sim_test(test_everybody_may_be_killed_at_any_time),
        sim_test(test_a_stop_closes_all),
        sim_test(test_a_gift_to_who_has_ended_is_closed),
        sim_test(test_the_new_owner_may_close_it),
        sim_test(test_a_scope_closes_what_was_opened_in_it_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
