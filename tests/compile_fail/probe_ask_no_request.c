// expect: akti_reply
/* SPDX-License-Identifier: MIT */
/* A probe asks by a message that is no request. */
#include "akt/akt.h"
#include "akt/test.h"

#define BALANCE(F) F(i64, cents)
AKT_MESSAGE(balance, BALANCE);
#define DEPOSIT(F) F(i64, amount)
AKT_REQUEST(deposit, DEPOSIT, balance);
#define NOTICE(F) F(i64, number)
AKT_MESSAGE(notice, NOTICE);

akt_err ask(akt_probe *probe, akt_ref to, akt_future *f);

akt_err
ask(akt_probe *probe, akt_ref to, akt_future *f)
{
#ifdef AKT_MUST_FAIL
    return akt_probe_ask(probe, AKT_MS(1), to, f, notice, .number = 1);
#else
    return akt_probe_ask(probe, AKT_MS(1), to, f, deposit, .amount = 1);
#endif
}
