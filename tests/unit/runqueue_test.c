/* SPDX-License-Identifier: MIT */
/* The run queue: order, bound, stealing by halves, two threads. */
#include "actors/sched/runqueue.h"
#include "tests/unit/unit.h"

#include <pthread.h>
#include <string.h>

static struct akti_runnable item[2 * AKTI_RUNQUEUE_SIZE];

static void
start(struct akti_runqueue *q, uint32_t first)
{
    memset(q, 0, sizeof(*q));
    atomic_store(&q->head, first);
    atomic_store(&q->tail, first);
}

static void
push_all(struct akti_runqueue *q, uint32_t from, uint32_t count)
{
    uint32_t i;

    for (i = 0; i < count; i++) {
        assert_true(akti_runqueue_push(q, &item[from + i]));
    }
}

static void
assert_pops(struct akti_runqueue *q, uint32_t from, uint32_t count)
{
    uint32_t i;

    for (i = 0; i < count; i++) {
        assert_ptr_equal(akti_runqueue_pop(q), &item[from + i]);
    }
}

static void
test_pop_of_empty_queue_gives_null(void **state)
{
    struct akti_runqueue q;

    (void)state;
    start(&q, 0);
    assert_null(akti_runqueue_pop(&q));
    assert_int_equal(akti_runqueue_count(&q), 0);
}

static void
test_pop_gives_the_oldest_first(void **state)
{
    struct akti_runqueue q;

    (void)state;
    start(&q, 0);
    push_all(&q, 0, 10);
    assert_pops(&q, 0, 10);
    assert_null(akti_runqueue_pop(&q));
}

static void
test_push_beyond_the_size_is_refused(void **state)
{
    struct akti_runqueue q;

    (void)state;
    start(&q, 0);
    push_all(&q, 0, AKTI_RUNQUEUE_SIZE);
    assert_false(akti_runqueue_push(&q, &item[AKTI_RUNQUEUE_SIZE]));
    assert_int_equal(akti_runqueue_count(&q), AKTI_RUNQUEUE_SIZE);
    assert_pops(&q, 0, AKTI_RUNQUEUE_SIZE);
}

static void
test_push_after_pop_of_full_queue_succeeds(void **state)
{
    struct akti_runqueue q;

    (void)state;
    start(&q, 0);
    push_all(&q, 0, AKTI_RUNQUEUE_SIZE);
    assert_pops(&q, 0, 1);
    push_all(&q, AKTI_RUNQUEUE_SIZE, 1);
    assert_pops(&q, 1, AKTI_RUNQUEUE_SIZE);
    assert_null(akti_runqueue_pop(&q));
}

static void
test_queue_works_where_its_numbers_wrap(void **state)
{
    struct akti_runqueue q;

    (void)state;
    start(&q, UINT32_MAX - 100);
    push_all(&q, 0, AKTI_RUNQUEUE_SIZE);
    assert_false(akti_runqueue_push(&q, &item[0]));
    assert_int_equal(akti_runqueue_count(&q), AKTI_RUNQUEUE_SIZE);
    assert_pops(&q, 0, AKTI_RUNQUEUE_SIZE);
}

static void
test_steal_from_empty_queue_gives_null(void **state)
{
    struct akti_runqueue own;
    struct akti_runqueue victim;

    (void)state;
    start(&own, 0);
    start(&victim, 7);
    assert_null(akti_runqueue_steal(&own, &victim));
    assert_int_equal(akti_runqueue_count(&own), 0);
}

static void
test_steal_of_the_only_one_takes_it(void **state)
{
    struct akti_runqueue own;
    struct akti_runqueue victim;

    (void)state;
    start(&own, 0);
    start(&victim, 0);
    push_all(&victim, 0, 1);
    assert_ptr_equal(akti_runqueue_steal(&own, &victim), &item[0]);
    assert_int_equal(akti_runqueue_count(&own), 0);
    assert_int_equal(akti_runqueue_count(&victim), 0);
}

/* From a queue of n: the older half, rounded up, in order. */
static void
steal_from(uint32_t n, uint32_t own_first, uint32_t victim_first)
{
    struct akti_runqueue own;
    struct akti_runqueue victim;
    uint32_t half = n - n / 2;

    start(&own, own_first);
    start(&victim, victim_first);
    push_all(&victim, 0, n);
    assert_ptr_equal(akti_runqueue_steal(&own, &victim), &item[0]);
    assert_int_equal(akti_runqueue_count(&own), half - 1);
    assert_int_equal(akti_runqueue_count(&victim), n - half);
    assert_pops(&own, 1, half - 1);
    assert_pops(&victim, half, n - half);
}

static void
test_steal_takes_the_older_half_in_order(void **state)
{
    uint32_t n;

    (void)state;
    for (n = 1; n <= AKTI_RUNQUEUE_SIZE; n++) {
        steal_from(n, 0, 0);
    }
}

static void
test_steal_where_numbers_wrap_keeps_order(void **state)
{
    (void)state;
    steal_from(AKTI_RUNQUEUE_SIZE, UINT32_MAX - 5, UINT32_MAX - 60);
    steal_from(9, UINT32_MAX - 1, 13);
    steal_from(9, 13, UINT32_MAX - 1);
}

/* --- two threads: an owner that pushes and pops, a thief --- */

#define ITEMS 200000u

static struct akti_runnable many[ITEMS];
static _Atomic uint32_t taken[ITEMS];

struct race {
    struct akti_runqueue victim;
    _Atomic uint32_t done;
    uint32_t stolen; /* the thief's */
};

/* What the owner wrote into an item is there for whoever takes it. */
static void
take(struct akti_runnable *r)
{
    if (r->home != (uint32_t)(r - many) + 1) {
        return;
    }
    atomic_fetch_add_explicit(&taken[r - many], 1, memory_order_relaxed);
}

static void
steal_once(struct race *race, struct akti_runqueue *own)
{
    struct akti_runnable *r = akti_runqueue_steal(own, &race->victim);

    for (; r != NULL; r = akti_runqueue_pop(own)) {
        take(r);
        race->stolen++;
    }
}

static void *
thief(void *arg)
{
    static struct akti_runqueue own;
    struct race *race = arg;

    while (atomic_load_explicit(&race->done, memory_order_acquire) == 0) {
        steal_once(race, &own);
    }
    return NULL;
}

/* Pushes bursts of random length and takes some of them back. */
static void
owner(struct race *race, struct akti_random *random)
{
    uint32_t next = 0;

    while (next < ITEMS) {
        uint32_t pushes = 1 + akti_random_below(random, 40);
        uint32_t pops = akti_random_below(random, 40);

        for (; pushes > 0 && next < ITEMS; pushes--, next++) {
            many[next].home = next + 1;
            if (!akti_runqueue_push(&race->victim, &many[next])) {
                break;
            }
        }
        while (pops-- > 0) {
            struct akti_runnable *r = akti_runqueue_pop(&race->victim);

            if (r != NULL) {
                take(r);
            }
        }
    }
}

static const char *
run_race(uint64_t seed)
{
    static struct race race;
    struct akti_random random = {seed};
    struct akti_runnable *r;
    pthread_t thread;
    uint32_t i;

    memset(&race, 0, sizeof(race));
    memset(taken, 0, sizeof(taken));
    memset(many, 0, sizeof(many));
    if (pthread_create(&thread, NULL, thief, &race) != 0) {
        return "no thread";
    }
    owner(&race, &random);
    atomic_store_explicit(&race.done, 1, memory_order_release);
    (void)pthread_join(thread, NULL);
    while ((r = akti_runqueue_pop(&race.victim)) != NULL) {
        take(r);
    }
    for (i = 0; i < ITEMS; i++) {
        if (atomic_load(&taken[i]) != 1) {
            return atomic_load(&taken[i]) == 0
                       ? "an item was lost, or not seen whole"
                       : "an item was taken twice";
        }
    }
    return NULL;
}

static void
test_owner_and_thief_take_every_item_once(void **state)
{
    (void)state;
    unit_for_each_seed(30, run_race);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pop_of_empty_queue_gives_null),
        cmocka_unit_test(test_pop_gives_the_oldest_first),
        cmocka_unit_test(test_push_beyond_the_size_is_refused),
        cmocka_unit_test(test_push_after_pop_of_full_queue_succeeds),
        cmocka_unit_test(test_queue_works_where_its_numbers_wrap),
        cmocka_unit_test(test_steal_from_empty_queue_gives_null),
        cmocka_unit_test(test_steal_of_the_only_one_takes_it),
        cmocka_unit_test(test_steal_takes_the_older_half_in_order),
        cmocka_unit_test(test_steal_where_numbers_wrap_keeps_order),
        cmocka_unit_test(test_owner_and_thief_take_every_item_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
