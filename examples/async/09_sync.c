/* SPDX-License-Identifier: MIT */
/*
 * Five guests, of whom a semaphore lets two in at a time. A barrier holds each
 * until all have been inside, and the last to come notifies the host.
 */
#include <akt/akt.h>

#include <inttypes.h>
#include <stdio.h>

enum {
    GUESTS = 5
};

struct party {
    akt_semaphore seats;
    akt_barrier all;
    akt_notify over;
};

static akt_err
attend(akt_self *self, struct party *p)
{
    bool last = false;
    akt_err err;

    AKT_TRY(akt_semaphore_acquire(self, p->seats, 1));
    err = akt_sleep(self, AKT_MS(10));
    akt_ignore(akt_semaphore_release(self, p->seats, 1));
    AKT_TRY(err);
    AKT_TRY(akt_barrier_wait(self, p->all, &last));
    return last ? akt_notify_one(self, p->over) : AKT_OK;
}
AKT_TASK(attend, struct party);

static akt_err
run(akt_self *self, int argc, char **argv)
{
    struct party p;
    uint64_t began = akt_now_ns(self);

    (void)argc;
    (void)argv;
    AKT_TRY(akt_semaphore_open(self, 2, &p.seats));
    AKT_TRY(akt_barrier_open(self, GUESTS, &p.all));
    AKT_TRY(akt_notify_open(self, &p.over));
    for (int i = 0; i < GUESTS; i++) {
        AKT_TRY(akt_task_spawn(self, attend, NULL, .seats = p.seats,
                               .all = p.all, .over = p.over));
    }
    AKT_TRY(akt_notify_wait(self, p.over));
    printf("all have been inside, in %s rounds\n",
           akt_now_ns(self) - began >= AKT_MS(30) ? "three" : "too few");
    printf("free seats: %" PRIu32 "\n", akt_semaphore_available(self, p.seats));
    return AKT_OK;
}

AKT_MAIN(run);
