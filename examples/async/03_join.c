/* SPDX-License-Identifier: MIT */
/*
 * Two tasks run at the same time and are joined for their results. What follows
 * the handle in akt_task_spawn are the task's arguments.
 */
#include <akt/akt.h>

#include <inttypes.h>
#include <stdio.h>

#define TOTAL(F) F(i64, n)
AKT_MESSAGE(total, TOTAL);

struct range {
    int64_t from;
    int64_t to;
};

static akt_err
add_up(akt_self *self, struct range *r)
{
    int64_t sum = 0;

    for (int64_t i = r->from; i <= r->to; i++) {
        sum += i;
    }
    return akt_task_return(self, total, .n = sum);
}
AKT_TASK(add_up, struct range);

static akt_err
run(akt_self *self, int argc, char **argv)
{
    akt_task low;
    akt_task high;
    struct total a;
    struct total b;

    (void)argc;
    (void)argv;
    AKT_TRY(akt_task_spawn(self, add_up, &low, .from = 1, .to = 50));
    AKT_TRY(akt_task_spawn(self, add_up, &high, .from = 51, .to = 100));
    AKT_TRY(akt_join_as(self, low, total, &a));
    AKT_TRY(akt_join_as(self, high, total, &b));
    printf("%" PRId64 " + %" PRId64 " = %" PRId64 "\n", a.n, b.n, a.n + b.n);
    return AKT_OK;
}

AKT_MAIN(run);
