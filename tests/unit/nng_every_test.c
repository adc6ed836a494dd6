/* SPDX-License-Identifier: MIT */
/*
 * Each protocol over each transport, whichever end listens: an address with any
 * port, which is told; the peers come, with their addresses; what one end says the
 * other one gets, and answers where the protocol has answers; the peers go.
 *
 * wss:// is in nng_tls_test alone: on a slow machine the end of such a connection may
 * not come through (nng 1.5); integration/nng_wss_canary says whether it is still so.
 */
#include "tests/support/net.h"
#include "tests/support/stranger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *const transports[] = {"inproc", "ipc", "tcp", "ws",
                                         "tls+tcp"};
#define TRANSPORTS (sizeof(transports) / sizeof(transports[0]))

/* What the first end says, the second one hears. */
static const akt_nng_protocol pairs[][2] = {
    {AKT_NNG_PUSH, AKT_NNG_PULL}, {AKT_NNG_PUB, AKT_NNG_SUB},
    {AKT_NNG_REQ, AKT_NNG_REP},   {AKT_NNG_SURVEYOR, AKT_NNG_RESPONDENT},
    {AKT_NNG_PAIR, AKT_NNG_PAIR}, {AKT_NNG_PAIR0, AKT_NNG_PAIR0},
    {AKT_NNG_BUS, AKT_NNG_BUS}};
#define PAIRS (sizeof(pairs) / sizeof(pairs[0]))

struct world {
    struct net net;
    char names[3][FOLDER_PATH];
    akt_nng_tls tls;
};

static const char *
pem(struct world *w, unsigned i, const char *name)
{
    (void)snprintf(w->names[i], sizeof(w->names[i]), "%s/%s",
                   w->net.folder.path, name);
    return w->names[i];
}

static void
begin(struct world *w)
{
    char command[2 * FOLDER_PATH + 64];

    net_begin(&w->net);
    (void)snprintf(command, sizeof(command), "sh %s %s >%s/log 2>&1", AKT_CERTS,
                   w->net.folder.path, w->net.folder.path);
    assert_int_equal(system(command), 0);
    w->tls = (akt_nng_tls){.ca = pem(w, 0, "ca.pem"),
                           .cert = pem(w, 1, "server.pem"),
                           .key = pem(w, 2, "server.key"),
                           .server_name = "localhost",
                           .mutual = true};
}

static akt_nng
open_one(struct world *w, akt_nng_protocol p, const char *transport,
         akt_probe *to)
{
    akt_nng_opts opts = {.protocol = p, .peers = true, .to = akt_probe_ref(to)};

    if (strcmp(transport, "tls+tcp") == 0) {
        opts.tls = &w->tls;
    }
    return net_open_with(&w->net, &opts);
}

/* --- the peers --- */

/* With an address that tells something; the number is the peer's. */
static uint64_t
expect_up(akt_probe *probe, const char *transport)
{
    const struct akt_nng_peer_up *up =
        akt_expect(probe, NET_WITHIN, akt_nng_peer_up);
    const char *internet = "127.0.0.1:";

    assert_non_null(up);
    if (strcmp(transport, "inproc") == 0) {
        assert_non_null(strstr(up->address.ptr, "test"));
    } else if (strcmp(transport, "ipc") != 0) {
        assert_int_equal(strncmp(up->address.ptr, internet, strlen(internet)),
                         0);
        assert_true(atoi(up->address.ptr + strlen(internet)) > 0);
    }
    return up->peer;
}

static void
expect_down(akt_probe *probe, uint64_t peer)
{
    const struct akt_nng_peer_down *down =
        akt_expect(probe, NET_WITHIN, akt_nng_peer_down);

    assert_non_null(down);
    assert_int_equal(down->peer, peer);
}

/* --- what they say --- */

static void
converse_by_requests(struct world *w, akt_nng s, bool is_survey)
{
    const struct akt_nng_request *m;
    akt_answer *answer = NULL;
    akt_bytes reply;
    akt_future f;

    if (is_survey) {
        assert_ok(akt_ask_within(w->net.me, NET_WITHIN, s.ref, &f,
                                 akt_nng_survey, .data = {"?", 1}, .enough = 1,
                                 .wait_ns = NET_WITHIN / 2));
    } else {
        assert_ok(akt_ask_within(w->net.me, NET_WITHIN, s.ref, &f,
                                 akt_nng_request, .data = {"?", 1}));
    }
    m = akt_expect(w->net.b, NET_WITHIN, akt_nng_request);
    assert_non_null(m);
    assert_int_equal(m->data.len, 1);
    assert_ok(akt_probe_reply(w->net.b, m, .data = {"so", 2}));
    assert_ok(akt_wait(w->net.me, f, &answer));
    assert_int_equal(answer->outcome, AKT_REPLIED);
    if (is_survey) {
        assert_int_equal(akt_answer_as(answer, akt_nng_answers)->count, 1);
        reply = akt_answer_as(answer, akt_nng_answers)->answers[0];
    } else {
        reply = akt_answer_as(answer, akt_nng_bytes)->data;
    }
    assert_int_equal(reply.len, 2);
    assert_memory_equal(reply.ptr, "so", 2);
    akt_answer_free(w->net.me, answer);
}

static void
converse(struct world *w, akt_nng first, akt_nng second,
         const akt_nng_protocol *p)
{
    if (p[0] == AKT_NNG_REQ || p[0] == AKT_NNG_SURVEYOR) {
        converse_by_requests(w, first, p[0] == AKT_NNG_SURVEYOR);
        return;
    }
    net_send(&w->net, first, "there");
    net_expect(w->net.b, "there");
    if (p[0] == p[1]) {
        net_send(&w->net, second, "and back");
        net_expect(w->net.a, "and back");
    }
}

static void
assert_told(const struct world *w, const char *transport)
{
    const char *port = strrchr(w->net.url, ':');

    assert_int_equal(strncmp(w->net.url, transport, strlen(transport)), 0);
    if (strcmp(transport, "inproc") != 0 && strcmp(transport, "ipc") != 0) {
        assert_true(atoi(port + 1) > 0);
    }
}

static void
meet(struct world *w, const akt_nng_protocol *p, const char *transport,
     bool first_listens)
{
    akt_nng first = open_one(w, p[0], transport, w->net.a);
    akt_nng second = open_one(w, p[1], transport, w->net.b);
    uint64_t peers[2];

    net_listen(&w->net, first_listens ? first : second,
               net_address(&w->net, transport));
    assert_told(w, transport);
    net_dial(&w->net, first_listens ? second : first);
    peers[0] = expect_up(w->net.a, transport);
    peers[1] = expect_up(w->net.b, transport);
    converse(w, first, second, p);
    akt_nng_close(w->net.me, first_listens ? second : first);
    if (first_listens) {
        expect_down(w->net.a, peers[0]);
        akt_nng_close(w->net.me, first);
    } else {
        expect_down(w->net.b, peers[1]);
        akt_nng_close(w->net.me, second);
    }
}

static void
test_each_protocol_over_each_transport(void **state)
{
    struct world w;
    size_t i;
    size_t k;

    (void)state;
    begin(&w);
    for (i = 0; i < PAIRS; i++) {
        for (k = 0; k < TRANSPORTS; k++) {
            print_message("%d to %d by %s\n", (int)pairs[i][0],
                          (int)pairs[i][1], transports[k]);
            meet(&w, pairs[i], transports[k], true);
            meet(&w, pairs[i], transports[k], false);
        }
    }
    net_end(&w.net);
}

/* Two ends of one mistake would understand each other: a stranger reads it. */
static void
test_each_protocol_is_the_one_that_was_asked_for(void **state)
{
    static const unsigned char numbers[] = {
        [AKT_NNG_PUSH] = 0x50,      [AKT_NNG_PULL] = 0x51,
        [AKT_NNG_PUB] = 0x20,       [AKT_NNG_SUB] = 0x21,
        [AKT_NNG_REQ] = 0x30,       [AKT_NNG_REP] = 0x31,
        [AKT_NNG_PAIR] = 0x11,      [AKT_NNG_PAIR0] = 0x10,
        [AKT_NNG_BUS] = 0x70,       [AKT_NNG_SURVEYOR] = 0x62,
        [AKT_NNG_RESPONDENT] = 0x63};
    unsigned char hello[STRANGER_HELLO_SIZE];
    struct net net;
    int fd;
    int p;

    (void)state;
    net_begin(&net);
    for (p = AKT_NNG_PUSH; p <= AKT_NNG_BUS; p++) {
        net_listen(&net, net_open(&net, (akt_nng_protocol)p, net.a),
                   net_address(&net, "tcp"));
        fd = stranger_connect(net.url);
        assert_true(fd >= 0);
        assert_int_equal(recv(fd, hello, sizeof(hello), MSG_WAITALL),
                         sizeof(hello));
        assert_int_equal(hello[5], numbers[p]);
        (void)close(fd);
    }
    net_end(&net);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_protocol_over_each_transport),
        cmocka_unit_test(test_each_protocol_is_the_one_that_was_asked_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
