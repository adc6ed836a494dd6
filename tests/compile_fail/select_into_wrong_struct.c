// expect: compatible with any
/* SPDX-License-Identifier: MIT */
/* A branch that receives into another struct than its channel's. */
#include "akt/akt.h"

#define NUMBER(F) F(i64, number)
AKT_MESSAGE(job, NUMBER);
AKT_MESSAGE(result, NUMBER);

akt_err select_it(akt_self *self, akt_rx rx, struct job *out,
                  struct result *wrong);

akt_err
select_it(akt_self *self, akt_rx rx, struct job *out, struct result *wrong)
{
    size_t which;
#ifdef AKT_MUST_FAIL
    akt_branch b[] = {AKT_WHEN_RECV(rx, job, wrong)};
#else
    akt_branch b[] = {AKT_WHEN_RECV(rx, job, out)};
#endif
    (void)out;
    (void)wrong;
    return akt_select(self, b, 1, AKT_SELECT_FAIR, AKT_NEVER, &which);
}
