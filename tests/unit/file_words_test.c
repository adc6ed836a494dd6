/* SPDX-License-Identifier: MIT */
/*
 * Whatever ends an operation on a file or directory, what is said of it names the
 * operation and the path: also when nobody looked at the file at all, because the
 * operation was cancelled, or its deadline passed, or the pool gave it up, while it
 * waited in the queue.
 */
#include "akt/scope.h"
#include "tests/unit/file_words.h"

#include <errno.h>

/* --- as futures --- */

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
    };

    stress_begin("file_words_test");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
