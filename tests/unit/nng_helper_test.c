/* SPDX-License-Identifier: MIT */
/* The threads that do for nng what may take long: how many, and for whom. */
#include "actors/base/fault.h"
#include "actors/net/nng_back.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* As many as a lane has. */
#define THREADS 64
#define MORE 6

/* A door that jobs stand at, and what they did. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool is_open;
    uint32_t begun;
    uint32_t done;
} door = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, 0, 0};

static void
run(struct akti_nng_job *job)
{
    (void)job;
    (void)pthread_mutex_lock(&door.lock);
    door.begun++;
    (void)pthread_cond_broadcast(&door.changed);
    while (!door.is_open) {
        (void)pthread_cond_wait(&door.changed, &door.lock);
    }
    door.done++;
    (void)pthread_cond_broadcast(&door.changed);
    (void)pthread_mutex_unlock(&door.lock);
}

static void
run_at_once(struct akti_nng_job *job)
{
    (void)job;
    (void)pthread_mutex_lock(&door.lock);
    door.done++;
    (void)pthread_cond_broadcast(&door.changed);
    (void)pthread_mutex_unlock(&door.lock);
}

static void
shut(void)
{
    (void)pthread_mutex_lock(&door.lock);
    door.is_open = false;
    door.begun = 0;
    door.done = 0;
    (void)pthread_mutex_unlock(&door.lock);
}

static void
open_door(void)
{
    (void)pthread_mutex_lock(&door.lock);
    door.is_open = true;
    (void)pthread_cond_broadcast(&door.changed);
    (void)pthread_mutex_unlock(&door.lock);
}

static void
await(const uint32_t *number, uint32_t n)
{
    (void)pthread_mutex_lock(&door.lock);
    while (*number < n) {
        struct timespec until;

        (void)clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += 20;
        assert_int_equal(
            pthread_cond_timedwait(&door.changed, &door.lock, &until), 0);
    }
    (void)pthread_mutex_unlock(&door.lock);
}

static void
begin(struct akti_nng_job *jobs, uint32_t n)
{
    uint32_t i;

    for (i = 0; i < n; i++) {
        jobs[i] = (struct akti_nng_job){.run = run};
        assert_int_equal(akti_nng_help(AKTI_NNG_OPENS, &jobs[i]), AKT_OK);
    }
}

/* First of all: no thread of the lane is there yet. */
static void
test_job_without_a_thread_stays_with_its_maker(void **state)
{
    static struct akti_nng_job job = {.run = run_at_once};

    (void)state;
    shut();
    akti_fault_set(AKTI_FAULT_THREAD, 0, 1);
    assert_int_equal(akti_nng_help(AKTI_NNG_OPENS, &job), AKT_ETHREAD);
    assert_int_equal(akti_nng_help(AKTI_NNG_OPENS, &job), AKT_OK);
    await(&door.done, 1);
}

/* Those that find no thread wait for one. */
static void
test_jobs_beyond_the_threads_are_done_later(void **state)
{
    static struct akti_nng_job jobs[THREADS + MORE];

    (void)state;
    shut();
    begin(jobs, THREADS + MORE);
    await(&door.begun, THREADS);
    assert_int_equal(door.done, 0);
    open_door();
    await(&door.done, THREADS + MORE);
}

/* However many listen and dial, sockets are closed. */
static void
test_closing_does_not_wait_for_opening(void **state)
{
    static struct akti_nng_job jobs[THREADS];
    static struct akti_nng_job close = {.run = run_at_once};

    (void)state;
    shut();
    begin(jobs, THREADS);
    assert_int_equal(akti_nng_help(AKTI_NNG_CLOSES, &close), AKT_OK);
    await(&door.done, 1);
    open_door();
    await(&door.done, THREADS + 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_job_without_a_thread_stays_with_its_maker),
        cmocka_unit_test(test_jobs_beyond_the_threads_are_done_later),
        cmocka_unit_test(test_closing_does_not_wait_for_opening),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
