/* SPDX-License-Identifier: MIT */
/*
 * A oneshot: a future here, and elsewhere the completer that ends it, once. Who
 * gives its completer up says so, and the future ends at once.
 */
#include <akt/akt.h>

#include <inttypes.h>
#include <stdio.h>

#define ANSWER(F) F(i64, n)
AKT_MESSAGE(answer, ANSWER);

struct thinker {
    akt_completer done;
    bool gives_up;
};

static akt_err
think(akt_self *self, struct thinker *t)
{
    if (t->gives_up) {
        akt_completer_drop(self, t->done);
        return AKT_OK;
    }
    AKT_TRY(akt_complete(self, t->done, answer, .n = 42));
    printf("once more: %s\n",
           akt_err_name(akt_complete(self, t->done, answer, .n = 43)));
    return AKT_OK;
}
AKT_TASK(think, struct thinker);

static akt_err
ask(akt_self *self, bool gives_up)
{
    akt_completer done;
    akt_future f;
    akt_task task;
    struct answer a;

    AKT_TRY(akt_oneshot_open(self, answer, AKT_SECONDS(10), &f, &done));
    AKT_TRY(
        akt_task_spawn(self, think, &task, .done = done, .gives_up = gives_up));
    AKT_TRY(akt_join(self, task));
    AKT_TRY(akt_await_as(self, f, answer, &a));
    printf("the answer: %" PRId64 "\n", a.n);
    return AKT_OK;
}

static akt_err
run(akt_self *self, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    AKT_TRY(ask(self, false));
    printf("given up: %s\n", akt_err_name(ask(self, true)));
    return AKT_OK;
}

AKT_MAIN(run);
