/* SPDX-License-Identifier: MIT */
/*
 * The back end that is nng, by its table alone (transport.h). The test stands in
 * the place of the two sides: it is linked with --wrap for the link's functions, so
 * that it sees each wake-up, and may do something of its own within one; and for
 * some of nng's, so that it sees what is freed, and when a socket is closed.
 */
#include "actors/base/clock.h"
#include "actors/net/nng_back.h"
#include "tests/support/stranger.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_NS AKT_SECONDS(20)

#define assert_ok(e) assert_int_equal((e), AKT_OK)

/* What the back end takes for the link of its socket. */
struct back {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* guarded by lock */
    uint32_t wakes[2];
    uint32_t holders;
    struct akti_opening *opened;
    bool busy;
    /* what is done when nothing is left to be sent; within the call */
    void (*rests)(struct back *);
    struct akti_net *net;
    char url[AKTI_NET_URL_SIZE];
};

static const struct akti_transport *const nng = &akti_nng_transport;

/* --- in the place of others --- */

static struct back *
back_of(struct akti_link *link)
{
    return (struct back *)(void *)link;
}

static void
change(struct back *b, uint32_t *number, uint32_t by)
{
    (void)pthread_mutex_lock(&b->lock);
    *number += by;
    (void)pthread_cond_broadcast(&b->changed);
    (void)pthread_mutex_unlock(&b->lock);
}

void __wrap_akti_link_hold(struct akti_link *link);
void __wrap_akti_link_release(struct akti_link *link);
void __wrap_akti_link_wake(struct akti_link *link, enum akti_side side);
void __wrap_akti_link_opened(struct akti_link *link,
                             struct akti_opening *opening);
void __wrap_akti_link_busy(struct akti_link *link, bool busy);
int __real_nng_close(nng_socket s);
int __wrap_nng_close(nng_socket s);
int __real_nng_msg_alloc(nng_msg **out, size_t size);
int __wrap_nng_msg_alloc(nng_msg **out, size_t size);
void __real_nng_msg_free(nng_msg *m);
void __wrap_nng_msg_free(nng_msg *m);

void
__wrap_akti_link_hold(struct akti_link *link)
{
    change(back_of(link), &back_of(link)->holders, 1);
}

void
__wrap_akti_link_release(struct akti_link *link)
{
    change(back_of(link), &back_of(link)->holders, UINT32_MAX);
}

void
__wrap_akti_link_wake(struct akti_link *link, enum akti_side side)
{
    change(back_of(link), &back_of(link)->wakes[side], 1);
}

void
__wrap_akti_link_opened(struct akti_link *link, struct akti_opening *opening)
{
    struct back *b = back_of(link);

    (void)pthread_mutex_lock(&b->lock);
    b->opened = opening;
    (void)pthread_cond_broadcast(&b->changed);
    (void)pthread_mutex_unlock(&b->lock);
}

void
__wrap_akti_link_busy(struct akti_link *link, bool busy)
{
    struct back *b = back_of(link);
    void (*rests)(struct back *) = NULL;

    (void)pthread_mutex_lock(&b->lock);
    b->busy = busy;
    if (!busy) {
        rests = b->rests;
        b->rests = NULL;
    }
    (void)pthread_mutex_unlock(&b->lock);
    if (rests != NULL) {
        rests(b);
    }
}

/* Messages that akt has made and not freed. */
static _Atomic int64_t messages;
/* The last nng_close: when, and how many closes were on their way. */
static _Atomic uint64_t closed_ns;
static _Atomic uint32_t closings;

int
__wrap_nng_close(nng_socket s)
{
    closed_ns = akti_clock_now();
    closings = nng->closings();
    return __real_nng_close(s);
}

int
__wrap_nng_msg_alloc(nng_msg **out, size_t size)
{
    messages++;
    return __real_nng_msg_alloc(out, size);
}

void
__wrap_nng_msg_free(nng_msg *m)
{
    messages--;
    __real_nng_msg_free(m);
}

/* --- the test's hands --- */

static void
wait_locked(struct back *b)
{
    struct timespec until;

    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += (time_t)(PATIENCE_NS / AKT_SECONDS(1));
    assert_int_equal(pthread_cond_timedwait(&b->changed, &b->lock, &until), 0);
}

/* Until that side was woken after `seen` wake-ups. */
static void
await_wake(struct back *b, enum akti_side side, uint32_t seen)
{
    (void)pthread_mutex_lock(&b->lock);
    while (b->wakes[side] == seen) {
        wait_locked(b);
    }
    (void)pthread_mutex_unlock(&b->lock);
}

static uint32_t
wakes_of(struct back *b, enum akti_side side)
{
    uint32_t n;

    (void)pthread_mutex_lock(&b->lock);
    n = b->wakes[side];
    (void)pthread_mutex_unlock(&b->lock);
    return n;
}

/* Until it answers true: something that nobody is woken for. */
static void
await(bool (*is_so)(struct back *), struct back *b)
{
    uint64_t until = akti_clock_now() + PATIENCE_NS;
    uint32_t tries = 0;

    while (!is_so(b)) {
        assert_true(akti_clock_now() < until);
        akti_thread_pause(tries++);
    }
}

static void
back_open_with(struct back *b, const struct akti_net_config *config)
{
    akt_error error = AKT_ERROR_NONE;

    memset(b, 0, sizeof(*b));
    (void)pthread_mutex_init(&b->lock, NULL);
    (void)pthread_cond_init(&b->changed, NULL);
    assert_ok(
        nng->open(config, (struct akti_link *)(void *)b, &b->net, &error));
}

static struct akti_net_config
config_of(akt_nng_protocol protocol, uint32_t window)
{
    return (struct akti_net_config){.protocol = protocol,
                                    .name = "of a test",
                                    .max_message = 1000,
                                    .window = window,
                                    .send_window = window,
                                    .requests = 1,
                                    .max_peers = 10,
                                    .redial_min_ns = AKT_MS(1),
                                    .redial_max_ns = AKT_MS(1)};
}

static void
back_open(struct back *b, akt_nng_protocol protocol, uint32_t window)
{
    struct akti_net_config config = config_of(protocol, window);

    back_open_with(b, &config);
}

static void
begin(struct back *b, const char *url, enum akti_opening_kind kind)
{
    struct akti_opening *o = calloc(1, sizeof(*o));

    assert_non_null(o);
    o->kind = kind;
    (void)snprintf(o->url, sizeof(o->url), "%s", url);
    nng->begin(b->net, o);
    (void)pthread_mutex_lock(&b->lock);
    while (b->opened == NULL) {
        wait_locked(b);
    }
    o = b->opened;
    b->opened = NULL;
    (void)pthread_mutex_unlock(&b->lock);
    assert_ok(o->error.code);
    memcpy(b->url, o->url, sizeof(b->url));
    free(o);
}

/* The one listens, at an address of its own, and the other one dials. */
static void
join(struct back *listener, struct back *dialer)
{
    static unsigned n;
    char url[AKTI_NET_URL_SIZE];

    (void)snprintf(url, sizeof(url), "inproc://back%u", n++);
    begin(listener, url, AKTI_OPENING_LISTEN);
    begin(dialer, url, AKTI_OPENING_DIAL_ONCE);
}

/* False: no room. */
static bool
put_tagged(struct back *b, const char *text, uint64_t tag)
{
    struct akti_packet p;
    void *bytes = NULL;
    bool sent;

    assert_ok(nng->packet_new(b->net, strlen(text), &p, &bytes));
    memcpy(bytes, text, strlen(text));
    p.tag = tag;
    sent = nng->send(b->net, &p);
    nng->start(b->net);
    if (!sent) {
        nng->packet_free(b->net, &p);
    }
    return sent;
}

static bool
put(struct back *b, const char *text)
{
    return put_tagged(b, text, 0);
}

/* The next packet, and its tag; waits as a side does, by wake-ups. */
static uint64_t
take(struct back *b, enum akti_side side, const char *text)
{
    struct akti_packet p;
    uint32_t seen = wakes_of(b, side);

    while (!nng->receive(b->net, &p)) {
        await_wake(b, side, seen);
        seen = wakes_of(b, side);
    }
    assert_int_equal(p.size, strlen(text));
    assert_memory_equal(p.bytes, text, p.size);
    nng->packet_free(b->net, &p);
    return p.tag;
}

/* The same of what a connection does. */
static struct akti_net_event
hear(struct back *b)
{
    struct akti_net_event event;
    uint32_t seen = wakes_of(b, AKTI_SIDE_IN);

    while (!nng->event(b->net, &event)) {
        await_wake(b, AKTI_SIDE_IN, seen);
        seen = wakes_of(b, AKTI_SIDE_IN);
    }
    return event;
}

static void
await_released(struct back *b)
{
    (void)pthread_mutex_lock(&b->lock);
    while (b->holders > 0) {
        wait_locked(b);
    }
    (void)pthread_mutex_unlock(&b->lock);
    (void)pthread_cond_destroy(&b->changed);
    (void)pthread_mutex_destroy(&b->lock);
}

static void
back_close(struct back *b)
{
    nng->hush(b->net);
    nng->close(b->net);
    await_released(b);
}

/* --- sending --- */

static void
put_one_more(struct back *b)
{
    assert_true(put(b, "second"));
}

/* Between "there is nothing left" and the pump's return something is put. */
static void
test_what_is_put_as_the_pump_comes_to_rest_is_sent(void **state)
{
    struct back push;
    struct back pull;

    (void)state;
    back_open(&push, AKT_NNG_PUSH, 4);
    back_open(&pull, AKT_NNG_PULL, 4);
    push.rests = put_one_more;
    join(&pull, &push);
    assert_true(put(&push, "first"));
    (void)take(&pull, AKTI_SIDE_IN, "first");
    (void)take(&pull, AKTI_SIDE_IN, "second");
    back_close(&push);
    back_close(&pull);
}

static void
test_room_is_told_to_who_found_none(void **state)
{
    struct akti_net_config config = config_of(AKT_NNG_PUSH, 64);
    struct back push;
    struct back pull;

    (void)state;
    config.window_bytes = 4;
    back_open_with(&push, &config);
    back_open(&pull, AKT_NNG_PULL, 64);
    while (put(&push, "x")) {
    }
    assert_int_equal(nng->pending(push.net), 4);
    assert_int_equal(wakes_of(&push, AKTI_SIDE_OUT), 0);
    join(&pull, &push);
    await_wake(&push, AKTI_SIDE_OUT, 0);
    assert_true(put(&push, "y"));
    back_close(&push);
    back_close(&pull);
}

/* One is with nng when the socket is closed, two wait behind it. */
static void
test_what_has_not_left_is_freed_and_counted(void **state)
{
    struct back push;
    akt_nng_counters c;
    int64_t before = messages;

    (void)state;
    back_open(&push, AKT_NNG_PUSH, 4);
    assert_true(put(&push, "x") && put(&push, "y") && put(&push, "z"));
    assert_int_equal(messages, before + 3);
    akti_nng_hold(push.net);
    nng->close(push.net);
    while (nng->closings() > 0) {
        akti_thread_pause(UINT32_MAX / 2);
    }
    nng->count(push.net, &c);
    assert_int_equal(c.lost, 1);
    assert_int_equal(c.sent, 0);
    assert_int_equal(c.sent_bytes, 0);
    akti_nng_release(push.net);
    await_released(&push);
    assert_int_equal(messages, before);
}

/* --- receiving --- */

static bool
is_stalled(struct back *b)
{
    return b->net->in.stalled != 0;
}

/* A window that is full stops the reading, and so the peer; then all arrive. */
static void
test_receiving_goes_on_when_there_is_room(void **state)
{
    struct back push;
    struct back pull;
    char text[8];
    int i;

    (void)state;
    back_open(&push, AKT_NNG_PUSH, 64);
    back_open(&pull, AKT_NNG_PULL, 2);
    join(&pull, &push);
    for (i = 0; i < 40; i++) {
        (void)snprintf(text, sizeof(text), "m%d", i);
        assert_true(put(&push, text));
    }
    await(is_stalled, &pull);
    /* nng itself holds a few between the two; of those that have left PUSH may
     * hear later. */
    assert_in_range(nng->pending(push.net), 30, 40);
    for (i = 0; i < 40; i++) {
        (void)snprintf(text, sizeof(text), "m%d", i);
        (void)take(&pull, AKTI_SIDE_IN, text);
    }
    back_close(&push);
    back_close(&pull);
}

static bool
has_read_all(struct back *b)
{
    akt_nng_counters c;

    nng->count(b->net, &c);
    return c.received == (uint64_t)(uintptr_t)b->url[0];
}

/* One that cannot stop its peers drops the newest, and counts each. */
static void
test_what_finds_no_room_is_counted(void **state)
{
    struct back pub;
    struct back sub;
    akt_nng_counters c;
    char text[8];
    int i;

    (void)state;
    back_open(&pub, AKT_NNG_PUB, 64);
    back_open(&sub, AKT_NNG_SUB, 4);
    join(&pub, &sub);
    assert_true(hear(&pub).up);
    for (i = 0; i < 20; i++) {
        (void)snprintf(text, sizeof(text), "m%d", i);
        assert_true(put(&pub, text));
        sub.url[0] = (char)(i + 1);
        await(has_read_all, &sub);
    }
    nng->count(sub.net, &c);
    assert_int_equal(c.received, 20);
    assert_int_equal(c.dropped, 16);
    for (i = 0; i < 4; i++) {
        (void)snprintf(text, sizeof(text), "m%d", i);
        (void)take(&sub, AKTI_SIDE_IN, text);
    }
    back_close(&pub);
    back_close(&sub);
}

/* --- answering, with one request at a time --- */

struct rep {
    struct back rep;
    struct back req;
    uint64_t tag; /* of the first request, which has been taken */
};

static void
rep_begin(struct rep *r)
{
    struct akti_net_config two = config_of(AKT_NNG_REQ, 4);
    struct akti_packet none;

    two.requests = 2;
    back_open(&r->rep, AKT_NNG_REP, 4);
    back_open_with(&r->req, &two);
    join(&r->rep, &r->req);
    assert_true(put_tagged(&r->req, "first", 1));
    assert_true(put_tagged(&r->req, "second", 2));
    r->tag = take(&r->rep, AKTI_SIDE_IN, "first");
    assert_false(nng->receive(r->rep.net, &none));
}

static void
rep_end(struct rep *r)
{
    back_close(&r->req);
    back_close(&r->rep);
}

/* The second comes of itself: nobody asks for it in between. */
static void
test_answered_request_makes_room_for_the_next(void **state)
{
    struct rep r;
    uint32_t seen;

    (void)state;
    rep_begin(&r);
    seen = wakes_of(&r.rep, AKTI_SIDE_IN);
    assert_true(put_tagged(&r.rep, "answer", r.tag));
    assert_int_equal(take(&r.req, AKTI_SIDE_OUT, "answer"), 1);
    await_wake(&r.rep, AKTI_SIDE_IN, seen);
    r.tag = take(&r.rep, AKTI_SIDE_IN, "second");
    nng->drop(r.rep.net, r.tag);
    rep_end(&r);
}

static void
test_dropped_request_makes_room_for_the_next(void **state)
{
    struct rep r;

    (void)state;
    rep_begin(&r);
    nng->drop(r.rep.net, r.tag);
    nng->drop(r.rep.net, take(&r.rep, AKTI_SIDE_IN, "second"));
    rep_end(&r);
}

/* --- peers --- */

static bool
has_no_peers(struct back *b)
{
    return akti_nng_peer_count(b->net) == 0;
}

static void
test_peer_that_was_told_of_is_told_when_it_goes(void **state)
{
    struct back push;
    struct back pull;
    struct akti_net_event up;
    struct akti_net_event down;
    uint32_t seen;

    (void)state;
    back_open(&push, AKT_NNG_PUSH, 4);
    back_open(&pull, AKT_NNG_PULL, 4);
    join(&pull, &push);
    up = hear(&pull);
    assert_true(up.up);
    assert_false(nng->event(pull.net, &down));
    seen = wakes_of(&pull, AKTI_SIDE_IN);
    back_close(&push);
    await_wake(&pull, AKTI_SIDE_IN, seen);
    down = hear(&pull);
    assert_false(down.up);
    assert_int_equal(down.peer, up.peer);
    back_close(&pull);
}

static void
test_peer_that_went_unheard_is_not_told(void **state)
{
    struct back push;
    struct back pull;
    struct akti_net_event event;

    (void)state;
    back_open(&push, AKT_NNG_PUSH, 4);
    back_open(&pull, AKT_NNG_PULL, 4);
    join(&pull, &push);
    await_wake(&pull, AKTI_SIDE_IN, 0);
    back_close(&push);
    await(has_no_peers, &pull);
    assert_false(nng->event(pull.net, &event));
    back_close(&pull);
}

static bool
has_a_peer(struct back *b)
{
    return akti_nng_peer_count(b->net) == 1;
}

/* A stranger, for a dialer of nng 1.5 may die of it. */
static int
connect_to(struct back *b)
{
    int fd = stranger_connect(b->url);

    assert_true(fd >= 0);
    assert_true(stranger_say(fd, STRANGER_PUSH_HELLO, STRANGER_HELLO_SIZE));
    return fd;
}

/* Those who come and are refused make no room for others. */
static void
test_peers_beyond_the_bound_are_refused(void **state)
{
    struct akti_net_config config = config_of(AKT_NNG_PULL, 4);
    struct akti_net_event event;
    akt_nng_counters c;
    struct back pull;
    int served;
    int fd;
    int i;

    (void)state;
    config.max_peers = 1;
    back_open_with(&pull, &config);
    begin(&pull, "tcp://127.0.0.1:0", AKTI_OPENING_LISTEN);
    served = connect_to(&pull);
    assert_true(hear(&pull).up);
    for (i = 0; i < 3; i++) {
        fd = connect_to(&pull);
        assert_true(stranger_hears_end(fd));
        assert_int_equal(close(fd), 0);
    }
    nng->count(pull.net, &c);
    assert_int_equal(c.peers_refused, 3);
    assert_int_equal(c.peers, 1);
    assert_false(nng->event(pull.net, &event));
    /* When the first one goes there is room again. */
    assert_int_equal(close(served), 0);
    assert_false(hear(&pull).up);
    fd = connect_to(&pull);
    assert_true(hear(&pull).up);
    assert_true(has_a_peer(&pull));
    assert_int_equal(close(fd), 0);
    await(has_no_peers, &pull);
    back_close(&pull);
}

/* --- the end --- */

/* nng closes a socket with traffic badly: it must have been still for a while. As
 * long as it is open, its address counts as one that comes free. */
static void
test_socket_is_closed_after_it_was_quiet(void **state)
{
    struct back push;
    uint64_t began;

    (void)state;
    back_open(&push, AKT_NNG_PUSH, 4);
    began = akti_clock_now();
    back_close(&push);
    assert_true(closed_ns - began >= AKT_MS(30));
    assert_int_equal(closings, 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_put_as_the_pump_comes_to_rest_is_sent),
        cmocka_unit_test(test_room_is_told_to_who_found_none),
        cmocka_unit_test(test_what_has_not_left_is_freed_and_counted),
        cmocka_unit_test(test_receiving_goes_on_when_there_is_room),
        cmocka_unit_test(test_what_finds_no_room_is_counted),
        cmocka_unit_test(test_answered_request_makes_room_for_the_next),
        cmocka_unit_test(test_dropped_request_makes_room_for_the_next),
        cmocka_unit_test(test_peer_that_was_told_of_is_told_when_it_goes),
        cmocka_unit_test(test_peer_that_went_unheard_is_not_told),
        cmocka_unit_test(test_peers_beyond_the_bound_are_refused),
        cmocka_unit_test(test_socket_is_closed_after_it_was_quiet),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
