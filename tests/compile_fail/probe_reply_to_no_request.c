// expect: akti_reply
/* SPDX-License-Identifier: MIT */
/* A probe replies to a message that is no request. */
#include "akt/akt.h"
#include "akt/test.h"

#define BALANCE(F) F(i64, cents)
AKT_MESSAGE(balance, BALANCE);
#define DEPOSIT(F) F(i64, amount)
AKT_REQUEST(deposit, DEPOSIT, balance);
#define NOTICE(F) F(i64, number)
AKT_MESSAGE(notice, NOTICE);

akt_err answer(akt_probe *probe, const struct notice *m);

akt_err
answer(akt_probe *probe, const struct notice *m)
{
#ifdef AKT_MUST_FAIL
    return akt_probe_reply(probe, m, .cents = m->number);
#else
    return akt_probe_drop(probe, m);
#endif
}
