/* SPDX-License-Identifier: MIT */
/*
 * Memory runs out at every place in the use of channels: a run is repeated, and
 * its n-th allocation fails, for n = 1, 2, ... until none does; once that one
 * alone, once all that follow. Every call says AKT_OK or an error, no value is lost
 * or destroyed twice, and everything is given back.
 */
#include "tests/unit/channels.h"

static int64_t live;

/* What may be said when there is no memory, or because of that before. */
static void
may_fail(akt_err err)
{
    bool expected = err == AKT_OK || err == AKT_ENOMEM || err == AKT_EENDED
                    || err == AKT_ECLOSED || err == AKT_ETIMEOUT
                    || err == AKT_EEMPTY || err == AKT_EFULL
                    || err == AKT_ECANCELLED;

    if (!expected) {
        print_error("unexpected: %s\n", akt_err_name(err));
    }
    assert_true(expected);
}

struct ends {
    akt_tx tx;
    akt_rx rx;
};

static void
send_parcel(akt_self *self, akt_tx tx, int64_t n)
{
    akt_err err = akt_channel_send_within(self, AKT_MS(1), tx, parcel,
                                          .live = &live, .n = n);

    may_fail(err);
    live += err == AKT_OK;
}

static akt_err
produce(akt_self *self, struct ends *e)
{
    akt_permit permit;
    akt_err err;
    int64_t i;

    for (i = 0; i < 70; i++) {
        send_parcel(self, e->tx, i);
    }
    err = akt_channel_reserve_within(self, AKT_MS(1), e->tx, &permit);
    may_fail(err);
    if (err == AKT_OK) {
        err = akt_permit_send(self, permit, parcel, .live = &live);
        may_fail(err);
        live += err == AKT_OK;
    }
    return AKT_OK;
}
AKT_TASK(produce, struct ends);

/* What arrives, by a select and by a future. */
static void
consume(akt_self *self, akt_rx rx)
{
    struct parcel p;
    akt_future f;
    size_t which;
    int64_t i;
    akt_branch b[] = {AKT_WHEN_RECV(rx, parcel, &p), AKT_WHEN_AFTER(AKT_MS(1))};

    for (i = 0; i < 40; i++) {
        akt_err err =
            akt_select(self, b, 2, AKT_SELECT_FAIR, AKT_NEVER, &which);

        may_fail(err);
        if (err == AKT_OK && which == 0 && b[0].error == AKT_OK) {
            parcel_destroy(&p);
        }
    }
    if (akt_channel_readable(self, rx, &f) == AKT_OK) {
        akt_future_drop(self, f);
    }
}

static akt_err
consume_as_task(akt_self *self, void *arg)
{
    const struct ends *e = arg;

    consume(self, e->rx);
    return AKT_OK;
}

static void
use(struct sim *sim)
{
    static struct ends e; /* a task may be joined by the end alone */
    akt_task task[2] = {{.ref = AKT_REF_NONE}, {.ref = AKT_REF_NONE}};
    akt_tx tx;
    akt_err err = akt_channel_open(sim->me, parcel, 65, &e.tx, &e.rx);

    may_fail(err);
    if (err != AKT_OK) {
        return;
    }
    if (akt_tx_clone(sim->me, e.tx, &tx) == AKT_OK) {
        err = akt_task_spawn(sim->me, produce, &task[0], .tx = tx);
        may_fail(err);
        if (err == AKT_OK) {
            assert_ok(akt_tx_give(sim->me, tx, task[0].ref));
        }
    }
    may_fail(akt_task_spawn(sim->me, doing, &task[1], .fn = consume_as_task,
                            .arg = &e));
    send_parcel(sim->me, e.tx, 1);
    consume(sim->me, e.rx);
    akt_ignore(akt_join(sim->me, task[0]));
    akt_ignore(akt_join(sim->me, task[1]));
    assert_ok(akt_rx_close(sim->me, e.rx));
}

/* One run; whether any allocation failed. */
static bool
run(uint64_t seed, uint64_t fail_at, bool for_ever)
{
    struct sim sim;
    akt_err err;

    live = 0;
    sim_prepare(&sim, seed);
    sim.memory.fail_at = fail_at;
    sim.memory.for_ever = for_ever;
    err = akt_sim_start(&sim.opts, seed, &sim.system);
    if (err != AKT_OK) {
        assert_err(err, AKT_ENOMEM);
        return true;
    }
    err = akt_attach(sim.system, &sim.me);
    if (err == AKT_OK) {
        use(&sim);
    } else {
        assert_err(err, AKT_ENOMEM);
        sim.me = NULL;
    }
    sim_close(&sim);
    assert_int_equal(live, 0);
    return sim.memory.failed != 0;
}

static void
repeat(bool for_ever)
{
    uint64_t seed;
    uint64_t n;

    for (seed = 0; seed < 3; seed++) {
        for (n = 1; run(seed, n, for_ever); n++) {
        }
        assert_true(n > 10);
    }
}

static void
test_every_allocation_fails_once(void **state)
{
    (void)state;
    repeat(false);
}

static void
test_every_allocation_fails_and_all_after_it(void **state)
{
    (void)state;
    repeat(true);
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
