/* SPDX-License-Identifier: MIT */
/* What files are and what they are called: stat, rename, remove, directories. */
#include "akt/dir.h"
#include "tests/unit/files.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

/* The error has this code and these words. */
static void
says(const akt_error *e, akt_err code, const char *words)
{
    assert_err(e->code, code);
    if (strstr(e->text, words) == NULL) {
        assert_string_equal(e->text, words);
    }
}

static void
stats(struct sim *sim)
{
    struct timeval times[2] = {{1000, 0}, {1234567890, 500000}};
    akt_file_info a;
    akt_file_info b;
    akt_error e = AKT_ERROR_NONE;

    folder_write(&folder, "f", "12345", 5);
    assert_int_equal(chmod(folder_name(&folder, "f"), 0640), 0);
    assert_int_equal(utimes(folder_name(&folder, "f"), times), 0);
    (void)unlink(folder_name(&folder, "l"));
    assert_int_equal(symlink("f", folder_name(&folder, "l")), 0);
    assert_ok(akt_stat_file(sim->me, at("f"), &a, &e));
    assert_int_equal(a.kind, AKT_FILE_KIND_FILE);
    assert_int_equal(a.size, 5);
    assert_int_equal(a.mode, 0640);
    assert_int_equal(a.modified_ns, INT64_C(1234567890500000000));
    assert_ok(akt_stat_file(sim->me, at("l"), &b, &e));
    assert_int_equal(b.kind, AKT_FILE_KIND_FILE);
    assert_int_equal(b.inode, a.inode);
    assert_int_equal(b.device, a.device);
    assert_ok(akt_stat_link(sim->me, at("l"), &b, &e));
    assert_int_equal(b.kind, AKT_FILE_KIND_LINK);
    assert_int_not_equal(b.inode, a.inode);
    assert_ok(akt_stat_file(sim->me, at("."), &b, &e));
    assert_int_equal(b.kind, AKT_FILE_KIND_DIR);
    assert_ok(akt_stat_file(sim->me, AKT_TEXT("/dev/null"), &b, &e));
    assert_int_equal(b.kind, AKT_FILE_KIND_OTHER);
    assert_err(akt_stat_file(sim->me, at("no"), &a, &e), AKT_ENOENT);
    says(&e, AKT_ENOENT, "/no: No such file or directory");
    assert_int_equal(e.errnum, ENOENT);
    assert_int_equal(unlink(folder_name(&folder, "l")), 0);
}

static void
test_stat_says_what_a_file_is(void **state)
{
    (void)state;
    sim_each_seed(stats);
}

static void
renames(struct sim *sim)
{
    akt_error e = AKT_ERROR_NONE;

    folder_write(&folder, "a", "new", 3);
    folder_write(&folder, "b", "old", 3);
    assert_ok(akt_rename_file(sim->me, at("a"), at("b"), &e));
    assert_true(folder_has(&folder, "b", "new"));
    assert_int_equal(folder_count(&folder), 1);
    assert_err(akt_rename_file(sim->me, at("a"), at("b"), &e), AKT_ENOENT);
    assert_int_equal(strncmp(e.text, "rename /", 8), 0);
    says(&e, AKT_ENOENT, "/a to /");
    says(&e, AKT_ENOENT, "/b: No such file or directory");
    assert_ok(akt_remove_file(sim->me, at("b"), &e));
    assert_int_equal(folder_count(&folder), 0);
}

static void
test_rename_replaces_and_an_error_names_both(void **state)
{
    (void)state;
    sim_each_seed(renames);
}

static void
removes(struct sim *sim)
{
    akt_error e = AKT_ERROR_NONE;

    assert_ok(akt_make_dir(sim->me, at("d"), NULL, &e));
    folder_write(&folder, "d/f", "x", 1);
    assert_err(akt_remove_dir(sim->me, at("d"), &e), AKT_ENOTEMPTY);
    says(&e, AKT_ENOTEMPTY, "/d: Directory not empty");
    assert_err(akt_remove_file(sim->me, at("d"), &e), AKT_EISDIR);
    assert_err(akt_remove_dir(sim->me, at("d/f"), &e), AKT_ENOTDIR);
    assert_ok(akt_remove_file(sim->me, at("d/f"), &e));
    assert_err(akt_remove_file(sim->me, at("d/f"), &e), AKT_ENOENT);
    assert_ok(akt_remove_dir(sim->me, at("d"), &e));
    assert_int_equal(folder_count(&folder), 0);
}

static void
test_remove_takes_files_or_empty_directories(void **state)
{
    (void)state;
    sim_each_seed(removes);
}

static void
makes(struct sim *sim)
{
    akt_dir_make_opts all = {.parents = true, .mode = 0750};
    akt_error e = AKT_ERROR_NONE;

    assert_ok(akt_make_dir(sim->me, at("a//b/c"), &all, &e));
    assert_int_equal(folder_mode(&folder, "a/b/c"), 0750);
    assert_ok(akt_make_dir(sim->me, at("a/b/c"), &all, &e));
    assert_ok(akt_make_dir(sim->me, at("a/b/d/e///"), &all, &e));
    assert_int_equal(folder_mode(&folder, "a/b/d/e"), 0750);
    assert_ok(akt_remove_dir(sim->me, at("a/b/d/e"), NULL));
    assert_ok(akt_remove_dir(sim->me, at("a/b/d"), NULL));
    assert_err(akt_make_dir(sim->me, at("a"), NULL, &e), AKT_EEXIST);
    says(&e, AKT_EEXIST, "/a: File exists");
    assert_err(akt_make_dir(sim->me, at("x/y"), NULL, &e), AKT_ENOENT);
    folder_write(&folder, "f", "x", 1);
    assert_err(akt_make_dir(sim->me, at("f"), &all, &e), AKT_EEXIST);
    assert_err(akt_make_dir(sim->me, at("f/x/y"), &all, &e), AKT_ENOTDIR);
    assert_ok(akt_remove_dir(sim->me, at("a/b/c"), NULL));
    assert_ok(akt_remove_dir(sim->me, at("a/b"), NULL));
    assert_ok(akt_remove_dir(sim->me, at("a"), NULL));
}

static void
test_make_dir_makes_one_or_all(void **state)
{
    (void)state;
    sim_each_seed(makes);
}

/* A name that programs connect to; nothing can be read by opening it. */
static void
make_socket(const char *name)
{
    struct sockaddr_un where = {.sun_family = AF_UNIX};
    const char *path = folder_name(&folder, name);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    assert_true(fd >= 0 && strlen(path) < sizeof(where.sun_path));
    memcpy(where.sun_path, path, strlen(path) + 1);
    assert_int_equal(
        bind(fd, (const struct sockaddr *)(void *)&where, sizeof(where)), 0);
    assert_int_equal(close(fd), 0);
}

static void
sockets(struct sim *sim)
{
    akt_file_open_opts reading = {.flags = AKT_FILE_READ};
    akt_file_content content = {{NULL, 0}};
    akt_bytes bytes = {"x", 1};
    akt_error e = AKT_ERROR_NONE;
    akt_file_info info;
    akt_file file;
    akt_dir dir;

    make_socket("s");
    assert_ok(akt_stat_file(sim->me, at("s"), &info, &e));
    assert_int_equal(info.kind, AKT_FILE_KIND_OTHER);
    assert_err(akt_open_file(sim->me, at("s"), &reading, &file, &e),
               AKT_EINVAL);
    says(&e, AKT_EINVAL, "/s: it is a socket");
    assert_err(akt_read_file(sim->me, at("s"), 0, &content, &e), AKT_EINVAL);
    says(&e, AKT_EINVAL, "/s: it is a socket");
    assert_err(akt_append_file(sim->me, at("s"), bytes, NULL, &e), AKT_EINVAL);
    says(&e, AKT_EINVAL, "/s: it is a socket");
    assert_err(akt_write_file(sim->me, at("s"), bytes, NULL, &e), AKT_EINVAL);
    says(&e, AKT_EINVAL, "/s: it is not a regular file");
    assert_err(akt_open_dir(sim->me, at("s"), NULL, &dir, &e), AKT_ENOTDIR);
    says(&e, AKT_ENOTDIR, "/s: Not a directory");
    assert_ok(akt_rename_file(sim->me, at("s"), at("t"), &e));
    assert_ok(akt_remove_file(sim->me, at("t"), &e));
}

static void
test_a_socket_is_no_file_and_says_so(void **state)
{
    (void)state;
    sim_in_order(sockets);
}

static void
bad_paths(struct sim *sim)
{
    static char path[5000];
    akt_dir_make_opts all = {.parents = true};
    akt_text longer = {path, sizeof(path)};
    akt_text nul = {path, 9};
    akt_error e = AKT_ERROR_NONE;
    akt_file_info info;
    akt_dir dir;

    memset(path, 'p', sizeof(path));
    assert_err(akt_stat_file(sim->me, longer, &info, &e), AKT_EINVAL);
    says(&e, AKT_EINVAL, "ppp: File name too long");
    assert_err(akt_rename_file(sim->me, longer, longer, &e), AKT_EINVAL);
    says(&e, AKT_EINVAL, "ppp: File name too long");
    assert_err(akt_make_dir(sim->me, longer, &all, &e), AKT_EINVAL);
    assert_err(akt_remove_file(sim->me, longer, &e), AKT_EINVAL);
    assert_err(akt_open_dir(sim->me, longer, NULL, &dir, &e), AKT_EINVAL);
    says(&e, AKT_EINVAL, "ppp: File name too long");
    path[3] = '\0';
    assert_err(akt_stat_link(sim->me, nul, &info, &e), AKT_EINVAL);
    says(&e, AKT_EINVAL, "stat ppp?ppppp: the path has a NUL in it");
    assert_err(akt_rename_file(sim->me, at("a"), nul, &e), AKT_EINVAL);
    says(&e, AKT_EINVAL, "rename to ppp?ppppp: the path has a NUL");
    assert_err(akt_walk_dir(sim->me, nul, NULL, &dir, &e), AKT_EINVAL);
    says(&e, AKT_EINVAL, "the path has a NUL in it");
    assert_err(akt_make_dir(sim->me, AKT_TEXT(""), &all, &e), AKT_EINVAL);
    says(&e, AKT_EINVAL, "make: the path is empty");
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
    akt_error e = AKT_ERROR_NONE;
    akt_err made;
    akt_err renamed;
    akt_err removed;

    folder_write(&folder, "f", "1", 1);
    assert_int_equal(chmod(folder.path, 0555), 0);
    assert_true(me != 0 || seteuid(65534) == 0);
    made = akt_make_dir(sim->me, at("d"), NULL, NULL);
    renamed = akt_rename_file(sim->me, at("f"), at("g"), NULL);
    removed = akt_remove_file(sim->me, at("f"), &e);
    assert_true(me != 0 || seteuid(0) == 0);
    assert_int_equal(chmod(folder.path, 0700), 0);
    assert_err(made, AKT_EACCES);
    assert_err(renamed, AKT_EACCES);
    assert_err(removed, AKT_EACCES);
    says(&e, AKT_EACCES, "/f: Permission denied");
    assert_true(folder_has(&folder, "f", "1"));
}

static void
test_names_without_permission_stay(void **state)
{
    (void)state;
    sim_in_order(permission);
}

/* Each system call fails once: an error, or all is done. */
static void
faults(struct sim *sim)
{
    akt_dir_make_opts all = {.parents = true};
    uint64_t n = 0;
    uint64_t fired;

    do {
        akt_file_info info;
        akt_error e = AKT_ERROR_NONE;
        bool made;
        bool renamed;

        fired = akt_sim_faults(sim->system, AKT_FAULT_FILE).fired;
        assert_ok(akt_sim_fault_at(sim->system, AKT_FAULT_FILE, ++n));
        made = akt_make_dir(sim->me, at("a/b"), &all, &e) == AKT_OK;
        assert_int_equal(made, e.errnum == 0);
        if (made) {
            renamed =
                akt_rename_file(sim->me, at("a/b"), at("a/c"), NULL) == AKT_OK;
            akt_ignore(akt_stat_file(sim->me, at("a"), &info, NULL));
            assert_int_equal(
                access(folder_name(&folder, renamed ? "a/c" : "a/b"), F_OK), 0);
            akt_ignore(
                akt_remove_dir(sim->me, at(renamed ? "a/c" : "a/b"), NULL));
        }
        (void)rmdir(folder_name(&folder, "a/b"));
        (void)rmdir(folder_name(&folder, "a/c"));
        (void)rmdir(folder_name(&folder, "a"));
        assert_int_equal(folder_count(&folder), 0);
    } while (akt_sim_faults(sim->system, AKT_FAULT_FILE).fired > fired);
    assert_true(n > 5);
    akt_sim_heal(sim->system);
}

static void
test_each_system_call_that_fails_is_an_error(void **state)
{
    (void)state;
    sim_in_order(faults);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        file_test(test_stat_says_what_a_file_is),
        file_test(test_rename_replaces_and_an_error_names_both),
        file_test(test_remove_takes_files_or_empty_directories),
        file_test(test_make_dir_makes_one_or_all),
        file_test(test_a_socket_is_no_file_and_says_so),
        file_test(test_bad_path_is_an_error_with_a_sentence),
        file_test(test_names_without_permission_stay),
        file_test(test_each_system_call_that_fails_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
