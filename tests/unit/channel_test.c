/* SPDX-License-Identifier: MIT */
/* Channels: what each call says, and what becomes of values and ends. */
#include "tests/unit/channels.h"

AKT_CLASS(owner, struct owner, AKT_ON(act, on_act));

struct ends {
    akt_tx tx;
    akt_rx rx;
};

/* --- one thread --- */

static void
values_come_in_order(struct sim *sim)
{
    akt_tx tx;
    akt_rx rx;
    struct num got;
    int64_t i;

    assert_ok(akt_channel_open(sim->me, num, 100, &tx, &rx));
    for (i = 0; i < 100; i++) {
        assert_ok(akt_channel_send(sim->me, tx, num, .n = i));
    }
    assert_err(akt_channel_try_send(sim->me, tx, num, .n = 7), AKT_EFULL);
    for (i = 0; i < 100; i++) {
        assert_ok(akt_channel_recv(sim->me, rx, num, &got));
        assert_int_equal(got.n, i);
    }
    assert_err(akt_channel_try_recv(sim->me, rx, num, &got), AKT_EEMPTY);
    assert_int_equal(got.n, 99);
}

static void
capacity_is_kept_exactly(struct sim *sim)
{
    static const uint32_t capacities[] = {1, 2, 31, 32, 33, 62, 63, 1000};
    akt_tx tx;
    akt_rx rx;
    struct num got;
    size_t k;
    uint32_t i;

    for (k = 0; k < sizeof(capacities) / sizeof(capacities[0]); k++) {
        assert_ok(akt_channel_open(sim->me, num, capacities[k], &tx, &rx));
        for (i = 0; i < capacities[k]; i++) {
            assert_ok(akt_channel_try_send(sim->me, tx, num, .n = i));
        }
        assert_err(akt_channel_try_send(sim->me, tx, num, .n = 0), AKT_EFULL);
        assert_ok(akt_channel_try_recv(sim->me, rx, num, &got));
        assert_ok(akt_channel_try_send(sim->me, tx, num, .n = 0));
        assert_err(akt_channel_try_send(sim->me, tx, num, .n = 0), AKT_EFULL);
        assert_ok(akt_tx_close(sim->me, tx));
        assert_ok(akt_rx_close(sim->me, rx));
    }
}

static void
arguments_are_checked(struct sim *sim)
{
    akt_tx no_tx = {NULL, 0};
    akt_rx no_rx = {NULL, 0};
    akt_tx tx = {NULL, 77};
    akt_rx rx = {NULL, 77};
    struct num got = {.n = 5};
    struct other wrong;

    assert_err(akt_channel_open(sim->me, num, 0, &tx, &rx), AKT_EINVAL);
    assert_err(
        akt_channel_open(sim->me, num, AKT_CHANNEL_CAPACITY_MAX + 1, &tx, &rx),
        AKT_EINVAL);
    assert_err(akt_channel_open(sim->me, words, 3, &tx, &rx), AKT_ETYPE);
    assert_true(sim_log_has(sim, "AKT_LOCAL_MESSAGE_WITH"));
    assert_null(tx.cell);
    assert_int_equal(rx.generation, 77);
    assert_ok(
        akt_channel_open(sim->me, num, AKT_CHANNEL_CAPACITY_MAX, &tx, &rx));
    assert_err(akt_channel_send(sim->me, tx, other, .n = 1), AKT_ETYPE);
    assert_ok(akt_channel_send(sim->me, tx, num, .n = 1));
    assert_err(akt_channel_recv(sim->me, rx, other, &wrong), AKT_ETYPE);
    assert_ok(akt_channel_recv(sim->me, rx, num, &got));
    assert_int_equal(got.n, 1);
    tx = no_tx;
    assert_err(akt_channel_send(sim->me, tx, num, .n = 1), AKT_EENDED);
    assert_err(akt_channel_recv(sim->me, no_rx, num, &got), AKT_EENDED);
}

static void
a_closed_end_is_closed_for_ever(struct sim *sim)
{
    akt_tx tx;
    akt_rx rx;
    akt_tx tx2;
    akt_rx rx2;
    struct num got;

    assert_ok(akt_channel_open(sim->me, num, 3, &tx, &rx));
    assert_ok(akt_tx_close(sim->me, tx));
    assert_err(akt_tx_close(sim->me, tx), AKT_EENDED);
    assert_err(akt_channel_send(sim->me, tx, num, .n = 1), AKT_EENDED);
    assert_err(akt_tx_clone(sim->me, tx, &tx2), AKT_EENDED);
    assert_ok(akt_rx_close(sim->me, rx));
    assert_err(akt_rx_close(sim->me, rx), AKT_EENDED);
    /* The same cells, for another channel. */
    assert_ok(akt_channel_open(sim->me, num, 3, &tx2, &rx2));
    assert_err(akt_channel_send(sim->me, tx, num, .n = 1), AKT_EENDED);
    assert_err(akt_channel_recv(sim->me, rx, num, &got), AKT_EENDED);
    assert_err(akt_tx_close(sim->me, tx), AKT_EENDED);
    assert_ok(akt_channel_send(sim->me, tx2, num, .n = 1));
}

static void
closed_senders_let_the_rest_be_received(struct sim *sim)
{
    akt_tx tx;
    akt_tx clone;
    akt_rx rx;
    struct num got;

    assert_ok(akt_channel_open(sim->me, num, 3, &tx, &rx));
    assert_ok(akt_tx_clone(sim->me, tx, &clone));
    assert_ok(akt_channel_send(sim->me, tx, num, .n = 1));
    assert_ok(akt_tx_close(sim->me, tx));
    assert_ok(akt_channel_send(sim->me, clone, num, .n = 2));
    assert_ok(akt_channel_recv(sim->me, rx, num, &got));
    assert_ok(akt_tx_close(sim->me, clone));
    assert_ok(akt_channel_recv(sim->me, rx, num, &got));
    assert_int_equal(got.n, 2);
    assert_err(akt_channel_recv(sim->me, rx, num, &got), AKT_ECLOSED);
    assert_err(akt_channel_try_recv(sim->me, rx, num, &got), AKT_ECLOSED);
}

static void
closed_receivers_destroy_the_rest(struct sim *sim)
{
    akt_channel_counters c;
    akt_tx tx;
    akt_rx rx;
    akt_rx clone;
    struct parcel got;
    int64_t live = 50;
    int64_t i;

    assert_ok(akt_channel_open(sim->me, parcel, 100, &tx, &rx));
    assert_ok(akt_rx_clone(sim->me, rx, &clone));
    for (i = 0; i < 50; i++) {
        assert_ok(akt_channel_send(sim->me, tx, parcel, .live = &live, .n = i));
    }
    for (i = 0; i < 3; i++) {
        assert_ok(akt_channel_recv(sim->me, i == 1 ? clone : rx, parcel, &got));
        parcel_destroy(&got);
    }
    assert_ok(akt_rx_close(sim->me, rx));
    assert_int_equal(live, 47);
    assert_ok(akt_rx_close(sim->me, clone));
    assert_int_equal(live, 0);
    assert_err(akt_channel_send(sim->me, tx, parcel, .live = &live),
               AKT_ECLOSED);
    assert_err(akt_channel_try_send(sim->me, tx, parcel, .live = &live),
               AKT_ECLOSED);
    assert_ok(akt_tx_counters(sim->me, tx, &c));
    assert_int_equal(c.sent, 50);
    assert_int_equal(c.received, 3);
    assert_int_equal(c.destroyed, 47);
    assert_int_equal(c.queued, 0);
    assert_int_equal(c.senders, 1);
    assert_int_equal(c.receivers, 0);
}

static void
a_detached_thread_closes_its_ends(struct sim *sim)
{
    akt_self *guest;
    akt_tx tx;
    akt_rx rx;
    akt_rx mine;
    struct num got;

    assert_ok(akt_attach(sim->system, &guest));
    assert_ok(akt_channel_open(guest, num, 3, &tx, &rx));
    assert_ok(akt_rx_clone(sim->me, rx, &mine));
    assert_err(akt_tx_close(sim->me, tx), AKT_EENDED);
    assert_ok(akt_channel_send(sim->me, tx, num, .n = 4));
    akt_detach(guest);
    assert_err(akt_channel_send(sim->me, tx, num, .n = 4), AKT_EENDED);
    assert_ok(akt_channel_recv(sim->me, mine, num, &got));
    assert_err(akt_channel_recv(sim->me, mine, num, &got), AKT_ECLOSED);
}

/* --- shapes of values --- */

struct big {
    char bytes[5000];
};
AKT_LOCAL_MESSAGE(big);

struct wide {
    _Alignas(64) int64_t n;
};
AKT_LOCAL_MESSAGE(wide);

struct three {
    char c[3];
};
AKT_LOCAL_MESSAGE(three);

static void
values_of_any_size_are_carried(struct sim *sim)
{
    static struct big sent;
    static struct big big;
    struct wide wide;
    struct three three;
    struct bell bell_got;
    akt_tx tx[4];
    akt_rx rx[4];
    int i;

    assert_ok(akt_channel_open(sim->me, big, 20, &tx[0], &rx[0]));
    assert_ok(akt_channel_open(sim->me, wide, 200, &tx[1], &rx[1]));
    assert_ok(akt_channel_open(sim->me, three, 200, &tx[2], &rx[2]));
    assert_ok(akt_channel_open(sim->me, bell, 200, &tx[3], &rx[3]));
    for (i = 0; i < 100; i++) {
        sent.bytes[4999] = (char)i;
        if (i < 20) {
            assert_ok(akti_channel_send(sim->me, tx[0], AKT_NEVER,
                                        &(akti_message_arg){&big_type, &sent}));
        }
        assert_ok(akt_channel_send(sim->me, tx[1], wide, .n = i));
        assert_ok(akt_channel_send(sim->me, tx[2], three, .c = {1, (char)i}));
        assert_ok(akt_channel_send(sim->me, tx[3], bell));
    }
    for (i = 0; i < 100; i++) {
        if (i < 20) {
            assert_ok(akt_channel_recv(sim->me, rx[0], big, &big));
            assert_int_equal(big.bytes[4999], i);
        }
        assert_ok(akt_channel_recv(sim->me, rx[1], wide, &wide));
        assert_int_equal(wide.n, i);
        assert_ok(akt_channel_recv(sim->me, rx[2], three, &three));
        assert_int_equal(three.c[1], i);
        assert_ok(akt_channel_recv(sim->me, rx[3], bell, &bell_got));
    }
    assert_err(akt_channel_try_recv(sim->me, rx[3], bell, &bell_got),
               AKT_EEMPTY);
}

static void
memory_of_a_burst_is_given_back(struct sim *sim)
{
    akt_tx tx;
    akt_rx rx;
    struct big got;
    size_t before;
    int i;

    assert_ok(akt_channel_open(sim->me, big, 1000, &tx, &rx));
    before = sim->memory.bytes;
    for (i = 0; i < 1000; i++) {
        assert_ok(akt_channel_send(sim->me, tx, big, .bytes = {0}));
    }
    assert_true(sim->memory.bytes > before + 5000000);
    for (i = 0; i < 1000; i++) {
        assert_ok(akt_channel_recv(sim->me, rx, big, &got));
    }
    assert_true(sim->memory.bytes < before + 20000);
}

/* --- permits --- */

static void
a_permit_is_a_place(struct sim *sim)
{
    akt_channel_counters c;
    akt_permit p;
    akt_permit q;
    akt_tx tx;
    akt_rx rx;
    struct num got;

    assert_ok(akt_channel_open(sim->me, num, 2, &tx, &rx));
    assert_ok(akt_channel_reserve(sim->me, tx, &p));
    assert_ok(akt_channel_send(sim->me, tx, num, .n = 1));
    assert_err(akt_channel_try_send(sim->me, tx, num, .n = 2), AKT_EFULL);
    assert_err(akt_channel_try_reserve(sim->me, tx, &q), AKT_EFULL);
    assert_err(akt_channel_reserve_within(sim->me, 5, tx, &q), AKT_ETIMEOUT);
    assert_ok(akt_tx_counters(sim->me, tx, &c));
    assert_int_equal(c.permits, 1);
    assert_err(akt_permit_send(sim->me, p, other, .n = 3), AKT_ETYPE);
    assert_ok(akt_permit_send(sim->me, p, num, .n = 3));
    assert_err(akt_permit_send(sim->me, p, num, .n = 3), AKT_EENDED);
    assert_err(akt_permit_release(sim->me, p), AKT_EENDED);
    assert_ok(akt_channel_recv(sim->me, rx, num, &got));
    assert_ok(akt_channel_try_reserve(sim->me, tx, &q));
    assert_ok(akt_permit_release(sim->me, q));
    assert_ok(akt_channel_try_send(sim->me, tx, num, .n = 4));
}

static void
a_permit_outlives_its_sender(struct sim *sim)
{
    akt_permit p;
    akt_permit q;
    akt_tx tx;
    akt_rx rx;
    struct num got;

    assert_ok(akt_channel_open(sim->me, num, 2, &tx, &rx));
    assert_ok(akt_channel_reserve(sim->me, tx, &p));
    assert_ok(akt_channel_reserve(sim->me, tx, &q));
    assert_ok(akt_tx_close(sim->me, tx));
    assert_err(akt_channel_try_recv(sim->me, rx, num, &got), AKT_EEMPTY);
    assert_ok(akt_permit_send(sim->me, p, num, .n = 8));
    assert_ok(akt_channel_recv(sim->me, rx, num, &got));
    assert_err(akt_channel_try_recv(sim->me, rx, num, &got), AKT_EEMPTY);
    if (sim->seed % 2 == 0) {
        assert_ok(akt_permit_release(sim->me, q));
        assert_err(akt_channel_recv(sim->me, rx, num, &got), AKT_ECLOSED);
    } else {
        assert_ok(akt_rx_close(sim->me, rx));
        assert_err(akt_permit_send(sim->me, q, num, .n = 9), AKT_ECLOSED);
    }
}

/* --- where it is not allowed to wait --- */

static akt_err
in_a_handler(akt_self *self, void *arg)
{
    struct ends *e = arg;
    akt_permit p;
    struct num got;

    assert_err(akt_channel_send(self, e->tx, num, .n = 1), AKT_ECONTEXT);
    assert_err(akt_channel_recv(self, e->rx, num, &got), AKT_ECONTEXT);
    assert_err(akt_channel_reserve(self, e->tx, &p), AKT_ECONTEXT);
    assert_ok(akt_channel_try_send(self, e->tx, num, .n = 1));
    assert_ok(akt_channel_try_reserve(self, e->tx, &p));
    return AKT_OK;
}

static void
a_handler_only_tries(struct sim *sim)
{
    struct ends e;
    akt_ref owner;
    akt_channel_counters c;
    struct num got;

    assert_ok(akt_spawn(sim->me, owner, &owner));
    assert_ok(akt_channel_open(sim->me, num, 2, &e.tx, &e.rx));
    sim_do(sim, owner, in_a_handler, &e);
    assert_ok(akt_channel_recv(sim->me, e.rx, num, &got));
    assert_ok(akt_rx_counters(sim->me, e.rx, &c));
    assert_int_equal(c.permits, 1);
    assert_ok(akt_stop(sim->me, owner));
    (void)akt_sim_run_until_idle(sim->system);
    assert_ok(akt_rx_counters(sim->me, e.rx, &c));
    assert_int_equal(c.permits, 0);
}

static void
a_channel_is_of_one_system(struct sim *sim)
{
    struct sim two;
    akt_tx tx;
    akt_rx rx;
    akt_tx clone;
    akt_channel_counters c;
    akt_ref owner;
    struct num got;

    sim_open(&two, sim->seed);
    assert_ok(akt_channel_open(two.me, num, 2, &tx, &rx));
    assert_err(akt_channel_send(sim->me, tx, num, .n = 1), AKT_EFOREIGN);
    assert_err(akt_channel_recv(sim->me, rx, num, &got), AKT_EFOREIGN);
    assert_err(akt_tx_clone(sim->me, tx, &clone), AKT_EFOREIGN);
    assert_err(akt_tx_counters(sim->me, tx, &c), AKT_EFOREIGN);
    assert_ok(akt_spawn(sim->me, owner, &owner));
    assert_err(akt_tx_give(two.me, tx, owner), AKT_EFOREIGN);
    assert_ok(akt_channel_send(two.me, tx, num, .n = 1));
    sim_close(&two);
}

TEST(values_come_in_order)
TEST(capacity_is_kept_exactly)
TEST(arguments_are_checked)
TEST(a_closed_end_is_closed_for_ever)
TEST(closed_senders_let_the_rest_be_received)
TEST(closed_receivers_destroy_the_rest)
TEST(a_detached_thread_closes_its_ends)
TEST(values_of_any_size_are_carried)
TEST(memory_of_a_burst_is_given_back)
TEST(a_permit_is_a_place)
TEST(a_permit_outlives_its_sender)
TEST(a_handler_only_tries)
TEST(a_channel_is_of_one_system)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_values_come_in_order),
        sim_test(test_capacity_is_kept_exactly),
        sim_test(test_arguments_are_checked),
        sim_test(test_a_closed_end_is_closed_for_ever),
        sim_test(test_closed_senders_let_the_rest_be_received),
        sim_test(test_closed_receivers_destroy_the_rest),
        sim_test(test_a_detached_thread_closes_its_ends),
        sim_test(test_values_of_any_size_are_carried),
        sim_test(test_memory_of_a_burst_is_given_back),
        sim_test(test_a_permit_is_a_place),
        sim_test(test_a_permit_outlives_its_sender),
        sim_test(test_a_handler_only_tries),
        sim_test(test_a_channel_is_of_one_system),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
