// expect: cnets
/* SPDX-License-Identifier: MIT */
/* A probe replies with a field that the reply does not have. */
#include "akt/akt.h"
#include "akt/test.h"

#define BALANCE(F) F(i64, cents)
AKT_MESSAGE(balance, BALANCE);
#define DEPOSIT(F) F(i64, amount)
AKT_REQUEST(deposit, DEPOSIT, balance);
#define NOTICE(F) F(i64, number)
AKT_MESSAGE(notice, NOTICE);

akt_err answer(akt_probe *probe, const struct deposit *m);

akt_err
answer(akt_probe *probe, const struct deposit *m)
{
#ifdef AKT_MUST_FAIL
    return akt_probe_reply(probe, m, .cnets = m->amount);
#else
    return akt_probe_reply(probe, m, .cents = m->amount);
#endif
}
