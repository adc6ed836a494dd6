// expect: on_exit must be void
/* SPDX-License-Identifier: MIT */
/* An exit that takes another state than the class has. */
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
static void
on_exit(akt_self *self, struct other *a, const akt_exit *reason)
{
    (void)self;
    (void)a;
    (void)reason;
}
#else
static void
on_exit(akt_self *self, struct account *a, const akt_exit *reason)
{
    (void)self;
    (void)a;
    (void)reason;
}
#endif

AKT_CLASS(account, struct account, AKT_ON_EXIT(on_exit));

const akt_class *the_class(void);

const akt_class *
the_class(void)
{
    return &account_class;
}
