/* SPDX-License-Identifier: MIT */
/* Blocking pools of one's own: opened, used, closed, opened again. */
#include "akt/blocking.h"
#include "tests/support/sim.h"
#include "tests/support/stress.h"

#define NUMBER(F) F(i64, n)
AKT_MESSAGE(put, NUMBER);
AKT_REQUEST(work, NUMBER, put);

static akt_err
note(akt_self *self, const struct work *m)
{
    sim_note(m->n);
    return akt_reply(self, m, .n = m->n + 1);
}
AKT_JOB(note, work);

static akt_err
wait_error(struct sim *sim, akt_future f)
{
    akt_answer *answer;
    akt_err err;

    assert_ok(akt_wait(sim->me, f, &answer));
    err = answer->error;
    akt_answer_free(sim->me, answer);
    return err;
}

static void
answers(struct sim *sim)
{
    akt_pool_opts opts = {.name = "mine", .threads = 2, .queue = 2};
    akt_pool pool;
    akt_future f[3];

    assert_ok(akt_pool_open(sim->me, &opts, &pool));
    assert_ok(akt_ask_blocking_on(sim->me, pool, &f[0], note, work, .n = 1));
    assert_ok(akt_ask_blocking_on(sim->me, pool, &f[1], note, work, .n = 2));
    assert_err(akt_ask_blocking_on(sim->me, pool, &f[2], note, work, .n = 3),
               AKT_EFULL);
    /* The system's own has room. */
    assert_ok(akt_ask_blocking(sim->me, &f[2], note, work, .n = 4));
    assert_ok(wait_error(sim, f[0]));
    assert_ok(wait_error(sim, f[1]));
    assert_ok(wait_error(sim, f[2]));
    assert_int_equal(sim_noted(1) + sim_noted(2) + sim_noted(4), 3);
    assert_ok(akt_pool_close(sim->me, pool));
}

static void
test_own_pool_answers_and_has_a_bound_of_its_own(void **state)
{
    (void)state;
    sim_each_seed(answers);
}

static bool four_first;
static bool four_last;

static void
either_first(struct sim *sim)
{
    akt_pool pool;
    akt_future f[2];

    assert_ok(akt_pool_open(sim->me, NULL, &pool));
    assert_ok(akt_ask_blocking_on(sim->me, pool, &f[0], note, work, .n = 1));
    assert_ok(akt_ask_blocking(sim->me, &f[1], note, work, .n = 4));
    (void)akt_sim_run_until_idle(sim->system);
    four_first = four_first || sim_note_at(0) == 4;
    four_last = four_last || sim_note_at(1) == 4;
    assert_ok(wait_error(sim, f[0]));
    assert_ok(wait_error(sim, f[1]));
}

static void
test_simulated_pools_race(void **state)
{
    (void)state;
    four_first = false;
    four_last = false;
    sim_each_seed(either_first);
    assert_true(four_first && four_last);
}

static void
closes(struct sim *sim)
{
    akt_pool pool;
    akt_pool again;
    akt_pool none = {NULL, 0};
    akt_future f[2];

    assert_ok(akt_pool_open(sim->me, NULL, &pool));
    assert_ok(akt_ask_blocking_on(sim->me, pool, &f[0], note, work, .n = 1));
    assert_ok(akt_pool_close(sim->me, pool));
    assert_err(akt_pool_close(sim->me, pool), AKT_EENDED);
    assert_err(akt_ask_blocking_on(sim->me, pool, &f[1], note, work, .n = 2),
               AKT_EENDED);
    assert_err(akt_ask_blocking_on(sim->me, none, &f[1], note, work, .n = 2),
               AKT_EENDED);
    assert_err(akt_pool_close(sim->me, none), AKT_EENDED);
    assert_err(wait_error(sim, f[0]), AKT_ESTOPPED);
    assert_int_equal(sim_note_count(), 0);
    /* Its place is taken by the next one, which old handles do not name. */
    assert_ok(akt_pool_open(sim->me, NULL, &again));
    assert_ptr_equal(again.pool, pool.pool);
    assert_err(akt_ask_blocking_on(sim->me, pool, &f[1], note, work, .n = 2),
               AKT_EENDED);
    assert_err(akt_pool_close(sim->me, pool), AKT_EENDED);
    assert_ok(akt_ask_blocking_on(sim->me, again, &f[1], note, work, .n = 2));
    assert_ok(wait_error(sim, f[1]));
}

static void
test_closed_pool_gives_up_what_waits_and_is_stale(void **state)
{
    (void)state;
    sim_each_seed(closes);
}

static void
options(struct sim *sim)
{
    akt_pool_opts many = {.threads = 1025};
    akt_pool_opts long_queue = {.queue = 1000001};
    akt_pool pool = {NULL, 7};
    uint64_t n;

    assert_err(akt_pool_open(sim->me, &many, &pool), AKT_EINVAL);
    assert_err(akt_pool_open(sim->me, &long_queue, &pool), AKT_EINVAL);
    for (n = 1; n <= 2; n++) {
        sim->memory.fail_at = sim->memory.calls + n;
        assert_err(akt_pool_open(sim->me, NULL, &pool), AKT_ENOMEM);
        assert_int_equal(pool.generation, 7);
    }
    sim->memory.fail_at = 0;
    assert_ok(akt_pool_open(sim->me, NULL, &pool));
}

static void
test_open_refuses_bad_options_and_lack_of_memory(void **state)
{
    (void)state;
    sim_in_order(options);
}

static void
wait_reply(akt_self *self, akt_future f)
{
    akt_answer *answer;

    STRESS_OK(akt_wait(self, f, &answer));
    STRESS_CHECK(answer->outcome == AKT_REPLIED, "no reply");
    akt_answer_free(self, answer);
}

static akt_err
count(akt_self *self, const struct work *m)
{
    return akt_reply(self, m, .n = m->n + 1);
}
AKT_JOB(count, work);

/* With threads: they end with their pool, and are not gathered. */
static void
test_pools_opened_and_closed_leave_no_threads(void **state)
{
    struct stress_memory memory;
    akt_system_opts opts;
    akt_system *system;
    akt_self *self;
    struct stress_baseline before;
    struct stress_baseline now;
    uint32_t i;

    (void)state;
    stress_baseline_take(&before);
    stress_memory_init(&memory);
    opts = stress_opts(1, &memory);
    STRESS_OK(akt_system_start(&opts, &system));
    STRESS_OK(akt_attach(system, &self));
    for (i = 0; i < 300; i++) {
        akt_pool_opts few = {.threads = 1 + i % 3};
        akt_pool pool;
        akt_future f[2];

        STRESS_OK(akt_pool_open(self, &few, &pool));
        STRESS_OK(akt_ask_blocking_on(self, pool, &f[0], count, work, .n = 1));
        STRESS_OK(akt_ask_blocking_on(self, pool, &f[1], count, work, .n = 2));
        wait_reply(self, f[0]);
        wait_reply(self, f[1]);
        STRESS_OK(akt_pool_close(self, pool));
        stress_baseline_take(&now);
        assert_true(now.threads < before.threads + 100);
    }
    akt_detach(self);
    STRESS_OK(akt_system_stop(system, 0));
    akt_system_destroy(system);
    stress_baseline_check(&before);
    stress_memory_check(&memory);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_own_pool_answers_and_has_a_bound_of_its_own),
        sim_test(test_simulated_pools_race),
        sim_test(test_closed_pool_gives_up_what_waits_and_is_stale),
        sim_test(test_open_refuses_bad_options_and_lack_of_memory),
        cmocka_unit_test(test_pools_opened_and_closed_leave_no_threads),
    };

    stress_begin("own_pool_test");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
