/* SPDX-License-Identifier: MIT */
/*
 * Requests through the back end that is nng, by its table alone (transport.h): each
 * is answered, told to be lost, or given up, and takes no room after that. The test
 * stands in the place of OUT, and asks until there is something.
 */
#include "actors/base/clock.h"
#include "actors/core/system.h"
#include "actors/net/nng_back.h"
#include "tests/support/net.h"

#include <stdio.h>
#include <string.h>

static const struct akti_transport *const nng = &akti_nng_transport;

#define FEW 4
#define WINDOW 4

/* How often OUT was woken. */
static struct akti_link *_Atomic watched;
static _Atomic uint32_t wakes;

void __real_akti_link_wake(struct akti_link *link, enum akti_side side);
void __wrap_akti_link_wake(struct akti_link *link, enum akti_side side);

void
__wrap_akti_link_wake(struct akti_link *link, enum akti_side side)
{
    wakes += link == watched && side == AKTI_SIDE_OUT ? 1 : 0;
    __real_akti_link_wake(link, side);
}

struct both {
    struct net net;
    akt_nng rep;
    struct akti_link *link;
    struct akti_net *req;
};

/* A REQ socket without actors. */
static void
begin(struct both *b)
{
    struct akti_net_config config = {.protocol = AKT_NNG_REQ,
                                     .name = "of a test",
                                     .max_message = 1000,
                                     .window = WINDOW,
                                     .send_window = WINDOW,
                                     .requests = FEW,
                                     .max_peers = 10,
                                     .redial_min_ns = AKT_MS(1),
                                     .redial_max_ns = AKT_MS(1)};

    net_begin(&b->net);
    b->link = akti_link_new(&b->net.me->system->dispatcher);
    assert_non_null(b->link);
    watched = b->link;
    assert_ok(nng->open(&config, b->link, &b->req, &b->net.error));
}

/* There may be nobody yet. */
static void
dial(struct both *b, const char *url)
{
    struct akti_opening *o = calloc(1, sizeof(*o));

    assert_non_null(o);
    o->kind = AKTI_OPENING_DIAL;
    (void)snprintf(o->url, sizeof(o->url), "%s", url);
    nng->begin(b->req, o);
}

/* A REP socket, whose requests come to the probe, is dialed. */
static void
join(struct both *b)
{
    b->rep = net_open(&b->net, AKT_NNG_REP, b->net.a);
    net_listen(&b->net, b->rep, net_address(&b->net, "tcp"));
    dial(b, b->net.url);
}

static void
close_req(struct both *b)
{
    nng->hush(b->req);
    (void)akti_link_leave(b->link, AKTI_SIDE_OUT);
    (void)akti_link_leave(b->link, AKTI_SIDE_IN);
    nng->close(b->req);
}

static void
end(struct both *b)
{
    struct akti_opening *o = akti_link_take_opened(b->link);

    close_req(b);
    free(o);
    akti_link_release(b->link);
    net_end(&b->net);
}

static bool
ask(struct both *b, uint64_t tag)
{
    struct akti_packet p;
    void *bytes = NULL;

    assert_ok(nng->packet_new(b->req, sizeof(tag), &p, &bytes));
    memcpy(bytes, &tag, sizeof(tag));
    p.tag = tag;
    if (nng->send(b->req, &p)) {
        return true;
    }
    nng->packet_free(b->req, &p);
    return false;
}

/* Until there is room. */
static void
must_ask(struct both *b, uint64_t tag)
{
    uint64_t until = akti_clock_now() + NET_WITHIN;
    uint32_t tries = 0;

    while (!ask(b, tag)) {
        assert_true(akti_clock_now() < until);
        akti_thread_pause(tries++);
    }
}

static void
await_wake(uint32_t seen)
{
    uint64_t until = akti_clock_now() + NET_WITHIN;
    uint32_t tries = 0;

    while (wakes == seen) {
        assert_true(akti_clock_now() < until);
        akti_thread_pause(tries++);
    }
}

static struct akti_packet
take(struct both *b)
{
    uint64_t until = akti_clock_now() + NET_WITHIN;
    struct akti_packet p;
    uint32_t tries = 0;

    while (!nng->receive(b->req, &p)) {
        assert_true(akti_clock_now() < until);
        akti_thread_pause(tries++);
    }
    return p;
}

/* The request that comes next to the other end. */
static const struct akt_nng_request *
expect(struct both *b, uint64_t tag)
{
    const struct akt_nng_request *m =
        akt_expect(b->net.a, NET_WITHIN, akt_nng_request);

    assert_non_null(m);
    assert_int_equal(m->data.len, sizeof(tag));
    assert_memory_equal(m->data.ptr, &tag, sizeof(tag));
    return m;
}

/* The request that comes next to the other end is answered, and OUT has it. */
static void
answer_next(struct both *b, uint64_t tag)
{
    const struct akt_nng_request *m = expect(b, tag);
    struct akti_packet p;

    assert_ok(akt_probe_reply(b->net.a, m, .data = m->data));
    p = take(b);
    assert_int_equal(p.tag, tag);
    assert_non_null(p.message);
    nng->packet_free(b->req, &p);
}

static void
test_requests_wait_for_a_peer_in_their_order(void **state)
{
    struct both b;
    uint64_t i;

    (void)state;
    begin(&b);
    for (i = 1; i <= FEW; i++) {
        assert_true(ask(&b, i));
    }
    assert_int_equal(nng->pending(b.req), FEW);
    assert_false(ask(&b, i));
    join(&b);
    for (i = 1; i <= FEW; i++) {
        answer_next(&b, i);
    }
    assert_int_equal(nng->pending(b.req), 0);
    end(&b);
}

/* Whoever was told that there is no room is woken for it. */
static void
test_context_that_is_free_again_is_told(void **state)
{
    const struct akt_nng_request *m;
    struct akti_packet p;
    struct both b;
    uint32_t seen;
    uint64_t i;

    (void)state;
    begin(&b);
    for (i = 1; i <= FEW; i++) {
        assert_true(ask(&b, i));
    }
    assert_false(nng->receive(b.req, &p));
    assert_false(ask(&b, i));
    join(&b);
    m = expect(&b, 1);
    seen = wakes;
    assert_ok(akt_probe_reply(b.net.a, m, .data = m->data));
    await_wake(seen);
    seen = wakes;
    p = take(&b);
    nng->packet_free(b.req, &p);
    await_wake(seen);
    assert_true(ask(&b, i));
    end(&b);
}

/* What is given up before it has left does not leave. */
static void
test_request_given_up_without_a_peer_is_lost(void **state)
{
    akt_nng_counters c;
    struct both b;
    uint64_t i;

    (void)state;
    begin(&b);
    for (i = 1; i <= 10000; i++) {
        must_ask(&b, i);
        nng->drop(b.req, i);
    }
    must_ask(&b, i);
    /* A loss is counted a moment before its place is free. */
    do {
        nng->count(b.req, &c);
    } while (c.lost < 10000 || nng->pending(b.req) > 1);
    assert_int_equal(nng->pending(b.req), 1);
    assert_in_range(b.req->asks.count, 1, FEW);
    join(&b);
    (void)expect(&b, i);
    end(&b);
}

static void
test_request_given_up_gives_its_context_back(void **state)
{
    const struct akt_nng_request *m;
    struct akti_packet p;
    struct both b;
    uint64_t i;

    (void)state;
    begin(&b);
    join(&b);
    for (i = 1; i <= 2000; i++) {
        must_ask(&b, i);
        m = expect(&b, i);
        nng->drop(b.req, i);
        /* What comes now is nobody's. */
        assert_ok(akt_probe_reply(b.net.a, m, .data = m->data));
    }
    must_ask(&b, i);
    m = expect(&b, i);
    assert_ok(akt_probe_reply(b.net.a, m, .data = m->data));
    p = take(&b);
    while (p.tag != i) {
        nng->packet_free(b.req, &p);
        p = take(&b);
    }
    nng->packet_free(b.req, &p);
    assert_in_range(b.req->asks.count, 1, FEW);
    end(&b);
}

/* Whoever has asked hears of it that no answer will come. */
static void
test_lost_connection_ends_its_requests(void **state)
{
    struct akti_packet p;
    struct both b;
    uint64_t seen = 0;
    uint64_t i;

    (void)state;
    begin(&b);
    join(&b);
    for (i = 1; i <= FEW; i++) {
        must_ask(&b, i);
        (void)expect(&b, i);
    }
    akt_nng_close(b.net.me, b.rep);
    for (i = 1; i <= FEW; i++) {
        p = take(&b);
        assert_null(p.message);
        assert_int_equal(p.err, AKT_ECLOSED);
        seen |= UINT64_C(1) << p.tag;
    }
    assert_int_equal(seen, 0x1e);
    end(&b);
}

/* More than there are contexts: each has its turn. */
static void
test_contexts_are_used_again(void **state)
{
    struct both b;
    uint64_t i;

    (void)state;
    begin(&b);
    join(&b);
    for (i = 1; i <= FEW; i++) {
        must_ask(&b, i);
    }
    assert_false(ask(&b, i));
    for (i = 1; i <= 500; i++) {
        answer_next(&b, i);
        must_ask(&b, i + FEW);
    }
    assert_int_equal(b.req->asks.count, FEW);
    end(&b);
}

/* A peer that comes while the close waits for quiet gets nothing. */
static void
test_closed_socket_sends_no_request(void **state)
{
    char url[AKT_NNG_URL_MAX + 1];
    struct akti_opening *o = NULL;
    uint32_t tries = 0;
    struct both b;

    (void)state;
    begin(&b);
    (void)snprintf(url, sizeof(url), "%s", net_address(&b.net, "ipc"));
    dial(&b, url);
    while ((o = akti_link_take_opened(b.link)) == NULL) {
        akti_thread_pause(tries++);
    }
    free(o);
    assert_true(ask(&b, 1));
    b.rep = net_open(&b.net, AKT_NNG_REP, b.net.a);
    close_req(&b);
    net_listen(&b.net, b.rep, url);
    while (nng->closings() > 0) {
        akti_thread_pause(tries++);
    }
    assert_int_equal(net_stats(&b.net, b.rep).received, 0);
    akti_link_release(b.link);
    net_end(&b.net);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests_wait_for_a_peer_in_their_order),
        cmocka_unit_test(test_context_that_is_free_again_is_told),
        cmocka_unit_test(test_request_given_up_without_a_peer_is_lost),
        cmocka_unit_test(test_request_given_up_gives_its_context_back),
        cmocka_unit_test(test_lost_connection_ends_its_requests),
        cmocka_unit_test(test_contexts_are_used_again),
        cmocka_unit_test(test_closed_socket_sends_no_request)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
