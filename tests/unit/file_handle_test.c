/* SPDX-License-Identifier: MIT */
/* Open files: used in order, closed with their owner, and nobody else's. */
#include "tests/unit/owners.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEW_FILE (AKT_FILE_READ | AKT_FILE_WRITE | AKT_FILE_CREATE)

static akt_bytes
bytes_of(const char *text)
{
    return (akt_bytes){text, strlen(text)};
}

/* In one of a few places that are used in turn. */
static const akt_file_open_opts *
opening(uint32_t flags, uint32_t mode)
{
    static _Thread_local akt_file_open_opts opts[4];
    static _Thread_local unsigned next;
    akt_file_open_opts *o = &opts[next++ % 4];

    *o = (akt_file_open_opts){flags, mode};
    return o;
}

/* Waits for a done; how many bytes. */
static uint64_t
done(akt_self *me, akt_future f)
{
    struct akt_file_done d = {0};
    akt_error e = AKT_ERROR_NONE;

    if (akt_file_await(me, f, akt_file_done, &d, &e) != AKT_OK) {
        fail_msg("%s", e.text);
    }
    return d.bytes;
}

static void
reads(akt_self *me, akt_future f, const char *expected)
{
    akt_file_content c = {{NULL, 0}};

    assert_ok(akt_file_await(me, f, akt_file_content, &c, NULL));
    assert_int_equal(c.bytes.len, strlen(expected));
    if (c.bytes.len > 0) {
        assert_string_equal(c.bytes.ptr, expected);
    }
    akt_file_content_free(&c);
}

static void
fails(akt_self *me, akt_future f, akt_err code, const char *words)
{
    akt_error e = AKT_ERROR_NONE;

    assert_err(akt_file_await(me, f, akt_file_done, NULL, &e), code);
    if (strstr(e.text, words) == NULL) {
        assert_string_equal(e.text, words);
    }
}

/* All asked at once, before the first is done. */
static void
in_order(struct sim *sim)
{
    akt_future f[10];
    akt_file file;
    akt_self *me = sim->me;

    assert_ok(akt_file_open(me, at("f"),
                            opening(NEW_FILE | AKT_FILE_TRUNCATE, 0600), &file,
                            &f[0]));
    assert_ok(akt_file_write(me, file, bytes_of("hello "), &f[1]));
    assert_ok(akt_file_write(me, file, bytes_of("world"), &f[2]));
    assert_ok(akt_file_size(me, file, &f[3]));
    assert_ok(akt_file_write_at(me, file, 0, bytes_of("J"), &f[4]));
    assert_ok(akt_file_read_at(me, file, 0, 100, &f[5]));
    assert_ok(akt_file_truncate(me, file, 5, &f[6]));
    assert_ok(akt_file_sync(me, file, &f[7]));
    assert_ok(akt_file_read(me, file, 100, &f[8]));
    assert_ok(akt_file_close(me, file, &f[9]));
    assert_err(akt_file_close(me, file, NULL), AKT_EENDED);
    assert_int_equal(done(me, f[0]), 0);
    assert_int_equal(done(me, f[1]), 6);
    assert_int_equal(done(me, f[2]), 5);
    assert_int_equal(done(me, f[3]), 11);
    assert_int_equal(done(me, f[4]), 1);
    reads(me, f[5], "Jello world");
    assert_int_equal(done(me, f[6]), 0);
    assert_int_equal(done(me, f[7]), 0);
    reads(me, f[8], "");
    assert_int_equal(done(me, f[9]), 0);
    assert_true(folder_has(&folder, "f", "Jello"));
    assert_int_equal(folder_mode(&folder, "f"), 0600);
}

static void
test_operations_are_done_in_the_order_they_are_asked(void **state)
{
    (void)state;
    sim_each_seed(in_order);
}

static void
not_opened(struct sim *sim)
{
    akt_future f[4];
    akt_file file;
    akt_self *me = sim->me;

    assert_ok(
        akt_file_open(me, at("none"), opening(AKT_FILE_READ, 0), &file, &f[0]));
    assert_ok(akt_file_read(me, file, 1, &f[1]));
    fails(me, f[0], AKT_ENOENT, "/none: No such file or directory");
    fails(me, f[1], AKT_EENDED, "/none: the file is not open");
    assert_ok(akt_file_size(me, file, &f[2]));
    fails(me, f[2], AKT_EENDED, "measure /");
    assert_ok(akt_file_close(me, file, NULL));
    assert_ok(
        akt_file_open(me, at("."), opening(AKT_FILE_READ, 0), &file, &f[0]));
    fails(me, f[0], AKT_EISDIR, "Is a directory");
    assert_ok(akt_file_close(me, file, &f[1]));
    fails(me, f[1], AKT_EENDED, "close /");
    assert_int_equal(mkfifo(folder_name(&folder, "p"), 0600), 0);
    assert_ok(
        akt_file_open(me, at("p"), opening(AKT_FILE_READ, 0), &file, &f[0]));
    fails(me, f[0], AKT_EINVAL, "it is a pipe or socket");
    assert_ok(akt_file_close(me, file, NULL));
    assert_err(akt_file_open(me, at("p"), opening(64, 0), &file, &f[0]),
               AKT_EINVAL);
    assert_int_equal(unlink(folder_name(&folder, "p")), 0);
}

static void
test_what_follows_a_failed_opening_says_so(void **state)
{
    (void)state;
    sim_each_seed(not_opened);
}

static void
flags(struct sim *sim)
{
    akt_future f;
    akt_file file;
    akt_self *me = sim->me;

    folder_write(&folder, "f", "old", 3);
    assert_ok(akt_file_open(
        me, at("f"), opening(NEW_FILE | AKT_FILE_EXCLUSIVE, 0), &file, &f));
    fails(me, f, AKT_EEXIST, "File exists");
    assert_ok(akt_file_close(me, file, NULL));
    assert_ok(
        akt_file_open(me, at("f"), opening(AKT_FILE_APPEND, 0), &file, &f));
    assert_int_equal(done(me, f), 0);
    assert_ok(akt_file_write(me, file, bytes_of("er"), &f));
    assert_int_equal(done(me, f), 2);
    assert_ok(akt_file_read(me, file, 1, &f));
    fails(me, f, AKT_EIO, "Bad file descriptor");
    assert_ok(akt_file_close(me, file, NULL));
    assert_ok(akt_file_open(me, AKT_TEXT("/dev/full"),
                            opening(AKT_FILE_WRITE, 0), &file, &f));
    assert_int_equal(done(me, f), 0);
    assert_ok(akt_file_write(me, file, bytes_of("x"), &f));
    fails(me, f, AKT_ENOSPC, "write /dev/full: No space left on device");
    assert_ok(akt_file_close(me, file, NULL));
    (void)akt_sim_run_until_idle(sim->system);
    assert_true(folder_has(&folder, "f", "older"));
}

static void
test_flags_mean_what_they_say(void **state)
{
    (void)state;
    sim_in_order(flags);
}

/* --- awaited --- */

static void
gives(akt_err err, akt_file_content *c, const char *expected)
{
    assert_ok(err);
    assert_int_equal(c->bytes.len, strlen(expected));
    assert_memory_equal(c->bytes.ptr != NULL ? c->bytes.ptr : "", expected,
                        c->bytes.len);
    akt_file_content_free(c);
}

static void
use_awaited(akt_self *me)
{
    akt_file_content c = {{NULL, 0}};
    akt_error e = AKT_ERROR_NONE;
    uint64_t size = 0;
    akt_file file = {NULL, 0};

    assert_err(
        akt_open_file(me, at("no"), opening(AKT_FILE_READ, 0), &file, &e),
        AKT_ENOENT);
    assert_null(file.cell);
    assert_non_null(strstr(e.text, "/no: No such file or directory"));
    assert_ok(akt_open_file(
        me, at("f"), opening(NEW_FILE | AKT_FILE_TRUNCATE, 0), &file, &e));
    assert_ok(akt_write_to(me, file, bytes_of("hello world"), &e));
    assert_ok(akt_write_to_at(me, file, 0, bytes_of("J"), &e));
    assert_ok(akt_measure_file(me, file, &size, &e));
    assert_int_equal(size, 11);
    gives(akt_read_from_at(me, file, (akt_file_range){1, 4}, &c, &e), &c,
          "ello");
    assert_ok(akt_truncate_file(me, file, 5, &e));
    assert_ok(akt_sync_file(me, file, &e));
    gives(akt_read_from(me, file, 9, &c, &e), &c, "");
    assert_ok(akt_close_file(me, file, &e));
    assert_err(akt_close_file(me, file, &e), AKT_EENDED);
    assert_err(akt_read_from(me, file, 1, &c, &e), AKT_EENDED);
    assert_string_equal(e.text, "read an open file: this promise, future or "
                                "timer has ended already");
    assert_err(akt_measure_file(me, file, &size, &e), AKT_EENDED);
    assert_true(folder_has(&folder, "f", "Jello"));
}

struct awaiting {
    bool *done;
};

static akt_err
awaiting(akt_self *self, struct awaiting *a)
{
    use_awaited(self);
    *a->done = true;
    return AKT_OK;
}
AKT_TASK(awaiting, struct awaiting);

static void
awaited(struct sim *sim)
{
    bool is_done = false;
    akt_task task;

    use_awaited(sim->me);
    assert_ok(akt_task_spawn(sim->me, awaiting, &task, .done = &is_done));
    assert_ok(akt_join(sim->me, task));
    assert_true(is_done);
}

static void
test_threads_and_tasks_wait_for_each_operation(void **state)
{
    (void)state;
    sim_each_seed(awaited);
}

/* --- owners --- */

static akt_file others;

static akt_err
open_it(akt_self *self, void *arg)
{
    struct owner *o = arg;

    AKT_TRY(akt_file_open(self, at("f"), opening(AKT_FILE_READ, 0), &o->file,
                          &o->future));
    others = o->file;
    return AKT_OK;
}

static akt_err
open_read_and_end(akt_self *self, void *arg)
{
    struct owner *o = arg;

    AKT_TRY(open_it(self, o));
    AKT_TRY(akt_file_read(self, o->file, 10, &o->future));
    akt_stop_self(self);
    return AKT_OK;
}

static void
owners(struct sim *sim)
{
    uint32_t before = count_files();
    akt_future f;
    akt_file mine;
    akt_ref a;
    akt_ref b;

    folder_write(&folder, "f", "12345", 5);
    assert_ok(akt_spawn(sim->me, owner, &a, .file = {NULL, 0}));
    assert_ok(akt_spawn(sim->me, owner, &b, .file = {NULL, 0}));
    sim_do(sim, a, open_it, NULL);
    assert_int_equal(count_files(), before + 1);
    assert_err(akt_file_read(sim->me, others, 1, &f), AKT_EENDED);
    assert_err(akt_file_close(sim->me, others, NULL), AKT_EENDED);
    sim_do(sim, b, open_read_and_end, NULL);
    assert_int_equal(count_files(), before + 1);
    assert_ok(akt_kill(sim->me, a));
    (void)akt_sim_run_until_idle(sim->system);
    assert_int_equal(count_files(), before);
    /* This one is closed when the thread detaches, after the stop. */
    assert_ok(
        akt_file_open(sim->me, at("f"), opening(AKT_FILE_READ, 0), &mine, &f));
    assert_int_equal(done(sim->me, f), 0);
    assert_int_equal(count_files(), before + 1);
}

static void
test_file_is_its_owners_alone_and_ends_with_it(void **state)
{
    (void)state;
    sim_each_seed(owners);
}

/* --- what goes wrong --- */

/* Whatever is asked is answered, and what is answered does not matter. */
static void
use_file(akt_self *me, akt_file file)
{
    akt_file_content c = {{NULL, 0}};
    akt_future f;

    if (akt_file_write(me, file, bytes_of("abc"), &f) == AKT_OK) {
        akt_ignore(akt_file_await(me, f, akt_file_done, NULL, NULL));
    }
    if (akt_file_read_at(me, file, 0, 3, &f) == AKT_OK) {
        akt_ignore(akt_file_await(me, f, akt_file_content, &c, NULL));
        akt_file_content_free(&c);
    }
    if (akt_file_close(me, file, &f) != AKT_OK) {
        assert_ok(akt_file_close(me, file, NULL));
    }
}

static void
open_and_use(struct sim *sim)
{
    akt_file file;
    akt_future f;

    if (akt_file_open(sim->me, at("f"), opening(NEW_FILE, 0), &file, &f)
        == AKT_OK) {
        akt_ignore(akt_file_await(sim->me, f, akt_file_done, NULL, NULL));
        use_file(sim->me, file);
    }
}

static void
faults(struct sim *sim)
{
    fail_each(sim, open_and_use);
}

static void
test_whatever_fails_no_descriptor_is_left(void **state)
{
    (void)state;
    sim_in_order(faults);
}

/* Owners that are killed while they open, by threads. */
static akt_err
open_two(akt_self *self, void *arg)
{
    struct owner *o = arg;
    akt_future f;
    akt_file second;
    akt_err err;

    err = akt_file_open(self, at("f"), opening(AKT_FILE_READ, 0), &o->file,
                        &o->future);
    if (err == AKT_OK) {
        err = akt_file_open(self, at("f"), opening(AKT_FILE_READ, 0), &second,
                            &f);
    }
    return err == AKT_EFULL ? AKT_OK : err;
}

static void
test_owners_that_are_killed_leave_no_descriptor(void **state)
{
    (void)state;
    folder_write(&folder, "f", "12345", 5);
    kill_owners(stress_scale(5000), open_two);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        file_test(test_operations_are_done_in_the_order_they_are_asked),
        file_test(test_what_follows_a_failed_opening_says_so),
        file_test(test_flags_mean_what_they_say),
        file_test(test_threads_and_tasks_wait_for_each_operation),
        file_test(test_file_is_its_owners_alone_and_ends_with_it),
        file_test(test_whatever_fails_no_descriptor_is_left),
        file_test(test_owners_that_are_killed_leave_no_descriptor),
    };

    stress_begin("file_handle_test");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
