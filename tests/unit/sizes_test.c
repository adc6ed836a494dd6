/* SPDX-License-Identifier: MIT */
/* Memory by size: classes, alignment, what is too large for a pool. */
#include "actors/base/sizes.h"
#include "tests/unit/unit.h"

#include <string.h>

#define POOLED_MAX 4096u

static size_t
bytes_of(uint8_t size_class)
{
    return (size_t)1 << (AKTI_SIZE_MIN_LOG2 + size_class);
}

static void
test_class_holds_its_sizes_and_no_smaller_does(void **state)
{
    size_t size;

    (void)state;
    for (size = 1; size <= POOLED_MAX; size++) {
        uint8_t c = akti_size_class(size);

        assert_true(c < AKTI_SIZE_CLASSES);
        assert_true(bytes_of(c) >= size);
        assert_true(c == 0 || bytes_of((uint8_t)(c - 1)) < size);
    }
}

static void
test_class_of_nothing_is_the_smallest(void **state)
{
    (void)state;
    assert_int_equal(akti_size_class(0), 0);
}

static void
test_class_above_the_largest_is_large(void **state)
{
    (void)state;
    assert_int_equal(akti_size_class(POOLED_MAX), AKTI_SIZE_CLASSES - 1);
    assert_int_equal(akti_size_class(POOLED_MAX + 1), AKTI_SIZE_LARGE);
    assert_int_equal(akti_size_class(SIZE_MAX), AKTI_SIZE_LARGE);
}

static void
test_alloc_of_each_class_is_aligned_and_usable(void **state)
{
    struct unit_heap h;
    uint8_t c;

    (void)state;
    unit_heap_init(&h);
    for (c = 0; c < AKTI_SIZE_CLASSES; c++) {
        size_t align = bytes_of(c) < 64 ? bytes_of(c) : 64;
        void *a = akti_sizes_alloc(&h.caches, c, bytes_of(c));
        void *b = akti_sizes_alloc(&h.caches, c, bytes_of(c));

        assert_int_equal((uintptr_t)a % align, 0);
        assert_int_equal((uintptr_t)b % align, 0);
        memset(a, 1, bytes_of(c));
        memset(b, 2, bytes_of(c));
        assert_int_equal(((char *)a)[bytes_of(c) - 1], 1);
        akti_sizes_free(&h.caches, c, a, bytes_of(c));
        akti_sizes_free(&h.caches, c, b, bytes_of(c));
    }
    unit_heap_fini(&h);
}

static void
test_alloc_of_large_goes_to_the_hook_and_back(void **state)
{
    struct unit_heap h;
    void *ptr;

    (void)state;
    unit_heap_init(&h);
    ptr = akti_sizes_alloc(&h.caches, AKTI_SIZE_LARGE, 5000);
    assert_int_equal((uintptr_t)ptr % AKTI_SIZE_ALIGN, 0);
    assert_int_equal(atomic_load(&h.memory.live), 1);
    assert_in_range(atomic_load(&h.memory.live_bytes), 5000, 5063);
    akti_sizes_free(&h.caches, AKTI_SIZE_LARGE, ptr, 5000);
    assert_int_equal(atomic_load(&h.memory.live), 0);
    unit_heap_fini(&h);
}

static void
test_alloc_out_of_memory_gives_null_for_every_class(void **state)
{
    struct unit_heap h;
    uint8_t c;

    (void)state;
    unit_heap_init(&h);
    unit_memory_limit(&h.memory, 0);
    for (c = 0; c < AKTI_SIZE_CLASSES; c++) {
        assert_null(akti_sizes_alloc(&h.caches, c, bytes_of(c)));
    }
    assert_null(akti_sizes_alloc(&h.caches, AKTI_SIZE_LARGE, 5000));
    unit_heap_fini(&h);
}

struct piece {
    unsigned char *ptr;
    size_t size;
    unsigned char fill;
};

static const char *
check_and_free(struct unit_heap *h, struct piece *p)
{
    size_t i;

    for (i = 0; i < p->size; i++) {
        if (p->ptr[i] != p->fill) {
            return "a block was overwritten";
        }
    }
    akti_sizes_free(&h->caches, akti_size_class(p->size), p->ptr, p->size);
    p->ptr = NULL;
    return NULL;
}

/* Random blocks of random sizes keep what was written into them. */
static const char *
churn(uint64_t seed)
{
    struct akti_random r = {seed};
    struct piece piece[64] = {{0}};
    const char *wrong = NULL;
    struct unit_heap h;
    int step;
    size_t i;

    unit_heap_init(&h);
    for (step = 0; step < 4000 && wrong == NULL; step++) {
        struct piece *p = &piece[akti_random_below(&r, 64)];

        if (p->ptr != NULL) {
            wrong = check_and_free(&h, p);
            continue;
        }
        p->size = 1 + akti_random_below(&r, 6000) % (1u + (1u << step % 13));
        p->fill = (unsigned char)akti_random_next(&r);
        p->ptr = akti_sizes_alloc(&h.caches, akti_size_class(p->size), p->size);
        memset(p->ptr, p->fill, p->size);
    }
    for (i = 0; i < 64 && wrong == NULL; i++) {
        wrong = piece[i].ptr != NULL ? check_and_free(&h, &piece[i]) : NULL;
    }
    unit_heap_fini(&h);
    return wrong;
}

static void
test_random_blocks_keep_their_content(void **state)
{
    (void)state;
    unit_for_each_seed(10, churn);
}

static void
test_flush_gives_blocks_to_another_context(void **state)
{
    struct unit_heap h;
    struct akti_caches other;
    long calls;
    void *ptr;

    (void)state;
    unit_heap_init(&h);
    akti_caches_init(&other, &h.depots);
    ptr = akti_sizes_alloc(&h.caches, 2, 64);
    akti_sizes_free(&h.caches, 2, ptr, 64);
    akti_caches_flush(&h.caches);
    calls = atomic_load(&h.memory.calls);
    ptr = akti_sizes_alloc(&other, 2, 64);
    assert_true(AKTI_POOL_PLAIN_IS_MALLOC
                || atomic_load(&h.memory.calls) == calls);
    akti_sizes_free(&other, 2, ptr, 64);
    akti_caches_flush(&other);
    unit_heap_fini(&h);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_class_holds_its_sizes_and_no_smaller_does),
        cmocka_unit_test(test_class_of_nothing_is_the_smallest),
        cmocka_unit_test(test_class_above_the_largest_is_large),
        cmocka_unit_test(test_alloc_of_each_class_is_aligned_and_usable),
        cmocka_unit_test(test_alloc_of_large_goes_to_the_hook_and_back),
        cmocka_unit_test(test_alloc_out_of_memory_gives_null_for_every_class),
        cmocka_unit_test(test_random_blocks_keep_their_content),
        cmocka_unit_test(test_flush_gives_blocks_to_another_context),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
