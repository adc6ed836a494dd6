/* SPDX-License-Identifier: MIT */
/*
 * Memory runs out at every place where shared objects use it: a scenario that uses
 * all of them is run again and again, and its n-th allocation fails. Every call
 * answers AKT_OK, AKT_ENOMEM or what follows from one before; permits are conserved,
 * and everything is given back.
 */
#include "actors/base/pool.h"
#include "actors/test/inspect.h"
#include "tests/unit/doing.h"

#define NUMBER(F) F(i64, n)
AKT_MESSAGE(number, NUMBER);

/* Blocks are handed out by the magazine, so there have to be many of each; where
 * they are allocated one by one, a few will do. */
#define COPIES (AKTI_POOL_PLAIN_IS_MALLOC ? 5 : 300)

struct state {
    akt_semaphore s;
    uint32_t permits; /* that should be there */
};

static void
may_fail(akt_err err)
{
    if (err != AKT_OK && err != AKT_ENOMEM) {
        print_error("unexpected: %s\n", akt_err_name(err));
    }
    assert_true(err == AKT_OK || err == AKT_ENOMEM);
}

static akt_err
wait_a_little(akt_self *self, void *arg)
{
    struct state *s = arg;
    akt_err err = akt_semaphore_acquire_within(self, AKT_MS(1), s->s, 1000);

    assert_true(err == AKT_ETIMEOUT || err == AKT_ENOMEM
                || err == AKT_ECANCELLED || err == AKT_ECLOSED);
    return AKT_OK;
}

/* Opens a topic of each sort with a receiver, and uses them. */
static void
use_topics(akt_self *me)
{
    struct number out = {0};
    akt_broadcast_tx tx;
    akt_broadcast_rx rx;
    akt_watch_tx watch;
    akt_watch_rx look;
    akt_future f;
    akt_err err = akt_broadcast_open(me, number, 100, &tx);

    may_fail(err);
    if (err == AKT_OK) {
        err = akt_broadcast_subscribe(me, tx, &rx);
        may_fail(err);
        assert_ok(akt_broadcast_send(me, tx, number, .n = 3));
    }
    if (err == AKT_OK) {
        assert_ok(akt_broadcast_recv(me, rx, number, &out, NULL));
        assert_int_equal(out.n, 3);
        may_fail(akt_broadcast_readable(me, rx, &f));
    }
    err = akt_watch_open(me, number, &watch, .n = 4);
    may_fail(err);
    if (err == AKT_OK) {
        err = akt_watch_subscribe(me, watch, &look);
        may_fail(err);
    }
    if (err == AKT_OK) {
        assert_ok(akt_watch_borrow(me, look, number, &out));
        assert_int_equal(out.n, 4);
        may_fail(akt_watch_changed_future(me, look, &f));
    }
}

/* Futures of permits: those that could be made get one each. */
static void
use_futures(akt_self *me, struct state *s)
{
    akt_future f;
    int i;

    for (i = 0; i < COPIES; i++) {
        akt_err err = akt_semaphore_acquire_future(me, s->s, &f);

        may_fail(err);
        if (err == AKT_OK) {
            s->permits--;
        }
    }
}

static void
use_semaphore(struct sim *sim, struct state *s)
{
    akt_task task;
    akt_err err;

    s->permits = COPIES + 5;
    err = akt_semaphore_open(sim->me, s->permits, &s->s);
    may_fail(err);
    if (err != AKT_OK) {
        return;
    }
    err = akt_task_spawn(sim->me, doing, &task, .fn = wait_a_little, .arg = s);
    may_fail(err);
    (void)akt_sim_run_until_idle(sim->system);
    if (err == AKT_OK) {
        may_fail(akt_join(sim->me, task));
    }
    use_futures(sim->me, s);
    (void)akt_sim_advance(sim->system, AKT_MS(5));
    assert_int_equal(akt_semaphore_available(sim->me, s->s), s->permits);
}

static akt_err
wait_long(akt_self *self)
{
    return akt_sleep(self, AKT_SECONDS(1000));
}
AKT_TASK(wait_long, void);

/* A task gets them, or they are closed. */
static void
give(akt_self *me, akt_semaphore semaphore, akt_tx tx, akt_rx rx)
{
    akt_channel_counters c;
    akt_task task;
    akt_hold hold;
    akt_err err = akt_semaphore_try_hold(me, semaphore, 1, &hold);

    may_fail(err);
    if (err != AKT_OK) {
        return;
    }
    err = akt_task_spawn_giving(me, wait_long, AKT_GIFTS(tx, hold), &task);
    may_fail(err);
    assert_err(akt_tx_close(me, tx), AKT_EENDED);
    assert_ok(akt_rx_counters(me, rx, &c));
    assert_int_equal(c.senders, err == AKT_OK);
    assert_int_equal(akt_semaphore_available(me, semaphore), err != AKT_OK);
    if (err == AKT_OK) {
        assert_ok(akt_task_cancel(me, task));
        akt_ignore(akt_join(me, task));
    }
}

static void
use_gifts(struct sim *sim)
{
    akt_self *me = sim->me;
    akt_semaphore semaphore;
    akt_tx tx;
    akt_rx rx;
    akt_err err = akt_semaphore_open(me, 1, &semaphore);

    may_fail(err);
    if (err != AKT_OK) {
        return;
    }
    err = akt_channel_open(me, number, 1, &tx, &rx);
    may_fail(err);
    if (err == AKT_OK) {
        give(me, semaphore, tx, rx);
        (void)akt_sim_run_until_idle(sim->system);
        assert_int_equal(akt_semaphore_available(me, semaphore), 1);
    }
}

static void
use(struct sim *sim)
{
    struct state s = {.permits = 0};
    akt_barrier b;
    akt_notify n;
    int i;

    use_semaphore(sim, &s);
    for (i = 0; i < COPIES; i++) {
        use_topics(sim->me);
        use_gifts(sim);
        may_fail(akt_notify_open(sim->me, &n));
        may_fail(akt_barrier_open(sim->me, 2, &b));
    }
}

/* One run; whether any allocation failed. */
static bool
run(uint64_t seed, uint64_t fail_at, bool for_ever)
{
    struct sim sim;
    akt_err err;

    sim_prepare(&sim, seed);
    sim.memory.fail_at = fail_at;
    sim.memory.for_ever = for_ever;
    err = akt_sim_start(&sim.opts, seed, &sim.system);
    if (err != AKT_OK) {
        assert_err(err, AKT_ENOMEM);
        assert_int_equal(sim.memory.bytes, 0);
        return true;
    }
    err = akt_attach(sim.system, &sim.me);
    if (err == AKT_OK) {
        use(&sim);
        akt_detach(sim.me);
    } else {
        assert_err(err, AKT_ENOMEM);
    }
    sim.me = NULL;
    assert_ok(akt_system_stop(sim.system, 0));
    assert_int_equal(akti_inspect_lost(sim.system), 0);
    sim_close(&sim);
    return sim.memory.failed != 0;
}

static void
each_fails(bool for_ever)
{
    uint64_t seed;
    uint64_t n;

    for (seed = 0; seed < 2; seed++) {
        for (n = 1; run(seed, n, for_ever); n++) {
        }
        assert_true(n > 10);
    }
}

static void
test_every_allocation_fails_once(void **state)
{
    (void)state;
    each_fails(false);
}

static void
test_every_allocation_fails_and_all_after_it(void **state)
{
    (void)state;
    each_fails(true);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_every_allocation_fails_once),
        sim_test(test_every_allocation_fails_and_all_after_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
