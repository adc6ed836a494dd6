/* SPDX-License-Identifier: MIT */
/*
 * A watch has one value, which a new one replaces. Who follows it may miss some
 * of them, and never the last.
 */
#include <akt/akt.h>

#include <inttypes.h>
#include <stdio.h>

#define LEVEL(F) F(i64, n)
AKT_MESSAGE(level, LEVEL);

struct follower {
    akt_watch_rx levels;
};

static akt_err
follow(akt_self *self, struct follower *f)
{
    struct level last = {0};
    akt_err err;

    while ((err = akt_watch_changed(self, f->levels)) == AKT_OK) {
        AKT_TRY(akt_watch_borrow(self, f->levels, level, &last));
    }
    printf("the last value: %" PRId64 ", %s\n", last.n, akt_err_name(err));
    return err == AKT_ECLOSED ? AKT_OK : err;
}
AKT_TASK(follow, struct follower);

static akt_err
run(akt_self *self, int argc, char **argv)
{
    akt_watch_tx tx;
    akt_watch_rx rx;
    akt_task task;

    (void)argc;
    (void)argv;
    AKT_TRY(akt_watch_open(self, level, &tx, .n = 0));
    AKT_TRY(akt_watch_subscribe(self, tx, &rx));
    AKT_TRY(akt_task_spawn(self, follow, &task, .levels = rx));
    for (int64_t i = 1; i <= 100; i++) {
        AKT_TRY(akt_watch_send(self, tx, level, .n = i));
    }
    AKT_TRY(akt_watch_tx_close(self, tx));
    return akt_join(self, task);
}

AKT_MAIN(run);
