// expect: cnets
/* SPDX-License-Identifier: MIT */
/* A spawn that names a field which the state does not have. */
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

AKT_CLASS(account, struct account, AKT_ON(notice, on_notice));

akt_err send_it(akt_self *self, akt_ref to);

akt_err
send_it(akt_self *self, akt_ref to)
{
#ifdef AKT_MUST_FAIL
    return akt_spawn(self, account, &to, .cnets = 5);
#else
    return akt_spawn(self, account, &to, .cents = 5);
#endif
}
