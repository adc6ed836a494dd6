/* SPDX-License-Identifier: MIT */
/*
 * A limit around one call, around one future, and around any piece of code by a
 * scope. Then an interval.
 */
#include <akt/akt.h>

#include <stdio.h>

#define NEWS(F) F(i64, n)
AKT_MESSAGE(news, NEWS);

/* Any code: whatever it waits for ends when the time of the scope is over. */
static akt_err
in_time(akt_self *self, uint64_t limit_ns)
{
    akt_scope scope;

    AKT_TRY(akt_scope_open(self, limit_ns, &scope));
    return akt_scope_close(self, scope, akt_sleep(self, AKT_SECONDS(3600)));
}

/* One future: nobody completes this one. */
static akt_err
future_in_time(akt_self *self, uint64_t limit_ns)
{
    akt_completer nobody;
    akt_future f;
    akt_future limited;
    struct news n;

    AKT_TRY(akt_oneshot_open(self, news, AKT_NEVER, &f, &nobody));
    AKT_TRY(akt_timeout(self, f, limit_ns, &limited));
    return akt_await_as(self, limited, news, &n);
}

static akt_err
run(akt_self *self, int argc, char **argv)
{
    akt_received message;
    akt_interval interval;

    (void)argc;
    (void)argv;
    printf("a call: %s\n",
           akt_err_name(akt_receive(self, AKT_MS(10), &message)));
    printf("a future: %s\n", akt_err_name(future_in_time(self, AKT_MS(10))));
    printf("a scope: %s\n", akt_err_name(in_time(self, AKT_MS(10))));

    interval = akt_interval_start(self, AKT_MS(10));
    for (int i = 1; i <= 3; i++) {
        AKT_TRY(akt_interval_wait(self, &interval));
        printf("beat %d\n", i);
    }
    return AKT_OK;
}

AKT_MAIN(run);
