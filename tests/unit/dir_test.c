/* SPDX-License-Identifier: MIT */
/* Directories, read in batches: alone, and with all that is below. */
#include "tests/unit/walks.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/resource.h>
#include <unistd.h>

static struct seen
walk(struct sim *sim, const char *name, akt_dir_opts opts)
{
    struct seen s = {.count = 0};
    akt_dir dir;

    assert_ok(akt_walk_dir(sim->me, at(name), &opts, &dir, NULL));
    see_rest(sim->me, dir, &s);
    return s;
}

/* --- one directory --- */

static void
lists(struct sim *sim)
{
    akt_dir_opts follow = {.follow_links = true};
    struct seen s = {.count = 0};
    akt_dir dir;

    make("d");
    folder_write(&folder, "d/f", "x", 1);
    folder_write(&folder, "f", "x", 1);
    (void)symlink("d", folder_name(&folder, "l"));
    (void)symlink("nowhere", folder_name(&folder, "n"));
    assert_ok(akt_open_dir(sim->me, at("//"), NULL, &dir, NULL));
    see_rest(sim->me, dir, &s);
    assert_int_equal(s.count, 4);
    assert_int_equal(s.dirs, 1);
    assert_int_equal(s.links, 2);
    assert_int_equal(s.deepest, 1);
    s = (struct seen){.count = 0};
    assert_ok(akt_open_dir(sim->me, at("."), &follow, &dir, NULL));
    see_rest(sim->me, dir, &s);
    assert_int_equal(s.count, 4);
    assert_int_equal(s.dirs, 2);
    assert_int_equal(s.links, 1);
    assert_int_equal(s.errors, 0);
}

static void
test_a_directory_gives_what_is_in_it(void **state)
{
    (void)state;
    sim_each_seed(lists);
}

static void
not_opened(struct sim *sim)
{
    akt_dir_opts many = {.batch = AKT_DIR_BATCH_MAX + 1};
    akt_error e = AKT_ERROR_NONE;
    akt_answer *answer;
    akt_future f;
    akt_dir dir;

    folder_write(&folder, "f", "x", 1);
    (void)mkfifo(folder_name(&folder, "p"), 0600);
    assert_err(akt_open_dir(sim->me, at("no"), NULL, &dir, &e), AKT_ENOENT);
    assert_non_null(strstr(e.text, "/no: No such file or directory"));
    assert_err(akt_walk_dir(sim->me, at("f"), NULL, &dir, &e), AKT_ENOTDIR);
    assert_err(akt_walk_dir(sim->me, at("p"), NULL, &dir, &e), AKT_ENOTDIR);
    assert_err(akt_open_dir(sim->me, at("f"), &many, &dir, &e), AKT_EINVAL);
    assert_ok(akt_dir_open(sim->me, at("no"), NULL, &dir, &f));
    akt_future_drop(sim->me, f);
    assert_ok(akt_dir_next(sim->me, dir, &f));
    assert_ok(akt_wait(sim->me, f, &answer));
    assert_err(akt_answer_error(answer, &e), AKT_EENDED);
    assert_non_null(strstr(e.text, "/no: the directory is not open"));
    akt_answer_free(sim->me, answer);
    assert_ok(akt_dir_close(sim->me, dir));
    assert_err(akt_dir_next(sim->me, dir, &f), AKT_EENDED);
}

static void
test_what_is_no_directory_says_so(void **state)
{
    (void)state;
    sim_each_seed(not_opened);
}

/* --- walks --- */

/* Deeper than there are descriptors, so levels are closed and found again. */
static void
deep(struct sim *sim)
{
    uint32_t n = plant(3, 20);
    struct seen s = walk(sim, ".", (akt_dir_opts){.batch = 7});

    assert_int_equal(s.count, n);
    assert_int_equal(s.dirs, 60);
    assert_int_equal(s.files, 120);
    assert_int_equal(s.errors, 0);
    assert_int_equal(s.deepest, 21);
    assert_int_equal(s.batches, (n + 6) / 7);
    s = walk(sim, "t1/", (akt_dir_opts){.max_depth = 2});
    assert_int_equal(s.count, 6);
    assert_int_equal(s.deepest, 2);
}

static void
test_a_walk_gives_every_entry_once(void **state)
{
    (void)state;
    sim_in_order(deep);
}

/* Never more descriptors than promised. */
static void
descriptors(struct sim *sim)
{
    struct seen s = {.count = 0};
    akt_dir_opts one = {.batch = 1};
    uint32_t most = 0;
    akt_dir dir;

    (void)plant(1, 20);
    assert_ok(akt_walk_dir(sim->me, at("."), &one, &dir, NULL));
    while (see_batch(sim->me, dir, &s)) {
        uint32_t now = count_files() - files_before;

        most = now > most ? now : most;
    }
    assert_ok(akt_dir_close(sim->me, dir));
    assert_int_equal(most, AKT_DIR_DESCRIPTORS);
}

static void
test_a_walk_holds_few_descriptors(void **state)
{
    (void)state;
    sim_in_order(descriptors);
}

static void
loops(struct sim *sim)
{
    struct seen s;

    make("a");
    make("a/b");
    assert_int_equal(symlink("../..", folder_name(&folder, "a/b/up")), 0);
    assert_int_equal(symlink("self", folder_name(&folder, "self")), 0);
    s = walk(sim, ".", (akt_dir_opts){.batch = 0});
    assert_int_equal(s.count, 4);
    assert_int_equal(s.links, 2);
    assert_int_equal(s.errors, 0);
    s = walk(sim, ".", (akt_dir_opts){.follow_links = true});
    assert_int_equal(s.count, 4);
    assert_int_equal(s.links, 1);
    assert_int_equal(s.errors, 1);
    assert_int_equal(s.errnum, ELOOP);
    assert_non_null(strstr(s.why, "a/b/up: Too many levels"));
}

static void
test_a_walk_that_follows_links_sees_loops(void **state)
{
    (void)state;
    sim_in_order(loops);
}

static void
unreadable(struct sim *sim)
{
    uid_t me = geteuid();
    struct seen s;

    make("a");
    folder_write(&folder, "a/f", "x", 1);
    make("closed");
    folder_write(&folder, "closed/f", "x", 1);
    assert_int_equal(chmod(folder.path, 0755), 0);
    assert_int_equal(chmod(folder_name(&folder, "a"), 0755), 0);
    assert_int_equal(chmod(folder_name(&folder, "closed"), 0), 0);
    assert_true(me != 0 || seteuid(65534) == 0);
    s = walk(sim, ".", (akt_dir_opts){.batch = 1});
    assert_true(me != 0 || seteuid(0) == 0);
    assert_int_equal(s.count, 3);
    assert_int_equal(s.dirs, 2);
    assert_int_equal(s.errors, 1);
    assert_int_equal(s.errnum, EACCES);
    assert_non_null(strstr(s.why, "/closed: Permission denied"));
}

static void
test_a_directory_that_cannot_be_read_is_an_entry(void **state)
{
    (void)state;
    sim_in_order(unreadable);
}

/* Several, as nobody knows which of them a walk meets before a directory. */
static void
plant_files(int above)
{
    char name[2] = "a";

    for (; name[0] <= 'h'; name[0]++) {
        int fd = openat(above, name, O_WRONLY | O_CREAT, 0600);

        assert_true(fd >= 0 && close(fd) == 0);
    }
}

/*
 * So deep that what is in the innermost directories has paths that the system does
 * not take: NAMES long names below each other, each between files, so that the walk
 * has to go on behind it. How many of them fit.
 */
#define NAMES 18

static uint32_t
plant_too_deep(void)
{
    size_t len = strlen(folder.path) + 1;
    char name[256];
    uint32_t fitting = 0;
    int above = open(folder.path, O_RDONLY | O_DIRECTORY);
    int i;

    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    for (i = 0; i < NAMES; i++) {
        int below;

        assert_true(above >= 0);
        assert_int_equal(mkdirat(above, name, 0700), 0);
        plant_files(above);
        below = openat(above, name, O_RDONLY | O_DIRECTORY);
        assert_int_equal(close(above), 0);
        above = below;
        fitting += len + strlen(name) < PATH_MAX;
        len += strlen(name) + 1;
    }
    assert_int_equal(close(above), 0);
    return fitting;
}

static void
too_deep(struct sim *sim)
{
    uint32_t fitting = plant_too_deep();
    struct seen s = walk(sim, ".", (akt_dir_opts){.batch = 1});

    assert_true(fitting > AKT_DIR_DESCRIPTORS && fitting < NAMES);
    assert_int_equal(s.errors, 1);
    assert_int_equal(s.errnum, ENAMETOOLONG);
    assert_non_null(strstr(s.why, "nnn: File name too long"));
    /* The innermost is told as an error, and the files beside it are met. */
    assert_int_equal(s.dirs, fitting + 1);
    assert_int_equal(s.files, 8 * (fitting + 1));
    assert_int_equal(s.deepest, fitting + 1);
}

static void
test_a_path_that_gets_too_long_is_an_entry(void **state)
{
    (void)state;
    sim_in_order(too_deep);
}

/* What is on the way down goes while the walk is below it. */
static void
vanishes(struct sim *sim)
{
    struct seen s = {.count = 0};
    akt_dir_opts one = {.batch = 1};
    akt_dir dir;

    (void)plant(1, 20);
    assert_ok(akt_walk_dir(sim->me, at("."), &one, &dir, NULL));
    while (s.deepest < 20) {
        assert_true(see_batch(sim->me, dir, &s));
    }
    assert_int_equal(
        rename(folder_name(&folder, "t0/d"), folder_name(&folder, "moved")), 0);
    make("t0/d");
    see_rest(sim->me, dir, &s);
    assert_true(s.errors > 0);
    assert_true(s.errnum == ESTALE || s.errnum == ENOENT);
}

static void
test_what_vanishes_under_a_walk_is_an_error_and_it_ends(void **state)
{
    (void)state;
    sim_in_order(vanishes);
}

static void
few_descriptors(struct sim *sim)
{
    struct seen s = {.count = 0};
    struct rlimit old;
    struct rlimit few;
    akt_dir dir;
    int next;

    (void)plant(1, 12);
    assert_ok(akt_walk_dir(sim->me, at("."), NULL, &dir, NULL));
    next = dup(0);
    assert_true(next >= 0);
    assert_int_equal(close(next), 0);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    few = (struct rlimit){(rlim_t)next + 2, old.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    while (see_batch(sim->me, dir, &s)) {
    }
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    assert_ok(akt_dir_close(sim->me, dir));
    assert_int_equal(s.errors, 0);
    assert_int_equal(s.count, 36);
}

static void
test_a_walk_makes_do_with_few_descriptors(void **state)
{
    (void)state;
    sim_in_order(few_descriptors);
}

/* --- bounded memory --- */

#define CROWD 1500

static void
bounded(struct sim *sim)
{
    struct seen s = {.count = 0};
    size_t before;
    size_t most = 0;
    akt_dir dir;
    uint32_t i;

    for (i = 0; i < CROWD; i++) {
        char name[220];

        memset(name, 'n', sizeof(name));
        (void)snprintf(name, 8, "%06u", i);
        name[6] = 'n';
        name[sizeof(name) - 1] = '\0';
        folder_write(&folder, name, "", 0);
    }
    before = sim->memory.bytes;
    assert_ok(akt_open_dir(sim->me, at("."),
                           &(akt_dir_opts){.batch = AKT_DIR_BATCH_MAX}, &dir,
                           NULL));
    do {
        akt_dir_entries batch = {NULL, 0, NULL};

        assert_ok(akt_read_dir(sim->me, dir, &batch, NULL));
        s.count += batch.count;
        s.batches++;
        most = sim->memory.bytes > most ? sim->memory.bytes : most;
        i = batch.count;
        akt_dir_entries_free(&batch);
    } while (i > 0);
    assert_ok(akt_dir_close(sim->me, dir));
    assert_int_equal(s.count, CROWD);
    assert_true(s.batches > 4);
    /* All names at once would be 1 MB with their entries. */
    assert_true(most - before < (size_t)800 << 10);
}

static void
test_a_batch_is_bounded_by_its_texts_too(void **state)
{
    (void)state;
    sim_in_order(bounded);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        file_test(test_a_directory_gives_what_is_in_it),
        file_test(test_what_is_no_directory_says_so),
        file_test(test_a_walk_gives_every_entry_once),
        file_test(test_a_walk_holds_few_descriptors),
        file_test(test_a_walk_that_follows_links_sees_loops),
        file_test(test_a_directory_that_cannot_be_read_is_an_entry),
        file_test(test_a_path_that_gets_too_long_is_an_entry),
        file_test(test_what_vanishes_under_a_walk_is_an_error_and_it_ends),
        file_test(test_a_walk_makes_do_with_few_descriptors),
        file_test(test_a_batch_is_bounded_by_its_texts_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
