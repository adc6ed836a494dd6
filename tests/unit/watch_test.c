/* SPDX-License-Identifier: MIT */
/* Watches: the latest value, and never less than the last; in every schedule. */
#include "tests/unit/doing.h"

#define CONFIG(F) F(i64, n) F(i64, twice)
AKT_MESSAGE(config, CONFIG);
#define WORDS(F) F(text, words)
AKT_MESSAGE(words, WORDS);
#define OTHER(F) F(i64, n)
AKT_MESSAGE(other, OTHER);

struct parcel {
    char *data;
};
static void
parcel_free(struct parcel *p)
{
    (void)p;
}
AKT_LOCAL_MESSAGE_WITH(parcel, parcel_free);

AKT_CLASS(owner, struct doer, AKT_ON(act, on_act));

static akt_err
send(akt_self *self, akt_watch_tx tx, int64_t n)
{
    return akt_watch_send(self, tx, config, .n = n, .twice = 2 * n);
}

/* --- following --- */

#define FOLLOWERS 4
#define VALUES 15

struct follower {
    akt_watch_tx tx;
    uint64_t random;
    int64_t last; /* [out] */
    akt_err err;  /* [out] how it ended */
};

/* What it sees grows. */
static akt_err
look(akt_self *self, struct follower *f, akt_watch_rx rx)
{
    struct config c;

    AKT_TRY(akt_watch_borrow(self, rx, config, &c));
    assert_int_equal(c.twice, 2 * c.n);
    assert_true(c.n >= f->last);
    f->last = c.n;
    return AKT_OK;
}

static akt_err
follow(akt_self *self, void *arg)
{
    struct follower *f = arg;
    akt_watch_rx rx;

    f->err = akt_watch_subscribe(self, f->tx, &rx);
    if (f->err != AKT_OK) {
        return AKT_OK;
    }
    AKT_TRY(look(self, f, rx));
    while (f->err == AKT_OK || f->err == AKT_ETIMEOUT) {
        uint64_t patience =
            roll(&f->random, 3) != 0 ? AKT_NEVER : roll(&f->random, 40);

        f->err = akt_watch_changed_within(self, patience, rx);
        if (f->err == AKT_OK) {
            AKT_TRY(look(self, f, rx));
            AKT_TRY(akt_sleep(self, roll(&f->random, 30)));
        }
    }
    return AKT_OK;
}

static akt_err
publish(akt_self *self, void *arg)
{
    struct follower *f = arg;
    akt_watch_tx tx;
    int64_t i;

    AKT_TRY(akt_watch_open(self, config, &tx, .n = 0));
    f->tx = tx;
    for (i = 1; i <= VALUES; i++) {
        AKT_TRY(akt_sleep(self, roll(&f->random, 20)));
        AKT_TRY(send(self, tx, i));
    }
    return AKT_OK; /* and the sender is closed with it */
}

static void
nobody_misses_the_last_value(struct sim *sim)
{
    struct follower source = {.random = sim->seed};
    struct follower f[FOLLOWERS];
    akt_task task[FOLLOWERS];
    akt_task from = start_task(sim->me, publish, &source);
    int i;

    while (source.tx.generation == 0) {
        (void)akt_sim_step(sim->system);
    }
    for (i = 0; i < FOLLOWERS; i++) {
        f[i] = (struct follower){source.tx, sim->seed * 9 + (uint64_t)i, 0, 0};
        task[i] = start_task(sim->me, follow, &f[i]);
    }
    assert_ok(akt_join(sim->me, from));
    for (i = 0; i < FOLLOWERS; i++) {
        assert_ok(akt_join(sim->me, task[i]));
        if (f[i].err != AKT_EENDED) { /* it came in time */
            assert_err(f[i].err, AKT_ECLOSED);
            assert_int_equal(f[i].last, VALUES);
        }
    }
}

static void
a_receiver_sees_changes_once(struct sim *sim)
{
    akt_self *me = sim->me;
    akt_watch_tx tx;
    akt_watch_rx rx;
    akt_watch_rx late;
    struct config c;

    assert_ok(akt_watch_open(me, config, &tx, .n = 7, .twice = 14));
    assert_ok(akt_watch_subscribe(me, tx, &rx));
    assert_err(akt_watch_try_changed(me, rx), AKT_EEMPTY);
    assert_ok(akt_watch_borrow(me, rx, config, &c));
    assert_int_equal(c.n, 7);
    assert_err(akt_watch_changed_within(me, AKT_MS(1), rx), AKT_ETIMEOUT);
    assert_ok(send(me, tx, 8));
    assert_ok(send(me, tx, 9));
    assert_ok(akt_watch_subscribe(me, tx, &late));
    assert_err(akt_watch_try_changed(me, late), AKT_EEMPTY);
    assert_ok(akt_watch_changed(me, rx));
    assert_err(akt_watch_try_changed(me, rx), AKT_EEMPTY);
    assert_ok(akt_watch_borrow(me, rx, config, &c));
    assert_int_equal(c.n, 9);
    assert_ok(send(me, tx, 10));
    assert_ok(akt_watch_borrow(me, rx, config, &c));
    assert_int_equal(c.n, 10);
    assert_err(akt_watch_try_changed(me, rx), AKT_EEMPTY);
    assert_ok(send(me, tx, 11));
    assert_ok(akt_watch_tx_close(me, tx));
    assert_err(akt_watch_tx_close(me, tx), AKT_EENDED);
    assert_err(send(me, tx, 12), AKT_EENDED);
    assert_err(akt_watch_subscribe(me, tx, &late), AKT_EENDED);
    assert_ok(akt_watch_changed(me, rx));
    assert_err(akt_watch_changed(me, rx), AKT_ECLOSED);
    assert_err(akt_watch_try_changed(me, rx), AKT_ECLOSED);
    assert_ok(akt_watch_borrow(me, rx, config, &c));
    assert_int_equal(c.n, 11);
    assert_ok(akt_watch_rx_close(me, rx));
    assert_err(akt_watch_rx_close(me, rx), AKT_EENDED);
    assert_err(akt_watch_borrow(me, rx, config, &c), AKT_EENDED);
    assert_err(akt_watch_changed(me, rx), AKT_EENDED);
}

/* --- ends --- */

struct one {
    akt_watch_rx rx;
    akt_err err; /* [out] */
};

static akt_err
wait_once(akt_self *self, void *arg)
{
    struct one *o = arg;

    o->err = akt_watch_changed(self, o->rx);
    return AKT_OK;
}

static void
who_waits_hears_of_closed_ends(struct sim *sim)
{
    struct one o[2] = {{.err = AKT_EIO}, {.err = AKT_EIO}};
    akt_task task[2];
    akt_watch_tx tx;
    int i;

    assert_ok(akt_watch_open(sim->me, config, &tx, .n = 1));
    for (i = 0; i < 2; i++) {
        assert_ok(akt_watch_subscribe(sim->me, tx, &o[i].rx));
        task[i] = start_task(sim->me, wait_once, &o[i]);
    }
    (void)akt_sim_run_until_idle(sim->system);
    assert_ok(akt_watch_rx_close(sim->me, o[0].rx));
    assert_ok(akt_join(sim->me, task[0]));
    assert_err(o[0].err, AKT_EENDED);
    assert_err(o[1].err, AKT_EIO);
    assert_ok(akt_watch_tx_close(sim->me, tx));
    assert_ok(akt_join(sim->me, task[1]));
    assert_err(o[1].err, AKT_ECLOSED);
}

static void
a_cancelled_task_has_seen_nothing(struct sim *sim)
{
    struct one o = {.err = AKT_EIO};
    akt_task task;
    akt_watch_tx tx;

    assert_ok(akt_watch_open(sim->me, config, &tx, .n = 1));
    assert_ok(akt_watch_subscribe(sim->me, tx, &o.rx));
    task = start_task(sim->me, wait_once, &o);
    (void)akt_sim_run_until_idle(sim->system);
    assert_ok(send(sim->me, tx, 2));
    assert_ok(akt_task_cancel(sim->me, task));
    assert_ok(akt_join(sim->me, task));
    assert_err(o.err, AKT_ECANCELLED);
    assert_ok(akt_watch_try_changed(sim->me, o.rx));
}

static void
values_that_own_something_are_refused(struct sim *sim)
{
    akt_self *me = sim->me;
    akt_watch_tx tx;
    akt_watch_rx rx;
    struct other o;

    assert_err(akt_watch_open(me, words, &tx, .words = AKT_TEXT("x")),
               AKT_ETYPE);
    assert_true(sim_log_has(sim,
                            "watch: every receiver gets a copy of a words, "
                            "which has texts or bytes"));
    assert_err(akt_watch_open(me, parcel, &tx, .data = NULL), AKT_ETYPE);
    assert_true(sim_log_has(sim, "which has a destructor"));
    assert_ok(akt_watch_open(me, config, &tx, .n = 1));
    assert_ok(akt_watch_subscribe(me, tx, &rx));
    assert_err(akt_watch_send(me, tx, other, .n = 2), AKT_ETYPE);
    assert_err(akt_watch_borrow(me, rx, other, &o), AKT_ETYPE);
    assert_err(akt_watch_try_changed(me, rx), AKT_EEMPTY);
}

/* --- handlers --- */

static akt_watch_tx shared_tx;
static akt_watch_rx shared_rx;

static akt_err
on_changed(akt_self *self, struct doer *d, const akt_answer *answer,
           const struct akt_woken *woken)
{
    struct config c = {0};

    (void)d;
    (void)woken;
    akt_ignore(akt_watch_borrow(self, shared_rx, config, &c));
    sim_note((int64_t)answer->error * 1000 + c.n);
    return AKT_OK;
}
AKT_THEN(on_changed, struct doer, akt_wake);

static akt_err
follow_by_future(akt_self *self, void *arg)
{
    akt_future f;
    akt_watch_rx rx = shared_rx;

    (void)arg;
    assert_err(akt_watch_changed(self, rx), AKT_ECONTEXT);
    AKT_TRY(akt_watch_changed_future(self, rx, &f));
    return akt_then(self, f, on_changed, NULL);
}

static void
a_handler_has_a_future(struct sim *sim)
{
    akt_ref a;

    assert_ok(akt_watch_open(sim->me, config, &shared_tx, .n = 1));
    assert_ok(akt_watch_subscribe(sim->me, shared_tx, &shared_rx));
    assert_ok(akt_spawn(sim->me, owner, &a));
    sim_do(sim, a, follow_by_future, NULL);
    assert_int_equal(sim_note_count(), 0);
    assert_ok(send(sim->me, shared_tx, 2));
    (void)akt_sim_run_until_idle(sim->system);
    assert_notes(2);
    assert_ok(send(sim->me, shared_tx, 3));
    sim_do(sim, a, follow_by_future, NULL);
    assert_notes(2, 3);
    sim_do(sim, a, follow_by_future, NULL);
    assert_ok(akt_watch_rx_close(sim->me, shared_rx));
    (void)akt_sim_run_until_idle(sim->system);
    assert_notes(2, 3, AKT_EENDED * 1000);
}

TEST(nobody_misses_the_last_value)
TEST(a_receiver_sees_changes_once)
TEST(who_waits_hears_of_closed_ends)
TEST(a_cancelled_task_has_seen_nothing)
TEST(values_that_own_something_are_refused)
TEST(a_handler_has_a_future)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_nobody_misses_the_last_value),
        sim_test(test_a_receiver_sees_changes_once),
        sim_test(test_who_waits_hears_of_closed_ends),
        sim_test(test_a_cancelled_task_has_seen_nothing),
        sim_test(test_values_that_own_something_are_refused),
        sim_test(test_a_handler_has_a_future),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
