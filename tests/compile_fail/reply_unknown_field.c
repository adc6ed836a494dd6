// expect: cnets
/* SPDX-License-Identifier: MIT */
/* A reply that names a field which its type does not have. */
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
    return akt_reply(self, m, .cnets = m->amount);
#else
    return akt_reply(self, m, .cents = m->amount);
#endif
}
