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
    net_connect(net, "tcp", *pull, *push);
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
    net_connect(net, "tcp", *rep, *req);
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
    net_connect(&net, "tcp", rep, req);
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

/* --- surveys --- */

static akt_nng
dial_survey(struct net *net, akt_ref to, const akt_type *const *types)
{
    akt_nng_opts opts = {AKT_NNG_RESPONDENT, .to = to, .types = types};

    opts.dial = net->url;
    return net_open_with(net, &opts);
}

/* A shop, a probe that is one, and a stranger. */
static akt_nng
begin_survey(struct net *net)
{
    akt_nng surveyor = net_open(net, AKT_NNG_SURVEYOR, NULL);
    akt_ref ref;

    net_listen(net, surveyor, net_address(net, "tcp"));
    assert_ok(akt_spawn(net->me, shop, &ref));
    (void)dial_survey(net, ref, asked);
    (void)dial_survey(net, akt_probe_ref(net->a), asked);
    (void)dial_survey(net, akt_probe_ref(net->b), NULL);
    /* Dialed is not yet heard of at the other end. */
    while (net_stats(net, surveyor).peers < 3) {
    }
    return surveyor;
}

static void
test_survey_has_typed_question_and_answers(void **state)
{
    const struct akt_nng_answers *answers;
    const struct akt_nng_request *bytes;
    const struct price_of *typed;
    struct price price = {0};
    akt_answer *answer = NULL;
    int64_t sum = 0;
    uint32_t at = 0;
    akt_future f;
    struct net net;
    akt_nng surveyor;

    (void)state;
    net_begin(&net);
    surveyor = begin_survey(&net);
    assert_ok(akt_nng_ask_all(net.me, surveyor.ref, &f, AKT_SECONDS(600), 3,
                              price_of, .id = 3));
    typed = akt_expect_equal(net.a, NET_WITHIN, price_of, .id = 3);
    assert_non_null(typed);
    assert_ok(akt_probe_reply(net.a, typed, .cents = 5));
    bytes = akt_expect(net.b, NET_WITHIN, akt_nng_request);
    assert_non_null(bytes);
    assert_ok(akt_probe_reply(net.b, bytes, .data = {"garbage", 7}));
    assert_ok(akt_wait(net.me, f, &answer));
    answers = akt_answer_as(answer, akt_nng_answers);
    assert_non_null(answers);
    assert_int_equal(answers->count, 3);
    while (akt_nng_next_answer(answers, &at, price_of, &price)) {
        sum += price.cents;
    }
    assert_int_equal(sum, 305);
    assert_int_equal(at, 3);
    akt_answer_free(net.me, answer);
    /* A question that cannot leave. */
    assert_err(akt_nng_ask_all(net.me, surveyor.ref, &f, 0, 0, price_of,
                               .note = {"\xff", 1}),
               AKT_EINVAL);
    net_end(&net);
}

static void
test_answers_of_other_types_are_skipped(void **state)
{
    akt_bytes list[] = {AKT_BYTES("garbage"),
                        AKT_BYTES("\x82\x65price\xa1\x01\x05"),
                        AKT_BYTES("\x82\x65order\xa1\x01\x07"), AKT_BYTES(""),
                        AKT_BYTES("\x82\x65price\xa1\x01\x06")};
    struct akt_nng_answers answers = {5, list};
    struct akt_nng_answers none = {0, NULL};
    struct price price = {0};
    uint32_t at = 0;

    (void)state;
    assert_true(akt_nng_next_answer(&answers, &at, price_of, &price));
    assert_int_equal(price.cents, 5);
    assert_true(akt_nng_next_answer(&answers, &at, price_of, &price));
    assert_int_equal(price.cents, 6);
    assert_false(akt_nng_next_answer(&answers, &at, price_of, &price));
    at = 0;
    assert_false(akt_nng_next_answer(&none, &at, price_of, &price));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_typed_messages_arrive_as_they_were),
        cmocka_unit_test(test_what_is_not_of_the_form_is_refused),
        cmocka_unit_test(test_requests_are_answered_by_their_type),
        cmocka_unit_test(test_answer_of_wrong_type_fails),
        cmocka_unit_test(test_survey_has_typed_question_and_answers),
        cmocka_unit_test(test_answers_of_other_types_are_skipped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
