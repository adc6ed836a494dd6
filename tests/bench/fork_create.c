/* SPDX-License-Identifier: MIT */
/*
 * One actor spawns n others; each gets one message, does a little work and ends.
 * The end is when all have ended: their last turns count, not their messages.
 */
#include "bench.h"

#include <math.h>
#include <stdatomic.h>

AKT_SIGNAL(all_ended);

/* What the children share; set before the first is spawned. */
static struct {
    akt_ref parent;
    int64_t wanted;
    atomic_int_fast64_t ended;
} join;

struct child {
    char nothing;
};

static akt_err
on_work(akt_self *self, struct child *c, const struct number *m)
{
    volatile double result = sin((double)m->value);

    (void)c;
    (void)result;
    akt_stop_self(self);
    return AKT_OK;
}

static void
on_child_exit(akt_self *self, struct child *c, const akt_exit *reason)
{
    akt_err err;

    (void)c;
    (void)reason;
    /* relaxed: only a count; the message to the parent publishes the end */
    if (atomic_fetch_add_explicit(&join.ended, 1, memory_order_relaxed) + 1
        < join.wanted)
        return;
    err = akt_send(self, join.parent, all_ended);
    if (err != AKT_OK)
        bench_complain("the last child cannot tell", err);
}

AKT_CLASS(child, struct child, AKT_ON(number, on_work),
          AKT_ON_EXIT(on_child_exit));

struct parent {
    int64_t n;
    int64_t spawned;
    akt_promise_of(run) end;
};

static akt_err
spawn_some(akt_self *self, struct parent *p)
{
    for (int i = 0; i < BENCH_STEP && p->spawned < p->n; i++) {
        akt_ref ref;

        AKT_TRY(akt_spawn(self, child, &ref));
        AKT_TRY(akt_send(self, ref, number, .value = p->spawned));
        p->spawned++;
    }
    if (p->spawned == p->n)
        return AKT_OK;
    return akt_send(self, akt_self_ref(self), go_on);
}

static akt_err
on_run(akt_self *self, struct parent *p, const struct run *m)
{
    AKT_TRY(akt_keep(self, m, &p->end));
    p->n = m->n;
    join.parent = akt_self_ref(self);
    join.wanted = m->n;
    return spawn_some(self, p);
}

static akt_err
on_go_on(akt_self *self, struct parent *p, const struct go_on *m)
{
    (void)m;
    return spawn_some(self, p);
}

static akt_err
on_all_ended(akt_self *self, struct parent *p, const struct all_ended *m)
{
    (void)m;
    return akt_promise_reply(self, &p->end, .count = p->spawned);
}

AKT_CLASS(parent, struct parent, AKT_ON(run, on_run), AKT_ON(go_on, on_go_on),
          AKT_ON(all_ended, on_all_ended));

akt_err
bench_fjcreate(struct bench *bench)
{
    akt_ref parent_ref;
    struct outcome outcome;

    AKT_TRY(akt_spawn(bench->me, parent, &parent_ref));
    AKT_TRY(bench_measure(bench, parent_ref, &outcome));
    AKT_TRY(bench_expect("actors spawned", (uint64_t)outcome.count,
                         (uint64_t)bench->n));
    return bench_expect(
        "actors ended",
        (uint64_t)atomic_load_explicit(&join.ended, memory_order_relaxed),
        (uint64_t)bench->n);
}
