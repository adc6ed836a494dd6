// expect: to_notice must be akt_err
/* SPDX-License-Identifier: MIT */
/* A function between futures that fills another struct than it is declared for. */
#include "akt/akt.h"

#define BALANCE(F) F(i64, cents)
AKT_MESSAGE(balance, BALANCE);
#define NOTICE(F) F(i64, number)
AKT_MESSAGE(notice, NOTICE);

#ifdef AKT_MUST_FAIL
static akt_err
to_notice(akt_self *self, void *arg, const struct balance *in,
          struct balance *out)
{
    (void)self;
    (void)arg;
    out->cents = in->cents;
    return AKT_OK;
}
#else
static akt_err
to_notice(akt_self *self, void *arg, const struct balance *in,
          struct notice *out)
{
    (void)self;
    (void)arg;
    out->number = in->cents;
    return AKT_OK;
}
#endif

AKT_MAP(to_notice, balance, notice);

akt_err go_on(akt_self *self, akt_future f, akt_future *out);

akt_err
go_on(akt_self *self, akt_future f, akt_future *out)
{
    return akt_map(self, f, to_notice, NULL, out);
}
