// expect: beat must be akt_err
/* SPDX-License-Identifier: MIT */
/* A task declared without arguments whose function takes some. */
#include "akt/akt.h"

struct order {
    int64_t cents;
};

#ifdef AKT_MUST_FAIL
static akt_err
beat(akt_self *self, struct order *o)
{
    return akt_sleep(self, (uint64_t)o->cents);
}
#else
static akt_err
beat(akt_self *self)
{
    return akt_sleep(self, 5);
}
#endif

AKT_TASK(beat, void);

akt_err start(akt_self *self, akt_task *task);

akt_err
start(akt_self *self, akt_task *task)
{
    return akt_task_spawn(self, beat, task);
}
