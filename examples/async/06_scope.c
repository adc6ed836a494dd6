/* SPDX-License-Identifier: MIT */
/*
 * What is started in a scope has ended when the scope is closed. The first task
 * that fails cancels the others; closing waits for their clean-up and answers
 * that first error.
 */
#include <akt/akt.h>

#include <stdio.h>

AKT_SIGNAL(begun);

struct mirror {
    akt_ref client;
};

static akt_err
fetch_slowly(akt_self *self, struct mirror *m)
{
    akt_err err;

    AKT_TRY(akt_send(self, m->client, begun));
    err = akt_sleep(self, AKT_SECONDS(3600));
    printf("the slow mirror: %s\n", akt_err_name(err));
    return err;
}
AKT_TASK(fetch_slowly, struct mirror);

static akt_err
fail(akt_self *self)
{
    (void)self;
    return AKT_EIO;
}
AKT_TASK(fail, void); /* it takes no arguments */

static akt_err
fetch_from_both(akt_self *self)
{
    akt_received hello;

    AKT_TRY(
        akt_task_spawn(self, fetch_slowly, NULL, .client = akt_self_ref(self)));
    AKT_TRY(akt_receive(self, AKT_NEVER, &hello));
    return akt_task_spawn(self, fail, NULL);
}

static akt_err
fetch(akt_self *self)
{
    akt_scope scope;

    AKT_TRY(akt_scope_open(self, AKT_NEVER, &scope));
    return akt_scope_close(self, scope, fetch_from_both(self));
}

static akt_err
run(akt_self *self, int argc, char **argv)
{
    akt_err err = fetch(self);

    (void)argc;
    (void)argv;
    printf("the scope: %s\n", akt_err_name(err));
    return AKT_OK;
}

AKT_MAIN(run);
