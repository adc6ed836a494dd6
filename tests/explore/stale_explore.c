/* SPDX-License-Identifier: MIT */
/*
 * Slots that are used again: an actor ends and another one of the same class is
 * spawned in its slot, while a thread sends to the first one's reference, orders
 * it to end, or asks it. In every schedule nothing that was meant for the first
 * one reaches the second, which hears what is its own.
 *
 * Found: a turn that does not compare a message's generation; an order that does
 * not compare it; a slot that goes back before its generation has grown.
 */
#include "actors/core/system.h"
#include "tests/explore/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define NUMBER(F) F(u32, number)
AKT_MESSAGE(greeting, NUMBER);
AKT_REQUEST(question, NUMBER, greeting);

struct guest {
    uint32_t number;
};

/* What each of the two heard, and how often one ended. */
static uint32_t heard[2];
static uint32_t ended[2];

static akt_err
on_greeting(akt_self *self, struct guest *g, const struct greeting *m)
{
    (void)self;
    explore_check(m->number == g->number);
    heard[g->number]++;
    return AKT_OK;
}

static akt_err
on_question(akt_self *self, struct guest *g, const struct question *m)
{
    explore_check(m->number == g->number);
    return akt_reply(self, m, .number = g->number);
}

static void
on_guest_exit(akt_self *self, struct guest *g, const akt_exit *reason)
{
    (void)self;
    (void)reason;
    ended[g->number]++;
}
AKT_CLASS(guest, struct guest, AKT_ON(greeting, on_greeting),
          AKT_ON(question, on_question), AKT_ON_EXIT(on_guest_exit),
          AKT_MAILBOX(2, AKT_FAIL));

/* At the worker that has the first one's slot to give. */
AKT_SIGNAL(welcome);

static akt_ref second;

struct host {
    uint32_t guests;
};

static akt_err
on_welcome(akt_self *self, struct host *h, const struct welcome *m)
{
    (void)m;
    h->guests++;
    AKT_TRY(akt_spawn(self, guest, &second, .number = 1));
    return akt_send(self, second, greeting, .number = 1);
}
AKT_CLASS(host, struct host, AKT_ON(welcome, on_welcome));

/* --- what somebody does with a reference to the first --- */

static akt_err
greet_first(akt_self *me, akt_ref ref)
{
    return akt_send(me, ref, greeting, .number = 0);
}

static akt_err
ask_first(akt_self *me, akt_ref ref)
{
    akt_answer *answer = NULL;
    akt_future future;

    AKT_TRY(akt_ask(me, ref, &future, question, .number = 0));
    AKT_TRY(akt_wait(me, future, &answer));
    explore_check(answer->outcome == AKT_REPLIED
                  || answer->outcome == AKT_BROKEN);
    akt_answer_free(me, answer);
    return AKT_OK;
}

struct scene {
    const char *name;
    akt_err (*act)(akt_self *me, akt_ref ref);
};

static const struct scene scenes[] = {
    {"stale, message", greet_first}, {"stale, request", ask_first},
    {"stale, stop", akt_stop},       {"stale, kill", akt_kill},
    {"stale, drain", akt_drain},
};

struct visit {
    const struct scene *scene;
    akt_ref first;
};

static void
visit_first(akt_self *me, void *arg)
{
    const struct visit *v = arg;
    akt_err err = v->scene->act(me, v->first);

    explore_check(err == AKT_OK || err == AKT_EDEAD);
}

static void
scenario(void *arg)
{
    struct visit visit = {.scene = arg};
    struct world_thread other;
    struct world w;
    akt_ref house;

    heard[0] = heard[1] = 0;
    ended[0] = ended[1] = 0;
    second = AKT_REF_NONE;
    world_begin(&w, 1);
    explore_ok(akt_spawn(w.me, host, &house));
    explore_ok(akt_spawn(w.me, guest, &visit.first, .number = 0));
    explore_begin();
    world_start(&w, &other, visit_first, &visit);
    akt_ignore(akt_kill(w.me, visit.first)); /* unless it has ended */
    world_wait_end(&w, visit.first);
    explore_ok(akt_send(w.me, house, welcome));
    world_join(&other);
    world_wait_idle(&w);
    explore_check(second.slot == visit.first.slot);
    explore_check(heard[1] == 1);
    explore_check(ended[0] == 1 && ended[1] == 0);
    explore_check(akt_ref_is_alive(w.me, second));
    world_end(&w);
}

static void
test_nothing_reaches_the_next_actor_of_a_slot(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++) {
        struct campaign c = {.name = scenes[i].name,
                             .scenario = scenario,
                             .arg = (void *)(uintptr_t)&scenes[i],
                             .random = 6000,
                             .pct = 800,
                             .preemptions = 2,
                             .all_max = 7000};

        assert_true(campaign_passes(&c));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_reaches_the_next_actor_of_a_slot),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
