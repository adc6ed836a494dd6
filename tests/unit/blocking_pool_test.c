/* SPDX-License-Identifier: MIT */
/* The blocking pool with a dispatcher that runs nothing else. */
#include "actors/sched/blocking.h"

#include "actors/base/clock.h"
#include "actors/base/fault.h"
#include "actors/sched/dispatcher.h"
#include "actors/sched/sim.h"
#include "tests/unit/unit.h"

#include <sched.h>
#include <string.h>

#define MINUTE AKT_SECONDS(60)

struct fixture {
    struct unit_memory memory;
    struct akti_dispatcher dispatcher;
    struct akti_sim sim;
    struct akti_context ctx; /* the test's own thread */
    struct akti_mutex lock;
    struct akti_cond cond;
    bool gate;        /* jobs that hold may end */
    uint32_t holding; /* jobs that have begun and wait at the gate */
    uint32_t order;   /* jobs that have ended */
};

struct job {
    struct akti_job job; /* first: it is what the pool gives back */
    struct fixture *fixture;
    bool holds;
    bool discarded;
    uint32_t runs;
    uint32_t place; /* 1: it ended first */
};

static struct fixture fixture;
static struct akti_blocking *const pool = &fixture.dispatcher.blocking;

static void
run(struct akti_job *j, struct akti_context *ctx, bool discard)
{
    struct job *job = (struct job *)(void *)j;
    struct fixture *f = job->fixture;

    (void)ctx;
    akti_mutex_lock(&f->lock);
    if (job->holds && !discard) {
        f->holding++;
        akti_cond_wake_all(&f->cond);
        while (!f->gate) {
            akti_cond_wait(&f->cond, &f->lock);
        }
    }
    job->discarded = discard;
    job->runs++;
    job->place = ++f->order;
    akti_cond_wake_all(&f->cond);
    akti_mutex_unlock(&f->lock);
}

/* A request that is a word of the test's. */
static bool
is_over(void *request, uint32_t generation)
{
    return generation == 0 && *(bool *)request;
}

static struct job
job_of(bool holds)
{
    return (struct job){
        .job = {.run = run}, .fixture = &fixture, .holds = holds};
}

static void
start(uint32_t max_threads, uint32_t max_queue, bool simulated)
{
    struct akti_depot_opts cells = {.block_size = 64, .align = 64};
    struct akti_dispatcher *d = &fixture.dispatcher;
    size_t i;

    memset(&fixture, 0, sizeof(fixture));
    unit_memory_init(&fixture.memory);
    d->memory = fixture.memory.memory;
    d->sim = simulated ? &fixture.sim : NULL;
    akti_depots_init(&d->depots, &d->memory);
    for (i = 0; i < AKTI_CELL_SORTS; i++) {
        akti_depot_init(&d->cells[i], &d->memory, &cells);
    }
    assert_int_equal(
        akti_stacks_init(&d->stacks, &d->memory, &d->log, AKTI_STACK_MIN),
        AKT_OK);
    akti_mutex_init(&fixture.lock, AKTI_RANK_SYSTEM);
    akti_cond_init(&fixture.cond);
    akti_context_init(&fixture.ctx, d);
    assert_int_equal(akti_blocking_init(pool, d, max_threads, max_queue),
                     AKT_OK);
}

/* Ends with every thread joined and nothing leaked. */
static void
finish(void)
{
    struct akti_dispatcher *d = &fixture.dispatcher;
    size_t i;

    assert_true(
        akti_blocking_close(pool, &fixture.ctx, akti_clock_now() + MINUTE));
    akti_blocking_fini(pool);
    akti_context_fini(&fixture.ctx);
    akti_depots_fini(&d->depots);
    for (i = 0; i < AKTI_CELL_SORTS; i++) {
        akti_depot_fini(&d->cells[i]);
    }
    akti_stacks_fini(&d->stacks);
    akti_cond_fini(&fixture.cond);
    akti_mutex_fini(&fixture.lock);
    assert_nothing_leaked(&fixture.memory);
}

static void
submit(struct job *job)
{
    assert_int_equal(akti_blocking_submit(pool, &job->job), AKT_OK);
}

/* Waits until so many jobs hold and so many have ended; a minute at most. */
static void
wait_for(uint32_t holding, uint32_t ended)
{
    uint64_t deadline = akti_clock_now() + MINUTE;
    bool in_time = true;

    akti_mutex_lock(&fixture.lock);
    while ((fixture.holding < holding || fixture.order < ended) && in_time) {
        in_time = akti_cond_wait_until(&fixture.cond, &fixture.lock, deadline);
    }
    akti_mutex_unlock(&fixture.lock);
    assert_true(in_time);
}

static void
open_gate(void)
{
    akti_mutex_lock(&fixture.lock);
    fixture.gate = true;
    akti_cond_wake_all(&fixture.cond);
    akti_mutex_unlock(&fixture.lock);
}

static void
test_submit_runs_the_job_once(void **state)
{
    struct job job = job_of(false);

    (void)state;
    start(2, 10, false);
    submit(&job);
    wait_for(0, 1);
    finish();
    assert_int_equal(job.runs, 1);
    assert_false(job.discarded);
}

static void
test_jobs_of_one_thread_run_oldest_first(void **state)
{
    struct job job[20];
    uint32_t i;

    (void)state;
    start(1, 20, false);
    for (i = 0; i < 20; i++) {
        job[i] = job_of(false);
        submit(&job[i]);
    }
    wait_for(0, 20);
    finish();
    for (i = 0; i < 20; i++) {
        assert_int_equal(job[i].place, i + 1);
    }
}

static void
test_jobs_that_block_run_on_threads_of_their_own(void **state)
{
    struct job job[3] = {job_of(true), job_of(true), job_of(true)};
    int i;

    (void)state;
    start(3, 10, false);
    for (i = 0; i < 3; i++) {
        submit(&job[i]);
    }
    wait_for(3, 0);
    open_gate();
    wait_for(0, 3);
    finish();
}

static void
test_submit_starts_no_thread_beyond_the_bound(void **state)
{
    struct job job[6];
    int i;

    (void)state;
    start(2, 10, false);
    for (i = 0; i < 6; i++) {
        job[i] = job_of(true);
        submit(&job[i]);
    }
    wait_for(2, 0);
    akti_mutex_lock(&pool->lock);
    assert_int_equal(pool->threads, 2);
    assert_int_equal(pool->queued, 4);
    akti_mutex_unlock(&pool->lock);
    open_gate();
    wait_for(0, 6);
    finish();
}

static void
test_submit_with_full_queue_says_efull(void **state)
{
    struct job job[3] = {job_of(true), job_of(false), job_of(false)};
    struct job refused = job_of(false);

    (void)state;
    start(1, 2, false);
    submit(&job[0]);
    wait_for(1, 0);
    submit(&job[1]);
    submit(&job[2]);
    assert_int_equal(akti_blocking_submit(pool, &refused.job), AKT_EFULL);
    open_gate();
    wait_for(0, 3);
    finish();
    assert_int_equal(refused.runs, 0);
}

static void
test_submit_without_any_thread_says_ethread(void **state)
{
    struct job job = job_of(false);

    (void)state;
    start(2, 10, false);
    akti_fault_set(AKTI_FAULT_THREAD, 0, 1);
    assert_int_equal(akti_blocking_submit(pool, &job.job), AKT_ETHREAD);
    assert_true(akti_blocking_is_idle(pool));
    submit(&job);
    wait_for(0, 1);
    finish();
    assert_int_equal(job.runs, 1);
}

static void
test_submit_without_a_further_thread_waits_for_the_first(void **state)
{
    struct job job[2] = {job_of(true), job_of(false)};

    (void)state;
    start(2, 10, false);
    submit(&job[0]);
    wait_for(1, 0);
    akti_fault_set(AKTI_FAULT_THREAD, 0, 1);
    submit(&job[1]);
    akti_fault_set(AKTI_FAULT_THREAD, 0, 0);
    open_gate();
    wait_for(0, 2);
    finish();
    assert_int_equal(job[1].place, 2);
}

static void
test_submit_after_close_says_estopped(void **state)
{
    struct job job = job_of(false);

    (void)state;
    start(2, 10, false);
    assert_true(akti_blocking_close(pool, &fixture.ctx, 0));
    assert_int_equal(akti_blocking_submit(pool, &job.job), AKT_ESTOPPED);
    finish();
    assert_int_equal(job.runs, 0);
}

static void
test_is_idle_with_a_running_job_is_false(void **state)
{
    struct job job = job_of(true);

    (void)state;
    start(1, 10, false);
    assert_true(akti_blocking_is_idle(pool));
    submit(&job);
    wait_for(1, 0);
    assert_false(akti_blocking_is_idle(pool));
    open_gate();
    wait_for(0, 1);
    finish();
}

/* One runs, one waits in the queue and one in the lane of that. */
static void
test_is_idle_with_a_job_that_nobody_waits_for_is_true(void **state)
{
    static const struct akti_dispatcher_ops ops = {.is_left = is_over};
    struct akti_lane lane = {.head = NULL};
    struct job job[3] = {job_of(true), job_of(false), job_of(false)};
    bool over = false;
    int i;

    (void)state;
    start(1, 10, false);
    fixture.dispatcher.ops = &ops;
    job[0].job.claim.request = &over;
    job[1].job.claim.request = &over;
    job[1].job.lane = &lane;
    job[2].job.lane = &lane;
    submit(&job[0]);
    wait_for(1, 0);
    assert_false(akti_blocking_is_idle(pool));
    over = true;
    assert_true(akti_blocking_is_idle(pool));
    submit(&job[1]);
    assert_true(akti_blocking_is_idle(pool));
    submit(&job[2]);
    assert_false(akti_blocking_is_idle(pool));
    open_gate();
    wait_for(0, 3);
    finish();
    for (i = 0; i < 3; i++) {
        assert_int_equal(job[i].runs, 1);
    }
}

static void
test_close_gives_up_the_jobs_that_wait(void **state)
{
    struct job job[3] = {job_of(true), job_of(false), job_of(false)};
    int i;

    (void)state;
    start(1, 10, false);
    for (i = 0; i < 3; i++) {
        submit(&job[i]);
    }
    wait_for(1, 0);
    assert_false(akti_blocking_close(pool, &fixture.ctx, 0));
    open_gate();
    finish();
    assert_false(job[0].discarded);
    assert_true(job[1].discarded);
    assert_true(job[2].discarded);
    for (i = 0; i < 3; i++) {
        assert_int_equal(job[i].runs, 1);
    }
}

static void
test_close_again_after_the_job_ended_succeeds(void **state)
{
    struct job job = job_of(true);

    (void)state;
    start(1, 10, false);
    submit(&job);
    wait_for(1, 0);
    assert_false(
        akti_blocking_close(pool, &fixture.ctx, akti_clock_now() + AKT_MS(1)));
    open_gate();
    assert_true(
        akti_blocking_close(pool, &fixture.ctx, akti_clock_now() + MINUTE));
    finish();
}

static void
test_submit_in_simulation_starts_no_thread(void **state)
{
    struct job job[2] = {job_of(false), job_of(false)};

    (void)state;
    start(2, 10, true);
    submit(&job[0]);
    submit(&job[1]);
    assert_int_equal(pool->threads, 0);
    assert_true(akti_blocking_run_next(pool, &fixture.ctx));
    assert_true(akti_blocking_run_next(pool, &fixture.ctx));
    assert_false(akti_blocking_run_next(pool, &fixture.ctx));
    assert_int_equal(job[0].place, 1);
    assert_int_equal(job[1].place, 2);
    assert_true(akti_blocking_is_idle(pool));
    finish();
}

static void
test_init_out_of_memory_says_so(void **state)
{
    static struct akti_dispatcher d;
    struct unit_memory memory;

    (void)state;
    unit_memory_init(&memory);
    unit_memory_limit(&memory, 0);
    d.memory = memory.memory;
    assert_int_equal(akti_blocking_init(&d.blocking, &d, 4, 4), AKT_ENOMEM);
    akti_blocking_fini(&d.blocking);
    assert_nothing_leaked(&memory);
}

/* Waits until so many threads wait for work. */
static void
wait_for_idle(uint32_t threads)
{
    uint32_t idle = 0;

    while (idle != threads) {
        (void)sched_yield();
        akti_mutex_lock(&pool->lock);
        idle = pool->idle;
        akti_mutex_unlock(&pool->lock);
    }
}

static void
test_idle_thread_takes_the_next_job(void **state)
{
    struct job job[3] = {job_of(false), job_of(false), job_of(false)};
    uint32_t i;

    (void)state;
    start(3, 10, false);
    for (i = 0; i < 3; i++) {
        submit(&job[i]);
        wait_for(0, i + 1);
        wait_for_idle(1);
    }
    assert_int_equal(pool->threads, 1);
    finish();
}

static void
test_jobs_beyond_the_idle_threads_get_threads_of_their_own(void **state)
{
    struct job first = job_of(false);
    struct job job[2] = {job_of(true), job_of(true)};

    (void)state;
    start(3, 10, false);
    submit(&first);
    wait_for(0, 1);
    wait_for_idle(1);
    /* The second one comes before the idle thread has woken, as a rule. */
    submit(&job[0]);
    submit(&job[1]);
    wait_for(2, 1);
    open_gate();
    finish();
}

static void
test_churn_of_many_jobs_runs_each_once(void **state)
{
    static struct job job[2000];
    uint32_t i;

    (void)state;
    start(3, 2000, false);
    for (i = 0; i < 2000; i++) {
        job[i] = job_of(false);
        submit(&job[i]);
    }
    wait_for(0, 2000);
    finish();
    for (i = 0; i < 2000; i++) {
        assert_int_equal(job[i].runs, 1);
    }
}

static struct job
job_in(struct akti_lane *lane, bool holds)
{
    struct job job = job_of(holds);

    job.job.lane = lane;
    return job;
}

static void
test_jobs_of_a_lane_run_one_at_a_time_in_order(void **state)
{
    struct akti_lane lane = {NULL, NULL, false};
    struct job job[4] = {job_in(&lane, true), job_in(&lane, false),
                         job_in(&lane, false), job_of(false)};
    size_t i;

    (void)state;
    start(3, 10, false);
    for (i = 0; i < 4; i++) {
        submit(&job[i]);
    }
    /* The one beside the lane is not kept waiting, those in it are. */
    wait_for(1, 1);
    assert_int_equal(job[3].place, 1);
    assert_int_equal(job[1].runs + job[2].runs, 0);
    assert_false(akti_blocking_is_idle(pool));
    open_gate();
    wait_for(1, 4);
    for (i = 0; i < 3; i++) {
        assert_int_equal(job[i].place, i + 2);
    }
    finish();
    assert_false(lane.busy);
}

static void
test_jobs_of_a_lane_that_wait_at_the_close_are_given_up_in_order(void **state)
{
    struct akti_lane lane = {NULL, NULL, false};
    struct akti_lane other = {NULL, NULL, false};
    struct job job[3] = {job_in(&lane, true), job_in(&lane, false),
                         job_in(&lane, false)};
    struct job late = job_in(&other, false);

    (void)state;
    start(2, 2, false);
    submit(&job[0]);
    wait_for(1, 0);
    submit(&job[1]);
    assert_false(akti_blocking_close(pool, &fixture.ctx, 0));
    assert_int_equal(job[1].runs, 0);
    /* Room of its own, and behind what runs: it is taken even now. */
    assert_true(akti_blocking_submit_reserved(pool, &job[2].job));
    assert_false(akti_blocking_submit_reserved(pool, &late.job));
    open_gate();
    finish();
    assert_false(job[0].discarded);
    assert_true(job[1].discarded && job[2].discarded);
    assert_int_equal(job[1].place, 2);
    assert_int_equal(job[2].place, 3);
    assert_int_equal(late.runs, 0);
}

static void
test_reserved_job_is_taken_beyond_the_bound(void **state)
{
    struct akti_lane lane = {NULL, NULL, false};
    struct job hold = job_of(true);
    struct job full = job_of(false);
    struct job reserved = job_in(&lane, false);

    (void)state;
    start(1, 1, false);
    submit(&hold);
    wait_for(1, 0);
    submit(&full);
    assert_true(akti_blocking_submit_reserved(pool, &reserved.job));
    assert_int_equal(akti_blocking_submit(pool, &hold.job), AKT_EFULL);
    open_gate();
    wait_for(1, 3);
    assert_int_equal(reserved.place, 3);
    finish();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_submit_runs_the_job_once),
        cmocka_unit_test(test_jobs_of_one_thread_run_oldest_first),
        cmocka_unit_test(test_jobs_that_block_run_on_threads_of_their_own),
        cmocka_unit_test(test_submit_starts_no_thread_beyond_the_bound),
        cmocka_unit_test(test_submit_with_full_queue_says_efull),
        cmocka_unit_test(test_submit_without_any_thread_says_ethread),
        cmocka_unit_test(
            test_submit_without_a_further_thread_waits_for_the_first),
        cmocka_unit_test(test_submit_after_close_says_estopped),
        cmocka_unit_test(test_is_idle_with_a_running_job_is_false),
        cmocka_unit_test(test_is_idle_with_a_job_that_nobody_waits_for_is_true),
        cmocka_unit_test(test_close_gives_up_the_jobs_that_wait),
        cmocka_unit_test(test_close_again_after_the_job_ended_succeeds),
        cmocka_unit_test(test_submit_in_simulation_starts_no_thread),
        cmocka_unit_test(test_init_out_of_memory_says_so),
        cmocka_unit_test(test_idle_thread_takes_the_next_job),
        cmocka_unit_test(
            test_jobs_beyond_the_idle_threads_get_threads_of_their_own),
        cmocka_unit_test(test_churn_of_many_jobs_runs_each_once),
        cmocka_unit_test(test_jobs_of_a_lane_run_one_at_a_time_in_order),
        cmocka_unit_test(
            test_jobs_of_a_lane_that_wait_at_the_close_are_given_up_in_order),
        cmocka_unit_test(test_reserved_job_is_taken_beyond_the_bound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
