/* SPDX-License-Identifier: MIT */
/*
 * Timers. Actors that move between workers arm, cancel and get timers, once and
 * periodic, as fast as they can, and send to each other after a delay; some are
 * killed with timers armed.
 *
 *  - none comes before its instant, a periodic one never before its grid;
 *  - a timer that was cancelled is not heard of again, even if it was due;
 *  - one that is armed or in the mailbox can be cancelled, one that is being
 *    handled cannot.
 *
 * And many timers that are due one after the other do not each wake a worker.
 */
#include "akt/akt.h"
#include "tests/support/stress.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define ACTORS 24
#define TIMERS 12

#define RING(F) F(u32, place) F(u32, number)
AKT_MESSAGE(ring, RING);
#define LATER(F) F(u64, not_before_ns)
AKT_MESSAGE(later, LATER);

static struct {
    akt_system *system;
    _Atomic uint64_t ref[ACTORS];
    _Atomic uint32_t system_id;
    uint32_t operations; /* of each actor */
    struct stress_gate done;
    _Atomic uint64_t started;
    _Atomic uint64_t rung;
    _Atomic uint64_t cancelled;
    _Atomic uint64_t later;
} run;

struct alarm {
    akt_timer timer;
    uint32_t number;  /* 0: none is armed */
    uint64_t next_ns; /* not before this */
    uint64_t every_ns;
};

struct sleeper {
    uint32_t place;
    uint32_t left; /* operations */
    uint32_t next_number;
    struct stress_random random;
    struct alarm alarm[TIMERS];
};

static uint64_t
some_delay(struct stress_random *random)
{
    switch (stress_below(random, 4)) {
    case 0:
        return 0;
    case 1:
        return stress_below(random, 3000);
    case 2:
        return AKT_US(stress_below(random, 300));
    default:
        return AKT_US(stress_below(random, 3000));
    }
}

static void
arm(akt_self *self, struct sleeper *s, uint32_t place)
{
    struct alarm *a = &s->alarm[place];
    uint64_t after = some_delay(&s->random);

    a->every_ns = stress_below(&s->random, 4) == 0
                      ? 1000 + stress_below(&s->random, 400000)
                      : 0;
    a->number = ++s->next_number;
    a->next_ns = akt_now_ns(self) + after;
    STRESS_OK(akt_timer_start(self, after, a->every_ns, &a->timer, ring,
                              .place = place, .number = a->number));
    atomic_fetch_add_explicit(&run.started, 1, memory_order_relaxed);
}

static void
cancel(akt_self *self, struct sleeper *s, uint32_t place)
{
    struct alarm *a = &s->alarm[place];

    STRESS_OK(akt_timer_cancel(self, a->timer));
    STRESS_CHECK(akt_timer_cancel(self, a->timer) == AKT_EENDED,
                 "cancelled twice");
    a->number = 0;
    atomic_fetch_add_explicit(&run.cancelled, 1, memory_order_relaxed);
}

static akt_ref
some_sleeper(struct stress_random *random)
{
    uint64_t word = atomic_load_explicit(&run.ref[stress_below(random, ACTORS)],
                                         memory_order_acquire);

    return (akt_ref){(uint32_t)(word >> 32), (uint32_t)word, run.system_id, 0};
}

static void
send_later(akt_self *self, struct sleeper *s)
{
    uint64_t delay = some_delay(&s->random);
    akt_err err = akt_send_after(self, delay, some_sleeper(&s->random), later,
                                 .not_before_ns = akt_now_ns(self) + delay);

    STRESS_CHECK(err == AKT_OK || err == AKT_EDEAD, "send after: %s",
                 akt_err_name(err));
}

/* A few of all that can be done; at least one timer stays armed. */
static void
operate(akt_self *self, struct sleeper *s)
{
    uint32_t n = 1 + stress_below(&s->random, 3);

    while (n-- > 0 && s->left > 0) {
        uint32_t place = stress_below(&s->random, TIMERS);

        s->left--;
        if (stress_below(&s->random, 8) == 0) {
            send_later(self, s);
        } else if (s->alarm[place].number == 0) {
            arm(self, s, place);
        } else {
            cancel(self, s, place);
        }
    }
    if (s->left == 0) {
        akt_stop_self(self);
        return;
    }
    if (s->alarm[0].number == 0) {
        arm(self, s, 0);
    }
}

static akt_err
on_ring(akt_self *self, struct sleeper *s, const struct ring *m)
{
    struct alarm *a = &s->alarm[m->place];
    uint64_t now = akt_now_ns(self);

    STRESS_CHECK(a->number == m->number,
                 "timer %u came after its cancellation (now %u)", m->number,
                 a->number);
    STRESS_CHECK(now >= a->next_ns, "timer %u is %" PRIu64 " ns early",
                 m->number, a->next_ns - now);
    atomic_fetch_add_explicit(&run.rung, 1, memory_order_relaxed);
    if (a->every_ns == 0) {
        STRESS_CHECK(akt_timer_cancel(self, a->timer) == AKT_EENDED,
                     "cancelled while it is handled");
        a->number = 0;
    } else {
        a->next_ns += a->every_ns;
    }
    operate(self, s);
    return AKT_OK;
}

static akt_err
on_later(akt_self *self, struct sleeper *s, const struct later *m)
{
    STRESS_CHECK(akt_now_ns(self) >= m->not_before_ns, "sent too early");
    atomic_fetch_add_explicit(&run.later, 1, memory_order_relaxed);
    operate(self, s);
    return AKT_OK;
}

static akt_err
on_start(akt_self *self, struct sleeper *s)
{
    akt_ref ref = akt_self_ref(self);

    atomic_store_explicit(&run.ref[s->place],
                          (uint64_t)ref.slot << 32 | ref.generation,
                          memory_order_release);
    arm(self, s, 0);
    return AKT_OK;
}

static void on_exit_sleeper(akt_self *self, struct sleeper *s,
                            const akt_exit *reason);

AKT_CLASS(sleeper, struct sleeper, AKT_ON_START(on_start),
          AKT_ON_EXIT(on_exit_sleeper), AKT_ON(ring, on_ring),
          AKT_ON(later, on_later), AKT_MAILBOX(4, AKT_FAIL));

/* Who was killed is replaced, and goes on. */
static void
on_exit_sleeper(akt_self *self, struct sleeper *s, const akt_exit *reason)
{
    akt_ref ref;

    if (reason->kind == AKT_EXIT_KILLED && s->left > 0) {
        STRESS_OK(akt_spawn(self, sleeper, &ref, .place = s->place,
                            .left = s->left,
                            .random = {stress_next(&s->random)}));
        return;
    }
    STRESS_CHECK(reason->kind == AKT_EXIT_STOPPED
                     || reason->kind == AKT_EXIT_KILLED,
                 "ended by %d", (int)reason->kind);
    stress_gate_add(&run.done, 1);
}

static void *
killer(void *arg)
{
    struct stress_random random = {stress_seed() ^ 0xdead};
    akt_self *self;
    uint32_t i;

    (void)arg;
    STRESS_OK(akt_attach(run.system, &self));
    for (i = 0; i < run.operations / 50; i++) {
        uint64_t n = atomic_load_explicit(&run.rung, memory_order_relaxed);

        akt_ignore(akt_kill(self, some_sleeper(&random)));
        /* By the work done; with nobody left to work, to the end. */
        while (atomic_load_explicit(&run.rung, memory_order_relaxed) < n + 40
               && akt_ref_is_alive(self, some_sleeper(&random))) {
        }
    }
    akt_detach(self);
    return NULL;
}

static void
ring_all(uint32_t workers)
{
    struct stress_memory memory;
    akt_system_opts opts;
    pthread_t thread;
    akt_self *self;
    uint32_t i;

    memset(&run, 0, sizeof(run));
    stress_memory_init(&memory);
    stress_gate_init(&run.done);
    run.operations = stress_scale(120000);
    opts = stress_opts(workers, &memory);
    stress_phase("%u workers: timers", workers);
    STRESS_OK(akt_system_start(&opts, &run.system));
    STRESS_OK(akt_attach(run.system, &self));
    for (i = 0; i < ACTORS; i++) {
        akt_ref ref;

        STRESS_OK(akt_spawn(self, sleeper, &ref, .place = i,
                            .left = run.operations,
                            .random = {stress_seed() + i}));
        run.system_id = ref.system;
    }
    stress_thread_start(&thread, killer, NULL);
    stress_gate_wait(&run.done, ACTORS);
    stress_thread_join(thread);
    akt_detach(self);
    stress_phase("%u workers: stop", workers);
    stress_stop(run.system, 0, NULL);
    stress_memory_check(&memory);
    print_message("%u workers: %" PRIu64 " started, %" PRIu64 " rung, %" PRIu64
                  " cancelled, %" PRIu64 " sent later\n",
                  workers, atomic_load(&run.started), atomic_load(&run.rung),
                  atomic_load(&run.cancelled), atomic_load(&run.later));
    stress_figure(13,
                  atomic_load(&run.started) + atomic_load(&run.rung)
                      + atomic_load(&run.cancelled) + atomic_load(&run.later),
                  "timer operations");
    stress_gate_fini(&run.done);
    stress_end();
}

static void
test_timers_are_not_early_and_end_by_cancel(void **state)
{
    uint32_t i;

    (void)state;
    for (i = 0; i < STRESS_WORKER_RUNS; i++) {
        ring_all(stress_workers(i));
    }
}

/* --- gathering --- */

#define SPREAD_NS AKT_US(50)
#define SPREAD_TIMERS 4000u

struct crowd {
    uint32_t rung;
};
AKT_SIGNAL(tick);
AKT_SIGNAL(start);

static akt_err
on_tick(akt_self *self, struct crowd *c, const struct tick *m)
{
    (void)self;
    (void)m;
    if (++c->rung == SPREAD_TIMERS) {
        stress_gate_add(&run.done, 1);
    }
    return AKT_OK;
}

/* One every 50 us, from 20 ms on. */
static akt_err
on_start_crowd(akt_self *self, struct crowd *c, const struct start *m)
{
    uint32_t i;

    (void)c;
    (void)m;
    for (i = 0; i < SPREAD_TIMERS; i++) {
        AKT_TRY(
            akt_timer_start(self, AKT_MS(20) + i * SPREAD_NS, 0, NULL, tick));
    }
    return AKT_OK;
}
AKT_CLASS(crowd, struct crowd, AKT_ON(tick, on_tick),
          AKT_ON(start, on_start_crowd));

/* 200 ms of timers cost at most 400 sleeps, and some around that. */
static void
test_timers_close_together_share_sleeps(void **state)
{
    akt_system_opts opts = stress_opts(1, NULL);
    akt_sched_stats before;
    akt_sched_stats after;
    akt_self *self;
    akt_ref ref;

    (void)state;
    memset(&run, 0, sizeof(run));
    stress_gate_init(&run.done);
    stress_phase("gathering");
    STRESS_OK(akt_system_start(&opts, &run.system));
    STRESS_OK(akt_attach(run.system, &self));
    STRESS_OK(akt_spawn(self, crowd, &ref));
    akt_system_stats(run.system, &before);
    STRESS_OK(akt_send(self, ref, start));
    stress_gate_wait(&run.done, 1);
    akt_system_stats(run.system, &after);
    print_message("%u timers, %" PRIu64 " sleeps\n", SPREAD_TIMERS,
                  after.parks - before.parks);
    STRESS_CHECK(after.parks - before.parks < 600, "too many sleeps");
    akt_detach(self);
    stress_stop(run.system, 0, NULL);
    stress_gate_fini(&run.done);
    stress_end();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_timers_are_not_early_and_end_by_cancel),
        cmocka_unit_test(test_timers_close_together_share_sleeps),
    };

    stress_begin("timer_stress");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
