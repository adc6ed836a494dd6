/* SPDX-License-Identifier: MIT */
/*
 * Whatever ends an operation on a file or directory, what is said of it names the
 * operation and the path: also when nobody looked at the file at all, because the
 * operation was cancelled, or its deadline passed, or the pool gave it up, while it
 * waited in the queue.
 *
 * In simulations, and with threads whose pool has one thread that is held up.
 */
#include "akt/dir.h"
#include "akt/file.h"
#include "akt/scope.h"
#include "tests/unit/doing.h"
#include "tests/unit/files.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SAID_SIZE 400

/* "read FOLDER/f: it was cancelled" and the like. */
static const char *
said(const char *doing, const char *name, akt_err err)
{
    static _Thread_local char text[SAID_SIZE];

    (void)snprintf(text, sizeof(text), "%s %s: %s", doing,
                   folder_name(&folder, name), akt_err_text(err));
    return text;
}

/* On any thread. */
static void
assert_said(const akt_error *e, const char *doing, akt_err err)
{
    const char *expected = said(doing, "f", err);

    STRESS_CHECK(e->code == err && strcmp(e->text, expected) == 0
                     && e->length == strlen(e->text),
                 "said \"%s\" (%s), not \"%s\"", e->text, akt_err_name(e->code),
                 expected);
}

/* What is open, to ask for more. */
struct handles {
    akt_file file;
    akt_dir dir;
};

/* --- as futures --- */

#define BYTES ((akt_bytes){"12", 2})

static akt_err
ask_read(akt_self *self, struct handles *h, akt_future *f)
{
    (void)h;
    return akt_file_read_all(self, at("f"), 0, f);
}

static akt_err
ask_read_any(akt_self *self, struct handles *h, akt_future *f)
{
    (void)h;
    return akt_file_read_any(self, at("f"), 0, f);
}

static akt_err
ask_write(akt_self *self, struct handles *h, akt_future *f)
{
    (void)h;
    return akt_file_write_all(self, at("f"), BYTES, NULL, f);
}

static akt_err
ask_append(akt_self *self, struct handles *h, akt_future *f)
{
    (void)h;
    return akt_file_append(self, at("f"), BYTES, NULL, f);
}

static akt_err
ask_stat(akt_self *self, struct handles *h, akt_future *f)
{
    (void)h;
    return akt_file_stat(self, at("f"), f);
}

static akt_err
ask_stat_link(akt_self *self, struct handles *h, akt_future *f)
{
    (void)h;
    return akt_file_stat_link(self, at("f"), f);
}

static akt_err
ask_remove(akt_self *self, struct handles *h, akt_future *f)
{
    (void)h;
    return akt_file_remove(self, at("f"), f);
}

static akt_err
ask_remove_dir(akt_self *self, struct handles *h, akt_future *f)
{
    (void)h;
    return akt_dir_remove(self, at("f"), f);
}

static akt_err
ask_make(akt_self *self, struct handles *h, akt_future *f)
{
    (void)h;
    return akt_dir_make(self, at("f"), NULL, f);
}

static akt_err
ask_open(akt_self *self, struct handles *h, akt_future *f)
{
    return akt_file_open(self, at("f"), &(akt_file_open_opts){AKT_FILE_READ, 0},
                         &h->file, f);
}

static akt_err
ask_read_on(akt_self *self, struct handles *h, akt_future *f)
{
    return akt_file_read(self, h->file, 10, f);
}

static akt_err
ask_write_at(akt_self *self, struct handles *h, akt_future *f)
{
    return akt_file_write_at(self, h->file, 5, BYTES, f);
}

static akt_err
ask_sync(akt_self *self, struct handles *h, akt_future *f)
{
    return akt_file_sync(self, h->file, f);
}

static akt_err
ask_measure(akt_self *self, struct handles *h, akt_future *f)
{
    return akt_file_size(self, h->file, f);
}

static akt_err
ask_truncate(akt_self *self, struct handles *h, akt_future *f)
{
    return akt_file_truncate(self, h->file, 0, f);
}

static akt_err
ask_close(akt_self *self, struct handles *h, akt_future *f)
{
    return akt_file_close(self, h->file, f);
}

static akt_err
ask_open_dir(akt_self *self, struct handles *h, akt_future *f)
{
    return akt_dir_open(self, at("f"), NULL, &h->dir, f);
}

static akt_err
ask_next(akt_self *self, struct handles *h, akt_future *f)
{
    return akt_dir_next(self, h->dir, f);
}

/* In an order in which each has what it needs. */
static const struct asking {
    const char *doing;
    akt_err (*ask)(akt_self *self, struct handles *h, akt_future *f);
} askings[] = {{"read", ask_read},         {"read", ask_read_any},
               {"write", ask_write},       {"append to", ask_append},
               {"stat", ask_stat},         {"stat", ask_stat_link},
               {"remove", ask_remove},     {"remove", ask_remove_dir},
               {"make", ask_make},         {"open", ask_open},
               {"read", ask_read_on},      {"write", ask_write_at},
               {"sync", ask_sync},         {"measure", ask_measure},
               {"truncate", ask_truncate}, {"close", ask_close},
               {"open", ask_open_dir},     {"read", ask_next}};

#define ASKINGS (sizeof(askings) / sizeof(askings[0]))

/* What an answer says of its end. */
static void
assert_answer_says(akt_self *self, akt_future f, const char *doing, akt_err err)
{
    akt_error e = AKT_ERROR_NONE;
    akt_answer *answer;

    assert_ok(akt_await(self, f, &answer));
    assert_err(akt_answer_error(answer, &e), err);
    assert_said(&e, doing, err);
    assert_int_equal(answer->text.len, e.length);
    akt_answer_free(self, answer);
}

static akt_err
cancel_each(akt_self *self, void *arg)
{
    struct handles h = {.file = {NULL, 0}};
    size_t i;

    (void)arg;
    for (i = 0; i < ASKINGS; i++) {
        akt_future f;

        assert_ok(askings[i].ask(self, &h, &f));
        assert_ok(akt_cancel(self, f));
        assert_answer_says(self, f, askings[i].doing, AKT_ECANCELLED);
    }
    return akt_dir_close(self, h.dir);
}

static void
cancelled_in_the_queue(struct sim *sim)
{
    assert_ok(cancel_each(sim->me, NULL));
    assert_ok(as_task(sim, cancel_each, NULL));
}
TEST(cancelled_in_the_queue)

/* Both names. */
static void
cancelled_renaming(struct sim *sim)
{
    char expected[SAID_SIZE * 2];
    akt_error e = AKT_ERROR_NONE;
    akt_future f;

    assert_ok(akt_file_rename(sim->me, at("f"), at("g"), &f));
    assert_ok(akt_cancel(sim->me, f));
    assert_err(akt_file_await(sim->me, f, akt_file_done, NULL, &e),
               AKT_ECANCELLED);
    (void)snprintf(expected, sizeof(expected),
                   "rename %s to %s: it was cancelled",
                   folder_name(&folder, "f"), folder_name(&folder, "g"));
    assert_string_equal(e.text, expected);
}
TEST(cancelled_renaming)

/* A long path loses its beginning, and there is room for the sentence. */
static void
cancelled_with_a_long_path(struct sim *sim)
{
    char path[3000];
    akt_error e = AKT_ERROR_NONE;
    akt_future f;

    memset(path, 'x', sizeof(path));
    assert_ok(
        akt_file_read_all(sim->me, (akt_text){path, sizeof(path)}, 0, &f));
    assert_ok(akt_cancel(sim->me, f));
    assert_err(akt_file_await(sim->me, f, akt_file_content, NULL, &e),
               AKT_ECANCELLED);
    assert_non_null(strstr(e.text, "read ...xxx"));
    assert_non_null(strstr(e.text, "xxx: it was cancelled"));
    assert_ok(akt_file_rename(sim->me, (akt_text){path, sizeof(path)},
                              (akt_text){path, sizeof(path)}, &f));
    assert_ok(akt_cancel(sim->me, f));
    assert_err(akt_file_await(sim->me, f, akt_file_done, NULL, &e),
               AKT_ECANCELLED);
    assert_non_null(strstr(e.text, "xxx to ...xxx"));
    assert_non_null(strstr(e.text, "xxx: it was cancelled"));
}
TEST(cancelled_with_a_long_path)

/* What a reply says stays as it is. */
static void
ended_by_a_reply(struct sim *sim)
{
    akt_error e = AKT_ERROR_NONE;
    akt_file_content content = {{NULL, 0}};
    akt_future f;

    assert_err(akt_read_file(sim->me, at("none"), 0, NULL, &e), AKT_ENOENT);
    assert_non_null(strstr(e.text, "open "));
    assert_non_null(strstr(e.text, "/none: No such file"));
    assert_int_equal(e.errnum, ENOENT);
    folder_write(&folder, "f", "12345", 5);
    assert_ok(akt_file_read_all(sim->me, at("f"), 0, &f));
    assert_ok(akt_file_await(sim->me, f, akt_file_content, &content, &e));
    assert_int_equal(content.bytes.len, 5);
    akt_file_content_free(&content);
}
TEST(ended_by_a_reply)

/* A job that ends without a word: its code is what the sentence says. */
static void
ended_without_words(struct sim *sim)
{
    akt_error e = AKT_ERROR_NONE;

    assert_ok(akt_sim_fault_at(sim->system, AKT_FAULT_JOB, 1));
    assert_err(akt_read_file(sim->me, at("f"), 0, NULL, &e), AKT_EINJECTED);
    assert_said(&e, "read", AKT_EINJECTED);
}
TEST(ended_without_words)

/* A system that stops gives up what waits. */
static void
given_up_by_the_system(struct sim *sim)
{
    akt_future f;

    assert_ok(akt_file_stat(sim->me, at("f"), &f));
    assert_ok(akt_system_stop(sim->system, 0));
    assert_answer_says(sim->me, f, "stat", AKT_ESTOPPED);
}
TEST(given_up_by_the_system)

/* --- by continuations, and what others make of futures --- */

struct reader {
    akt_future future;
    bool late;
};

static akt_err
on_end(akt_self *self, struct reader *r, const akt_answer *answer,
       const struct akt_file_content *content)
{
    akt_error e = AKT_ERROR_NONE;

    (void)self;
    (void)r;
    sim_note((int64_t)answer->outcome);
    if (content == NULL) {
        assert_err(akt_answer_error(answer, &e), AKT_ECANCELLED);
        assert_said(&e, "read", AKT_ECANCELLED);
    }
    return AKT_OK;
}
AKT_THEN(on_end, struct reader, akt_file_read_all);

static akt_err
on_reader(akt_self *self, struct reader *r, const struct act *m)
{
    return m->fn(self, m->arg != NULL ? m->arg : (void *)r);
}
AKT_CLASS(reader, struct reader, AKT_ON(act, on_reader));

static akt_err
reader_asks(akt_self *self, void *arg)
{
    struct reader *r = arg;

    AKT_TRY(akt_file_read_all(self, at("f"), 0, &r->future));
    return r->late ? AKT_OK : akt_then(self, r->future, on_end, NULL);
}

static akt_err
reader_cancels(akt_self *self, void *arg)
{
    struct reader *r = arg;

    AKT_TRY(reader_asks(self, r));
    return akt_cancel(self, r->future);
}

static akt_err
reader_ends(akt_self *self, void *arg)
{
    AKT_TRY(reader_asks(self, arg));
    akt_stop_self(self);
    return AKT_OK;
}

static akt_err
reader_goes_on(akt_self *self, void *arg)
{
    struct reader *r = arg;

    return akt_then(self, r->future, on_end, NULL);
}

static void
continued(struct sim *sim)
{
    akt_ref ref;

    assert_ok(akt_spawn(sim->me, reader, &ref, .late = false));
    sim_do(sim, ref, reader_cancels, NULL);
    assert_notes(AKT_CANCELLED);
    assert_ok(akt_spawn(sim->me, reader, &ref, .late = true));
    sim_do(sim, ref, reader_cancels, NULL);
    sim_do(sim, ref, reader_goes_on, NULL);
    assert_notes(AKT_CANCELLED, AKT_CANCELLED);
    folder_write(&folder, "f", "12345", 5);
    sim_do(sim, ref, reader_asks, NULL);
    sim_do(sim, ref, reader_goes_on, NULL);
    assert_notes(AKT_CANCELLED, AKT_CANCELLED, AKT_REPLIED);
}
TEST(continued)

/* Nobody takes the words of what an actor leaves behind; sim_close looks. */
static void
left_behind(struct sim *sim)
{
    akt_ref ref;

    assert_ok(akt_spawn(sim->me, reader, &ref, .late = false));
    sim_do(sim, ref, reader_ends, NULL);
    assert_ok(akt_spawn(sim->me, reader, &ref, .late = true));
    sim_do(sim, ref, reader_cancels, NULL);
}
TEST(left_behind)

/* --- awaited --- */

/* A call that waited has failed as it had to, and said so. */
static void
failed(akt_err got, akt_error *e, const char *doing, akt_err err)
{
    STRESS_CHECK(got == err, "%s answered %s, not %s", doing, akt_err_name(got),
                 akt_err_name(err));
    assert_said(e, doing, err);
    *e = AKT_ERROR_NONE;
}

/* All that waits for what a path names. Each has to fail. */
static void
wait_for_paths(akt_self *self, akt_err err)
{
    akt_file_open_opts opts = {AKT_FILE_READ, 0};
    akt_file_content c;
    akt_file_info info;
    akt_error e = AKT_ERROR_NONE;
    akt_file file;
    akt_dir dir;

    failed(akt_read_file(self, at("f"), 0, &c, &e), &e, "read", err);
    failed(akt_write_file(self, at("f"), BYTES, NULL, &e), &e, "write", err);
    failed(akt_append_file(self, at("f"), BYTES, NULL, &e), &e, "append to",
           err);
    failed(akt_open_file(self, at("f"), &opts, &file, &e), &e, "open", err);
    failed(akt_stat_file(self, at("f"), &info, &e), &e, "stat", err);
    failed(akt_stat_link(self, at("f"), &info, &e), &e, "stat", err);
    failed(akt_remove_file(self, at("f"), &e), &e, "remove", err);
    failed(akt_remove_dir(self, at("f"), &e), &e, "remove", err);
    failed(akt_make_dir(self, at("f"), NULL, &e), &e, "make", err);
    failed(akt_open_dir(self, at("f"), NULL, &dir, &e), &e, "open", err);
    failed(akt_walk_dir(self, at("f"), NULL, &dir, &e), &e, "open", err);
}

/* And for what is open; closes it. */
static void
wait_for_file(akt_self *self, akt_file file, akt_err err)
{
    akt_file_range range = {0, 2};
    akt_error e = AKT_ERROR_NONE;
    akt_file_content c;
    uint64_t size;

    failed(akt_read_from(self, file, 2, &c, &e), &e, "read", err);
    failed(akt_read_from_at(self, file, range, &c, &e), &e, "read", err);
    failed(akt_write_to(self, file, BYTES, &e), &e, "write", err);
    failed(akt_write_to_at(self, file, 1, BYTES, &e), &e, "write", err);
    failed(akt_sync_file(self, file, &e), &e, "sync", err);
    failed(akt_measure_file(self, file, &size, &e), &e, "measure", err);
    failed(akt_truncate_file(self, file, 1, &e), &e, "truncate", err);
    failed(akt_close_file(self, file, &e), &e, "close", err);
}

static akt_file
open_file(akt_self *self)
{
    akt_file_open_opts opts = {AKT_FILE_READ | AKT_FILE_WRITE, 0};
    akt_file file = {NULL, 0};

    STRESS_CHECK(akt_open_file(self, at("f"), &opts, &file, NULL) == AKT_OK,
                 "the file cannot be opened");
    return file;
}

AKT_SIGNAL(done);
AKT_SIGNAL_REQUEST(late, done);

static struct stress_gate opened;

/* What a task of a test is told. */
struct about {
    uint64_t sleeps_ns; /* until the time of its request is over */
    bool tells;         /* when its file is open */
};

static akt_err
waits_in_a_request(akt_self *self, struct about *a)
{
    akt_file file = open_file(self);
    akt_received r;

    if (a->tells) {
        stress_gate_add(&opened, 1);
    }
    AKT_TRY(akt_receive(self, AKT_NEVER, &r));
    AKT_TRY(akt_sleep(self, a->sleeps_ns));
    wait_for_paths(self, AKT_ETIMEOUT);
    wait_for_file(self, file, AKT_ETIMEOUT);
    return AKT_OK;
}
AKT_TASK(waits_in_a_request, struct about);

static void
awaited_too_late(struct sim *sim)
{
    akt_future f;
    akt_task task;

    folder_write(&folder, "f", "12345", 5);
    assert_ok(akt_task_spawn(sim->me, waits_in_a_request, &task,
                             .sleeps_ns = AKT_MS(3)));
    assert_ok(akt_ask_within(sim->me, AKT_MS(1), task.ref, &f, late, 0));
    assert_ok(akt_join(sim->me, task));
    akt_future_drop(sim->me, f);
}
TEST(awaited_too_late)

/* A failed scope ends all waits. */
static akt_err
waits_in_a_failed_scope(akt_self *self, void *arg)
{
    akt_file file = open_file(self);
    akt_error e = AKT_ERROR_NONE;
    struct akt_file_done all;
    akt_scope scope;
    akt_future f;

    (void)arg;
    assert_ok(akt_scope_open(self, AKT_NEVER, &scope));
    assert_ok(akt_scope_fail(self, scope, AKT_EUSER));
    wait_for_paths(self, AKT_ECANCELLED);
    wait_for_file(self, file, AKT_ECANCELLED);
    assert_ok(akt_file_append(self, at("f"), BYTES, NULL, &f));
    assert_err(akt_await_as_with(self, f, akt_file_done, &all, &e),
               AKT_ECANCELLED);
    assert_said(&e, "append to", AKT_ECANCELLED);
    assert_err(akt_scope_close(self, scope, AKT_OK), AKT_EUSER);
    return AKT_OK;
}

static void
awaited_in_a_failed_scope(struct sim *sim)
{
    folder_write(&folder, "f", "12345", 5);
    assert_ok(as_task(sim, waits_in_a_failed_scope, NULL));
}
TEST(awaited_in_a_failed_scope)

/* A handle says of what it is when it cannot even ask. */
static void
refused(struct sim *sim)
{
    akt_error e = AKT_ERROR_NONE;
    akt_file_range range = {UINT64_MAX, 1};
    akt_file file;

    folder_write(&folder, "f", "12345", 5);
    file = open_file(sim->me);
    assert_err(akt_read_from_at(sim->me, file, range, NULL, &e), AKT_EINVAL);
    assert_said(&e, "read", AKT_EINVAL);
    assert_ok(akt_close_file(sim->me, file, NULL));
}
TEST(refused)

/* --- with threads, and a pool whose only thread is held up --- */

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
        file_test(test_cancelled_in_the_queue),
        file_test(test_cancelled_renaming),
        file_test(test_cancelled_with_a_long_path),
        file_test(test_ended_by_a_reply),
        file_test(test_ended_without_words),
        file_test(test_given_up_by_the_system),
        file_test(test_continued),
        file_test(test_left_behind),
        file_test(test_awaited_too_late),
        file_test(test_awaited_in_a_failed_scope),
        file_test(test_refused),
        file_test(test_deadline_in_the_queue_of_threads),
        file_test(test_cancel_in_the_queue_of_threads),
        file_test(test_threads_cancel_in_the_queue),
    };

    stress_begin("file_words_test");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
