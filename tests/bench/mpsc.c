/* SPDX-License-Identifier: MIT */
/* p2 producers send n messages each to one consumer. */
#include "bench.h"

struct producer {
    akt_ref consumer;
    int64_t next;
    int64_t end;
};

static akt_err
on_go_on(akt_self *self, struct producer *p, const struct go_on *m)
{
    (void)m;
    for (int i = 0; i < BENCH_STEP && p->next < p->end; i++) {
        if (akt_is_awaiting(self))
            break;
        AKT_TRY(akt_send(self, p->consumer, number, .value = p->next));
        p->next++;
    }
    if (p->next < p->end)
        return akt_send(self, akt_self_ref(self), go_on);
    akt_stop_self(self);
    return AKT_OK;
}

AKT_CLASS(producer, struct producer, AKT_ON(go_on, on_go_on));

struct consumer {
    const akt_ref *producers;
    int64_t producer_count;
    int64_t seen;
    int64_t wanted;
    uint64_t sum;
    akt_promise_of(run) end;
};

static akt_err
on_run(akt_self *self, struct consumer *c, const struct run *m)
{
    AKT_TRY(akt_keep(self, m, &c->end));
    c->wanted = m->n * c->producer_count;
    for (int64_t i = 0; i < c->producer_count; i++)
        AKT_TRY(akt_send(self, c->producers[i], go_on));
    return AKT_OK;
}

static akt_err
on_number(akt_self *self, struct consumer *c, const struct number *m)
{
    c->sum += (uint64_t)m->value;
    if (++c->seen < c->wanted)
        return AKT_OK;
    return akt_promise_reply(self, &c->end, .count = c->seen, .sum = c->sum);
}

AKT_CLASS(consumer, struct consumer, AKT_ON(run, on_run),
          AKT_ON(number, on_number));

akt_err
bench_mpsc(struct bench *bench)
{
    akt_ref *producers = bench_refs(bench, bench->p2);
    akt_ref consumer_ref;
    struct outcome outcome;
    uint64_t n = (uint64_t)bench->n;

    if (producers == NULL)
        return AKT_ENOMEM;
    AKT_TRY(akt_spawn(bench->me, consumer, &consumer_ref,
                      .producers = producers, .producer_count = bench->p2));
    for (int64_t i = 0; i < bench->p2; i++) {
        AKT_TRY(akt_spawn(bench->me, producer, &producers[i],
                          .consumer = consumer_ref, .end = bench->n));
    }
    bench->report.ops = bench->n * bench->p2;
    AKT_TRY(bench_measure(bench, consumer_ref, &outcome));
    AKT_TRY(bench_expect("messages", (uint64_t)outcome.count,
                         n * (uint64_t)bench->p2));
    return bench_expect("sum of the messages", outcome.sum,
                        n * (n - 1) / 2 * (uint64_t)bench->p2);
}
