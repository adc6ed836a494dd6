/* SPDX-License-Identifier: MIT */
/*
 * Each value that was sent is received once or destroyed once. Tasks and plain
 * threads send and receive through a few channels of several capacities; some
 * select, some use permits, some wait with time limits; tasks are cancelled at any
 * moment, with the ends that they own. Each value has a number, whose record goes
 * from SENT to RECEIVED or to DESTROYED.
 *
 * Checked with the real thing broken: a latch that is not taken, a baton that is
 * not passed on (hangs), values that the last receiver leaves behind.
 */
#include "akt/akt.h"
#include "tests/support/stress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define CHANNELS 3
#define SENDERS 6
#define RECEIVERS 4
#define RECORDS (1u << 20)

enum record {
    NEW = 0,
    SENT,
    RECEIVED,
    DESTROYED
};

static _Atomic uint8_t records[RECORDS];
static _Atomic uint32_t next_record;
static _Atomic uint32_t received;
static _Atomic uint32_t destroyed;

struct value {
    uint32_t number;
};

static void
end_record(uint32_t number, enum record to)
{
    uint8_t was = atomic_exchange_explicit(&records[number], (uint8_t)to,
                                           memory_order_relaxed);

    STRESS_CHECK(was == SENT, "value %u becomes %d after %d", number, (int)to,
                 (int)was);
}

static void
value_destroy(struct value *v)
{
    end_record(v->number, DESTROYED);
    atomic_fetch_add_explicit(&destroyed, 1, memory_order_relaxed);
}
AKT_LOCAL_MESSAGE_WITH(value, value_destroy);

struct worker {
    struct stress_random random;
    akt_tx tx;
    akt_rx rx;
    akt_rx other; /* of another channel, to select from */
    uint32_t count;
};

/* --- sending --- */

static uint32_t
new_value(void)
{
    uint32_t n =
        atomic_fetch_add_explicit(&next_record, 1, memory_order_relaxed);

    STRESS_CHECK(n < RECORDS, "too few records");
    atomic_store_explicit(&records[n], SENT, memory_order_relaxed);
    return n;
}

static akt_err
send_by_permit(akt_self *self, struct worker *w, uint32_t n)
{
    akt_permit permit;

    AKT_TRY(akt_channel_reserve(self, w->tx, &permit));
    if (stress_below(&w->random, 4) == 0) {
        STRESS_OK(akt_permit_release(self, permit));
        return AKT_ETIMEOUT;
    }
    return akt_permit_send(self, permit, value, .number = n);
}

static akt_err
send_selected(akt_self *self, struct worker *w, uint32_t n)
{
    akt_branch b[] = {AKT_WHEN_SENT(w->tx, value, .number = n),
                      AKT_WHEN_AFTER(AKT_US(20))};
    size_t which;

    AKT_TRY(akt_select(self, b, 2, AKT_SELECT_FAIR, AKT_NEVER, &which));
    return which == 0 ? b[0].error : AKT_ETIMEOUT;
}

static akt_err
send_somehow(akt_self *self, struct worker *w, uint32_t n)
{
    switch (stress_below(&w->random, 8)) {
    case 0:
        return akt_channel_send_within(self, AKT_US(10), w->tx, value,
                                       .number = n);
    case 1:
        return akt_channel_try_send(self, w->tx, value, .number = n);
    case 2:
        return send_by_permit(self, w, n);
    case 3:
        return send_selected(self, w, n);
    default:
        return akt_channel_send(self, w->tx, value, .number = n);
    }
}

/* Whether it may go on. */
static bool
is_only_late(akt_err err)
{
    return err == AKT_OK || err == AKT_ETIMEOUT || err == AKT_EFULL
           || err == AKT_EEMPTY;
}

static akt_err
produce(akt_self *self, struct worker *w)
{
    uint32_t i;

    for (i = 0; i < w->count; i++) {
        uint32_t n = new_value();
        akt_err err = send_somehow(self, w, n);

        if (err != AKT_OK) {
            atomic_store_explicit(&records[n], NEW, memory_order_relaxed);
        }
        if (!is_only_late(err)) {
            return err;
        }
    }
    return AKT_OK;
}
AKT_TASK(produce, struct worker);

/* --- receiving --- */

static akt_err
receive_selected(akt_self *self, struct worker *w, struct value *out)
{
    akt_branch b[] = {AKT_WHEN_RECV(w->rx, value, out),
                      AKT_WHEN_RECV(w->other, value, out),
                      AKT_WHEN_AFTER(AKT_US(50))};
    size_t which;

    AKT_TRY(akt_select(self, b, 3, AKT_SELECT_FAIR, AKT_NEVER, &which));
    if (which == 1 && !is_only_late(b[1].error)) {
        return AKT_ETIMEOUT; /* the other one is closed: no matter */
    }
    return which < 2 ? b[which].error : AKT_ETIMEOUT;
}

static akt_err
receive_somehow(akt_self *self, struct worker *w, struct value *out)
{
    switch (stress_below(&w->random, 8)) {
    case 0:
        return akt_channel_recv_within(self, AKT_US(10), w->rx, value, out);
    case 1:
        return akt_channel_try_recv(self, w->rx, value, out);
    case 2:
    case 3:
        return receive_selected(self, w, out);
    default:
        return akt_channel_recv(self, w->rx, value, out);
    }
}

static akt_err
consume(akt_self *self, struct worker *w)
{
    struct value v;
    akt_err err;

    do {
        err = receive_somehow(self, w, &v);
        if (err == AKT_OK) {
            end_record(v.number, RECEIVED);
            atomic_fetch_add_explicit(&received, 1, memory_order_relaxed);
        }
    } while (is_only_late(err));
    return err == AKT_ECLOSED ? AKT_OK : err;
}
AKT_TASK(consume, struct worker);

/* --- one round --- */

struct round {
    akt_system *system;
    akt_self *me;
    struct stress_random random;
    akt_tx tx[CHANNELS];
    akt_rx rx[CHANNELS];
    akt_task task[CHANNELS * (SENDERS + RECEIVERS)];
    uint32_t tasks;
};

static void
add_sender(struct round *r, uint32_t i)
{
    akt_task *task = &r->task[r->tasks++];
    akt_tx tx;

    STRESS_OK(akt_tx_clone(r->me, r->tx[i], &tx));
    STRESS_OK(akt_task_spawn(r->me, produce, task,
                             .random = {stress_next(&r->random)}, .tx = tx,
                             .count = 1 + stress_below(&r->random, 60)));
    STRESS_OK(akt_tx_give(r->me, tx, task->ref));
}

static void
add_receiver(struct round *r, uint32_t i)
{
    akt_task *task = &r->task[r->tasks++];
    akt_rx rx;

    STRESS_OK(akt_rx_clone(r->me, r->rx[i], &rx));
    STRESS_OK(akt_task_spawn(r->me, consume, task,
                             .random = {stress_next(&r->random)}, .rx = rx,
                             .other = r->rx[(i + 1) % CHANNELS]));
    STRESS_OK(akt_rx_give(r->me, rx, task->ref));
}

static void
open_channels(struct round *r)
{
    uint32_t i;
    uint32_t k;

    r->tasks = 0;
    for (i = 0; i < CHANNELS; i++) {
        STRESS_OK(akt_channel_open(r->me, value,
                                   1 + stress_below(&r->random, 40), &r->tx[i],
                                   &r->rx[i]));
    }
    for (i = 0; i < CHANNELS; i++) {
        for (k = stress_below(&r->random, SENDERS); k > 0; k--) {
            add_sender(r, i);
        }
        for (k = stress_below(&r->random, RECEIVERS); k > 0; k--) {
            add_receiver(r, i);
        }
    }
}

/* A plain thread that sends and receives beside the tasks. */
struct guest {
    akt_system *system;
    struct worker worker;
};

static void *
be_guest(void *arg)
{
    struct guest *g = arg;
    akt_self *self;
    struct value v;
    uint32_t i;

    STRESS_OK(akt_attach(g->system, &self));
    akt_ignore(produce(self, &g->worker));
    for (i = 0; i < g->worker.count; i++) {
        if (akt_channel_recv_within(self, AKT_US(20), g->worker.rx, value, &v)
            == AKT_OK) {
            end_record(v.number, RECEIVED);
            atomic_fetch_add_explicit(&received, 1, memory_order_relaxed);
        }
    }
    akt_detach(self);
    return NULL;
}

static void
cancel_some(struct round *r)
{
    uint32_t i;

    for (i = 0; i < r->tasks; i++) {
        if (stress_below(&r->random, 3) == 0) {
            akt_ignore(akt_task_cancel(r->me, r->task[i]));
        }
    }
}

static void
close_channels(struct round *r)
{
    uint32_t i;

    for (i = 0; i < CHANNELS; i++) {
        STRESS_OK(akt_tx_close(r->me, r->tx[i]));
    }
    for (i = 0; i < CHANNELS; i++) {
        STRESS_OK(akt_rx_close(r->me, r->rx[i]));
    }
    for (i = 0; i < r->tasks; i++) {
        akt_ignore(akt_join(r->me, r->task[i]));
    }
}

static void
run_round(struct round *r)
{
    struct guest guest;
    pthread_t thread;

    open_channels(r);
    guest = (struct guest){.system = r->system,
                           .worker = {.random = {stress_next(&r->random)},
                                      .tx = r->tx[0],
                                      .rx = r->rx[1],
                                      .other = r->rx[2],
                                      .count = 20}};
    stress_thread_start(&thread, be_guest, &guest);
    cancel_some(r);
    close_channels(r);
    stress_thread_join(thread);
}

/* Starts from nothing again: no value is left. */
static void
check_records(void)
{
    uint32_t n = atomic_load_explicit(&next_record, memory_order_relaxed);
    uint32_t i;

    for (i = 0; i < n; i++) {
        uint8_t is = atomic_load_explicit(&records[i], memory_order_relaxed);

        STRESS_CHECK(is != SENT, "value %u is lost", i);
        atomic_store_explicit(&records[i], NEW, memory_order_relaxed);
    }
    atomic_store_explicit(&next_record, 0, memory_order_relaxed);
}

static void
test_values_are_received_or_destroyed_once(void **state)
{
    struct stress_memory memory = {.live = 0};
    uint32_t rounds = stress_scale(600);
    uint32_t run;
    uint32_t i;

    (void)state;
    for (run = 0; run < STRESS_WORKER_RUNS; run++) {
        akt_system_opts opts;
        struct round r = {.random = {stress_seed() + run}};

        stress_phase("%u workers", stress_workers(run));
        stress_memory_init(&memory);
        opts = stress_opts(stress_workers(run), &memory);
        STRESS_OK(akt_system_start(&opts, &r.system));
        STRESS_OK(akt_attach(r.system, &r.me));
        for (i = 0; i < rounds; i++) {
            run_round(&r);
            check_records();
        }
        akt_detach(r.me);
        stress_stop(r.system, AKT_SECONDS(5), NULL);
        stress_memory_check(&memory);
    }
    stress_end();
    STRESS_CHECK(received > 0 && destroyed > 0, "nothing was received, or "
                                                "nothing destroyed");
    stress_figure(1, received, "values received from channels");
    stress_figure(1, destroyed, "values destroyed with channels");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_are_received_or_destroyed_once),
    };

    stress_begin("channel_stress");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
