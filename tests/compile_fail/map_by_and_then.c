// expect: go_akt_map
/* SPDX-License-Identifier: MIT */
/* A function that gives a future, used where one has to make a reply. */
#include "akt/akt.h"

#define BALANCE(F) F(i64, cents)
AKT_MESSAGE(balance, BALANCE);

static akt_err
go(akt_self *self, void *arg, const struct balance *in, akt_future *next)
{
    (void)arg;
    (void)in;
    return akt_future_failed(self, next, AKT_EIO, NULL);
}

AKT_AND_THEN(go, balance, balance);

akt_err go_on(akt_self *self, akt_future f, akt_future *out);

akt_err
go_on(akt_self *self, akt_future f, akt_future *out)
{
#ifdef AKT_MUST_FAIL
    return akt_map(self, f, go, NULL, out);
#else
    return akt_and_then(self, f, go, NULL, out);
#endif
}
