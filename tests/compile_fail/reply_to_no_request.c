// expect: akti_reply
/* SPDX-License-Identifier: MIT */
/* A reply to a message that is no request. */
#include "akt/akt.h"

#define BALANCE(F) F(i64, cents)
AKT_MESSAGE(balance, BALANCE);
#define DEPOSIT(F) F(i64, amount)
AKT_REQUEST(deposit, DEPOSIT, balance);
#define NOTICE(F) F(i64, number)
AKT_MESSAGE(notice, NOTICE);

akt_err answer(akt_self *self, const struct notice *m);

akt_err
answer(akt_self *self, const struct notice *m)
{
#ifdef AKT_MUST_FAIL
    return akt_reply(self, m, .cents = m->number);
#else
    return akt_reply_error(self, AKT_EINVAL, m->number > 0 ? "" : NULL);
#endif
}
