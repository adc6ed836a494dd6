/* SPDX-License-Identifier: MIT */
/* Programs that are one task: exit codes, and signals that end them. */
#include "actors/base/fault.h"
#include "actors/base/stack_tools.h"
#include "akt/akt.h"
#include "tests/unit/unit.h"

#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the child says, by a pipe. */
static int told;

static void
tell(char c)
{
    if (write(told, &c, 1) != 1) {
        abort();
    }
}

static akt_err
returns(akt_self *self, int argc, char **argv)
{
    (void)self;
    (void)argv;
    return argc == 0 ? AKT_OK : AKT_ESIZE;
}

static bool begun;

static akt_err
begins(akt_self *self, int argc, char **argv)
{
    (void)self;
    (void)argc;
    (void)argv;
    begun = true;
    return AKT_OK;
}

/* Standard error goes where the others tell; see start. */
static akt_err
says_why(akt_self *self, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return akt_task_fail(self, (akt_err)(AKT_EUSER + 7),
                         "the parcel is too large");
}

static akt_err
cleans_up(akt_self *self, int argc, char **argv)
{
    akt_err err;

    (void)argc;
    (void)argv;
    tell('a');
    err = akt_sleep(self, AKT_SECONDS(3600));
    tell(err == AKT_ECANCELLED ? 'c' : '?');
    return err;
}

static akt_err
goes_on(akt_self *self, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    akt_task_shield(self, true);
    tell('a');
    return akt_sleep(self, AKT_SECONDS(3600));
}

/* Ends when the parent says so, however long it was told to; until then an echo. */
static int go[2];

static char
hear_parent(void)
{
    char c = 0;

    return read(go[0], &c, 1) == 1 ? c : '?';
}

static akt_err
ends_when_told(akt_self *self, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    akt_task_shield(self, true);
    tell('a');
    while (!akt_task_is_cancelled(self)) {
        AKT_TRY(akt_task_yield(self));
    }
    while (hear_parent() == 'e') {
        tell('e');
    }
    tell('z');
    return AKT_OK;
}

/* A job that never returns, and whom nobody waits for when the task has ended. */
#define NUMBER(F) F(i64, n)
AKT_MESSAGE(number, NUMBER);
AKT_REQUEST(hang, NUMBER, number);

static _Atomic bool hangs;

static akt_err
hang_for_ever(akt_self *self, const struct hang *m)
{
    (void)self;
    hangs = true;
    while (m->n != 0) {
        (void)pause();
    }
    return AKT_OK;
}
AKT_JOB(hang_for_ever, hang);

static akt_err
leaves_a_job(akt_self *self, int argc, char **argv)
{
    akt_future f;
    akt_err err;

    (void)argv;
    AKT_TRY(akt_ask_blocking_within(self, AKT_SECONDS(3600), &f, hang_for_ever,
                                    hang, .n = 1));
    while (!hangs) {
        (void)sched_yield();
    }
    if (argc == 0) {
        return AKT_OK;
    }
    tell('a');
    err = akt_await(self, f, NULL);
    tell(err == AKT_ECANCELLED ? 'c' : '?');
    return err;
}

/* Touches every page on its way down. */
static int
deeper(int depth)
{
    volatile char room[1024];

    room[0] = (char)depth;
    return depth == 0 ? room[0] : deeper(depth - 1) + room[0];
}

static akt_err
overflows(akt_self *self, int argc, char **argv)
{
    (void)self;
    (void)argv;
    return deeper(100000 + argc) == 0 ? AKT_OK : AKT_EINVAL;
}

/* In one step, of which the ends alone are touched. */
static akt_err
overflows_at_once(akt_self *self, int argc, char **argv)
{
    volatile char room[200000];

    (void)self;
    (void)argv;
    room[argc] = 1;
    room[sizeof(room) - 1] = 2;
    return room[argc] == 1 ? AKT_OK : AKT_EINVAL;
}

/* The same in a task that is pinned, or has a thread of its own. */
struct digging {
    int depth;
};

static akt_err
pinned_digger(akt_self *self, struct digging *d)
{
    return overflows(self, d->depth, NULL);
}
AKT_TASK_WITH(pinned_digger, struct digging, AKT_PLACEMENT(AKT_PLACE_PINNED));

static akt_err
lone_digger(akt_self *self, struct digging *d)
{
    return overflows(self, d->depth, NULL);
}
AKT_TASK_WITH(lone_digger, struct digging, AKT_PLACEMENT(AKT_PLACE_OWN_THREAD));

static akt_err
overflows_pinned(akt_self *self, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return akt_task_spawn(self, pinned_digger, NULL);
}

static akt_err
overflows_alone(akt_self *self, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return akt_task_spawn(self, lone_digger, NULL);
}

/* A child that runs `fn`; *out is what it tells. */
static pid_t
start(akt_main_fn *fn, int argc, uint64_t drain_ns, int *out)
{
    akt_run_opts opts = AKT_RUN_OPTS_INIT;
    int ends[2];
    pid_t pid;

    assert_int_equal(pipe(ends), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)close(ends[0]);
        (void)close(STDERR_FILENO);
        told = fn == says_why ? dup2(ends[1], STDERR_FILENO) : ends[1];
        opts.drain_ns = drain_ns;
        _exit(akt_run_with(&opts, fn, argc, NULL));
    }
    (void)close(ends[1]);
    *out = ends[0];
    return pid;
}

static char
hear(int fd)
{
    char c = 0;

    return read(fd, &c, 1) == 1 ? c : 0;
}

static int
code_of(pid_t pid, int fd)
{
    int status = 0;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    (void)close(fd);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void
test_the_exit_code_is_that_of_the_task(void **state)
{
    akt_run_opts opts = {.size = 1};
    pid_t pid;
    int fd;

    (void)state;
    pid = start(returns, 0, 0, &fd);
    assert_int_equal(code_of(pid, fd), 0);
    pid = start(returns, 1, 0, &fd);
    assert_int_equal(code_of(pid, fd), 1);
    assert_int_equal(akt_run(returns, 0, NULL), 0);
    assert_int_equal(akt_run_with(&opts, returns, 0, NULL), 70);
}

/* Without the thread that hears signals, the second one here, or without a stack. */
static void
test_a_program_that_lacks_something_is_not_begun(void **state)
{
    akt_system_opts one = AKT_SYSTEM_OPTS_INIT;
    akt_run_opts opts = AKT_RUN_OPTS_INIT;

    (void)state;
    one.workers = 1;
    opts.system = &one;
    akti_fault_set(AKTI_FAULT_THREAD, 1, 1);
    assert_int_equal(akt_run_with(&opts, begins, 0, NULL), 70);
    akti_fault_set(AKTI_FAULT_STACK, 0, 1);
    assert_int_equal(akt_run_with(&opts, begins, 0, NULL), 70);
    assert_false(begun);
    assert_int_equal(akt_run_with(&opts, begins, 0, NULL), 0);
    assert_true(begun);
}

static void
test_what_the_task_says_is_told(void **state)
{
    char said[256] = "";
    pid_t pid;
    int fd;
    size_t used = 0;

    (void)state;
    pid = start(says_why, 0, 0, &fd);
    while (used < sizeof(said) - 1 && (said[used] = hear(fd)) != 0) {
        used++;
    }
    assert_int_equal(code_of(pid, fd), 1);
    assert_string_equal(said, "akt_run: the program failed: the parcel is too "
                              "large (AKT_EUSER + 7)\n");
}

static void
test_a_signal_cancels_the_task(void **state)
{
    const int signals[] = {SIGINT, SIGTERM};
    size_t i;

    (void)state;
    for (i = 0; i < 2; i++) {
        int fd;
        pid_t pid = start(cleans_up, 0, 0, &fd);

        assert_int_equal(hear(fd), 'a');
        assert_int_equal(kill(pid, signals[i]), 0);
        assert_int_equal(hear(fd), 'c');
        assert_int_equal(code_of(pid, fd), 128 + signals[i]);
    }
}

static void
test_a_second_signal_ends_the_process(void **state)
{
    int fd;
    pid_t pid = start(goes_on, 0, AKT_SECONDS(1000), &fd);
    int status = 0;

    (void)state;
    assert_int_equal(hear(fd), 'a');
    /* The second may come before the first was taken, and be one with it. */
    while (waitpid(pid, &status, WNOHANG) == 0) {
        (void)kill(pid, SIGTERM);
        (void)sched_yield();
    }
    (void)close(fd);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 128 + SIGTERM);
}

static void
test_a_task_that_goes_on_is_ended_in_time(void **state)
{
    int fd;
    pid_t pid = start(goes_on, 0, AKT_MS(50), &fd);

    (void)state;
    assert_int_equal(hear(fd), 'a');
    assert_int_equal(kill(pid, SIGINT), 0);
    assert_int_equal(code_of(pid, fd), 128 + SIGINT);
}

/* By Ctrl-Z and fg, say. */
static void
test_a_process_that_was_stopped_goes_on_draining(void **state)
{
    int status = 0;
    pid_t pid;
    int fd;
    int i;

    (void)state;
    assert_int_equal(pipe(go), 0);
    pid = start(ends_when_told, 0, AKT_SECONDS(1000), &fd);
    assert_int_equal(hear(fd), 'a');
    assert_int_equal(kill(pid, SIGTERM), 0);
    for (i = 0; i < 30; i++) {
        assert_int_equal(kill(pid, SIGSTOP), 0);
        assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
        assert_true(WIFSTOPPED(status));
        assert_int_equal(kill(pid, SIGCONT), 0);
        assert_int_equal(waitpid(pid, &status, WCONTINUED), pid);
        assert_true(WIFCONTINUED(status));
        assert_int_equal(write(go[1], "e", 1), 1);
        assert_int_equal(hear(fd), 'e');
    }
    assert_int_equal(write(go[1], "z", 1), 1);
    assert_int_equal(hear(fd), 'z');
    assert_int_equal(code_of(pid, fd), 128 + SIGTERM);
    (void)close(go[0]);
    (void)close(go[1]);
}

static void
test_a_job_that_hangs_keeps_no_program(void **state)
{
    int fd;
    pid_t pid = start(leaves_a_job, 0, AKT_SECONDS(1000), &fd);

    (void)state;
    assert_int_equal(code_of(pid, fd), 0);
    pid = start(leaves_a_job, 1, AKT_SECONDS(1000), &fd);
    assert_int_equal(hear(fd), 'a');
    assert_int_equal(kill(pid, SIGTERM), 0);
    assert_int_equal(hear(fd), 'c');
    assert_int_equal(code_of(pid, fd), 128 + SIGTERM);
}

#if defined(AKTI_STACK_ADDRESS_SANITIZER)                                      \
    || defined(AKTI_STACK_THREAD_SANITIZER)
#define HAS_OWN_REPORT true
#else
#define HAS_OWN_REPORT false
#endif

/* The process ends by a signal, and says this before. */
static void
assert_overflows(akt_main_fn *fn, const char *words)
{
    char said[1000] = "";
    ssize_t n = 1;
    size_t used = 0;
    int status = 0;
    int ends[2];
    pid_t pid;

    assert_int_equal(pipe(ends), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        /* cmocka's own handlers are not for this. */
        (void)signal(SIGSEGV, SIG_DFL);
        (void)signal(SIGBUS, SIG_DFL);
        (void)dup2(ends[1], STDERR_FILENO);
        _exit(akt_run(fn, 0, NULL));
    }
    (void)close(ends[1]);
    while (n > 0 && used < sizeof(said) - 1) {
        n = read(ends[0], said + used, sizeof(said) - 1 - used);
        used += n > 0 ? (size_t)n : 0;
    }
    (void)close(ends[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    /* A sanitizer may have a word to add, and end it in its own way. */
    assert_true(HAS_OWN_REPORT ? status != 0 : WIFSIGNALED(status));
    assert_non_null(strstr(said, words));
}

static void
test_an_overflow_names_the_task(void **state)
{
    (void)state;
    assert_overflows(overflows, "the stack of task main_task overflowed");
    assert_overflows(overflows_at_once,
                     "the stack of task main_task overflowed");
    assert_overflows(overflows_pinned,
                     "the stack of task pinned_digger overflowed");
    assert_overflows(overflows_alone,
                     "the stack of task lone_digger overflowed");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        /* Before the process has had a system: it looks for handlers then. */
        cmocka_unit_test(test_an_overflow_names_the_task),
        cmocka_unit_test(test_the_exit_code_is_that_of_the_task),
        cmocka_unit_test(test_a_program_that_lacks_something_is_not_begun),
        cmocka_unit_test(test_what_the_task_says_is_told),
        cmocka_unit_test(test_a_signal_cancels_the_task),
        cmocka_unit_test(test_a_second_signal_ends_the_process),
        cmocka_unit_test(test_a_task_that_goes_on_is_ended_in_time),
        cmocka_unit_test(test_a_process_that_was_stopped_goes_on_draining),
        cmocka_unit_test(test_a_job_that_hangs_keeps_no_program),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
