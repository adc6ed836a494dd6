// expect: withdraw
/* SPDX-License-Identifier: MIT */
/* A handler for a message that was never declared. */
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

static akt_err
on_notice(akt_self *self, struct account *a, const struct notice *m)
{
    (void)self;
    (void)a;
    (void)m;
    return AKT_OK;
}

#ifdef AKT_MUST_FAIL
AKT_CLASS(account, struct account, AKT_ON(withdraw, on_notice));
#else
AKT_CLASS(account, struct account, AKT_ON(notice, on_notice));
#endif

const akt_class *the_class(void);

const akt_class *
the_class(void)
{
    return &account_class;
}
