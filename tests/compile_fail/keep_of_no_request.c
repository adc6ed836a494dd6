// expect: _Generic|generic|not compatible
/* SPDX-License-Identifier: MIT */
/* A message that is no request is kept. */
#include "akt/akt.h"

#define BALANCE(F) F(i64, cents)
AKT_MESSAGE(balance, BALANCE);
#define DEPOSIT(F) F(i64, amount)
AKT_REQUEST(deposit, DEPOSIT, balance);
#define NOTICE(F) F(i64, number)
AKT_MESSAGE(notice, NOTICE);

static akt_promise_of(deposit) kept;

akt_err answer(akt_self *self, const struct notice *m);

akt_err
answer(akt_self *self, const struct notice *m)
{
#ifdef AKT_MUST_FAIL
    return akt_keep(self, m, &kept);
#else
    (void)m;
    akt_promise_drop(self, &kept.promise);
    return AKT_OK;
#endif
}
