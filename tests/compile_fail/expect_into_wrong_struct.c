// expect: incompatible
/* SPDX-License-Identifier: MIT */
/* What is expected is not what it is kept as. */
#include "akt/akt.h"
#include "akt/test.h"

#define BALANCE(F) F(i64, cents)
AKT_MESSAGE(balance, BALANCE);
#define DEPOSIT(F) F(i64, amount)
AKT_REQUEST(deposit, DEPOSIT, balance);
#define NOTICE(F) F(i64, number)
AKT_MESSAGE(notice, NOTICE);

const struct notice *notice_of(akt_probe *probe);

const struct notice *
notice_of(akt_probe *probe)
{
#ifdef AKT_MUST_FAIL
    return akt_expect(probe, AKT_MS(1), balance);
#else
    return akt_expect(probe, AKT_MS(1), notice);
#endif
}
