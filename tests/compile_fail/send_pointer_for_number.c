// expect: from 'akt_self \*'|akt_self|without a cast
/* SPDX-License-Identifier: MIT */
/* A send that gives a pointer to a number. */
#include "akt/akt.h"

#define BALANCE(F) F(i64, cents)
AKT_MESSAGE(balance, BALANCE);
#define DEPOSIT(F) F(i64, amount)
AKT_REQUEST(deposit, DEPOSIT, balance);
#define NOTICE(F) F(i64, number)
AKT_MESSAGE(notice, NOTICE);

akt_err send_it(akt_self *self, akt_ref to);

akt_err
send_it(akt_self *self, akt_ref to)
{
#ifdef AKT_MUST_FAIL
    return akt_send(self, to, deposit, .amount = self);
#else
    return akt_send(self, to, deposit, .amount = 5);
#endif
}
