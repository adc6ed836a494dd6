/* SPDX-License-Identifier: MIT */
/*
 * Tasks on threads. Plain threads spawn roots, each a random tree of tasks in
 * scopes with actors that they call and combined futures of some of the tasks, and
 * cancel some of them at a random moment.
 * Whatever was cut off: each task that was joined has ended with all that it
 * owned, and at the end nothing is left: no actor, message, request or byte.
 */
#include "akt/akt.h"
#include "tests/support/stress.h"

#include <inttypes.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define THREADS 3

#define NUMBER(F) F(i64, n)
AKT_MESSAGE(sum, NUMBER);
AKT_REQUEST(add, NUMBER, sum);

/* What is open anywhere; each that is joined has closed what it opened. */
static _Atomic int64_t leaves;
static _Atomic uint64_t joined;

struct counter {
    int64_t sum;
};

static akt_err
on_add(akt_self *self, struct counter *c, const struct add *m)
{
    c->sum += m->n;
    return akt_reply(self, m, .n = c->sum);
}
AKT_CLASS(counter, struct counter, AKT_ON(add, on_add),
          AKT_MAILBOX(2, AKT_AWAIT));

struct tree {
    akt_ref parent; /* a task that answers, or nobody */
    uint32_t depth;
};

static akt_err
leaf(akt_self *self, struct tree *t)
{
    uint32_t turns = (uint32_t)(akt_random(self) % 8);
    struct sum s;
    akt_err err = AKT_OK;

    atomic_fetch_add_explicit(&leaves, 1, memory_order_relaxed);
    while (err == AKT_OK && turns-- > 0) {
        switch (akt_random(self) % 3) {
        case 0:
            err = akt_task_yield(self);
            break;
        case 1:
            err = akt_sleep(self, akt_random(self) % 20000);
            break;
        default:
            err =
                akt_call_within(self, AKT_US(200), t->parent, add, &s, .n = 1);
            /* It may have ended, or wait for this one and answer no more. */
            err = err == AKT_EDEAD || err == AKT_EBROKEN || err == AKT_ETIMEOUT
                      ? AKT_OK
                      : err;
            break;
        }
    }
    atomic_fetch_sub_explicit(&leaves, 1, memory_order_relaxed);
    return err;
}
AKT_TASK(leaf, struct tree);

static akt_err branch(akt_self *self, struct tree *t);
AKT_TASK(branch, struct tree);

/* Answers some requests, and then the others are dropped. */
static akt_err
serve(akt_self *self, uint32_t n)
{
    akt_received received;
    int64_t total = 0;

    while (n-- > 0) {
        const struct add *m;
        akt_err err = akt_receive(self, AKT_US(100), &received);

        if (err == AKT_ETIMEOUT) {
            continue;
        }
        AKT_TRY(err);
        m = akt_received_as(&received, add);
        STRESS_CHECK(m != NULL, "something else came");
        total += m->n;
        AKT_TRY(akt_reply(self, m, .n = total));
    }
    return AKT_OK;
}

/* Two of them as one future, which is awaited, given up, or left to the scope. */
static akt_err
graft(akt_self *self, akt_ref parent)
{
    akt_task one;
    akt_task two;
    akt_future whole;

    AKT_TRY(akt_task_spawn(self, leaf, &one, .parent = parent));
    AKT_TRY(akt_task_spawn(self, leaf, &two, .parent = parent));
    if (akt_random(self) % 2 == 0) {
        AKT_TRY(
            akt_all(self, (akt_future[]){one.future, two.future}, 2, &whole));
    } else {
        AKT_TRY(
            akt_race(self, (akt_future[]){one.future, two.future}, 2, &whole));
    }
    AKT_TRY(akt_timeout(self, whole, AKT_US(20), &whole));
    switch (akt_random(self) % 4) {
    case 0:
        akt_future_drop(self, whole);
        return AKT_OK;
    case 1:
        return AKT_OK;
    default:
        return akt_await(self, whole, NULL);
    }
}

static akt_err
grow(akt_self *self, struct tree *t)
{
    struct tree child = {akt_self_ref(self), t->depth - 1};
    akt_task actor;
    struct sum s;
    int i;

    AKT_TRY(akt_spawn_child(self, counter, &actor));
    for (i = 0; i < 2; i++) {
        AKT_TRY(akt_task_spawn(self, leaf, NULL, .parent = child.parent));
        AKT_TRY(akt_task_spawn(self, leaf, NULL, .parent = actor.ref));
    }
    if (t->depth > 0) {
        AKT_TRY(akt_task_spawn(self, branch, NULL, .parent = child.parent,
                               .depth = child.depth));
    }
    AKT_TRY(akt_call(self, actor.ref, add, &s, .n = 1));
    AKT_TRY(graft(self, actor.ref));
    return serve(self, 4);
}

static akt_err
branch(akt_self *self, struct tree *t)
{
    akt_scope scope;

    AKT_TRY(akt_scope_open(self, AKT_SECONDS(60), &scope));
    return akt_scope_close(self, scope, grow(self, t));
}

/* --- the roots --- */

struct planter {
    akt_system *system;
    struct stress_random random;
    uint32_t roots;
};

static void
one_root(akt_self *self, struct stress_random *random)
{
    akt_task root;
    akt_err err;
    uint32_t spins = stress_below(random, 300);

    STRESS_OK(akt_task_spawn(self, branch, &root, .depth = 2));
    if (stress_below(random, 4) > 0) {
        while (spins-- > 0) {
            (void)sched_yield();
        }
        akt_ignore(akt_task_cancel(self, root));
    }
    err = akt_join(self, root);
    STRESS_CHECK(err == AKT_OK || err == AKT_ECANCELLED || err == AKT_EBROKEN
                     || err == AKT_ETIMEOUT, /* left to the scope */
                 "a root ended with %s", akt_err_name(err));
    atomic_fetch_add_explicit(&joined, 1, memory_order_relaxed);
}

/* The first of two roots: the other has ended with it. */
static void
two_roots(akt_self *self)
{
    akt_task one;
    akt_task two;
    akt_future whole;

    STRESS_OK(akt_task_spawn(self, branch, &one, .depth = 1));
    STRESS_OK(akt_task_spawn(self, branch, &two, .depth = 1));
    STRESS_OK(
        akt_race(self, (akt_future[]){one.future, two.future}, 2, &whole));
    STRESS_OK(akt_await(self, whole, NULL));
    STRESS_CHECK(akt_task_cancel(self, one) == AKT_EDEAD
                     && akt_task_cancel(self, two) == AKT_EDEAD,
                 "a root runs after the race");
    atomic_fetch_add_explicit(&joined, 2, memory_order_relaxed);
}

static void *
plant(void *arg)
{
    struct planter *p = arg;
    akt_self *self;
    uint32_t i;

    STRESS_OK(akt_attach(p->system, &self));
    for (i = 0; i < p->roots; i++) {
        if (i % 16 == 0) {
            two_roots(self);
        }
        one_root(self, &p->random);
    }
    akt_detach(self);
    return NULL;
}

static void
trees(uint32_t workers)
{
    static struct stress_memory memory;
    akt_system_opts opts;
    struct planter planters[THREADS];
    pthread_t threads[THREADS];
    akt_counters c;
    uint32_t i;

    stress_memory_init(&memory);
    opts = stress_opts(workers, &memory);
    stress_phase("%u workers: trees of tasks", workers);
    atomic_store(&joined, 0);
    STRESS_OK(akt_system_start(&opts, &planters[0].system));
    for (i = 0; i < THREADS; i++) {
        planters[i] = (struct planter){planters[0].system,
                                       {stress_seed() ^ (workers * 7 + i)},
                                       stress_scale(1500)};
        stress_thread_start(&threads[i], plant, &planters[i]);
    }
    for (i = 0; i < THREADS; i++) {
        stress_thread_join(threads[i]);
    }
    STRESS_CHECK(atomic_load(&leaves) == 0, "leaves are left");
    akt_system_counters(planters[0].system, &c);
    STRESS_CHECK(c.spawned == c.exited,
                 "%" PRIu64 " spawned, %" PRIu64 " ended", c.spawned, c.exited);
    print_message("%u workers: %" PRIu64 " trees of %" PRIu64 " actors\n",
                  workers, atomic_load(&joined), c.spawned);
    stress_figure(14, atomic_load(&joined), "trees of tasks cut off");
    stress_stop(planters[0].system, AKT_MS(5000), NULL);
    stress_memory_check(&memory);
    stress_end();
}

static void
test_trees_of_tasks_end_whole(void **state)
{
    uint32_t i;

    (void)state;
    for (i = 0; i < STRESS_WORKER_RUNS; i++) {
        trees(stress_workers(i));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trees_of_tasks_end_whole),
    };

    stress_begin("task_stress");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
