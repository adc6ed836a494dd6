/* SPDX-License-Identifier: MIT */
/*
 * The stop of a system, while an actor spawns others, a plain thread sends, asks
 * and spawns, or a job is on the blocking pool. In every schedule the stop comes
 * to an end, each actor that was spawned has ended, and each message and request
 * has its fate.
 *
 * Found: a spawn that does not look at the phase after it has opened the mailbox;
 * a walk over the table before the phase is set; an exit that does not tell who
 * waits for it; a queue of jobs that is closed without a look at what it holds.
 */
#include "tests/explore/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

AKT_SIGNAL(done);
AKT_SIGNAL(grow);
#define NUMBER(F) F(u32, number)
AKT_MESSAGE(sum, NUMBER);
AKT_REQUEST(add, NUMBER, sum);

struct leaf {
    uint32_t total;
};

static akt_err
on_add(akt_self *self, struct leaf *l, const struct add *m)
{
    l->total += m->number;
    return akt_reply(self, m, .number = l->total);
}
AKT_CLASS(leaf, struct leaf, AKT_ON(add, on_add));

struct tree {
    uint32_t leaves;
};

static akt_err
add_job(akt_self *self, const struct add *m)
{
    return akt_reply(self, m, .number = m->number);
}
AKT_JOB(add_job, add);

/* Spawns, and asks what it has spawned. */
static akt_err
on_grow(akt_self *self, struct tree *t, const struct grow *m)
{
    akt_future future;
    akt_ref ref;
    akt_err err = akt_spawn(self, leaf, &ref);

    (void)m;
    if (err != AKT_OK) {
        explore_check(err == AKT_ESTOPPED);
        return AKT_OK;
    }
    t->leaves++;
    akt_ignore(akt_ask(self, ref, &future, add, .number = 1));
    return AKT_OK;
}

/* Has a job done, whose answer it does not wait for. */
static akt_err
on_done(akt_self *self, struct tree *t, const struct done *m)
{
    akt_future future;

    (void)t;
    (void)m;
    akt_ignore(akt_ask_blocking(self, &future, add_job, add, .number = 2));
    return AKT_OK;
}
AKT_CLASS(tree, struct tree, AKT_ON(grow, on_grow), AKT_ON(done, on_done));

/* --- scenes --- */

struct scene {
    const char *name;
    void (*act)(akt_self *me, akt_ref tree);
    uint64_t drain_ns;
};

static void
let_grow(akt_self *me, akt_ref tree)
{
    akt_ignore(akt_send(me, tree, grow));
    akt_ignore(akt_send(me, tree, grow));
}

static void
spawn_outside(akt_self *me, akt_ref tree)
{
    akt_ref ref;

    (void)tree;
    if (akt_spawn(me, leaf, &ref) == AKT_OK) {
        akt_ignore(akt_send(me, ref, add, .number = 1));
    }
}

static void
ask_outside(akt_self *me, akt_ref tree)
{
    akt_answer *answer = NULL;
    akt_future future;
    akt_ref ref;

    (void)tree;
    if (akt_spawn(me, leaf, &ref) == AKT_OK
        && akt_ask(me, ref, &future, add, .number = 1) == AKT_OK) {
        explore_ok(akt_wait(me, future, &answer));
        akt_answer_free(me, answer);
    }
}

static void
let_work(akt_self *me, akt_ref tree)
{
    akt_ignore(akt_send(me, tree, done));
}

static void
stop_too(akt_self *me, akt_ref tree)
{
    (void)tree;
    explore_ok(akt_system_stop(akt_self_system(me), 0));
}

static const struct scene scenes[] = {
    {"stop, grow", let_grow, 0},
    {"stop, grow, drain", let_grow, AKT_MS(1)},
    {"stop, spawn", spawn_outside, 0},
    {"stop, ask", ask_outside, 0},
    {"stop, job", let_work, 0},
    {"stop, job, drain", let_work, AKT_MS(1)},
    {"stop, stop", stop_too, 0},
};

struct actor {
    const struct scene *scene;
    akt_self *me;
    akt_ref tree;
};

static void
act(void *arg)
{
    const struct actor *a = arg;

    a->scene->act(a->me, a->tree);
}

static void
scenario(void *arg)
{
    struct actor actor = {.scene = arg};
    struct world w;
    uint32_t thread;

    world_begin(&w, 2);
    explore_ok(akt_attach(w.system, &actor.me));
    explore_ok(akt_spawn(w.me, tree, &actor.tree));
    explore_begin();
    thread = explore_start(act, &actor);
    explore_ok(akt_system_stop(w.system, actor.scene->drain_ns));
    explore_join(thread);
    explore_end();
    akt_detach(actor.me);
    world_end(&w);
}

static void
test_stop_beside_what_goes_on(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++) {
        struct campaign c = {.name = scenes[i].name,
                             .scenario = scenario,
                             .arg = (void *)(uintptr_t)&scenes[i],
                             .random = 4000,
                             .pct = 600,
                             .preemptions = 1,
                             .all_max = 5000};

        assert_true(campaign_passes(&c));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stop_beside_what_goes_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
