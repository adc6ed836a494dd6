/* SPDX-License-Identifier: MIT */
/*
 * What is said of a file when an operation ends while it waits in the queue
 * (file_words_test), with threads: the only one of the pool is held up.
 */
#include "tests/unit/file_words.h"

AKT_SIGNAL_REQUEST(hold, done);

static struct stress_gate held;
static struct stress_gate let_go;

static akt_err
hold_job(akt_self *self, const struct hold *m)
{
    stress_gate_add(&held, 1);
    stress_gate_wait(&let_go, 1);
    return akt_reply(self, m, .akti_nothing = 0);
}
AKT_JOB(hold_job, hold);

struct system {
    akt_system *system;
    akt_self *me;
    akt_future holds;
};

static void
begin(struct system *s)
{
    akt_system_opts opts = stress_opts(2, NULL);

    opts.blocking_threads = 1;
    folder_write(&folder, "f", "12345", 5);
    stress_phase("file_words");
    stress_gate_init(&opened);
    stress_gate_init(&held);
    stress_gate_init(&let_go);
    assert_ok(akt_system_start(&opts, &s->system));
    assert_ok(akt_attach(s->system, &s->me));
}

static void
hold_up(struct system *s)
{
    assert_ok(akt_ask_blocking_within(s->me, AKT_SECONDS(100), &s->holds,
                                      hold_job, hold, 0));
    stress_gate_wait(&held, 1);
}

static void
finish(struct system *s)
{
    stress_gate_add(&let_go, 1);
    assert_ok(akt_await(s->me, s->holds, NULL));
    akt_detach(s->me);
    stress_stop(s->system, AKT_SECONDS(60), NULL);
    stress_gate_fini(&opened);
    stress_gate_fini(&held);
    stress_gate_fini(&let_go);
    stress_end();
}

/* The deadline comes while it waits in the queue. */
static void
test_deadline_in_the_queue_of_threads(void **state)
{
    struct system s;
    akt_future f;
    akt_task task;

    (void)state;
    begin(&s);
    assert_ok(akt_task_spawn(s.me, waits_in_a_request, &task, .tells = true));
    stress_gate_wait(&opened, 1);
    hold_up(&s);
    assert_ok(akt_ask_within(s.me, AKT_MS(20), task.ref, &f, late, 0));
    assert_ok(akt_join(s.me, task));
    akt_future_drop(s.me, f);
    assert_true(folder_has(&folder, "f", "12345"));
    finish(&s);
}

/* A task is cancelled while it waits, and all that it tries then. */
static akt_err
waits_for_cancel(akt_self *self, void *arg)
{
    akt_file file = open_file(self);
    akt_error e = AKT_ERROR_NONE;

    (void)arg;
    stress_gate_add(&opened, 1);
    stress_gate_wait(&held, 1);
    STRESS_CHECK(akt_write_file(self, at("f"), BYTES, NULL, &e)
                     == AKT_ECANCELLED,
                 "not cancelled");
    assert_said(&e, "write", AKT_ECANCELLED);
    wait_for_paths(self, AKT_ECANCELLED);
    wait_for_file(self, file, AKT_ECANCELLED);
    return AKT_OK;
}

static void
test_cancel_in_the_queue_of_threads(void **state)
{
    struct system s;
    akt_task task;

    (void)state;
    begin(&s);
    task = start_task(s.me, waits_for_cancel, NULL);
    stress_gate_wait(&opened, 1);
    hold_up(&s);
    assert_ok(akt_task_cancel(s.me, task));
    assert_ok(akt_join(s.me, task));
    assert_true(folder_has(&folder, "f", "12345"));
    finish(&s);
}

/* A thread takes back what it asked. */
static void
test_threads_cancel_in_the_queue(void **state)
{
    struct system s;

    (void)state;
    begin(&s);
    hold_up(&s);
    assert_ok(cancel_each(s.me, NULL));
    assert_true(folder_has(&folder, "f", "12345"));
    finish(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        file_test(test_deadline_in_the_queue_of_threads),
        file_test(test_cancel_in_the_queue_of_threads),
        file_test(test_threads_cancel_in_the_queue),
    };

    stress_begin("file_words_thread_test");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
