/* SPDX-License-Identifier: MIT */
/* Typed messages over sockets, and strangers' bytes where they are expected. */
#include "akt/wire.h"
#include "tests/support/net.h"

#include <string.h>

#define ORDER(F) F(u32, id) F(text, note)
#define PRICE(F) F(i64, cents)
AKT_MESSAGE(order, ORDER);
AKT_MESSAGE(price, PRICE);
AKT_MESSAGE(other, PRICE);
AKT_REQUEST(price_of, ORDER, price);
AKT_REQUEST(wrong_of, ORDER, order);
AKT_WIRE_TYPES(taken, order, price);
AKT_WIRE_TYPES(asked, price_of, wrong_of);

struct shop {
    int64_t asked;
};

static akt_err
on_price_of(akt_self *self, struct shop *s, const struct price_of *m)
{
    s->asked++;
    return akt_reply(self, m, .cents = 100 * (int64_t)m->id);
}
AKT_CLASS(shop, struct shop, AKT_ON(price_of, on_price_of));

static void
begin(struct net *net, akt_nng *push, akt_nng *pull)
{
    akt_nng_opts opts = {.protocol = AKT_NNG_PULL, .types = taken};

    net_begin(net);
    opts.to = akt_probe_ref(net->a);
    *pull = net_open_with(net, &opts);
    *push = net_open(net, AKT_NNG_PUSH, NULL);
    net_listen(net, *pull, net_address(net, "tcp"));
    net_dial(net, *push);
}

static void
test_typed_messages_arrive_as_they_were(void **state)
{
    struct net net;
    akt_nng push;
    akt_nng pull;
    const struct order *m;

    (void)state;
    begin(&net, &push, &pull);
    assert_ok(akt_send(net.me, push.ref, order, .id = 7,
                       .note = AKT_TEXT("two of them")));
    m = akt_expect(net.a, NET_WITHIN, order);
    assert_non_null(m);
    assert_int_equal(m->id, 7);
    assert_true(akt_text_equal(m->note, AKT_TEXT("two of them")));
    net_end(&net);
}

/* Refused and counted, at either end; then the next one arrives. */
static void
test_what_is_not_of_the_form_is_refused(void **state)
{
    struct net net;
    akt_nng push;
    akt_nng pull;

    (void)state;
    begin(&net, &push, &pull);
    net_send(&net, push, "");
    net_send(&net, push, "garbage");
    /* The text of this order is no UTF-8. */
    net_send(&net, push, "\x82\x65order\xa2\x01\x07\x02\x62\xff\xff");
    /* Something behind a message. */
    net_send(&net, push, "\x82\x65price\xa1\x01\x07\x01");
    assert_ok(akt_send(net.me, push.ref, other, .cents = 1));
    assert_ok(akt_send(net.me, push.ref, order, .note = {"\xff", 1}));
    assert_ok(akt_send(net.me, push.ref, price, .cents = 5));
    assert_non_null(akt_expect_equal(net.a, NET_WITHIN, price, .cents = 5));
    assert_int_equal(net_stats(&net, pull).refused, 5);
    assert_int_equal(net_stats(&net, push).refused, 1);
    net_end(&net);
}

static void
begin_shop(struct net *net, akt_nng *req, akt_nng *rep)
{
    akt_nng_opts opts = {.protocol = AKT_NNG_REP, .types = asked};
    akt_ref ref;

    net_begin(net);
    assert_ok(akt_spawn(net->me, shop, &ref));
    opts.to = ref;
    *rep = net_open_with(net, &opts);
    *req = net_open(net, AKT_NNG_REQ, NULL);
    net_listen(net, *rep, net_address(net, "tcp"));
    net_dial(net, *req);
}

static void
test_requests_are_answered_by_their_type(void **state)
{
    akt_answer *answer = NULL;
    akt_future f;
    struct net net;
    akt_nng req;
    akt_nng rep;

    (void)state;
    begin_shop(&net, &req, &rep);
    assert_ok(akt_ask(net.me, req.ref, &f, price_of, .id = 3));
    assert_ok(akt_wait(net.me, f, &answer));
    assert_non_null(akt_answer_as(answer, price));
    assert_int_equal(akt_answer_as(answer, price)->cents, 300);
    akt_answer_free(net.me, answer);
    /* A message that cannot leave. */
    assert_ok(akt_ask(net.me, req.ref, &f, price_of, .note = {"\xff", 1}));
    assert_ok(akt_wait(net.me, f, &answer));
    assert_int_equal(answer->outcome, AKT_FAILED);
    assert_int_equal(answer->error, AKT_EINVAL);
    akt_answer_free(net.me, answer);
    net_end(&net);
}

/* The answer is of another type than was asked for: an error that says so. */
static void
test_answer_of_wrong_type_fails(void **state)
{
    akt_nng_opts opts = {.protocol = AKT_NNG_REP};
    const struct akt_nng_request *m;
    akt_answer *answer = NULL;
    akt_future f;
    struct net net;
    akt_nng req;
    akt_nng rep;

    (void)state;
    net_begin(&net);
    opts.to = akt_probe_ref(net.a);
    rep = net_open_with(&net, &opts);
    req = net_open(&net, AKT_NNG_REQ, NULL);
    net_listen(&net, rep, net_address(&net, "tcp"));
    net_dial(&net, req);
    assert_ok(
        akt_ask_within(net.me, NET_WITHIN, req.ref, &f, price_of, .id = 3));
    m = akt_expect(net.a, NET_WITHIN, akt_nng_request);
    assert_non_null(m);
    assert_ok(akt_probe_reply(net.a, m, .data = {"garbage", 7}));
    assert_ok(akt_wait(net.me, f, &answer));
    assert_int_equal(answer->outcome, AKT_FAILED);
    assert_true(answer->text.len > 0);
    akt_answer_free(net.me, answer);
    assert_int_equal(net_stats(&net, req).refused, 1);
    net_end(&net);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_typed_messages_arrive_as_they_were),
        cmocka_unit_test(test_what_is_not_of_the_form_is_refused),
        cmocka_unit_test(test_requests_are_answered_by_their_type),
        cmocka_unit_test(test_answer_of_wrong_type_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
