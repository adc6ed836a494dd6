/* SPDX-License-Identifier: MIT */
/*
 * The explorer itself: it finds what is wrong in small programs, by each way of
 * choosing, and finds nothing in what is right.
 */
#include "actors/base/thread.h"
#include "akt/types.h"
#include "tests/explore/campaign.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static _Atomic uint32_t word;
static struct akti_mutex lock;
static struct akti_cond cond;
static bool flag;

/* --- an update that is lost --- */

static void
add_badly(void *arg)
{
    uint32_t n = atomic_load_explicit(&word, memory_order_relaxed);

    (void)arg;
    atomic_store_explicit(&word, n + 1, memory_order_relaxed);
}

static void
add_well(void *arg)
{
    (void)arg;
    atomic_fetch_add_explicit(&word, 1, memory_order_relaxed);
}

static void
add_twice(void *arg)
{
    explore_fn *add = *(explore_fn **)arg;
    uint32_t other;

    atomic_store_explicit(&word, 0, memory_order_relaxed);
    explore_begin();
    other = explore_start(add, NULL);
    add(NULL);
    explore_join(other);
    explore_check(atomic_load_explicit(&word, memory_order_relaxed) == 2);
}

static explore_fn *badly = add_badly;
static explore_fn *well = add_well;

static void
assert_found(const struct campaign *c, const char *text)
{
    struct findings f;

    campaign_run(c, &f);
    assert_true(f.failed);
    assert_non_null(strstr(f.text, text));
}

static void
assert_nothing_found(const struct campaign *c)
{
    assert_true(campaign_passes(c));
}

static void
test_random_walk_finds_a_lost_update(void **state)
{
    struct campaign c = {.name = "lost update",
                         .scenario = add_twice,
                         .arg = &badly,
                         .random = 1000};

    (void)state;
    assert_found(&c, "word");
}

static void
test_pct_finds_a_lost_update(void **state)
{
    struct campaign c = {.name = "lost update",
                         .scenario = add_twice,
                         .arg = &badly,
                         .pct = 1000};

    (void)state;
    assert_found(&c, "word");
}

static void
test_all_schedules_find_a_lost_update_by_one_preemption(void **state)
{
    struct campaign c = {.name = "lost update",
                         .scenario = add_twice,
                         .arg = &badly,
                         .preemptions = 1,
                         .all_max = 1000};
    struct findings f;

    (void)state;
    campaign_run(&c, &f);
    assert_true(f.failed);
    assert_int_equal(f.choices, 1);
}

static void
test_all_schedules_of_a_right_program_end_and_find_nothing(void **state)
{
    struct campaign c = {.name = "right update",
                         .scenario = add_twice,
                         .arg = &well,
                         .preemptions = 3,
                         .all_max = 1000};
    struct findings f;

    (void)state;
    campaign_run(&c, &f);
    assert_false(f.failed);
    assert_true(f.complete);
}

/* --- a wake-up that is lost --- */

static void
signal_without_lock(void *arg)
{
    (void)arg;
    atomic_store_explicit(&word, 1, memory_order_relaxed);
    akti_cond_wake_all(&cond);
}

static void
signal_under_lock(void *arg)
{
    akti_mutex_lock(&lock);
    signal_without_lock(arg);
    akti_mutex_unlock(&lock);
}

static void
wait_for_signal(void *arg)
{
    explore_fn *signal = *(explore_fn **)arg;
    uint32_t other;

    akti_mutex_init(&lock, AKTI_RANK_DEPOT);
    akti_cond_init(&cond);
    atomic_store_explicit(&word, 0, memory_order_relaxed);
    explore_begin();
    other = explore_start(signal, NULL);
    akti_mutex_lock(&lock);
    while (atomic_load_explicit(&word, memory_order_relaxed) == 0) {
        /* The back-stop must not hide it. */
        (void)akti_cond_wait_until(&cond, &lock,
                                   explore_now() + AKT_SECONDS(5));
    }
    akti_mutex_unlock(&lock);
    explore_join(other);
    akti_cond_fini(&cond);
    akti_mutex_fini(&lock);
}

static explore_fn *without_lock = signal_without_lock;
static explore_fn *under_lock = signal_under_lock;

static void
test_lost_wakeup_is_a_deadlock(void **state)
{
    struct campaign c = {.name = "lost wake-up",
                         .scenario = wait_for_signal,
                         .arg = &without_lock,
                         .random = 2000};

    (void)state;
    assert_found(&c, "nobody can go on");
}

static void
test_signal_under_the_lock_is_not_lost(void **state)
{
    struct campaign c = {.name = "wake-up",
                         .scenario = wait_for_signal,
                         .arg = &under_lock,
                         .random = 500,
                         .pct = 100,
                         .preemptions = 2,
                         .all_max = 5000};

    (void)state;
    assert_nothing_found(&c);
}

/* --- a lock that is held --- */

static void
toggle(void *arg)
{
    (void)arg;
    akti_mutex_lock(&lock);
    explore_check(!flag);
    flag = true;
    /* A yield point inside. */
    atomic_fetch_add_explicit(&word, 1, memory_order_relaxed);
    flag = false;
    akti_mutex_unlock(&lock);
}

static void
toggle_in_three(void *arg)
{
    uint32_t a;
    uint32_t b;

    (void)arg;
    akti_mutex_init(&lock, AKTI_RANK_DEPOT);
    explore_begin();
    a = explore_start(toggle, NULL);
    b = explore_start(toggle, NULL);
    toggle(NULL);
    explore_join(a);
    explore_join(b);
    akti_mutex_fini(&lock);
}

static void
test_lock_keeps_others_out(void **state)
{
    struct campaign c = {.name = "lock",
                         .scenario = toggle_in_three,
                         .random = 1000,
                         .pct = 200,
                         .preemptions = 2,
                         .all_max = 20000};

    (void)state;
    assert_nothing_found(&c);
}

/* --- time --- */

static void
wait_a_while(void *arg)
{
    uint64_t began = explore_now();

    (void)arg;
    akti_mutex_init(&lock, AKTI_RANK_DEPOT);
    akti_cond_init(&cond);
    akti_mutex_lock(&lock);
    explore_check(!akti_cond_wait_until(&cond, &lock, began + AKT_MS(1)));
    akti_mutex_unlock(&lock);
    explore_check(explore_now() == began + AKT_MS(1));
    explore_check(explore_jumps() == 1);
}

static void
test_time_jumps_when_nobody_can_go_on(void **state)
{
    struct campaign c = {.name = "time", .scenario = wait_a_while, .random = 2};

    (void)state;
    assert_nothing_found(&c);
}

/* --- crashes --- */

static void
crash(void *arg)
{
    volatile int *nowhere = NULL;

    (void)arg;
    *nowhere = 1;
}

static void
test_crash_is_a_finding(void **state)
{
    struct campaign c = {.name = "crash", .scenario = crash, .random = 1};

    (void)state;
    assert_found(&c, "the process ended by");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_walk_finds_a_lost_update),
        cmocka_unit_test(test_pct_finds_a_lost_update),
        cmocka_unit_test(
            test_all_schedules_find_a_lost_update_by_one_preemption),
        cmocka_unit_test(
            test_all_schedules_of_a_right_program_end_and_find_nothing),
        cmocka_unit_test(test_lost_wakeup_is_a_deadlock),
        cmocka_unit_test(test_signal_under_the_lock_is_not_lost),
        cmocka_unit_test(test_lock_keeps_others_out),
        cmocka_unit_test(test_time_jumps_when_nobody_can_go_on),
        cmocka_unit_test(test_crash_is_a_finding),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
