/* SPDX-License-Identifier: MIT */
/*
 * Gifts of a spawn, and permits that are held: each has one owner at any time, and
 * goes back when that ends, whether it ran, was cancelled or never came to be.
 */
#include "tests/support/sim.h"

#define NUMBER(F) F(i64, n)
AKT_MESSAGE(num, NUMBER);

/* What a task of this test is spawned with. */
struct given {
    akt_tx tx;
    akt_rx rx;
    akt_permit permit;
    akt_semaphore semaphore;
};

/* The sender's other side: how many senders there are. */
static uint32_t
senders_of(akt_self *self, akt_rx rx)
{
    akt_channel_counters c;

    assert_ok(akt_rx_counters(self, rx, &c));
    return c.senders;
}

/* --- ends --- */

/* It is the owner from the first turn on, or this would not be allowed. */
static akt_err
close_at_once(akt_self *self, struct given *g)
{
    assert_ok(akt_tx_close(self, g->tx));
    assert_err(akt_tx_close(self, g->tx), AKT_EENDED);
    return AKT_OK;
}
AKT_TASK(close_at_once, struct given);

/* Its scopes have nothing to do with the gift. */
static akt_err
send_after_scope(akt_self *self, struct given *g)
{
    akt_scope scope;

    assert_ok(akt_scope_open(self, AKT_NEVER, &scope));
    assert_ok(akt_scope_close(self, scope, AKT_OK));
    return akt_channel_send(self, g->tx, num, .n = 5);
}
AKT_TASK(send_after_scope, struct given);

static void
given_an_end(akt_self *self)
{
    akt_task task;
    struct num got;
    akt_tx tx;
    akt_rx rx;

    assert_ok(akt_channel_open(self, num, 2, &tx, &rx));
    assert_ok(akt_task_spawn_giving(self, send_after_scope, AKT_GIFTS(tx),
                                    &task, .tx = tx));
    assert_err(akt_tx_close(self, tx), AKT_EENDED);
    assert_ok(akt_channel_recv(self, rx, num, &got));
    assert_int_equal(got.n, 5);
    assert_err(akt_channel_recv(self, rx, num, &got), AKT_ECLOSED);
    assert_ok(akt_join(self, task));
    assert_ok(akt_channel_open(self, num, 2, &tx, &rx));
    assert_ok(akt_task_spawn_giving(self, close_at_once, AKT_GIFTS(tx), &task,
                                    .tx = tx));
    assert_err(akt_channel_recv(self, rx, num, &got), AKT_ECLOSED);
    assert_ok(akt_join(self, task));
}

static akt_err
give_in_task(akt_self *self)
{
    given_an_end(self);
    return AKT_OK;
}
AKT_TASK(give_in_task, void);

static void
an_end_is_the_tasks_from_its_first_turn_on(struct sim *sim)
{
    akt_task task;

    given_an_end(sim->me);
    assert_ok(akt_task_spawn(sim->me, give_in_task, &task));
    assert_ok(akt_join(sim->me, task));
}

/* Cancelled before its first turn, or after: the end closes with it. */
static akt_err
wait_long(akt_self *self)
{
    return akt_sleep(self, AKT_SECONDS(1000));
}
AKT_TASK(wait_long, void);

static void
an_end_closes_with_a_task_that_is_cancelled(struct sim *sim)
{
    akt_task task;
    struct num got;
    akt_tx tx;
    akt_rx rx;

    assert_ok(akt_channel_open(sim->me, num, 2, &tx, &rx));
    assert_ok(akt_task_spawn_giving(sim->me, wait_long, AKT_GIFTS(tx), &task));
    (void)akt_sim_advance(sim->system, sim->seed % 2 * AKT_MS(1));
    assert_int_equal(senders_of(sim->me, rx), 1);
    assert_ok(akt_task_cancel(sim->me, task));
    assert_err(akt_channel_recv(sim->me, rx, num, &got), AKT_ECLOSED);
    assert_err(akt_join(sim->me, task), AKT_ECANCELLED);
}

/* One that is not the caller's spoils it; the others are closed. */
static void
a_gift_that_is_not_ones_own_is_refused(struct sim *sim)
{
    akt_task task = {AKT_REF_NONE, {NULL, 0}};
    akt_tx none = {NULL, 0};
    akt_tx tx;
    akt_tx other;
    akt_rx rx;
    int i;

    for (i = 0; i < 3; i++) {
        assert_ok(akt_channel_open(sim->me, num, 2, &tx, &rx));
        assert_ok(akt_tx_clone(sim->me, tx, &other));
        assert_ok(akt_tx_close(sim->me, other));
        other = i == 0 ? other : i == 1 ? tx : none;
        assert_err(akt_task_spawn_giving(sim->me, wait_long,
                                         AKT_GIFTS(tx, other), &task),
                   AKT_EENDED);
        assert_int_equal(task.future.generation, 0);
        assert_int_equal(senders_of(sim->me, rx), 0);
        assert_ok(akt_rx_close(sim->me, rx));
    }
}

/* --- both sides, permits, and what is held --- */

static akt_err
use_all(akt_self *self, struct given *g)
{
    struct num got;

    assert_ok(akt_permit_send(self, g->permit, num, .n = 7));
    assert_ok(akt_channel_recv(self, g->rx, num, &got));
    assert_int_equal(got.n, 7);
    assert_ok(akt_tx_close(self, g->tx));
    assert_err(akt_channel_recv(self, g->rx, num, &got), AKT_ECLOSED);
    assert_int_equal(akt_semaphore_available(self, g->semaphore), 1);
    return AKT_OK;
}
AKT_TASK(use_all, struct given);

static void
a_task_is_given_several(struct sim *sim)
{
    struct given g;
    akt_hold hold;
    akt_task task;

    assert_ok(akt_channel_open(sim->me, num, 1, &g.tx, &g.rx));
    assert_ok(akt_channel_reserve(sim->me, g.tx, &g.permit));
    assert_ok(akt_semaphore_open(sim->me, 3, &g.semaphore));
    assert_ok(akt_semaphore_hold(sim->me, g.semaphore, 2, &hold));
    assert_int_equal(akt_semaphore_available(sim->me, g.semaphore), 1);
    assert_ok(akt_task_spawn_giving(
        sim->me, use_all, AKT_GIFTS(g.tx, g.rx, g.permit, hold), &task,
        .tx = g.tx, .rx = g.rx, .permit = g.permit, .semaphore = g.semaphore));
    assert_err(akt_hold_release(sim->me, hold), AKT_EENDED);
    assert_ok(akt_join(sim->me, task));
    assert_int_equal(akt_semaphore_available(sim->me, g.semaphore), 3);
}

/* --- holds --- */

static akt_err
hold_in_scope(akt_self *self, struct given *g)
{
    akt_scope scope;
    akt_hold hold;

    assert_ok(akt_semaphore_hold(self, g->semaphore, 1, &hold));
    assert_ok(akt_scope_open(self, AKT_NEVER, &scope));
    assert_ok(akt_semaphore_hold(self, g->semaphore, 1, &hold));
    assert_int_equal(akt_semaphore_available(self, g->semaphore), 1);
    assert_ok(akt_scope_close(self, scope, AKT_OK));
    assert_int_equal(akt_semaphore_available(self, g->semaphore), 2);
    assert_err(akt_hold_release(self, hold), AKT_EENDED);
    assert_ok(akt_semaphore_try_hold(self, g->semaphore, 2, &hold));
    assert_err(akt_semaphore_try_hold(self, g->semaphore, 1, &hold),
               AKT_EEMPTY);
    assert_ok(akt_hold_release(self, hold));
    assert_int_equal(akt_semaphore_available(self, g->semaphore), 2);
    return akt_sleep(self, AKT_SECONDS(1000));
}
AKT_TASK(hold_in_scope, struct given);

static void
held_permits_come_back_with_scope_and_task(struct sim *sim)
{
    akt_semaphore semaphore;
    akt_hold hold;
    akt_task task;

    assert_ok(akt_semaphore_open(sim->me, 3, &semaphore));
    assert_ok(
        akt_task_spawn(sim->me, hold_in_scope, &task, .semaphore = semaphore));
    (void)akt_sim_run_until_idle(sim->system);
    assert_int_equal(akt_semaphore_available(sim->me, semaphore), 2);
    /* The third is not there before that task has gone. */
    assert_err(
        akt_semaphore_hold_within(sim->me, AKT_MS(1), semaphore, 3, &hold),
        AKT_ETIMEOUT);
    assert_ok(akt_task_cancel(sim->me, task));
    assert_ok(akt_semaphore_hold(sim->me, semaphore, 3, &hold));
    assert_err(akt_join(sim->me, task), AKT_ECANCELLED);
    assert_int_equal(akt_semaphore_available(sim->me, semaphore), 0);
    assert_ok(akt_hold_release(sim->me, hold));
    assert_err(akt_hold_release(sim->me, hold), AKT_EENDED);
    assert_int_equal(akt_semaphore_available(sim->me, semaphore), 3);
}

/* The semaphore may be gone before what is held of it. */
static void
a_closed_semaphore_takes_nothing_back(struct sim *sim)
{
    akt_semaphore semaphore;
    akt_semaphore next;
    akt_hold hold;

    assert_ok(akt_semaphore_open(sim->me, 1, &semaphore));
    assert_ok(akt_semaphore_hold(sim->me, semaphore, 1, &hold));
    assert_err(akt_semaphore_hold(sim->me, semaphore, 0, &hold), AKT_EINVAL);
    assert_ok(akt_semaphore_close(sim->me, semaphore));
    assert_ok(akt_semaphore_open(sim->me, 1, &next));
    assert_ok(akt_hold_release(sim->me, hold));
    assert_int_equal(akt_semaphore_available(sim->me, next), 1);
    assert_err(akt_semaphore_hold(sim->me, semaphore, 1, &hold), AKT_ECLOSED);
}

/* At most so many tasks at a time: each has a permit of its own. */
static int at_work;

static akt_err
work(akt_self *self)
{
    akt_err err;

    at_work++;
    assert_true(at_work <= 2);
    err = akt_sleep(self, AKT_MS(1 + (int64_t)(akt_random(self) % 3)));
    at_work--;
    return err;
}
AKT_TASK(work, void);

static akt_err
start_ten(akt_self *self)
{
    akt_semaphore slots;
    int i;

    at_work = 0;
    AKT_TRY(akt_semaphore_open(self, 2, &slots));
    for (i = 0; i < 10; i++) {
        akt_hold slot;

        AKT_TRY(akt_semaphore_hold(self, slots, 1, &slot));
        AKT_TRY(akt_task_spawn_giving(self, work, AKT_GIFTS(slot), NULL));
    }
    return AKT_OK;
}
AKT_TASK(start_ten, void);

static void
a_semaphore_bounds_the_tasks(struct sim *sim)
{
    akt_task task;

    assert_ok(akt_task_spawn(sim->me, start_ten, &task));
    assert_ok(akt_join(sim->me, task));
    assert_int_equal(at_work, 0);
}

/* --- a spawn that fails --- */

/* More than fits on a stack. */
struct large {
    char bytes[100000];
};

static akt_err
never(akt_self *self, struct large *l)
{
    (void)l;
    fail();
    return akt_sleep(self, 1);
}
AKT_TASK(never, struct large);

static void
gifts_are_closed_when_the_spawn_fails(struct sim *sim)
{
    akt_semaphore semaphore;
    akt_hold hold;
    akt_tx tx;
    akt_rx rx;

    assert_ok(akt_semaphore_open(sim->me, 1, &semaphore));
    assert_ok(akt_semaphore_hold(sim->me, semaphore, 1, &hold));
    assert_ok(akt_channel_open(sim->me, num, 1, &tx, &rx));
    assert_err(akt_task_spawn_giving(sim->me, never, AKT_GIFTS(tx, hold), NULL),
               AKT_EINVAL);
    assert_int_equal(senders_of(sim->me, rx), 0);
    assert_int_equal(akt_semaphore_available(sim->me, semaphore), 1);
    assert_err(akt_tx_close(sim->me, tx), AKT_EENDED);
    assert_err(akt_hold_release(sim->me, hold), AKT_EENDED);
}

#define TEST(scenario)                                                         \
    static void test_##scenario(void **state)                                  \
    {                                                                          \
        (void)state;                                                           \
        sim_each_seed(scenario);                                               \
    }

TEST(an_end_is_the_tasks_from_its_first_turn_on)
TEST(an_end_closes_with_a_task_that_is_cancelled)
TEST(a_gift_that_is_not_ones_own_is_refused)
TEST(a_task_is_given_several)
TEST(held_permits_come_back_with_scope_and_task)
TEST(a_closed_semaphore_takes_nothing_back)
TEST(a_semaphore_bounds_the_tasks)
TEST(gifts_are_closed_when_the_spawn_fails)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_an_end_is_the_tasks_from_its_first_turn_on),
        sim_test(test_an_end_closes_with_a_task_that_is_cancelled),
        sim_test(test_a_gift_that_is_not_ones_own_is_refused),
        sim_test(test_a_task_is_given_several),
        sim_test(test_held_permits_come_back_with_scope_and_task),
        sim_test(test_a_closed_semaphore_takes_nothing_back),
        sim_test(test_a_semaphore_bounds_the_tasks),
        sim_test(test_gifts_are_closed_when_the_spawn_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
