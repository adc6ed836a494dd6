// expect: akti_reply
/* SPDX-License-Identifier: MIT */
/* An ask of a message that is not declared as a request. */
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
    akt_future f;

    return akt_ask(self, to, &f, notice, .number = 5);
#else
    akt_future f;

    return akt_ask(self, to, &f, deposit, .amount = 5);
#endif
}
