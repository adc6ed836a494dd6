/* SPDX-License-Identifier: MIT */
/*
 * Batches that their senders fill, and that receivers get whole, in a simulation: in
 * every schedule each message has one fate.
 */
#include "tests/unit/simnet.h"

/* Messages of a batch that is packed, and of all that is sent. */
#define PACKED 5
#define EACH 40
/* Of four bytes and a head each, behind the head of a batch that is gathered. */
#define GATHERED 7

/* --- who receives --- */

static struct {
    uint32_t last;
    uint32_t all;
    uint32_t batches;
} seen;

struct sink {
    char unused;
};

/* Never twice, never out of order. */
static void
see(akt_bytes bytes)
{
    uint32_t number;

    assert_int_equal(bytes.len, sizeof(number));
    memcpy(&number, bytes.ptr, sizeof(number));
    assert_true(number > seen.last);
    seen.last = number;
    seen.all++;
}

static akt_err
on_bytes(akt_self *self, struct sink *s, const struct akt_nng_bytes *m)
{
    (void)self;
    (void)s;
    see(m->data);
    return AKT_OK;
}

static akt_err
on_batch(akt_self *self, struct sink *s, const struct akt_nng_batch *m)
{
    uint32_t all = seen.all;
    akt_bytes bytes;
    size_t at = 0;

    (void)self;
    (void)s;
    while (akt_nng_unpack(m, &at, &bytes)) {
        see(bytes);
    }
    assert_true(seen.all > all);
    assert_int_equal(seen.all - all, m->count);
    seen.batches++;
    return AKT_OK;
}
AKT_CLASS(sink, struct sink, AKT_ON(akt_nng_bytes, on_bytes),
          AKT_ON(akt_nng_batch, on_batch), AKT_MAILBOX(2, AKT_AWAIT));
/* It has room for one message, and sends away what does not fit. */
AKT_CLASS(narrow, struct sink, AKT_ON(akt_nng_bytes, on_bytes),
          AKT_ON(akt_nng_batch, on_batch), AKT_MAILBOX(1, AKT_FAIL));

/* --- a pair of sockets --- */

struct pair {
    akt_ref sink;
    akt_nng push;
    akt_nng pull;
    uint32_t sent;
};

static akt_nng
open_batched(struct sim *sim, akt_nng_protocol protocol, akt_ref to, bool whole)
{
    akt_nng_opts opts = {.protocol = protocol,
                         .to = to,
                         .window = 2,
                         .batch_bytes = 1 + 5 * GATHERED,
                         .whole = whole,
                         .linger_ns = AKT_SECONDS(5)};

    return open_with(sim, &opts);
}

static void
begin_to(struct sim *sim, struct pair *p, akt_ref sink_ref, bool whole)
{
    memset(&seen, 0, sizeof(seen));
    watch_books(sim);
    p->sent = 0;
    p->sink = sink_ref;
    p->pull = open_batched(sim, AKT_NNG_PULL, p->sink, whole);
    p->push = open_batched(sim, AKT_NNG_PUSH, AKT_REF_NONE, false);
    assert_ok(try_dial(sim, p->push, URL, false));
}

static void
begin(struct sim *sim, struct pair *p, bool whole)
{
    akt_ref ref = AKT_REF_NONE;

    assert_ok(akt_spawn(sim->me, sink, &ref));
    begin_to(sim, p, ref, whole);
}

static void
say(struct sim *sim, struct pair *p, uint32_t n)
{
    for (; n > 0; n--) {
        uint32_t number = ++p->sent;

        assert_ok(akt_send_within(sim->me, LONG, p->push.ref, akt_nng_bytes,
                                  .data = {&number, sizeof(number)}));
    }
}

/* So many messages in one batch. */
static void
say_packed(struct sim *sim, struct pair *p, uint32_t n)
{
    akt_nng_packer packer = {0};

    for (; n > 0; n--) {
        uint32_t number = ++p->sent;

        assert_ok(akt_nng_pack(&packer, (akt_bytes){&number, sizeof(number)}));
    }
    assert_ok(akt_nng_packer_send_within(sim->me, LONG, &packer, p->push.ref));
    assert_int_equal(packer.count, 0);
    akt_nng_packer_fini(&packer);
}

/* EACH messages, of which some gather between batches that are packed. */
static void
say_both(struct sim *sim, struct pair *p)
{
    while (p->sent < EACH) {
        say_packed(sim, p, PACKED);
        say(sim, p, 3);
    }
    assert_int_equal(p->sent, EACH);
}

static void
say_batches(struct sim *sim, struct pair *p)
{
    while (p->sent < EACH) {
        say_packed(sim, p, PACKED);
    }
}

/* --- order, and ends that differ --- */

static void
both_arrive_in_order(struct sim *sim, bool whole)
{
    struct pair p;

    begin(sim, &p, whole);
    /* They wait and gather while nobody is there. */
    say_both(sim, &p);
    assert_ok(try_listen(sim, p.pull, URL));
    settle(sim);
    assert_int_equal(seen.all, EACH);
    assert_int_equal(stats_of(sim, p.push).sent, EACH);
    assert_int_equal(stats_of(sim, p.pull).received, EACH);
    assert_int_equal(stats_of(sim, p.pull).dropped, 0);
    assert_int_equal(seen.batches > 0, whole);
}

static void
batches_arrive_one_by_one_where_they_are_taken_apart(struct sim *sim)
{
    both_arrive_in_order(sim, false);
}

static void
batches_arrive_whole_where_that_is_wanted(struct sim *sim)
{
    both_arrive_in_order(sim, true);
}

/* What was packed together arrives together. */
static void
a_batch_is_one_packet_and_one_message(struct sim *sim)
{
    struct pair p;

    begin(sim, &p, true);
    listen_for_all(sim, p.pull);
    say_batches(sim, &p);
    settle(sim);
    assert_int_equal(seen.all, EACH);
    assert_int_equal(seen.batches, EACH / PACKED);
    assert_int_equal(akt_sim_net_stats(sim->system).arrived, EACH / PACKED);
}

/* Whoever gets it whole may send it on as it is. */
static void
whole_batch_goes_on_as_it_came(struct sim *sim)
{
    static const char two[] = "\x82\x44\x01\0\0\0\x44\x02\0\0";
    struct pair p;

    begin(sim, &p, true);
    listen_for_all(sim, p.pull);
    assert_ok(akt_send(sim->me, p.push.ref, akt_nng_batch,
                       .data = {two, sizeof(two)}));
    /* One without messages is none. */
    assert_ok(
        akt_send(sim->me, p.push.ref, akt_nng_batch, .data = {"\x80", 1}));
    settle(sim);
    assert_int_equal(seen.all, 2);
    assert_int_equal(stats_of(sim, p.push).sent, 2);
    assert_int_equal(akt_sim_net_stats(sim->system).arrived, 1);
}

/* --- each message has one fate --- */

static void
each_is_received_once_or_lost(struct sim *sim)
{
    akt_sim_net_counters c;
    struct pair p;

    begin(sim, &p, true);
    make_trouble(sim);
    assert_ok(try_listen(sim, p.pull, URL));
    say_both(sim, &p);
    settle(sim);
    c = akt_sim_net_stats(sim->system);
    assert_int_equal(stats_of(sim, p.push).sent, EACH);
    assert_int_equal(stats_of(sim, p.pull).received, seen.all);
    assert_true(seen.all <= EACH);
    assert_true(c.lost > 0 ? seen.all < EACH : seen.all == EACH);
}

static uint64_t dropped;

static void
full_owner_drops_whole_batches(struct sim *sim)
{
    akt_nng_counters c;
    struct pair p;
    akt_ref ref = AKT_REF_NONE;

    assert_ok(akt_spawn(sim->me, narrow, &ref));
    begin_to(sim, &p, ref, true);
    listen_for_all(sim, p.pull);
    say_batches(sim, &p);
    settle(sim);
    c = stats_of(sim, p.pull);
    assert_int_equal(c.received, EACH);
    assert_int_equal(seen.all + c.dropped, EACH);
    assert_int_equal(c.dropped % PACKED, 0);
    dropped += c.dropped;
}

static bool
some_have_come(akt_system *system, void *arg)
{
    (void)system;
    (void)arg;
    return seen.batches >= 2;
}

/* In its mailbox, in the hands of the side that brings it, and all that follows. */
static void
owner_that_dies_leaves_none_uncounted(struct sim *sim)
{
    akt_nng_counters c;
    akt_counters all;
    struct pair p;

    begin(sim, &p, true);
    listen_for_all(sim, p.pull);
    say_batches(sim, &p);
    assert_true(
        akt_sim_run_until(sim->system, some_have_come, NULL, AKT_NEVER));
    assert_ok(akt_kill(sim->me, p.sink));
    settle(sim);
    c = stats_of(sim, p.pull);
    all = sim_counters(sim);
    assert_int_equal(c.received, EACH);
    assert_int_equal(seen.all + c.dropped + PACKED * (all.dead + all.returned),
                     EACH);
}

static uint64_t rests;

/* A batch waits for the owner's room, and goes with the socket. */
static void
socket_that_dies_drops_what_it_has_in_hand(struct sim *sim)
{
    akt_nng_counters c;
    struct pair p;

    begin(sim, &p, true);
    listen_for_all(sim, p.pull);
    say_batches(sim, &p);
    assert_true(
        akt_sim_run_until(sim->system, some_have_come, NULL, AKT_NEVER));
    assert_ok(akt_kill(sim->me, p.pull.ref));
    settle(sim);
    c = stats_of(sim, p.pull);
    assert_true(seen.all + c.dropped <= c.received);
    assert_true(c.received <= EACH);
    assert_int_equal(c.dropped % PACKED, 0);
    rests += c.dropped;
}

/* Each that was accepted has left, or is lost: in a batch, a queue, or in hand. */
static void
what_cannot_leave_is_lost(struct sim *sim)
{
    akt_nng_counters c;
    struct pair p;

    begin(sim, &p, true);
    say_batches(sim, &p);
    assert_ok(akt_drain(sim->me, p.push.ref));
    settle(sim);
    c = stats_of(sim, p.push);
    assert_int_equal(c.sent, 0);
    assert_true(c.lost > 0);
    assert_int_equal(c.lost + PACKED * sim_counters(sim).dead, EACH);
}

static void
close_lets_all_leave(struct sim *sim)
{
    struct pair p;

    begin(sim, &p, true);
    listen_for_all(sim, p.pull);
    say_both(sim, &p);
    akt_nng_close(sim->me, p.push);
    settle(sim);
    assert_int_equal(seen.all, EACH);
}

/* Without memory a batch is refused, dropped, or not accepted in the first place. */
static void
memory_that_runs_out_hides_nothing(struct sim *sim)
{
    akt_nng_packer packer = {0};
    uint32_t accepted = 0;
    struct pair p;
    uint32_t n;

    begin(sim, &p, true);
    listen_for_all(sim, p.pull);
    assert_ok(akt_sim_fault_chance(sim->system, AKT_FAULT_ALLOC, 300000));
    for (n = 1; n <= EACH; n++) {
        uint32_t before;

        assert_ok(akt_nng_pack(&packer, (akt_bytes){&n, sizeof(n)}));
        before = (uint32_t)packer.count;
        /* What could not be sent goes with the next ones. */
        if (akt_nng_packer_send_within(sim->me, LONG, &packer, p.push.ref)
            == AKT_OK) {
            accepted += before;
        } else {
            assert_int_equal(packer.count, before);
        }
        (void)akt_sim_run_until_idle(sim->system);
    }
    settle(sim);
    assert_int_equal(packer.count + accepted, EACH);
    assert_int_equal(seen.all + stats_of(sim, p.push).refused
                         + stats_of(sim, p.pull).dropped,
                     accepted);
    akt_nng_packer_fini(&packer);
}

/* They are large: who sends waits for room long before there are a thousand. */
static void
few_batches_wait_in_a_socket_that_is_whole(struct sim *sim)
{
    struct pair p;
    uint32_t n;

    begin(sim, &p, true);
    akt_nng_close(sim->me, p.push);
    settle(sim);
    p.push = open_batched(sim, AKT_NNG_PUSH, AKT_REF_NONE, true);
    for (n = 0; n < 1 + AKT_NNG_WHOLE; n++) {
        struct akt_nng_batch one = {.data = {"\x81\x40", 2}};

        /* Nobody has run, so they are all there. */
        assert_err(
            akt_send(sim->me, p.push.ref, akt_nng_batch, .data = one.data),
            n < AKT_NNG_WHOLE ? AKT_OK : AKT_EFULL);
    }
}

/* --- what is refused --- */

static void
what_is_no_batch_is_refused_before_it_leaves(struct sim *sim)
{
    struct pair p;

    begin(sim, &p, true);
    listen_for_all(sim, p.pull);
    assert_ok(akt_send(sim->me, p.push.ref, akt_nng_batch));
    assert_ok(akt_send(sim->me, p.push.ref, akt_nng_batch,
                       .data = {"\x82\x41y", 3})); /* says that it is two */
    assert_ok(akt_send(sim->me, p.push.ref, akt_nng_batch,
                       .data = {"\x80\x41y", 3})); /* something behind it */
    say_packed(sim, &p, PACKED);
    settle(sim);
    assert_int_equal(seen.all, PACKED);
    assert_int_equal(stats_of(sim, p.push).refused, 4);
    assert_int_equal(stats_of(sim, p.push).sent, PACKED);
    assert_int_equal(stats_of(sim, p.pull).received, PACKED);
}

/* Its peer would take a batch for a message. */
static void
socket_without_batches_refuses_them(struct sim *sim)
{
    struct pair p;
    akt_nng receives;

    begin(sim, &p, true);
    receives = p.pull;
    p.push = open_with(sim, &(akt_nng_opts){.protocol = AKT_NNG_PUSH});
    assert_ok(try_listen(sim, receives, URL));
    assert_ok(try_dial(sim, p.push, URL, false));
    say_packed(sim, &p, PACKED);
    p.sent = 0;
    p.push = receives; /* which does not send at all */
    say_packed(sim, &p, PACKED);
    settle(sim);
    assert_int_equal(seen.all, 0);
    assert_int_equal(stats_of(sim, receives).refused, PACKED);
    assert_int_equal(stats_of(sim, receives).received, 0);
}

/* A stranger sends what it likes: each batch that is none is refused as a whole. */
static void
whole_batches_of_strangers_are_looked_at(struct sim *sim)
{
    static const struct {
        const char *bytes;
        size_t len;
        unsigned counts;
    } inputs[] = {{"garbage", 7, 1},
                  {"\x82\x44\x63\0\0\0\x44", 7, 2},            /* cut off */
                  {"\x83\x44\x63\0\0\0\x44\x63\0\0\0", 11, 3}, /* count */
                  {"\x81\x44\x63\0\0\0\0", 7, 1},              /* behind it */
                  {"\x81\x81\x44\x63\0\0\0", 7, 1},            /* nested */
                  {"\x80", 1, 0}};
    struct pair p;
    uint64_t refused = 0;
    size_t i;

    begin(sim, &p, true);
    listen_for_all(sim, p.pull);
    p.push = open_with(sim, &(akt_nng_opts){.protocol = AKT_NNG_PUSH});
    assert_ok(try_dial(sim, p.push, URL, false));
    for (i = 0; i < sizeof(inputs) / sizeof(inputs[0]); i++) {
        assert_ok(akt_send(sim->me, p.push.ref, akt_nng_bytes,
                           .data = {inputs[i].bytes, inputs[i].len}));
        refused += inputs[i].counts;
    }
    assert_ok(
        akt_send(sim->me, p.push.ref, akt_nng_bytes,
                 .data = {"\x9f\x44\x01\0\0\0\x58\x04\x02\0\0\0\xff", 13}));
    settle(sim);
    assert_int_equal(seen.all, 2);
    assert_int_equal(seen.batches, 1);
    assert_int_equal(stats_of(sim, p.pull).refused, refused);
    assert_int_equal(stats_of(sim, p.pull).received, refused + 2);
}

TEST(batches_arrive_one_by_one_where_they_are_taken_apart)
TEST(batches_arrive_whole_where_that_is_wanted)
TEST(a_batch_is_one_packet_and_one_message)
TEST(whole_batch_goes_on_as_it_came)
TEST(each_is_received_once_or_lost)
TEST(owner_that_dies_leaves_none_uncounted)
TEST(what_cannot_leave_is_lost)
TEST(close_lets_all_leave)
TEST(memory_that_runs_out_hides_nothing)
TEST(few_batches_wait_in_a_socket_that_is_whole)
TEST(what_is_no_batch_is_refused_before_it_leaves)
TEST(socket_without_batches_refuses_them)
TEST(whole_batches_of_strangers_are_looked_at)

static void
test_full_owner_drops_whole_batches(void **state)
{
    (void)state;
    sim_each_seed(full_owner_drops_whole_batches);
    assert_true(dropped > 0);
}

static void
test_socket_that_dies_drops_what_it_has_in_hand(void **state)
{
    (void)state;
    sim_each_seed(socket_that_dies_drops_what_it_has_in_hand);
    assert_true(rests > 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_batches_arrive_one_by_one_where_they_are_taken_apart),
        sim_test(test_batches_arrive_whole_where_that_is_wanted),
        sim_test(test_a_batch_is_one_packet_and_one_message),
        sim_test(test_whole_batch_goes_on_as_it_came),
        sim_test(test_each_is_received_once_or_lost),
        sim_test(test_full_owner_drops_whole_batches),
        sim_test(test_owner_that_dies_leaves_none_uncounted),
        sim_test(test_socket_that_dies_drops_what_it_has_in_hand),
        sim_test(test_what_cannot_leave_is_lost),
        sim_test(test_close_lets_all_leave),
        sim_test(test_memory_that_runs_out_hides_nothing),
        sim_test(test_few_batches_wait_in_a_socket_that_is_whole),
        sim_test(test_what_is_no_batch_is_refused_before_it_leaves),
        sim_test(test_socket_without_batches_refuses_them),
        sim_test(test_whole_batches_of_strangers_are_looked_at),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
