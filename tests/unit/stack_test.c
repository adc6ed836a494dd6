/* SPDX-License-Identifier: MIT */
/* The pool of stacks: sizes, reuse, threads. */
#include "tests/unit/stacks.h"

#include <pthread.h>
#include <unistd.h>

/* --- sizes --- */

static void
test_init_with_size_out_of_range_is_refused(void **state)
{
    static const size_t wrong[] = {0, 1, 16 * KIB - 1, 64 * KIB * KIB + 1,
                                   SIZE_MAX};
    struct akti_stacks pool;
    struct unit_memory memory;
    struct akti_log log;
    size_t i;

    (void)state;
    unit_memory_init(&memory);
    akti_log_init(&log, AKT_LOG_OFF, NULL, NULL);
    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(
            akti_stacks_init(&pool, &memory.memory, &log, wrong[i]),
            AKT_EINVAL);
    }
    assert_int_equal(atomic_load(&memory.calls), 0);
}

static void
check_size(size_t wanted, size_t size)
{
    struct fixture f;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    struct akti_stack *stack[3];
    size_t usable;
    size_t i;

    start(&f, wanted);
    for (i = 0; i < 3; i++) {
        stack[i] = get(&f.a);
        usable = (size_t)(stack[i]->high - stack[i]->low);
        assert_true(usable <= size - page && usable > size - page - 1024);
        assert_int_equal((uintptr_t)stack[i]->low % page, 0);
        assert_int_equal((uintptr_t)stack[i]->high % 64, 0);
        stack[i]->low[0] = 'l';
        stack[i]->high[-1] = (char)i;
    }
    for (i = 0; i < 3; i++) {
        assert_int_equal(stack[i]->high[-1], i);
        akti_stack_put(&f.a, stack[i]);
    }
    finish(&f);
}

static void
test_stacks_have_the_size_with_their_guard(void **state)
{
    (void)state;
    check_size(16 * KIB, 16 * KIB);
    check_size(64 * KIB, 64 * KIB);
    check_size(64 * KIB + 1, 64 * KIB + (size_t)sysconf(_SC_PAGESIZE));
    check_size(1024 * KIB, 1024 * KIB);
    check_size(64 * KIB * KIB, 64 * KIB * KIB);
}

static void
test_stacks_lie_side_by_side(void **state)
{
    struct fixture f;
    struct akti_stack *stack[16];
    uintptr_t low = UINTPTR_MAX;
    uintptr_t high = 0;
    size_t i;

    (void)state;
    start(&f, 64 * KIB);
    for (i = 0; i < 16; i++) {
        stack[i] = get(&f.a);
        low = (uintptr_t)stack[i]->low < low ? (uintptr_t)stack[i]->low : low;
        high =
            (uintptr_t)stack[i]->high > high ? (uintptr_t)stack[i]->high : high;
    }
    assert_true(high - low < 16 * 64 * KIB);
    for (i = 0; i < 16; i++) {
        akti_stack_put(&f.a, stack[i]);
    }
    finish(&f);
}

/* --- reuse --- */

static void
test_get_after_put_gives_the_same_stack(void **state)
{
    struct fixture f;
    struct akti_stack *stack;

    (void)state;
    start(&f, 64 * KIB);
    stack = get(&f.a);
    akti_stack_put(&f.a, stack);
    assert_ptr_equal(get(&f.a), stack);
    akti_stack_put(&f.a, stack);
    finish(&f);
}

static void
test_get_here_and_put_there_reuses_stacks(void **state)
{
    struct fixture f;
    int i;

    (void)state;
    start(&f, 64 * KIB);
    for (i = 0; i < 10000; i++) {
        akti_stack_put(&f.b, get(&f.a));
    }
    assert_true(akti_stacks_count(&f.pool) <= 64);
    finish(&f);
}

static void
test_put_keeps_two_megabytes_in_a_cache(void **state)
{
    static struct akti_stack *stack[200];
    static const size_t sizes[] = {16 * KIB, 64 * KIB, 512 * KIB, 1024 * KIB,
                                   2048 * KIB};
    size_t i, k;

    (void)state;
    for (k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
        struct fixture f;

        start(&f, sizes[k]);
        for (i = 0; i < 200; i++) {
            stack[i] = get(&f.a);
        }
        for (i = 0; i < 200; i++) {
            akti_stack_put(&f.a, stack[i]);
        }
        assert_true(akti_stacks_in_use(&f.pool) * sizes[k] <= 2048 * KIB);
        finish(&f);
    }
}

static void
test_flush_gives_all_stacks_to_the_other_cache(void **state)
{
    static struct akti_stack *stack[64];
    struct fixture f;
    size_t i;

    (void)state;
    start(&f, 64 * KIB);
    for (i = 0; i < 64; i++) {
        stack[i] = get(&f.a);
    }
    for (i = 0; i < 64; i++) {
        akti_stack_put(&f.a, stack[i]);
    }
    akti_stack_cache_flush(&f.a);
    akti_stack_cache_flush(&f.a);
    assert_int_equal(akti_stacks_in_use(&f.pool), 0);
    for (i = 0; i < 64; i++) {
        stack[i] = get(&f.b);
    }
    assert_int_equal(akti_stacks_count(&f.pool), 64);
    for (i = 0; i < 64; i++) {
        akti_stack_put(&f.b, stack[i]);
    }
    finish(&f);
}

static void
test_flush_and_fini_of_zeroed_memory_do_nothing(void **state)
{
    struct akti_stack_cache cache;
    struct akti_stacks pool;

    (void)state;
    memset(&cache, 0, sizeof(cache));
    memset((void *)&pool, 0, sizeof(pool));
    akti_stack_cache_flush(&cache);
    akti_stacks_fini(&pool);
    assert_null(pool.memory);
}

static void
test_fini_with_stacks_in_use_frees_all(void **state)
{
    struct fixture f;
    int i;

    (void)state;
    start(&f, 64 * KIB);
    for (i = 0; i < 100; i++) {
        (void)get(&f.a);
    }
    assert_true(akti_stacks_in_use(&f.pool) >= 100);
    akti_stacks_fini(&f.pool);
    assert_nothing_leaked(&f.memory);
}

/* --- the simulation's wish --- */

static bool
deny_second(void *arg)
{
    unsigned *asked = arg;

    return ++*asked % 2 == 0;
}

static void
test_get_asks_each_time_when_a_simulation_wants_it(void **state)
{
    struct fixture f;
    struct akti_stack *stack[50];
    unsigned asked = 0;
    size_t i;

    (void)state;
    start(&f, 64 * KIB);
    f.memory.memory.deny = deny_second;
    f.memory.memory.deny_arg = &asked;
    akti_stack_cache_init(&f.a, &f.pool);
    for (i = 0; i < 50; i++) {
        struct akti_stack *none = NULL;

        stack[i] = get(&f.a);
        assert_int_equal(akti_stack_get(&f.a, &none), AKT_ENOMEM);
        assert_null(none);
        if (i % 2 == 0) {
            akti_stack_put(&f.a, stack[i]);
        }
    }
    assert_int_equal(asked, 100);
    assert_int_equal(akti_stacks_in_use(&f.pool), 25);
    for (i = 1; i < 50; i += 2) {
        akti_stack_put(&f.a, stack[i]);
    }
    finish(&f);
}

/* --- threads --- */

#define ROUNDS 300
#define HELD 40

struct worker {
    struct akti_stacks *pool;
    uint64_t seed;
    bool wrong;
};

/* Holds some at a time, each with its mark on it. */
static void *
churn(void *arg)
{
    struct worker *w = arg;
    struct akti_stack_cache cache;
    struct akti_stack *held[HELD] = {NULL};
    int i;

    akti_stack_cache_init(&cache, w->pool);
    for (i = 0; i < ROUNDS * HELD; i++) {
        struct akti_stack **slot =
            &held[(w->seed * 7 + (uint64_t)i * 13) % HELD];

        if (*slot != NULL) {
            w->wrong |= *(struct worker **)(void *)((*slot)->high - 64) != w;
            akti_stack_put(&cache, *slot);
            *slot = NULL;
        } else if (akti_stack_get(&cache, slot) == AKT_OK) {
            *(struct worker **)(void *)((*slot)->high - 64) = w;
        }
        if (i % 500 == 499) {
            akti_stack_cache_flush(&cache);
        }
    }
    for (i = 0; i < HELD; i++) {
        if (held[i] != NULL) {
            akti_stack_put(&cache, held[i]);
        }
    }
    akti_stack_cache_flush(&cache);
    return NULL;
}

static void
test_stacks_of_several_threads_are_never_shared(void **state)
{
    struct fixture f;
    struct worker worker[4];
    pthread_t thread[4];
    size_t i;

    (void)state;
    start(&f, 16 * KIB);
    for (i = 0; i < 4; i++) {
        worker[i] = (struct worker){&f.pool, i, false};
        assert_int_equal(pthread_create(&thread[i], NULL, churn, &worker[i]),
                         0);
    }
    for (i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(thread[i], NULL), 0);
        assert_false(worker[i].wrong);
    }
    finish(&f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_init_with_size_out_of_range_is_refused),
        cmocka_unit_test(test_stacks_have_the_size_with_their_guard),
        cmocka_unit_test(test_stacks_lie_side_by_side),
        cmocka_unit_test(test_get_after_put_gives_the_same_stack),
        cmocka_unit_test(test_get_here_and_put_there_reuses_stacks),
        cmocka_unit_test(test_put_keeps_two_megabytes_in_a_cache),
        cmocka_unit_test(test_flush_gives_all_stacks_to_the_other_cache),
        cmocka_unit_test(test_flush_and_fini_of_zeroed_memory_do_nothing),
        cmocka_unit_test(test_fini_with_stacks_in_use_frees_all),
        cmocka_unit_test(test_get_asks_each_time_when_a_simulation_wants_it),
        cmocka_unit_test(test_stacks_of_several_threads_are_never_shared),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
