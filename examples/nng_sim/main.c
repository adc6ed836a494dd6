/* SPDX-License-Identifier: MIT */
/*
 * A gateway that takes payments and has them booked by a till, over a network. When
 * no answer comes it asks again: the request may have been lost. But it may also
 * have been the answer, and then the payment is booked twice. On a good network
 * nobody sees that; in the simulation one message in twenty cuts its connection,
 * and the mistake is found, made short, and can be repeated by one command.
 *
 *     nng_sim explore           the till books all that it is asked to
 *     nng_sim mended            the same, where it knows what it has booked already
 */
#include <akt/akt.h>
#include <akt/nng.h>
#include <akt/sim_net.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define URL AKT_TEXT("tcp://till:5555")
#define PAYMENTS 3
#define CENTS 5

#define AMOUNT(F) F(i64, cents)
AKT_MESSAGE(booked, AMOUNT);
AKT_REQUEST(pay, AMOUNT, booked);      /* what a customer wants */
AKT_SIGNAL_REQUEST(count_all, booked); /* how much is in the till? */

/* What travels. */
struct order {
    int64_t number;
    int64_t cents;
};

/* --- the till --- */

struct till {
    bool mended;
    int64_t cents;
    int64_t last; /* the order that was booked last */
};

static akt_err
on_order(akt_self *self, struct till *t, const struct akt_nng_request *m)
{
    struct order order;
    if (m->data.len != sizeof(order)) {
        return akt_reply_error(self, AKT_EINVAL, "this is no order");
    }
    memcpy(&order, m->data.ptr, sizeof(order));
    /* The mistake is to book without this look. */
    if (!t->mended || order.number > t->last) {
        t->cents += order.cents;
        t->last = order.number;
    }
    return akt_reply(self, m, .data = m->data);
}

static akt_err
on_count_all(akt_self *self, struct till *t, const struct count_all *m)
{
    return akt_reply(self, m, .cents = t->cents);
}

AKT_CLASS(till, struct till, AKT_ON(akt_nng_request, on_order),
          AKT_ON(count_all, on_count_all));

/* --- the gateway, which serves one customer at a time --- */

struct gateway {
    akt_ref socket;
    struct order order;
    akt_promise_of(pay) customer;
};

static akt_err ask_till(akt_self *self, struct gateway *g);

static akt_err
on_answer(akt_self *self, struct gateway *g, const akt_answer *answer,
          const struct akt_nng_bytes *reply)
{
    (void)answer;
    if (reply == NULL) {
        return ask_till(self, g); /* it was lost on its way, or the answer */
    }
    return akt_promise_reply(self, &g->customer, .cents = g->order.cents);
}
AKT_THEN(on_answer, struct gateway, akt_nng_request);

static akt_err
ask_till(akt_self *self, struct gateway *g)
{
    akt_future f;
    AKT_TRY(akt_ask_within(self, AKT_MS(100), g->socket, &f, akt_nng_request,
                           .data = {&g->order, sizeof(g->order)}));
    return akt_then(self, f, on_answer, NULL);
}

static akt_err
on_pay(akt_self *self, struct gateway *g, const struct pay *m)
{
    AKT_TRY(akt_keep(self, m, &g->customer));
    g->order.number++;
    g->order.cents = m->cents;
    return ask_till(self, g);
}

AKT_CLASS(gateway, struct gateway, AKT_ON(pay, on_pay));

/* --- a day in the shop --- */

struct shop {
    akt_ref till;
    akt_ref gateway;
};

static akt_err
open_shop(akt_self *me, bool mended, struct shop *shop)
{
    akt_nng_opts rep = {.protocol = AKT_NNG_REP};
    akt_nng_opts req = {.protocol = AKT_NNG_REQ};
    akt_nng listens;
    akt_nng dials;
    AKT_TRY(akt_spawn(me, till, &shop->till, .mended = mended));
    rep.to = shop->till;
    AKT_TRY(akt_nng_open(me, &rep, &listens, NULL));
    AKT_TRY(akt_nng_open(me, &req, &dials, NULL));
    AKT_TRY(akt_send(me, listens.ref, akt_nng_listen, .url = URL));
    AKT_TRY(akt_send(me, dials.ref, akt_nng_dial, .url = URL));
    return akt_spawn(me, gateway, &shop->gateway, .socket = dials.ref);
}

static akt_err
wait_for(akt_self *me, akt_future f, int64_t *out_cents)
{
    akt_answer *answer;
    AKT_TRY(akt_wait(me, f, &answer));
    const struct booked *b = akt_answer_as(answer, booked);
    akt_err err = b != NULL ? AKT_OK : AKT_EBROKEN;
    *out_cents = b != NULL ? b->cents : 0;
    akt_answer_free(me, answer);
    return err;
}

static akt_err
spend_day(akt_system *system, akt_self *me, void *mended)
{
    struct shop shop;
    akt_future f;
    int64_t cents;
    AKT_TRY(open_shop(me, *(bool *)mended, &shop));
    for (int i = 0; i < PAYMENTS; i++) {
        AKT_TRY(akt_ask_within(me, AKT_SECONDS(600), shop.gateway, &f, pay,
                               .cents = CENTS));
        AKT_TRY(wait_for(me, f, &cents));
    }
    AKT_TRY(akt_ask(me, shop.till, &f, count_all));
    AKT_TRY(wait_for(me, f, &cents));
    if (cents != (int64_t)PAYMENTS * CENTS) {
        akt_sim_fail(system, "a payment was booked twice");
    }
    return AKT_OK;
}

static akt_err
explore(bool mended)
{
    akt_explore_opts opts = AKT_EXPLORE_OPTS_INIT;
    akt_explore_result result;
    opts.name = "till";
    opts.seeds = 2000;
    opts.faults[AKT_FAULT_CUT] = AKT_SIM_ALWAYS / 20;
    opts.faults[AKT_FAULT_DIAL] = AKT_SIM_ALWAYS / 10;
    AKT_TRY(akt_explore(&opts, spend_day, &mended, &result));
    printf("simulated: %" PRIu64 " days with %" PRIu64 " cuts, all was booked "
           "once\n",
           result.runs, result.fired[AKT_FAULT_CUT]);
    return AKT_OK;
}

int
main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    akt_err err;
    if (strcmp(what, "explore") != 0 && strcmp(what, "mended") != 0) {
        fprintf(stderr, "usage: nng_sim explore | mended\n");
        return 2;
    }
    err = explore(strcmp(what, "mended") == 0);
    if (err != AKT_OK) {
        fprintf(stderr, "nng_sim: %s\n", akt_err_text(err));
    }
    return err == AKT_OK ? 0 : 1;
}
