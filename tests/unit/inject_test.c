/* SPDX-License-Identifier: MIT */
/* The queue that any thread puts runnables into. */
#include "actors/sched/inject.h"
#include "tests/unit/unit.h"

#include <pthread.h>
#include <string.h>

static void
test_pop_of_empty_queue_gives_null(void **state)
{
    struct akti_inject q;

    (void)state;
    akti_inject_init(&q);
    assert_null(akti_inject_pop(&q));
    assert_true(akti_inject_is_empty(&q));
    akti_inject_fini(&q);
}

static void
test_pop_gives_the_oldest_first(void **state)
{
    struct akti_runnable item[10];
    struct akti_inject q;
    size_t i;

    (void)state;
    akti_inject_init(&q);
    for (i = 0; i < 10; i++) {
        akti_inject_push(&q, &item[i]);
    }
    for (i = 0; i < 10; i++) {
        assert_ptr_equal(akti_inject_pop(&q), &item[i]);
    }
    assert_null(akti_inject_pop(&q));
    akti_inject_fini(&q);
}

static void
test_push_makes_it_not_empty_until_the_last_pop(void **state)
{
    struct akti_runnable item[2];
    struct akti_inject q;

    (void)state;
    akti_inject_init(&q);
    akti_inject_push(&q, &item[0]);
    akti_inject_push(&q, &item[1]);
    assert_false(akti_inject_is_empty(&q));
    (void)akti_inject_pop(&q);
    assert_false(akti_inject_is_empty(&q));
    (void)akti_inject_pop(&q);
    assert_true(akti_inject_is_empty(&q));
    akti_inject_fini(&q);
}

static void
test_push_after_it_was_emptied_is_popped(void **state)
{
    struct akti_runnable item[2];
    struct akti_inject q;

    (void)state;
    akti_inject_init(&q);
    akti_inject_push(&q, &item[0]);
    (void)akti_inject_pop(&q);
    akti_inject_push(&q, &item[1]);
    assert_ptr_equal(akti_inject_pop(&q), &item[1]);
    assert_null(akti_inject_pop(&q));
    akti_inject_fini(&q);
}

/* --- two producers, one consumer --- */

#define PRODUCERS 2u
#define ITEMS 20000u

static struct akti_runnable many[PRODUCERS][ITEMS];

struct producer {
    struct akti_inject *q;
    uint32_t number;
};

static void *
produce(void *arg)
{
    struct producer *p = arg;
    uint32_t i;

    for (i = 0; i < ITEMS; i++) {
        many[p->number][i].home = p->number;
        many[p->number][i].unused = i;
        akti_inject_push(p->q, &many[p->number][i]);
    }
    return NULL;
}

/* Whether each producer's items come in its order; all of them. */
static bool
consume(struct akti_inject *q)
{
    uint32_t next[PRODUCERS] = {0};
    uint32_t left = PRODUCERS * ITEMS;
    bool ordered = true;

    while (left > 0) {
        struct akti_runnable *r = akti_inject_pop(q);

        if (r != NULL) {
            ordered = ordered && r->unused == next[r->home];
            next[r->home] = r->unused + 1;
            left--;
        }
    }
    return ordered;
}

static void
test_items_of_each_producer_arrive_in_its_order(void **state)
{
    struct producer producer[PRODUCERS];
    pthread_t thread[PRODUCERS];
    struct akti_inject q;
    uint32_t i;

    (void)state;
    akti_inject_init(&q);
    for (i = 0; i < PRODUCERS; i++) {
        producer[i] = (struct producer){&q, i};
        assert_int_equal(
            pthread_create(&thread[i], NULL, produce, &producer[i]), 0);
    }
    assert_true(consume(&q));
    for (i = 0; i < PRODUCERS; i++) {
        assert_int_equal(pthread_join(thread[i], NULL), 0);
    }
    assert_true(akti_inject_is_empty(&q));
    akti_inject_fini(&q);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pop_of_empty_queue_gives_null),
        cmocka_unit_test(test_pop_gives_the_oldest_first),
        cmocka_unit_test(test_push_makes_it_not_empty_until_the_last_pop),
        cmocka_unit_test(test_push_after_it_was_emptied_is_popped),
        cmocka_unit_test(test_items_of_each_producer_arrive_in_its_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
