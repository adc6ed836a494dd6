/* SPDX-License-Identifier: MIT */
/*
 * What tasks share, by tasks, actors' workers and plain threads at once, while
 * tasks are cancelled, time runs out and owners end.
 *
 *  - semaphore: never more permits in use than there are, and all of them are
 *    there at the end;
 *  - notification: whatever was announced is seen;
 *  - barrier: when it opens all parties have come, and each round has one leader;
 *  - watch: values only grow, and everybody has seen the last one;
 *  - broadcast: received and lost are together what was sent;
 *  - objects whose owners end: a call answers by what it did, or that it is closed.
 */
#include "akt/akt.h"
#include "tests/support/stress.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define THREADS 2
#define TASKS 6
#define PERMITS 5
#define PARTIES (THREADS + TASKS)

/* Relaxed all over: the objects order what they count. */
#define ADD(to, n) atomic_fetch_add_explicit((to), (n), memory_order_relaxed)
#define GET(of) atomic_load_explicit((of), memory_order_relaxed)
#define SET(of, n) atomic_store_explicit((of), (n), memory_order_relaxed)

#define VALUE(F) F(u64, n) F(u64, twice)
AKT_MESSAGE(value, VALUE);
#define TICK(F) F(u32, sender) F(u64, n)
AKT_MESSAGE(tick, TICK);

typedef akt_err work_fn(akt_self *self, uint32_t number);

static struct {
    akt_system *system;
    uint32_t quota;
    akt_semaphore semaphore;
    akt_notify notify;
    akt_barrier barrier;
    akt_watch_tx watch;
    akt_watch_rx watch_rx[PARTIES];
    akt_broadcast_tx broadcast;
    akt_broadcast_rx broadcast_rx[PARTIES];
    _Atomic uint32_t in_use;
    _Atomic uint64_t acquired;
    _Atomic uint64_t ready;
    _Atomic uint64_t seen;
    _Atomic uint64_t given_up;
    _Atomic uint32_t *came; /* of each round */
    _Atomic uint32_t *leaders;
    _Atomic uint64_t received;
    _Atomic uint64_t lost;
    _Atomic uint64_t words[4]; /* names that change: see objects_end */
} run;

/* --- workers of both sorts --- */

struct work {
    work_fn *fn;
    uint32_t number;
};

static akt_err
working(akt_self *self, struct work *w)
{
    return w->fn(self, w->number);
}
AKT_TASK(working, struct work);

static void *
working_thread(void *arg)
{
    struct work *w = arg;
    akt_self *self;

    STRESS_OK(akt_attach(run.system, &self));
    STRESS_OK(w->fn(self, w->number));
    akt_detach(self);
    return NULL;
}

/* Threads and tasks, each with a number, do it to the end. */
static void
all_do(akt_self *me, work_fn *fn)
{
    struct work work[THREADS];
    pthread_t thread[THREADS];
    akt_task task[TASKS];
    uint32_t i;

    for (i = 0; i < TASKS; i++) {
        STRESS_OK(akt_task_spawn(me, working, &task[i], .fn = fn,
                                 .number = THREADS + i));
    }
    for (i = 0; i < THREADS; i++) {
        work[i] = (struct work){fn, i};
        stress_thread_start(&thread[i], working_thread, &work[i]);
    }
    for (i = 0; i < THREADS; i++) {
        stress_thread_join(thread[i]);
    }
    for (i = 0; i < TASKS; i++) {
        STRESS_OK(akt_join(me, task[i]));
    }
}

static struct stress_random
random_of(uint32_t number)
{
    return (struct stress_random){stress_seed() * 1000 + number};
}

/* Mostly for ever, at times hardly at all. */
static uint64_t
patience(struct stress_random *r)
{
    return stress_below(r, 3) != 0 ? AKT_NEVER : stress_below(r, 20000);
}

/* Tasks that are cancelled soon, again and again. */
static void
cancel_some(akt_self *self, work_fn *fn, uint32_t times)
{
    struct stress_random random = random_of(999);
    uint32_t i;

    for (i = 0; i < times; i++) {
        akt_task task;
        akt_err err;

        STRESS_OK(
            akt_task_spawn(self, working, &task, .fn = fn, .number = 1000 + i));
        if (stress_below(&random, 2) == 0) {
            STRESS_OK(akt_sleep(self, stress_below(&random, 30000)));
        }
        akt_ignore(akt_task_cancel(self, task));
        err = akt_join(self, task);
        STRESS_CHECK(err == AKT_OK || err == AKT_ECANCELLED, "%s",
                     akt_err_name(err));
    }
}

/* --- semaphore --- */

static akt_err
hold(akt_self *self, struct stress_random *r, uint32_t n)
{
    uint32_t used = ADD(&run.in_use, n) + n;

    STRESS_CHECK(used <= PERMITS, "%u permits are in use", used);
    ADD(&run.acquired, n);
    if (stress_below(r, 8) == 0) {
        akt_ignore(akt_task_yield(self));
    }
    ADD(&run.in_use, 0u - n);
    return akt_semaphore_release(self, run.semaphore, n);
}

static akt_err
use_permits(akt_self *self, uint32_t number)
{
    struct stress_random r = random_of(number);
    uint32_t i;

    for (i = 0; i < run.quota; i++) {
        uint32_t n = 1 + stress_below(&r, PERMITS);
        akt_err err =
            akt_semaphore_acquire_within(self, patience(&r), run.semaphore, n);

        if (err == AKT_ECANCELLED) {
            return err;
        }
        STRESS_CHECK(err == AKT_OK || err == AKT_ETIMEOUT, "%s",
                     akt_err_name(err));
        if (err == AKT_OK) {
            AKT_TRY(hold(self, &r, n));
        } else {
            ADD(&run.given_up, 1);
        }
        if (number == 0 && i % 16 == 0) {
            cancel_some(self, use_permits, 1);
        }
    }
    return AKT_OK;
}

static void
permits(akt_self *me)
{
    STRESS_OK(akt_semaphore_open(me, PERMITS, &run.semaphore));
    all_do(me, use_permits);
    STRESS_CHECK(akt_semaphore_available(me, run.semaphore) == PERMITS,
                 "%u permits of %u are left",
                 akt_semaphore_available(me, run.semaphore), PERMITS);
    STRESS_OK(akt_semaphore_close(me, run.semaphore));
    print_message("%" PRIu64 " permits used, given up %" PRIu64 " times\n",
                  GET(&run.acquired), GET(&run.given_up));
}

/* --- notification --- */

static akt_err
take_ready(akt_self *self, uint32_t number)
{
    struct stress_random r = random_of(number);

    for (;;) {
        akt_err err = akt_notify_wait_within(self, patience(&r), run.notify);

        if (err == AKT_ECLOSED || err == AKT_ECANCELLED) {
            return AKT_OK;
        }
        STRESS_CHECK(err == AKT_OK || err == AKT_ETIMEOUT, "%s",
                     akt_err_name(err));
        if (err == AKT_OK) {
            /* acq_rel: who announces reads what was taken. */
            ADD(&run.seen,
                atomic_exchange_explicit(&run.ready, 0, memory_order_acq_rel));
        }
    }
}

/* The threads announce; the tasks look. Waits until all was seen. */
static akt_err
announce(akt_self *self, uint32_t number)
{
    struct stress_random r = random_of(number);
    uint32_t i;

    if (number >= THREADS) {
        return take_ready(self, number);
    }
    for (i = 0; i < run.quota; i++) {
        ADD(&run.ready, 1);
        STRESS_OK(akt_notify_one(self, run.notify));
        if (stress_below(&r, 64) == 0) {
            cancel_some(self, take_ready, 1);
        }
    }
    while (GET(&run.ready) != 0) {
        STRESS_OK(akt_sleep(self, AKT_US(100)));
    }
    return AKT_OK;
}

static void *
close_when_seen(void *arg)
{
    uint64_t all = (uint64_t)THREADS * run.quota;
    akt_self *self;

    STRESS_OK(akt_attach(run.system, &self));
    STRESS_OK(akt_notify_open(self, &run.notify));
    stress_gate_add(arg, 1);
    while (GET(&run.seen) < all) {
        STRESS_OK(akt_sleep(self, AKT_US(100)));
    }
    STRESS_OK(akt_notify_close(self, run.notify));
    akt_detach(self);
    return NULL;
}

static void
notifications(akt_self *me)
{
    struct stress_gate open;
    pthread_t closer;

    stress_gate_init(&open);
    stress_thread_start(&closer, close_when_seen, &open);
    stress_gate_wait(&open, 1);
    all_do(me, announce);
    stress_thread_join(closer);
    stress_gate_fini(&open);
    STRESS_CHECK(GET(&run.seen) == (uint64_t)THREADS * run.quota,
                 "%" PRIu64 " were seen", GET(&run.seen));
}

/* --- barrier --- */

static akt_err
come(akt_self *self, uint32_t number)
{
    struct stress_random r = random_of(number);
    uint32_t round;

    for (round = 0; round < run.quota / 4; round++) {
        akt_err err = AKT_ETIMEOUT;
        bool leader = false;

        ADD(&run.came[round], 1);
        while (err == AKT_ETIMEOUT) {
            err = akt_barrier_wait_within(self, patience(&r), run.barrier,
                                          &leader);
        }
        STRESS_OK(err);
        STRESS_CHECK(GET(&run.came[round]) == PARTIES, "round %u: %u came",
                     round, GET(&run.came[round]));
        ADD(&run.leaders[round], leader);
    }
    return AKT_OK;
}

static void
rounds(akt_self *me)
{
    uint32_t n = run.quota / 4;
    uint32_t round;

    run.came = test_calloc(n + 1, sizeof(*run.came));
    run.leaders = test_calloc(n + 1, sizeof(*run.leaders));
    STRESS_OK(akt_barrier_open(me, PARTIES, &run.barrier));
    all_do(me, come);
    for (round = 0; round < n; round++) {
        STRESS_CHECK(GET(&run.leaders[round]) == 1, "round %u: %u leaders",
                     round, GET(&run.leaders[round]));
    }
    STRESS_OK(akt_barrier_close(me, run.barrier));
    test_free(run.came);
    test_free(run.leaders);
}

/* --- watch --- */

static akt_err
follow(akt_self *self, uint32_t number)
{
    struct stress_random r = random_of(number);
    struct value v = {.n = 0};
    uint64_t last = 0;

    for (;;) {
        akt_err err =
            akt_watch_changed_within(self, patience(&r), run.watch_rx[number]);

        if (err == AKT_ECLOSED) {
            STRESS_CHECK(last == run.quota, "the last one seen is %" PRIu64,
                         last);
            return AKT_OK;
        }
        STRESS_CHECK(err == AKT_OK || err == AKT_ETIMEOUT, "%s",
                     akt_err_name(err));
        STRESS_OK(akt_watch_borrow(self, run.watch_rx[number], value, &v));
        STRESS_CHECK(v.n >= last && v.twice == 2 * v.n,
                     "%" PRIu64 " after %" PRIu64, v.n, last);
        last = v.n;
    }
}

static void *
publish(void *arg)
{
    akt_self *self;
    uint32_t i;

    STRESS_OK(akt_attach(run.system, &self));
    STRESS_OK(akt_watch_open(self, value, &run.watch, .n = 0));
    stress_gate_add(arg, 1);
    stress_gate_wait(arg, 2);
    for (i = 1; i <= run.quota; i++) {
        STRESS_OK(akt_watch_send(self, run.watch, value, .n = i,
                                 .twice = 2 * (uint64_t)i));
    }
    akt_detach(self); /* the sender is closed by that */
    return NULL;
}

static void
latest(akt_self *me)
{
    struct stress_gate open;
    pthread_t publisher;
    uint32_t i;

    stress_gate_init(&open);
    stress_thread_start(&publisher, publish, &open);
    stress_gate_wait(&open, 1);
    for (i = 0; i < PARTIES; i++) {
        STRESS_OK(akt_watch_subscribe(me, run.watch, &run.watch_rx[i]));
    }
    stress_gate_add(&open, 1);
    all_do(me, follow);
    stress_thread_join(publisher);
    stress_gate_fini(&open);
}

/* --- broadcast --- */

#define SENDERS 2

static akt_err
listen(akt_self *self, uint32_t number)
{
    struct stress_random r = random_of(number);
    uint64_t next[SENDERS] = {0};
    uint64_t got = 0;
    uint64_t lost = 0;
    akt_err err = AKT_OK;

    while (err != AKT_ECLOSED) {
        struct tick t = {.sender = 0};
        uint64_t more = 0;

        err = akt_broadcast_recv_within(
            self, patience(&r), run.broadcast_rx[number], tick, &t, &more);
        if (err == AKT_OK) {
            STRESS_CHECK(t.sender < SENDERS && t.n >= next[t.sender],
                         "%" PRIu64 " comes after %" PRIu64, t.n,
                         next[t.sender]);
            next[t.sender] = t.n + 1;
            got++;
        }
        STRESS_CHECK(err == AKT_OK || err == AKT_ELAGGED || err == AKT_ETIMEOUT
                         || err == AKT_ECLOSED,
                     "%s", akt_err_name(err));
        lost += more;
    }
    STRESS_CHECK(got + lost == (uint64_t)SENDERS * run.quota,
                 "%" PRIu64 " received and %" PRIu64 " lost", got, lost);
    ADD(&run.received, got);
    ADD(&run.lost, lost);
    return AKT_OK;
}

/* A task, which owns its sender. */
static akt_err
tell(akt_self *self, uint32_t number)
{
    akt_broadcast_tx tx;
    uint32_t i;

    STRESS_OK(akt_broadcast_tx_clone(self, run.broadcast, &tx));
    for (i = 0; i < run.quota; i++) {
        STRESS_OK(akt_broadcast_send(self, tx, tick, .sender = number, .n = i));
        if (i % 8 == 0) {
            STRESS_OK(akt_task_yield(self));
        }
    }
    return AKT_OK;
}

static void *
close_after_senders(void *arg)
{
    akt_task task[SENDERS];
    akt_self *self;
    uint32_t i;

    STRESS_OK(akt_attach(run.system, &self));
    STRESS_OK(akt_broadcast_open(self, tick, 16, &run.broadcast));
    stress_gate_add(arg, 1);
    stress_gate_wait(arg, 2);
    for (i = 0; i < SENDERS; i++) {
        STRESS_OK(
            akt_task_spawn(self, working, &task[i], .fn = tell, .number = i));
    }
    for (i = 0; i < SENDERS; i++) {
        STRESS_OK(akt_join(self, task[i]));
    }
    akt_detach(self);
    return NULL;
}

static void
to_all(akt_self *me)
{
    struct stress_gate open;
    pthread_t closer;
    uint32_t i;

    stress_gate_init(&open);
    stress_thread_start(&closer, close_after_senders, &open);
    stress_gate_wait(&open, 1);
    for (i = 0; i < PARTIES; i++) {
        STRESS_OK(
            akt_broadcast_subscribe(me, run.broadcast, &run.broadcast_rx[i]));
    }
    stress_gate_add(&open, 1);
    all_do(me, listen);
    stress_thread_join(closer);
    stress_gate_fini(&open);
    print_message("%" PRIu64 " received, %" PRIu64 " lost\n",
                  GET(&run.received), GET(&run.lost));
}

/* --- owners end --- */

/* The name of a semaphore, in two words; the second is written last. */
static void
put_name(akt_semaphore s)
{
    SET(&run.words[0], 0);
    SET(&run.words[1], (uint64_t)(uintptr_t)s.cell);
    /* release: the pointer; pairs: get_name */
    atomic_store_explicit(&run.words[0], s.generation, memory_order_release);
}

/* A name that was or is one, perhaps with the generation of another. */
static akt_semaphore
get_name(void)
{
    akt_semaphore s;

    /* acquire: pairs: put_name */
    s.generation =
        (uint32_t)atomic_load_explicit(&run.words[0], memory_order_acquire);
    s.cell = (void *)(uintptr_t)GET(&run.words[1]);
    return s;
}

static akt_err
own_for_a_while(akt_self *self, uint32_t number)
{
    struct stress_random r = random_of(number);
    akt_semaphore s;

    STRESS_OK(akt_semaphore_open(self, 1, &s));
    put_name(s);
    if (stress_below(&r, 2) == 0) {
        akt_ignore(akt_sleep(self, stress_below(&r, 20000)));
    }
    if (stress_below(&r, 2) == 0) {
        STRESS_OK(akt_semaphore_close(self, s));
    }
    return AKT_OK;
}

static akt_err
use_names(akt_self *self, uint32_t number)
{
    struct stress_random r = random_of(number);
    uint32_t i;

    for (i = 0; i < run.quota; i++) {
        akt_semaphore s = get_name();
        akt_err err;

        if (number == 0) {
            cancel_some(self, own_for_a_while, 1);
            continue;
        }
        err = akt_semaphore_acquire_within(self, stress_below(&r, 50000), s, 1);
        if (err == AKT_OK) {
            err = akt_semaphore_release(self, s, 1);
        }
        STRESS_CHECK(err == AKT_OK || err == AKT_ETIMEOUT || err == AKT_ECLOSED,
                     "%s", akt_err_name(err));
    }
    return AKT_OK;
}

/* --- the whole --- */

static void
share(uint32_t workers)
{
    struct stress_memory memory;
    akt_system_opts opts;
    akt_self *me;

    memset(&run, 0, sizeof(run));
    stress_memory_init(&memory);
    run.quota = stress_scale(8000);
    opts = stress_opts(workers, &memory);
    STRESS_OK(akt_system_start(&opts, &run.system));
    STRESS_OK(akt_attach(run.system, &me));
    stress_phase("%u workers: permits", workers);
    permits(me);
    stress_figure(4, run.quota, "permits waited for, by each");
    stress_phase("%u workers: notifications", workers);
    notifications(me);
    stress_phase("%u workers: rounds of a barrier", workers);
    rounds(me);
    stress_phase("%u workers: the latest value", workers);
    latest(me);
    stress_phase("%u workers: to all", workers);
    to_all(me);
    stress_phase("%u workers: owners end", workers);
    all_do(me, use_names);
    akt_detach(me);
    stress_phase("%u workers: stop", workers);
    stress_stop(run.system, AKT_SECONDS(10), NULL);
    stress_memory_check(&memory);
    stress_end();
}

static void
test_shared_objects_lose_nothing(void **state)
{
    uint32_t i;

    (void)state;
    for (i = 0; i < STRESS_WORKER_RUNS; i++) {
        share(stress_workers(i));
    }
}

/* --- the stop --- */

static void *
wait_for_ever(void *arg)
{
    akt_semaphore s;
    akt_self *self;
    akt_err err;

    STRESS_OK(akt_attach(run.system, &self));
    STRESS_OK(akt_semaphore_open(self, 0, &s));
    stress_gate_add(arg, 1);
    err = akt_semaphore_acquire(self, s, 1);
    STRESS_CHECK(err == AKT_ESTOPPED, "%s", akt_err_name(err));
    STRESS_OK(akt_semaphore_release(self, s, 1));
    STRESS_OK(akt_semaphore_acquire(self, s, 1));
    akt_detach(self);
    return NULL;
}

static void
test_a_stop_tells_threads_that_wait_for_ever(void **state)
{
    akt_system_opts opts = stress_opts(1, NULL);
    struct stress_gate waits;
    pthread_t thread;
    uint32_t i;

    (void)state;
    memset(&run, 0, sizeof(run));
    for (i = 0; i < stress_scale(160); i++) {
        stress_phase("stop %u", i);
        stress_gate_init(&waits);
        STRESS_OK(akt_system_start(&opts, &run.system));
        stress_thread_start(&thread, wait_for_ever, &waits);
        stress_gate_wait(&waits, 1);
        STRESS_OK(akt_system_stop(run.system, 0));
        stress_thread_join(thread);
        stress_stop(run.system, 0, NULL);
        stress_gate_fini(&waits);
        stress_end();
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shared_objects_lose_nothing),
        cmocka_unit_test(test_a_stop_tells_threads_that_wait_for_ever),
    };

    stress_begin("sync_stress");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
