/* SPDX-License-Identifier: MIT */
/*
 * Futures of futures: the replies of all, the first reply, the first end, and
 * what a function makes of a reply.
 */
#include <akt/akt.h>

#include <inttypes.h>
#include <stdio.h>

#define PRICE(F) F(i64, cents)
AKT_MESSAGE(price, PRICE);

static akt_err
with_tax(akt_self *self, void *percent, const struct price *in,
         struct price *out)
{
    (void)self;
    out->cents = in->cents + in->cents * *(const int64_t *)percent / 100;
    return AKT_OK;
}
AKT_MAP(with_tax, price, price);

static akt_err
all_of_two(akt_self *self)
{
    akt_future parts[2];
    akt_future both;
    akt_answer *answer;

    AKT_TRY(akt_future_ready(self, &parts[0], price, .cents = 100));
    AKT_TRY(akt_future_ready(self, &parts[1], price, .cents = 250));
    AKT_TRY(akt_all(self, parts, 2, &both));
    AKT_TRY(akt_await(self, both, &answer));
    for (uint32_t i = 0; i < answer->count; i++) {
        const struct price *p = akt_answer_as(&answer->each[i], price);

        printf("all, part %" PRIu32 ": %" PRId64 "\n", i, p->cents);
    }
    akt_answer_free(self, answer);
    return AKT_OK;
}

typedef akt_err first_of(akt_self *, const akt_future *, size_t, akt_future *);

/* Of a failure and a reply `akt_any` waits for the reply, `akt_race` does not. */
static akt_err
first(akt_self *self, first_of *of, const char *name)
{
    akt_future parts[2];
    akt_future one;
    struct price p = {0};
    akt_err err;

    AKT_TRY(akt_future_failed(self, &parts[0], AKT_ENOENT, NULL));
    AKT_TRY(akt_future_ready(self, &parts[1], price, .cents = 250));
    AKT_TRY(of(self, parts, 2, &one));
    err = akt_await_as(self, one, price, &p);
    printf("%s: %s, %" PRId64 "\n", name, akt_err_name(err), p.cents);
    return AKT_OK;
}

static akt_err
mapped(akt_self *self)
{
    int64_t percent = 20;
    akt_future net;
    akt_future gross;
    struct price p;

    AKT_TRY(akt_future_ready(self, &net, price, .cents = 250));
    AKT_TRY(akt_map(self, net, with_tax, &percent, &gross));
    AKT_TRY(akt_await_as(self, gross, price, &p));
    printf("map: %" PRId64 "\n", p.cents);
    return AKT_OK;
}

static akt_err
run(akt_self *self, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    AKT_TRY(all_of_two(self));
    AKT_TRY(first(self, akt_any, "any"));
    AKT_TRY(first(self, akt_race, "race"));
    return mapped(self);
}

int
main(int argc, char **argv)
{
    return akt_run(run, argc, argv);
}
