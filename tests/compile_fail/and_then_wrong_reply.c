// expect: go must be akt_err
/* SPDX-License-Identifier: MIT */
/* A function that takes another reply than it is declared for. */
#include "akt/akt.h"

#define BALANCE(F) F(i64, cents)
AKT_MESSAGE(balance, BALANCE);
#define NOTICE(F) F(i64, number)
AKT_MESSAGE(notice, NOTICE);

#ifdef AKT_MUST_FAIL
static akt_err
go(akt_self *self, void *arg, const struct notice *in, akt_future *next)
#else
static akt_err
go(akt_self *self, void *arg, const struct balance *in, akt_future *next)
#endif
{
    (void)arg;
    (void)in;
    return akt_future_failed(self, next, AKT_EIO, NULL);
}

AKT_AND_THEN(go, balance, notice);

akt_err go_on(akt_self *self, akt_future f, akt_future *out);

akt_err
go_on(akt_self *self, akt_future f, akt_future *out)
{
    return akt_and_then(self, f, go, NULL, out);
}
