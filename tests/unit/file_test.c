/* SPDX-License-Identifier: MIT */
/* Whole files: read, written and appended to, with all that can go wrong. */
#include "akt/file.h"
#include "tests/unit/files.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static akt_bytes
bytes_of(const char *text)
{
    return (akt_bytes){text, strlen(text)};
}

/* Reads it, expects an error with these words at the end, and gives it back. */
static akt_error
read_fails(struct sim *sim, akt_text path, uint64_t max, akt_err code,
           const char *words)
{
    akt_file_content content = {{NULL, 0}};
    akt_error error = AKT_ERROR_NONE;

    assert_err(akt_read_file(sim->me, path, max, &content, &error), code);
    assert_null(content.bytes.ptr);
    if (strstr(error.text, words) == NULL) {
        assert_string_equal(error.text, words);
    }
    assert_err(error.code, code);
    return error;
}

static akt_error
write_fails(struct sim *sim, akt_text path, akt_err code, const char *words)
{
    akt_error error = AKT_ERROR_NONE;

    assert_err(akt_write_file(sim->me, path, bytes_of("new"), NULL, &error),
               code);
    if (strstr(error.text, words) == NULL) {
        assert_string_equal(error.text, words);
    }
    return error;
}

static void
reads(struct sim *sim, const char *name, size_t size)
{
    akt_file_content content = {{NULL, 0}};
    akt_error error = AKT_ERROR_NONE;

    assert_ok(akt_read_file(sim->me, at(name), 0, &content, &error));
    assert_int_equal(content.bytes.len, size);
    assert_int_equal(((const char *)content.bytes.ptr)[size], '\0');
    akt_file_content_free(&content);
    assert_null(content.bytes.ptr);
    akt_file_content_free(&content);
}

/* --- reading --- */

static void
sizes(struct sim *sim)
{
    static const size_t sizes[] = {0,       1,
                                   63,      64,
                                   16383,   16384,
                                   16385,   (1 << 20) - 1,
                                   1 << 20, (1 << 20) + 1,
                                   3000000};
    static char buffer[3000000];
    size_t i;

    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        folder_write(&folder, "f", buffer, sizes[i]);
        reads(sim, "f", sizes[i]);
    }
}

static void
test_read_of_any_size_gives_all_bytes(void **state)
{
    (void)state;
    sim_in_order(sizes);
}

static void
says_why(struct sim *sim)
{
    akt_error e = read_fails(sim, at("none"), 0, AKT_ENOENT,
                             "/none: No such file or directory");

    assert_int_equal(e.errnum, ENOENT);
    assert_int_equal(strncmp(e.text, "open /", 6), 0);
    e = read_fails(sim, at("."), 0, AKT_EISDIR, "/.: Is a directory");
    assert_int_equal(strncmp(e.text, "read /", 6), 0);
    folder_write(&folder, "f", "123", 3);
    e = read_fails(sim, at("f/x"), 0, AKT_ENOTDIR, "Not a directory");
    e = read_fails(sim, at("f"), 2, AKT_ESIZE,
                   "its 3 bytes are more than the limit of 2");
    reads(sim, "f", 3);
}

static void
test_read_that_fails_says_what_and_why(void **state)
{
    (void)state;
    sim_each_seed(says_why);
}

static void
bad_paths(struct sim *sim)
{
    static char path[5000];
    akt_error e;

    memset(path, 'p', sizeof(path));
    path[0] = '/';
    e = read_fails(sim, (akt_text){path, sizeof(path)}, 0, AKT_EINVAL,
                   "ppp: File name too long");
    assert_int_equal(e.errnum, ENAMETOOLONG);
    assert_int_equal(strncmp(e.text, "open ...p", 9), 0);
    e = write_fails(sim, (akt_text){path, sizeof(path)}, AKT_EINVAL,
                    "File name too long");
    path[7] = '\0';
    e = read_fails(sim, (akt_text){path, 9}, 0, AKT_EINVAL,
                   "open /pppppp?p: the path has a NUL in it");
    e = read_fails(sim, AKT_TEXT(""), 0, AKT_EINVAL, "open: the path is empty");
    e = read_fails(sim, (akt_text){NULL, 0}, 0, AKT_EINVAL, "is empty");
    e = write_fails(sim, AKT_TEXT(""), AKT_EINVAL, "write: the path is empty");
    assert_int_equal(e.errnum, 0);
}

static void
test_bad_path_is_an_error_with_a_sentence(void **state)
{
    (void)state;
    sim_in_order(bad_paths);
}

static void
permission(struct sim *sim)
{
    uid_t me = geteuid();
    akt_error e;

    folder_write(&folder, "f", "123", 3);
    assert_int_equal(chmod(folder_name(&folder, "f"), 0), 0);
    if (me == 0) {
        assert_int_equal(seteuid(65534), 0);
    }
    e = read_fails(sim, at("f"), 0, AKT_EACCES, "/f: Permission denied");
    if (me == 0) {
        assert_int_equal(seteuid(0), 0);
    }
    assert_int_equal(e.errnum, EACCES);
}

static void
test_read_without_permission_says_so(void **state)
{
    (void)state;
    sim_in_order(permission);
}

/* 10 GiB that take no room: refused by its size, before anything is read. */
static void
sparse(struct sim *sim)
{
    folder_write(&folder, "f", "", 0);
    assert_int_equal(
        truncate(folder_name(&folder, "f"), (off_t)10 * 1024 * 1024 * 1024), 0);
    (void)read_fails(sim, at("f"), 0, AKT_ESIZE,
                     "its 10737418240 bytes are more than the limit of "
                     "67108864");
    assert_true(sim->memory.bytes < (size_t)64 << 20);
}

static void
test_read_of_a_large_file_names_the_limit(void **state)
{
    (void)state;
    sim_in_order(sparse);
}

/* Asks for any kind of file and waits. */
static akt_err
read_any(struct sim *sim, akt_text path, uint64_t max, size_t *size,
         akt_error *error)
{
    akt_file_content content = {{NULL, 0}};
    akt_answer *answer;
    akt_future f;
    akt_err err;

    assert_ok(akt_file_read_any(sim->me, path, max, &f));
    assert_ok(akt_wait(sim->me, f, &answer));
    err = akt_answer_error(answer, error);
    if (err == AKT_OK) {
        assert_ok(akt_answer_take(answer, akt_file_content, &content));
        assert_err(akt_answer_take(answer, akt_file_content, &content),
                   AKT_ETYPE);
        *size = content.bytes.len;
        akt_file_content_free(&content);
    }
    akt_answer_free(sim->me, answer);
    return err;
}

static void
other_kinds(struct sim *sim)
{
    akt_error error = AKT_ERROR_NONE;
    size_t size = 0;
    int fd;

    (void)read_fails(sim, AKT_TEXT("/dev/zero"), 0, AKT_EINVAL,
                     "read /dev/zero: it is not a regular file");
    assert_err(read_any(sim, AKT_TEXT("/dev/zero"), 100000, &size, &error),
               AKT_ESIZE);
    assert_ok(read_any(sim, AKT_TEXT("/dev/null"), 0, &size, &error));
    assert_int_equal(size, 0);
    assert_int_equal(mkfifo(folder_name(&folder, "pipe"), 0600), 0);
    (void)read_fails(sim, at("pipe"), 0, AKT_EINVAL,
                     "it is not a regular file");
    assert_err(read_any(sim, at("pipe"), 0, &size, &error), AKT_ETIMEOUT);
    fd = open(folder_name(&folder, "pipe"), O_RDWR | O_NONBLOCK);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "abc", 3), 3);
    assert_err(read_any(sim, at("pipe"), 2, &size, &error), AKT_ETIMEOUT);
    assert_int_equal(close(fd), 0);
}

static void
test_read_of_what_is_no_file_does_not_hang(void **state)
{
    (void)state;
    sim_in_order(other_kinds);
}

/* What the kernel makes while it is read has no size beforehand. */
static void
proc(struct sim *sim)
{
    akt_file_content content = {{NULL, 0}};

    assert_ok(akt_read_file(sim->me, AKT_TEXT("/proc/self/status"), 0, &content,
                            NULL));
    assert_non_null(strstr(content.bytes.ptr, "Name:"));
    akt_file_content_free(&content);
}

static void
test_read_of_a_file_without_a_size_gives_all(void **state)
{
    (void)state;
    if (access("/proc/self/status", R_OK) != 0) {
        skip();
    }
    sim_in_order(proc);
}

/* --- writing --- */

static void
writes(struct sim *sim)
{
    akt_file_write_opts opts = {.mode = 0640, .sync = true};

    assert_ok(akt_write_file(sim->me, at("f"), bytes_of("one"), &opts, NULL));
    assert_true(folder_has(&folder, "f", "one"));
    assert_int_equal(folder_mode(&folder, "f"), 0640);
    opts.mode = 0600;
    assert_ok(akt_write_file(sim->me, at("f"), bytes_of("two!"), &opts, NULL));
    assert_true(folder_has(&folder, "f", "two!"));
    /* The mode of what is there stays. */
    assert_int_equal(folder_mode(&folder, "f"), 0640);
    assert_ok(akt_write_file(sim->me, at("f"), bytes_of(""), NULL, NULL));
    assert_true(folder_has(&folder, "f", ""));
    assert_ok(akt_append_file(sim->me, at("f"), bytes_of("a"), NULL, NULL));
    assert_ok(akt_append_file(sim->me, at("f"), bytes_of("b"), &opts, NULL));
    assert_true(folder_has(&folder, "f", "ab"));
    assert_ok(akt_append_file(sim->me, at("g"), bytes_of("g"), &opts, NULL));
    assert_int_equal(folder_mode(&folder, "g"), 0600);
    assert_int_equal(folder_count(&folder), 2);
    assert_int_equal(unlink(folder_name(&folder, "f")), 0);
    assert_int_equal(unlink(folder_name(&folder, "g")), 0);
}

static void
test_write_replaces_and_append_adds(void **state)
{
    (void)state;
    sim_each_seed(writes);
}

static void
new_mode(struct sim *sim)
{
    mode_t before = umask(027);

    assert_ok(akt_write_file(sim->me, at("f"), bytes_of("x"), NULL, NULL));
    assert_int_equal(folder_mode(&folder, "f"), 0640);
    umask(before);
}

static void
test_mode_of_a_new_file_is_by_the_umask(void **state)
{
    (void)state;
    sim_in_order(new_mode);
}

static void
links(struct sim *sim)
{
    struct stat st;

    folder_write(&folder, "f", "old", 3);
    assert_int_equal(symlink("f", folder_name(&folder, "l")), 0);
    assert_int_equal(
        symlink(folder_name(&folder, "l"), folder_name(&folder, "m")), 0);
    assert_ok(akt_write_file(sim->me, at("m"), bytes_of("new"), NULL, NULL));
    assert_true(folder_has(&folder, "f", "new"));
    assert_int_equal(lstat(folder_name(&folder, "l"), &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    assert_int_equal(symlink("round", folder_name(&folder, "round")), 0);
    (void)write_fails(sim, at("round"), AKT_EIO,
                      "Too many levels of symbolic links");
    assert_int_equal(folder_count(&folder), 4);
}

static void
test_write_follows_symbolic_links(void **state)
{
    (void)state;
    sim_in_order(links);
}

static void
write_errors(struct sim *sim)
{
    akt_error e;

    assert_int_equal(mkdir(folder_name(&folder, "d"), 0700), 0);
    assert_int_equal(mkfifo(folder_name(&folder, "p"), 0600), 0);
    (void)write_fails(sim, at("d"), AKT_EISDIR, "/d: Is a directory");
    (void)write_fails(sim, at("no/f"), AKT_ENOENT, "No such file or directory");
    (void)write_fails(sim, at("p"), AKT_EINVAL, "it is not a regular file");
    (void)write_fails(sim, AKT_TEXT("/dev/full"), AKT_EINVAL,
                      "write /dev/full: it is not a regular file");
    e = AKT_ERROR_NONE;
    assert_err(akt_append_file(sim->me, AKT_TEXT("/dev/full"), bytes_of("x"),
                               NULL, &e),
               AKT_ENOSPC);
    assert_string_equal(e.text, "write /dev/full: No space left on device");
    assert_err(akt_append_file(sim->me, at("p"), bytes_of("x"), NULL, &e),
               AKT_EIO);
    assert_err(akt_append_file(sim->me, at("d"), bytes_of("x"), NULL, &e),
               AKT_EISDIR);
    assert_int_equal(folder_count(&folder), 2);
}

static void
test_write_that_fails_says_why_and_leaves_nothing(void **state)
{
    (void)state;
    sim_in_order(write_errors);
}

/* Enough is written for the system to say no in the middle. */
static void
file_limit(struct sim *sim)
{
    struct rlimit old;
    struct rlimit small = {1 << 20, 0};
    static char large[3 << 20];
    akt_error e = AKT_ERROR_NONE;
    akt_err err;
    akt_err appended;

    folder_write(&folder, "f", "old", 3);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small.rlim_max = old.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    err = akt_write_file(sim->me, at("f"), (akt_bytes){large, sizeof(large)},
                         NULL, &e);
    appended = akt_append_file(sim->me, at("g"),
                               (akt_bytes){large, sizeof(large)}, NULL, NULL);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_err(err, AKT_ESIZE);
    assert_err(appended, AKT_ESIZE);
    assert_non_null(strstr(e.text, "after 1048576 of 3145728 bytes: write "));
    assert_true(folder_has(&folder, "f", "old"));
    assert_int_equal(folder_count(&folder), 2);
}

static void
test_write_that_fails_in_the_middle_leaves_the_old_file(void **state)
{
    (void)state;
    sim_in_order(file_limit);
}

/* --- descriptors --- */

static void
no_descriptors(struct sim *sim)
{
    struct rlimit old;
    struct rlimit none;
    akt_err err;
    akt_error e = AKT_ERROR_NONE;
    akt_file_content content;

    folder_write(&folder, "f", "123", 3);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    none = (struct rlimit){0, old.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    err = akt_read_file(sim->me, at("f"), 0, &content, &e);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    assert_err(err, AKT_EMFILE);
    assert_non_null(strstr(e.text, "/f: Too many open files"));
    reads(sim, "f", 3);
}

static void
test_read_without_descriptors_is_an_error(void **state)
{
    (void)state;
    sim_in_order(no_descriptors);
}

/* --- actors --- */

struct reader {
    akt_future future;
    bool take;
};

static akt_err
on_content(akt_self *self, struct reader *r, const akt_answer *answer,
           const struct akt_file_content *content)
{
    akt_file_content mine = {{NULL, 0}};

    (void)self;
    sim_note((int64_t)answer->outcome);
    if (content != NULL) {
        sim_note((int64_t)content->bytes.len);
        if (r->take) {
            assert_ok(akt_answer_take(answer, akt_file_content, &mine));
            akt_file_content_free(&mine);
        }
    }
    return AKT_OK;
}
AKT_THEN(on_content, struct reader, akt_file_read_all);

static akt_err
on_act(akt_self *self, struct reader *r, const struct act *m)
{
    return m->fn(self, r);
}
AKT_CLASS(reader, struct reader, AKT_ON(act, on_act));

static akt_err
start_reading(akt_self *self, void *arg)
{
    struct reader *r = arg;
    akt_file_content content;
    akt_error e = AKT_ERROR_NONE;

    AKT_TRY(akt_file_read_all(self, at("f"), 0, &r->future));
    assert_err(akt_read_file(self, at("f"), 0, &content, &e), AKT_ECONTEXT);
    return akt_then(self, r->future, on_content, NULL);
}

static void
by_actor(struct sim *sim)
{
    bool take = false;

    folder_write(&folder, "f", "12345", 5);
    do {
        akt_ref ref;

        sim_forget();
        take = !take;
        assert_ok(akt_spawn(sim->me, reader, &ref, .take = take));
        sim_do(sim, ref, start_reading, NULL);
        assert_notes(AKT_REPLIED, 5);
    } while (take);
}

static void
test_actor_reads_by_a_continuation(void **state)
{
    (void)state;
    sim_each_seed(by_actor);
}

static akt_err
read_and_cancel(akt_self *self, void *arg)
{
    struct reader *r = arg;

    AKT_TRY(start_reading(self, r));
    return akt_cancel(self, r->future);
}

static akt_err
read_and_end(akt_self *self, void *arg)
{
    AKT_TRY(start_reading(self, arg));
    akt_stop_self(self);
    return AKT_OK;
}

/* What nobody takes is freed, which sim_close sees. */
static void
nobody_waits(struct sim *sim)
{
    akt_ref ref;

    folder_write(&folder, "f", "12345", 5);
    assert_ok(akt_spawn(sim->me, reader, &ref, .take = false));
    sim_do(sim, ref, read_and_cancel, NULL);
    assert_notes(AKT_CANCELLED);
    sim_do(sim, ref, read_and_end, NULL);
    assert_notes(AKT_CANCELLED);
}

static void
test_content_that_nobody_takes_is_freed(void **state)
{
    (void)state;
    sim_each_seed(nobody_waits);
}

/* --- faults --- */

/* Each system call fails once: an error, or all is well; never anything else. */
static void
faults(struct sim *sim)
{
    akt_file_write_opts opts = {.sync = true};
    uint64_t n = 0;
    uint64_t fired;

    do {
        akt_error e = AKT_ERROR_NONE;
        akt_file_content content = {{NULL, 0}};
        akt_err wrote;
        akt_err read;
        bool is_new;

        folder_write(&folder, "f", "old", 3);
        fired = akt_sim_faults(sim->system, AKT_FAULT_FILE).fired;
        assert_ok(akt_sim_fault_at(sim->system, AKT_FAULT_FILE, ++n));
        wrote = akt_write_file(sim->me, at("f"), bytes_of("new"), &opts, &e);
        is_new = folder_has(&folder, "f", "new");
        assert_true(is_new || folder_has(&folder, "f", "old"));
        if (wrote == AKT_OK || strncmp(e.text, "written, but", 12) == 0) {
            assert_true(is_new);
        } else {
            assert_false(is_new);
            assert_int_not_equal(e.errnum, 0);
        }
        read = akt_read_file(sim->me, at("f"), 0, &content, &e);
        assert_int_equal(read == AKT_OK, content.bytes.len == 3);
        akt_file_content_free(&content);
        assert_int_equal(folder_count(&folder), 1);
    } while (akt_sim_faults(sim->system, AKT_FAULT_FILE).fired > fired);
    assert_true(n > 10);
    sim_figure(16, n, "system calls of files failed");
}

static void
test_each_system_call_that_fails_is_an_error(void **state)
{
    (void)state;
    sim_in_order(faults);
}

static void
short_calls(struct sim *sim)
{
    static char text[5000];
    akt_file_content content = {{NULL, 0}};

    memset(text, 't', sizeof(text) - 1);
    assert_ok(
        akt_sim_fault_chance(sim->system, AKT_FAULT_SHORT, AKT_SIM_ALWAYS));
    assert_ok(akt_write_file(sim->me, at("f"), bytes_of(text), NULL, NULL));
    assert_ok(akt_append_file(sim->me, at("f"), bytes_of(text), NULL, NULL));
    assert_ok(akt_read_file(sim->me, at("f"), 0, &content, NULL));
    assert_int_equal(content.bytes.len, 2 * strlen(text));
    assert_int_equal(strspn(content.bytes.ptr, "t"), 2 * strlen(text));
    akt_file_content_free(&content);
    assert_true(akt_sim_faults(sim->system, AKT_FAULT_SHORT).fired > 3);
}

static void
test_short_reads_and_writes_are_gone_on_with(void **state)
{
    (void)state;
    sim_each_seed(short_calls);
}

/* Each allocation fails once, and is an error at the caller. */
static void
out_of_memory(struct sim *sim)
{
    uint64_t n;
    uint64_t fired = 0;
    bool met = true;

    folder_write(&folder, "f", "12345", 5);
    for (n = 1; met; n++) {
        akt_file_content content = {{NULL, 0}};
        akt_error e = AKT_ERROR_NONE;
        akt_err err;

        assert_ok(akt_sim_fault_at(sim->system, AKT_FAULT_ALLOC, n));
        err = akt_read_file(sim->me, at("f"), 0, &content, &e);
        met = akt_sim_faults(sim->system, AKT_FAULT_ALLOC).fired > fired;
        fired = akt_sim_faults(sim->system, AKT_FAULT_ALLOC).fired;
        assert_true(err == AKT_OK || err == AKT_ENOMEM);
        assert_int_equal(err == AKT_OK, content.bytes.len == 5);
        assert_int_equal(err == AKT_OK, e.code == AKT_OK);
        akt_file_content_free(&content);
        err = akt_write_file(sim->me, at("f"), bytes_of("54321"), NULL, NULL);
        assert_true(err == AKT_OK || err == AKT_ENOMEM);
    }
    assert_true(n > 4);
}

static void
test_each_allocation_that_fails_is_an_error(void **state)
{
    (void)state;
    sim_in_order(out_of_memory);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        file_test(test_read_of_any_size_gives_all_bytes),
        file_test(test_read_that_fails_says_what_and_why),
        file_test(test_bad_path_is_an_error_with_a_sentence),
        file_test(test_read_without_permission_says_so),
        file_test(test_read_of_a_large_file_names_the_limit),
        file_test(test_read_of_what_is_no_file_does_not_hang),
        file_test(test_read_of_a_file_without_a_size_gives_all),
        file_test(test_write_replaces_and_append_adds),
        file_test(test_mode_of_a_new_file_is_by_the_umask),
        file_test(test_write_follows_symbolic_links),
        file_test(test_write_that_fails_says_why_and_leaves_nothing),
        file_test(test_write_that_fails_in_the_middle_leaves_the_old_file),
        file_test(test_read_without_descriptors_is_an_error),
        file_test(test_actor_reads_by_a_continuation),
        file_test(test_content_that_nobody_takes_is_freed),
        file_test(test_each_system_call_that_fails_is_an_error),
        file_test(test_short_reads_and_writes_are_gone_on_with),
        file_test(test_each_allocation_that_fails_is_an_error),
    };

    /* Too large a file is an error, not a signal. */
    (void)signal(SIGXFSZ, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
