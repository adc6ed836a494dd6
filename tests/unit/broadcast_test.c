/* SPDX-License-Identifier: MIT */
/* Broadcasts: received and lost are what was sent; in every schedule. */
#include "tests/unit/doing.h"

#define TICK(F) F(i64, n)
AKT_MESSAGE(tick, TICK);
#define WORDS(F) F(bytes, words)
AKT_MESSAGE(words, WORDS);

AKT_CLASS(owner, struct doer, AKT_ON(act, on_act));

#define KEPT 4

struct listener {
    akt_broadcast_rx rx;
    uint64_t random;
    uint64_t received; /* [out] */
    uint64_t lost;     /* [out] */
    akt_err err;       /* [out] how it ended */
};

/* The numbers are 0, 1, 2, ...; what is lost is left out. */
static akt_err
listen(akt_self *self, void *arg)
{
    struct listener *l = arg;
    struct tick t = {0};
    uint64_t lost = 0;

    l->err = AKT_OK;
    while (l->err == AKT_OK || l->err == AKT_ELAGGED
           || l->err == AKT_ETIMEOUT) {
        uint64_t patience =
            roll(&l->random, 3) != 0 ? AKT_NEVER : roll(&l->random, 30);

        l->err =
            akt_broadcast_recv_within(self, patience, l->rx, tick, &t, &lost);
        if (l->err == AKT_OK) {
            assert_int_equal(t.n, l->received + l->lost);
            l->received++;
        } else if (l->err == AKT_ELAGGED) {
            assert_true(lost > 0);
            l->lost += lost;
        }
        if (roll(&l->random, 3) == 0
            && akt_sleep(self, roll(&l->random, 60)) != AKT_OK) {
            break;
        }
    }
    return AKT_OK;
}

#define LISTENERS 4
#define SENT 40

static void
received_and_lost_are_what_was_sent(struct sim *sim)
{
    struct listener l[LISTENERS];
    akt_task task[LISTENERS];
    uint64_t random = sim->seed;
    akt_broadcast_tx tx;
    struct tick t;
    uint64_t lost = 0;
    int i;

    assert_ok(akt_broadcast_open(sim->me, tick, KEPT, &tx));
    for (i = 0; i < LISTENERS; i++) {
        l[i] = (struct listener){.random = sim->seed * 7 + (uint64_t)i};
        assert_ok(akt_broadcast_subscribe(sim->me, tx, &l[i].rx));
        task[i] = start_task(sim->me, listen, &l[i]);
    }
    for (i = 0; i < SENT; i++) {
        uint32_t steps = roll(&random, 6);

        while (steps-- > 0 && akt_sim_step(sim->system)) {
        }
        assert_ok(akt_broadcast_send(sim->me, tx, tick, .n = i));
        if (roll(&random, 4) == 0) {
            (void)akt_sim_advance(sim->system, roll(&random, 60));
        }
    }
    /* One of them goes before the end; what it left is still there. */
    akt_ignore(akt_task_cancel(sim->me, task[0]));
    akt_ignore(akt_join(sim->me, task[0]));
    while (
        (l[0].err = akt_broadcast_try_recv(sim->me, l[0].rx, tick, &t, &lost))
        != AKT_EEMPTY) {
        l[0].received += l[0].err == AKT_OK;
        l[0].lost += l[0].err == AKT_ELAGGED ? lost : 0;
    }
    assert_int_equal(l[0].received + l[0].lost, SENT);
    assert_ok(akt_broadcast_tx_close(sim->me, tx));
    for (i = 1; i < LISTENERS; i++) {
        assert_ok(akt_join(sim->me, task[i]));
        assert_err(l[i].err, AKT_ECLOSED);
        assert_int_equal(l[i].received + l[i].lost, SENT);
        assert_true(l[i].received >= KEPT);
    }
}

static void
a_slow_receiver_goes_on_with_the_oldest(struct sim *sim)
{
    akt_self *me = sim->me;
    akt_broadcast_tx tx;
    akt_broadcast_rx rx;
    akt_broadcast_rx late;
    struct tick t = {-1};
    uint64_t lost = 99;
    int64_t i;

    assert_ok(akt_broadcast_open(me, tick, KEPT, &tx));
    assert_ok(akt_broadcast_send(me, tx, tick, .n = 77));
    assert_ok(akt_broadcast_subscribe(me, tx, &rx));
    assert_err(akt_broadcast_try_recv(me, rx, tick, &t, &lost), AKT_EEMPTY);
    assert_err(akt_broadcast_recv_within(me, 5, rx, tick, &t, &lost),
               AKT_ETIMEOUT);
    for (i = 0; i < KEPT; i++) {
        assert_ok(akt_broadcast_send(me, tx, tick, .n = i));
    }
    assert_ok(akt_broadcast_recv(me, rx, tick, &t, &lost));
    assert_int_equal(t.n, 0);
    assert_int_equal(lost, 99);
    for (; i < KEPT + 4; i++) {
        assert_ok(akt_broadcast_send(me, tx, tick, .n = i));
    }
    assert_err(akt_broadcast_recv(me, rx, tick, &t, &lost), AKT_ELAGGED);
    assert_int_equal(lost, 3);
    assert_int_equal(t.n, 0);
    assert_ok(akt_broadcast_subscribe(me, tx, &late));
    assert_ok(akt_broadcast_tx_close(me, tx));
    for (i = 4; i < 8; i++) {
        assert_ok(akt_broadcast_recv(me, rx, tick, &t, NULL));
        assert_int_equal(t.n, i);
    }
    assert_err(akt_broadcast_recv(me, rx, tick, &t, NULL), AKT_ECLOSED);
    assert_err(akt_broadcast_recv(me, late, tick, &t, NULL), AKT_ECLOSED);
}

/* --- ends --- */

static void
it_is_closed_after_the_last_sender(struct sim *sim)
{
    akt_self *me = sim->me;
    struct listener l[2] = {{.random = 1}, {.random = 2}};
    akt_broadcast_tx tx;
    akt_broadcast_tx other;
    akt_task task;
    struct tick t;

    assert_ok(akt_broadcast_open(me, tick, KEPT, &tx));
    assert_ok(akt_broadcast_tx_clone(me, tx, &other));
    assert_ok(akt_broadcast_subscribe(me, other, &l[0].rx));
    assert_ok(akt_broadcast_subscribe(me, tx, &l[1].rx));
    task = start_task(me, listen, &l[0]);
    assert_ok(akt_broadcast_tx_close(me, tx));
    assert_err(akt_broadcast_tx_close(me, tx), AKT_EENDED);
    assert_err(akt_broadcast_send(me, tx, tick, .n = 9), AKT_EENDED);
    assert_err(akt_broadcast_tx_clone(me, tx, &tx), AKT_EENDED);
    assert_ok(akt_broadcast_send(me, other, tick, .n = 0));
    (void)akt_sim_advance(sim->system, AKT_MS(1));
    assert_int_equal(l[0].received, 1);
    assert_ok(akt_broadcast_tx_close(me, other));
    assert_ok(akt_join(me, task));
    assert_err(l[0].err, AKT_ECLOSED);
    assert_ok(akt_broadcast_rx_close(me, l[0].rx));
    assert_err(akt_broadcast_try_recv(me, l[0].rx, tick, &t, NULL), AKT_EENDED);
    assert_ok(akt_broadcast_try_recv(me, l[1].rx, tick, &t, NULL));
    assert_err(akt_broadcast_try_recv(me, l[1].rx, tick, &t, NULL),
               AKT_ECLOSED);
    assert_ok(akt_broadcast_rx_close(me, l[1].rx));
}

static void
a_closed_receiver_tells_who_waits_by_it(struct sim *sim)
{
    struct listener l = {.random = sim->seed};
    akt_broadcast_tx tx;
    akt_task task;

    assert_ok(akt_broadcast_open(sim->me, tick, KEPT, &tx));
    assert_ok(akt_broadcast_subscribe(sim->me, tx, &l.rx));
    task = start_task(sim->me, listen, &l);
    (void)akt_sim_advance(sim->system, roll(&l.random, 100));
    assert_ok(akt_broadcast_rx_close(sim->me, l.rx));
    assert_ok(akt_join(sim->me, task));
    assert_err(l.err, AKT_EENDED);
    assert_ok(akt_broadcast_send(sim->me, tx, tick, .n = 1));
}

/* The ends of a task are closed when it ends. */
static akt_err
send_and_end(akt_self *self, void *arg)
{
    akt_broadcast_tx *tx = arg;
    akt_broadcast_tx mine;

    AKT_TRY(akt_broadcast_tx_clone(self, *tx, &mine));
    return akt_broadcast_send(self, mine, tick, .n = 0);
}

static void
ends_close_with_their_owner(struct sim *sim)
{
    struct listener l = {.random = sim->seed};
    akt_broadcast_tx tx;
    akt_task from;
    akt_task to;

    assert_ok(akt_broadcast_open(sim->me, tick, KEPT, &tx));
    assert_ok(akt_broadcast_subscribe(sim->me, tx, &l.rx));
    to = start_task(sim->me, listen, &l);
    from = start_task(sim->me, send_and_end, &tx);
    assert_ok(akt_join(sim->me, from));
    assert_ok(akt_broadcast_tx_close(sim->me, tx));
    assert_ok(akt_join(sim->me, to));
    assert_err(l.err, AKT_ECLOSED);
    assert_int_equal(l.received, 1);
}

static void
misuse_is_told(struct sim *sim)
{
    akt_broadcast_tx tx;

    assert_err(akt_broadcast_open(sim->me, words, KEPT, &tx), AKT_ETYPE);
    assert_true(sim_log_has(sim, "broadcast: every receiver gets a copy"));
    assert_err(akt_broadcast_open(sim->me, tick, 0, &tx), AKT_EINVAL);
    assert_err(akt_broadcast_open(sim->me, tick, UINT32_MAX, &tx), AKT_EINVAL);
    assert_true(sim_log_has(sim, "room for 4294967295 values of 8 bytes"));
    assert_ok(akt_broadcast_open(sim->me, tick, KEPT, &tx));
    assert_err(akt_broadcast_send(sim->me, tx, words, .words = {"x", 1}),
               AKT_ETYPE);
}

/* --- handlers --- */

static akt_broadcast_rx shared;

static akt_err
on_tick(akt_self *self, struct doer *d, const akt_answer *answer,
        const struct akt_woken *woken)
{
    struct tick t = {0};
    akt_err err = akt_broadcast_try_recv(self, shared, tick, &t, NULL);

    (void)d;
    (void)woken;
    assert_int_equal(answer->outcome, AKT_REPLIED);
    sim_note((int64_t)err * 1000 + t.n);
    return AKT_OK;
}
AKT_THEN(on_tick, struct doer, akt_wake);

static akt_err
listen_by_future(akt_self *self, void *arg)
{
    struct tick t;
    akt_future f;

    (void)arg;
    assert_err(akt_broadcast_recv(self, shared, tick, &t, NULL), AKT_ECONTEXT);
    AKT_TRY(akt_broadcast_readable(self, shared, &f));
    return akt_then(self, f, on_tick, NULL);
}

static void
a_handler_has_a_future(struct sim *sim)
{
    akt_broadcast_tx tx;
    akt_ref a;

    assert_ok(akt_broadcast_open(sim->me, tick, KEPT, &tx));
    assert_ok(akt_broadcast_subscribe(sim->me, tx, &shared));
    assert_ok(akt_spawn(sim->me, owner, &a));
    sim_do(sim, a, listen_by_future, NULL);
    assert_ok(akt_broadcast_send(sim->me, tx, tick, .n = 5));
    assert_ok(akt_broadcast_send(sim->me, tx, tick, .n = 6));
    (void)akt_sim_run_until_idle(sim->system);
    assert_notes(5);
    sim_do(sim, a, listen_by_future, NULL);
    assert_notes(5, 6);
    sim_do(sim, a, listen_by_future, NULL);
    assert_ok(akt_broadcast_tx_close(sim->me, tx));
    (void)akt_sim_run_until_idle(sim->system);
    assert_notes(5, 6, AKT_ECLOSED * 1000);
}

TEST(received_and_lost_are_what_was_sent)
TEST(a_slow_receiver_goes_on_with_the_oldest)
TEST(it_is_closed_after_the_last_sender)
TEST(a_closed_receiver_tells_who_waits_by_it)
TEST(ends_close_with_their_owner)
TEST(misuse_is_told)
TEST(a_handler_has_a_future)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_received_and_lost_are_what_was_sent),
        sim_test(test_a_slow_receiver_goes_on_with_the_oldest),
        sim_test(test_it_is_closed_after_the_last_sender),
        sim_test(test_a_closed_receiver_tells_who_waits_by_it),
        sim_test(test_ends_close_with_their_owner),
        sim_test(test_misuse_is_told),
        sim_test(test_a_handler_has_a_future),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
