/* SPDX-License-Identifier: MIT */
/*
 * A program that is one task, and two futures that have ended already: waiting
 * for them takes no time, and gives a value or an error.
 */
#include <akt/akt.h>

#include <inttypes.h>
#include <stdio.h>

#define PRICE(F) F(i64, cents)
AKT_MESSAGE(price, PRICE);

static akt_err
run(akt_self *self, int argc, char **argv)
{
    akt_future f;
    struct price p;
    akt_err err;

    (void)argc;
    (void)argv;
    AKT_TRY(akt_future_ready(self, &f, price, .cents = 250));
    printf("polled: %s\n",
           akt_future_poll(self, f) == AKT_REPLIED ? "ready" : "pending");
    AKT_TRY(akt_await_as(self, f, price, &p));
    printf("awaited: %" PRId64 " cents\n", p.cents);

    AKT_TRY(akt_future_failed(self, &f, AKT_ENOENT, "no such item"));
    err = akt_await_as(self, f, price, &p);
    printf("awaited: %s\n", akt_err_text(err));
    return AKT_OK;
}

AKT_MAIN(run);
