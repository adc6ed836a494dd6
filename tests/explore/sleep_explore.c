/* SPDX-License-Identifier: MIT */
/*
 * How workers sleep and are woken: a dispatcher with two workers, for which plain
 * threads make runnables ready. In every schedule each of them runs as often as
 * it was made ready, though everybody sleeps when it comes and nobody looks a
 * second time; who waits until nothing runs is told when nothing does; and
 * workers that are to quit do.
 *
 * Found: a sleeper that does not look again after it has raised its flag, or not
 * whether it is to quit; a waker that looks for sleepers before it queues; one
 * that leaves `waking` up when it could elect nobody; a woken worker that does
 * not hand the waking on; one that has waited awake and goes to sleep with it; a
 * worker that goes off duty after it has told so; an idle look that does not look
 * at the workers twice.
 */
#include "tests/explore/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define WORKERS 2
#define PRODUCERS_MAX 3
#define ITEMS_MAX 3

struct shape {
    uint32_t producers;
    uint32_t items;   /* of each */
    uint32_t again;   /* times that each is put back */
    bool pinned;      /* to one worker and the other in turn */
    bool waits_idle;  /* by the dispatcher's own wait */
    bool quits_early; /* while they still run */
    bool meet;        /* each runs until another one runs too */
    uint64_t busy_wait_ns;
};

struct item {
    struct akti_runnable runnable; /* first */
    uint32_t again;
    struct item *then; /* that this one makes ready */
    _Atomic uint32_t runs;
};

struct producer {
    struct akti_context ctx;
    struct item item[ITEMS_MAX];
};

static struct akti_dispatcher d;
static struct producer producer[PRODUCERS_MAX];
static const struct shape *shape;
static struct akti_timer_entry timer;
static struct item relay;

#define TIMER_NS AKT_MS(1)

static _Atomic uint32_t at_meeting;

/* A long turn, which ends when a second worker has begun one. */
static void
meet(void)
{
    atomic_fetch_add_explicit(&at_meeting, 1, memory_order_relaxed);
    while (atomic_load_explicit(&at_meeting, memory_order_relaxed) < 2) {
        explore_pause();
    }
}

static bool
run(struct akti_runnable *r, struct akti_context *ctx)
{
    struct item *item = (struct item *)(void *)r;

    if (shape->meet) {
        meet();
    }
    if (item->then != NULL) {
        akti_ready(ctx, &item->then->runnable);
    }
    atomic_fetch_add_explicit(&item->runs, 1, memory_order_relaxed);
    if (item->again == 0) {
        return false;
    }
    item->again--;
    return true;
}

static void
on_timer(struct akti_timer_entry *t, struct akti_context *ctx)
{
    (void)ctx;
    explore_check(t == &timer);
}

static akt_err
worker_init(struct akti_worker *w, void **out_core)
{
    *out_core = w;
    return AKT_OK;
}

static void
worker_fini(void *core)
{
    (void)core;
}

static const struct akti_dispatcher_ops ops = {.run = run,
                                               .fire = on_timer,
                                               .retired = on_timer,
                                               .worker_init = worker_init,
                                               .worker_fini = worker_fini};

static void
begin(void)
{
    struct akti_depot_opts cells = {.block_size = 64, .align = 64};
    struct akti_dispatcher_opts opts = {.workers = WORKERS,
                                        .blocking_threads = 1,
                                        .blocking_queue = 1,
                                        .busy_wait_ns = shape->busy_wait_ns};
    uint32_t i;

    memset(&d, 0, sizeof(d));
    d.ops = &ops;
    akti_memory_init(&d.memory, NULL);
    akti_log_init(&d.log, AKT_LOG_OFF, NULL, NULL);
    akti_depots_init(&d.depots, &d.memory);
    for (i = 0; i < AKTI_CELL_SORTS; i++) {
        akti_depot_init(&d.cells[i], &d.memory, &cells);
    }
    explore_ok(akti_stacks_init(&d.stacks, &d.memory, &d.log, AKTI_STACK_MIN));
    explore_ok(akti_dispatcher_init(&d, &opts));
    explore_ok(akti_dispatcher_start(&d));
}

static void
end(void)
{
    akt_sched_stats stats = {0};
    uint32_t i;

    akti_dispatcher_join(&d);
    akti_dispatcher_stats(&d, &stats);
    explore_check(stats.backstops == 0);
    world_watch(NULL);
    akti_dispatcher_fini(&d);
    for (i = 0; i < AKTI_CELL_SORTS; i++) {
        akti_depot_fini(&d.cells[i]);
    }
    akti_stacks_fini(&d.stacks);
    akti_depots_fini(&d.depots);
}

/* A worker's first turn arms the timer. */
static bool
arm(struct akti_runnable *r, struct akti_context *ctx)
{
    (void)r;
    timer = (struct akti_timer_entry){.due_ns = akti_now(ctx) + TIMER_NS,
                                      .index = AKTI_TIMER_OFF};
    explore_check(akti_timer_add(ctx, &timer));
    return false;
}

static const struct akti_dispatcher_ops arming = {.run = arm,
                                                  .fire = on_timer,
                                                  .retired = on_timer,
                                                  .worker_init = worker_init,
                                                  .worker_fini = worker_fini};

static void
wait_asleep(void)
{
    while (!akti_dispatcher_is_idle(&d)) {
        explore_pause();
    }
    world_watch(&d);
}

static void
pass_time(void *arg)
{
    (void)arg;
    explore_pass_time(2 * TIMER_NS);
}

/* At the first worker, where the relayed item goes too. */
static void
arm_timer(struct producer *p)
{
    memset(&relay, 0, sizeof(relay));
    relay.runnable.home = 1;
    d.ops = &arming;
    akti_ready(&p->ctx, &relay.runnable);
    wait_asleep();
    d.ops = &ops;
}

static void
producer_init(struct producer *p)
{
    uint32_t i;

    memset(p, 0, sizeof(*p));
    akti_context_init(&p->ctx, &d);
    for (i = 0; i < shape->items; i++) {
        p->item[i].again = shape->again;
        p->item[i].runnable.home = shape->pinned ? WORKERS - i % WORKERS : 0;
    }
}

static void
produce(void *arg)
{
    struct producer *p = arg;
    uint32_t i;

    for (i = 0; i < shape->items; i++) {
        akti_ready(&p->ctx, &p->item[i].runnable);
    }
}

static bool
has_run(struct item *item)
{
    return atomic_load_explicit(&item->runs, memory_order_relaxed)
           == 1 + shape->again;
}

static void
wait_for(struct item *item)
{
    while (!has_run(item)) {
        explore_check(!shape->waits_idle);
        explore_pause();
    }
}

static void
wait_for_all(void)
{
    uint32_t i;
    uint32_t k;

    if (shape->waits_idle) {
        explore_check(akti_dispatcher_wait_idle(&d, AKT_NEVER));
    }
    for (i = 0; i < shape->producers; i++) {
        for (k = 0; k < shape->items; k++) {
            wait_for(&producer[i].item[k]);
        }
    }
}

static void
scenario(void *arg)
{
    uint32_t thread[PRODUCERS_MAX];
    uint32_t i;

    shape = arg;
    atomic_init(&at_meeting, 0);
    begin();
    wait_asleep();
    for (i = 0; i < shape->producers; i++) {
        producer_init(&producer[i]);
    }
    explore_begin();
    for (i = 1; i < shape->producers; i++) {
        thread[i] = explore_start(produce, &producer[i]);
    }
    produce(&producer[0]);
    for (i = 1; i < shape->producers; i++) {
        explore_join(thread[i]);
    }
    if (shape->quits_early) {
        akti_dispatcher_join(&d);
    }
    wait_for_all();
    explore_end();
    end();
}

/*
 * A pinned item is on its way to one worker, and will make another item ready
 * at the other one, which a timer wakes meanwhile.
 */
static void
relay_scenario(void *arg)
{
    struct producer *p = &producer[0];
    uint32_t clock;

    shape = arg;
    begin();
    wait_asleep();
    producer_init(p);
    arm_timer(p);
    p->item[0].then = &relay;
    produce(p);
    explore_begin();
    clock = explore_start(pass_time, NULL);
    explore_check(akti_dispatcher_wait_idle(&d, AKT_NEVER));
    explore_check(has_run(&p->item[0]));
    explore_check(has_run(&relay));
    explore_join(clock);
    explore_end();
    end();
}

static void
explore_shape(const char *name, const struct shape *of, uint32_t preemptions)
{
    struct campaign c = {.name = name,
                         .scenario = scenario,
                         .arg = (void *)(uintptr_t)of,
                         .random = 10000,
                         .pct = 1500,
                         .preemptions = preemptions,
                         .all_max = 15000};

    assert_true(campaign_passes(&c));
}

static void
test_work_of_two_producers_wakes_the_sleepers(void **state)
{
    static const struct shape s = {.producers = 2, .items = 1};

    (void)state;
    explore_shape("sleep", &s, 2);
}

static void
test_more_work_than_workers_is_all_done(void **state)
{
    static const struct shape s = {.producers = 3, .items = 2, .again = 1};

    (void)state;
    explore_shape("sleep, three producers", &s, 1);
}

static void
test_long_turn_keeps_nothing_from_the_other_worker(void **state)
{
    static const struct shape s = {.producers = 2, .items = 1, .meet = true};

    (void)state;
    explore_shape("sleep, long turn", &s, 2);
}

static void
test_pinned_work_wakes_its_worker(void **state)
{
    static const struct shape s = {.producers = 2, .items = 2, .pinned = true};

    (void)state;
    explore_shape("sleep, pinned", &s, 2);
}

/* Each look takes a nanosecond: it looks some times, and sleeps. */
static void
test_work_comes_while_a_worker_waits_awake(void **state)
{
    static const struct shape all = {
        .producers = 2, .items = 3, .busy_wait_ns = 8};
    static const struct shape pinned = {
        .producers = 2, .items = 2, .pinned = true, .busy_wait_ns = 8};
    static const struct shape idle = {.producers = 1,
                                      .items = 3,
                                      .again = 1,
                                      .waits_idle = true,
                                      .busy_wait_ns = 8};

    (void)state;
    explore_shape("sleep, awake", &all, 1);
    explore_shape("sleep, awake, pinned", &pinned, 1);
    explore_shape("sleep, awake, idle", &idle, 1);
}

static void
test_idle_wait_ends_when_nothing_runs_and_not_before(void **state)
{
    static const struct shape s = {
        .producers = 2, .items = 1, .waits_idle = true};

    (void)state;
    explore_shape("sleep, idle", &s, 2);
}

static void
test_idle_wait_sees_work_that_a_timer_hides(void **state)
{
    static const struct shape s = {
        .producers = 1, .items = 1, .pinned = true, .waits_idle = true};
    struct campaign c = {.name = "sleep, relay",
                         .scenario = relay_scenario,
                         .arg = (void *)(uintptr_t)&s,
                         .random = 20000,
                         .pct = 1500,
                         .preemptions = 2,
                         .all_max = 15000};

    (void)state;
    assert_true(campaign_passes(&c));
}

static void
test_workers_that_are_to_quit_do_what_was_queued_before(void **state)
{
    static const struct shape s = {
        .producers = 2, .items = 1, .quits_early = true};

    (void)state;
    explore_shape("sleep, quit", &s, 2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_work_of_two_producers_wakes_the_sleepers),
        cmocka_unit_test(test_more_work_than_workers_is_all_done),
        cmocka_unit_test(test_long_turn_keeps_nothing_from_the_other_worker),
        cmocka_unit_test(test_pinned_work_wakes_its_worker),
        cmocka_unit_test(test_work_comes_while_a_worker_waits_awake),
        cmocka_unit_test(test_idle_wait_ends_when_nothing_runs_and_not_before),
        cmocka_unit_test(test_idle_wait_sees_work_that_a_timer_hides),
        cmocka_unit_test(
            test_workers_that_are_to_quit_do_what_was_queued_before),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
