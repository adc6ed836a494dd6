/* SPDX-License-Identifier: MIT */
/*
 * Sockets in a simulation: each protocol in every schedule, with delays, cuts and
 * refusals. After each step the network's books balance; at the end of each run all
 * memory, actors and requests are accounted for (support/sim.h).
 */
#include "tests/unit/simnet.h"

#define SOURCES 2
#define SINKS 3
#define EACH 30

/* --- who receives --- */

struct line {
    uint32_t source;
    uint32_t number;
};

/* What each sink got of each source; a run's, cleared at its beginning. */
static struct {
    uint32_t got[SINKS][SOURCES];
    uint32_t last[SINKS][SOURCES];
    uint32_t all;
    uint32_t ups;
    uint32_t downs;
} seen;

struct sink {
    uint32_t number;
};

/* Never twice, never out of order. */
static akt_err
on_bytes(akt_self *self, struct sink *s, const struct akt_nng_bytes *m)
{
    struct line line;

    (void)self;
    assert_int_equal(m->data.len, sizeof(line));
    memcpy(&line, m->data.ptr, sizeof(line));
    assert_true(line.number > seen.last[s->number][line.source]);
    seen.last[s->number][line.source] = line.number;
    seen.got[s->number][line.source]++;
    seen.all++;
    return AKT_OK;
}

static akt_err
on_up(akt_self *self, struct sink *s, const struct akt_nng_peer_up *m)
{
    (void)self;
    (void)s;
    (void)m;
    seen.ups++;
    return AKT_OK;
}

static akt_err
on_down(akt_self *self, struct sink *s, const struct akt_nng_peer_down *m)
{
    (void)self;
    (void)s;
    (void)m;
    seen.downs++;
    assert_true(seen.downs <= seen.ups);
    return AKT_OK;
}

static akt_err
on_echo(akt_self *self, struct sink *s, const struct akt_nng_request *m)
{
    (void)s;
    return akt_reply(self, m, .data = m->data);
}

AKT_CLASS(sink, struct sink, AKT_ON(akt_nng_bytes, on_bytes),
          AKT_ON(akt_nng_peer_up, on_up), AKT_ON(akt_nng_peer_down, on_down),
          AKT_ON(akt_nng_request, on_echo));

/* --- who sends --- */

AKT_SIGNAL(next);

struct source {
    akt_ref socket;
    uint32_t number;
    uint32_t sent;
};

static akt_err
on_next(akt_self *self, struct source *s, const struct next *m)
{
    struct line line = {s->number, s->sent + 1};

    (void)m;
    if (s->sent == EACH) {
        return AKT_OK;
    }
    s->sent++;
    AKT_TRY(akt_send(self, s->socket, akt_nng_bytes,
                     .data = {&line, sizeof(line)}));
    return akt_send(self, akt_self_ref(self), next);
}
AKT_CLASS(source, struct source, AKT_ON(next, on_next));

/* --- what the tests share --- */

static void
begin(struct sim *sim)
{
    memset(&seen, 0, sizeof(seen));
    watch_books(sim);
}

static akt_ref
spawn_sink(struct sim *sim, uint32_t number)
{
    akt_ref ref = AKT_REF_NONE;

    assert_ok(akt_spawn(sim->me, sink, &ref, .number = number));
    return ref;
}

static akt_ref
spawn_source(struct sim *sim, uint32_t number, akt_nng s)
{
    akt_ref ref = AKT_REF_NONE;

    assert_ok(
        akt_spawn(sim->me, source, &ref, .socket = s.ref, .number = number));
    assert_ok(akt_send(sim->me, ref, next));
    return ref;
}

static uint32_t
got_of(uint32_t source)
{
    return seen.got[0][source] + seen.got[1][source] + seen.got[2][source];
}

/* --- push and pull --- */

static void
each_push_is_received_once_or_lost(struct sim *sim)
{
    akt_nng push[SOURCES];
    akt_nng pull[SINKS];
    const char *urls[SINKS] = {"tcp://a:1", "ipc:///b", "inproc://c"};
    akt_sim_net_counters c;
    uint32_t i;
    uint32_t k;

    begin(sim);
    for (k = 0; k < SINKS; k++) {
        pull[k] = open_to(sim, AKT_NNG_PULL, spawn_sink(sim, k));
        assert_ok(try_listen(sim, pull[k], urls[k]));
    }
    make_trouble(sim);
    for (i = 0; i < SOURCES; i++) {
        push[i] = open_with(
            sim, &(akt_nng_opts){.protocol = AKT_NNG_PUSH, .window = 4});
        for (k = 0; k < SINKS; k++) {
            assert_ok(try_dial(sim, push[i], urls[k], false));
        }
        (void)spawn_source(sim, i, push[i]);
    }
    settle(sim);
    c = akt_sim_net_stats(sim->system);
    assert_int_equal(c.sent, SOURCES * EACH);
    assert_int_equal(seen.all + c.lost, SOURCES * EACH);
    assert_true(c.cut > 0 || c.lost == 0);
    assert_int_equal(c.connections, SOURCES * SINKS);
    assert_int_equal(seen.ups - seen.downs, SOURCES * SINKS);
}

static void
nothing_is_lost_without_a_cut(struct sim *sim)
{
    akt_nng_opts opts = {.protocol = AKT_NNG_PUSH, .window = 2};
    akt_nng pull;
    akt_nng push;
    uint32_t i;

    begin(sim);
    pull = open_to(sim, AKT_NNG_PULL, spawn_sink(sim, 0));
    assert_ok(try_listen(sim, pull, URL));
    for (i = 0; i < SOURCES; i++) {
        push = open_with(sim, &opts);
        assert_ok(try_dial(sim, push, URL, true));
        (void)spawn_source(sim, i, push);
        (void)akt_sim_run_until_idle(sim->system);
    }
    settle(sim);
    assert_int_equal(got_of(0), EACH);
    assert_int_equal(got_of(1), EACH);
}

/* What was sent before a close still arrives. */
static void
closed_socket_s_messages_arrive(struct sim *sim)
{
    akt_nng pull;
    akt_nng push;
    uint32_t i;

    begin(sim);
    pull = open_to(sim, AKT_NNG_PULL, spawn_sink(sim, 0));
    assert_ok(try_listen(sim, pull, URL));
    push = open_with(sim, &(akt_nng_opts){.protocol = AKT_NNG_PUSH});
    assert_ok(try_dial(sim, push, URL, true));
    for (i = 1; i <= 10; i++) {
        struct line line = {0, i};

        assert_ok(akt_send_within(sim->me, LONG, push.ref, akt_nng_bytes,
                                  .data = {&line, sizeof(line)}));
    }
    akt_nng_close(sim->me, push);
    settle(sim);
    assert_int_equal(seen.all, 10);
    assert_int_equal(akt_sim_net_stats(sim->system).connections, 0);
}

static void
listener_restarts_on_its_address(struct sim *sim)
{
    akt_ref to = AKT_REF_NONE;
    akt_sim_net_counters c;
    akt_nng pull;
    akt_nng push;
    uint32_t i;

    begin(sim);
    to = spawn_sink(sim, 0);
    push =
        open_with(sim, &(akt_nng_opts){.protocol = AKT_NNG_PUSH, .window = 1});
    assert_ok(try_dial(sim, push, URL, false));
    (void)spawn_source(sim, 0, push);
    for (i = 0; i < 4; i++) {
        pull = open_to(sim, AKT_NNG_PULL, to);
        assert_ok(try_listen(sim, pull, URL));
        (void)akt_sim_advance(sim->system, akt_random(sim->me) % AKT_MS(130));
        akt_nng_close(sim->me, pull);
    }
    pull = open_to(sim, AKT_NNG_PULL, to);
    assert_ok(try_listen(sim, pull, URL));
    settle(sim);
    c = akt_sim_net_stats(sim->system);
    assert_int_equal(c.sent, EACH);
    assert_int_equal(seen.all + c.lost, EACH);
    assert_int_equal(c.connections, 1);
}

/* --- back-pressure --- */

/* Nobody takes: from the receiver back to the sender all fills, and stops. */
static void
test_back_pressure_reaches_the_sender(void **state)
{
    akt_sim_opts opts = {
        .size = sizeof(opts), .seed = 7, .mailbox = 4, .strategy = 0};
    akt_nng_opts push = {.protocol = AKT_NNG_PUSH, .window = 4};
    akt_nng_opts pull = {.protocol = AKT_NNG_PULL, .window = 4};
    akt_sim_net_opts net = {.size = sizeof(net), .buffer = 4};
    struct sim sim = {0};
    akt_nng away;
    akt_nng s;
    uint32_t n = 0;

    (void)state;
    memset(&seen, 0, sizeof(seen));
    assert_ok(akt_sim_start_with(NULL, &opts, &sim.system));
    assert_ok(akt_attach(sim.system, &sim.me));
    assert_ok(akt_sim_net_set(sim.system, &net));
    /* What arrives is for a socket that has no peer yet. */
    away = open_with(&sim, &push);
    assert_ok(try_dial(&sim, away, "tcp://away:1", false));
    pull.to = away.ref;
    s = open_with(&sim, &pull);
    assert_ok(try_listen(&sim, s, URL));
    s = open_with(&sim, &push);
    assert_ok(try_dial(&sim, s, URL, true));
    do {
        struct line line = {0, ++n};

        if (akt_send_within(sim.me, AKT_SECONDS(60), s.ref, akt_nng_bytes,
                            .data = {&line, sizeof(line)})
            != AKT_OK) {
            break;
        }
    } while (n < 1000);
    n--;
    /* Two windows of the way out, one in, the buffer, two mailboxes, hands. */
    assert_in_range(n, 4 * 4, 3 * 4 + 4 + 2 * 4 + 4);
    pull.to = spawn_sink(&sim, 0);
    s = open_with(&sim, &pull);
    assert_ok(try_listen(&sim, s, "tcp://away:1"));
    (void)akt_sim_advance(sim.system, AKT_SECONDS(60));
    assert_int_equal(seen.all, n);
    akt_detach(sim.me);
    assert_ok(akt_system_stop(sim.system, AKT_SECONDS(60)));
    akt_system_destroy(sim.system);
}

/* --- requests --- */

#define ASKS 40

static void
each_request_has_one_outcome(struct sim *sim)
{
    akt_nng rep;
    akt_nng req;
    akt_future f[ASKS];
    uint32_t outcomes[AKT_BROKEN + 1] = {0};
    uint32_t i;

    begin(sim);
    rep = open_to(sim, AKT_NNG_REP, spawn_sink(sim, 0));
    assert_ok(try_listen(sim, rep, URL));
    req = open_with(sim,
                    &(akt_nng_opts){.protocol = AKT_NNG_REQ, .requests = 64});
    assert_ok(try_dial(sim, req, URL, true));
    make_trouble(sim);
    for (i = 0; i < ASKS; i++) {
        assert_ok(akt_ask_within(sim->me, AKT_MS(200), req.ref, &f[i],
                                 akt_nng_request, .data = {&i, sizeof(i)}));
    }
    assert_ok(akt_cancel(sim->me, f[3]));
    for (i = 0; i < ASKS; i++) {
        akt_answer *answer = NULL;
        const struct akt_nng_bytes *reply;

        assert_ok(akt_wait(sim->me, f[i], &answer));
        outcomes[answer->outcome]++;
        reply = akt_answer_as(answer, akt_nng_bytes);
        assert_true(reply == NULL || memcmp(reply->data.ptr, &i, 4) == 0);
        assert_true(answer->outcome != AKT_FAILED
                    || answer->error == AKT_ECLOSED);
        akt_answer_free(sim->me, answer);
    }
    assert_int_equal(outcomes[AKT_REPLIED] + outcomes[AKT_EXPIRED]
                         + outcomes[AKT_FAILED] + outcomes[AKT_CANCELLED],
                     ASKS);
    assert_int_equal(outcomes[AKT_CANCELLED], 1);
    if (akt_sim_net_stats(sim->system).cut == 0) {
        assert_int_equal(outcomes[AKT_FAILED], 0);
    }
    if (akt_sim_net_stats(sim->system).lost == 0) {
        assert_int_equal(outcomes[AKT_EXPIRED], 0);
    }
    settle(sim);
}

/* The socket goes with requests on their way: they are broken. */
static void
requests_break_with_their_socket(struct sim *sim)
{
    akt_nng rep;
    akt_nng req;
    akt_future f;
    akt_answer *answer = NULL;

    begin(sim);
    rep = open_to(sim, AKT_NNG_REP, spawn_sink(sim, 0));
    assert_ok(try_listen(sim, rep, URL));
    req = open_with(sim, &(akt_nng_opts){.protocol = AKT_NNG_REQ});
    assert_ok(try_dial(sim, req, URL, true));
    assert_ok(akt_sim_net_part(sim->system, URL));
    assert_ok(akt_ask_within(sim->me, LONG, req.ref, &f, akt_nng_request,
                             .data = {"?", 1}));
    (void)akt_sim_run_until_idle(sim->system);
    akt_nng_close(sim->me, req);
    assert_ok(akt_wait(sim->me, f, &answer));
    assert_int_equal(answer->outcome, AKT_BROKEN);
    akt_answer_free(sim->me, answer);
    settle(sim);
}

static void
survey_collects_one_answer_of_each(struct sim *sim)
{
    akt_nng surveyor;
    akt_future f;
    akt_answer *answer = NULL;
    const struct akt_nng_answers *a;
    uint32_t i;

    begin(sim);
    surveyor = open_with(sim, &(akt_nng_opts){.protocol = AKT_NNG_SURVEYOR});
    assert_ok(try_listen(sim, surveyor, URL));
    for (i = 0; i < SINKS; i++) {
        akt_nng r = open_to(sim, AKT_NNG_RESPONDENT, spawn_sink(sim, i));

        assert_ok(try_dial(sim, r, URL, true));
    }
    if (sim->seed % 2 != 0) {
        make_trouble(sim);
    }
    assert_ok(akt_ask_within(sim->me, LONG, surveyor.ref, &f, akt_nng_survey,
                             .data = {"who?", 4}, .wait_ns = AKT_MS(50)));
    assert_ok(akt_wait(sim->me, f, &answer));
    a = akt_answer_as(answer, akt_nng_answers);
    assert_non_null(a);
    assert_in_range(a->count, 0, SINKS);
    if (akt_sim_net_stats(sim->system).lost == 0) {
        assert_int_equal(a->count, SINKS);
    }
    for (i = 0; i < a->count; i++) {
        assert_memory_equal(a->answers[i].ptr, "who?", 4);
    }
    akt_answer_free(sim->me, answer);
    settle(sim);
}

/* --- one to many, many to many, one to one --- */

/* A topic is how a message begins: the source's number. */
static void
subscribers_get_their_topics(struct sim *sim)
{
    static const char zero[] = {0};
    akt_nng pub;
    akt_nng sub[SINKS];
    uint32_t i;

    begin(sim);
    pub = open_with(sim, &(akt_nng_opts){.protocol = AKT_NNG_PUB});
    assert_ok(try_listen(sim, pub, URL));
    for (i = 0; i < SINKS; i++) {
        static const char *const none[] = {NULL};
        akt_nng_opts opts = {.protocol = AKT_NNG_SUB,
                             .to = spawn_sink(sim, i),
                             .topics = i == 0 ? NULL : none};

        sub[i] = open_with(sim, &opts);
        assert_ok(try_dial(sim, sub[i], URL, true));
    }
    assert_ok(akt_send(sim->me, sub[1].ref, akt_nng_subscribe,
                       .topic = {zero, sizeof(zero)}));
    (void)akt_sim_run_until_idle(sim->system);
    if (sim->seed % 2 != 0) {
        make_trouble(sim);
    }
    for (i = 0; i < SOURCES; i++) {
        (void)spawn_source(sim, i, pub);
    }
    settle(sim);
    assert_int_equal(seen.got[1][1], 0);
    assert_int_equal(seen.got[2][0] + seen.got[2][1], 0);
    assert_true(seen.got[0][0] > 0 && seen.got[0][1] > 0);
    assert_true(seen.got[1][0] > 0);
    assert_int_equal(akt_sim_net_stats(sim->system).sent
                         - akt_sim_net_stats(sim->system).dropped
                         - akt_sim_net_stats(sim->system).lost
                         - akt_sim_net_stats(sim->system).unwanted,
                     seen.all);
}

static void
bus_brings_all_to_all_others(struct sim *sim)
{
    akt_sim_net_opts net = {.size = sizeof(net), .buffer = EACH};
    const char *urls[SINKS] = {"ipc:///0", "ipc:///1", "ipc:///2"};
    akt_nng bus[SINKS];
    uint32_t i;
    uint32_t k;

    begin(sim);
    assert_ok(akt_sim_net_set(sim->system, &net));
    for (i = 0; i < SINKS; i++) {
        bus[i] = open_to(sim, AKT_NNG_BUS, spawn_sink(sim, i));
        assert_ok(try_listen(sim, bus[i], urls[i]));
        for (k = 0; k < i; k++) {
            assert_ok(try_dial(sim, bus[i], urls[k], true));
        }
    }
    for (i = 0; i < SOURCES; i++) {
        (void)spawn_source(sim, i, bus[i]);
    }
    settle(sim);
    assert_int_equal(seen.got[0][0], 0);
    assert_int_equal(seen.got[1][0], EACH);
    assert_int_equal(seen.got[0][1], EACH);
    assert_int_equal(seen.got[2][0] + seen.got[2][1], 2 * EACH);
}

static void
pair_has_one_peer(struct sim *sim)
{
    akt_nng s[SINKS];
    uint32_t i;

    begin(sim);
    for (i = 0; i < SINKS; i++) {
        s[i] = open_to(sim, AKT_NNG_PAIR, spawn_sink(sim, i));
    }
    assert_ok(try_listen(sim, s[0], URL));
    assert_ok(try_dial(sim, s[1], URL, true));
    assert_err(try_dial(sim, s[2], URL, true), AKT_ECLOSED);
    assert_ok(try_dial(sim, s[2], URL, false));
    (void)spawn_source(sim, 0, s[0]);
    (void)spawn_source(sim, 1, s[1]);
    settle(sim);
    assert_int_equal(seen.got[1][0], EACH);
    assert_int_equal(seen.got[0][1], EACH);
    /* The peer goes; the one that kept dialing takes its place. */
    akt_nng_close(sim->me, s[1]);
    settle(sim);
    assert_int_equal(akt_sim_net_stats(sim->system).connections, 1);
    (void)spawn_source(sim, 1, s[2]);
    seen.last[0][1] = 0;
    settle(sim);
    assert_int_equal(seen.got[0][1], 2 * EACH);
}

TEST(each_push_is_received_once_or_lost)
TEST(nothing_is_lost_without_a_cut)
TEST(closed_socket_s_messages_arrive)
TEST(listener_restarts_on_its_address)
TEST(each_request_has_one_outcome)
TEST(requests_break_with_their_socket)
TEST(survey_collects_one_answer_of_each)
TEST(subscribers_get_their_topics)
TEST(bus_brings_all_to_all_others)
TEST(pair_has_one_peer)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_each_push_is_received_once_or_lost),
        sim_test(test_nothing_is_lost_without_a_cut),
        sim_test(test_closed_socket_s_messages_arrive),
        sim_test(test_listener_restarts_on_its_address),
        sim_test(test_back_pressure_reaches_the_sender),
        sim_test(test_each_request_has_one_outcome),
        sim_test(test_requests_break_with_their_socket),
        sim_test(test_survey_collects_one_answer_of_each),
        sim_test(test_subscribers_get_their_topics),
        sim_test(test_bus_brings_all_to_all_others),
        sim_test(test_pair_has_one_peer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
