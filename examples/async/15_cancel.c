/* SPDX-License-Identifier: MIT */
/*
 * Cancelling asks a task to end, and is heard by waiting: the wait that goes on
 * and every later one answer AKT_ECANCELLED. The task cleans up, waits once more
 * behind a shield, and returns.
 */
#include <akt/akt.h>

#include <stdio.h>

AKT_SIGNAL(begun);

struct worker {
    akt_ref boss;
};

static akt_err
work(akt_self *self, struct worker *w)
{
    akt_err err;

    AKT_TRY(akt_send(self, w->boss, begun)); /* tasks have mailboxes too */
    err = akt_sleep(self, AKT_SECONDS(3600));
    printf("woken: %s\n", akt_err_name(err));
    printf("later: %s\n", akt_err_name(akt_sleep(self, AKT_MS(1))));
    akt_task_shield(self, true);
    printf("shielded: %s\n", akt_err_name(akt_sleep(self, AKT_MS(1))));
    akt_task_shield(self, false);
    return err;
}
AKT_TASK(work, struct worker);

static akt_err
run(akt_self *self, int argc, char **argv)
{
    akt_task task;
    akt_received hello;

    (void)argc;
    (void)argv;
    AKT_TRY(akt_task_spawn(self, work, &task, .boss = akt_self_ref(self)));
    AKT_TRY(akt_receive(self, AKT_NEVER, &hello)); /* it has begun */
    AKT_TRY(akt_task_cancel(self, task));
    printf("joined: %s\n", akt_err_name(akt_join(self, task)));
    return AKT_OK;
}

AKT_MAIN(run);
