/* SPDX-License-Identifier: MIT */
/* The doorbell: readable after a ring, rings coalesce, descriptors run out. */
#include "actors/sched/doorbell.h"

#include "actors/base/fault.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <unistd.h>

/* Whether it is readable within `timeout_ms`. */
static bool
is_rung(const struct akti_doorbell *d, int timeout_ms)
{
    struct pollfd p = {.fd = d->wait_fd, .events = POLLIN};

    return poll(&p, 1, timeout_ms) == 1 && (p.revents & POLLIN) != 0;
}

static void
test_open_gives_a_quiet_one(void **state)
{
    struct akti_doorbell d;

    (void)state;
    assert_int_equal(akti_doorbell_open(&d), AKT_OK);
    assert_false(is_rung(&d, 0));
    akti_doorbell_close(&d);
}

static void
test_open_closes_descriptors_on_exec(void **state)
{
    struct akti_doorbell d;

    (void)state;
    assert_int_equal(akti_doorbell_open(&d), AKT_OK);
    assert_true((fcntl(d.wait_fd, F_GETFD) & FD_CLOEXEC) != 0);
    assert_true((fcntl(d.ring_fd, F_GETFD) & FD_CLOEXEC) != 0);
    akti_doorbell_close(&d);
}

static void
test_ring_makes_it_readable(void **state)
{
    struct akti_doorbell d;

    (void)state;
    assert_int_equal(akti_doorbell_open(&d), AKT_OK);
    akti_doorbell_ring(&d);
    assert_true(is_rung(&d, 0));
    akti_doorbell_close(&d);
}

static void
test_clear_takes_all_rings_back(void **state)
{
    struct akti_doorbell d;
    int i;

    (void)state;
    assert_int_equal(akti_doorbell_open(&d), AKT_OK);
    for (i = 0; i < 1000; i++) {
        akti_doorbell_ring(&d);
    }
    akti_doorbell_clear(&d);
    assert_false(is_rung(&d, 0));
    akti_doorbell_close(&d);
}

static void
test_clear_of_a_quiet_one_does_not_block(void **state)
{
    struct akti_doorbell d;

    (void)state;
    assert_int_equal(akti_doorbell_open(&d), AKT_OK);
    akti_doorbell_clear(&d);
    assert_false(is_rung(&d, 0));
    akti_doorbell_close(&d);
}

static void
test_ring_after_clear_is_heard(void **state)
{
    struct akti_doorbell d;

    (void)state;
    assert_int_equal(akti_doorbell_open(&d), AKT_OK);
    akti_doorbell_ring(&d);
    akti_doorbell_clear(&d);
    akti_doorbell_ring(&d);
    assert_true(is_rung(&d, 0));
    akti_doorbell_close(&d);
}

/* More rings than a pipe has room for. */
static void
test_ring_many_times_does_not_block(void **state)
{
    struct akti_doorbell d;
    int i;

    (void)state;
    assert_int_equal(akti_doorbell_open(&d), AKT_OK);
    for (i = 0; i < 100000; i++) {
        akti_doorbell_ring(&d);
    }
    assert_true(is_rung(&d, 0));
    akti_doorbell_clear(&d);
    assert_false(is_rung(&d, 0));
    akti_doorbell_close(&d);
}

static void *
ring(void *arg)
{
    akti_doorbell_ring(arg);
    return NULL;
}

static void
test_ring_by_another_thread_ends_a_wait(void **state)
{
    struct akti_doorbell d;
    pthread_t thread;

    (void)state;
    assert_int_equal(akti_doorbell_open(&d), AKT_OK);
    assert_int_equal(pthread_create(&thread, NULL, ring, &d), 0);
    assert_true(is_rung(&d, 60000));
    assert_int_equal(pthread_join(thread, NULL), 0);
    akti_doorbell_close(&d);
}

static void
test_open_without_descriptors_says_emfile(void **state)
{
    struct akti_doorbell d = {.wait_fd = -5, .ring_fd = -6};

    (void)state;
    akti_fault_set(AKTI_FAULT_DOORBELL, 0, 1);
    assert_int_equal(akti_doorbell_open(&d), AKT_EMFILE);
    assert_int_equal(d.wait_fd, -5);
    assert_int_equal(d.ring_fd, -6);
}

static void
test_close_gives_the_descriptors_back(void **state)
{
    struct akti_doorbell d;

    (void)state;
    assert_int_equal(akti_doorbell_open(&d), AKT_OK);
    akti_doorbell_close(&d);
    assert_int_equal(fcntl(d.wait_fd, F_GETFD), -1);
    assert_int_equal(fcntl(d.ring_fd, F_GETFD), -1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open_gives_a_quiet_one),
        cmocka_unit_test(test_open_closes_descriptors_on_exec),
        cmocka_unit_test(test_ring_makes_it_readable),
        cmocka_unit_test(test_clear_takes_all_rings_back),
        cmocka_unit_test(test_clear_of_a_quiet_one_does_not_block),
        cmocka_unit_test(test_ring_after_clear_is_heard),
        cmocka_unit_test(test_ring_many_times_does_not_block),
        cmocka_unit_test(test_ring_by_another_thread_ends_a_wait),
        cmocka_unit_test(test_open_without_descriptors_says_emfile),
        cmocka_unit_test(test_close_gives_the_descriptors_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
