/* SPDX-License-Identifier: MIT */
/* The ends of sockets and owners: what still leaves, and what is counted. */
#include "actors/base/clock.h"
#include "actors/base/thread.h"
#include "tests/support/net.h"

#include <string.h>

#define COUNT 10

/* A PUSH socket that listens, with messages that nobody takes yet. */
static akt_nng
open_waiting(struct net *net, uint64_t linger_ns)
{
    akt_nng_opts opts = {.protocol = AKT_NNG_PUSH, .linger_ns = linger_ns};
    akt_nng push = net_open_with(net, &opts);
    int n;

    net_listen(net, push, net_address(net, "tcp"));
    for (n = 0; n < COUNT; n++) {
        net_send(net, push, "x");
    }
    return push;
}

/* Somebody comes for what `waiting` has to send. */
static void
fetch(struct net *net, const struct net *waiting)
{
    akt_nng pull = net_open(net, AKT_NNG_PULL, net->a);
    int n;

    memcpy(net->url, waiting->url, sizeof(net->url));
    net_dial(net, pull);
    for (n = 0; n < COUNT; n++) {
        net_expect(net->a, "x");
    }
}

static void
test_closed_socket_waits_for_who_comes_for_its_mail(void **state)
{
    struct net net;

    (void)state;
    net_begin(&net);
    akt_nng_close(net.me, open_waiting(&net, NET_WITHIN));
    fetch(&net, &net);
    net_end(&net);
}

/* A drain in a thread of its own. */
struct draining {
    akt_system *system;
    akt_err err;
};

static void *
drain(void *arg)
{
    struct draining *d = arg;

    d->err = akt_system_stop(d->system, NET_WITHIN);
    return NULL;
}

/* Until nobody may come in any more. */
static void
await_stop(struct net *net)
{
    akt_self *self;

    while (akt_attach(net->system, &self) == AKT_OK) {
        akt_detach(self);
    }
}

/* All actors are idle, and the system still waits for what they sent. */
static void
test_drain_waits_for_who_comes_for_its_mail(void **state)
{
    struct net net;
    struct net other;
    struct draining d = {.err = AKT_OK};
    pthread_t thread;

    (void)state;
    net_begin(&net);
    net_begin(&other);
    (void)open_waiting(&other, NET_WITHIN);
    d.system = other.system;
    assert_ok(akti_thread_start(&thread, drain, &d));
    await_stop(&other);
    fetch(&net, &other);
    akti_thread_join(thread);
    assert_ok(d.err);
    net_end(&other);
    net_end(&net);
}

/* Nobody comes: it is closed all the same. */
static void
test_linger_ends_the_waiting(void **state)
{
    struct net net;

    (void)state;
    net_begin(&net);
    akt_nng_close(net.me, open_waiting(&net, AKT_MS(20)));
    assert_ok(akt_system_stop(net.system, NET_WITHIN));
    net_end(&net);
}

/* The same, and the owner hears of it; the address is free for the next one. */
static void
test_end_that_is_asked_for_tells_what_is_lost(void **state)
{
    akt_nng_counters c;
    struct net net;
    akt_nng push;

    (void)state;
    net_begin(&net);
    push = open_waiting(&net, AKT_MS(20));
    c = net_finish(&net, push);
    assert_int_equal(c.sent, 0);
    assert_int_equal(c.lost, COUNT);
    net_listen(&net, net_open(&net, AKT_NNG_PULL, net.a), net.url);
    c = net_stats(&net, push);
    assert_int_equal(c.lost, COUNT);
    net_end(&net);
}

/* It is closed, and still there for its mail. */
static void
test_address_of_a_closed_socket_is_waited_for(void **state)
{
    struct net net;

    (void)state;
    net_begin(&net);
    akt_nng_close(net.me, open_waiting(&net, AKT_MS(100)));
    net_listen(&net, net_open(&net, AKT_NNG_PULL, net.a), net.url);
    net_end(&net);
}

/* Nobody is there to answer. */
static akt_future
ask_in_vain(struct net *net, akt_nng s, uint64_t within_ns)
{
    akt_future f;

    assert_ok(akt_ask_within(net->me, within_ns, s.ref, &f, akt_nng_survey,
                             .data = {"?", 1}, .wait_ns = NET_WITHIN));
    return f;
}

static void
expect_end(struct net *net, akt_future f, akt_outcome outcome, akt_err err)
{
    akt_answer *answer = NULL;

    assert_ok(akt_wait(net->me, f, &answer));
    assert_int_equal(answer->outcome, outcome);
    assert_err(answer->error, err);
    akt_answer_free(net->me, answer);
}

static void
stop_with_a_survey(void)
{
    struct net net;
    akt_future f;
    akt_nng s;

    net_begin(&net);
    s = net_open(&net, AKT_NNG_SURVEYOR, NULL);
    f = ask_in_vain(&net, s, NET_WITHIN);
    /* By then all workers sleep, and the first side wakes one. */
    expect_end(&net, ask_in_vain(&net, s, AKT_MS(2)), AKT_EXPIRED,
               AKT_ETIMEOUT);
    assert_ok(akt_system_stop(net.system, 0));
    expect_end(&net, f, AKT_BROKEN, AKT_ESTOPPED);
    net_end(&net);
}

/*
 * Whoever waits for a socket hears of the end of the system, not of the socket's,
 * also where one side of it hears of that before the other one.
 */
static void
test_stop_is_told_as_such(void **state)
{
    int n;

    (void)state;
    for (n = 0; n < 50; n++) {
        stop_with_a_survey();
    }
}

struct owner {
    int64_t n;
};

static akt_err
on_bytes(akt_self *self, struct owner *o, const struct akt_nng_bytes *m)
{
    (void)m;
    o->n++;
    akt_stop_self(self);
    return AKT_OK;
}
AKT_CLASS(owner, struct owner, AKT_ON(akt_nng_bytes, on_bytes));

/* What arrives for somebody who is not there any more is counted. */
static void
test_mail_for_a_dead_receiver_is_counted(void **state)
{
    akt_nng_opts opts = {.protocol = AKT_NNG_PULL};
    uint64_t until = akti_clock_now() + NET_WITHIN;
    struct net net;
    akt_nng pull;
    akt_nng push;

    (void)state;
    net_begin(&net);
    assert_ok(akt_spawn(net.me, owner, &opts.to));
    pull = net_open_with(&net, &opts);
    push = net_open(&net, AKT_NNG_PUSH, NULL);
    net_connect(&net, "tcp", pull, push);
    net_send(&net, push, "the last one");
    while (akt_ref_is_alive(net.me, opts.to)) {
        assert_true(akti_clock_now() < until);
    }
    net_send(&net, push, "x");
    net_send(&net, push, "y");
    while (net_stats(&net, pull).dropped < 2) {
        assert_true(akti_clock_now() < until);
    }
    assert_int_equal(net_stats(&net, pull).received, 3);
    net_end(&net);
}

/* --- an owner that ends in traffic --- */

enum way {
    STOPS,
    FAILS,
    IS_STOPPED,
    IS_DRAINED,
    IS_KILLED,
    GOES_WITH_THE_SYSTEM,
    WAYS
};

struct server {
    enum way way;
    int64_t handled;
    char *url; /* where it is to listen */
};

static akt_err
server_start(akt_self *self, struct server *s)
{
    akt_nng_opts opts = {.protocol = AKT_NNG_PULL};
    akt_nng in;

    AKT_TRY(akt_nng_open(self, &opts, &in, NULL));
    return akt_send(self, in.ref, akt_nng_listen, .url = akt_text_of(s->url));
}

static akt_err
server_bytes(akt_self *self, struct server *s, const struct akt_nng_bytes *m)
{
    (void)m;
    s->handled++;
    if (s->way == STOPS && s->handled == 20) {
        akt_stop_self(self);
    }
    return s->way == FAILS && s->handled == 20 ? AKT_EUSER : AKT_OK;
}
AKT_CLASS(server, struct server, AKT_ON_START(server_start),
          AKT_ON(akt_nng_bytes, server_bytes));

static void
end_server(struct net *net, akt_ref ref, enum way way)
{
    if (way == IS_STOPPED) {
        assert_ok(akt_stop(net->me, ref));
    } else if (way == IS_DRAINED) {
        assert_ok(akt_drain(net->me, ref));
    } else if (way == IS_KILLED) {
        assert_ok(akt_kill(net->me, ref));
    } else if (way == GOES_WITH_THE_SYSTEM) {
        assert_ok(akt_system_stop(net->system, 0));
    }
}

/* Whoever sends to it hears that it is gone, while he sends. */
static void
meet_end(struct net *mine, enum way way)
{
    akt_nng_opts opts = {
        .protocol = AKT_NNG_PUSH, .to = akt_probe_ref(mine->a), .peers = true};
    struct net its;
    akt_nng push;
    akt_ref ref;
    int n;

    net_begin(&its);
    (void)strcpy(mine->url, net_address(mine, "ipc"));
    push = net_open_with(mine, &opts);
    assert_ok(akt_spawn(its.me, server, &ref, .way = way, .url = mine->url));
    assert_ok(net_try_dial(mine, push, mine->url, false));
    assert_non_null(akt_expect(mine->a, NET_WITHIN, akt_nng_peer_up));
    for (n = 0; n < 300; n++) {
        akt_ignore(
            akt_try_send(mine->me, push.ref, akt_nng_bytes, .data = {"x", 1}));
        if (n == 100) {
            end_server(&its, ref, way);
        }
    }
    assert_non_null(akt_expect(mine->a, NET_WITHIN, akt_nng_peer_down));
    akt_nng_close(mine->me, push);
    net_end(&its);
}

static void
test_owner_s_end_closes_its_sockets(void **state)
{
    struct net net;
    int way;

    (void)state;
    net_begin(&net);
    for (way = 0; way < WAYS; way++) {
        meet_end(&net, (enum way)way);
    }
    net_end(&net);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_closed_socket_waits_for_who_comes_for_its_mail),
        cmocka_unit_test(test_drain_waits_for_who_comes_for_its_mail),
        cmocka_unit_test(test_linger_ends_the_waiting),
        cmocka_unit_test(test_end_that_is_asked_for_tells_what_is_lost),
        cmocka_unit_test(test_address_of_a_closed_socket_is_waited_for),
        cmocka_unit_test(test_stop_is_told_as_such),
        cmocka_unit_test(test_mail_for_a_dead_receiver_is_counted),
        cmocka_unit_test(test_owner_s_end_closes_its_sockets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
