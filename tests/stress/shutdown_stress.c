/* SPDX-License-Identifier: MIT */
/*
 * Stopping ends always: from plain threads, from handlers, from jobs, from
 * several threads at once and twice, at random points of a load of messages,
 * requests, timers, blocking jobs, spawning and threads that come and go. After
 * it every message, request and actor is accounted for, and threads, file
 * descriptors and memory are what they were before.
 *
 * Draining is complete: what could still go on within the time has gone on.
 */
#include "akt/akt.h"
#include "tests/support/stress.h"

#include <inttypes.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define PEERS 12
#define THREADS 3

#define WORK(F) F(u32, hops)
AKT_MESSAGE(work, WORK);
#define SUM(F) F(u64, sum)
AKT_MESSAGE(sum, SUM);
AKT_REQUEST(add, SUM, sum);
AKT_REQUEST(compute, SUM, sum);
AKT_SIGNAL(tick);
AKT_SIGNAL(begin);

enum stopper {
    BY_THREAD,
    BY_THREADS,
    BY_HANDLER,
    BY_JOB,
    BY_DESTROY
};

static struct {
    akt_system *system;
    akt_ref peer[PEERS];
    enum stopper stopper;
    uint64_t drain_ns;
    _Atomic uint32_t stop_after; /* messages until a handler or job stops it */
    _Atomic uint64_t handled;
} run;

/* The one that counts down to zero. */
static bool
is_time(void)
{
    return atomic_fetch_sub_explicit(&run.stop_after, 1, memory_order_relaxed)
           == 1;
}

/* --- the load --- */

struct peer {
    struct stress_random random;
    akt_promise_of(add) pending;
};

static akt_err
compute_sum(akt_self *self, const struct compute *m)
{
    if (run.stopper == BY_JOB && is_time()) {
        STRESS_OK(akt_system_stop(run.system, run.drain_ns));
    }
    if ((m->sum & 3) == 0) {
        akt_ignore(akt_send(self, run.peer[m->sum % PEERS], work, .hops = 1));
    }
    return akt_reply(self, m, .sum = m->sum + 1);
}
AKT_JOB(compute_sum, compute);

static akt_err
on_answer(akt_self *self, struct peer *p, const akt_answer *answer,
          const struct sum *s)
{
    (void)self;
    (void)p;
    STRESS_CHECK((s != NULL) == (answer->outcome == AKT_REPLIED), "outcome");
    return AKT_OK;
}
AKT_THEN(on_answer, struct peer, add);

static akt_err
on_computed(akt_self *self, struct peer *p, const akt_answer *answer,
            const struct sum *s)
{
    return on_answer(self, p, answer, s);
}
AKT_THEN(on_computed, struct peer, compute);

static akt_err on_work(akt_self *self, struct peer *p, const struct work *m);
static akt_err on_add(akt_self *self, struct peer *p, const struct add *m);

static akt_err
on_tick(akt_self *self, struct peer *p, const struct tick *m)
{
    (void)p;
    (void)m;
    return akt_send(self, akt_self_ref(self), work, .hops = 2) == AKT_EDEAD
               ? AKT_EUSER
               : AKT_OK;
}

/* Not before all peers are there. */
static akt_err
on_begin(akt_self *self, struct peer *p, const struct begin *m)
{
    (void)m;
    return akt_timer_start(self, AKT_US(stress_below(&p->random, 100)),
                           AKT_US(50), NULL, tick);
}

AKT_CLASS(peer, struct peer, AKT_ON(begin, on_begin), AKT_ON(work, on_work),
          AKT_ON(add, on_add), AKT_ON(tick, on_tick),
          AKT_MAILBOX(32, AKT_AWAIT));
AKT_CLASS(own_peer, struct peer, AKT_ON(begin, on_begin), AKT_ON(work, on_work),
          AKT_ON(add, on_add), AKT_ON(tick, on_tick),
          AKT_PLACEMENT(AKT_PLACE_OWN_THREAD));
/* Lives until the end, or until it is told otherwise. */
AKT_CLASS(child, struct peer, AKT_ON(work, on_work));

static akt_ref
some_peer(struct stress_random *random)
{
    return run.peer[stress_below(random, PEERS)];
}

static void
ask_something(akt_self *self, struct peer *p)
{
    akt_future f;

    if (akt_ask(self, some_peer(&p->random), &f, add, .sum = 1) == AKT_OK) {
        STRESS_OK(akt_then(self, f, on_answer, NULL));
    }
    if (stress_below(&p->random, 4) == 0
        && akt_ask_blocking(self, &f, compute_sum, compute,
                            .sum = stress_next(&p->random))
               == AKT_OK) {
        STRESS_OK(akt_then(self, f, on_computed, NULL));
    }
}

static akt_err
on_work(akt_self *self, struct peer *p, const struct work *m)
{
    uint32_t kind = stress_below(&p->random, 16);

    atomic_fetch_add_explicit(&run.handled, 1, memory_order_relaxed);
    if (run.stopper == BY_HANDLER && is_time()) {
        STRESS_OK(akt_system_stop(run.system, run.drain_ns));
        STRESS_CHECK(akt_system_wait(run.system) == AKT_ECONTEXT,
                     "waited in a handler");
    }
    if (m->hops == 0) {
        return AKT_OK;
    }
    akt_ignore(
        akt_send(self, some_peer(&p->random), work, .hops = m->hops - 1));
    if (kind == 0) {
        ask_something(self, p);
    } else if (kind == 1) {
        akt_ref ref;
        akt_err err =
            akt_spawn(self, child, &ref, .random = {stress_next(&p->random)});

        if (err == AKT_OK) {
            akt_ignore(akt_send(self, ref, work, .hops = 1));
            akt_ignore(stress_below(&p->random, 2) == 0 ? akt_drain(self, ref)
                                                        : akt_stop(self, ref));
        }
    }
    return AKT_OK;
}

static akt_err
on_add(akt_self *self, struct peer *p, const struct add *m)
{
    switch (stress_below(&p->random, 4)) {
    case 0:
        akt_promise_drop(self, &p->pending.promise);
        return akt_keep(self, m, &p->pending);
    case 1:
        return AKT_OK;
    default:
        return akt_reply(self, m, .sum = m->sum + 1);
    }
}

/* --- plain threads that come, work and go --- */

static bool
use_once(akt_self *self, struct stress_random *random)
{
    akt_future f;
    akt_ref ref;
    akt_err err = AKT_OK;

    switch (stress_below(random, 6)) {
    case 0:
        err = akt_send_within(self, AKT_SECONDS(600), some_peer(random), work,
                              .hops = 8);
        break;
    case 1:
        err = akt_ask_within(self, AKT_SECONDS(600), some_peer(random), &f, add,
                             .sum = 1);
        if (err == AKT_OK) {
            akt_answer *answer;

            /* An answerer that keeps it ends at the latest at the stop. */
            STRESS_OK(akt_wait(self, f, &answer));
            akt_answer_free(self, answer);
        }
        break;
    case 2:
        err = akt_ask_blocking(self, &f, compute_sum, compute, .sum = 1);
        break; /* what is left is dropped by akt_detach */
    case 3:
        err = akt_spawn(self, child, &ref, .random = {1});
        if (err == AKT_OK) {
            akt_ignore(akt_send(self, ref, work, .hops = 1));
            akt_ignore(akt_drain(self, ref));
        }
        break;
    default:
        err = akt_send(self, some_peer(random), work, .hops = 16);
        break;
    }
    return err != AKT_ESTOPPED && err != AKT_EDEAD;
}

static void *
visitor(void *arg)
{
    struct stress_random random = {stress_seed() ^ (uintptr_t)arg};
    akt_self *self;

    while (akt_attach(run.system, &self) == AKT_OK) {
        uint32_t times = 1 + stress_below(&random, 200);

        while (times > 0 && use_once(self, &random)) {
            times--;
        }
        akt_detach(self);
    }
    return NULL;
}

/* --- those who stop it --- */

static void *
stopping_thread(void *arg)
{
    (void)arg;
    STRESS_OK(akt_system_stop(run.system, run.drain_ns));
    STRESS_OK(akt_system_stop(run.system, AKT_SECONDS(1)));
    return NULL;
}

/* Lets so much work be done, wherever that leads the scheduler. */
static void
let_work(uint64_t n)
{
    while (atomic_load_explicit(&run.handled, memory_order_relaxed) < n) {
        (void)sched_yield();
    }
}

static void
stop_it(uint64_t after)
{
    pthread_t threads[THREADS];
    uint32_t i;

    switch (run.stopper) {
    case BY_THREADS:
        let_work(after);
        for (i = 0; i < THREADS; i++) {
            stress_thread_start(&threads[i], stopping_thread, NULL);
        }
        STRESS_OK(akt_system_wait(run.system));
        for (i = 0; i < THREADS; i++) {
            stress_thread_join(threads[i]);
        }
        break;
    case BY_HANDLER:
    case BY_JOB:
        STRESS_OK(akt_system_wait(run.system));
        break;
    default:
        let_work(after);
        STRESS_OK(akt_system_stop(run.system, run.drain_ns));
        break;
    }
    STRESS_OK(akt_system_stop(run.system, run.drain_ns));
}

/* --- cycles --- */

static void
spawn_peers(struct stress_random *random)
{
    akt_self *self;
    uint32_t i;

    STRESS_OK(akt_attach(run.system, &self));
    for (i = 0; i < PEERS; i++) {
        struct peer state = {.random = {stress_next(random)}};

        STRESS_OK(akti_spawn(self, i < 2 ? &own_peer_class : &peer_class,
                             &run.peer[i], &state));
    }
    for (i = 0; i < PEERS; i++) {
        STRESS_OK(akt_send(self, run.peer[i], begin));
        akt_ignore(akt_send(self, run.peer[i], work, .hops = 50));
    }
    akt_detach(self);
}

static void
cycle(struct stress_random *random, uint32_t workers)
{
    struct stress_memory memory;
    akt_system_opts opts;
    pthread_t visitors[THREADS];
    akt_counters c;
    uint32_t i;

    memset(&run, 0, sizeof(run));
    stress_memory_init(&memory);
    opts = stress_opts(workers, &memory);
    opts.blocking_threads = 1 + stress_below(random, 3);
    run.stopper = (enum stopper)stress_below(random, BY_DESTROY);
    run.drain_ns =
        stress_below(random, 2) == 0 ? 0 : AKT_US(stress_below(random, 3000));
    run.stop_after = 1 + stress_below(random, 100);
    stress_phase("%u workers: stop by %d", workers, (int)run.stopper);
    STRESS_OK(akt_system_start(&opts, &run.system));
    spawn_peers(random);
    for (i = 0; i < THREADS; i++) {
        stress_thread_start(&visitors[i], visitor,
                            (void *)(uintptr_t)(stress_next(random) >> 1));
    }
    stop_it(stress_below(random, 300));
    for (i = 0; i < THREADS; i++) {
        stress_thread_join(visitors[i]);
    }
    akt_system_counters(run.system, &c);
    stress_check_account(&c);
    akt_system_destroy(run.system);
    stress_memory_check(&memory);
}

static void
test_stop_at_random_points_leaves_nothing(void **state)
{
    struct stress_random random = {stress_seed()};
    uint32_t cycles = stress_scale(2000);
    struct stress_baseline b;
    uint32_t i;

    (void)state;
    /* What starts with the first thread and stays is not the library's. */
    cycle(&random, 1);
    stress_baseline_take(&b);
    for (i = 0; i < cycles; i++) {
        cycle(&random, stress_workers(i % STRESS_WORKER_RUNS));
        stress_baseline_check(&b);
    }
    stress_figure(14, cycles, "starts and stops");
    stress_end();
}

/* --- draining --- */

struct runner {
    akt_ref next;
    uint32_t left;
};

static akt_err
on_lap(akt_self *self, struct runner *r, const struct work *m)
{
    atomic_fetch_add_explicit(&run.handled, 1, memory_order_relaxed);
    if (m->hops == 0) {
        return AKT_OK;
    }
    return akt_send(self, r->next, work, .hops = m->hops - 1);
}

#define MEET(F) F(ref, next)
AKT_MESSAGE(meet, MEET);

static akt_err
on_meet(akt_self *self, struct runner *r, const struct meet *m)
{
    (void)self;
    r->next = m->next;
    return AKT_OK;
}

AKT_CLASS(pinned_runner, struct runner, AKT_ON(work, on_lap),
          AKT_ON(meet, on_meet), AKT_PLACEMENT(AKT_PLACE_PINNED));
AKT_CLASS(own_runner, struct runner, AKT_ON(work, on_lap),
          AKT_ON(meet, on_meet), AKT_PLACEMENT(AKT_PLACE_OWN_THREAD));

/* A job asked for by an actor, whose answer makes it ask for the next. */
struct client {
    uint32_t left;
};

static akt_err on_next(akt_self *self, struct client *c,
                       const akt_answer *answer, const struct sum *s);
AKT_THEN(on_next, struct client, compute);

static akt_err
next_job(akt_self *self, struct client *c)
{
    akt_future f;

    if (c->left-- == 0) {
        return AKT_OK;
    }
    AKT_TRY(akt_ask_blocking(self, &f, compute_sum, compute, .sum = 1));
    return akt_then(self, f, on_next, NULL);
}

static akt_err
on_next(akt_self *self, struct client *c, const akt_answer *answer,
        const struct sum *s)
{
    if (s == NULL) {
        return answer->error;
    }
    atomic_fetch_add_explicit(&run.handled, 1, memory_order_relaxed);
    return next_job(self, c);
}

static akt_err
on_jobs(akt_self *self, struct client *c, const struct work *m)
{
    c->left = m->hops;
    return next_job(self, c);
}

AKT_CLASS(client, struct client, AKT_ON(work, on_jobs));

static void
begin_relay(akt_self *self, const akt_class *cls, uint32_t laps)
{
    struct runner none = {AKT_REF_NONE, 0};
    akt_ref refs[4];
    uint32_t i;

    for (i = 0; i < 4; i++) {
        STRESS_OK(akti_spawn(self, cls, &refs[i], &none));
    }
    for (i = 0; i < 4; i++) {
        STRESS_OK(akt_send(self, refs[i], meet, .next = refs[(i + 1) % 4]));
    }
    STRESS_OK(akt_send(self, refs[0], work, .hops = laps - 1));
}

/* One thing at a time happens, ever elsewhere; the stop must not miss it. */
static void
drain(uint32_t workers, uint32_t kind)
{
    const uint32_t laps = 40;
    akt_system_opts opts = stress_opts(workers, NULL);
    akt_counters c;
    akt_self *self;
    akt_ref ref;

    memset(&run, 0, sizeof(run));
    STRESS_OK(akt_system_start(&opts, &run.system));
    STRESS_OK(akt_attach(run.system, &self));
    if (kind == 2) {
        STRESS_OK(akt_spawn(self, client, &ref));
        STRESS_OK(akt_send(self, ref, work, .hops = laps));
    } else {
        begin_relay(self, kind == 0 ? &pinned_runner_class : &own_runner_class,
                    laps);
    }
    akt_detach(self);
    stress_stop(run.system, AKT_SECONDS(60), &c);
    STRESS_CHECK(c.discarded == 0 && run.handled == laps,
                 "the drain of sort %u ended at %" PRIu64 " of %u", kind,
                 atomic_load(&run.handled), laps);
}

static void
test_drain_goes_on_until_nothing_is_left(void **state)
{
    uint32_t cycles = stress_scale(900);
    uint32_t i;

    (void)state;
    for (i = 0; i < cycles; i++) {
        stress_phase("drain %u", i);
        drain(stress_workers((i / 3) % STRESS_WORKER_RUNS), i % 3);
    }
    stress_figure(14, cycles, "drains");
    stress_end();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stop_at_random_points_leaves_nothing),
        cmocka_unit_test(test_drain_goes_on_until_nothing_is_left),
    };

    stress_begin("shutdown_stress");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
