// expect: amuont
/* SPDX-License-Identifier: MIT */
/* A field is compared that the message does not have. */
#include "akt/akt.h"
#include "akt/test.h"

#define BALANCE(F) F(i64, cents)
AKT_MESSAGE(balance, BALANCE);
#define DEPOSIT(F) F(i64, amount)
AKT_REQUEST(deposit, DEPOSIT, balance);
#define NOTICE(F) F(i64, number)
AKT_MESSAGE(notice, NOTICE);

bool came(akt_probe *probe);

bool
came(akt_probe *probe)
{
#ifdef AKT_MUST_FAIL
    return akt_expect_equal(probe, AKT_MS(1), deposit, .amuont = 1) != NULL;
#else
    return akt_expect_equal(probe, AKT_MS(1), deposit, .amount = 1) != NULL;
#endif
}
