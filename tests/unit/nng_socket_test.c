/* SPDX-License-Identifier: MIT */
/* Sockets that send and receive bytes, over each transport. */
#include "tests/support/net.h"

#include <stdio.h>
#include <string.h>

static const char *const transports[] = {"inproc", "tcp", "ipc", "ws"};
#define TRANSPORTS (sizeof(transports) / sizeof(transports[0]))

/* What is pushed arrives once, in order, whatever carries it. */
static void
test_push_pull_over_each_transport_in_order(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < TRANSPORTS; i++) {
        struct net net;
        akt_nng pull;
        akt_nng push;
        char text[16];
        int n;

        net_begin(&net);
        pull = net_open(&net, AKT_NNG_PULL, net.a);
        push = net_open(&net, AKT_NNG_PUSH, NULL);
        net_connect(&net, transports[i], pull, push);
        for (n = 0; n < 500; n++) {
            (void)snprintf(text, sizeof(text), "m%d", n);
            net_send(&net, push, text);
        }
        for (n = 0; n < 500; n++) {
            (void)snprintf(text, sizeof(text), "m%d", n);
            net_expect(net.a, text);
        }
        assert_int_equal(net_stats(&net, pull).received, 500);
        net_end(&net);
    }
}

static void
test_pair_and_bus_both_ways(void **state)
{
    static const akt_nng_protocol both[] = {AKT_NNG_PAIR, AKT_NNG_PAIR0,
                                            AKT_NNG_BUS};
    size_t i;

    (void)state;
    for (i = 0; i < 3; i++) {
        struct net net;
        akt_nng one;
        akt_nng two;

        net_begin(&net);
        one = net_open(&net, both[i], net.a);
        two = net_open(&net, both[i], net.b);
        net_connect(&net, "tcp", one, two);
        net_send(&net, two, "there");
        net_expect(net.a, "there");
        net_send(&net, one, "and back");
        net_expect(net.b, "and back");
        net_end(&net);
    }
}

static void
test_sub_gets_its_topics_alone(void **state)
{
    static const char *const topics[] = {"news", NULL};
    akt_nng_opts opts = {.protocol = AKT_NNG_SUB, .topics = topics};
    akt_nng_opts pub = {.protocol = AKT_NNG_PUB, .peers = true};
    struct net net;
    akt_nng sub;
    akt_nng p;

    (void)state;
    net_begin(&net);
    opts.to = akt_probe_ref(net.a);
    pub.to = akt_probe_ref(net.b);
    sub = net_open_with(&net, &opts);
    p = net_open_with(&net, &pub);
    net_connect(&net, "tcp", p, sub);
    assert_non_null(akt_expect(net.b, NET_WITHIN, akt_nng_peer_up));
    net_send(&net, p, "weather: rain");
    net_send(&net, p, "news: none");
    net_expect(net.a, "news: none");
    net_end(&net);
}

/* Up and down, with the same number and the peer's address. */
static void
test_peers_are_told(void **state)
{
    akt_nng_opts opts = {.protocol = AKT_NNG_PULL, .peers = true};
    const struct akt_nng_peer_up *up;
    const struct akt_nng_peer_down *down;
    uint64_t peer;
    struct net net;
    akt_nng pull;
    akt_nng push;

    (void)state;
    net_begin(&net);
    opts.to = akt_probe_ref(net.a);
    pull = net_open_with(&net, &opts);
    push = net_open(&net, AKT_NNG_PUSH, NULL);
    net_connect(&net, "tcp", pull, push);
    up = akt_expect(net.a, NET_WITHIN, akt_nng_peer_up);
    assert_non_null(up);
    assert_non_null(strstr(up->address.ptr, "127.0.0.1:"));
    assert_true(akt_ref_equal(akt_probe_sender(net.a), pull.from));
    peer = up->peer;
    assert_int_equal(net_stats(&net, pull).peers, 1);
    akt_nng_close(net.me, push);
    down = akt_expect(net.a, NET_WITHIN, akt_nng_peer_down);
    assert_non_null(down);
    assert_int_equal(down->peer, peer);
    assert_int_equal(net_stats(&net, pull).peers, 0);
    net_end(&net);
}

/* What was sent before the close arrives. */
static void
test_close_lets_what_was_sent_leave(void **state)
{
    struct net net;
    akt_nng pull;
    akt_nng push;
    char text[16];
    int n;

    (void)state;
    net_begin(&net);
    pull = net_open(&net, AKT_NNG_PULL, net.a);
    push = net_open(&net, AKT_NNG_PUSH, NULL);
    net_connect(&net, "tcp", pull, push);
    for (n = 0; n < 300; n++) {
        (void)snprintf(text, sizeof(text), "m%d", n);
        net_send(&net, push, text);
    }
    akt_nng_close(net.me, push);
    assert_err(akt_nng_stats(net.me, push, &(akt_nng_counters){0}), AKT_EENDED);
    for (n = 0; n < 300; n++) {
        (void)snprintf(text, sizeof(text), "m%d", n);
        net_expect(net.a, text);
    }
    net_end(&net);
}

/* The same when the system drains. */
static void
test_drain_lets_what_was_sent_leave(void **state)
{
    struct net net;
    struct net other;
    akt_nng pull;
    akt_nng push;
    int n;

    (void)state;
    net_begin(&net);
    net_begin(&other);
    pull = net_open(&net, AKT_NNG_PULL, net.a);
    push = net_open(&other, AKT_NNG_PUSH, NULL);
    net_listen(&net, pull, net_address(&net, "tcp"));
    memcpy(other.url, net.url, sizeof(other.url));
    net_dial(&other, push);
    for (n = 0; n < 300; n++) {
        net_send(&other, push, "x");
    }
    assert_ok(akt_system_stop(other.system, NET_WITHIN));
    net_end(&other);
    for (n = 0; n < 300; n++) {
        net_expect(net.a, "x");
    }
    net_end(&net);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_push_pull_over_each_transport_in_order),
        cmocka_unit_test(test_pair_and_bus_both_ways),
        cmocka_unit_test(test_sub_gets_its_topics_alone),
        cmocka_unit_test(test_peers_are_told),
        cmocka_unit_test(test_close_lets_what_was_sent_leave),
        cmocka_unit_test(test_drain_lets_what_was_sent_leave),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
