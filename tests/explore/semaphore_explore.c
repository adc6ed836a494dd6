/* SPDX-License-Identifier: MIT */
/*
 * A semaphore whose first waiter is granted its permits just as it is cancelled,
 * runs out of time, or the semaphore is closed. In every schedule no permit is
 * lost or made, who is behind in the line gets its turn, and nobody waits for ever.
 *
 * Found: a granted waiter that is cancelled and keeps the permits, or whose turn is
 * not passed on; one that gives up and leaves those behind it waiting; a close that
 * wakes nobody; a waiter that takes itself out though it has been taken out.
 */
#include "tests/explore/world.h"

#include "akt/semaphore.h"
#include "akt/task.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define TIMEOUT_NS AKT_MS(1)

struct scene {
    struct world world;
    akt_semaphore s;
    akt_err first;  /* what the first one in the line heard */
    akt_err second; /* and the one behind it */
};

static struct scene scene;

/* --- those in the line --- */

struct wait {
    uint32_t wants;
    uint64_t timeout_ns;
};

static akt_err
take(akt_self *self, uint32_t wants, uint64_t timeout_ns)
{
    akt_err err =
        akt_semaphore_acquire_within(self, timeout_ns, scene.s, wants);

    if (err == AKT_OK) {
        err = akt_semaphore_release(self, scene.s, wants);
    }
    return err;
}

static akt_err
first_task(akt_self *self, struct wait *w)
{
    scene.first = take(self, w->wants, w->timeout_ns);
    return AKT_OK;
}
AKT_TASK(first_task, struct wait);

/* Needs what the first one does not use, or has used. */
static void
second_thread(akt_self *self, void *arg)
{
    (void)arg;
    scene.second = take(self, 1, AKT_NEVER);
}

static void
release_one(akt_self *self, void *arg)
{
    (void)arg;
    akt_ignore(akt_semaphore_release(self, scene.s, 1));
}

/* --- scenarios --- */

static void
begin(uint32_t permits)
{
    struct world *w = &scene.world;

    world_begin(w, 1);
    scene.first = AKT_EIO;
    scene.second = AKT_EIO;
    explore_ok(akt_semaphore_open(w->me, permits, &scene.s));
}

static akt_task
start_first(uint32_t wants, uint64_t timeout_ns)
{
    struct world *w = &scene.world;
    akt_task task = {AKT_REF_NONE, {NULL, 0}};

    explore_ok(akt_task_spawn(w->me, first_task, &task, .wants = wants,
                              .timeout_ns = timeout_ns));
    world_wait_idle(w);
    return task;
}

static void
end(uint32_t permits)
{
    struct world *w = &scene.world;

    explore_check(akt_semaphore_available(w->me, scene.s) == permits);
    explore_ok(akt_semaphore_close(w->me, scene.s));
    world_end(w);
}

/* One permit comes while the first one is cancelled. */
static void
grant_and_cancel(void *arg)
{
    struct world *w = &scene.world;
    struct world_thread second;
    struct world_thread release;
    akt_task task;

    (void)arg;
    begin(0);
    task = start_first(1, AKT_NEVER);
    explore_begin();
    world_start(w, &second, second_thread, NULL);
    world_start(w, &release, release_one, NULL);
    akt_ignore(akt_task_cancel(w->me, task));
    world_join(&release);
    world_join(&second);
    akt_ignore(akt_join(w->me, task));
    explore_ok(scene.second);
    explore_check(scene.first == AKT_OK || scene.first == AKT_ECANCELLED);
    end(1);
}

/* The first one wants more than will ever be there. */
static void
turn_and_cancel(void *arg)
{
    struct world *w = &scene.world;
    struct world_thread second;
    akt_task task;

    (void)arg;
    begin(1);
    task = start_first(2, AKT_NEVER);
    explore_begin();
    world_start(w, &second, second_thread, NULL);
    akt_ignore(akt_task_cancel(w->me, task));
    world_join(&second);
    akt_ignore(akt_join(w->me, task));
    explore_ok(scene.second);
    explore_check(scene.first == AKT_ECANCELLED);
    end(1);
}

/* Time is up as the permit comes. */
static void
grant_and_timeout(void *arg)
{
    struct world *w = &scene.world;
    struct world_thread release;
    akt_task task;

    (void)arg;
    begin(0);
    task = start_first(1, TIMEOUT_NS);
    explore_begin();
    world_start(w, &release, release_one, NULL);
    explore_pass_time(2 * TIMEOUT_NS);
    world_join(&release);
    akt_ignore(akt_join(w->me, task));
    explore_check(scene.first == AKT_OK || scene.first == AKT_ETIMEOUT);
    end(1);
}

/* It is closed as the permit comes and another one joins the line. */
static void
grant_and_close(void *arg)
{
    struct world *w = &scene.world;
    struct world_thread second;
    struct world_thread release;
    akt_semaphore next;
    akt_task task;

    (void)arg;
    begin(0);
    task = start_first(1, AKT_NEVER);
    explore_begin();
    world_start(w, &second, second_thread, NULL);
    world_start(w, &release, release_one, NULL);
    explore_ok(akt_semaphore_close(w->me, scene.s));
    /* Perhaps in the same cell. */
    explore_ok(akt_semaphore_open(w->me, 7, &next));
    world_join(&release);
    world_join(&second);
    akt_ignore(akt_join(w->me, task));
    explore_check(scene.first == AKT_OK || scene.first == AKT_ECLOSED);
    explore_check(scene.second == AKT_OK || scene.second == AKT_ECLOSED);
    scene.s = next;
    end(7);
}

static void
explore(const char *name, explore_fn *scenario)
{
    struct campaign c = {.name = name,
                         .scenario = scenario,
                         .random = 1500,
                         .pct = 300,
                         .preemptions = 1,
                         .all_max = 1000};

    assert_true(campaign_passes(&c));
}

static void
test_no_permit_is_lost_or_made(void **state)
{
    (void)state;
    explore("grant and cancel", grant_and_cancel);
    explore("turn and cancel", turn_and_cancel);
    explore("grant and timeout", grant_and_timeout);
    explore("grant and close", grant_and_close);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_permit_is_lost_or_made),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
