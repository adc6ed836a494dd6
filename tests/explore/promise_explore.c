/* SPDX-License-Identifier: MIT */
/*
 * The ends of a request, two at a time: an asker has asked a keeper, which keeps
 * the promise. Then one thread brings about one end and another thread another
 * one. In every schedule the request ends once, the asker hears of it once
 * unless it has ended itself, and what came too late is counted.
 *
 * Found: an end that is delivered without having won the cell, or when the
 * deadline does so; a late reply that is not counted.
 */
#include "actors/core/system.h"
#include "tests/explore/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define NUMBER(F) F(u32, number)
AKT_MESSAGE(pong, NUMBER);
AKT_REQUEST(ping, NUMBER, pong);
#define WHOM(F) F(ref, whom)
AKT_MESSAGE(begin_asking, WHOM);
AKT_SIGNAL(cancel);
AKT_SIGNAL(drop_future);
AKT_SIGNAL(reply);
AKT_SIGNAL(fail);
AKT_SIGNAL(drop_promise);

#define TIMEOUT_NS AKT_MS(1)

/* What the asker heard. */
static uint32_t heard;
static akt_outcome outcome;

/* --- the asker --- */

struct asker {
    akt_future future;
};

static akt_err
on_answer(akt_self *self, struct asker *a, const akt_answer *answer,
          const struct pong *m)
{
    (void)self;
    (void)a;
    explore_check(m == NULL || m->number == 2);
    heard++;
    outcome = answer->outcome;
    return AKT_OK;
}

AKT_THEN(on_answer, struct asker, ping);

/* It goes on at the other worker: its deadline's timer stays at this one. */
static akt_err
on_begin(akt_self *self, struct asker *a, const struct begin_asking *m)
{
    self->actor->runnable.home = 2 - self->ctx->worker->number;
    AKT_TRY(akt_ask_within(self, TIMEOUT_NS, m->whom, &a->future, ping,
                           .number = 1));
    return akt_then(self, a->future, on_answer, NULL);
}

static akt_err
on_cancel(akt_self *self, struct asker *a, const struct cancel *m)
{
    (void)m;
    akt_ignore(akt_cancel(self, a->future));
    return AKT_OK;
}

static akt_err
on_drop_future(akt_self *self, struct asker *a, const struct drop_future *m)
{
    (void)m;
    akt_future_drop(self, a->future);
    return AKT_OK;
}
AKT_CLASS(asker, struct asker, AKT_ON(begin_asking, on_begin),
          AKT_ON(cancel, on_cancel), AKT_ON(drop_future, on_drop_future));

/* --- the keeper --- */

struct keeper {
    akt_promise_of(ping) promise;
};

static akt_err
on_ping(akt_self *self, struct keeper *k, const struct ping *m)
{
    return akt_keep(self, m, &k->promise);
}

/* Answers that were given, in time or late. */
static uint32_t answers;

static akt_err
on_reply(akt_self *self, struct keeper *k, const struct reply *m)
{
    (void)m;
    answers += akt_promise_reply(self, &k->promise, .number = 2) == AKT_OK;
    return AKT_OK;
}

static akt_err
on_fail(akt_self *self, struct keeper *k, const struct fail *m)
{
    (void)m;
    answers +=
        akt_promise_fail(self, &k->promise.promise, AKT_EUSER, "no") == AKT_OK;
    return AKT_OK;
}

static akt_err
on_drop_promise(akt_self *self, struct keeper *k, const struct drop_promise *m)
{
    (void)m;
    akt_promise_drop(self, &k->promise.promise);
    return AKT_OK;
}
AKT_CLASS(keeper, struct keeper, AKT_ON(ping, on_ping), AKT_ON(reply, on_reply),
          AKT_ON(fail, on_fail), AKT_ON(drop_promise, on_drop_promise));

/* --- ends --- */

struct scene {
    struct world world;
    akt_ref asker;
    akt_ref keeper;
};

static struct scene scene;

static void
end_by_reply(akt_self *me)
{
    akt_ignore(akt_send(me, scene.keeper, reply));
}

static void
end_by_error(akt_self *me)
{
    akt_ignore(akt_send(me, scene.keeper, fail));
}

static void
end_by_deadline(akt_self *me)
{
    (void)me;
    explore_pass_time(2 * TIMEOUT_NS);
}

static void
end_by_cancel(akt_self *me)
{
    akt_ignore(akt_send(me, scene.asker, cancel));
}

static void
end_by_drop(akt_self *me)
{
    akt_ignore(akt_send(me, scene.keeper, drop_promise));
}

static void
end_by_dropped_future(akt_self *me)
{
    akt_ignore(akt_send(me, scene.asker, drop_future));
}

static void
end_by_askers_end(akt_self *me)
{
    akt_ignore(akt_kill(me, scene.asker));
}

static void
end_by_keepers_end(akt_self *me)
{
    akt_ignore(akt_kill(me, scene.keeper));
}

struct ending {
    const char *name;
    void (*bring_about)(akt_self *me);
    akt_outcome outcome; /* that the asker hears; AKT_PENDING: of none */
};

static const struct ending endings[] = {
    {"reply", end_by_reply, AKT_REPLIED},
    {"error", end_by_error, AKT_FAILED},
    {"deadline", end_by_deadline, AKT_EXPIRED},
    {"cancel", end_by_cancel, AKT_CANCELLED},
    {"dropped promise", end_by_drop, AKT_BROKEN},
    {"dropped future", end_by_dropped_future, AKT_PENDING},
    {"asker ends", end_by_askers_end, AKT_PENDING},
    {"keeper ends", end_by_keepers_end, AKT_BROKEN},
};

#define ENDINGS (sizeof(endings) / sizeof(endings[0]))

struct pair {
    const struct ending *a;
    const struct ending *b;
};

static const struct pair *pair;

/* --- the scenario --- */

static void
other_end(akt_self *me, void *arg)
{
    (void)arg;
    pair->b->bring_about(me);
}

static void
ask(void)
{
    struct world *w = &scene.world;

    heard = 0;
    answers = 0;
    outcome = AKT_PENDING;
    explore_ok(akt_spawn(w->me, asker, &scene.asker));
    explore_ok(akt_spawn(w->me, keeper, &scene.keeper));
    explore_ok(
        akt_send(w->me, scene.asker, begin_asking, .whom = scene.keeper));
    world_wait_idle(w);
}

static bool
is_silent(void)
{
    return pair->a->outcome == AKT_PENDING || pair->b->outcome == AKT_PENDING;
}

static void
check_ends(void)
{
    const akt_counters *c = &scene.world.sums;

    explore_check(c->asked == 1);
    explore_check(c->replied + c->failed + c->late_replies == answers);
    explore_check(heard == 1 || (heard == 0 && is_silent()));
    explore_check(heard == 0 || outcome == pair->a->outcome
                  || outcome == pair->b->outcome);
}

static void
scenario(void *arg)
{
    struct world *w = &scene.world;
    struct world_thread other;

    pair = arg;
    world_begin(w, 2);
    ask();
    explore_begin();
    world_start(w, &other, other_end, NULL);
    pair->a->bring_about(w->me);
    world_join(&other);
    world_wait_idle(w);
    world_end(w);
    check_ends();
}

static void
explore_pair(const struct pair *p)
{
    char name[64];
    struct campaign c = {.name = name,
                         .scenario = scenario,
                         .arg = (void *)(uintptr_t)p,
                         .random = 800,
                         .pct = 150,
                         .preemptions = 1,
                         .all_max = 1000};

    (void)snprintf(name, sizeof(name), "%s and %s", p->a->name, p->b->name);
    assert_true(campaign_passes(&c));
}

static void
test_two_ends_at_once_are_one(void **state)
{
    size_t a;
    size_t b;

    (void)state;
    for (a = 0; a < ENDINGS; a++) {
        for (b = a + 1; b < ENDINGS; b++) {
            struct pair p = {&endings[a], &endings[b]};

            explore_pair(&p);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_ends_at_once_are_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
