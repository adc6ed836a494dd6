/* SPDX-License-Identifier: MIT */
/* Two actors, n round trips: the cost of a message that is alone. */
#include "bench.h"

struct pong {
    char nothing;
};

static akt_err
on_ball_return(akt_self *self, struct pong *p, const struct number *m)
{
    (void)p;
    return akt_send(self, akt_sender(self), number, .value = m->value);
}

AKT_CLASS(pong, struct pong, AKT_ON(number, on_ball_return));

struct ping {
    akt_ref pong;
    int64_t rounds;
    akt_promise_of(run) end;
};

static akt_err
on_run(akt_self *self, struct ping *p, const struct run *m)
{
    AKT_TRY(akt_keep(self, m, &p->end));
    return akt_send(self, p->pong, number, .value = m->n);
}

static akt_err
on_ball(akt_self *self, struct ping *p, const struct number *m)
{
    p->rounds++;
    if (m->value > 1)
        return akt_send(self, p->pong, number, .value = m->value - 1);
    return akt_promise_reply(self, &p->end, .count = p->rounds);
}

AKT_CLASS(ping, struct ping, AKT_ON(run, on_run), AKT_ON(number, on_ball));

akt_err
bench_pingpong(struct bench *bench)
{
    akt_ref pong_ref;
    akt_ref ping_ref;
    struct outcome outcome;

    AKT_TRY(akt_spawn(bench->me, pong, &pong_ref));
    AKT_TRY(akt_spawn(bench->me, ping, &ping_ref, .pong = pong_ref));
    AKT_TRY(bench_measure(bench, ping_ref, &outcome));
    return bench_expect("round trips", (uint64_t)outcome.count,
                        (uint64_t)bench->n);
}
