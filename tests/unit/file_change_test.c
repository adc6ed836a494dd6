/* SPDX-License-Identifier: MIT */
/*
 * Files that change while they are read or written. The program is linked so that
 * the library's fstat, read, readdir and rename go through here; what a test hangs
 * on one of them happens beside it, as another process would do it.
 */
#include "akt/dir.h"
#include "tests/unit/files.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Done once, and from then on never again. */
typedef void deed(void);

static deed *after_fstat;
static deed *after_read;
static deed *after_readdir;
static deed *before_rename;

static void
happen(deed **what)
{
    deed *d = *what;

    *what = NULL;
    if (d != NULL) {
        d();
    }
}

int __real_fstat(int fd, struct stat *out);
int __wrap_fstat(int fd, struct stat *out);
ssize_t __real_read(int fd, void *buffer, size_t size);
ssize_t __wrap_read(int fd, void *buffer, size_t size);
struct dirent *__real_readdir(DIR *dir);
struct dirent *__wrap_readdir(DIR *dir);
int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);

int
__wrap_fstat(int fd, struct stat *out)
{
    int result = __real_fstat(fd, out);

    happen(&after_fstat);
    return result;
}

static int reads;

ssize_t
__wrap_read(int fd, void *buffer, size_t size)
{
    ssize_t n = __real_read(fd, buffer, size);

    reads++;
    happen(&after_read);
    return n;
}

struct dirent *
__wrap_readdir(DIR *dir)
{
    struct dirent *entry = __real_readdir(dir);

    if (entry != NULL && entry->d_name[0] == 'd') {
        happen(&after_readdir);
    }
    return entry;
}

int
__wrap_rename(const char *from, const char *to)
{
    happen(&before_rename);
    return __real_rename(from, to);
}

static int
nothing_hangs(void **state)
{
    bool over = after_fstat == NULL && after_read == NULL
                && after_readdir == NULL && before_rename == NULL;

    return close_folder(state) == 0 && over ? 0 : -1;
}

#define change_test(f)                                                         \
    cmocka_unit_test_setup_teardown(f, open_folder, nothing_hangs)

/* --- reading --- */

#define LARGE ((size_t)3 << 20)

static void
shorten(void)
{
    assert_int_equal(truncate(folder_name(&folder, "f"), 3), 0);
}

static void
lengthen(void)
{
    assert_int_equal(truncate(folder_name(&folder, "f"), 100), 0);
}

static void
lose(void)
{
    assert_int_equal(unlink(folder_name(&folder, "f")), 0);
}

static void
replace(void)
{
    folder_write(&folder, "g", "other", 5);
    assert_int_equal(
        __real_rename(folder_name(&folder, "g"), folder_name(&folder, "f")), 0);
}

/* Reads the file "f" while that happens; how many bytes begin with `text`. */
static size_t
read_while(struct sim *sim, deed *d, const char *text)
{
    akt_file_content c = {{NULL, 0}};
    size_t n;

    folder_write(&folder, "f", "12345", 5);
    after_fstat = d;
    assert_ok(akt_read_file(sim->me, at("f"), 0, &c, NULL));
    n = c.bytes.len;
    assert_true(n >= strlen(text));
    assert_memory_equal(c.bytes.ptr, text, strlen(text));
    assert_int_equal(((const char *)c.bytes.ptr)[n], '\0');
    akt_file_content_free(&c);
    return n;
}

static void
changes(struct sim *sim)
{
    akt_file_content c = {{NULL, 0}};
    akt_error e = AKT_ERROR_NONE;

    assert_int_equal(read_while(sim, shorten, "123"), 3);
    assert_int_equal(read_while(sim, lengthen, "12345"), 100);
    assert_int_equal(read_while(sim, lose, "12345"), 5);
    assert_int_equal(read_while(sim, replace, "12345"), 5);
    assert_true(folder_has(&folder, "f", "other"));
    after_fstat = lengthen;
    assert_err(akt_read_file(sim->me, at("f"), 50, &c, &e), AKT_ESIZE);
    assert_non_null(strstr(e.text, "more than the limit of 50"));
}

static void
test_a_file_that_changes_is_read_as_far_as_it_is_there(void **state)
{
    (void)state;
    sim_in_order(changes);
}

static void
between(struct sim *sim)
{
    static char large[LARGE];
    akt_file_content c = {{NULL, 0}};

    folder_write(&folder, "f", large, LARGE);
    after_read = shorten;
    assert_ok(akt_read_file(sim->me, at("f"), 0, &c, NULL));
    assert_int_equal(c.bytes.len, 1 << 20);
    akt_file_content_free(&c);
}

static void
test_a_file_that_is_cut_between_two_reads_ends_there(void **state)
{
    (void)state;
    sim_in_order(between);
}

/* --- nobody waits any more --- */

static akt_self *asker;
static akt_future asked;

static void
give_up(void)
{
    assert_ok(akt_cancel(asker, asked));
}

/* What was asked is given up after its first read, which is its last one. */
static void
is_given_up(struct sim *sim)
{
    akt_answer *answer;

    asker = sim->me;
    after_read = give_up;
    reads = 0;
    assert_ok(akt_wait(sim->me, asked, &answer));
    assert_int_equal(answer->outcome, AKT_CANCELLED);
    akt_answer_free(sim->me, answer);
    (void)akt_sim_run_until_idle(sim->system);
    assert_int_equal(reads, 1);
}

static void
given_up(struct sim *sim)
{
    static char large[LARGE];
    akt_file_open_opts reading = {AKT_FILE_READ, 0};
    akt_file file;

    folder_write(&folder, "f", large, LARGE);
    assert_ok(akt_file_read_all(sim->me, at("f"), 0, &asked));
    is_given_up(sim);
    assert_ok(akt_open_file(sim->me, at("f"), &reading, &file, NULL));
    assert_ok(akt_file_read(sim->me, file, LARGE, &asked));
    is_given_up(sim);
    assert_ok(akt_close_file(sim->me, file, NULL));
}

static void
test_a_long_read_ends_when_nobody_waits(void **state)
{
    (void)state;
    sim_in_order(given_up);
}

/* --- writing --- */

static void
block_with_directory(void)
{
    assert_int_equal(unlink(folder_name(&folder, "f")), 0);
    assert_int_equal(mkdir(folder_name(&folder, "f"), 0700), 0);
}

static void
writes(struct sim *sim)
{
    akt_bytes bytes = {"new", 3};
    akt_error e = AKT_ERROR_NONE;

    folder_write(&folder, "f", "12345", 5);
    before_rename = lose;
    assert_ok(akt_write_file(sim->me, at("f"), bytes, NULL, &e));
    assert_true(folder_has(&folder, "f", "new"));
    before_rename = block_with_directory;
    assert_err(akt_write_file(sim->me, at("f"), bytes, NULL, &e), AKT_EISDIR);
    assert_non_null(strstr(e.text, "/f: Is a directory"));
    assert_int_equal(folder_count(&folder), 1);
}

static void
test_a_file_that_goes_while_it_is_written_leaves_nothing(void **state)
{
    (void)state;
    sim_in_order(writes);
}

/* --- walks --- */

static void
lose_directory(void)
{
    assert_int_equal(rmdir(folder_name(&folder, "d")), 0);
}

/* Whoever can write there would lead a walk elsewhere. */
static void
put_link(void)
{
    lose_directory();
    assert_int_equal(symlink("/", folder_name(&folder, "d")), 0);
}

static void
put_file(void)
{
    lose_directory();
    folder_write(&folder, "d", "x", 1);
}

/* Walks through "d" while that happens: one entry, with this error. */
static void
walk_while(struct sim *sim, deed *d, akt_err code)
{
    akt_dir_entries b = {NULL, 0, NULL};
    akt_dir dir;

    assert_int_equal(mkdir(folder_name(&folder, "d"), 0700), 0);
    after_readdir = d;
    assert_ok(akt_walk_dir(sim->me, at("."), NULL, &dir, NULL));
    assert_ok(akt_read_dir(sim->me, dir, &b, NULL));
    assert_int_equal(b.count, 1);
    assert_string_equal(b.entries[0].name.ptr, "d");
    assert_err(b.entries[0].error, code);
    assert_non_null(strstr(b.entries[0].why.ptr, "/d: "));
    akt_dir_entries_free(&b);
    assert_ok(akt_dir_close(sim->me, dir));
    (void)akt_sim_run_until_idle(sim->system);
    (void)unlink(folder_name(&folder, "d"));
}

static void
walks(struct sim *sim)
{
    walk_while(sim, lose_directory, AKT_ENOENT);
    walk_while(sim, put_file, AKT_ENOTDIR);
    walk_while(sim, put_link, AKT_ENOTDIR);
}

static void
test_a_walk_is_not_led_through_a_link_that_comes(void **state)
{
    (void)state;
    sim_in_order(walks);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        change_test(test_a_file_that_changes_is_read_as_far_as_it_is_there),
        change_test(test_a_file_that_is_cut_between_two_reads_ends_there),
        change_test(test_a_long_read_ends_when_nobody_waits),
        change_test(test_a_file_that_goes_while_it_is_written_leaves_nothing),
        change_test(test_a_walk_is_not_led_through_a_link_that_comes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
