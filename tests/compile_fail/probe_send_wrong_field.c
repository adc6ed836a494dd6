// expect: numbre
/* SPDX-License-Identifier: MIT */
/* A probe sends a field that the message does not have. */
#include "akt/akt.h"
#include "akt/test.h"

#define BALANCE(F) F(i64, cents)
AKT_MESSAGE(balance, BALANCE);
#define DEPOSIT(F) F(i64, amount)
AKT_REQUEST(deposit, DEPOSIT, balance);
#define NOTICE(F) F(i64, number)
AKT_MESSAGE(notice, NOTICE);

akt_err tell(akt_probe *probe, akt_ref to);

akt_err
tell(akt_probe *probe, akt_ref to)
{
#ifdef AKT_MUST_FAIL
    return akt_probe_send(probe, to, notice, .numbre = 1);
#else
    return akt_probe_send(probe, to, notice, .number = 1);
#endif
}
