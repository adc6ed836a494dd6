/* SPDX-License-Identifier: MIT */
/*
 * More is sent than is taken. A full mailbox slows down who sends at the other end
 * of the connection; a protocol that cannot do that drops, and counts what it drops.
 */
#include "actors/base/clock.h"
#include "tests/support/net.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define SIZE ((size_t)16 << 10)
#define WINDOW 8
/*
 * What may be on its way: in the sender's socket as an actor, in the windows, in
 * the mailbox of the receiver, and in the kernel, which takes at most 16 MiB for
 * a connection; some in nng and in handlers' hands.
 */
#define MOST (AKT_MAILBOX_CAPACITY + 3 * WINDOW + 1024 + 32)

/* The door at which the receiver's handler stands, and what came through. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool is_open;
    uint64_t count;
    uint64_t next; /* above the last number */
    uint64_t
        wrong; /* numbers that were not above the last one, or no numbers */
} door = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, 0, 0, 0};

static void
set_door(bool is_open)
{
    (void)pthread_mutex_lock(&door.lock);
    door.is_open = is_open;
    if (!is_open) {
        door.count = 0;
        door.next = 0;
        door.wrong = 0;
    }
    (void)pthread_cond_broadcast(&door.changed);
    (void)pthread_mutex_unlock(&door.lock);
}

struct slow {
    int64_t handled;
};

static akt_err
on_bytes(akt_self *self, struct slow *s, const struct akt_nng_bytes *m)
{
    uint64_t n = UINT64_MAX;

    (void)self;
    s->handled++;
    if (m->data.len >= sizeof(n)) {
        memcpy(&n, m->data.ptr, sizeof(n));
    }
    (void)pthread_mutex_lock(&door.lock);
    while (!door.is_open) {
        (void)pthread_cond_wait(&door.changed, &door.lock);
    }
    door.wrong += n < door.next || n == UINT64_MAX ? 1 : 0;
    door.next = n + 1;
    door.count++;
    (void)pthread_cond_broadcast(&door.changed);
    (void)pthread_mutex_unlock(&door.lock);
    return AKT_OK;
}
AKT_CLASS(slow, struct slow, AKT_ON(akt_nng_bytes, on_bytes),
          AKT_MAILBOX(WINDOW, AKT_AWAIT));

/* So many have come through, in order. */
static void
await_count(uint64_t n)
{
    (void)pthread_mutex_lock(&door.lock);
    while (door.count < n) {
        struct timespec until;

        (void)clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += (time_t)(NET_WITHIN / AKT_SECONDS(1));
        assert_int_equal(
            pthread_cond_timedwait(&door.changed, &door.lock, &until), 0);
    }
    assert_int_equal(door.count, n);
    assert_int_equal(door.wrong, 0);
    (void)pthread_mutex_unlock(&door.lock);
}

static akt_err
send_number(struct net *net, akt_nng s, uint64_t n, size_t size,
            uint64_t within_ns)
{
    static char bytes[SIZE];

    memcpy(bytes, &n, sizeof(n));
    return akt_send_within(net->me, within_ns, s.ref, akt_nng_bytes,
                           .data = {bytes, size});
}

static akt_nng
open_slow(struct net *net, akt_nng_protocol protocol)
{
    akt_nng_opts opts = {.protocol = protocol, .window = WINDOW};

    assert_ok(akt_spawn(net->me, slow, &opts.to));
    return net_open_with(net, &opts);
}

/* The handler stands still: so does the sender, in the end; nothing is lost. */
static void
press(const char *transport)
{
    akt_nng_opts opts = {.protocol = AKT_NNG_PUSH, .window = WINDOW};
    struct net net;
    akt_nng pull;
    akt_nng push;
    uint64_t n = 0;
    uint64_t i;
    akt_err err;

    net_begin(&net);
    set_door(false);
    pull = open_slow(&net, AKT_NNG_PULL);
    push = net_open_with(&net, &opts);
    net_connect(&net, transport, pull, push);
    while ((err = send_number(&net, push, n, SIZE, AKT_MS(300))) == AKT_OK) {
        n++;
        assert_in_range(n, 0, MOST);
    }
    assert_err(err, AKT_ETIMEOUT);
    assert_in_range(n, AKT_MAILBOX_CAPACITY, MOST);
    /* One in the handler's hand, and one that waits for room. */
    assert_in_range(net_stats(&net, pull).received, 1, 2 * WINDOW + 2);
    set_door(true);
    for (i = 0; i < 100; i++) {
        assert_ok(send_number(&net, push, n + i, SIZE, NET_WITHIN));
    }
    await_count(n + 100);
    assert_int_equal(net_stats(&net, pull).received, n + 100);
    assert_int_equal(net_stats(&net, pull).dropped, 0);
    assert_int_equal(net_finish(&net, push).sent, n + 100);
    net_end(&net);
}

static void
test_full_mailbox_slows_the_peer_down(void **state)
{
    (void)state;
    press("ipc");
    press("tcp");
}

/* What the network has brought, and nobody has got, when the socket ends. */
static void
test_what_nobody_took_is_counted(void **state)
{
    uint64_t until = akti_clock_now() + NET_WITHIN;
    akt_nng_counters c;
    akt_counters all;
    struct net net;
    akt_nng pull;
    akt_nng push;
    uint64_t n;

    (void)state;
    net_begin(&net);
    set_door(false);
    pull = open_slow(&net, AKT_NNG_PULL);
    push = net_open(&net, AKT_NNG_PUSH, NULL);
    net_connect(&net, "tcp", pull, push);
    for (n = 0; n < 5 * WINDOW; n++) {
        assert_ok(send_number(&net, push, n, 8, NET_WITHIN));
    }
    /* The mailbox is full, one waits for room, and half of the window at least. */
    while (net_stats(&net, pull).received < WINDOW + 1 + WINDOW / 2 + 1) {
        assert_true(akti_clock_now() < until);
    }
    assert_ok(akt_kill(net.me, pull.ref));
    while (akt_ref_is_alive(net.me, pull.ref)
           || akt_ref_is_alive(net.me, pull.from)) {
        assert_true(akti_clock_now() < until);
    }
    c = net_stats(&net, pull);
    akt_system_counters(net.system, &all);
    assert_in_range(c.dropped, 1, WINDOW);
    set_door(true);
    await_count(c.received - c.dropped - all.returned);
    net_end(&net);
}

/* Nobody is there to take it: the socket holds a few, its mailbox the others. */
static void
test_what_waits_for_a_peer_keeps_its_order(void **state)
{
    akt_nng_opts opts = {.protocol = AKT_NNG_PUSH, .window = 2};
    struct net net;
    akt_nng pull;
    akt_nng push;
    uint64_t n;

    (void)state;
    net_begin(&net);
    set_door(false);
    set_door(true);
    push = net_open_with(&net, &opts);
    net_listen(&net, push, net_address(&net, "tcp"));
    for (n = 0; n < 50; n++) {
        assert_ok(send_number(&net, push, n, 8, NET_WITHIN));
    }
    pull = open_slow(&net, AKT_NNG_PULL);
    net_dial(&net, pull);
    await_count(50);
    net_end(&net);
}

/* A worker goes to sleep, or has done so already. */
static void
await_park(struct net *net)
{
    uint64_t until = akti_clock_now() + AKT_MS(2);
    akt_sched_stats before;
    akt_sched_stats now;

    akt_system_stats(net->system, &before);
    do {
        akt_system_stats(net->system, &now);
    } while (now.parks == before.parks && akti_clock_now() < until);
}

/* In a stream the receiver looks for the next one; in a pause it is told of it. */
static void
test_stream_that_pauses_arrives(void **state)
{
    struct net net;
    akt_nng pull;
    akt_nng push;
    uint64_t n = 0;
    uint64_t i;

    (void)state;
    net_begin(&net);
    set_door(false);
    set_door(true);
    pull = open_slow(&net, AKT_NNG_PULL);
    push = net_open(&net, AKT_NNG_PUSH, NULL);
    net_listen(&net, pull, net_address(&net, "inproc"));
    net_dial(&net, push);
    for (i = 0; i < 200; i++) {
        uint64_t end = n + 1 + i % 5;

        for (; n < end; n++) {
            assert_ok(send_number(&net, push, n, 8, NET_WITHIN));
        }
        await_count(n);
        if (i % 4 == 0) {
            await_park(&net);
        }
    }
    net_end(&net);
}

/* Until the subscriber has read so many, and kept or dropped them. */
static void
await_read(struct net *net, akt_nng sub, uint64_t n)
{
    uint64_t until = akti_clock_now() + NET_WITHIN;
    akt_nng_counters c;

    do {
        c = net_stats(net, sub);
        assert_true(akti_clock_now() < until);
    } while (c.received < n);
    assert_int_equal(c.received, n);
}

static void
test_what_a_slow_subscriber_misses_is_counted(void **state)
{
    static const akt_nng_protocol both[][2] = {{AKT_NNG_PUB, AKT_NNG_SUB},
                                               {AKT_NNG_BUS, AKT_NNG_BUS}};
    size_t i;

    (void)state;
    for (i = 0; i < 2; i++) {
        akt_nng_opts opts = {.protocol = both[i][0], .peers = true};
        struct net net;
        akt_nng_counters c;
        akt_nng from;
        akt_nng to;
        uint64_t n;

        net_begin(&net);
        set_door(false);
        opts.to = akt_probe_ref(net.a);
        from = net_open_with(&net, &opts);
        to = open_slow(&net, both[i][1]);
        net_connect(&net, "tcp", from, to);
        assert_non_null(akt_expect(net.a, NET_WITHIN, akt_nng_peer_up));
        for (n = 0; n < 200; n++) {
            assert_ok(send_number(&net, from, n, 8, NET_WITHIN));
            await_read(&net, to, n + 1);
        }
        c = net_stats(&net, to);
        /* What the window has is kept, and what the receiver took meanwhile. */
        assert_in_range(c.dropped, 200 - 3 * WINDOW, 200 - WINDOW);
        set_door(true);
        await_count(n - c.dropped);
        /* And it goes on. */
        assert_ok(send_number(&net, from, n, 8, NET_WITHIN));
        await_count(n - c.dropped + 1);
        net_end(&net);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_full_mailbox_slows_the_peer_down),
        cmocka_unit_test(test_what_nobody_took_is_counted),
        cmocka_unit_test(test_what_waits_for_a_peer_keeps_its_order),
        cmocka_unit_test(test_stream_that_pauses_arrives),
        cmocka_unit_test(test_what_a_slow_subscriber_misses_is_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
