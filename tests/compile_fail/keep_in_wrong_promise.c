// expect: _Generic|generic|not compatible
/* SPDX-License-Identifier: MIT */
/* A promise that is kept where one of another request belongs. */
#include "akt/akt.h"

#define BALANCE(F) F(i64, cents)
AKT_MESSAGE(balance, BALANCE);
#define DEPOSIT(F) F(i64, amount)
AKT_REQUEST(deposit, DEPOSIT, balance);
#define NOTICE(F) F(i64, number)
AKT_MESSAGE(notice, NOTICE);
AKT_SIGNAL_REQUEST(count, balance);

static akt_promise_of(deposit) kept;
static akt_promise_of(count) other;

akt_err answer(akt_self *self, const struct deposit *m);

akt_err
answer(akt_self *self, const struct deposit *m)
{
#ifdef AKT_MUST_FAIL
    akt_promise_drop(self, &kept.promise);
    return akt_keep(self, m, &other);
#else
    akt_promise_drop(self, &other.promise);
    return akt_keep(self, m, &kept);
#endif
}
