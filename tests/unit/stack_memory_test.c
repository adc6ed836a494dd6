/* SPDX-License-Identifier: MIT */
/* The pool of stacks: memory that goes back, and memory that there is not. */
#include "tests/unit/stacks.h"

#include "actors/base/fault.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spans_go_back_after_a_burst),
        cmocka_unit_test(test_stacks_of_unmapped_spans_are_mapped_again),
        cmocka_unit_test(test_memory_goes_back_after_a_burst),
        cmocka_unit_test(test_get_without_memory_changes_nothing),
        cmocka_unit_test(test_get_without_address_space_changes_nothing),
        cmocka_unit_test(test_get_without_mappings_names_their_limit),
        cmocka_unit_test(test_failures_are_told_once_until_one_succeeds),
        cmocka_unit_test(test_guards_without_marks_are_made_by_rights),
        cmocka_unit_test(test_get_beyond_the_address_space_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
