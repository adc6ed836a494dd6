/* SPDX-License-Identifier: MIT */
/*
 * n actors with a state of 8 bytes, each of which handles one message and then
 * waits for the next: how much memory each takes, and how long it takes to get
 * there. The array of their references is resident before the measuring begins.
 */
#include "bench.h"

#include <stdatomic.h>

AKT_SIGNAL(hello);
AKT_SIGNAL(all_idle);

static int64_t crowd_size;             /* set before any actor is spawned */
static atomic_int_fast64_t idle_count; /* actors that have run */

struct idler {
    int64_t greetings;
};

static akt_err
on_hello(akt_self *self, struct idler *i, const struct hello *m)
{
    (void)m;
    i->greetings++;
    /* relaxed: only a count; the message to the crowd publishes the end */
    if (atomic_fetch_add_explicit(&idle_count, 1, memory_order_relaxed) + 1
        < crowd_size)
        return AKT_OK;
    return akt_send(self, akt_sender(self), all_idle);
}

AKT_CLASS(idler, struct idler, AKT_ON(hello, on_hello));

struct crowd {
    akt_ref *idlers;
    int64_t n;
    int64_t spawned;
    akt_promise_of(run) end;
};

static akt_err
spawn_some(akt_self *self, struct crowd *c)
{
    for (int i = 0; i < BENCH_STEP && c->spawned < c->n; i++) {
        akt_ref *ref = &c->idlers[c->spawned++];

        AKT_TRY(akt_spawn(self, idler, ref));
        AKT_TRY(akt_send(self, *ref, hello));
    }
    if (c->spawned == c->n)
        return AKT_OK;
    return akt_send(self, akt_self_ref(self), go_on);
}

static akt_err
on_run(akt_self *self, struct crowd *c, const struct run *m)
{
    AKT_TRY(akt_keep(self, m, &c->end));
    c->n = m->n;
    return spawn_some(self, c);
}

static akt_err
on_go_on(akt_self *self, struct crowd *c, const struct go_on *m)
{
    (void)m;
    return spawn_some(self, c);
}

static akt_err
on_all_idle(akt_self *self, struct crowd *c, const struct all_idle *m)
{
    (void)m;
    return akt_promise_reply(self, &c->end, .count = c->spawned);
}

AKT_CLASS(crowd, struct crowd, AKT_ON(run, on_run), AKT_ON(go_on, on_go_on),
          AKT_ON(all_idle, on_all_idle));

static akt_err
check_alive(struct bench *bench, const akt_ref *idlers)
{
    uint64_t alive = 0;

    for (int64_t i = 0; i < bench->n; i++)
        alive += akt_ref_is_alive(bench->me, idlers[i]);
    return bench_expect("actors alive", alive, (uint64_t)bench->n);
}

akt_err
bench_idlemem(struct bench *bench)
{
    akt_ref *idlers = bench_refs(bench, bench->n);
    akt_ref crowd_ref;
    struct outcome outcome;
    int64_t before_bytes;
    int64_t after_bytes;

    if (idlers == NULL)
        return AKT_ENOMEM;
    crowd_size = bench->n;
    AKT_TRY(akt_spawn(bench->me, crowd, &crowd_ref, .idlers = idlers));
    before_bytes = report_resident_bytes();
    AKT_TRY(bench_measure(bench, crowd_ref, &outcome));
    after_bytes = report_resident_bytes();
    report_add(&bench->report, "bytes_per_actor",
               (double)(after_bytes - before_bytes) / (double)bench->n);
    report_add(&bench->report, "spawn_ns",
               bench->report.seconds * 1e9 / (double)bench->n);
    AKT_TRY(bench_expect(
        "actors that have run",
        (uint64_t)atomic_load_explicit(&idle_count, memory_order_relaxed),
        (uint64_t)bench->n));
    return check_alive(bench, idlers);
}
