/* SPDX-License-Identifier: MIT */
/* The simulated network: its addresses, what users may do to it, ends at any point. */
#include "tests/unit/simnet.h"

/* --- who receives and sends --- */

static uint32_t received;

struct sink {
    char unused;
};

static akt_err
on_bytes(akt_self *self, struct sink *s, const struct akt_nng_bytes *m)
{
    (void)self;
    (void)s;
    (void)m;
    received++;
    return AKT_OK;
}
AKT_CLASS(sink, struct sink, AKT_ON(akt_nng_bytes, on_bytes));

static void
begin(struct sim *sim)
{
    received = 0;
    watch_books(sim);
}

static akt_ref
spawn_sink(struct sim *sim)
{
    akt_ref ref = AKT_REF_NONE;

    assert_ok(akt_spawn(sim->me, sink, &ref));
    return ref;
}

static void
say(struct sim *sim, akt_nng s, uint32_t n)
{
    while (n-- > 0) {
        assert_ok(akt_send_within(sim->me, LONG, s.ref, akt_nng_bytes,
                                  .data = {"say", 3}));
    }
}

/* --- addresses --- */

static void
addresses_are_names(struct sim *sim)
{
    akt_nng a;
    akt_nng b;
    const struct akt_nng_bound *at;
    akt_future f;
    akt_answer *answer = NULL;

    begin(sim);
    a = open_to(sim, AKT_NNG_PULL, spawn_sink(sim));
    b = open_with(sim, &(akt_nng_opts){.protocol = AKT_NNG_PUSH});
    assert_ok(akt_ask_within(sim->me, LONG, a.ref, &f, akt_nng_listen,
                             .url = AKT_TEXT("ws://any:0/path")));
    assert_ok(akt_wait(sim->me, f, &answer));
    at = akt_answer_as(answer, akt_nng_bound);
    assert_non_null(at);
    assert_true(at->port != 0);
    assert_string_not_equal(at->url.ptr, "ws://any:0/path");
    assert_string_equal(strrchr(at->url.ptr, '/'), "/path");
    assert_ok(try_dial(sim, b, at->url.ptr, true));
    akt_answer_free(sim->me, answer);
    assert_err(try_dial(sim, b, "tcp://nobody:1", true), AKT_ECLOSED);
    assert_ok(try_dial(sim, b, "tcp://nobody:1", false));
    assert_err(try_dial(sim, b, "carrier://pigeon", true), AKT_EINVAL);
    assert_err(try_dial(sim, b, "tcp://", true), AKT_EINVAL);
    assert_err(try_listen(sim, a, "wss://secure:1/"), AKT_EINVAL);
    assert_ok(try_listen(sim, a, URL));
    assert_err(try_listen(sim, b, URL), AKT_EEXIST);
    settle(sim);
}

static akt_err
dial_in_task(akt_self *self, struct akt_nng_opts *opts)
{
    akt_nng s;

    return akt_nng_open(self, opts, &s, NULL);
}
AKT_TASK(dial_in_task, struct akt_nng_opts);

/* An answer that takes longer than anybody waits; no socket is left behind. */
static void
open_that_waits_ends_by_time_or_cancellation(struct sim *sim)
{
    akt_sim_net_opts slow = {.size = sizeof(slow),
                             .delay_min_ns = AKT_SECONDS(30),
                             .delay_max_ns = AKT_SECONDS(30)};
    akt_nng_opts opts = {AKT_NNG_PUSH, .dial = URL, .once = true};
    akt_error error = AKT_ERROR_NONE;
    akt_nng s = {0};
    akt_task task;

    begin(sim);
    assert_ok(akt_sim_net_set(sim->system, &slow));
    assert_err(akt_nng_open(sim->me, &opts, &s, &error), AKT_ETIMEOUT);
    assert_non_null(strstr(error.text, "dial " URL));
    assert_int_equal(s.generation, 0);
    assert_ok(akt_task_spawn(sim->me, dial_in_task, &task,
                             .protocol = AKT_NNG_PUSH, .dial = URL));
    (void)akt_sim_advance(sim->system, AKT_SECONDS(1));
    assert_ok(akt_task_cancel(sim->me, task));
    assert_err(akt_join(sim->me, task), AKT_ECANCELLED);
    settle(sim);
}

/* --- what users may do to it --- */

static void
parted_address_is_not_reached(struct sim *sim)
{
    akt_nng pull;
    akt_nng push;

    begin(sim);
    pull = open_to(sim, AKT_NNG_PULL, spawn_sink(sim));
    assert_ok(try_listen(sim, pull, URL));
    push = open_with(sim, &(akt_nng_opts){.protocol = AKT_NNG_PUSH});
    assert_ok(try_dial(sim, push, URL, true));
    assert_ok(akt_sim_net_part(sim->system, URL));
    say(sim, push, 20);
    (void)akt_sim_advance(sim->system, AKT_SECONDS(60));
    assert_int_equal(received, 0);
    assert_int_equal(akt_sim_net_stats(sim->system).connections, 0);
    akt_sim_net_join(sim->system, URL);
    (void)akt_sim_advance(sim->system, AKT_SECONDS(60));
    assert_int_equal(received, 20);
    assert_int_equal(akt_sim_net_cut(sim->system, "tcp://other:1"), 0);
    assert_int_equal(akt_sim_net_cut(sim->system, URL), 1);
    assert_int_equal(akt_sim_net_stats(sim->system).connections, 0);
    settle(sim);
    assert_int_equal(akt_sim_net_stats(sim->system).connections, 1);
}

/* Every message arrives after one of the delays that were set. */
static void
test_delay_is_as_it_was_set(void **state)
{
    akt_sim_net_opts net = {.size = sizeof(net),
                            .delay_min_ns = AKT_MS(5),
                            .delay_max_ns = AKT_MS(5)};
    struct sim sim;
    akt_nng pull;
    akt_nng push;

    (void)state;
    sim_open(&sim, 1);
    begin(&sim);
    assert_ok(akt_sim_net_set(sim.system, &net));
    pull = open_to(&sim, AKT_NNG_PULL, spawn_sink(&sim));
    assert_ok(try_listen(&sim, pull, URL));
    push = open_with(&sim, &(akt_nng_opts){.protocol = AKT_NNG_PUSH});
    assert_ok(try_dial(&sim, push, URL, true));
    say(&sim, push, 1);
    (void)akt_sim_advance(sim.system, AKT_MS(5) - 1);
    assert_int_equal(received, 0);
    (void)akt_sim_advance(sim.system, 1);
    assert_int_equal(received, 1);
    sim_close(&sim);
}

static void
test_options_out_of_range_are_refused(void **state)
{
    akt_sim_net_opts o = AKT_SIM_NET_OPTS_INIT;
    struct sim sim;

    (void)state;
    sim_open(&sim, 1);
    o.buffer = 65537;
    assert_err(akt_sim_net_set(sim.system, &o), AKT_EINVAL);
    o = AKT_SIM_NET_OPTS_INIT;
    o.delay_min_ns = 2;
    o.delay_max_ns = 1;
    assert_err(akt_sim_net_set(sim.system, &o), AKT_EINVAL);
    o = AKT_SIM_NET_OPTS_INIT;
    o.size = 1;
    assert_err(akt_sim_net_set(sim.system, &o), AKT_EINVAL);
    sim_close(&sim);
}

/* --- who asked is gone --- */

static akt_err
answer_late(akt_self *self)
{
    const struct akt_nng_request *q;
    akt_received m;

    AKT_TRY(akt_receive(self, AKT_NEVER, &m));
    q = akt_received_as(&m, akt_nng_request);
    assert_non_null(q);
    AKT_TRY(akt_sleep(self, AKT_SECONDS(2)));
    return akt_reply(self, q, .data = {"late", 4});
}
AKT_TASK(answer_late, void);

/* What it sent before its end still arrives, and then there is nobody to answer. */
static void
answer_to_who_closed_is_lost(struct sim *sim)
{
    akt_nng_opts opts = {.protocol = AKT_NNG_REP};
    akt_future f;
    akt_task task;
    akt_nng req;

    begin(sim);
    assert_ok(akt_task_spawn(sim->me, answer_late, &task));
    opts.to = task.ref;
    assert_ok(try_listen(sim, open_with(sim, &opts), URL));
    req = open_with(sim, &(akt_nng_opts){.protocol = AKT_NNG_REQ});
    assert_ok(try_dial(sim, req, URL, true));
    assert_ok(akt_ask(sim->me, req.ref, &f, akt_nng_request, .data = {"?", 1}));
    (void)akt_sim_run_until_idle(sim->system);
    akt_nng_close(sim->me, req);
    assert_ok(akt_join(sim->me, task));
    settle(sim);
    assert_int_equal(akt_sim_net_stats(sim->system).arrived, 1);
    assert_int_equal(akt_sim_net_stats(sim->system).lost, 1);
    akt_future_drop(sim->me, f);
}

/* --- ends at any point --- */

AKT_SIGNAL(next);
AKT_SIGNAL(crash);

/* Has one socket of each side; ends in one way or another. */
struct owner {
    uint32_t number;
    akt_nng in;
    akt_nng out;
};

static akt_err
owner_start(akt_self *self, struct owner *o)
{
    static const akt_nng_protocol in[] = {AKT_NNG_PULL, AKT_NNG_REP,
                                          AKT_NNG_SUB, AKT_NNG_BUS};
    static const akt_nng_protocol out[] = {AKT_NNG_PUSH, AKT_NNG_REQ,
                                           AKT_NNG_PUB, AKT_NNG_BUS};
    akt_nng_opts opts = {.protocol = in[o->number % 4], .window = 2};

    AKT_TRY(akt_nng_open(self, &opts, &o->in, NULL));
    opts.protocol = out[o->number % 4];
    AKT_TRY(akt_nng_open(self, &opts, &o->out, NULL));
    AKT_TRY(akt_send(self, o->in.ref, akt_nng_listen, .url = AKT_TEXT(URL)));
    AKT_TRY(akt_send(self, o->out.ref, akt_nng_dial, .url = AKT_TEXT(URL)));
    return akt_send(self, akt_self_ref(self), next);
}

static akt_err
owner_next(akt_self *self, struct owner *o, const struct next *m)
{
    akt_future f;

    (void)m;
    if (o->number % 4 == 1) {
        AKT_TRY(
            akt_ask(self, o->out.ref, &f, akt_nng_request, .data = {"ask", 3}));
        akt_future_drop(self, f);
    } else {
        AKT_TRY(akt_send(self, o->out.ref, akt_nng_bytes, .data = {"say", 3}));
    }
    return akt_send(self, akt_self_ref(self), next);
}

static akt_err
owner_bytes(akt_self *self, struct owner *o, const struct akt_nng_bytes *m)
{
    (void)self;
    (void)o;
    (void)m;
    return AKT_OK;
}

static akt_err
owner_crash(akt_self *self, struct owner *o, const struct crash *m)
{
    (void)self;
    (void)o;
    (void)m;
    return AKT_EUSER;
}
AKT_CLASS(owner, struct owner, AKT_ON_START(owner_start),
          AKT_ON(next, owner_next), AKT_ON(akt_nng_bytes, owner_bytes),
          AKT_ON(crash, owner_crash));

static void
end_one(struct sim *sim, akt_ref ref, uint32_t how)
{
    if (how == 0) {
        akt_ignore(akt_stop(sim->me, ref));
    } else if (how == 1) {
        akt_ignore(akt_kill(sim->me, ref));
    } else if (how == 2) {
        akt_ignore(akt_try_send(sim->me, ref, crash));
    }
}

static void
ends_at_any_point_leak_nothing(struct sim *sim)
{
    akt_ref owners[4];
    uint32_t i;

    begin(sim);
    make_trouble(sim);
    assert_ok(akt_sim_fault_chance(sim->system, AKT_FAULT_ALLOC, 2000));
    for (i = 0; i < 4; i++) {
        owners[i] = AKT_REF_NONE;
        akt_ignore(akt_spawn(sim->me, owner, &owners[i],
                             .number = (uint32_t)sim->seed));
    }
    for (i = 0; i < 4; i++) {
        uint64_t steps = akt_random(sim->me) % 100;

        while (steps-- > 0 && akt_sim_step(sim->system)) {
        }
        (void)akt_sim_advance(sim->system, akt_random(sim->me) % AKT_US(300));
        end_one(sim, owners[i], (uint32_t)(akt_random(sim->me) % 4));
    }
    assert_null(akt_sim_failure(sim->system));
}

AKT_CLASS(narrow, struct sink, AKT_ON(akt_nng_bytes, on_bytes),
          AKT_MAILBOX(1, AKT_AWAIT));

static uint64_t unread; /* by all seeds */

static bool
has_received(akt_system *system, void *some)
{
    (void)system;
    return received >= *(uint32_t *)some;
}

/* Whatever a socket has received when it ends: somebody has it, or it is counted. */
static void
what_nobody_took_is_counted(struct sim *sim)
{
    static const akt_nng_protocol pairs[][2] = {{AKT_NNG_PUSH, AKT_NNG_PULL},
                                                {AKT_NNG_PUB, AKT_NNG_SUB},
                                                {AKT_NNG_BUS, AKT_NNG_BUS}};
    const akt_nng_protocol *p = pairs[sim->seed % 3];
    akt_nng_opts opts = {.protocol = p[1], .window = 4};
    akt_nng_counters c = {0};
    uint32_t some = 1 + (uint32_t)(akt_random(sim->me) % 20);
    akt_nng from;
    akt_nng to;

    begin(sim);
    assert_ok(akt_spawn(sim->me, narrow, &opts.to));
    to = open_with(sim, &opts);
    from = open_with(sim, &(akt_nng_opts){.protocol = p[0], .to = opts.to});
    assert_ok(try_listen(sim, to, URL));
    assert_ok(try_dial(sim, from, URL, true));
    say(sim, from, 40);
    (void)akt_sim_run_until(sim->system, has_received, &some, LONG);
    end_one(sim, to.ref, (uint32_t)(akt_random(sim->me) % 2));
    settle(sim);
    c = stats_of(sim, to);
    /* One may have waited for room in the mailbox. */
    assert_int_equal(received + c.dropped + sim_counters(sim).returned,
                     c.received);
    unread += c.dropped;
}

static void
test_what_nobody_took_is_counted(void **state)
{
    (void)state;
    sim_each_seed(what_nobody_took_is_counted);
    assert_true(unread > 0);
}

/* --- requests --- */

struct server {
    akt_promise_of(akt_nng_request) kept;
    akt_nng socket;
};

static akt_err
on_request(akt_self *self, struct server *s, const struct akt_nng_request *m)
{
    if (m->data.len == 4) {
        /* Its last words are heard. */
        AKT_TRY(akt_reply(self, m, .data = m->data));
        return AKT_EUSER;
    }
    return akt_keep(self, m, &s->kept);
}

static akt_err
on_server_start(akt_self *self, struct server *s)
{
    akt_nng_opts opts = {.protocol = AKT_NNG_REP};

    AKT_TRY(akt_nng_open(self, &opts, &s->socket, NULL));
    return akt_send(self, s->socket.ref, akt_nng_listen,
                    .url = akt_text_of(URL));
}
AKT_CLASS(server, struct server, AKT_ON(akt_nng_request, on_request),
          AKT_ON_START(on_server_start));

static akt_future
ask(struct sim *sim, akt_nng req, const char *text)
{
    akt_future f = {NULL, 0};

    assert_ok(akt_ask_within(sim->me, LONG, req.ref, &f, akt_nng_request,
                             .data = {text, strlen(text)}));
    return f;
}

/* A server, and a REQ socket that dials it. */
static akt_nng
begin_asking(struct sim *sim, bool once)
{
    akt_nng req = open_with(sim, &(akt_nng_opts){.protocol = AKT_NNG_REQ});
    akt_ref ref = AKT_REF_NONE;

    begin(sim);
    assert_ok(akt_spawn(sim->me, server, &ref));
    assert_ok(try_dial(sim, req, URL, once));
    return req;
}

/* What it ended with. */
static akt_err
wait_for(struct sim *sim, akt_future f)
{
    akt_answer *answer = NULL;
    akt_err err;

    assert_ok(akt_wait(sim->me, f, &answer));
    err = answer->error;
    akt_answer_free(sim->me, answer);
    return err;
}

/* Not by their deadlines: at the instant in which the connection is gone. */
static void
lost_connection_ends_its_requests(struct sim *sim)
{
    akt_nng req = begin_asking(sim, false);
    akt_future f[3];
    uint64_t now;
    uint32_t i;

    for (i = 0; i < 3; i++) {
        f[i] = ask(sim, req, "?");
    }
    (void)akt_sim_advance(sim->system, akt_random(sim->me) % AKT_SECONDS(1));
    assert_int_equal(akt_sim_net_cut(sim->system, URL), 1);
    now = akt_now_ns(sim->me);
    for (i = 0; i < 3; i++) {
        assert_err(wait_for(sim, f[i]), AKT_ECLOSED);
    }
    assert_true(akt_now_ns(sim->me) == now);
    settle(sim);
}

/* An answer that comes soon after a cancellation is nobody's; later ones are not
 * seen. */
static void
answer_to_cancelled_request_is_unwanted(struct sim *sim)
{
    akt_nng req = begin_asking(sim, true);
    akt_nng_counters c;
    akt_future f;

    f = ask(sim, req, "last");
    while (akt_nng_stats(sim->me, req, &c) == AKT_OK && c.sent == 0) {
        assert_true(akt_sim_step(sim->system));
    }
    assert_ok(akt_cancel(sim->me, f));
    assert_err(wait_for(sim, f), AKT_ECANCELLED);
    (void)akt_sim_advance(sim->system, AKT_SECONDS(1));
    assert_ok(akt_nng_stats(sim->me, req, &c));
    assert_int_equal(c.received, 1);
    assert_int_equal(c.unwanted, 1);
    assert_int_equal(c.refused, 0);
    settle(sim);
}

/* It answers, and goes: the answer comes, and to the rest that none will. */
static void
last_answer_of_a_peer_comes(struct sim *sim)
{
    akt_nng req = begin_asking(sim, false);
    akt_future kept;
    akt_future last;

    kept = ask(sim, req, "?");
    last = ask(sim, req, "last");
    assert_ok(wait_for(sim, last));
    assert_err(wait_for(sim, kept), AKT_ECLOSED);
    settle(sim);
}

/* All places are taken for ever, and more is asked: it waits, and does nothing. */
static void
full_socket_rests_until_its_end(struct sim *sim)
{
    akt_nng req =
        open_with(sim, &(akt_nng_opts){.protocol = AKT_NNG_REQ, .requests = 1});
    akt_future f[3];
    uint32_t i;

    begin(sim);
    for (i = 0; i < 3; i++) {
        assert_ok(akt_ask_within(sim->me, LONG, req.ref, &f[i], akt_nng_request,
                                 .data = {"?", 1}));
    }
    (void)akt_sim_run_until_idle(sim->system);
    akt_nng_close(sim->me, req);
    for (i = 0; akt_sim_step(sim->system); i++) {
        assert_in_range(i, 0, 100);
    }
    settle(sim);
    for (i = 0; i < 3; i++) {
        akt_answer *answer = NULL;

        assert_ok(akt_wait(sim->me, f[i], &answer));
        assert_int_equal(answer->outcome, AKT_BROKEN);
        akt_answer_free(sim->me, answer);
    }
}

TEST(addresses_are_names)
TEST(full_socket_rests_until_its_end)
TEST(lost_connection_ends_its_requests)
TEST(answer_to_cancelled_request_is_unwanted)
TEST(last_answer_of_a_peer_comes)
TEST(open_that_waits_ends_by_time_or_cancellation)
TEST(answer_to_who_closed_is_lost)
TEST(parted_address_is_not_reached)
TEST(ends_at_any_point_leak_nothing)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_addresses_are_names),
        cmocka_unit_test(test_open_that_waits_ends_by_time_or_cancellation),
        sim_test(test_answer_to_who_closed_is_lost),
        sim_test(test_parted_address_is_not_reached),
        sim_test(test_full_socket_rests_until_its_end),
        sim_test(test_lost_connection_ends_its_requests),
        sim_test(test_answer_to_cancelled_request_is_unwanted),
        sim_test(test_last_answer_of_a_peer_comes),
        sim_test(test_delay_is_as_it_was_set),
        sim_test(test_options_out_of_range_are_refused),
        sim_test(test_ends_at_any_point_leak_nothing),
        sim_test(test_what_nobody_took_is_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
