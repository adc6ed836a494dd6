// expect: cnets
/* SPDX-License-Identifier: MIT */
/* A late reply that names a field which its type does not have. */
#include "akt/akt.h"

#define BALANCE(F) F(i64, cents)
AKT_MESSAGE(balance, BALANCE);
#define DEPOSIT(F) F(i64, amount)
AKT_REQUEST(deposit, DEPOSIT, balance);
#define NOTICE(F) F(i64, number)
AKT_MESSAGE(notice, NOTICE);

static akt_promise_of(deposit) kept;

akt_err answer(akt_self *self);

akt_err
answer(akt_self *self)
{
#ifdef AKT_MUST_FAIL
    return akt_promise_reply(self, &kept, .cnets = 5);
#else
    return akt_promise_reply(self, &kept, .cents = 5);
#endif
}
