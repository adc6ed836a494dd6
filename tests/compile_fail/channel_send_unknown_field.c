// expect: has no member named|does not refer to any field
/* SPDX-License-Identifier: MIT */
/* A value with a field that its type does not have. */
#include "akt/akt.h"

#define NUMBER(F) F(i64, number)
AKT_MESSAGE(job, NUMBER);

akt_err send_it(akt_self *self, akt_tx tx);

akt_err
send_it(akt_self *self, akt_tx tx)
{
#ifdef AKT_MUST_FAIL
    return akt_channel_send(self, tx, job, .count = 1);
#else
    return akt_channel_send(self, tx, job, .number = 1);
#endif
}
