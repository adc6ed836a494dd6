/* SPDX-License-Identifier: MIT */
/* One producer, one counter; at the end the producer asks for the total. */
#include "bench.h"

#define TOTAL(F) F(i64, count)
AKT_MESSAGE(total, TOTAL);
AKT_SIGNAL(increment);
AKT_SIGNAL_REQUEST(get_total, total);

struct counter {
    int64_t count;
};

static akt_err
on_increment(akt_self *self, struct counter *c, const struct increment *m)
{
    (void)self;
    (void)m;
    c->count++;
    return AKT_OK;
}

static akt_err
on_get_total(akt_self *self, struct counter *c, const struct get_total *m)
{
    return akt_reply(self, m, .count = c->count);
}

AKT_CLASS(counter, struct counter, AKT_ON(increment, on_increment),
          AKT_ON(get_total, on_get_total));

struct producer {
    akt_ref counter;
    int64_t left;
    akt_promise_of(run) end;
};

static akt_err
on_total(akt_self *self, struct producer *p, const akt_answer *answer,
         const struct total *total)
{
    if (total == NULL)
        return answer->error;
    return akt_promise_reply(self, &p->end, .count = total->count);
}
AKT_THEN(on_total, struct producer, get_total);

static akt_err
ask_total(akt_self *self, struct producer *p)
{
    akt_future future;

    AKT_TRY(akt_ask(self, p->counter, &future, get_total));
    return akt_then(self, future, on_total, NULL);
}

static akt_err
produce(akt_self *self, struct producer *p)
{
    for (int i = 0; i < BENCH_STEP && p->left > 0; i++) {
        if (akt_is_awaiting(self))
            break;
        AKT_TRY(akt_send(self, p->counter, increment));
        p->left--;
    }
    if (p->left > 0)
        return akt_send(self, akt_self_ref(self), go_on);
    return ask_total(self, p);
}

static akt_err
on_run(akt_self *self, struct producer *p, const struct run *m)
{
    AKT_TRY(akt_keep(self, m, &p->end));
    p->left = m->n;
    return produce(self, p);
}

static akt_err
on_go_on(akt_self *self, struct producer *p, const struct go_on *m)
{
    (void)m;
    return produce(self, p);
}

AKT_CLASS(producer, struct producer, AKT_ON(run, on_run),
          AKT_ON(go_on, on_go_on));

akt_err
bench_counting(struct bench *bench)
{
    akt_ref counter_ref;
    akt_ref producer_ref;
    struct outcome outcome;

    AKT_TRY(akt_spawn(bench->me, counter, &counter_ref));
    AKT_TRY(
        akt_spawn(bench->me, producer, &producer_ref, .counter = counter_ref));
    AKT_TRY(bench_measure(bench, producer_ref, &outcome));
    return bench_expect("messages counted", (uint64_t)outcome.count,
                        (uint64_t)bench->n);
}
