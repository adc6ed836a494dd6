/* SPDX-License-Identifier: MIT */
/* What a process says when a coroutine's stack overflows, and how it ends. */
#include "actors/base/overflow.h"

#include "actors/base/coro.h"
#include "actors/base/stack.h"
#include "tests/unit/unit.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(AKTI_STACK_ADDRESS_SANITIZER)                                      \
    || defined(AKTI_STACK_THREAD_SANITIZER)
#define SANITIZER_REPORTS 1
#else
#define SANITIZER_REPORTS 0
#endif

/* How a child ended, and what it wrote to its standard error. */
struct outcome {
    int status;
    char text[4096];
};

static void
run_child(struct outcome *o, void (*body)(void))
{
    struct rlimit none = {0, 0};
    size_t length = 0;
    ssize_t n = 1;
    int end[2];
    pid_t child;

    memset(o, 0, sizeof(*o));
    assert_int_equal(pipe(end), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)setrlimit(RLIMIT_CORE, &none);
        (void)dup2(end[1], STDERR_FILENO);
        /* cmocka has handlers of its own. */
        (void)signal(SIGSEGV, SIG_DFL);
        (void)signal(SIGBUS, SIG_DFL);
        body();
        _exit(0);
    }
    (void)close(end[1]);
    while (n > 0 && length < sizeof(o->text) - 1) {
        n = read(end[0], o->text + length, sizeof(o->text) - 1 - length);
        length += n > 0 ? (size_t)n : 0;
    }
    (void)close(end[0]);
    assert_int_equal(waitpid(child, &o->status, 0), child);
}

/* The sanitizers end a process in their own way. */
static void
assert_ended_by(const struct outcome *o, int number)
{
    if (SANITIZER_REPORTS) {
        assert_true(o->status != 0);
        return;
    }
    assert_true(WIFSIGNALED(o->status));
    assert_int_equal(WTERMSIG(o->status), number);
}

static struct unit_memory memory;
static struct akti_log quiet;
static struct akti_stacks pool;
static struct akti_stack_cache cache;
static struct akti_coro coro;

static int
sink(volatile char *above, unsigned depth)
{
    volatile char frame[512];

    frame[0] = above[0];
    frame[511] = (char)depth;
    return depth == 0 ? frame[0] : sink(frame, depth - 1) + frame[511];
}

static void
overflow(void *arg)
{
    volatile char zero = 0;

    (void)arg;
    (void)sink(&zero, 1000);
}

static void
touch_nothing(void *arg)
{
    volatile int *none = arg;

    *none = 1;
}

/* One coroutine on this thread, as a worker would run it. */
static void
run_coroutine(void (*run)(void *), const char *name)
{
    struct akti_overflow thread;
    struct akti_stack *stack = NULL;

    unit_memory_init(&memory);
    akti_log_init(&quiet, AKT_LOG_OFF, NULL, NULL);
    if (akti_stacks_init(&pool, &memory.memory, &quiet, 65536) != AKT_OK
        || akti_overflow_begin(&thread, &memory.memory) != AKT_OK) {
        _exit(1);
    }
    akti_stack_cache_init(&cache, &pool);
    if (akti_stack_get(&cache, &stack) != AKT_OK) {
        _exit(1);
    }
    akti_coro_init(&coro, stack, stack->high, run, NULL);
    coro.name = name;
    akti_coro_enter(&coro);
}

static void
overflow_named(void)
{
    run_coroutine(overflow, "digger");
}

static void
test_overflow_names_the_task_and_ends_by_the_signal(void **state)
{
    struct outcome o;

    (void)state;
    run_child(&o, overflow_named);
    assert_ended_by(&o, SIGSEGV);
    assert_non_null(strstr(o.text, "akt: the stack of task digger "
                                   "overflowed (65536 bytes at 0x"));
    assert_non_null(strstr(o.text, "akt_system_opts.task_stack)\n"));
}

static void
overflow_nameless(void)
{
    run_coroutine(overflow, NULL);
}

static void
test_overflow_without_a_name_is_told_too(void **state)
{
    struct outcome o;

    (void)state;
    run_child(&o, overflow_nameless);
    assert_ended_by(&o, SIGSEGV);
    assert_non_null(strstr(o.text, "overflowed"));
}

static void *
overflow_on_thread(void *arg)
{
    run_coroutine(overflow, "digger");
    return arg;
}

/* A thread as workers are, with signals blocked. */
static void
overflow_of_worker(void)
{
    pthread_t thread;

    if (akti_thread_start(&thread, overflow_on_thread, NULL) != AKT_OK) {
        _exit(1);
    }
    akti_thread_join(thread);
}

static void
test_overflow_on_a_worker_is_told_too(void **state)
{
    struct outcome o;

    (void)state;
    run_child(&o, overflow_of_worker);
    assert_ended_by(&o, SIGSEGV);
    assert_non_null(strstr(o.text, "digger"));
}

static void
fault_elsewhere(void)
{
    run_coroutine(touch_nothing, "digger");
}

static void
test_other_faults_end_without_a_word(void **state)
{
    struct outcome o;

    (void)state;
    run_child(&o, fault_elsewhere);
    assert_ended_by(&o, SIGSEGV);
    assert_null(strstr(o.text, "digger"));
}

static void
raise_alone(void)
{
    akti_overflow_watch();
    (void)raise(SIGSEGV);
}

static void
test_a_signal_that_is_sent_ends_the_process(void **state)
{
    struct outcome o;

    (void)state;
    run_child(&o, raise_alone);
    assert_ended_by(&o, SIGSEGV);
}

static void
say_mine(int number)
{
    static const char text[] = "mine\n";

    (void)number;
    _exit(write(STDERR_FILENO, text, sizeof(text) - 1) > 0 ? 7 : 8);
}

static void
overflow_with_own_handler(void)
{
    struct sigaction action;

    memset(&action, 0, sizeof(action));
    action.sa_handler = say_mine;
    (void)sigaction(SIGSEGV, &action, NULL);
    run_coroutine(touch_nothing, "digger");
}

static void
test_the_handler_of_the_program_stays(void **state)
{
    struct outcome o;

    (void)state;
    run_child(&o, overflow_with_own_handler);
    if (!SANITIZER_REPORTS) {
        assert_true(WIFEXITED(o.status));
        assert_int_equal(WEXITSTATUS(o.status), 7);
        assert_string_equal(o.text, "mine\n");
    }
}

static void
test_begin_without_memory_is_refused(void **state)
{
    struct akti_overflow thread;
    struct unit_memory m;

    (void)state;
    unit_memory_init(&m);
    unit_memory_limit(&m, 0);
    if (SANITIZER_REPORTS) {
        skip();
    }
    assert_int_equal(akti_overflow_begin(&thread, &m.memory), AKT_ENOMEM);
    akti_overflow_end(&thread);
    assert_nothing_leaked(&m);
}

static void
test_begin_and_end_leave_the_thread_as_it_was(void **state)
{
    struct akti_overflow outer;
    struct akti_overflow inner;
    struct unit_memory m;

    (void)state;
    unit_memory_init(&m);
    assert_int_equal(akti_overflow_begin(&outer, &m.memory), AKT_OK);
    assert_int_equal(akti_overflow_begin(&inner, &m.memory), AKT_OK);
    assert_null(inner.stack);
    akti_overflow_end(&inner);
    akti_overflow_end(&outer);
    assert_nothing_leaked(&m);
    assert_int_equal(akti_overflow_begin(&outer, &m.memory), AKT_OK);
    akti_overflow_end(&outer);
    assert_nothing_leaked(&m);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_overflow_names_the_task_and_ends_by_the_signal),
        cmocka_unit_test(test_overflow_without_a_name_is_told_too),
        cmocka_unit_test(test_overflow_on_a_worker_is_told_too),
        cmocka_unit_test(test_other_faults_end_without_a_word),
        cmocka_unit_test(test_a_signal_that_is_sent_ends_the_process),
        cmocka_unit_test(test_the_handler_of_the_program_stays),
        cmocka_unit_test(test_begin_without_memory_is_refused),
        cmocka_unit_test(test_begin_and_end_leave_the_thread_as_it_was),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
