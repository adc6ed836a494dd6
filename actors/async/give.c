/* SPDX-License-Identifier: MIT */
/*
 * Gifts of a spawn. They leave the caller before the task is there, wait for its
 * first turn with it, and go into its list before its function runs: so nobody sees
 * them without an owner, and none of the task's scopes has them.
 */
#include "akt/give.h"

#include "actors/async/task.h"
#include "actors/base/mutant.h"
#include "actors/core/share.h"

/* A stack of shares by `next`. */
static struct akti_cell *
pop(struct akti_cell **list)
{
    struct akti_cell *share = *list;

    *list = share->next;
    share->next = NULL;
    return share;
}

static void
close_all(akt_self *self, struct akti_cell *list)
{
    while (list != NULL) {
        struct akti_cell *share = pop(&list);

        share->owned->close(self, share);
    }
}

/* Takes those that are the caller's, all of them or not. */
static akt_err
take(akt_self *self, const akti_gifts *gifts, struct akti_cell **list)
{
    akt_err err = AKT_OK;
    size_t i;

    for (i = 0; i < gifts->count; i++) {
        struct akti_cell *share = akti_share_find(self, gifts->gifts[i].cell,
                                                  gifts->gifts[i].generation);

        if (share == NULL) {
            err = AKT_EENDED;
            continue;
        }
        akti_share_let_go(self, share);
        share->next = *list;
        *list = share;
    }
    return err;
}

akt_err
akti_task_spawn_giving(akt_self *self, const akt_task_function *fn,
                       const akti_gifts *gifts, akt_task *out_task,
                       const void *args)
{
    struct akti_cell *list = NULL;
    akt_err err;

    if (self->actor == NULL && self->port == NULL) {
        return AKT_ECONTEXT;
    }
    err = take(self, gifts, &list);
    if (err == AKT_OK) {
        err = akti_task_spawn_owner(self, fn, list, out_task, args);
    }
    if (err != AKT_OK) {
        close_all(self, list);
    }
    return err;
}

void
akti_gifts_arrive(akt_self *self, struct akti_cell *list)
{
    if (AKTI_MUTANT(gifts_lost)) {
        close_all(self, list);
        return;
    }
    while (list != NULL) {
        akti_share_hold(self, pop(&list));
    }
}
