/* SPDX-License-Identifier: MIT */
/* Many small messages in one of nng's: sockets with batches at both ends. */
#include "akt/wire.h"
#include "tests/support/net.h"

#include <string.h>

#define COUNT 2000
/* Longer than any batch here. */
#define LONG_TEXT 5000
#define SMALL_BATCH 1024

#define NUMBER(F) F(u32, n)
AKT_MESSAGE(number, NUMBER);
AKT_MESSAGE(stranger, NUMBER);
AKT_WIRE_TYPES(taken, number);

static akt_nng
open_batched(struct net *net, akt_nng_protocol protocol, akt_ref to)
{
    akt_nng_opts opts = {
        .protocol = protocol, .to = to, .batch_bytes = SMALL_BATCH};

    return net_open_with(net, &opts);
}

/* --- in order, each by itself --- */

AKT_REQUEST(count_to, NUMBER, number);

struct counter {
    akt_promise_of(count_to) end;
    uint32_t wanted;
    uint32_t got;
};

static akt_err
on_count_to(akt_self *self, struct counter *c, const struct count_to *m)
{
    c->wanted = m->n;
    return akt_keep(self, m, &c->end);
}

/* The n-th message has n % 100 bytes behind its number; some are long. */
static size_t
length_of(uint32_t n)
{
    return sizeof(n) + (n % 500 == 250 ? LONG_TEXT : n % 100);
}

static akt_err
on_bytes(akt_self *self, struct counter *c, const struct akt_nng_bytes *m)
{
    uint32_t n;

    if (m->data.len < sizeof(n)) {
        return AKT_EFORMAT;
    }
    memcpy(&n, m->data.ptr, sizeof(n));
    if (n != c->got || m->data.len != length_of(n)) {
        return AKT_EFORMAT;
    }
    return ++c->got == c->wanted ? akt_promise_reply(self, &c->end, .n = c->got)
                                 : AKT_OK;
}
/* The mailbox is smaller than a batch. */
AKT_CLASS(counter, struct counter, AKT_MAILBOX(8, AKT_AWAIT),
          AKT_ON(count_to, on_count_to), AKT_ON(akt_nng_bytes, on_bytes));

static void
send_all(struct net *net, akt_nng s, uint32_t count)
{
    static char bytes[sizeof(uint32_t) + LONG_TEXT];
    uint32_t n;

    for (n = 0; n < count; n++) {
        memcpy(bytes, &n, sizeof(n));
        assert_ok(akt_send_within(net->me, NET_WITHIN, s.ref, akt_nng_bytes,
                                  .data = {bytes, length_of(n)}));
    }
}

static void
expect_all(struct net *net, akt_future f)
{
    akt_answer *answer = NULL;

    assert_ok(akt_wait(net->me, f, &answer));
    assert_non_null(akt_answer_as(answer, number));
    akt_answer_free(net->me, answer);
}

static void
arrive_in_order(const char *transport)
{
    struct net net;
    akt_nng push;
    akt_nng pull;
    akt_future f;
    akt_ref ref;

    net_begin(&net);
    assert_ok(akt_spawn(net.me, counter, &ref));
    pull = open_batched(&net, AKT_NNG_PULL, ref);
    push = open_batched(&net, AKT_NNG_PUSH, AKT_REF_NONE);
    assert_ok(
        akt_ask_within(net.me, NET_WITHIN, ref, &f, count_to, .n = COUNT));
    net_connect(&net, transport, pull, push);
    send_all(&net, push, COUNT);
    expect_all(&net, f);
    assert_int_equal(net_stats(&net, pull).received, COUNT);
    assert_int_equal(net_stats(&net, pull).dropped, 0);
    assert_int_equal(net_finish(&net, push).sent, COUNT);
    net_end(&net);
}

static void
test_messages_arrive_in_order_by_themselves(void **state)
{
    (void)state;
    arrive_in_order("tcp");
    arrive_in_order("inproc");
}

/* Nothing is connected yet; what is sent and then closed arrives all the same. */
static void
test_close_lets_the_last_batch_leave(void **state)
{
    struct net net;
    akt_nng push;
    akt_nng pull;
    akt_future f;
    akt_ref ref;

    (void)state;
    net_begin(&net);
    assert_ok(akt_spawn(net.me, counter, &ref));
    pull = open_batched(&net, AKT_NNG_PULL, ref);
    push = open_batched(&net, AKT_NNG_PUSH, AKT_REF_NONE);
    assert_ok(akt_ask_within(net.me, NET_WITHIN, ref, &f, count_to, .n = 100));
    net_connect(&net, "tcp", pull, push);
    send_all(&net, push, 100);
    akt_nng_close(net.me, push);
    expect_all(&net, f);
    net_end(&net);
}

/* --- filled by the sender, or taken whole by the receiver --- */

static akt_err
see(akt_self *self, struct counter *c, akt_bytes bytes)
{
    const struct akt_nng_bytes m = {.data = bytes};

    return on_bytes(self, c, &m);
}

static akt_err
on_batch(akt_self *self, struct counter *c, const struct akt_nng_batch *m)
{
    uint32_t got = c->got;
    akt_bytes bytes;
    size_t at = 0;

    while (akt_nng_unpack(m, &at, &bytes)) {
        AKT_TRY(see(self, c, bytes));
    }
    return c->got - got == m->count ? AKT_OK : AKT_EFORMAT;
}
AKT_CLASS(whole_counter, struct counter, AKT_MAILBOX(2, AKT_AWAIT),
          AKT_ON(count_to, on_count_to), AKT_ON(akt_nng_batch, on_batch));

/* Packed, and here and there by themselves. */
static void
pack_all(struct net *net, akt_nng s, uint32_t count)
{
    static char bytes[sizeof(uint32_t) + LONG_TEXT];
    akt_nng_packer packer = {.limit = SMALL_BATCH};
    uint32_t n;

    for (n = 0; n < count; n++) {
        akt_bytes message = {bytes, length_of(n)};
        akt_err err;

        memcpy(bytes, &n, sizeof(n));
        if (n % 300 == 299) {
            assert_ok(akt_nng_packer_send_within(net->me, NET_WITHIN, &packer,
                                                 s.ref));
            assert_ok(akt_send_within(net->me, NET_WITHIN, s.ref, akt_nng_bytes,
                                      .data = message));
            continue;
        }
        err = akt_nng_pack(&packer, message);
        if (err == AKT_EFULL) {
            assert_ok(akt_nng_packer_send_within(net->me, NET_WITHIN, &packer,
                                                 s.ref));
            err = akt_nng_pack(&packer, message);
        }
        assert_ok(err);
    }
    assert_ok(akt_nng_packer_send_within(net->me, NET_WITHIN, &packer, s.ref));
    akt_nng_packer_fini(&packer);
}

static void
ends_that_differ(const char *transport, bool packs, bool whole)
{
    akt_nng_opts opts = {
        .protocol = AKT_NNG_PULL, .batch_bytes = SMALL_BATCH, .whole = whole};
    struct net net;
    akt_nng push;
    akt_nng pull;
    akt_future f;

    net_begin(&net);
    assert_ok(whole ? akt_spawn(net.me, whole_counter, &opts.to)
                    : akt_spawn(net.me, counter, &opts.to));
    pull = net_open_with(&net, &opts);
    push = open_batched(&net, AKT_NNG_PUSH, AKT_REF_NONE);
    assert_ok(
        akt_ask_within(net.me, NET_WITHIN, opts.to, &f, count_to, .n = COUNT));
    net_connect(&net, transport, pull, push);
    if (packs) {
        pack_all(&net, push, COUNT);
    } else {
        send_all(&net, push, COUNT);
    }
    expect_all(&net, f);
    assert_int_equal(net_stats(&net, pull).received, COUNT);
    assert_int_equal(net_stats(&net, pull).dropped, 0);
    assert_int_equal(net_finish(&net, push).sent, COUNT);
    net_end(&net);
}

static void
test_either_end_may_do_without(void **state)
{
    static const char *const transports[] = {"inproc", "ipc", "tcp"};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(transports) / sizeof(transports[0]); i++) {
        ends_that_differ(transports[i], true, true);
        ends_that_differ(transports[i], true, false);
        ends_that_differ(transports[i], false, true);
    }
}

/* One end with types; nobody is there yet. */
static void
begin_typed(struct net *net, akt_nng *pull, akt_nng *push)
{
    akt_nng_opts opts = {
        .protocol = AKT_NNG_PULL, .types = taken, .batch_bytes = AKT_NNG_BATCH};

    net_begin(net);
    opts.to = akt_probe_ref(net->a);
    *pull = net_open_with(net, &opts);
    *push = open_batched(net, AKT_NNG_PUSH, AKT_REF_NONE);
}

/* Of four that were sent the first and the last are of a type that is taken. */
static void
end_typed(struct net *net, akt_nng pull, akt_nng push)
{
    net_connect(net, "tcp", pull, push);
    assert_non_null(akt_expect_equal(net->a, NET_WITHIN, number, .n = 1));
    assert_non_null(akt_expect_equal(net->a, NET_WITHIN, number, .n = 3));
    assert_int_equal(net_stats(net, pull).refused, 2);
    assert_int_equal(net_stats(net, pull).received, 4);
    net_end(net);
}

static void
test_packed_messages_have_their_types(void **state)
{
    akt_nng_packer packer = {0};
    struct net net;
    akt_nng push;
    akt_nng pull;

    (void)state;
    begin_typed(&net, &pull, &push);
    assert_ok(akt_nng_pack_message(&packer, &net.error, number, .n = 1));
    assert_ok(akt_nng_pack_message(&packer, &net.error, stranger, .n = 2));
    assert_ok(akt_nng_pack(&packer, AKT_BYTES("garbage")));
    assert_ok(akt_nng_pack_message(&packer, &net.error, number, .n = 3));
    assert_ok(akt_nng_packer_send(net.me, &packer, push.ref));
    akt_nng_packer_fini(&packer);
    end_typed(&net, pull, push);
}

/* --- what batches may hold --- */

static void
test_typed_messages_travel_in_batches(void **state)
{
    struct net net;
    akt_nng push;
    akt_nng pull;

    (void)state;
    begin_typed(&net, &pull, &push);
    assert_ok(akt_send(net.me, push.ref, number, .n = 1));
    assert_ok(akt_send(net.me, push.ref, stranger, .n = 2));
    net_send(&net, push, "garbage");
    assert_ok(akt_send(net.me, push.ref, number, .n = 3));
    end_typed(&net, pull, push);
}

static void
test_each_protocol_that_only_sends_has_batches(void **state)
{
    static const akt_nng_protocol pairs[][2] = {{AKT_NNG_PAIR, AKT_NNG_PAIR},
                                                {AKT_NNG_PAIR0, AKT_NNG_PAIR0},
                                                {AKT_NNG_BUS, AKT_NNG_BUS},
                                                {AKT_NNG_SUB, AKT_NNG_PUB}};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        akt_nng_opts opts = {.protocol = pairs[i][1],
                             .peers = true,
                             .batch_bytes = AKT_NNG_BATCH};
        struct net net;
        akt_nng in;
        akt_nng out;

        net_begin(&net);
        opts.to = akt_probe_ref(net.b);
        in = open_batched(&net, pairs[i][0], akt_probe_ref(net.a));
        out = net_open_with(&net, &opts);
        net_connect(&net, "inproc", in, out);
        assert_non_null(akt_expect(net.b, NET_WITHIN, akt_nng_peer_up));
        net_send(&net, out, "one");
        net_send(&net, out, "");
        net_send(&net, out, "three");
        net_expect(net.a, "one");
        net_expect(net.a, "");
        net_expect(net.a, "three");
        net_end(&net);
    }
}

/* --- strangers --- */

/* Literals may have NULs in them. */
static void
send_raw(struct net *net, akt_nng s, const char *bytes, size_t length)
{
    assert_ok(akt_send_within(net->me, NET_WITHIN, s.ref, akt_nng_bytes,
                              .data = {bytes, length}));
}
#define SEND_RAW(net, s, literal)                                              \
    send_raw((net), (s), (literal), sizeof(literal) - 1)

/* All of such a batch is refused, and the next one arrives. */
static void
refuse_what_is_no_batch(bool whole)
{
    akt_nng_opts opts = {
        .protocol = AKT_NNG_PULL, .batch_bytes = SMALL_BATCH, .whole = whole};
    akt_nng_counters c;
    struct net net;
    akt_nng push;
    akt_nng pull;

    net_begin(&net);
    opts.to = akt_probe_ref(net.a);
    pull = net_open_with(&net, &opts);
    push = net_open(&net, AKT_NNG_PUSH, NULL);
    net_connect(&net, "tcp", pull, push);
    SEND_RAW(&net, push, "");
    SEND_RAW(&net, push, "garbage");
    SEND_RAW(&net, push, "\x82\x41y\x42n"); /* cut off */
    SEND_RAW(&net, push, "\x81\x41n\x00");  /* something behind it */
    SEND_RAW(&net, push, "\x9b\xff\xff\xff\xff\xff\xff\xff\xff");
    SEND_RAW(&net, push, "\x81\x5b\xff\xff\xff\xff\xff\xff\xff\xff");
    SEND_RAW(&net, push, "\x80"); /* nothing, and nothing wrong */
    SEND_RAW(&net, push, "\x9f\x43yes\x58\x02no\xff");
    if (whole) {
        assert_non_null(
            akt_expect_equal(net.a, NET_WITHIN, akt_nng_batch, .count = 2,
                             .data = AKT_BYTES("\x9f\x43yes\x58\x02no\xff")));
    } else {
        net_expect(net.a, "yes");
        net_expect(net.a, "no");
    }
    c = net_stats(&net, pull);
    /* The one that is cut off says that it is two. */
    assert_int_equal(c.refused, 7);
    assert_int_equal(c.received, 9);
    net_end(&net);
}

static void
test_what_is_no_batch_is_refused(void **state)
{
    (void)state;
    refuse_what_is_no_batch(false);
    refuse_what_is_no_batch(true);
}

/* --- options --- */

static void
test_options_that_do_not_go_together_are_refused(void **state)
{
    static const akt_nng_protocol asks[] = {
        AKT_NNG_REQ, AKT_NNG_REP, AKT_NNG_SURVEYOR, AKT_NNG_RESPONDENT};
    static const char *const topics[] = {"a", NULL};
    akt_nng_opts opts = {.batch_bytes = AKT_NNG_BATCH};
    akt_answer *answer = NULL;
    struct net net;
    akt_nng sub;
    akt_future f;
    size_t i;

    (void)state;
    net_begin(&net);
    opts.to = akt_probe_ref(net.a);
    for (i = 0; i < sizeof(asks) / sizeof(asks[0]); i++) {
        opts.protocol = asks[i];
        assert_err(akt_nng_open(net.me, &opts, &sub, &net.error), AKT_EINVAL);
        assert_non_null(strstr(net.error.text, "batches"));
    }
    opts.protocol = AKT_NNG_SUB;
    opts.topics = topics;
    assert_err(akt_nng_open(net.me, &opts, &sub, &net.error), AKT_EINVAL);
    opts.topics = NULL;
    opts.batch_bytes = ((size_t)256 << 20) + 1;
    assert_err(akt_nng_open(net.me, &opts, &sub, &net.error), AKT_EINVAL);
    opts.batch_bytes = 0;
    opts.whole = true;
    assert_err(akt_nng_open(net.me, &opts, &sub, &net.error), AKT_EINVAL);
    assert_non_null(strstr(net.error.text, "batch_bytes"));
    opts.batch_bytes = 1;
    opts.types = taken;
    assert_err(akt_nng_open(net.me, &opts, &sub, &net.error), AKT_EINVAL);
    assert_non_null(strstr(net.error.text, "types"));
    opts.types = NULL;
    sub = net_open_with(&net, &opts);
    assert_ok(akt_ask_within(net.me, NET_WITHIN, sub.ref, &f, akt_nng_subscribe,
                             .topic = AKT_BYTES("a")));
    assert_ok(akt_wait(net.me, f, &answer));
    assert_int_equal(answer->error, AKT_EUNHANDLED);
    akt_answer_free(net.me, answer);
    net_end(&net);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages_arrive_in_order_by_themselves),
        cmocka_unit_test(test_close_lets_the_last_batch_leave),
        cmocka_unit_test(test_either_end_may_do_without),
        cmocka_unit_test(test_packed_messages_have_their_types),
        cmocka_unit_test(test_typed_messages_travel_in_batches),
        cmocka_unit_test(test_each_protocol_that_only_sends_has_batches),
        cmocka_unit_test(test_what_is_no_batch_is_refused),
        cmocka_unit_test(test_options_that_do_not_go_together_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
