// expect: load must be akt_err
/* SPDX-License-Identifier: MIT */
/* A job that takes another message than it is declared for. */
#include "akt/akt.h"

#define BALANCE(F) F(i64, cents)
AKT_MESSAGE(balance, BALANCE);
#define DEPOSIT(F) F(i64, amount)
AKT_REQUEST(deposit, DEPOSIT, balance);
#define NOTICE(F) F(i64, number)
AKT_MESSAGE(notice, NOTICE);

#ifdef AKT_MUST_FAIL
static akt_err
load(akt_self *self, const struct notice *m)
{
    (void)self;
    (void)m;
    return AKT_OK;
}
#else
static akt_err
load(akt_self *self, const struct deposit *m)
{
    return akt_reply(self, m, .cents = m->amount);
}
#endif

AKT_JOB(load, deposit);

akt_err ask(akt_self *self, akt_future *f);

akt_err
ask(akt_self *self, akt_future *f)
{
    return akt_ask_blocking(self, f, load, deposit, .amount = 5);
}
