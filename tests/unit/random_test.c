/* SPDX-License-Identifier: MIT */
/* The generator and the mixer: SplitMix64, as published. */
#include "actors/base/hash.h"
#include "actors/base/random.h"
#include "tests/unit/unit.h"

/* The published sequence of the seed 1234567. */
static void
test_next_gives_the_published_sequence(void **state)
{
    struct akti_random r = {1234567};

    (void)state;
    assert_true(akti_random_next(&r) == UINT64_C(6457827717110365317));
    assert_true(akti_random_next(&r) == UINT64_C(3203168211198807973));
    assert_true(akti_random_next(&r) == UINT64_C(9817491932198370423));
    assert_true(akti_random_next(&r) == UINT64_C(4593380528125082431));
    assert_true(akti_random_next(&r) == UINT64_C(16408922859458223821));
}

static void
test_next_of_zero_seed_is_not_stuck(void **state)
{
    struct akti_random r = {0};
    uint64_t first = akti_random_next(&r);

    (void)state;
    assert_true(first != 0);
    assert_true(first != akti_random_next(&r));
}

static void
test_below_stays_below(void **state)
{
    struct akti_random r = {42};
    uint32_t n;

    (void)state;
    for (n = 1; n < 5000; n++) {
        assert_true(akti_random_below(&r, n) < n);
    }
    assert_true(akti_random_below(&r, UINT32_MAX) < UINT32_MAX);
}

static void
test_below_one_is_zero(void **state)
{
    struct akti_random r = {42};

    (void)state;
    assert_int_equal(akti_random_below(&r, 1), 0);
}

/* 70000 throws of a die with 7 faces: each 10000 times, give or take 5 sigma. */
static void
test_below_gives_each_number_as_often(void **state)
{
    struct akti_random r = {1};
    uint32_t count[7] = {0};
    int i;

    (void)state;
    for (i = 0; i < 70000; i++) {
        count[akti_random_below(&r, 7)]++;
    }
    for (i = 0; i < 7; i++) {
        assert_in_range(count[i], 9500, 10500);
    }
}

static void
test_mix_depends_on_order(void **state)
{
    uint64_t ab = akti_hash_mix(akti_hash_mix(0, 1), 2);
    uint64_t ba = akti_hash_mix(akti_hash_mix(0, 2), 1);

    (void)state;
    assert_true(ab != ba);
}

static void
test_mix_with_one_bit_changed_changes_half_of_them(void **state)
{
    unsigned changed = 0;
    unsigned bit;

    (void)state;
    for (bit = 0; bit < 64; bit++) {
        uint64_t differing = akti_hash_mix(0, 12345)
                             ^ akti_hash_mix(0, 12345 ^ UINT64_C(1) << bit);

        changed += (unsigned)__builtin_popcountll(differing);
    }
    assert_in_range(changed, 64 * 28, 64 * 36);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_next_gives_the_published_sequence),
        cmocka_unit_test(test_next_of_zero_seed_is_not_stuck),
        cmocka_unit_test(test_below_stays_below),
        cmocka_unit_test(test_below_one_is_zero),
        cmocka_unit_test(test_below_gives_each_number_as_often),
        cmocka_unit_test(test_mix_depends_on_order),
        cmocka_unit_test(test_mix_with_one_bit_changed_changes_half_of_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
