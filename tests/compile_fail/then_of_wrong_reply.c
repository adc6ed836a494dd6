// expect: on_balance must be akt_err
/* SPDX-License-Identifier: MIT */
/* A continuation for a reply that takes another one. */
#include "akt/akt.h"

#define BALANCE(F) F(i64, cents)
AKT_MESSAGE(balance, BALANCE);
#define NOTICE(F) F(i64, number)
AKT_MESSAGE(notice, NOTICE);

struct account {
    int64_t cents;
};

#ifdef AKT_MUST_FAIL
static akt_err
on_balance(akt_self *self, struct account *a, const akt_answer *answer,
           const struct notice *reply)
#else
static akt_err
on_balance(akt_self *self, struct account *a, const akt_answer *answer,
           const struct balance *reply)
#endif
{
    (void)self;
    (void)a;
    (void)reply;
    return answer->error;
}

AKT_THEN_OF(on_balance, struct account, balance);

akt_err go_on(akt_self *self, akt_future f);

akt_err
go_on(akt_self *self, akt_future f)
{
    return akt_then(self, f, on_balance, NULL);
}
