/* SPDX-License-Identifier: MIT */
/*
 * A promise ends exactly once. Askers keep some requests open at answerers that
 * reply, fail, drop, keep for later, hand on, end, or say nothing until the
 * deadline; answerers and askers are killed meanwhile, and requests cancelled
 * and dropped. Plain threads ask and wait as well.
 *
 *  - each request has a number; its continuation runs once, with the reply to
 *    that number, and never after it was dropped;
 *  - an asker that lives hears of every request that it did not drop;
 *  - the account: asked is the sum of the outcomes, none is open at the end.
 */
#include "akt/akt.h"
#include "tests/support/stress.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ANSWERERS 12
#define ASKERS 10
#define THREADS 2
#define WIDTH 8 /* open requests of an asker */
#define KEPT 4  /* promises that an answerer keeps */
#define RECORDS (1u << 21)

#define GIVEN(F) F(u32, number)
AKT_MESSAGE(given, GIVEN);
#define WANT(F) F(u32, number) F(u32, hops)
AKT_REQUEST(want, WANT, given);
AKT_SIGNAL(go);
AKT_SIGNAL(tidy);

enum record {
    ASKED = 1,
    ENDED,
    DROPPED
};

static struct {
    akt_system *system;
    _Atomic uint64_t answerer[ANSWERERS]; /* slot and generation */
    _Atomic uint32_t system_id;
    struct stress_gate askers; /* have done their part */
    _Atomic uint32_t records;
    _Atomic uint64_t asked;
    _Atomic uint64_t ended;
    _Atomic uint64_t dropped;
    _Atomic uint64_t orphans; /* open when their asker was killed */
    _Atomic uint64_t by_outcome[AKT_BROKEN + 1];
    _Atomic uint32_t stopping;
    uint32_t quota; /* of each asker */
    uint32_t thread_quota;
} run;

static _Atomic uint8_t records[RECORDS];

static uint32_t
new_record(void)
{
    uint32_t n =
        atomic_fetch_add_explicit(&run.records, 1, memory_order_relaxed);

    STRESS_CHECK(n < RECORDS, "too few records");
    return n;
}

static void
end_record(uint32_t n, enum record to)
{
    uint8_t was = atomic_exchange_explicit(&records[n], (uint8_t)to,
                                           memory_order_relaxed);

    STRESS_CHECK(was == ASKED, "request %u ends as %d after %d", n, to, was);
    atomic_fetch_add_explicit(to == ENDED ? &run.ended : &run.dropped, 1,
                              memory_order_relaxed);
}

static akt_ref
answerer_at(uint32_t place)
{
    uint64_t word =
        atomic_load_explicit(&run.answerer[place], memory_order_acquire);

    return (akt_ref){(uint32_t)(word >> 32), (uint32_t)word, run.system_id, 0};
}

static void
put_answerer(uint32_t place, akt_ref ref)
{
    atomic_store_explicit(&run.answerer[place],
                          (uint64_t)ref.slot << 32 | ref.generation,
                          memory_order_release);
}

/* --- those who answer --- */

typedef akt_promise_of(want) want_promise;

struct answerer {
    struct stress_random random;
    want_promise kept[KEPT];
    uint32_t number[KEPT];
    akt_timer timer;
    uint32_t place;
};

/* One that was kept is ended in one of the possible ways. */
static void
resolve(akt_self *self, struct answerer *a, uint32_t i)
{
    want_promise *p = &a->kept[i];
    akt_err err = AKT_OK;

    switch (stress_below(&a->random, 8)) {
    case 0:
        err = akt_promise_fail(self, &p->promise, AKT_EUSER, "no");
        break;
    case 1:
        akt_promise_drop(self, &p->promise);
        break;
    case 2:
        err = akt_promise_forward(
            self, &p->promise,
            answerer_at(stress_below(&a->random, ANSWERERS)));
        if (err != AKT_OK) {
            akt_promise_drop(self, &p->promise);
            err = AKT_OK;
        }
        break;
    default:
        err = akt_promise_reply(self, p, .number = a->number[i]);
        break;
    }
    STRESS_CHECK(err == AKT_OK, "ending a kept promise: %s", akt_err_name(err));
    STRESS_CHECK(p->promise.generation == 0, "the promise is not empty");
}

static akt_err
keep(akt_self *self, struct answerer *a, const struct want *m)
{
    uint32_t i = stress_below(&a->random, KEPT);

    if (a->kept[i].promise.generation != 0) {
        resolve(self, a, i);
    }
    a->number[i] = m->number;
    STRESS_OK(akt_keep(self, m, &a->kept[i]));
    STRESS_CHECK(akt_reply(self, m, .number = 0) == AKT_EENDED,
                 "a kept request was answered");
    return AKT_OK;
}

static akt_err
hand_on(akt_self *self, struct answerer *a, const struct want *m)
{
    akt_ref to = answerer_at(stress_below(&a->random, ANSWERERS));
    akt_err err = akt_forward(self, to);

    if (err == AKT_OK) {
        return AKT_OK;
    }
    return akt_reply(self, m, .number = m->number);
}

static akt_err
on_want(akt_self *self, struct answerer *a, const struct want *m)
{
    switch (stress_below(&a->random, 64)) {
    case 0:
        return AKT_EUSER;
    case 1:
        akt_stop_self(self);
        return AKT_OK;
    case 2:
    case 3:
        return AKT_OK; /* dropped */
    case 4:
    case 5:
        return akt_reply_error(self, AKT_EUSER, "will not");
    default:
        break;
    }
    if (stress_below(&a->random, 4) == 0) {
        return keep(self, a, m);
    }
    if (stress_below(&a->random, 4) == 0) {
        return hand_on(self, a, m);
    }
    STRESS_OK(akt_reply(self, m, .number = m->number));
    if (stress_below(&a->random, 16) == 0) {
        STRESS_CHECK(akt_reply(self, m, .number = 0) == AKT_EENDED,
                     "answered twice");
    }
    return AKT_OK;
}

/* Kept promises do not wait for the next request. */
static akt_err
on_tidy(akt_self *self, struct answerer *a, const struct tidy *m)
{
    uint32_t i = stress_below(&a->random, KEPT);

    (void)m;
    if (a->kept[i].promise.generation != 0) {
        resolve(self, a, i);
    }
    return AKT_OK;
}

static void spawn_answerer(akt_self *self, struct stress_random *random,
                           uint32_t place);

/* Somebody else takes its place. */
static void
answerer_on_exit(akt_self *self, struct answerer *a, const akt_exit *reason)
{
    if (reason->kind != AKT_EXIT_SHUTDOWN) {
        spawn_answerer(self, &a->random, a->place);
    }
}

static akt_err
answerer_on_start(akt_self *self, struct answerer *a)
{
    return akt_timer_start(self, AKT_US(200), AKT_US(200), &a->timer, tidy);
}

AKT_CLASS(answerer, struct answerer, AKT_ON_START(answerer_on_start),
          AKT_ON_EXIT(answerer_on_exit), AKT_ON(want, on_want),
          AKT_ON(tidy, on_tidy), AKT_MAILBOX(16, AKT_AWAIT));

static akt_class answerers[4];

static void
make_answerers(void)
{
    static const akt_overflow overflow[] = {AKT_AWAIT, AKT_FAIL,
                                            AKT_DROP_NEWEST, AKT_DROP_OLDEST};
    uint32_t i;

    for (i = 0; i < 4; i++) {
        answerers[i] = answerer_class;
        answerers[i].mailbox.overflow = overflow[i];
    }
}

static void
spawn_answerer(akt_self *self, struct stress_random *random, uint32_t place)
{
    struct answerer state = {.random = {stress_next(random)}, .place = place};
    akt_ref ref;
    akt_err err =
        akti_spawn(self, &answerers[stress_below(random, 4)], &ref, &state);

    if (err == AKT_OK) {
        put_answerer(place, ref);
    } else {
        STRESS_CHECK(err == AKT_ESTOPPED, "spawn: %s", akt_err_name(err));
    }
}

/* --- actors that ask --- */

struct asker {
    struct stress_random random;
    uint32_t left; /* requests still to make */
    uint32_t open; /* whose continuation is to come */
    bool going;    /* a `go` is on its way */
};

static uint64_t
some_timeout(struct stress_random *random)
{
    switch (stress_below(random, 4)) {
    case 0:
        return AKT_US(1 + stress_below(random, 300));
    case 1:
        return AKT_MS(1 + stress_below(random, 20));
    default:
        return AKT_SECONDS(30);
    }
}

static akt_err on_given(akt_self *self, struct asker *a,
                        const akt_answer *answer, const struct given *given);
AKT_THEN(on_given, struct asker, want);

static void
ask_once(akt_self *self, struct asker *a)
{
    uint32_t n = new_record();
    akt_future f;
    akt_err err;

    atomic_store_explicit(&records[n], ASKED, memory_order_relaxed);
    err = akt_ask_within(self, some_timeout(&a->random),
                         answerer_at(stress_below(&a->random, ANSWERERS)), &f,
                         want, .number = n);
    if (err != AKT_OK) {
        return;
    }
    atomic_fetch_add_explicit(&run.asked, 1, memory_order_relaxed);
    a->left--;
    a->open++;
    if (stress_below(&a->random, 16) == 0) {
        akt_future_drop(self, f);
        end_record(n, DROPPED);
        a->open--;
        return;
    }
    STRESS_OK(akti_then(self, f, &on_given_akt_then, (void *)(uintptr_t)n));
    STRESS_CHECK(akti_then(self, f, &on_given_akt_then, NULL) == AKT_EENDED,
                 "two continuations");
    if (stress_below(&a->random, 16) == 0) {
        akt_err cancelled = akt_cancel(self, f);

        STRESS_CHECK(cancelled == AKT_OK || cancelled == AKT_EENDED,
                     "cancel: %s", akt_err_name(cancelled));
    } else if (stress_below(&a->random, 16) == 0) {
        akt_future_drop(self, f);
        end_record(n, DROPPED);
        a->open--;
    }
}

/* Keeps WIDTH requests open until all have been made. */
static akt_err
ask_on(akt_self *self, struct asker *a)
{
    uint32_t tries = 2 * WIDTH;

    while (a->left > 0 && a->open < WIDTH && tries-- > 0
           && !akt_is_awaiting(self)) {
        ask_once(self, a);
    }
    if (a->left > 0 && a->open == 0 && !a->going) {
        a->going = true;
        return akt_send(self, akt_self_ref(self), go);
    }
    if (a->left == 0 && a->open == 0) {
        akt_stop_self(self);
    }
    return AKT_OK;
}

static void
check_answer(const akt_answer *answer, const struct given *given, uint32_t n)
{
    STRESS_CHECK(answer->outcome >= AKT_REPLIED
                     && answer->outcome <= AKT_BROKEN,
                 "outcome %d", (int)answer->outcome);
    STRESS_CHECK((given != NULL) == (answer->outcome == AKT_REPLIED),
                 "reply and outcome %d", (int)answer->outcome);
    STRESS_CHECK((answer->error == AKT_OK) == (answer->outcome == AKT_REPLIED),
                 "error and outcome %d", (int)answer->outcome);
    STRESS_CHECK(given == NULL || given->number == n,
                 "request %u got the reply to another", n);
    atomic_fetch_add_explicit(&run.by_outcome[answer->outcome], 1,
                              memory_order_relaxed);
}

static akt_err
on_given(akt_self *self, struct asker *a, const akt_answer *answer,
         const struct given *given)
{
    uint32_t n = (uint32_t)(uintptr_t)answer->arg;

    check_answer(answer, given, n);
    end_record(n, ENDED);
    STRESS_CHECK(a->open > 0, "more answers than requests");
    a->open--;
    return ask_on(self, a);
}

static akt_err
on_go(akt_self *self, struct asker *a, const struct go *m)
{
    (void)m;
    a->going = false;
    return ask_on(self, a);
}

static akt_err
asker_on_start(akt_self *self, struct asker *a)
{
    return ask_on(self, a);
}

static akt_err spawn_asker(akt_self *self, uint64_t seed, uint32_t left);

static void
asker_on_exit(akt_self *self, struct asker *a, const akt_exit *reason)
{
    atomic_fetch_add_explicit(&run.orphans, a->open, memory_order_relaxed);
    if (reason->kind == AKT_EXIT_KILLED && a->left > 0
        && spawn_asker(self, stress_next(&a->random), a->left) == AKT_OK) {
        return; /* another one goes on */
    }
    STRESS_CHECK(reason->kind == AKT_EXIT_KILLED
                     || reason->kind == AKT_EXIT_SHUTDOWN
                     || (a->open == 0 && a->left == 0),
                 "an asker ended by %d with %u open, %u left",
                 (int)reason->kind, a->open, a->left);
    stress_gate_add(&run.askers, 1);
}

AKT_CLASS(asker, struct asker, AKT_ON_START(asker_on_start),
          AKT_ON_EXIT(asker_on_exit), AKT_ON(go, on_go));

static _Atomic uint64_t asker_refs[ASKERS];

static akt_err
spawn_asker(akt_self *self, uint64_t seed, uint32_t left)
{
    akt_ref ref;

    AKT_TRY(akt_spawn(self, asker, &ref, .random = {seed}, .left = left));
    atomic_store_explicit(&asker_refs[seed % ASKERS],
                          (uint64_t)ref.slot << 32 | ref.generation,
                          memory_order_release);
    return AKT_OK;
}

/* --- plain threads --- */

static void
wait_for(akt_self *self, akt_future f, uint32_t n)
{
    akt_answer *answer;

    STRESS_OK(akt_wait(self, f, &answer));
    check_answer(answer, akt_answer_as(answer, given), n);
    end_record(n, ENDED);
    akt_answer_free(self, answer);
    STRESS_CHECK(akt_wait(self, f, &answer) == AKT_EENDED, "waited twice");
}

static void
ask_from_thread(akt_self *self, struct stress_random *random)
{
    uint32_t n = new_record();
    akt_future f;

    atomic_store_explicit(&records[n], ASKED, memory_order_relaxed);
    if (akt_ask_within(self, some_timeout(random),
                       answerer_at(stress_below(random, ANSWERERS)), &f, want,
                       .number = n)
        != AKT_OK) {
        return;
    }
    atomic_fetch_add_explicit(&run.asked, 1, memory_order_relaxed);
    if (stress_below(random, 8) == 0) {
        (void)akt_future_poll(self, f);
        akt_ignore(akt_cancel(self, f));
    } else if (stress_below(random, 8) == 0) {
        akt_future_drop(self, f);
        end_record(n, DROPPED);
        return;
    }
    wait_for(self, f, n);
}

static void
kill_some(akt_self *self, struct stress_random *random)
{
    uint32_t place = stress_below(random, ANSWERERS);
    uint32_t asker = stress_below(random, ASKERS);
    uint64_t word =
        atomic_load_explicit(&asker_refs[asker], memory_order_acquire);
    akt_ref victim = {(uint32_t)(word >> 32), (uint32_t)word, run.system_id, 0};

    switch (stress_below(random, 4)) {
    case 0:
        akt_ignore(akt_drain(self, answerer_at(place)));
        break;
    case 1:
        akt_ignore(akt_stop(self, answerer_at(place)));
        break;
    default:
        akt_ignore(akt_kill(self, answerer_at(place)));
        break;
    }
    if (stress_below(random, 4) == 0) {
        akt_ignore(akt_kill(self, victim));
    }
}

static void *
plain_thread(void *arg)
{
    struct stress_random random = {stress_seed() + (uintptr_t)arg};
    akt_self *self;
    uint32_t i;

    STRESS_OK(akt_attach(run.system, &self));
    for (i = 0; i < run.thread_quota; i++) {
        ask_from_thread(self, &random);
        if (i % 8 == 0) {
            kill_some(self, &random);
        }
    }
    akt_detach(self);
    return NULL;
}

/* --- the whole --- */

static void
set_up_run(akt_system_opts *opts, bool cut_off, akt_self **out_self)
{
    struct stress_random random = {stress_seed() ^ opts->workers};
    uint32_t i;

    memset(&run, 0, sizeof(run));
    for (i = 0; i < RECORDS; i++) {
        atomic_init(&records[i], 0);
    }
    stress_gate_init(&run.askers);
    run.quota = stress_scale(30000);
    run.thread_quota = run.quota / (cut_off ? 50 : 2);
    STRESS_OK(akt_system_start(opts, &run.system));
    STRESS_OK(akt_attach(run.system, out_self));
    for (i = 0; i < ANSWERERS; i++) {
        akt_ref ref;
        struct answerer state = {.random = {stress_next(&random)}, .place = i};

        STRESS_OK(akti_spawn(*out_self, &answerers[i % 4], &ref, &state));
        run.system_id = ref.system;
        put_answerer(i, ref);
    }
    for (i = 0; i < ASKERS; i++) {
        STRESS_OK(spawn_asker(*out_self, stress_next(&random), run.quota));
    }
}

static void
check_sums(const akt_counters *c)
{
    uint64_t asked = atomic_load(&run.asked);
    uint64_t ended = atomic_load(&run.ended);
    uint64_t dropped = atomic_load(&run.dropped);
    uint64_t orphans = atomic_load(&run.orphans);

    STRESS_CHECK(asked == c->asked, "asked %" PRIu64 ", counted %" PRIu64,
                 asked, c->asked);
    STRESS_CHECK(asked == ended + dropped + orphans,
                 "asked %" PRIu64 ", ended %" PRIu64 ", dropped %" PRIu64
                 ", orphans %" PRIu64,
                 asked, ended, dropped, orphans);
    STRESS_CHECK(
        atomic_load(&run.by_outcome[AKT_REPLIED]) <= c->replied
            && atomic_load(&run.by_outcome[AKT_FAILED]) <= c->failed
            && atomic_load(&run.by_outcome[AKT_EXPIRED]) <= c->timed_out
            && atomic_load(&run.by_outcome[AKT_CANCELLED]) <= c->cancelled
            && atomic_load(&run.by_outcome[AKT_BROKEN]) <= c->broken,
        "more outcomes heard than counted");
}

static void
race(uint32_t workers, bool cut_off)
{
    struct stress_memory memory;
    akt_system_opts opts;
    akt_counters c;
    pthread_t threads[THREADS];
    akt_self *self;
    uint32_t i;

    stress_memory_init(&memory);
    opts = stress_opts(workers, &memory);
    stress_phase("%u workers: ask", workers);
    set_up_run(&opts, cut_off, &self);
    for (i = 0; i < THREADS; i++) {
        stress_thread_start(&threads[i], plain_thread,
                            (void *)(uintptr_t)(i + 1));
    }
    for (i = 0; i < THREADS; i++) {
        stress_thread_join(threads[i]);
    }
    stress_phase("%u workers: wait for the askers", workers);
    if (!cut_off) {
        stress_gate_wait(&run.askers, ASKERS);
    }
    akt_detach(self);
    stress_phase("%u workers: stop", workers);
    stress_stop(run.system, 0, &c);
    stress_memory_check(&memory);
    if (!cut_off) {
        check_sums(&c);
    }
    print_message("%u workers: asked %" PRIu64 ": replied %" PRIu64
                  " failed %" PRIu64 " expired %" PRIu64 " cancelled %" PRIu64
                  " broken %" PRIu64 "; late %" PRIu64 "\n",
                  workers, c.asked, c.replied, c.failed, c.timed_out,
                  c.cancelled, c.broken, c.late_replies);
    stress_figure(7, c.asked, "requests ended once");
    stress_gate_fini(&run.askers);
    stress_end();
}

static void
test_requests_with_all_endings_end_once(void **state)
{
    uint32_t i;

    (void)state;
    for (i = 0; i < STRESS_WORKER_RUNS; i++) {
        race(stress_workers(i), false);
    }
}

static void
test_requests_cut_off_by_stop_end_once(void **state)
{
    uint32_t i;

    (void)state;
    for (i = 0; i < STRESS_WORKER_RUNS; i++) {
        race(stress_workers(i), true);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests_with_all_endings_end_once),
        cmocka_unit_test(test_requests_cut_off_by_stop_end_once),
    };

    stress_begin("promise_stress");
    make_answerers();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
