/* SPDX-License-Identifier: MIT */
/*
 * A channel whose values are counted, and tasks that send and receive until it is
 * closed: each with an end of its own.
 */
#ifndef AKT_TESTS_UNIT_CHANNEL_TASKS_H
#define AKT_TESTS_UNIT_CHANNEL_TASKS_H

#include "tests/unit/channels.h"

enum {
    EACH = 20 /* values of one sender */
};

/* What the tasks of a test share; they run one at a time. */
struct channel {
    akt_tx tx;
    akt_rx rx;
    int64_t live; /* values that are not destroyed yet */
    int64_t sum;
    int64_t received;
    int64_t ended; /* tasks that heard AKT_ECLOSED */
};

struct worker {
    struct channel *c;
    akt_tx tx;
    akt_rx rx;
    int64_t from;
    int64_t count;
};

static inline akt_err
produce(akt_self *self, struct worker *w)
{
    int64_t i;

    for (i = 0; i < w->count; i++) {
        AKT_TRY(akt_channel_send(self, w->tx, parcel, .live = &w->c->live,
                                 .n = w->from + i));
        w->c->live++;
    }
    return AKT_OK;
}
AKT_TASK(produce, struct worker);

static inline akt_err
consume(akt_self *self, struct worker *w)
{
    struct parcel p;
    akt_err err;

    while ((err = akt_channel_recv(self, w->rx, parcel, &p)) == AKT_OK) {
        w->c->sum += p.n;
        w->c->received++;
        parcel_destroy(&p);
    }
    w->c->ended += err == AKT_ECLOSED;
    return err == AKT_ECLOSED ? AKT_OK : err;
}
AKT_TASK(consume, struct worker);

/* Each gets an end of its own, while it may be running already. */
static inline akt_task
begin_producer(akt_self *self, struct channel *c, int64_t from, int64_t count)
{
    akt_task task;
    akt_tx tx;

    assert_ok(akt_tx_clone(self, c->tx, &tx));
    assert_ok(akt_task_spawn(self, produce, &task, .c = c, .tx = tx,
                             .from = from, .count = count));
    assert_ok(akt_tx_give(self, tx, task.ref));
    return task;
}

static inline akt_task
begin_consumer(akt_self *self, struct channel *c)
{
    akt_task task;
    akt_rx rx;

    assert_ok(akt_rx_clone(self, c->rx, &rx));
    assert_ok(akt_task_spawn(self, consume, &task, .c = c, .rx = rx));
    assert_ok(akt_rx_give(self, rx, task.ref));
    return task;
}

static inline void
open_channel(struct sim *sim, struct channel *c, uint32_t capacity)
{
    *c = (struct channel){.live = 0};
    assert_ok(akt_channel_open(sim->me, parcel, capacity, &c->tx, &c->rx));
}

#endif
