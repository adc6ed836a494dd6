/* SPDX-License-Identifier: MIT */
/* The allocator hook: sizes, alignment, addresses, running out. */
#include "actors/base/memory.h"
#include "tests/unit/unit.h"

#include <string.h>

/* A hook that notes how it was called and answers what it is told to. */
struct scripted {
    size_t size;
    size_t align;
    size_t freed_size;
    void *answer;
    void *freed;
    unsigned frees;
};

static void *
scripted_alloc(void *arg, size_t size, size_t align)
{
    struct scripted *s = arg;

    s->size = size;
    s->align = align;
    return s->answer;
}

static void
scripted_free(void *arg, void *ptr, size_t size)
{
    struct scripted *s = arg;

    s->freed = ptr;
    s->freed_size = size;
    s->frees++;
}

static struct akti_memory
memory_of(struct scripted *s)
{
    akt_allocator hook = {scripted_alloc, scripted_free, s};
    struct akti_memory m;

    akti_memory_init(&m, &hook);
    return m;
}

static void
test_alloc_passes_a_multiple_of_the_alignment(void **state)
{
    struct scripted s = {0};
    struct akti_memory m = memory_of(&s);

    (void)state;
    (void)akti_memory_alloc(&m, 65, 64);
    assert_int_equal(s.size, 128);
    assert_int_equal(s.align, 64);
}

static void
test_alloc_of_a_multiple_passes_it_unchanged(void **state)
{
    struct scripted s = {0};
    struct akti_memory m = memory_of(&s);

    (void)state;
    (void)akti_memory_alloc(&m, 128, 64);
    assert_int_equal(s.size, 128);
}

static void
test_free_passes_the_size_of_the_alloc(void **state)
{
    struct scripted s = {0};
    struct akti_memory m = memory_of(&s);
    char block[16];

    (void)state;
    akti_memory_free(&m, block, 65, 64);
    assert_ptr_equal(s.freed, block);
    assert_int_equal(s.freed_size, 128);
}

static void
test_free_of_null_does_not_call_the_hook(void **state)
{
    struct scripted s = {0};
    struct akti_memory m = memory_of(&s);

    (void)state;
    akti_memory_free(&m, NULL, 64, 64);
    assert_int_equal(s.frees, 0);
}

static void
test_alloc_with_hook_out_of_memory_gives_null(void **state)
{
    struct scripted s = {0};
    struct akti_memory m = memory_of(&s);

    (void)state;
    assert_null(akti_memory_alloc(&m, 64, 64));
    assert_null(akti_memory_zalloc(&m, 64, 64));
    assert_int_equal(s.frees, 0);
}

static void
test_alloc_at_high_address_gives_it_back(void **state)
{
    struct scripted s = {.answer = (void *)(uintptr_t)(UINT64_C(1) << 48)};
    struct akti_memory m = memory_of(&s);

    (void)state;
    assert_null(akti_memory_alloc(&m, 64, 64));
    assert_ptr_equal(s.freed, s.answer);
    assert_int_equal(s.freed_size, 64);
}

static void
test_alloc_that_ends_beyond_the_limit_gives_it_back(void **state)
{
    uint64_t address = (UINT64_C(1) << 48) - 64;
    struct scripted s = {.answer = (void *)(uintptr_t)address};
    struct akti_memory m = memory_of(&s);

    (void)state;
    assert_null(akti_memory_alloc(&m, 65, 64));
    assert_int_equal(s.frees, 1);
}

static void
test_alloc_that_ends_at_the_limit_is_taken(void **state)
{
    uint64_t address = (UINT64_C(1) << 48) - 64;
    struct scripted s = {.answer = (void *)(uintptr_t)address};
    struct akti_memory m = memory_of(&s);

    (void)state;
    assert_ptr_equal(akti_memory_alloc(&m, 64, 64), s.answer);
    assert_int_equal(s.frees, 0);
}

static void
test_zalloc_fills_with_zero(void **state)
{
    char block[64];
    char zero[64] = {0};
    struct scripted s = {.answer = block};
    struct akti_memory m = memory_of(&s);

    (void)state;
    memset(block, 0xa5, sizeof(block));
    assert_ptr_equal(akti_memory_zalloc(&m, sizeof(block), 16), block);
    assert_memory_equal(block, zero, sizeof(block));
}

static void
test_alloc_without_hook_is_aligned(void **state)
{
    struct akti_memory m;
    size_t align;

    (void)state;
    akti_memory_init(&m, NULL);
    for (align = 16; align <= 4096; align *= 2) {
        void *ptr = akti_memory_alloc(&m, 3, align);

        assert_non_null(ptr);
        assert_int_equal((uintptr_t)ptr % align, 0);
        akti_memory_free(&m, ptr, 3, align);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alloc_passes_a_multiple_of_the_alignment),
        cmocka_unit_test(test_alloc_of_a_multiple_passes_it_unchanged),
        cmocka_unit_test(test_free_passes_the_size_of_the_alloc),
        cmocka_unit_test(test_free_of_null_does_not_call_the_hook),
        cmocka_unit_test(test_alloc_with_hook_out_of_memory_gives_null),
        cmocka_unit_test(test_alloc_at_high_address_gives_it_back),
        cmocka_unit_test(test_alloc_that_ends_beyond_the_limit_gives_it_back),
        cmocka_unit_test(test_alloc_that_ends_at_the_limit_is_taken),
        cmocka_unit_test(test_zalloc_fills_with_zero),
        cmocka_unit_test(test_alloc_without_hook_is_aligned),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
