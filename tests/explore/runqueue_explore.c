/* SPDX-License-Identifier: MIT */
/*
 * The run queue: its owner pushes and pops while two thieves steal. In every
 * schedule each item comes out once, and each taker gets its items in order.
 *
 * Found: a push that publishes the slot before it is filled, or takes one too many;
 * a pop that moves the head by a plain store.
 */
#include "actors/sched/runqueue.h"
#include "tests/explore/campaign.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define ITEMS_MAX (AKTI_RUNQUEUE_SIZE + 8)
#define THIEVES 2

struct shape {
    uint32_t before; /* items that are there at first */
    uint32_t pushes;
    uint32_t steals; /* of each thief */
};

struct taker {
    struct yard *yard;
    struct akti_runqueue queue;
    int64_t last; /* that it got */
};

struct yard {
    const struct shape *shape;
    struct taker owner;
    struct taker thief[THIEVES];
    struct akti_runnable item[ITEMS_MAX];
    uint32_t pushed;
    uint32_t taken[ITEMS_MAX];
};

static void
got(struct taker *t, const struct akti_runnable *r)
{
    int64_t i = r - t->yard->item;

    explore_check(i > t->last);
    explore_check(t->yard->taken[i] == 0);
    t->last = i;
    t->yard->taken[i]++;
}

static void
empty(struct taker *t)
{
    struct akti_runnable *r;

    while ((r = akti_runqueue_pop(&t->queue)) != NULL) {
        got(t, r);
    }
}

static bool
push(struct yard *y)
{
    if (!akti_runqueue_push(&y->owner.queue, &y->item[y->pushed])) {
        return false;
    }
    y->pushed++;
    return true;
}

static void
own(struct yard *y)
{
    uint32_t i;

    for (i = 0; i < y->shape->pushes; i++) {
        struct akti_runnable *r;

        (void)push(y);
        if (i % 2 == 1 && (r = akti_runqueue_pop(&y->owner.queue)) != NULL) {
            got(&y->owner, r);
        }
    }
}

static void
steal(void *arg)
{
    struct taker *t = arg;
    uint32_t i;

    for (i = 0; i < t->yard->shape->steals; i++) {
        struct akti_runnable *r =
            akti_runqueue_steal(&t->queue, &t->yard->owner.queue);

        if (r != NULL) {
            got(t, r);
        }
        empty(t);
    }
}

/* Numbers of slots wrap around soon. */
static void
taker_init(struct yard *y, struct taker *t)
{
    t->yard = y;
    t->last = -1;
    atomic_init(&t->queue.head, UINT32_MAX - 2);
    atomic_init(&t->queue.tail, UINT32_MAX - 2);
}

static void
scenario(void *arg)
{
    static struct yard y;
    uint32_t thread[THIEVES];
    uint32_t i;

    memset(&y, 0, sizeof(y));
    y.shape = arg;
    taker_init(&y, &y.owner);
    for (i = 0; i < y.shape->before; i++) {
        explore_check(push(&y));
    }
    explore_begin();
    for (i = 0; i < THIEVES; i++) {
        taker_init(&y, &y.thief[i]);
        thread[i] = explore_start(steal, &y.thief[i]);
    }
    own(&y);
    for (i = 0; i < THIEVES; i++) {
        explore_join(thread[i]);
    }
    empty(&y.owner);
    explore_end();
    for (i = 0; i < y.pushed; i++) {
        explore_check(y.taken[i] == 1);
    }
}

static void
explore_shape(const char *name, const struct shape *shape, uint32_t all_max)
{
    struct campaign c = {.name = name,
                         .scenario = scenario,
                         .arg = (void *)(uintptr_t)shape,
                         .random = all_max > 0 ? 20000 : 1500,
                         .pct = all_max > 0 ? 3000 : 400,
                         .preemptions = 2,
                         .all_max = all_max};

    assert_true(campaign_passes(&c));
}

static void
test_each_item_comes_out_once(void **state)
{
    static const struct shape shape = {.before = 1, .pushes = 4, .steals = 1};

    (void)state;
    explore_shape("run queue", &shape, 40000);
}

static void
test_items_that_are_stolen_twice_come_out_once(void **state)
{
    static const struct shape shape = {.before = 3, .pushes = 2, .steals = 2};

    (void)state;
    explore_shape("run queue, two steals", &shape, 40000);
}

static void
test_slots_of_a_full_queue_are_not_used_too_soon(void **state)
{
    static const struct shape shape = {
        .before = AKTI_RUNQUEUE_SIZE - 1, .pushes = 6, .steals = 1};

    (void)state;
    explore_shape("run queue, full", &shape, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_item_comes_out_once),
        cmocka_unit_test(test_items_that_are_stolen_twice_come_out_once),
        cmocka_unit_test(test_slots_of_a_full_queue_are_not_used_too_soon),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
