// expect: move must be akt_err
/* SPDX-License-Identifier: MIT */
/* A task that takes other arguments than it is declared for. */
#include "akt/akt.h"

struct order {
    int64_t cents;
};
struct offer {
    int64_t cents;
};

#ifdef AKT_MUST_FAIL
static akt_err
move(akt_self *self, struct offer *o)
#else
static akt_err
move(akt_self *self, struct order *o)
#endif
{
    return akt_sleep(self, (uint64_t)o->cents);
}

AKT_TASK(move, struct order);

akt_err start(akt_self *self, akt_task *task);

akt_err
start(akt_self *self, akt_task *task)
{
    return akt_task_spawn(self, move, task, .cents = 5);
}
