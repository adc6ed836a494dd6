/* SPDX-License-Identifier: MIT */
/* The event loop: rings before and during a wait, deadlines, faults. */
#include "actors/sched/loop.h"

#include "actors/base/clock.h"
#include "actors/base/fault.h"
#include "akt/types.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

static struct akti_loop *
opened(void)
{
    struct akti_loop *loop = NULL;

    assert_int_equal(akti_loop_open(&loop), AKT_OK);
    assert_non_null(loop);
    return loop;
}

/* A descriptor that is free: the lowest one. */
static int
lowest_free(void)
{
    int fd = open("/dev/null", O_RDONLY);

    (void)close(fd);
    return fd;
}

static void
test_wait_after_a_ring_returns_at_once(void **state)
{
    struct akti_loop *loop = opened();

    (void)state;
    akti_loop_ring(loop);
    assert_true(akti_loop_wait(loop, akti_clock_now(), AKT_NEVER));
    akti_loop_close(loop);
}

static void
test_wait_takes_all_rings_back(void **state)
{
    struct akti_loop *loop = opened();
    uint64_t now;

    (void)state;
    akti_loop_ring(loop);
    akti_loop_ring(loop);
    assert_true(akti_loop_wait(loop, akti_clock_now(), AKT_NEVER));
    now = akti_clock_now();
    assert_false(akti_loop_wait(loop, now, now + 1000));
    akti_loop_close(loop);
}

static void *
ring(void *arg)
{
    akti_loop_ring(arg);
    return NULL;
}

static void
test_wait_without_deadline_is_ended_by_another_thread(void **state)
{
    struct akti_loop *loop = opened();
    pthread_t thread;
    int i;

    (void)state;
    for (i = 0; i < 200; i++) {
        assert_int_equal(pthread_create(&thread, NULL, ring, loop), 0);
        assert_true(akti_loop_wait(loop, akti_clock_now(), AKT_NEVER));
        assert_int_equal(pthread_join(thread, NULL), 0);
    }
    akti_loop_close(loop);
}

static void
test_wait_with_far_deadline_is_ended_by_another_thread(void **state)
{
    struct akti_loop *loop = opened();
    uint64_t now = akti_clock_now();
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, ring, loop), 0);
    assert_true(akti_loop_wait(loop, now, now + AKT_SECONDS(60)));
    assert_int_equal(pthread_join(thread, NULL), 0);
    akti_loop_close(loop);
}

static void
test_wait_ends_at_the_deadline_and_not_before(void **state)
{
    static const uint64_t wait_ns[] = {1,      999,     1000,    1001,
                                       123456, 1000000, 1500001, 3999999};
    struct akti_loop *loop = opened();
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(wait_ns) / sizeof(wait_ns[0]); i++) {
        uint64_t now = akti_clock_now();

        assert_false(akti_loop_wait(loop, now, now + wait_ns[i]));
        assert_true(akti_clock_now() >= now + wait_ns[i]);
    }
    akti_loop_close(loop);
}

static void
test_wait_with_past_deadline_returns(void **state)
{
    struct akti_loop *loop = opened();

    (void)state;
    assert_false(akti_loop_wait(loop, akti_clock_now(), 0));
    akti_loop_close(loop);
}

/* As far as an instant can be without being "never". */
static void
test_wait_with_largest_deadline_is_ended_by_a_ring(void **state)
{
    struct akti_loop *loop = opened();

    (void)state;
    akti_loop_ring(loop);
    assert_true(akti_loop_wait(loop, akti_clock_now(), AKT_NEVER - 1));
    akti_loop_close(loop);
}

/* A deadline that a ring made void does not end the wait after it. */
static void
test_wait_after_a_ring_forgets_the_old_deadline(void **state)
{
    struct akti_loop *loop = opened();
    uint64_t now = akti_clock_now();

    (void)state;
    akti_loop_ring(loop);
    (void)akti_loop_wait(loop, now, now + AKT_MS(1));
    now = akti_clock_now();
    assert_false(akti_loop_wait(loop, now, now + AKT_MS(4)));
    assert_true(akti_clock_now() >= now + AKT_MS(4));
    akti_loop_close(loop);
}

struct late_ring {
    struct akti_loop *loop;
    uint64_t at_ns;
};

static void *
ring_late(void *arg)
{
    struct late_ring *late = arg;

    while (akti_clock_now() < late->at_ns) {
    }
    akti_loop_ring(late->loop);
    return NULL;
}

static void
test_wait_for_ever_after_a_ring_outlasts_the_old_deadline(void **state)
{
    struct akti_loop *loop = opened();
    uint64_t now = akti_clock_now();
    struct late_ring late = {loop, now + AKT_MS(6)};
    pthread_t thread;

    (void)state;
    akti_loop_ring(loop);
    assert_true(akti_loop_wait(loop, now, now + AKT_MS(3)));
    assert_int_equal(pthread_create(&thread, NULL, ring_late, &late), 0);
    assert_true(akti_loop_wait(loop, akti_clock_now(), AKT_NEVER));
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(akti_clock_now() >= late.at_ns);
    akti_loop_close(loop);
}

static void
test_open_without_doorbell_says_emfile(void **state)
{
    struct akti_loop *loop = NULL;

    (void)state;
    akti_fault_set(AKTI_FAULT_DOORBELL, 0, 1);
    assert_int_equal(akti_loop_open(&loop), AKT_EMFILE);
    assert_null(loop);
}

static void
test_open_without_base_says_eio_and_leaves_nothing(void **state)
{
    struct akti_loop *loop = NULL;
    int before = lowest_free();

    (void)state;
    akti_fault_set(AKTI_FAULT_LOOP, 0, 1);
    assert_int_equal(akti_loop_open(&loop), AKT_EIO);
    assert_null(loop);
    assert_int_equal(lowest_free(), before);
}

static void
test_close_gives_all_descriptors_back(void **state)
{
    int before = lowest_free();

    (void)state;
    akti_loop_close(opened());
    assert_int_equal(lowest_free(), before);
}

static void
test_close_of_null_does_nothing(void **state)
{
    (void)state;
    akti_loop_close(NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wait_after_a_ring_returns_at_once),
        cmocka_unit_test(test_wait_takes_all_rings_back),
        cmocka_unit_test(test_wait_without_deadline_is_ended_by_another_thread),
        cmocka_unit_test(
            test_wait_with_far_deadline_is_ended_by_another_thread),
        cmocka_unit_test(test_wait_ends_at_the_deadline_and_not_before),
        cmocka_unit_test(test_wait_with_past_deadline_returns),
        cmocka_unit_test(test_wait_with_largest_deadline_is_ended_by_a_ring),
        cmocka_unit_test(test_wait_after_a_ring_forgets_the_old_deadline),
        cmocka_unit_test(
            test_wait_for_ever_after_a_ring_outlasts_the_old_deadline),
        cmocka_unit_test(test_open_without_doorbell_says_emfile),
        cmocka_unit_test(test_open_without_base_says_eio_and_leaves_nothing),
        cmocka_unit_test(test_close_gives_all_descriptors_back),
        cmocka_unit_test(test_close_of_null_does_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
