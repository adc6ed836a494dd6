// expect: compatible with any
/* SPDX-License-Identifier: MIT */
/* What is received is not what it is put into. */
#include "akt/akt.h"

#define NUMBER(F) F(i64, number)
AKT_MESSAGE(job, NUMBER);
AKT_MESSAGE(result, NUMBER);

akt_err receive_it(akt_self *self, akt_rx rx, struct job *out,
                   struct result *wrong);

akt_err
receive_it(akt_self *self, akt_rx rx, struct job *out, struct result *wrong)
{
#ifdef AKT_MUST_FAIL
    (void)out;
    return akt_channel_recv(self, rx, job, wrong);
#else
    (void)wrong;
    return akt_channel_recv(self, rx, job, out);
#endif
}
