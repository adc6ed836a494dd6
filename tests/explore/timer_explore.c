/* SPDX-License-Identifier: MIT */
/*
 * Timers: an actor has armed one at one worker and goes on at the other one.
 * While the first worker finds it due, the actor cancels it, cancels it and arms
 * the next one, or is killed. In every schedule a timer that was cancelled for
 * sure is not heard of, one that was not is heard of once, and the cell comes
 * back once, by the worker whose queue it was in.
 *
 * Found: a release that gives the cell back while its entry is in another
 * worker's queue; a fire that does not compare the phase; a cancel that releases
 * the cell of a message that is on its way; an actor's end that closes the mailbox
 * before it has gone through its timers.
 */
#include "actors/core/system.h"
#include "tests/explore/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define AFTER_NS AKT_MS(1)

#define EVERY(F) F(u64, every_ns)
AKT_MESSAGE(arm, EVERY);
AKT_SIGNAL(cancel);
AKT_SIGNAL(again);
#define ROUND(F) F(u32, round)
AKT_MESSAGE(tick, ROUND);

struct clock {
    akt_timer timer;
    uint32_t round;
    uint64_t every_ns;
};

/* What happened, told by the actor's handlers. */
static uint32_t ticks;
static uint32_t ticks_of_round[3];
static uint32_t cancelled;
static bool over[3]; /* this round was cancelled for sure */

static akt_err
start(akt_self *self, struct clock *c)
{
    c->round++;
    return akt_timer_start(self, AFTER_NS, c->every_ns, &c->timer, tick,
                           .round = c->round);
}

/* From now on the actor runs at the worker where it is not now. */
static void
move(akt_self *self)
{
    self->actor->runnable.home = 2 - self->ctx->worker->number;
}

static akt_err
on_arm(akt_self *self, struct clock *c, const struct arm *m)
{
    c->every_ns = m->every_ns;
    move(self);
    return start(self, c);
}

static void
stop_timer(akt_self *self, struct clock *c)
{
    if (akt_timer_cancel(self, c->timer) == AKT_OK) {
        cancelled++;
        over[c->round] = true;
    }
}

static akt_err
on_cancel(akt_self *self, struct clock *c, const struct cancel *m)
{
    (void)m;
    stop_timer(self, c);
    return AKT_OK;
}

static akt_err
on_again(akt_self *self, struct clock *c, const struct again *m)
{
    (void)m;
    stop_timer(self, c);
    return start(self, c);
}

static akt_err
on_tick(akt_self *self, struct clock *c, const struct tick *m)
{
    (void)self;
    (void)c;
    explore_check(!over[m->round]);
    ticks++;
    ticks_of_round[m->round]++;
    return AKT_OK;
}
AKT_CLASS(clock, struct clock, AKT_ON(arm, on_arm), AKT_ON(cancel, on_cancel),
          AKT_ON(again, on_again), AKT_ON(tick, on_tick));

/* --- scenes --- */

struct scene {
    const char *name;
    uint64_t every_ns;
    akt_err (*act)(akt_self *me, akt_ref ref);
    void (*check)(void);
};

static akt_err
send_cancel(akt_self *me, akt_ref ref)
{
    return akt_send(me, ref, cancel);
}

static akt_err
send_again(akt_self *me, akt_ref ref)
{
    return akt_send(me, ref, again);
}

static void
check_once(void)
{
    explore_check(ticks + cancelled == 1);
}

static void
check_cancelled(void)
{
    explore_check(cancelled == 1);
}

static void
check_each_round(void)
{
    explore_check(ticks_of_round[1] + cancelled == 1);
    explore_check(ticks_of_round[2] == 1);
}

static void
check_nothing(void)
{
}

static const struct scene scenes[] = {
    {"timer, cancelled", 0, send_cancel, check_once},
    {"timer, again", 0, send_again, check_each_round},
    {"timer, killed", 0, akt_kill, check_nothing},
    {"timer, periodic, cancelled", AFTER_NS, send_cancel, check_cancelled},
    {"timer, periodic, killed", AFTER_NS, akt_kill, check_nothing},
};

static const struct scene *scene;

static void
pass_time(void *arg)
{
    (void)arg;
    explore_pass_time(AFTER_NS + AKT_US(200));
}

static void
forget(void)
{
    uint32_t i;

    ticks = 0;
    cancelled = 0;
    for (i = 0; i < 3; i++) {
        ticks_of_round[i] = 0;
        over[i] = false;
    }
}

static void
scenario(void *arg)
{
    struct world w;
    uint32_t time;
    akt_ref ref;

    scene = arg;
    forget();
    world_begin(&w, 2);
    explore_ok(akt_spawn(w.me, clock, &ref));
    explore_ok(akt_send(w.me, ref, arm, .every_ns = scene->every_ns));
    world_wait_idle(&w);
    explore_begin();
    time = explore_start(pass_time, NULL);
    explore_ok(scene->act(w.me, ref));
    explore_join(time);
    world_wait_idle(&w);
    explore_end();
    /* What was armed since is due as well. */
    world_sleep(AFTER_NS + AKT_US(200));
    scene->check();
    world_end(&w);
}

static void
test_timers_beside_their_owners(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++) {
        struct campaign c = {.name = scenes[i].name,
                             .scenario = scenario,
                             .arg = (void *)(uintptr_t)&scenes[i],
                             .random = 8000,
                             .pct = 1000,
                             .preemptions = 2,
                             .all_max = 6000};

        assert_true(campaign_passes(&c));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_timers_beside_their_owners),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
