/* SPDX-License-Identifier: MIT */
/*
 * Waiting for room: two senders fill the mailbox of one receiver, with one place
 * in it, and are suspended; meanwhile one of them is killed or told to stop, the
 * receiver is, or the system stops. In every schedule nobody stays parked for
 * ever, each message has one fate, and a sender's arrive in order.
 *
 * Found: a park that does not look whether there was room meanwhile, or whether
 * it is to end; a kill that does not resume who is parked; an end that does not
 * wake who waits for room; an edge that stays where there was room after all.
 */
#include "actors/core/system.h"
#include "tests/explore/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define SENDERS 2
#define MESSAGES 2

#define PARCEL(F) F(u32, from) F(u32, number)
AKT_MESSAGE(parcel, PARCEL);
#define TASK(F) F(ref, to) F(u32, from)
AKT_MESSAGE(task, TASK);

/* Told by handlers, of which one runs at a time. */
static uint32_t arrived;
static uint32_t ended;

/* The receiver's first turn lasts until a sender has ended. */
static bool holds;

struct store {
    uint32_t next[SENDERS];
};

static akt_err
on_parcel(akt_self *self, struct store *s, const struct parcel *m)
{
    (void)self;
    while (holds && ended == 0) {
        explore_pause();
    }
    explore_check(m->number >= s->next[m->from]);
    s->next[m->from] = m->number + 1;
    arrived++;
    return AKT_OK;
}
AKT_CLASS(store, struct store, AKT_ON(parcel, on_parcel),
          AKT_MAILBOX(1, AKT_AWAIT));

struct worker {
    uint32_t tasks;
};

static akt_err
on_task(akt_self *self, struct worker *w, const struct task *m)
{
    uint32_t i;

    w->tasks++;
    for (i = 0; i < MESSAGES; i++) {
        /* Refused when the receiver has ended. */
        akt_ignore(akt_send(self, m->to, parcel, .from = m->from, .number = i));
    }
    return AKT_OK;
}

static void
on_worker_exit(akt_self *self, struct worker *w, const akt_exit *reason)
{
    (void)self;
    (void)w;
    (void)reason;
    ended++;
}
AKT_CLASS(worker, struct worker, AKT_ON(task, on_task),
          AKT_ON_EXIT(on_worker_exit));

/* --- what happens meanwhile --- */

struct scene {
    struct world world;
    akt_ref store;
    akt_ref sender[SENDERS];
};

typedef void event_fn(akt_self *me, struct scene *scene);

struct event {
    const char *name;
    event_fn *happen;
    uint32_t at_least; /* messages that arrive */
    bool holds;
};

static void
nothing(akt_self *me, struct scene *scene)
{
    (void)me;
    (void)scene;
}

static void
kill_sender(akt_self *me, struct scene *scene)
{
    akt_ignore(akt_kill(me, scene->sender[0]));
}

static void
stop_sender(akt_self *me, struct scene *scene)
{
    akt_ignore(akt_stop(me, scene->sender[0]));
}

static void
kill_store(akt_self *me, struct scene *scene)
{
    akt_ignore(akt_kill(me, scene->store));
}

static void
drain_store(akt_self *me, struct scene *scene)
{
    akt_ignore(akt_drain(me, scene->store));
}

static void
stop_system(akt_self *me, struct scene *scene)
{
    (void)me;
    akt_ignore(akt_system_stop(scene->world.system, 0));
}

static const struct event events[] = {
    {"suspend", nothing, SENDERS *MESSAGES, false},
    {"suspend, kill sender", kill_sender, MESSAGES, false},
    {"suspend, kill sender, held", kill_sender, MESSAGES, true},
    {"suspend, stop sender", stop_sender, MESSAGES, false},
    {"suspend, kill store", kill_store, 0, false},
    {"suspend, drain store", drain_store, 0, false},
    {"suspend, stop system", stop_system, 0, false},
};

/* --- the scenario --- */

static const struct event *event;
static struct scene scene;

static void
happen(akt_self *me, void *arg)
{
    (void)arg;
    event->happen(me, &scene);
}

static void
spawn_all(void)
{
    struct world *w = &scene.world;
    uint32_t i;

    arrived = 0;
    ended = 0;
    holds = event->holds;
    explore_ok(akt_spawn(w->me, store, &scene.store));
    for (i = 0; i < SENDERS; i++) {
        explore_ok(akt_spawn(w->me, worker, &scene.sender[i]));
    }
}

/* Nothing runs any more: then nobody waits for room either. */
static void
check_nobody_waits(void)
{
    struct akt_system *s = scene.world.system;
    uint32_t i;

    for (i = 0; i < SENDERS; i++) {
        struct akti_actor *a;

        if (akti_system_find(s, scene.sender[i], &a) == AKT_OK) {
            explore_check(a->extra == NULL || !a->extra->parked);
            explore_check(a->extra == NULL || a->extra->edges == NULL);
        }
    }
}

/* One thread at a time may look again and again: time stands still meanwhile. */
static void
wait_until_idle(struct world *w)
{
    if (holds) {
        explore_check(
            akti_dispatcher_wait_idle(&w->system->dispatcher, AKT_NEVER));
    }
    world_wait_idle(w);
}

static void
scenario(void *arg)
{
    struct world *w = &scene.world;
    struct world_thread other;
    uint32_t i;

    event = arg;
    world_begin(w, 2);
    spawn_all();
    explore_begin();
    world_start(w, &other, happen, NULL);
    for (i = 0; i < SENDERS; i++) {
        akt_ignore(akt_send(w->me, scene.sender[i], task, .to = scene.store,
                            .from = i));
    }
    world_join(&other);
    wait_until_idle(w);
    explore_check(arrived >= event->at_least);
    check_nobody_waits();
    world_end(w);
    explore_check(ended == SENDERS);
}

static void
test_waiting_for_room(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
        struct campaign c = {.name = events[i].name,
                             .scenario = scenario,
                             .arg = (void *)(uintptr_t)&events[i],
                             .random = 6000,
                             .pct = 1000,
                             .preemptions = 1,
                             .all_max = 8000};

        assert_true(campaign_passes(&c));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_waiting_for_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
