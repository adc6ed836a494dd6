// expect: unused-result|warn_unused_result
/* SPDX-License-Identifier: MIT */
/* A send whose error nobody looks at. */
#include "akt/akt.h"

#define BALANCE(F) F(i64, cents)
AKT_MESSAGE(balance, BALANCE);
#define DEPOSIT(F) F(i64, amount)
AKT_REQUEST(deposit, DEPOSIT, balance);
#define NOTICE(F) F(i64, number)
AKT_MESSAGE(notice, NOTICE);

void send_it(akt_self *self, akt_ref to);

void
send_it(akt_self *self, akt_ref to)
{
#ifdef AKT_MUST_FAIL
    akt_send(self, to, deposit, .amount = 5);
#else
    akt_ignore(akt_send(self, to, deposit, .amount = 5));
#endif
}
