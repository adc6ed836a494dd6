/* SPDX-License-Identifier: MIT */
/*
 * n values go through a channel from some tasks to one, which has spawned them, so
 * that all of it is on workers.
 */
#include "bench.h"

/* One run: the receiver's, and what it has got. */
struct stream {
    struct bench *bench;
    uint32_t room;
    int64_t senders;
    int64_t count;
    uint64_t sum;
};

struct source {
    akt_tx to;
    int64_t n;
};

static akt_err
source(akt_self *self, struct source *s)
{
    for (int64_t i = 0; i < s->n; i++)
        AKT_TRY(akt_channel_send(self, s->to, number, .value = i));
    return AKT_OK;
}
AKT_TASK(source, struct source);

/* The part of n that the sender with this number sends. */
static int64_t
part(int64_t n, int64_t senders, int64_t number)
{
    return n / senders + (number < n % senders ? 1 : 0);
}

static uint64_t
total(int64_t n, int64_t senders)
{
    uint64_t sum = 0;

    for (int64_t i = 0; i < senders; i++) {
        uint64_t k = (uint64_t)part(n, senders, i);

        sum += k * (k - 1) / 2;
    }
    return sum;
}

static akt_err
spawn_source(akt_self *self, akt_tx to, int64_t n)
{
    akt_task task;

    AKT_TRY(akt_task_spawn(self, source, &task, .to = to, .n = n));
    return akt_tx_give(self, to, task.ref);
}

static akt_err
receive_all(akt_self *self, struct stream *s, akt_rx from)
{
    struct number got;
    akt_err err;

    while ((err = akt_channel_recv(self, from, number, &got)) == AKT_OK) {
        s->count++;
        s->sum += (uint64_t)got.value;
    }
    return err == AKT_ECLOSED ? AKT_OK : err;
}

struct receiver {
    struct stream *stream;
};

static akt_err
receiver(akt_self *self, struct receiver *r)
{
    struct stream *s = r->stream;
    akt_tx to;
    akt_tx clone;
    akt_rx from;

    AKT_TRY(akt_channel_open(self, number, s->room, &to, &from));
    report_begin(&s->bench->report);
    for (int64_t i = 0; i < s->senders; i++) {
        AKT_TRY(akt_tx_clone(self, to, &clone));
        AKT_TRY(spawn_source(self, clone, part(s->bench->n, s->senders, i)));
    }
    AKT_TRY(akt_tx_close(self, to));
    AKT_TRY(receive_all(self, s, from));
    report_end(&s->bench->report);
    return AKT_OK;
}
AKT_TASK(receiver, struct receiver);

static akt_err
run_stream(struct bench *bench, uint32_t room, int64_t senders)
{
    struct stream s = {.bench = bench, .room = room, .senders = senders};
    akt_task task;

    AKT_TRY(akt_task_spawn(bench->me, receiver, &task, .stream = &s));
    AKT_TRY(akt_join(bench->me, task));
    AKT_TRY(bench_expect("values", (uint64_t)s.count, (uint64_t)bench->n));
    return bench_expect("sum of the values", s.sum, total(bench->n, senders));
}

/* --- four channels --- */

enum {
    SOURCES = 4,
    SOURCE_ROOM = 32
};

/* Receives from whichever has something until all are closed. */
static akt_err
select_all(akt_self *self, struct stream *s, const akt_rx *from)
{
    struct number got;
    akt_branch branches[SOURCES] = {
        AKT_WHEN_RECV(from[0], number, &got),
        AKT_WHEN_RECV(from[1], number, &got),
        AKT_WHEN_RECV(from[2], number, &got),
        AKT_WHEN_RECV(from[3], number, &got),
    };
    int open = SOURCES;

    while (open > 0) {
        size_t which;

        AKT_TRY(akt_select(self, branches, SOURCES, AKT_SELECT_FAIR, AKT_NEVER,
                           &which));
        if (branches[which].error == AKT_ECLOSED) {
            branches[which] = (akt_branch){0};
            open--;
            continue;
        }
        AKT_TRY(branches[which].error);
        s->count++;
        s->sum += (uint64_t)got.value;
    }
    return AKT_OK;
}

static akt_err
selector(akt_self *self, struct receiver *r)
{
    struct stream *s = r->stream;
    akt_rx from[SOURCES];

    report_begin(&s->bench->report);
    for (int64_t i = 0; i < SOURCES; i++) {
        akt_tx to;

        AKT_TRY(akt_channel_open(self, number, SOURCE_ROOM, &to, &from[i]));
        AKT_TRY(spawn_source(self, to, part(s->bench->n, SOURCES, i)));
    }
    AKT_TRY(select_all(self, s, from));
    report_end(&s->bench->report);
    return AKT_OK;
}
AKT_TASK(selector, struct receiver);

akt_err
bench_select4(struct bench *bench)
{
    struct stream s = {.bench = bench};
    akt_task task;

    AKT_TRY(akt_task_spawn(bench->me, selector, &task, .stream = &s));
    AKT_TRY(akt_join(bench->me, task));
    AKT_TRY(bench_expect("values", (uint64_t)s.count, (uint64_t)bench->n));
    return bench_expect("sum of the values", s.sum, total(bench->n, SOURCES));
}

akt_err
bench_chan32(struct bench *bench)
{
    return run_stream(bench, 32, 1);
}

akt_err
bench_chan1024(struct bench *bench)
{
    return run_stream(bench, 1024, 1);
}

akt_err
bench_chan32x8(struct bench *bench)
{
    return run_stream(bench, 32, 8);
}

akt_err
bench_chan1024x8(struct bench *bench)
{
    return run_stream(bench, 1024, 8);
}
