/* SPDX-License-Identifier: MIT */
/* The real clock and arithmetic with instants. */
#include "actors/base/clock.h"
#include "tests/unit/unit.h"

static void
test_now_never_goes_back(void **state)
{
    uint64_t last = akti_clock_now();
    int i;

    (void)state;
    for (i = 0; i < 10000; i++) {
        uint64_t now = akti_clock_now();

        assert_true(now >= last);
        last = now;
    }
}

static void
test_now_is_the_monotonic_clock(void **state)
{
    struct timespec ts;
    uint64_t before = akti_clock_now();
    uint64_t between;

    (void)state;
    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &ts), 0);
    between = (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
    assert_true(before <= between);
    assert_true(between <= akti_clock_now());
}

static void
test_not_before_now_is_never_before_now(void **state)
{
    int i;

    (void)state;
    for (i = 0; i < 10000; i++) {
        uint64_t now = akti_clock_now();

        assert_true(akti_clock_not_before_now() >= now);
    }
}

static void
test_not_before_now_is_soon(void **state)
{
    uint64_t coarse = akti_clock_not_before_now();

    (void)state;
    assert_true(coarse <= akti_clock_now() + 20000000u);
}

static void
test_timespec_splits_seconds_and_nanoseconds(void **state)
{
    struct timespec ts = akti_clock_timespec(UINT64_C(12000000345));

    (void)state;
    assert_int_equal(ts.tv_sec, 12);
    assert_int_equal(ts.tv_nsec, 345);
}

static void
test_timespec_of_largest_instant_is_valid(void **state)
{
    struct timespec ts = akti_clock_timespec(UINT64_MAX);

    (void)state;
    assert_true(ts.tv_sec == 18446744073);
    assert_int_equal(ts.tv_nsec, 709551615);
}

static void
test_add_sums(void **state)
{
    (void)state;
    assert_true(akti_clock_add(2, 3) == 5);
    assert_true(akti_clock_add(UINT64_MAX, 0) == UINT64_MAX);
    assert_true(akti_clock_add(UINT64_MAX - 1, 1) == UINT64_MAX);
}

static void
test_add_beyond_the_end_stays_there(void **state)
{
    (void)state;
    assert_true(akti_clock_add(UINT64_MAX, 1) == UINT64_MAX);
    assert_true(akti_clock_add(1, UINT64_MAX) == UINT64_MAX);
    assert_true(akti_clock_add(UINT64_MAX, UINT64_MAX) == UINT64_MAX);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_now_never_goes_back),
        cmocka_unit_test(test_now_is_the_monotonic_clock),
        cmocka_unit_test(test_not_before_now_is_never_before_now),
        cmocka_unit_test(test_not_before_now_is_soon),
        cmocka_unit_test(test_timespec_splits_seconds_and_nanoseconds),
        cmocka_unit_test(test_timespec_of_largest_instant_is_valid),
        cmocka_unit_test(test_add_sums),
        cmocka_unit_test(test_add_beyond_the_end_stays_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
