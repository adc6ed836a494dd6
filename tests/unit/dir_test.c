/* SPDX-License-Identifier: MIT */
/* Directories, read in batches: alone, and with all that is below. */
#include "akt/dir.h"
#include "tests/unit/files.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a walk met. */
struct seen {
    uint32_t count;
    uint32_t dirs;
    uint32_t files;
    uint32_t links;
    uint32_t errors;
    uint32_t deepest;
    uint32_t batches;
    int errnum; /* of the last error */
    char why[512];
};

static void
see(struct seen *s, const akt_dir_entry *e)
{
    assert_string_equal(e->name.ptr + e->name.len, "");
    assert_ptr_equal(e->name.ptr + e->name.len, e->path.ptr + e->path.len);
    assert_int_equal(strlen(e->why.ptr), e->why.len);
    assert_int_equal(e->error == AKT_OK, e->why.len == 0);
    s->count++;
    assert_true(s->count < 1000); /* a walk ends */
    s->dirs += e->kind == AKT_FILE_KIND_DIR;
    s->files += e->kind == AKT_FILE_KIND_FILE;
    s->links += e->kind == AKT_FILE_KIND_LINK;
    s->deepest = e->depth > s->deepest ? e->depth : s->deepest;
    if (e->error != AKT_OK) {
        s->errors++;
        s->errnum = e->errnum;
        (void)snprintf(s->why, sizeof(s->why), "%s", e->why.ptr);
    }
}

/* One batch; false at the end. */
static bool
see_batch(akt_self *me, akt_dir dir, struct seen *s)
{
    akt_dir_entries batch = {NULL, 0, NULL};
    akt_error e = AKT_ERROR_NONE;
    bool any;
    uint32_t i;

    if (akt_read_dir(me, dir, &batch, &e) != AKT_OK) {
        fail_msg("%s", e.text);
    }
    for (i = 0; i < batch.count; i++) {
        see(s, &batch.entries[i]);
    }
    any = batch.count > 0;
    s->batches += any;
    akt_dir_entries_free(&batch);
    return any;
}

static void
see_rest(akt_self *me, akt_dir dir, struct seen *s)
{
    while (see_batch(me, dir, s)) {
    }
    assert_false(see_batch(me, dir, s));
    assert_ok(akt_dir_close(me, dir));
    assert_err(akt_dir_close(me, dir), AKT_EENDED);
}

static struct seen
walk(struct sim *sim, const char *name, akt_dir_opts opts)
{
    struct seen s = {.count = 0};
    akt_dir dir;

    assert_ok(akt_walk_dir(sim->me, at(name), &opts, &dir, NULL));
    see_rest(sim->me, dir, &s);
    return s;
}

static void
make(const char *name)
{
    (void)mkdir(folder_name(&folder, name), 0700);
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

/* d0/d0/..., each with two files, `depth` deep and `width` wide at the top. */
static uint32_t
plant(uint32_t width, uint32_t depth)
{
    uint32_t n = 0;
    uint32_t i;
    uint32_t k;

    for (i = 0; i < width; i++) {
        char name[300];
        int len = snprintf(name, sizeof(name), "t%u", i);

        for (k = 0; k < depth; k++) {
            make(name);
            (void)snprintf(name + len, sizeof(name) - (size_t)len, "/f");
            folder_write(&folder, name, "x", 1);
            (void)snprintf(name + len, sizeof(name) - (size_t)len, "/g");
            folder_write(&folder, name, "x", 1);
            len += snprintf(name + len, sizeof(name) - (size_t)len, "/d");
            n += 3;
        }
    }
    return n;
}

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

/* --- owners --- */

struct owner {
    akt_dir dir;
};

static akt_err ask_next(akt_self *self, struct owner *o);

static akt_err
on_batch(akt_self *self, struct owner *o, const akt_answer *answer,
         const struct akt_dir_entries *batch)
{
    if (batch == NULL) {
        sim_note(-(int64_t)answer->outcome);
        return AKT_OK;
    }
    sim_note((int64_t)batch->count);
    return batch->count == 0 ? akt_dir_close(self, o->dir) : ask_next(self, o);
}
AKT_THEN(on_batch, struct owner, akt_dir_next);

static akt_err
ask_next(akt_self *self, struct owner *o)
{
    akt_future f;

    AKT_TRY(akt_dir_next(self, o->dir, &f));
    return akt_then(self, f, on_batch, NULL);
}

static akt_err
on_act(akt_self *self, struct owner *o, const struct act *m)
{
    return m->fn(self, o);
}
AKT_CLASS(owner, struct owner, AKT_ON(act, on_act));

static akt_dir others;

static akt_err
open_it(akt_self *self, void *arg)
{
    struct owner *o = arg;
    akt_dir_opts two = {.batch = 2};
    akt_future opened;

    AKT_TRY(akt_dir_walk(self, at("."), &two, &o->dir, &opened));
    others = o->dir;
    return ask_next(self, o);
}

static akt_err
open_and_end(akt_self *self, void *arg)
{
    AKT_TRY(open_it(self, arg));
    akt_stop_self(self);
    return AKT_OK;
}

static akt_err
open_alone(akt_self *self, void *arg)
{
    struct owner *o = arg;
    akt_future f;

    AKT_TRY(akt_dir_walk(self, at("."), NULL, &o->dir, &f));
    others = o->dir;
    return AKT_OK;
}

static void
owners(struct sim *sim)
{
    akt_future f;
    akt_dir mine;
    akt_ref a;

    (void)plant(1, 1);
    sim_forget();
    assert_ok(akt_spawn(sim->me, owner, &a, .dir = {NULL, 0}));
    sim_do(sim, a, open_it, NULL);
    assert_notes(2, 1, 0);
    assert_int_equal(count_files(), files_before);
    sim_do(sim, a, open_alone, NULL);
    assert_int_equal(count_files(), files_before + 1);
    assert_err(akt_dir_next(sim->me, others, &f), AKT_EENDED);
    assert_err(akt_dir_close(sim->me, others), AKT_EENDED);
    sim_act(sim, a, open_and_end, NULL);
    assert_ok(akt_kill(sim->me, a));
    (void)akt_sim_run_until_idle(sim->system);
    assert_int_equal(count_files(), files_before);
    assert_ok(akt_spawn(sim->me, owner, &a, .dir = {NULL, 0}));
    sim_do(sim, a, open_and_end, NULL);
    assert_int_equal(count_files(), files_before);
    /* This one is closed when the thread detaches, after the stop. */
    assert_ok(akt_open_dir(sim->me, at("."), NULL, &mine, NULL));
    assert_int_equal(count_files(), files_before + 1);
}

static void
test_a_directory_is_its_owners_and_ends_with_it(void **state)
{
    (void)state;
    sim_each_seed(owners);
}

/* A batch that was cancelled while it waited is the next one's. */
static void
cancelled(struct sim *sim)
{
    struct seen s = {.count = 0};
    akt_answer *answer;
    akt_future opened;
    akt_future f;
    akt_dir dir;

    (void)plant(1, 2);
    assert_ok(akt_dir_walk(sim->me, at("."), NULL, &dir, &opened));
    assert_ok(akt_dir_next(sim->me, dir, &f));
    assert_ok(akt_cancel(sim->me, f));
    assert_ok(akt_wait(sim->me, f, &answer));
    assert_int_equal(answer->outcome, AKT_CANCELLED);
    akt_answer_free(sim->me, answer);
    see_rest(sim->me, dir, &s);
    assert_int_equal(s.count, 6);
}

static void
test_a_batch_that_is_cancelled_in_the_queue_loses_nothing(void **state)
{
    (void)state;
    sim_each_seed(cancelled);
}

static akt_err
walk_in_task(akt_self *self, void *arg)
{
    struct seen *s = *(struct seen **)arg;
    akt_dir dir;

    AKT_TRY(akt_walk_dir(self, at("."), NULL, &dir, NULL));
    while (see_batch(self, dir, s)) {
    }
    /* It is closed with the task. */
    return AKT_OK;
}

struct walking {
    struct seen *seen;
};

static akt_err
walking_task(akt_self *self, struct walking *w)
{
    return walk_in_task(self, &w->seen);
}
AKT_TASK(walking_task, struct walking);

static void
in_task(struct sim *sim)
{
    struct seen s = {.count = 0};
    akt_task task;

    (void)plant(2, 3);
    assert_ok(akt_task_spawn(sim->me, walking_task, &task, .seen = &s));
    assert_ok(akt_join(sim->me, task));
    assert_int_equal(s.count, 18);
    (void)akt_sim_run_until_idle(sim->system);
    assert_int_equal(count_files(), files_before);
}

static void
test_a_task_walks_and_its_directory_is_closed(void **state)
{
    (void)state;
    sim_each_seed(in_task);
}

/* --- what goes wrong --- */

/* Reads to the end, or to the third error; how many there were. */
static uint32_t
read_in_spite(akt_self *me, akt_dir dir, struct seen *s)
{
    uint32_t errors = 0;
    bool more = true;

    while (more && errors < 3) {
        akt_dir_entries b = {NULL, 0, NULL};
        akt_err err = akt_read_dir(me, dir, &b, NULL);
        uint32_t i;

        for (i = 0; i < b.count; i++) {
            see(s, &b.entries[i]);
        }
        more = err != AKT_OK || b.count > 0;
        errors += err != AKT_OK;
        akt_dir_entries_free(&b);
    }
    return errors;
}

/* Each fault of a sort once: an error of the call or of an entry, or no fault. */
static void
fail_each(struct sim *sim, akt_fault sort)
{
    akt_dir_opts opts = {.batch = 3};
    uint64_t fired;
    uint64_t n = 0;

    do {
        struct seen s = {.count = 0};
        uint32_t errors;
        akt_dir dir;

        fired = akt_sim_faults(sim->system, sort).fired;
        assert_ok(akt_sim_fault_at(sim->system, sort, ++n));
        if (akt_walk_dir(sim->me, at("."), &opts, &dir, NULL) == AKT_OK) {
            errors = read_in_spite(sim->me, dir, &s);
            /* Nothing is lost without a word. */
            assert_true(s.count >= 36 || s.errors > 0);
            assert_true(errors <= 1);
            assert_ok(akt_dir_close(sim->me, dir));
        }
        (void)akt_sim_run_until_idle(sim->system);
        assert_int_equal(count_files(), files_before);
    } while (akt_sim_faults(sim->system, sort).fired > fired);
    assert_true(n > 3);
    akt_sim_heal(sim->system);
}

static void
faults(struct sim *sim)
{
    assert_int_equal(plant(1, 12), 36);
    fail_each(sim, AKT_FAULT_FILE);
    fail_each(sim, AKT_FAULT_ALLOC);
    fail_each(sim, AKT_FAULT_JOB);
}

static void
test_whatever_fails_is_told_and_no_descriptor_is_left(void **state)
{
    (void)state;
    sim_in_order(faults);
}

static void
test_owners_that_are_killed_leave_no_descriptor(void **state)
{
    struct stress_memory memory;
    akt_system_opts opts;
    akt_system *system;
    akt_self *self;
    uint32_t n = stress_scale(1000);
    uint32_t i;

    (void)state;
    (void)plant(2, 10);
    stress_memory_init(&memory);
    opts = stress_opts(2, &memory);
    STRESS_OK(akt_system_start(&opts, &system));
    STRESS_OK(akt_attach(system, &self));
    for (i = 0; i < n; i++) {
        akt_ref ref;

        STRESS_OK(akt_spawn(self, owner, &ref, .dir = {NULL, 0}));
        STRESS_OK(akt_send(self, ref, act, .fn = open_alone));
        akt_ignore(i % 3 != 0 ? akt_kill(self, ref) : akt_stop(self, ref));
    }
    akt_detach(self);
    STRESS_OK(akt_system_stop(system, AKT_SECONDS(60)));
    akt_system_destroy(system);
    stress_memory_check(&memory);
    assert_int_equal(count_files(), files_before);
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
        file_test(test_what_vanishes_under_a_walk_is_an_error_and_it_ends),
        file_test(test_a_walk_makes_do_with_few_descriptors),
        file_test(test_a_batch_is_bounded_by_its_texts_too),
        file_test(test_a_directory_is_its_owners_and_ends_with_it),
        file_test(test_a_batch_that_is_cancelled_in_the_queue_loses_nothing),
        file_test(test_a_task_walks_and_its_directory_is_closed),
        file_test(test_whatever_fails_is_told_and_no_descriptor_is_left),
        file_test(test_owners_that_are_killed_leave_no_descriptor),
    };

    stress_begin("dir_test");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
