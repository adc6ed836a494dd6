/* SPDX-License-Identifier: MIT */
/*
 * Waiting for descriptors by the system's own thread: when it is there, what it
 * watches, and what becomes of it when descriptors are closed or used up.
 */
#include "tests/support/sim.h"
#include "tests/support/stress.h"
#include "tests/unit/doing.h"
#include "tests/unit/fds.h"

#include <sys/resource.h>
#include <sys/wait.h>

/* Longer than a test takes; one that waits so long has failed. */
#define LONG AKT_SECONDS(60)

struct system {
    akt_system *system;
    akt_self *me;
};

static void
begin(struct system *s, uint32_t workers, struct stress_memory *memory)
{
    akt_system_opts opts = stress_opts(workers, memory);

    stress_phase("descriptors with %u workers", workers);
    assert_ok(akt_system_start(&opts, &s->system));
    assert_ok(akt_attach(s->system, &s->me));
}

static void
finish(struct system *s)
{
    akt_detach(s->me);
    stress_stop(s->system, LONG, NULL);
    stress_end();
}

/* Until so many wait. */
static void
await_waits(struct system *s, uint32_t n)
{
    while (waits(s->system) != n) {
        assert_ok(akt_sleep(s->me, AKT_US(100)));
    }
}

static akt_future
future_of(struct system *s, int fd, uint32_t events)
{
    akt_future f = {NULL, 0};

    assert_ok(akt_fd_ready(s->me, fd, events, LONG, &f));
    return f;
}

static uint32_t
events_of(struct system *s, akt_future f)
{
    const struct akt_fd_event *event;
    akt_answer *answer;
    uint32_t events;

    assert_ok(akt_wait(s->me, f, &answer));
    assert_int_equal(answer->outcome, AKT_REPLIED);
    event = akt_answer_as(answer, akt_fd_event);
    assert_non_null(event);
    events = event->events;
    akt_answer_free(s->me, answer);
    return events;
}

/* --- */

static void
task_and_thread_take_turns(uint32_t workers)
{
    struct fd_wait w = {.events = AKT_FD_READABLE, .timeout_ns = LONG};
    struct system s;
    akt_task task;
    int fd[2];

    open_pair(fd);
    begin(&s, workers, NULL);
    w.fd = fd[0];
    for (int i = 0; i < 20; i++) {
        task = start_task(s.me, wait_for_fd, &w);
        await_waits(&s, 1);
        put(fd[1]);
        assert_ok(akt_join(s.me, task));
        assert_ok(w.err);
        assert_int_equal(w.ready, AKT_FD_READABLE);
        take(fd[0]);
    }
    put(fd[1]);
    assert_ok(akt_fd_wait(s.me, fd[0], AKT_FD_READABLE, LONG, NULL));
    finish(&s);
    close_both(fd);
}

static void
test_task_and_thread_take_turns(void **state)
{
    (void)state;
    task_and_thread_take_turns(1);
    task_and_thread_take_turns(2);
}

/* Whether a wait that lasts leads to descriptors and a thread, and none else. */
static bool
waits_or_not(struct system *s, bool does)
{
    struct akti_reactor *r = &s->system->dispatcher.reactor;
    struct stress_baseline before;
    struct stress_baseline after;
    int fd[2];

    open_pipe(fd);
    put(fd[1]);
    stress_baseline_take(&before);
    /* What is ready needs no one. */
    assert_ok(akt_fd_wait(s->me, fd[0], AKT_FD_READABLE, LONG, NULL));
    take(fd[0]);
    if (does) {
        assert_err(akt_fd_wait(s->me, fd[0], AKT_FD_READABLE, 1000, NULL),
                   AKT_ETIMEOUT);
    }
    stress_baseline_take(&after);
    close_both(fd);
    return does == (r->state == AKTI_REACTOR_RUNS)
           && does == (after.files > before.files);
}

static bool
waits_once(uint32_t workers, struct stress_memory *memory)
{
    struct system s;

    begin(&s, workers, memory);
    assert_true(waits_or_not(&s, false));
    assert_true(waits_or_not(&s, true));
    finish(&s);
    return true;
}

static void
test_nothing_is_there_before_the_first_wait(void **state)
{
    struct stress_baseline b = stress_baseline_after(waits_once);
    struct stress_memory memory = {.live = 0};

    (void)state;
    stress_memory_init(&memory);
    assert_true(waits_once(1, &memory));
    stress_memory_check(&memory);
    stress_baseline_check(&b);
}

static void
test_a_report_for_one_leaves_the_others(void **state)
{
    struct system s;
    akt_future reads;
    akt_future writes;
    int fd[2];

    (void)state;
    open_pair(fd);
    fill(fd[0]);
    begin(&s, 1, NULL);
    writes = future_of(&s, fd[0], AKT_FD_WRITABLE);
    reads = future_of(&s, fd[0], AKT_FD_READABLE);
    put(fd[1]);
    assert_int_equal(events_of(&s, reads), AKT_FD_READABLE);
    await_waits(&s, 1);
    empty(fd[1]);
    assert_int_equal(events_of(&s, writes), AKT_FD_WRITABLE);
    finish(&s);
    close_both(fd);
}

#define MANY 3000

static void
test_one_report_is_for_all(void **state)
{
    struct system s;
    akt_future *f = test_calloc(MANY, sizeof(*f));
    int fd[2];

    (void)state;
    open_pipe(fd);
    begin(&s, 2, NULL);
    for (int i = 0; i < MANY; i++) {
        f[i] = future_of(&s, fd[0], AKT_FD_READABLE);
    }
    for (int i = 0; i < MANY; i += 3) {
        akt_future_drop(s.me, f[i]);
    }
    assert_int_equal(waits(s.system), MANY - MANY / 3);
    put(fd[1]);
    for (int i = 0; i < MANY; i++) {
        if (i % 3 != 0) {
            assert_int_equal(events_of(&s, f[i]), AKT_FD_READABLE);
        }
    }
    assert_int_equal(waits(s.system), 0);
    finish(&s);
    close_both(fd);
    test_free(f);
}

/* --- numbers that are used again --- */

/* Opens a pipe whose reading end has this number, which is free. */
static void
open_pipe_at(int number, int fd[2])
{
    open_pipe(fd);
    if (fd[0] != number) {
        assert_int_equal(dup2(fd[0], number), number);
        (void)close(fd[0]);
        fd[0] = number;
    }
}

static void
test_closed_number_is_waited_for_again(void **state)
{
    struct system s;
    akt_future f;
    int fd[2];
    int number;

    (void)state;
    begin(&s, 1, NULL);
    open_pipe(fd);
    number = fd[0];
    for (int i = 0; i < 10; i++) {
        f = future_of(&s, fd[0], AKT_FD_READABLE);
        put(fd[1]);
        assert_int_equal(events_of(&s, f), AKT_FD_READABLE);
        if (i % 2 == 0) {
            /* Against the rules: somebody waits. It ends when it is dropped. */
            empty(fd[0]);
            f = future_of(&s, fd[0], AKT_FD_READABLE);
        }
        close_both(fd);
        if (i % 2 == 0) {
            akt_future_drop(s.me, f);
        }
        open_pipe_at(number, fd);
    }
    finish(&s);
    close_both(fd);
}

/*
 * A descriptor is closed, against the rules, while it is watched, and another name
 * of the same pipe keeps that in the watch. Its reports are not for who waits for
 * the next descriptor of that number.
 */
static void
test_report_of_a_closed_descriptor_is_nobodys(void **state)
{
    struct system s;
    akt_future f;
    akt_future later;
    int old[2];
    int third[2];
    int other;
    int fd[2];

    (void)state;
    begin(&s, 1, NULL);
    open_pipe(old);
    other = dup(old[0]);
    assert_true(other >= 0);
    f = future_of(&s, old[0], AKT_FD_READABLE);
    (void)close(old[0]);
    akt_future_drop(s.me, f);
    open_pipe_at(old[0], fd);
    f = future_of(&s, fd[0], AKT_FD_READABLE);
    open_pipe(third);
    later = future_of(&s, third[0], AKT_FD_READABLE);
    put(old[1]);
    /* Reports come in order: when that one has come, the first one has. */
    put(third[1]);
    assert_int_equal(events_of(&s, later), AKT_FD_READABLE);
    assert_int_equal(waits(s.system), 1);
    put(fd[1]);
    assert_int_equal(events_of(&s, f), AKT_FD_READABLE);
    (void)close(other);
    (void)close(old[1]);
    close_both(third);
    finish(&s);
    close_both(fd);
}

/* --- ends --- */

static void
test_stop_waits_for_no_descriptor(void **state)
{
    struct fd_wait w = {.events = AKT_FD_READABLE, .timeout_ns = AKT_NEVER};
    struct system s;
    akt_answer *answer;
    akt_future f;
    int fd[2];

    (void)state;
    open_pipe(fd);
    begin(&s, 2, NULL);
    w.fd = fd[0];
    assert_ok(akt_fd_ready(s.me, fd[0], AKT_FD_READABLE, AKT_NEVER, &f));
    (void)start_task(s.me, wait_for_fd, &w);
    await_waits(&s, 2);
    assert_ok(akt_system_stop(s.system, AKT_MS(20)));
    assert_err(w.err, AKT_ECANCELLED);
    assert_int_equal(waits(s.system), 0);
    assert_ok(akt_wait(s.me, f, &answer));
    assert_int_equal(answer->outcome, AKT_BROKEN);
    assert_err(answer->error, AKT_ESTOPPED);
    akt_answer_free(s.me, answer);
    assert_err(akt_fd_wait(s.me, fd[0], AKT_FD_READABLE, AKT_NEVER, NULL),
               AKT_ESTOPPED);
    finish(&s);
    close_both(fd);
}

static void
test_forked_child_leaves_the_parents_waits(void **state)
{
    struct system s;
    akt_future f;
    akt_future g;
    int status;
    pid_t pid;
    int fd[2];

    (void)state;
    open_pipe(fd);
    begin(&s, 1, NULL);
    f = future_of(&s, fd[0], AKT_FD_READABLE);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        bool right =
            akt_fd_ready(s.me, fd[0], AKT_FD_READABLE, LONG, &g) == AKT_EFORK
            && akt_fd_wait(s.me, fd[0], AKT_FD_READABLE, LONG, NULL)
                   == AKT_EFORK;

        akt_ignore(akt_cancel(s.me, f));
        _exit(right ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    put(fd[1]);
    assert_int_equal(events_of(&s, f), AKT_FD_READABLE);
    finish(&s);
    close_both(fd);
}

static void
set_limit(rlim_t n, struct rlimit *old)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, old), 0);
    limit = *old;
    limit.rlim_cur = n;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static void
test_without_descriptors_nothing_waits(void **state)
{
    struct rlimit old;
    struct system s;
    akt_future f;
    akt_err err = AKT_EMFILE;
    int refused = 0;
    int fd[2];

    (void)state;
    open_pipe(fd);
    begin(&s, 1, NULL);
    for (rlim_t more = 0; err != AKT_OK; more++) {
        int next = dup(fd[0]);

        (void)close(next);
        set_limit((rlim_t)next + more, &old);
        err = akt_fd_ready(s.me, fd[0], AKT_FD_READABLE, LONG, &f);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
        assert_true(err == AKT_OK || err == AKT_EMFILE);
        refused += err != AKT_OK;
        assert_true(more < 10);
    }
    assert_true(refused >= 2);
    put(fd[1]);
    assert_int_equal(events_of(&s, f), AKT_FD_READABLE);
    finish(&s);
    close_both(fd);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_task_and_thread_take_turns),
        cmocka_unit_test(test_nothing_is_there_before_the_first_wait),
        cmocka_unit_test(test_a_report_for_one_leaves_the_others),
        cmocka_unit_test(test_one_report_is_for_all),
        cmocka_unit_test(test_closed_number_is_waited_for_again),
        cmocka_unit_test(test_report_of_a_closed_descriptor_is_nobodys),
        cmocka_unit_test(test_stop_waits_for_no_descriptor),
        cmocka_unit_test(test_forked_child_leaves_the_parents_waits),
        cmocka_unit_test(test_without_descriptors_nothing_waits),
    };

    stress_begin("fd_thread_test");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
