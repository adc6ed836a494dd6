/* SPDX-License-Identifier: MIT */
/*
 * Combined futures end once, with threads. Actors and plain threads open oneshots,
 * hand the completers to actors on other workers, which complete, fail or drop
 * them, some twice, some too late; they combine them in every way, with short
 * deadlines, and cancel and drop what they have made.
 *
 *  - the completions that were accepted are never more than the oneshots, and each
 *    oneshot takes one;
 *  - an owner hears of each of its futures that it did not drop, once, with a reply
 *    that belongs to it;
 *  - nothing is left: the account and the memory agree.
 */
#include "akt/akt.h"
#include "tests/support/stress.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define GIVERS 4
#define OWNERS 6
#define THREADS 2
#define PARTS 4

#define GIVEN(F) F(u32, number)
AKT_MESSAGE(given, GIVEN);
AKT_SIGNAL(go);

/* Two hands hold one completer. */
struct order {
    akt_completer completer;
    uint32_t number;
};
AKT_LOCAL_MESSAGE(order);

static struct {
    akt_ref givers[GIVERS];
    struct stress_gate done;
    _Atomic uint64_t opened;
    _Atomic uint64_t accepted;
    _Atomic uint64_t heard;
    uint32_t quota;
} run;

static void
count(_Atomic uint64_t *what)
{
    atomic_fetch_add_explicit(what, 1, memory_order_relaxed);
}

/* --- those who complete --- */

struct giver {
    struct stress_random random;
};

static akt_err
on_order(akt_self *self, struct giver *g, const struct order *m)
{
    akt_err err = AKT_OK;

    switch (stress_below(&g->random, 8)) {
    case 0:
        akt_completer_drop(self, m->completer);
        return AKT_OK;
    case 1:
        err = akt_complete_error(self, m->completer, AKT_EUSER, "no");
        break;
    case 2:
        return AKT_OK; /* the deadline will */
    default:
        err = akt_complete(self, m->completer, given, .number = m->number);
        break;
    }
    STRESS_CHECK(err == AKT_OK || err == AKT_EENDED, "completing: %s",
                 akt_err_name(err));
    if (err == AKT_OK) {
        count(&run.accepted);
    }
    return AKT_OK;
}
AKT_CLASS(giver, struct giver, AKT_ON(order, on_order));

/* --- those who combine --- */

struct batch {
    struct stress_random random;
    uint32_t number; /* of the first part; the others follow */
    uint32_t next;
    uint32_t shape;
};

static akt_err
number_up(akt_self *self, void *arg, const struct given *in, struct given *out)
{
    (void)self;
    (void)arg;
    out->number = in->number + 1000000000u;
    return AKT_OK;
}
AKT_MAP(number_up, given, given);

static akt_err
number_down(akt_self *self, void *arg, const struct given *in, akt_future *next)
{
    (void)arg;
    return akt_future_ready(self, next, given,
                            .number = in->number - 1000000000u);
}
AKT_AND_THEN(number_down, given, given);

static void
open_parts(akt_self *self, struct batch *b, akt_future *parts)
{
    uint32_t i;
    int hand;

    b->number = b->next;
    b->next += PARTS;
    for (i = 0; i < PARTS; i++) {
        uint64_t timeout = AKT_US(200) << stress_below(&b->random, 6);
        struct order order = {.number = b->number + i};

        STRESS_OK(akt_oneshot_open(self, given, timeout, &parts[i],
                                   &order.completer));
        count(&run.opened);
        for (hand = 0; hand < 2; hand++) {
            akt_ref to = run.givers[stress_below(&b->random, GIVERS)];

            akt_ignore(akt_try_send(self, to, order,
                                    .completer = order.completer,
                                    .number = order.number));
        }
    }
    if (stress_below(&b->random, 2) == 0) {
        STRESS_OK(akt_map(self, parts[1], number_up, NULL, &parts[1]));
        STRESS_OK(akt_and_then(self, parts[1], number_down, NULL, &parts[1]));
    }
}

static akt_future
combine(akt_self *self, struct batch *b)
{
    akt_future parts[PARTS];
    akt_future two[2];
    akt_future whole;

    open_parts(self, b, parts);
    b->shape = stress_below(&b->random, 5);
    switch (b->shape) {
    case 0:
        STRESS_OK(akt_all(self, parts, PARTS, &whole));
        break;
    case 1:
        STRESS_OK(akt_all_settled(self, parts, PARTS, &whole));
        break;
    case 2:
        STRESS_OK(akt_any(self, parts, PARTS, &whole));
        break;
    case 3:
        STRESS_OK(akt_race(self, parts, PARTS, &whole));
        break;
    default:
        STRESS_OK(akt_any(self, parts, 2, &two[0]));
        STRESS_OK(akt_race(self, parts + 2, 2, &two[1]));
        STRESS_OK(akt_any(self, two, 2, &whole));
        break;
    }
    if (stress_below(&b->random, 3) == 0) {
        STRESS_OK(akt_timeout(
            self, whole, AKT_US(100) << stress_below(&b->random, 6), &whole));
    }
    return whole;
}

static void
check_reply(const struct batch *b, const akt_answer *answer)
{
    const struct given *g = akt_answer_as(answer, given);

    STRESS_CHECK(answer->outcome != AKT_PENDING, "heard of what is open");
    STRESS_CHECK(
        g == NULL || (g->number >= b->number && g->number < b->number + PARTS),
        "a reply of another batch");
}

static void
check_answer(const struct batch *b, const akt_answer *answer)
{
    size_t i;

    check_reply(b, answer);
    for (i = 0; i < answer->count; i++) {
        check_reply(b, &answer->each[i]);
    }
    count(&run.heard);
}

struct owner {
    struct batch batch;
    uint32_t left;
};

static akt_err begin_next(akt_self *self, struct owner *o);

static akt_err
on_answer(akt_self *self, struct owner *o, const akt_answer *answer)
{
    check_answer(&o->batch, answer);
    return begin_next(self, o);
}
AKT_THEN_ANSWER(on_answer, struct owner);

static akt_err
begin_next(akt_self *self, struct owner *o)
{
    while (o->left > 0) {
        akt_future whole = combine(self, &o->batch);

        o->left--;
        if (stress_below(&o->batch.random, 4) != 0) {
            STRESS_OK(akt_then(self, whole, on_answer, NULL));
            if (stress_below(&o->batch.random, 8) == 0) {
                akt_ignore(akt_cancel(self, whole));
            }
            return AKT_OK;
        }
        akt_future_drop(self, whole);
    }
    stress_gate_add(&run.done, 1);
    return AKT_OK;
}

static akt_err
on_go(akt_self *self, struct owner *o, const struct go *m)
{
    (void)m;
    return begin_next(self, o);
}
AKT_CLASS(owner, struct owner, AKT_ON(go, on_go));

/* --- plain threads --- */

struct thread {
    pthread_t id;
    akt_self *self;
    struct batch batch;
};

static void *
thread_main(void *arg)
{
    struct thread *t = arg;
    uint32_t i;

    for (i = 0; i < run.quota; i++) {
        akt_future whole = combine(t->self, &t->batch);
        akt_answer *answer;

        switch (stress_below(&t->batch.random, 4)) {
        case 0:
            akt_future_drop(t->self, whole);
            continue;
        case 1:
            akt_ignore(akt_cancel(t->self, whole));
            break;
        default:
            (void)akt_future_poll(t->self, whole);
            break;
        }
        STRESS_OK(akt_wait(t->self, whole, &answer));
        check_answer(&t->batch, answer);
        akt_answer_free(t->self, answer);
    }
    /* The last one goes with the view. */
    (void)combine(t->self, &t->batch);
    akt_detach(t->self);
    return NULL;
}

/* --- */

static struct batch
batch_of(uint32_t number)
{
    return (struct batch){.random = {stress_seed() + number},
                          .next = number * 10000000u};
}

static void
start(akt_system *system, akt_self *me, struct thread *threads)
{
    akt_ref ref;
    uint32_t i;

    for (i = 0; i < GIVERS; i++) {
        STRESS_OK(akt_spawn(me, giver, &run.givers[i],
                            .random = {stress_seed() + 100 + i}));
    }
    for (i = 0; i < OWNERS; i++) {
        STRESS_OK(akt_spawn(me, owner, &ref, .batch = batch_of(i),
                            .left = run.quota));
        STRESS_OK(akt_send(me, ref, go));
    }
    for (i = 0; i < THREADS; i++) {
        threads[i].batch = batch_of(OWNERS + i);
        STRESS_OK(akt_attach(system, &threads[i].self));
        stress_thread_start(&threads[i].id, thread_main, &threads[i]);
    }
}

static void
one_run(uint32_t workers)
{
    struct thread threads[THREADS];
    struct stress_memory memory;
    akt_system_opts opts;
    akt_system *system;
    akt_counters c;
    akt_self *me;
    uint32_t i;

    stress_phase("%u workers", workers);
    run.opened = 0;
    run.accepted = 0;
    run.heard = 0;
    run.quota = stress_scale(20000);
    stress_gate_init(&run.done);
    stress_memory_init(&memory);
    opts = stress_opts(workers, &memory);
    STRESS_OK(akt_system_start(&opts, &system));
    STRESS_OK(akt_attach(system, &me));
    start(system, me, threads);
    for (i = 0; i < THREADS; i++) {
        stress_thread_join(threads[i].id);
    }
    stress_gate_wait(&run.done, OWNERS);
    akt_detach(me);
    stress_stop(system, AKT_SECONDS(10), &c);
    stress_memory_check(&memory);
    stress_gate_fini(&run.done);
    STRESS_CHECK(c.asked == 0, "oneshots were counted as requests");
    STRESS_CHECK(run.accepted <= run.opened, "a oneshot took two");
    STRESS_CHECK(run.accepted > 0 && run.heard > 0, "nothing happened");
    stress_figure(7, run.heard, "combined futures");
}

static void
test_combined_futures_end_once(void **state)
{
    uint32_t i;

    (void)state;
    for (i = 0; i < STRESS_WORKER_RUNS; i++) {
        one_run(stress_workers(i));
    }
    stress_end();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_combined_futures_end_once),
    };

    stress_begin("combine_stress");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
