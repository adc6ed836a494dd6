// expect: on_notice must be akt_err
/* SPDX-License-Identifier: MIT */
/* A handler that takes another message than it is declared for. */
#include "akt/akt.h"

#define BALANCE(F) F(i64, cents)
AKT_MESSAGE(balance, BALANCE);
#define DEPOSIT(F) F(i64, amount)
AKT_REQUEST(deposit, DEPOSIT, balance);
#define NOTICE(F) F(i64, number)
AKT_MESSAGE(notice, NOTICE);

struct account {
    int64_t cents;
};

struct other {
    int64_t cents;
};

#ifdef AKT_MUST_FAIL
static akt_err
on_notice(akt_self *self, struct account *a, const struct deposit *m)
{
    (void)self;
    (void)a;
    (void)m;
    return AKT_OK;
}
#else
static akt_err
on_notice(akt_self *self, struct account *a, const struct notice *m)
{
    (void)self;
    (void)a;
    (void)m;
    return AKT_OK;
}
#endif

AKT_CLASS(account, struct account, AKT_ON(notice, on_notice));

const akt_class *the_class(void);

const akt_class *
the_class(void)
{
    return &account_class;
}
