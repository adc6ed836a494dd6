/* SPDX-License-Identifier: MIT */
/* Open directories: closed with their owner, whatever fails, and nobody else's. */
#include "tests/unit/owners.h"
#include "tests/unit/walks.h"

/* --- owners --- */

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

/* With a fault: an error of the call or of an entry; or all is seen. */
static void
walk_in_spite(struct sim *sim)
{
    akt_dir_opts opts = {.batch = 3};
    struct seen s = {.count = 0};
    uint32_t errors;
    akt_dir dir;

    if (akt_walk_dir(sim->me, at("."), &opts, &dir, NULL) == AKT_OK) {
        errors = read_in_spite(sim->me, dir, &s);
        /* Nothing is lost without a word. */
        assert_true(s.count >= 36 || s.errors > 0);
        assert_true(errors <= 1);
        assert_ok(akt_dir_close(sim->me, dir));
    }
}

static void
faults(struct sim *sim)
{
    assert_int_equal(plant(1, 12), 36);
    fail_each(sim, walk_in_spite);
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
    (void)state;
    (void)plant(2, 10);
    kill_owners(stress_scale(1000), open_alone);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        file_test(test_a_directory_is_its_owners_and_ends_with_it),
        file_test(test_a_batch_that_is_cancelled_in_the_queue_loses_nothing),
        file_test(test_a_task_walks_and_its_directory_is_closed),
        file_test(test_whatever_fails_is_told_and_no_descriptor_is_left),
        file_test(test_owners_that_are_killed_leave_no_descriptor),
    };

    stress_begin("dir_owner_test");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
