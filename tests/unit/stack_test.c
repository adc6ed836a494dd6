/* SPDX-License-Identifier: MIT */
/* The pool of stacks: sizes, reuse, memory that goes back, failures. */
#include "actors/base/stack.h"

#include "actors/base/fault.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define KIB ((size_t)1024)

struct fixture {
    struct unit_memory memory;
    struct akti_log log;
    struct akti_stacks pool;
    struct akti_stack_cache a;
    struct akti_stack_cache b;
    unsigned lines;
    char line[512]; /* the last one of the log */
};

static void
note_line(akt_log_level level, const char *line, void *arg)
{
    struct fixture *f = arg;

    assert_int_equal(level, AKT_LOG_WARNING);
    f->lines++;
    (void)snprintf(f->line, sizeof(f->line), "%s", line);
}

static void
start(struct fixture *f, size_t size)
{
    memset(f, 0, sizeof(*f));
    unit_memory_init(&f->memory);
    akti_log_init(&f->log, AKT_LOG_WARNING, note_line, f);
    assert_int_equal(
        akti_stacks_init(&f->pool, &f->memory.memory, &f->log, size), AKT_OK);
    akti_stack_cache_init(&f->a, &f->pool);
    akti_stack_cache_init(&f->b, &f->pool);
}

static void
finish(struct fixture *f)
{
    akti_stack_cache_flush(&f->a);
    akti_stack_cache_flush(&f->b);
    assert_int_equal(akti_stacks_in_use(&f->pool), 0);
    akti_stacks_fini(&f->pool);
    assert_nothing_leaked(&f->memory);
}

static struct akti_stack *
get(struct akti_stack_cache *c)
{
    struct akti_stack *stack = NULL;

    assert_int_equal(akti_stack_get(c, &stack), AKT_OK);
    return stack;
}

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

/* --- memory --- */

#define BURST 4000

static struct akti_stack *burst[100000];

static void
test_spans_go_back_after_a_burst(void **state)
{
    static struct fixture f;
    size_t i;

    (void)state;
    start(&f, 64 * KIB);
    for (i = 0; i < BURST; i++) {
        burst[i] = get(&f.a);
    }
    assert_true(akti_stacks_count(&f.pool) >= BURST);
    for (i = 0; i < BURST; i++) {
        akti_stack_put(&f.a, burst[i]);
    }
    /* Warm ones and cached ones hold their spans; and there is one spare. */
    assert_true(akti_stacks_count(&f.pool) <= 256 + 32 + 4 * 64);
    finish(&f);
}

static void
test_stacks_of_unmapped_spans_are_mapped_again(void **state)
{
    static struct fixture f;
    int round;
    size_t i;

    (void)state;
    start(&f, 64 * KIB);
    for (round = 0; round < 3; round++) {
        for (i = 0; i < BURST; i++) {
            burst[i] = get(&f.a);
            burst[i]->high[-1] = (char)i;
        }
        for (i = 0; i < BURST; i++) {
            assert_int_equal(burst[i]->high[-1], (char)i);
            akti_stack_put(i % 2 == 0 ? &f.a : &f.b, burst[i]);
        }
    }
    finish(&f);
}

/* `n` stacks whose topmost bytes are used, and nothing else. */
static void
use_shallowly(struct fixture *f, size_t n)
{
    size_t i;

    for (i = 0; i < n; i++) {
        burst[i] = get(&f->a);
        memset(burst[i]->high - 1500, 1, 1500);
    }
}

#if defined(AKTI_STACK_ADDRESS_SANITIZER)                                      \
    || defined(AKTI_STACK_THREAD_SANITIZER)

/* They have memory of their own for each stack. */
static void
test_memory_goes_back_after_a_burst(void **state)
{
    static struct fixture f;
    size_t i;

    (void)state;
    start(&f, 64 * KIB);
    use_shallowly(&f, 1000);
    for (i = 0; i < 1000; i++) {
        akti_stack_put(&f.a, burst[i]);
    }
    assert_true(akti_stacks_in_use(&f.pool) <= 32);
    finish(&f);
}

#else

/* Resident memory; 0 where the system does not tell. */
static size_t
resident_bytes(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    unsigned long total = 0;
    unsigned long resident = 0;

    if (file == NULL) {
        return 0;
    }
    if (fscanf(file, "%lu %lu", &total, &resident) != 2) {
        resident = 0;
    }
    (void)fclose(file);
    return resident * (size_t)sysconf(_SC_PAGESIZE);
}

static size_t
grown(size_t before)
{
    size_t now = resident_bytes();

    return now > before ? now - before : 0;
}

static void
test_memory_goes_back_after_a_burst(void **state)
{
    static struct fixture f;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t before = resident_bytes();
    size_t n = 100000;
    size_t i;

    (void)state;
    start(&f, 64 * KIB);
    (void)get(&f.b);
    if (atomic_load(&f.pool.has_no_marks)) {
        n = 20000; /* more mappings than that may not be allowed */
    }
    use_shallowly(&f, n);
    if (before > 0) {
        /* One page each, and what is known of it. */
        assert_true(grown(before) >= n * page);
        assert_true(grown(before) <= n * (page + 128) + 1024 * KIB);
    }
    for (i = 0; i < n; i++) {
        akti_stack_put(&f.a, burst[i]);
    }
    if (before > 0) {
        assert_true(grown(before) <= 8192 * KIB);
    }
    akti_stack_cache_init(&f.b, &f.pool);
    akti_stack_cache_flush(&f.a);
    akti_stacks_fini(&f.pool);
    assert_nothing_leaked(&f.memory);
}

#endif

/* --- failures --- */

/* Every call that makes a first stack fails once; then it works. */
static void
check_failing(struct fixture *f, akt_err expected)
{
    struct akti_stack *stack = NULL;

    assert_int_equal(akti_stack_get(&f->a, &stack), expected);
    assert_null(stack);
    assert_int_equal(akti_stacks_count(&f->pool), 0);
    assert_int_equal(atomic_load(&f->memory.live), 0);
    assert_int_equal(f->lines, 1);
}

static void
test_get_without_memory_changes_nothing(void **state)
{
    struct fixture f;

    (void)state;
    start(&f, 64 * KIB);
    unit_memory_limit(&f.memory, 0);
    check_failing(&f, AKT_ENOMEM);
    unit_memory_limit(&f.memory, 100);
    akti_stack_put(&f.a, get(&f.a));
    finish(&f);
}

static void
test_get_without_address_space_changes_nothing(void **state)
{
    struct fixture f;

    (void)state;
    start(&f, 64 * KIB);
    akti_fault_set(AKTI_FAULT_STACK, 0, 1);
    check_failing(&f, AKT_ENOMEM);
    akti_stack_put(&f.a, get(&f.a));
    finish(&f);
}

static void
test_get_without_mappings_names_their_limit(void **state)
{
    uint32_t pass;

    (void)state;
    for (pass = 0; pass < 64; pass += 21) {
        struct fixture f;

        start(&f, 64 * KIB);
        atomic_store(&f.pool.has_no_marks, true);
        akti_fault_set(AKTI_FAULT_GUARD, pass, 1);
        check_failing(&f, AKT_ELIMIT);
        assert_non_null(strstr(f.line, "vm.max_map_count"));
        assert_non_null(strstr(f.line, "0 of 65536 bytes"));
        akti_stack_put(&f.a, get(&f.a));
        finish(&f);
    }
}

static void
test_failures_are_told_once_until_one_succeeds(void **state)
{
    struct fixture f;
    struct akti_stack *stack = NULL;
    int i;

    (void)state;
    start(&f, 64 * KIB);
    for (i = 0; i < 2; i++) {
        akti_fault_set(AKTI_FAULT_STACK, 0, 3);
        while (akti_stack_get(&f.a, &stack) != AKT_OK) {
        }
        assert_int_equal(f.lines, i + 1);
        while (akti_stacks_count(&f.pool) < 64 * (uint32_t)(i + 2)
               && akti_stacks_in_use(&f.pool) < 64 * (uint32_t)(i + 1)) {
            (void)get(&f.a);
        }
        while (f.a.head != NULL) {
            (void)get(&f.a);
        }
    }
    akti_stacks_fini(&f.pool);
    assert_nothing_leaked(&f.memory);
}

static void
test_guards_without_marks_are_made_by_rights(void **state)
{
    struct fixture f;

    (void)state;
    start(&f, 64 * KIB);
    akti_fault_set(AKTI_FAULT_MARK, 0, 1);
    akti_stack_put(&f.a, get(&f.a));
    assert_true(atomic_load(&f.pool.has_no_marks));
    finish(&f);
}

/* In a child: until there is no address space, and then all again. */
static int
exhaust(void)
{
    struct rlimit limit = {(rlim_t)512 << 20, (rlim_t)512 << 20};
    static struct fixture f;
    akt_err err = AKT_OK;
    size_t n = 0;
    size_t i;

    start(&f, 1024 * KIB);
    if (setrlimit(RLIMIT_AS, &limit) != 0) {
        return 1;
    }
    while (err == AKT_OK && n < 1000) {
        err = akti_stack_get(&f.a, &burst[n]);
        n += err == AKT_OK;
    }
    if (err != AKT_ENOMEM || n < 100 || n > 512 || f.lines != 1) {
        return 2;
    }
    for (i = 0; i < n; i++) {
        akti_stack_put(&f.a, burst[i]);
    }
    akti_stack_cache_flush(&f.a);
    for (i = 0; i < n; i++) {
        if (akti_stack_get(&f.b, &burst[i]) != AKT_OK) {
            return 3;
        }
    }
    akti_stacks_fini(&f.pool);
    return 0;
}

#if defined(AKTI_STACK_ADDRESS_SANITIZER)                                      \
    || defined(AKTI_STACK_THREAD_SANITIZER)

/* They take more address space than there is. */
static void
test_get_beyond_the_address_space_is_refused(void **state)
{
    (void)state;
    (void)exhaust;
    skip();
}

#else

static void
test_get_beyond_the_address_space_is_refused(void **state)
{
    pid_t child = fork();
    int status = 0;

    (void)state;
    assert_true(child >= 0);
    if (child == 0) {
        _exit(exhaust());
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

#endif

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
        cmocka_unit_test(test_spans_go_back_after_a_burst),
        cmocka_unit_test(test_stacks_of_unmapped_spans_are_mapped_again),
        cmocka_unit_test(test_memory_goes_back_after_a_burst),
        cmocka_unit_test(test_get_without_memory_changes_nothing),
        cmocka_unit_test(test_get_without_address_space_changes_nothing),
        cmocka_unit_test(test_get_without_mappings_names_their_limit),
        cmocka_unit_test(test_failures_are_told_once_until_one_succeeds),
        cmocka_unit_test(test_guards_without_marks_are_made_by_rights),
        cmocka_unit_test(test_get_beyond_the_address_space_is_refused),
        cmocka_unit_test(test_get_asks_each_time_when_a_simulation_wants_it),
        cmocka_unit_test(test_stacks_of_several_threads_are_never_shared),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
