// expect: incompatible type
/* SPDX-License-Identifier: MIT */
/* A send into the end that values come out of. */
#include "akt/akt.h"

#define NUMBER(F) F(i64, number)
AKT_MESSAGE(job, NUMBER);

akt_err send_it(akt_self *self, akt_tx tx, akt_rx rx);

akt_err
send_it(akt_self *self, akt_tx tx, akt_rx rx)
{
#ifdef AKT_MUST_FAIL
    (void)tx;
    return akt_channel_send(self, rx, job, .number = 1);
#else
    (void)rx;
    return akt_channel_send(self, tx, job, .number = 1);
#endif
}
