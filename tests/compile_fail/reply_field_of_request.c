// expect: no member named 'amount'|has no member named .amount|amount
/* SPDX-License-Identifier: MIT */
/* A reply made of the request's fields. */
#include "akt/akt.h"

#define BALANCE(F) F(i64, cents)
AKT_MESSAGE(balance, BALANCE);
#define DEPOSIT(F) F(i64, amount)
AKT_REQUEST(deposit, DEPOSIT, balance);
#define NOTICE(F) F(i64, number)
AKT_MESSAGE(notice, NOTICE);

akt_err answer(akt_self *self, const struct deposit *m);

akt_err
answer(akt_self *self, const struct deposit *m)
{
#ifdef AKT_MUST_FAIL
    return akt_reply(self, m, .amount = 1);
#else
    return akt_reply(self, m, .cents = 1);
#endif
}
