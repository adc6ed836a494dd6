/* SPDX-License-Identifier: MIT */
/* Requests and surveys over sockets: answers now, later, from elsewhere, never. */
#include "tests/support/net.h"
#include "tests/support/stranger.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static akt_bytes
bytes_of(const char *text)
{
    return (akt_bytes){text, strlen(text)};
}

/* More than a connection holds. */
static char large[(size_t)16 << 20];

/* Answers by what the request says. */
struct server {
    akt_promise_of(akt_nng_request) kept;
    akt_ref helper;
};

static akt_err
on_request(akt_self *self, struct server *s, const struct akt_nng_request *m)
{
    const char *text = m->data.ptr;

    if (m->data.len == 5 && memcmp(text, "later", 5) == 0) {
        return akt_keep(self, m, &s->kept);
    }
    if (m->data.len == 9 && memcmp(text, "elsewhere", 9) == 0) {
        return akt_forward(self, s->helper);
    }
    if (m->data.len == 5 && memcmp(text, "never", 5) == 0) {
        return AKT_OK;
    }
    if (m->data.len == 5 && memcmp(text, "large", 5) == 0) {
        return akt_reply(self, m, .data = {large, sizeof(large)});
    }
    if (m->data.len == 4 && memcmp(text, "kept", 4) == 0) {
        AKT_TRY(akt_promise_reply(self, &s->kept, .data = bytes_of("at last")));
    }
    return akt_reply(self, m, .data = m->data);
}
AKT_CLASS(server, struct server, AKT_ON(akt_nng_request, on_request));

struct pair {
    struct net net;
    akt_nng req;
    akt_nng rep;
    akt_ref server;
};

static void
pair_begin(struct pair *p, const char *transport)
{
    akt_nng_opts opts = {.protocol = AKT_NNG_REP};

    net_begin(&p->net);
    assert_ok(akt_spawn(p->net.me, server, &p->server,
                        .helper = akt_probe_ref(p->net.a)));
    opts.to = p->server;
    p->rep = net_open_with(&p->net, &opts);
    p->req = net_open(&p->net, AKT_NNG_REQ, NULL);
    net_connect(&p->net, transport, p->rep, p->req);
}

static akt_future
ask(struct pair *p, const char *text, uint64_t within_ns)
{
    akt_future f = {NULL, 0};

    assert_ok(akt_ask_within(p->net.me, within_ns, p->req.ref, &f,
                             akt_nng_request, .data = bytes_of(text)));
    return f;
}

static void
expect_reply(struct pair *p, akt_future f, const char *text)
{
    akt_answer *answer = NULL;
    const struct akt_nng_bytes *reply;

    assert_ok(akt_wait(p->net.me, f, &answer));
    assert_int_equal(answer->outcome, AKT_REPLIED);
    reply = akt_answer_as(answer, akt_nng_bytes);
    assert_non_null(reply);
    assert_int_equal(reply->data.len, strlen(text));
    assert_memory_equal(reply->data.ptr, text, reply->data.len);
    akt_answer_free(p->net.me, answer);
}

static void
expect_outcome(struct pair *p, akt_future f, akt_outcome outcome)
{
    akt_answer *answer = NULL;

    assert_ok(akt_wait(p->net.me, f, &answer));
    assert_int_equal(answer->outcome, outcome);
    akt_answer_free(p->net.me, answer);
}

static void
test_many_requests_are_open_at_a_time(void **state)
{
    static const char *const transports[] = {"inproc", "tcp", "ipc"};
    akt_future f[200];
    char text[16];
    struct pair p;
    size_t i;
    int n;

    (void)state;
    for (i = 0; i < 3; i++) {
        pair_begin(&p, transports[i]);
        for (n = 0; n < 200; n++) {
            (void)snprintf(text, sizeof(text), "q%d", n);
            f[n] = ask(&p, text, NET_WITHIN);
        }
        for (n = 199; n >= 0; n--) {
            (void)snprintf(text, sizeof(text), "q%d", n);
            expect_reply(&p, f[n], text);
        }
        net_end(&p.net);
    }
}

static void
test_answers_come_later_and_from_elsewhere(void **state)
{
    struct pair p;
    akt_future later;
    akt_future elsewhere;
    const struct akt_nng_request *m;

    (void)state;
    pair_begin(&p, "tcp");
    later = ask(&p, "later", NET_WITHIN);
    elsewhere = ask(&p, "elsewhere", NET_WITHIN);
    m = akt_expect(p.net.a, NET_WITHIN, akt_nng_request);
    assert_non_null(m);
    expect_reply(&p, ask(&p, "now", NET_WITHIN), "now");
    assert_ok(akt_probe_reply(p.net.a, m, .data = bytes_of("from here")));
    expect_reply(&p, elsewhere, "from here");
    expect_reply(&p, ask(&p, "kept", NET_WITHIN), "kept");
    expect_reply(&p, later, "at last");
    net_end(&p.net);
}

/* A request without an answer ends by its deadline, and leaves nothing behind. */
static void
test_request_without_answer_expires(void **state)
{
    struct pair p;
    akt_future f;

    (void)state;
    pair_begin(&p, "tcp");
    expect_outcome(&p, ask(&p, "never", AKT_MS(20)), AKT_EXPIRED);
    f = ask(&p, "later", NET_WITHIN);
    assert_ok(akt_cancel(p.net.me, f));
    expect_outcome(&p, f, AKT_CANCELLED);
    expect_reply(&p, ask(&p, "now", NET_WITHIN), "now");
    net_end(&p.net);
}

/* All places are taken by requests that nobody answers: they come free again. */
static void
test_places_of_dead_requests_are_used_again(void **state)
{
    akt_nng_opts opts = {.protocol = AKT_NNG_REQ, .requests = 4};
    struct pair p;
    akt_future f[4];
    int i;

    (void)state;
    pair_begin(&p, "tcp");
    p.req = net_open_with(&p.net, &opts);
    net_dial(&p.net, p.req);
    for (i = 0; i < 4; i++) {
        f[i] = ask(&p, "never", AKT_MS(20));
    }
    expect_reply(&p, ask(&p, "now", NET_WITHIN), "now");
    for (i = 0; i < 4; i++) {
        expect_outcome(&p, f[i], AKT_EXPIRED);
    }
    net_end(&p.net);
}

/* The one place is somebody else's when the answer comes: it is nobody's. */
static void
test_late_answer_reaches_nobody_else(void **state)
{
    akt_nng_opts opts = {.protocol = AKT_NNG_REQ, .requests = 1};
    struct pair p;

    (void)state;
    pair_begin(&p, "tcp");
    p.req = net_open_with(&p.net, &opts);
    net_dial(&p.net, p.req);
    expect_outcome(&p, ask(&p, "later", AKT_MS(100)), AKT_EXPIRED);
    /* The first one is answered ("at last") just before this. */
    expect_reply(&p, ask(&p, "kept", NET_WITHIN), "kept");
    /* By then it had been given up: nng drops the answer, and tells nobody. */
    assert_int_equal(net_stats(&p.net, p.req).received, 1);
    assert_int_equal(net_stats(&p.net, p.req).unwanted, 0);
    net_end(&p.net);
}

/* When the socket goes, its requests break at once. */
static void
test_requests_break_with_their_socket(void **state)
{
    struct pair p;
    akt_future f;

    (void)state;
    pair_begin(&p, "tcp");
    f = ask(&p, "never", NET_WITHIN);
    akt_nng_close(p.net.me, p.req);
    expect_outcome(&p, f, AKT_BROKEN);
    net_end(&p.net);
}

/* Neither what waits for a peer nor what waits for room behind it. */
static void
test_request_that_is_over_is_not_sent(void **state)
{
    akt_nng_opts opts = {.protocol = AKT_NNG_REQ, .requests = 2, .window = 1};
    akt_nng_counters c;
    struct pair p;
    akt_future f[2];

    (void)state;
    pair_begin(&p, "tcp");
    p.req = net_open_with(&p.net, &opts);
    f[0] = ask(&p, "first", AKT_MS(20));
    f[1] = ask(&p, "second", AKT_MS(20));
    expect_outcome(&p, f[0], AKT_EXPIRED);
    expect_outcome(&p, f[1], AKT_EXPIRED);
    net_dial(&p.net, p.req);
    expect_reply(&p, ask(&p, "now", NET_WITHIN), "now");
    c = net_stats(&p.net, p.req);
    assert_int_equal(c.sent, 1);
    assert_int_equal(c.lost, 2);
    net_end(&p.net);
}

/* A connection that ends, as that of a process that is killed does. */
static int
stranger_answers(struct net *net, akt_nng req)
{
    int fd;

    net_listen(net, req, net_address(net, "tcp"));
    fd = stranger_connect(net->url);
    assert_true(fd >= 0);
    assert_true(stranger_say(fd, STRANGER_REP_HELLO, STRANGER_HELLO_SIZE));
    return fd;
}

static void
expect_lost(struct pair *p, akt_future f)
{
    akt_answer *answer = NULL;

    assert_ok(akt_wait(p->net.me, f, &answer));
    assert_int_equal(answer->outcome, AKT_FAILED);
    assert_int_equal(answer->error, AKT_ECLOSED);
    assert_string_equal(answer->text.ptr, "the peer went before it answered");
    akt_answer_free(p->net.me, answer);
}

/* It is told at once, and not by the deadline; the next one asks another peer. */
static void
test_request_fails_when_its_peer_goes(void **state)
{
    struct pair p;
    akt_future f[3];
    size_t i;
    int fd;

    (void)state;
    pair_begin(&p, "tcp");
    p.req = net_open(&p.net, AKT_NNG_REQ, NULL);
    fd = stranger_answers(&p.net, p.req);
    for (i = 0; i < 3; i++) {
        f[i] = ask(&p, "q", NET_WITHIN);
    }
    while (net_stats(&p.net, p.req).sent < 3) {
    }
    (void)close(fd);
    for (i = 0; i < 3; i++) {
        expect_lost(&p, f[i]);
    }
    net_dial(&p.net, p.rep);
    expect_reply(&p, ask(&p, "now", NET_WITHIN), "now");
    net_end(&p.net);
}

/* As nng's REQ does: a length, a number, the text. */
static void
stranger_asks(int fd, const char *text)
{
    char frame[64] = {0};
    size_t n = strlen(text);

    frame[7] = (char)(n + 4);
    frame[8] = (char)0x80;
    frame[11] = 1;
    memcpy(frame + 12, text, n);
    assert_true(stranger_say(fd, frame, n + 12));
}

/* Reads so much, of which the last bytes are this. */
static void
stranger_hears(int fd, size_t size, const char *text)
{
    static char bytes[65536];
    ssize_t n = 0;

    while (size > 0) {
        n = read(fd, bytes, size < sizeof(bytes) ? size : sizeof(bytes));
        assert_true(n > 0);
        size -= (size_t)n;
    }
    assert_memory_equal(bytes + n - strlen(text), text, strlen(text));
}

/* A stranger has asked twice; the second answer waits behind the first, which he does
 * not take yet. */
static int
pair_begin_unread(struct pair *p)
{
    int fd;

    pair_begin(p, "tcp");
    fd = stranger_connect(p->net.url);
    assert_true(fd >= 0);
    assert_true(stranger_say(fd, STRANGER_REQ_HELLO, STRANGER_HELLO_SIZE));
    stranger_asks(fd, "large");
    while (net_stats(&p->net, p->rep).sent < 1) {
    }
    stranger_asks(fd, "small");
    while (net_stats(&p->net, p->rep).received < 2) {
    }
    return fd;
}

static void
test_answers_to_who_does_not_read_leave_later(void **state)
{
    struct pair p;
    int fd;

    (void)state;
    fd = pair_begin_unread(&p);
    stranger_hears(fd, STRANGER_HELLO_SIZE + 12 + sizeof(large) + 12 + 5,
                   "small");
    while (net_stats(&p.net, p.rep).sent < 2) {
    }
    stranger_asks(fd, "again");
    stranger_hears(fd, 12 + 5, "again");
    (void)close(fd);
    net_end(&p.net);
}

/* Nor does it ever. The second request is in IN's hands, or not yet. */
static void
test_answer_that_does_not_leave_is_lost(void **state)
{
    akt_nng_counters c;
    struct pair p;
    int fd;

    (void)state;
    fd = pair_begin_unread(&p);
    c = net_finish(&p.net, p.rep);
    assert_int_equal(c.sent, 1);
    assert_int_equal(c.lost + c.dropped, 1);
    (void)close(fd);
    net_end(&p.net);
}

static void
test_survey_collects_the_answers(void **state)
{
    akt_answer *answer = NULL;
    const struct akt_nng_answers *list;
    akt_nng_opts opts = {.protocol = AKT_NNG_RESPONDENT};
    akt_future f;
    struct net net;
    akt_nng surveyor;
    akt_ref ref;
    int i;

    (void)state;
    net_begin(&net);
    surveyor = net_open(&net, AKT_NNG_SURVEYOR, NULL);
    net_listen(&net, surveyor, net_address(&net, "tcp"));
    for (i = 0; i < 3; i++) {
        assert_ok(akt_spawn(net.me, server, &ref));
        opts.to = ref;
        net_dial(&net, net_open_with(&net, &opts));
    }
    /* Dialed is not yet heard of at the other end. */
    while (net_stats(&net, surveyor).peers < 3) {
    }
    assert_ok(akt_ask(net.me, surveyor.ref, &f, akt_nng_survey,
                      .data = bytes_of("who?"), .wait_ns = AKT_SECONDS(4),
                      .enough = 3));
    assert_ok(akt_wait(net.me, f, &answer));
    list = akt_answer_as(answer, akt_nng_answers);
    assert_non_null(list);
    assert_int_equal(list->count, 3);
    for (i = 0; i < 3; i++) {
        assert_int_equal(list->answers[i].len, 4);
        assert_memory_equal(list->answers[i].ptr, "who?", 4);
    }
    akt_answer_free(net.me, answer);
    /* Nobody says anything: an empty list when the time is over. */
    assert_ok(akt_ask(net.me, surveyor.ref, &f, akt_nng_survey,
                      .data = bytes_of("never"), .wait_ns = AKT_MS(20)));
    assert_ok(akt_wait(net.me, f, &answer));
    list = akt_answer_as(answer, akt_nng_answers);
    assert_non_null(list);
    assert_int_equal(list->count, 0);
    akt_answer_free(net.me, answer);
    net_end(&net);
}

/* What a socket's protocol does not do is refused, and the socket lives. */
/* The answer to the first survey comes during the second one. */
static void
test_late_answer_reaches_no_other_survey(void **state)
{
    akt_nng_opts opts = {.protocol = AKT_NNG_SURVEYOR, .requests = 1};
    akt_nng_opts rep = {.protocol = AKT_NNG_RESPONDENT};
    static const char *const says[] = {"later", "kept"};
    const struct akt_nng_answers *list = NULL;
    akt_answer *answer = NULL;
    akt_future f;
    struct pair p;
    int i;

    (void)state;
    pair_begin(&p, "tcp");
    rep.to = p.server;
    p.req = net_open_with(&p.net, &opts);
    net_connect(&p.net, "tcp", p.req, net_open_with(&p.net, &rep));
    while (net_stats(&p.net, p.req).peers < 1) {
    }
    for (i = 0; i < 2; i++) {
        assert_ok(akt_ask(p.net.me, p.req.ref, &f, akt_nng_survey,
                          .data = bytes_of(says[i]), .enough = 1,
                          .wait_ns = i == 0 ? AKT_MS(200) : AKT_SECONDS(4)));
        assert_ok(akt_wait(p.net.me, f, &answer));
        list = akt_answer_as(answer, akt_nng_answers);
        assert_non_null(list);
        assert_int_equal(list->count, i);
        if (i == 1) {
            assert_memory_equal(list->answers[0].ptr, "kept", 4);
        }
        akt_answer_free(p.net.me, answer);
    }
    assert_int_equal(net_stats(&p.net, p.req).unwanted, 1);
    net_end(&p.net);
}

static void
test_what_does_not_fit_is_refused(void **state)
{
    struct pair p;

    (void)state;
    pair_begin(&p, "tcp");
    net_send(&p.net, p.req, "plain bytes");
    expect_outcome(&p, ask(&p, "q", NET_WITHIN), AKT_REPLIED);
    assert_int_equal(net_stats(&p.net, p.req).refused, 1);
    p.req = p.rep;
    expect_outcome(&p, ask(&p, "q", NET_WITHIN), AKT_FAILED);
    net_end(&p.net);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many_requests_are_open_at_a_time),
        cmocka_unit_test(test_answers_come_later_and_from_elsewhere),
        cmocka_unit_test(test_request_without_answer_expires),
        cmocka_unit_test(test_places_of_dead_requests_are_used_again),
        cmocka_unit_test(test_late_answer_reaches_nobody_else),
        cmocka_unit_test(test_requests_break_with_their_socket),
        cmocka_unit_test(test_request_that_is_over_is_not_sent),
        cmocka_unit_test(test_request_fails_when_its_peer_goes),
        cmocka_unit_test(test_answers_to_who_does_not_read_leave_later),
        cmocka_unit_test(test_answer_that_does_not_leave_is_lost),
        cmocka_unit_test(test_survey_collects_the_answers),
        cmocka_unit_test(test_late_answer_reaches_no_other_survey),
        cmocka_unit_test(test_what_does_not_fit_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
