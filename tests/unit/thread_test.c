/* SPDX-License-Identifier: MIT */
/* Threads, locks, conditions, counting of forks. */
#include "actors/base/thread.h"

#include "actors/base/clock.h"
#include "actors/base/cpus.h"
#include "actors/base/fault.h"
#include "akt/types.h"
#include "tests/unit/unit.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void *
write_seven(void *arg)
{
    *(int *)arg = 7;
    return arg;
}

static void
test_start_runs_the_function_with_its_argument(void **state)
{
    pthread_t thread;
    void *result;
    int n = 0;

    (void)state;
    assert_int_equal(akti_thread_start(&thread, write_seven, &n), AKT_OK);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_int_equal(n, 7);
    assert_ptr_equal(result, &n);
}

static void *
look_at_signals(void *arg)
{
    (void)pthread_sigmask(SIG_SETMASK, NULL, arg);
    return NULL;
}

static void
test_start_blocks_signals_in_the_new_thread(void **state)
{
    pthread_t thread;
    sigset_t set;

    (void)state;
    (void)sigemptyset(&set);
    assert_int_equal(akti_thread_start(&thread, look_at_signals, &set), AKT_OK);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(sigismember(&set, SIGINT), 1);
    assert_int_equal(sigismember(&set, SIGTERM), 1);
    assert_int_equal(sigismember(&set, SIGUSR1), 1);
}

static void
test_start_lets_the_threads_own_mistakes_through(void **state)
{
    pthread_t thread;
    sigset_t set;

    (void)state;
    (void)sigfillset(&set);
    assert_int_equal(akti_thread_start(&thread, look_at_signals, &set), AKT_OK);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(sigismember(&set, SIGSEGV), 0);
    assert_int_equal(sigismember(&set, SIGBUS), 0);
    assert_int_equal(sigismember(&set, SIGFPE), 0);
    assert_int_equal(sigismember(&set, SIGILL), 0);
}

static void
test_start_keeps_the_callers_signals(void **state)
{
    pthread_t thread;
    sigset_t before;
    sigset_t after;
    int n;

    (void)state;
    (void)sigemptyset(&before);
    (void)sigaddset(&before, SIGUSR2);
    assert_int_equal(pthread_sigmask(SIG_SETMASK, &before, NULL), 0);
    assert_int_equal(akti_thread_start(&thread, write_seven, &n), AKT_OK);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(pthread_sigmask(SIG_SETMASK, NULL, &after), 0);
    assert_int_equal(sigismember(&after, SIGUSR2), 1);
    assert_int_equal(sigismember(&after, SIGUSR1), 0);
}

static void
test_start_with_fault_says_ethread(void **state)
{
    pthread_t thread;
    int n = 0;

    (void)state;
    akti_fault_set(AKTI_FAULT_THREAD, 0, 1);
    assert_int_equal(akti_thread_start(&thread, write_seven, &n), AKT_ETHREAD);
    assert_int_equal(akti_thread_start(&thread, write_seven, &n), AKT_OK);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

static void
test_fault_fails_after_its_passes_and_that_often(void **state)
{
    (void)state;
    akti_fault_set(AKTI_FAULT_LOOP, 2, 2);
    assert_false(akti_fault_here(AKTI_FAULT_LOOP));
    assert_false(akti_fault_here(AKTI_FAULT_LOOP));
    assert_true(akti_fault_here(AKTI_FAULT_LOOP));
    assert_true(akti_fault_here(AKTI_FAULT_LOOP));
    assert_false(akti_fault_here(AKTI_FAULT_LOOP));
}

static void
test_fault_of_one_point_leaves_the_others(void **state)
{
    (void)state;
    akti_fault_set(AKTI_FAULT_LOOP, 0, 1);
    assert_false(akti_fault_here(AKTI_FAULT_DOORBELL));
    akti_fault_set(AKTI_FAULT_LOOP, 0, 0);
    assert_false(akti_fault_here(AKTI_FAULT_LOOP));
}

/* --- conditions --- */

struct shared {
    struct akti_mutex lock;
    struct akti_cond cond;
    int waiting;
    int woken;
    int turn;
};

static void
shared_init(struct shared *s)
{
    *s = (struct shared){.turn = 0};
    akti_mutex_init(&s->lock, AKTI_RANK_SYSTEM);
    akti_cond_init(&s->cond);
}

static void
shared_fini(struct shared *s)
{
    akti_cond_fini(&s->cond);
    akti_mutex_fini(&s->lock);
}

static void *
wait_for_turn(void *arg)
{
    struct shared *s = arg;

    akti_mutex_lock(&s->lock);
    s->waiting++;
    akti_cond_wake_all(&s->cond);
    while (s->turn == 0) {
        akti_cond_wait(&s->cond, &s->lock);
    }
    s->woken++;
    akti_mutex_unlock(&s->lock);
    return NULL;
}

static void
test_wake_all_ends_every_wait(void **state)
{
    pthread_t thread[3];
    struct shared s;
    int i;

    (void)state;
    shared_init(&s);
    for (i = 0; i < 3; i++) {
        assert_int_equal(akti_thread_start(&thread[i], wait_for_turn, &s),
                         AKT_OK);
    }
    akti_mutex_lock(&s.lock);
    while (s.waiting < 3) {
        akti_cond_wait(&s.cond, &s.lock);
    }
    s.turn = 1;
    akti_cond_wake_all(&s.cond);
    akti_mutex_unlock(&s.lock);
    for (i = 0; i < 3; i++) {
        assert_int_equal(pthread_join(thread[i], NULL), 0);
    }
    assert_int_equal(s.woken, 3);
    shared_fini(&s);
}

static void *
give_turn(void *arg)
{
    struct shared *s = arg;

    akti_mutex_lock(&s->lock);
    s->turn = 1;
    akti_cond_wake_one(&s->cond);
    akti_mutex_unlock(&s->lock);
    return NULL;
}

/* Whether each wait for the turn was ended by a wake. */
static bool
wait_until_turn(struct shared *s, uint64_t deadline_ns)
{
    pthread_t thread;
    bool in_time = true;

    akti_mutex_lock(&s->lock);
    if (akti_thread_start(&thread, give_turn, s) != AKT_OK) {
        return false;
    }
    while (s->turn == 0 && in_time) {
        in_time = akti_cond_wait_until(&s->cond, &s->lock, deadline_ns);
    }
    akti_mutex_unlock(&s->lock);
    (void)pthread_join(thread, NULL);
    return in_time;
}

static void
test_wait_until_never_is_ended_by_a_wake(void **state)
{
    struct shared s;

    (void)state;
    shared_init(&s);
    assert_true(wait_until_turn(&s, AKT_NEVER));
    shared_fini(&s);
}

static void
test_wait_until_with_far_deadline_is_ended_by_a_wake(void **state)
{
    struct shared s;

    (void)state;
    shared_init(&s);
    assert_true(wait_until_turn(&s, akti_clock_now() + AKT_SECONDS(60)));
    shared_fini(&s);
}

static void
test_wait_until_without_wake_ends_after_the_deadline(void **state)
{
    uint64_t deadline = akti_clock_now() + AKT_MS(5);
    struct shared s;

    (void)state;
    shared_init(&s);
    akti_mutex_lock(&s.lock);
    while (akti_cond_wait_until(&s.cond, &s.lock, deadline)) {
    }
    akti_mutex_unlock(&s.lock);
    assert_true(akti_clock_now() >= deadline);
    shared_fini(&s);
}

static void
test_wait_until_past_deadline_says_so(void **state)
{
    struct shared s;

    (void)state;
    shared_init(&s);
    akti_mutex_lock(&s.lock);
    assert_false(akti_cond_wait_until(&s.cond, &s.lock, 1));
    akti_mutex_unlock(&s.lock);
    shared_fini(&s);
}

/* --- forks, processors --- */

static void
test_fork_count_differs_in_the_child_only(void **state)
{
    uint32_t before;
    int status;
    pid_t child;

    (void)state;
    akti_fork_watch();
    akti_fork_watch();
    before = akti_fork_count();
    child = fork();
    if (child == 0) {
        _exit(akti_fork_count() == before + 1 ? 0 : 1);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(akti_fork_count(), before);
}

static void
test_cpus_usable_is_at_least_one(void **state)
{
    (void)state;
    assert_in_range(akti_cpus_usable(), 1, sysconf(_SC_NPROCESSORS_CONF));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_start_runs_the_function_with_its_argument),
        cmocka_unit_test(test_start_blocks_signals_in_the_new_thread),
        cmocka_unit_test(test_start_lets_the_threads_own_mistakes_through),
        cmocka_unit_test(test_start_keeps_the_callers_signals),
        cmocka_unit_test(test_start_with_fault_says_ethread),
        cmocka_unit_test(test_fault_fails_after_its_passes_and_that_often),
        cmocka_unit_test(test_fault_of_one_point_leaves_the_others),
        cmocka_unit_test(test_wake_all_ends_every_wait),
        cmocka_unit_test(test_wait_until_never_is_ended_by_a_wake),
        cmocka_unit_test(test_wait_until_with_far_deadline_is_ended_by_a_wake),
        cmocka_unit_test(test_wait_until_without_wake_ends_after_the_deadline),
        cmocka_unit_test(test_wait_until_past_deadline_says_so),
        cmocka_unit_test(test_fork_count_differs_in_the_child_only),
        cmocka_unit_test(test_cpus_usable_is_at_least_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
