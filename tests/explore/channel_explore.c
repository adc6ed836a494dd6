/* SPDX-License-Identifier: MIT */
/*
 * A channel between plain threads: who waits for a value or for room, who closes,
 * who uses an end that is closed at that moment. In every schedule nobody waits
 * for what is there, each value is received or destroyed once, and an old handle
 * never reaches the next channel of its cell.
 *
 * Found: a wait that lines up without looking again; a baton that is not passed
 * on; a close that wakes nobody; an end that is not looked at again under the
 * latch; a free channel whose latch is set back.
 */
#include "tests/explore/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define NUMBER(F) F(u32, number)
AKT_MESSAGE(value, NUMBER);

static struct world world;
static akt_tx tx;
static akt_rx rx;
static akt_rx other;
static uint32_t received;
static uint32_t sum;

/* Until the channel is closed. */
static void
receive_all(akt_self *me, void *arg)
{
    struct value v;
    akt_err err;

    (void)arg;
    while ((err = akt_channel_recv(me, rx, value, &v)) == AKT_OK) {
        received++;
        sum += v.number;
    }
    explore_check(err == AKT_ECLOSED);
}

static void
receive_one(akt_self *me, void *arg)
{
    struct value v;

    (void)arg;
    explore_ok(akt_channel_recv(me, rx, value, &v));
    received++;
}

static void
select_one(akt_self *me, void *arg)
{
    struct value v;
    size_t which;
    akt_branch b[] = {AKT_WHEN_RECV(rx, value, &v),
                      AKT_WHEN_RECV(other, value, &v)};

    (void)arg;
    explore_ok(akt_select(me, b, 2, AKT_SELECT_BIASED, AKT_NEVER, &which));
    explore_ok(b[which].error);
    received++;
}

/* Somewhere in between the end is closed. */
static void
send_some(akt_self *me, void *arg)
{
    akt_err err = AKT_OK;
    uint32_t i;

    (void)arg;
    for (i = 0; i < 2 && err == AKT_OK; i++) {
        err = akt_channel_send(me, tx, value, .number = 1);
    }
    explore_check(err == AKT_OK || err == AKT_ECLOSED || err == AKT_EENDED);
}

static void
begin(uint32_t capacity)
{
    received = 0;
    sum = 0;
    world_begin(&world, 1);
    explore_ok(akt_channel_open(world.me, value, capacity, &tx, &rx));
    explore_begin();
}

/* --- scenarios --- */

static void
one_receiver(void *arg)
{
    struct world_thread t;
    uint32_t i;

    (void)arg;
    begin(1);
    world_start(&world, &t, receive_all, NULL);
    for (i = 1; i <= 3; i++) {
        explore_ok(akt_channel_send(world.me, tx, value, .number = i));
    }
    explore_ok(akt_tx_close(world.me, tx));
    world_join(&t);
    explore_check(received == 3 && sum == 6);
    world_end(&world);
}

static void
two_receivers(void *arg)
{
    struct world_thread t[2];
    uint32_t i;

    (void)arg;
    begin(2);
    world_start(&world, &t[0], receive_all, NULL);
    world_start(&world, &t[1], receive_all, NULL);
    for (i = 1; i <= 2; i++) {
        explore_ok(akt_channel_send(world.me, tx, value, .number = i));
    }
    explore_ok(akt_tx_close(world.me, tx));
    world_join(&t[0]);
    world_join(&t[1]);
    explore_check(received == 2 && sum == 3);
    world_end(&world);
}

/* Each channel wakes the select; one of the values is for the other thread. */
static void
select_and_receiver(void *arg)
{
    struct world_thread t[2];
    struct value v;
    akt_tx second;

    (void)arg;
    begin(2);
    explore_ok(akt_channel_open(world.me, value, 2, &second, &other));
    world_start(&world, &t[0], select_one, NULL);
    world_start(&world, &t[1], receive_one, NULL);
    explore_ok(akt_channel_send(world.me, second, value, .number = 1));
    explore_ok(akt_channel_send(world.me, tx, value, .number = 1));
    explore_ok(akt_channel_send(world.me, tx, value, .number = 1));
    world_join(&t[0]);
    world_join(&t[1]);
    while (akt_channel_try_recv(world.me, rx, value, &v) == AKT_OK
           || akt_channel_try_recv(world.me, other, value, &v) == AKT_OK) {
        received++;
    }
    explore_check(received == 3);
    world_end(&world);
}

/* A receiver that leaves what it was woken for to the other one. */
static void
receive_in_time(akt_self *me, void *arg)
{
    struct value v;
    akt_err err = akt_channel_recv_within(me, AKT_US(1), rx, value, &v);

    (void)arg;
    explore_check(err == AKT_OK || err == AKT_ETIMEOUT);
    received += err == AKT_OK;
}

static void
late_receiver(void *arg)
{
    struct world_thread t[2];
    akt_err err = AKT_OK;

    (void)arg;
    begin(2);
    world_start(&world, &t[0], receive_in_time, NULL);
    world_start(&world, &t[1], receive_one, NULL);
    explore_pass_time(AKT_US(1));
    explore_ok(akt_channel_send(world.me, tx, value, .number = 1));
    world_join(&t[0]);
    if (received == 1) {
        err = akt_channel_try_send(world.me, tx, value, .number = 1);
    }
    explore_check(err == AKT_OK || err == AKT_EFULL);
    world_join(&t[1]);
    world_end(&world);
}

static void
closed_receiver(void *arg)
{
    struct world_thread t;
    akt_channel_counters c;

    (void)arg;
    begin(1);
    world_start(&world, &t, send_some, NULL);
    explore_ok(akt_rx_close(world.me, rx));
    world_join(&t);
    explore_ok(akt_tx_counters(world.me, tx, &c));
    explore_check(c.sent == c.destroyed && c.received == 0 && c.queued == 0);
    world_end(&world);
}

/* The next channel lies in the same cells. */
static void
stale_end(void *arg)
{
    struct world_thread t;
    akt_channel_counters c;
    akt_tx next_tx;
    akt_rx next_rx;

    (void)arg;
    begin(1);
    world_start(&world, &t, send_some, NULL);
    explore_ok(akt_tx_close(world.me, tx));
    explore_ok(akt_rx_close(world.me, rx));
    explore_ok(akt_channel_open(world.me, value, 1, &next_tx, &next_rx));
    explore_ok(akt_channel_send(world.me, next_tx, value, .number = 1));
    world_join(&t);
    explore_ok(akt_tx_counters(world.me, next_tx, &c));
    explore_check(c.sent == 1 && c.queued == 1 && c.senders == 1);
    world_end(&world);
}

/* --- the campaigns --- */

struct row {
    const char *name;
    explore_fn *scenario;
};

static const struct row rows[] = {
    {"channel, one receiver", one_receiver},
    {"channel, two receivers", two_receivers},
    {"channel, select and receiver", select_and_receiver},
    {"channel, late receiver", late_receiver},
    {"channel, closed receiver", closed_receiver},
    {"channel, stale end", stale_end},
};

static void
test_channel(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct campaign c = {.name = rows[i].name,
                             .scenario = rows[i].scenario,
                             .random = 4000,
                             .pct = 1000,
                             .preemptions = 1,
                             .all_max = 6000};

        assert_true(campaign_passes(&c));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_channel),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
