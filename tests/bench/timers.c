/* SPDX-License-Identifier: MIT */
/*
 * One actor starts n one-shot timers over 1 to 1000 ms. The wall time is a second
 * at least, so what counts is the processor time.
 */
#include "bench.h"

enum {
    TIMER_STEP = 256,
    TIMER_SPAN_MS = 1000
};

AKT_SIGNAL(tick);

struct clockwork {
    int64_t n;
    int64_t started;
    int64_t fired;
    akt_promise_of(run) end;
};

static akt_err
start_some(akt_self *self, struct clockwork *c)
{
    for (int i = 0; i < TIMER_STEP && c->started < c->n; i++) {
        AKT_TRY(akt_timer_start(self, AKT_MS(c->started % TIMER_SPAN_MS + 1), 0,
                                NULL, tick));
        c->started++;
    }
    if (c->started == c->n)
        return AKT_OK;
    return akt_send(self, akt_self_ref(self), go_on);
}

static akt_err
on_run(akt_self *self, struct clockwork *c, const struct run *m)
{
    AKT_TRY(akt_keep(self, m, &c->end));
    c->n = m->n;
    return start_some(self, c);
}

static akt_err
on_go_on(akt_self *self, struct clockwork *c, const struct go_on *m)
{
    (void)m;
    return start_some(self, c);
}

static akt_err
on_tick(akt_self *self, struct clockwork *c, const struct tick *m)
{
    (void)m;
    if (++c->fired < c->n)
        return AKT_OK;
    return akt_promise_reply(self, &c->end, .count = c->fired);
}

AKT_CLASS(clockwork, struct clockwork, AKT_ON(run, on_run),
          AKT_ON(go_on, on_go_on), AKT_ON(tick, on_tick));

akt_err
bench_timers(struct bench *bench)
{
    akt_ref clockwork_ref;
    struct outcome outcome;
    int64_t longest_ms = bench->n < TIMER_SPAN_MS ? bench->n : TIMER_SPAN_MS;

    AKT_TRY(akt_spawn(bench->me, clockwork, &clockwork_ref));
    AKT_TRY(bench_measure(bench, clockwork_ref, &outcome));
    AKT_TRY(bench_expect("timers that fired", (uint64_t)outcome.count,
                         (uint64_t)bench->n));
    return bench_expect("timers that fired early",
                        bench->report.seconds * 1e3 < (double)longest_ms, 0);
}
