// expect: closed_behavior
/* SPDX-License-Identifier: MIT */
/* A change to a behaviour that was never declared. */
#include "akt/akt.h"

#define BALANCE(F) F(i64, cents)
AKT_MESSAGE(balance, BALANCE);
#define DEPOSIT(F) F(i64, amount)
AKT_REQUEST(deposit, DEPOSIT, balance);
#define NOTICE(F) F(i64, number)
AKT_MESSAGE(notice, NOTICE);

struct account {
    int64_t cents;
};

static akt_err
on_notice(akt_self *self, struct account *a, const struct notice *m)
{
    (void)self;
    a->cents = m->number;
    return AKT_OK;
}

AKT_BEHAVIOR(opened, struct account, AKT_ON(notice, on_notice));

akt_err change(akt_self *self);

akt_err
change(akt_self *self)
{
#ifdef AKT_MUST_FAIL
    return akt_become(self, closed);
#else
    return akt_become(self, opened);
#endif
}
