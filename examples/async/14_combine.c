/* SPDX-License-Identifier: MIT */
/*
 * Futures of futures: the replies of all, the first reply, the first end, what a
 * function makes of a reply, and the first of two tasks.
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

struct shop {
    int64_t cents;
    uint64_t ms;
};

static akt_err
ask_shop(akt_self *self, struct shop *s)
{
    AKT_TRY(akt_sleep(self, AKT_MS(s->ms)));
    return akt_task_return(self, price, .cents = s->cents);
}
AKT_TASK(ask_shop, struct shop);

/* The slower task is cancelled, and has ended when the race is over. */
static akt_err
first_task(akt_self *self)
{
    akt_task slow;
    akt_task fast;
    akt_future one;
    struct price p;

    AKT_TRY(akt_task_spawn(self, ask_shop, &slow, .cents = 90, .ms = 3600000));
    AKT_TRY(akt_task_spawn(self, ask_shop, &fast, .cents = 95, .ms = 5));
    akt_future parts[] = {slow.future, fast.future};

    AKT_TRY(akt_race(self, parts, 2, &one));
    AKT_TRY(akt_await_as(self, one, price, &p));
    printf("tasks: %" PRId64 "\n", p.cents);
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
    AKT_TRY(mapped(self));
    return first_task(self);
}

AKT_MAIN(run);
