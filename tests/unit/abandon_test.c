/* SPDX-License-Identifier: MIT */
/*
 * Jobs that do not return are left to themselves: the system is gone for its
 * user, what a late job does comes to nothing, and the last one frees the rest.
 */
#include "akt/akt.h"
#include "tests/support/stress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define NUMBER(F) F(i64, n) F(ref, to)
AKT_MESSAGE(put, NUMBER);
AKT_REQUEST(load, NUMBER, put);

#define MINUTE AKT_SECONDS(60)

struct sitter {
    int64_t n;
};

static struct stress_gate began;
static struct stress_gate release; /* a handler that does not return */
static struct stress_memory memory;
static struct stress_baseline before;
static int pipes[2][2];
static _Atomic uint32_t wrong;   /* what late jobs got and should not have */
static struct stress_gate ended; /* jobs that returned */

static akt_err
on_put(akt_self *self, struct sitter *s, const struct put *m)
{
    (void)self;
    s->n += m->n;
    stress_gate_add(&began, 1);
    stress_gate_wait(&release, 1);
    return AKT_OK;
}
AKT_CLASS(sitter, struct sitter, AKT_ON(put, on_put));

static void
expect(akt_err err, akt_err expected)
{
    atomic_fetch_add(&wrong, err != expected);
}

/* Reads from a pipe that nobody writes to; then does what a job can do. */
static akt_err
hang(akt_self *self, const struct load *m)
{
    char byte;
    akt_ref ref;
    akt_pool pool;

    stress_gate_add(&began, 1);
    expect(read(pipes[m->n][0], &byte, 1) == 1 ? AKT_OK : AKT_EIO, AKT_OK);
    expect(akt_send(self, m->to, put, .n = 1), AKT_EDEAD);
    expect(akt_spawn(self, sitter, &ref, .n = 1), AKT_ESTOPPED);
    expect(akt_pool_open(self, NULL, &pool), AKT_ESTOPPED);
    expect(akt_system_stop(akt_self_system(self), 0), AKT_OK);
    expect(akt_is_cancelled(self) ? AKT_OK : AKT_EBUSY, AKT_OK);
    expect(akt_reply(self, m, .n = 3), AKT_OK);
    stress_gate_add(&ended, 1);
    return AKT_OK;
}
AKT_JOB(hang, load);

static akt_self *
start(akt_system **out_system)
{
    akt_system_opts opts;
    akt_self *self = NULL;

    stress_gate_init(&began);
    stress_gate_init(&release);
    atomic_store(&wrong, 0);
    stress_gate_init(&ended);
    stress_baseline_take(&before);
    stress_memory_init(&memory);
    opts = stress_opts(2, &memory);
    STRESS_OK(akt_system_start(&opts, out_system));
    STRESS_OK(akt_attach(*out_system, &self));
    STRESS_CHECK(pipe(pipes[0]) == 0 && pipe(pipes[1]) == 0, "no pipes");
    return self;
}

static void
let_return(int i)
{
    STRESS_CHECK(write(pipes[i][1], "x", 1) == 1, "no write");
}

/* All threads have ended and all memory is back. */
static void
finish(uint32_t jobs)
{
    int i;

    stress_gate_wait(&ended, jobs);
    for (i = 0; i < 2; i++) {
        assert_int_equal(close(pipes[i][0]), 0);
        assert_int_equal(close(pipes[i][1]), 0);
    }
    stress_baseline_check(&before);
    stress_memory_check(&memory);
    assert_int_equal(atomic_load(&wrong), 0);
    stress_gate_fini(&began);
    stress_gate_fini(&release);
    stress_gate_fini(&ended);
}

/* So many jobs hang, the second one in a pool of its own. */
static void
hang_jobs(akt_self *self, int n)
{
    akt_ref ref;
    akt_future f;
    akt_pool pool;

    STRESS_OK(akt_spawn(self, sitter, &ref, .n = 0));
    STRESS_OK(akt_ask_blocking(self, &f, hang, load, .n = 0, .to = ref));
    if (n > 1) {
        akt_pool_opts opts = {.name = "slow", .threads = 1, .queue = 1};

        STRESS_OK(akt_pool_open(self, &opts, &pool));
        STRESS_OK(
            akt_ask_blocking_on(self, pool, &f, hang, load, .n = 1, .to = ref));
    }
    stress_gate_wait(&began, n);
}

static void
test_abandoned_job_frees_the_system_when_it_returns(void **state)
{
    akt_system *system;
    akt_self *self = start(&system);

    (void)state;
    hang_jobs(self, 1);
    akt_detach(self);
    assert_int_equal(akt_system_abandon(system, AKT_MS(1)), AKT_OK);
    assert_true(atomic_load(&memory.live) > 0);
    let_return(0);
    finish(1);
}

static void
test_last_of_several_abandoned_jobs_frees_the_system(void **state)
{
    int first;

    (void)state;
    for (first = 0; first < 2; first++) {
        akt_system *system;
        akt_self *self = start(&system);

        hang_jobs(self, 2);
        akt_detach(self);
        assert_int_equal(akt_system_abandon(system, 0), AKT_OK);
        let_return(first);
        let_return(1 - first);
        finish(2);
    }
}

/* They return while the system is being given up. */
static void
test_job_that_returns_in_between_is_freed_once(void **state)
{
    uint32_t i;
    uint32_t n = stress_scale(200);

    (void)state;
    for (i = 0; i < n; i++) {
        akt_system *system;
        akt_self *self = start(&system);

        hang_jobs(self, 1);
        akt_detach(self);
        /* What it gets depends on who is first. */
        stress_gate_add(&release, 1);
        let_return(0);
        assert_int_equal(akt_system_abandon(system, 0), AKT_OK);
        stress_gate_wait(&ended, 1);
        atomic_store(&wrong, 0);
        finish(1);
    }
}

static void
test_abandon_without_hung_jobs_is_a_destroy(void **state)
{
    akt_system *system;
    akt_self *self = start(&system);

    (void)state;
    /* A thread that did not detach is detached, as by a destroy. */
    (void)self;
    assert_int_equal(akt_system_abandon(NULL, 0), AKT_OK);
    assert_int_equal(akt_system_abandon(system, MINUTE), AKT_OK);
    finish(0);
}

static void
test_abandon_with_a_stuck_handler_is_busy_and_can_be_repeated(void **state)
{
    akt_system *system;
    akt_self *self = start(&system);
    akt_ref ref;

    (void)state;
    STRESS_OK(akt_spawn(self, sitter, &ref, .n = 0));
    STRESS_OK(akt_send(self, ref, put, .n = 1));
    stress_gate_wait(&began, 1);
    akt_detach(self);
    assert_int_equal(akt_system_abandon(system, AKT_MS(1)), AKT_EBUSY);
    stress_gate_add(&release, 1);
    assert_int_equal(akt_system_abandon(system, MINUTE), AKT_OK);
    finish(0);
}

static akt_err
abandon_inside(akt_self *self, const struct load *m)
{
    expect(akt_system_abandon(akt_self_system(self), 0), AKT_ECONTEXT);
    expect(akt_reply(self, m, .n = 1), AKT_OK);
    stress_gate_add(&ended, 1);
    return AKT_OK;
}
AKT_JOB(abandon_inside, load);

static void
test_abandon_in_a_job_is_refused(void **state)
{
    akt_system *system;
    akt_self *self = start(&system);
    akt_answer *answer;
    akt_future f;

    (void)state;
    STRESS_OK(akt_ask_blocking(self, &f, abandon_inside, load, .n = 1));
    STRESS_OK(akt_wait(self, f, &answer));
    akt_answer_free(self, answer);
    akt_detach(self);
    assert_int_equal(akt_system_abandon(system, MINUTE), AKT_OK);
    finish(1);
}

/* In a process of its own: a job hangs for ever, and the process ends. */
static void
exit_in_spite_of_it(void)
{
    akt_system *system;
    akt_self *self = start(&system);

    (void)alarm(60);
    hang_jobs(self, 2);
    akt_detach(self);
    if (akt_system_abandon(system, AKT_MS(1)) != AKT_OK) {
        _Exit(3);
    }
    exit(0);
}

static void
test_process_ends_in_spite_of_a_job_that_never_returns(void **state)
{
    int status = -1;
    pid_t child = fork();

    (void)state;
    if (child == 0) {
        exit_in_spite_of_it();
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_abandoned_job_frees_the_system_when_it_returns),
        cmocka_unit_test(test_last_of_several_abandoned_jobs_frees_the_system),
        cmocka_unit_test(test_job_that_returns_in_between_is_freed_once),
        cmocka_unit_test(test_abandon_without_hung_jobs_is_a_destroy),
        cmocka_unit_test(
            test_abandon_with_a_stuck_handler_is_busy_and_can_be_repeated),
        cmocka_unit_test(test_abandon_in_a_job_is_refused),
        cmocka_unit_test(
            test_process_ends_in_spite_of_a_job_that_never_returns),
    };

    stress_begin("abandon_test");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
