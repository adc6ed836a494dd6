/* SPDX-License-Identifier: MIT */
/* Waiting for descriptors that the program itself makes ready; simulated. */
#include "actors/core/readiness.h"
#include "tests/unit/doing.h"
#include "tests/unit/fds.h"

#include <stdio.h>

#define BOTH (AKT_FD_READABLE | AKT_FD_WRITABLE)

AKT_CLASS(owner, struct doer, AKT_ON(act, on_act));

static akt_task
start_wait(struct sim *sim, struct fd_wait *w)
{
    akt_task task = start_task(sim->me, wait_for_fd, w);

    (void)akt_sim_run_until_idle(sim->system);
    return task;
}

/* --- a task --- */

static void
wait_ends_when_there_is_something(struct sim *sim)
{
    struct fd_wait w = {.events = AKT_FD_READABLE, .timeout_ns = AKT_NEVER};
    akt_task task;
    int fd[2];

    open_pipe(fd);
    w.fd = fd[0];
    w.err = AKT_EIO;
    task = start_wait(sim, &w);
    assert_err(w.err, AKT_EIO);
    assert_int_equal(waits(sim->system), 1);
    put(fd[1]);
    assert_ok(akt_join(sim->me, task));
    assert_ok(w.err);
    assert_int_equal(w.ready, AKT_FD_READABLE);
    assert_int_equal(waits(sim->system), 0);
    /* It is there still. */
    assert_ok(akt_join(sim->me, start_wait(sim, &w)));
    assert_ok(w.err);
    close_both(fd);
}

static void
each_direction_is_waited_for_by_itself(struct sim *sim)
{
    struct fd_wait reader = {
        .events = AKT_FD_READABLE, .timeout_ns = AKT_NEVER, .err = AKT_EIO};
    struct fd_wait writer = {
        .events = AKT_FD_WRITABLE, .timeout_ns = AKT_NEVER, .err = AKT_EIO};
    akt_task task[2];
    int fd[2];

    open_pair(fd);
    fill(fd[0]);
    reader.fd = fd[0];
    writer.fd = fd[0];
    task[0] = start_wait(sim, &reader);
    task[1] = start_wait(sim, &writer);
    put(fd[1]);
    assert_ok(akt_join(sim->me, task[0]));
    assert_int_equal(reader.ready, AKT_FD_READABLE);
    (void)akt_sim_run_until_idle(sim->system);
    assert_err(writer.err, AKT_EIO);
    empty(fd[1]);
    assert_ok(akt_join(sim->me, task[1]));
    assert_ok(writer.err);
    assert_int_equal(writer.ready, AKT_FD_WRITABLE);
    close_both(fd);
}

static void
hang_up_is_whatever_was_asked(struct sim *sim)
{
    struct fd_wait w = {.events = BOTH, .timeout_ns = AKT_NEVER};
    akt_task task;
    int fd[2];

    open_pair(fd);
    fill(fd[0]);
    w.fd = fd[0];
    task = start_wait(sim, &w);
    (void)close(fd[1]);
    assert_ok(akt_join(sim->me, task));
    assert_ok(w.err);
    assert_int_equal(w.ready, BOTH);
    (void)close(fd[0]);
}

static void
time_runs_out(struct sim *sim)
{
    struct fd_wait w = {.events = AKT_FD_READABLE, .timeout_ns = AKT_MS(5)};
    uint64_t before = akt_now_ns(sim->me);
    int fd[2];

    open_pipe(fd);
    w.fd = fd[0];
    assert_ok(as_task(sim, wait_for_fd, &w));
    assert_err(w.err, AKT_ETIMEOUT);
    assert_true(akt_now_ns(sim->me) - before >= AKT_MS(5));
    w.timeout_ns = 0;
    assert_ok(as_task(sim, wait_for_fd, &w));
    assert_err(w.err, AKT_ETIMEOUT);
    assert_err(akt_fd_wait(sim->me, fd[0], AKT_FD_READABLE, AKT_MS(5), NULL),
               AKT_ETIMEOUT);
    assert_err(akt_fd_wait(sim->me, fd[0], AKT_FD_READABLE, 0, NULL),
               AKT_ETIMEOUT);
    /* Nobody is left that could write. */
    assert_err(akt_fd_wait(sim->me, fd[0], AKT_FD_READABLE, AKT_NEVER, NULL),
               AKT_EBROKEN);
    assert_int_equal(waits(sim->system), 0);
    close_both(fd);
}

static void
what_cannot_be_waited_for_is_refused(struct sim *sim)
{
    uint32_t ready = 7;
    akt_future f;
    int fd[2];

    open_pipe(fd);
    assert_err(akt_fd_wait(sim->me, -1, BOTH, AKT_NEVER, &ready), AKT_EBADF);
    assert_err(akt_fd_wait(sim->me, 1 << 20, BOTH, AKT_NEVER, &ready),
               AKT_EBADF);
    assert_err(akt_fd_wait(sim->me, fd[0], 0, AKT_NEVER, &ready), AKT_EINVAL);
    assert_err(akt_fd_wait(sim->me, fd[0], 4, AKT_NEVER, &ready), AKT_EINVAL);
    assert_err(akt_fd_ready(sim->me, fd[0], 4, AKT_NEVER, &f), AKT_EINVAL);
    close_both(fd);
    assert_err(akt_fd_ready(sim->me, fd[0], BOTH, AKT_NEVER, &f), AKT_EBADF);
    assert_int_equal(ready, 7);
}

static void
regular_files_are_ready(struct sim *sim)
{
    uint32_t ready = 0;
    FILE *file = tmpfile();

    assert_non_null(file);
    assert_ok(akt_fd_wait(sim->me, fileno(file), BOTH, AKT_NEVER, &ready));
    assert_int_equal(ready, BOTH);
    (void)fclose(file);
}

static void
cancelled_task_waits_no_more(struct sim *sim)
{
    struct fd_wait w = {.events = AKT_FD_READABLE, .timeout_ns = AKT_NEVER};
    akt_task task;
    int fd[2];

    open_pipe(fd);
    w.fd = fd[0];
    task = start_wait(sim, &w);
    assert_ok(akt_task_cancel(sim->me, task));
    assert_ok(akt_join(sim->me, task));
    assert_err(w.err, AKT_ECANCELLED);
    assert_int_equal(waits(sim->system), 0);
    close_both(fd);
}

static akt_err
waits_in_a_scope(akt_self *self, void *arg)
{
    akt_scope scope;

    AKT_TRY(akt_scope_open(self, AKT_MS(5), &scope));
    start_task(self, wait_for_fd, arg);
    return akt_scope_close(self, scope, AKT_OK);
}

static void
scope_takes_waits_out(struct sim *sim)
{
    struct fd_wait w = {.events = AKT_FD_READABLE, .timeout_ns = AKT_NEVER};
    int fd[2];

    open_pipe(fd);
    w.fd = fd[0];
    assert_err(as_task(sim, waits_in_a_scope, &w), AKT_ETIMEOUT);
    assert_err(w.err, AKT_ECANCELLED);
    assert_int_equal(waits(sim->system), 0);
    close_both(fd);
}

/* --- futures --- */

static void
future_says_what_is_ready(struct sim *sim)
{
    const struct akt_fd_event *event;
    akt_answer *answer;
    akt_future f;
    int fd[2];

    open_pair(fd);
    assert_ok(akt_fd_ready(sim->me, fd[0], AKT_FD_READABLE, AKT_NEVER, &f));
    put(fd[1]);
    assert_ok(akt_wait(sim->me, f, &answer));
    event = akt_answer_as(answer, akt_fd_event);
    assert_non_null(event);
    assert_int_equal(event->fd, fd[0]);
    assert_int_equal(event->events, AKT_FD_READABLE);
    akt_answer_free(sim->me, answer);
    assert_ok(akt_fd_ready(sim->me, fd[0], BOTH, AKT_NEVER, &f));
    assert_ok(akt_wait(sim->me, f, &answer));
    event = akt_answer_as(answer, akt_fd_event);
    assert_int_equal(event->events, BOTH);
    akt_answer_free(sim->me, answer);
    close_both(fd);
}

static void
future_ends_in_its_time(struct sim *sim)
{
    const uint64_t times[] = {0, AKT_MS(3)};
    akt_answer *answer;
    akt_future f;
    int fd[2];

    open_pipe(fd);
    for (int i = 0; i < 2; i++) {
        assert_ok(akt_fd_ready(sim->me, fd[0], AKT_FD_READABLE, times[i], &f));
        assert_ok(akt_wait(sim->me, f, &answer));
        assert_int_equal(answer->outcome, AKT_EXPIRED);
        akt_answer_free(sim->me, answer);
    }
    assert_int_equal(waits(sim->system), 0);
    close_both(fd);
}

static void
given_up_futures_wait_no_more(struct sim *sim)
{
    akt_answer *answer;
    akt_future f[2];
    int fd[2];

    open_pipe(fd);
    for (int i = 0; i < 2; i++) {
        assert_ok(
            akt_fd_ready(sim->me, fd[0], AKT_FD_READABLE, AKT_NEVER, &f[i]));
    }
    assert_int_equal(waits(sim->system), 2);
    assert_ok(akt_cancel(sim->me, f[0]));
    assert_int_equal(waits(sim->system), 1);
    akt_future_drop(sim->me, f[1]);
    assert_int_equal(waits(sim->system), 0);
    put(fd[1]);
    (void)akt_sim_run_until_idle(sim->system);
    assert_ok(akt_wait(sim->me, f[0], &answer));
    assert_int_equal(answer->outcome, AKT_CANCELLED);
    akt_answer_free(sim->me, answer);
    close_both(fd);
}

/* An actor reads as often as there is something. */
static akt_err
on_ready(akt_self *self, struct doer *d, const akt_answer *answer,
         const struct akt_fd_event *event)
{
    akt_future f;

    (void)d;
    if (answer->outcome != AKT_REPLIED) {
        return answer->error;
    }
    sim_note(event->events);
    empty(event->fd);
    return akt_fd_ready(self, event->fd, AKT_FD_READABLE, AKT_NEVER, &f);
}
AKT_THEN(on_ready, struct doer, akt_fd_look);

static akt_err
begins_to_read(akt_self *self, void *arg)
{
    akt_future f;

    AKT_TRY(akt_fd_ready(self, *(int *)arg, AKT_FD_READABLE, AKT_NEVER, &f));
    return akt_then(self, f, on_ready, NULL);
}

static void
actors_wait_goes_with_it(struct sim *sim)
{
    akt_ref ref;
    int fd[2];

    open_pipe(fd);
    assert_ok(akt_spawn(sim->me, owner, &ref, .unused = 0));
    assert_ok(akt_send(sim->me, ref, act, .fn = begins_to_read, .arg = &fd[0]));
    (void)akt_sim_run_until_idle(sim->system);
    assert_int_equal(waits(sim->system), 1);
    put(fd[1]);
    (void)akt_sim_run_until_idle(sim->system);
    assert_notes(AKT_FD_READABLE);
    assert_int_equal(waits(sim->system), 1);
    assert_ok(akt_kill(sim->me, ref));
    (void)akt_sim_run_until_idle(sim->system);
    assert_int_equal(waits(sim->system), 0);
    close_both(fd);
}

static void
first_of_several_ends(struct sim *sim)
{
    akt_answer *answer;
    akt_future part[2];
    akt_future first;
    int fd[2][2];

    for (int i = 0; i < 2; i++) {
        open_pipe(fd[i]);
        assert_ok(akt_fd_ready(sim->me, fd[i][0], AKT_FD_READABLE, AKT_NEVER,
                               &part[i]));
    }
    assert_ok(akt_race(sim->me, part, 2, &first));
    put(fd[1][1]);
    assert_ok(akt_wait(sim->me, first, &answer));
    assert_int_equal(answer->outcome, AKT_REPLIED);
    akt_answer_free(sim->me, answer);
    assert_int_equal(waits(sim->system), 0);
    close_both(fd[0]);
    close_both(fd[1]);
}

/* Which of two pipes has something; the other one is asked again. */
static akt_err
selects(akt_self *self, void *arg)
{
    const int *fd = arg;
    akt_answer *answer;
    akt_future f[2];
    size_t which;

    for (int i = 0; i < 2; i++) {
        AKT_TRY(akt_fd_ready(self, fd[i], AKT_FD_READABLE, AKT_NEVER, &f[i]));
    }
    for (int i = 0; i < 2; i++) {
        akt_branch branches[] = {AKT_WHEN_ENDED(f[0], &answer),
                                 AKT_WHEN_ENDED(f[1], &answer)};

        AKT_TRY(
            akt_select(self, branches, 2, AKT_SELECT_FAIR, AKT_NEVER, &which));
        akt_answer_free(self, answer);
        sim_note((int64_t)which);
        take(fd[which]);
        AKT_TRY(akt_fd_ready(self, fd[which], AKT_FD_READABLE, AKT_NEVER,
                             &f[which]));
    }
    return AKT_OK;
}

static void
task_selects_among_descriptors(struct sim *sim)
{
    akt_task task;
    int readers[2];
    int fd[2][2];

    for (int i = 0; i < 2; i++) {
        open_pipe(fd[i]);
        readers[i] = fd[i][0];
    }
    task = start_task(sim->me, selects, readers);
    for (int i = 1; i >= 0; i--) {
        (void)akt_sim_run_until_idle(sim->system);
        put(fd[i][1]);
    }
    assert_ok(akt_join(sim->me, task));
    assert_notes(1, 0);
    assert_int_equal(waits(sim->system), 0);
    close_both(fd[0]);
    close_both(fd[1]);
}

static akt_err
crashes_while_it_waits(akt_self *self, void *arg)
{
    akt_future f;

    AKT_TRY(akt_fd_ready(self, *(int *)arg, AKT_FD_READABLE, AKT_NEVER, &f));
    AKT_TRY(akt_then(self, f, on_ready, NULL));
    return AKT_EIO;
}

static void
wait_of_a_crashed_actor_goes(struct sim *sim)
{
    akt_ref ref;
    int fd[2];

    open_pipe(fd);
    assert_ok(akt_spawn(sim->me, owner, &ref, .unused = 0));
    assert_ok(akt_send(sim->me, ref, act, .fn = crashes_while_it_waits,
                       .arg = &fd[0]));
    (void)akt_sim_run_until_idle(sim->system);
    assert_int_equal(waits(sim->system), 0);
    put(fd[1]);
    (void)akt_sim_run_until_idle(sim->system);
    assert_int_equal(sim_note_count(), 0);
    close_both(fd);
}

/* The end of a wait comes when its future has gone and the cell is another's. */
static void
late_end_ends_nothing(struct sim *sim)
{
    struct akti_context *ctx = sim->me->ctx;
    struct akt_fd_event event = {.events = AKT_FD_READABLE};
    struct akti_fd_end end = {.events = AKT_FD_READABLE};
    akt_answer *answer;
    akt_future f;
    int fd[2];
    struct akti_message *m = NULL;

    open_pipe(fd);
    assert_ok(akt_fd_ready(sim->me, fd[0], AKT_FD_READABLE, AKT_NEVER, &f));
    end.claim = (struct akti_claim){f.cell, f.generation - 1};
    assert_ok(akti_message_new(&ctx->caches, &akt_fd_event_type, &event, &m));
    end.reply = m;
    akti_readiness_come(ctx, &end);
    assert_int_equal(waits(sim->system), 1);
    put(fd[1]);
    assert_ok(akt_wait(sim->me, f, &answer));
    assert_int_equal(answer->outcome, AKT_REPLIED);
    akt_answer_free(sim->me, answer);
    close_both(fd);
}

static void
without_memory_nothing_waits(struct sim *sim)
{
    akt_err err = AKT_ENOMEM;
    akt_future f;
    int fd[2];

    open_pipe(fd);
    for (uint64_t n = 1; err != AKT_OK; n++) {
        sim->memory.fail_at = sim->memory.calls + n;
        err = akt_fd_ready(sim->me, fd[0], AKT_FD_READABLE, AKT_NEVER, &f);
        assert_true(err == AKT_OK || err == AKT_ENOMEM);
        assert_int_equal(waits(sim->system), err == AKT_OK);
        assert_true(n < 100);
    }
    sim->memory.fail_at = 0;
    akt_future_drop(sim->me, f);
    close_both(fd);
}

static void
thread_hears_of_the_stop(struct sim *sim)
{
    akt_answer *answer;
    akt_future f;
    int fd[2];

    open_pipe(fd);
    assert_ok(akt_fd_ready(sim->me, fd[0], AKT_FD_READABLE, AKT_NEVER, &f));
    assert_ok(akt_system_stop(sim->system, 0));
    assert_int_equal(waits(sim->system), 0);
    assert_ok(akt_wait(sim->me, f, &answer));
    assert_int_equal(answer->outcome, AKT_BROKEN);
    assert_err(answer->error, AKT_ESTOPPED);
    akt_answer_free(sim->me, answer);
    assert_err(akt_fd_ready(sim->me, fd[0], AKT_FD_READABLE, AKT_NEVER, &f),
               AKT_ESTOPPED);
    close_both(fd);
}

/* --- a run is repeated by its seed --- */

/* Passes a byte on, from one pipe to the next, three times. */
struct relay {
    int from;
    int to;
};

static akt_err
relays(akt_self *self, void *arg)
{
    const struct relay *r = arg;

    for (int i = 0; i < 3; i++) {
        AKT_TRY(
            akt_fd_wait(self, r->from, AKT_FD_READABLE, AKT_SECONDS(1), NULL));
        take(r->from);
        put(r->to);
    }
    return AKT_OK;
}

#define RELAYS 4

static uint64_t
hash_of(uint64_t seed)
{
    struct relay r[RELAYS];
    akt_task task[RELAYS];
    int fd[RELAYS][2];
    struct sim sim;
    uint64_t hash;

    sim_open(&sim, seed);
    for (int i = 0; i < RELAYS; i++) {
        open_pipe(fd[i]);
    }
    for (int i = 0; i < RELAYS; i++) {
        r[i] = (struct relay){fd[i][0], fd[(i + 1) % RELAYS][1]};
        task[i] = start_task(sim.me, relays, &r[i]);
    }
    put(fd[0][1]);
    put(fd[2][1]);
    for (int i = 0; i < RELAYS; i++) {
        assert_ok(akt_join(sim.me, task[i]));
    }
    for (int i = 0; i < RELAYS; i++) {
        close_both(fd[i]);
    }
    hash = akt_sim_trace_hash(sim.system);
    sim_close(&sim);
    return hash;
}

static void
test_same_seed_is_the_same_run(void **state)
{
    uint64_t first = hash_of(0);
    uint32_t others = 0;

    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        uint64_t hash = hash_of(seed);

        assert_true(hash == hash_of(seed));
        others += hash != first;
    }
    assert_true(others > 0);
}

TEST(wait_ends_when_there_is_something)
TEST(each_direction_is_waited_for_by_itself)
TEST(hang_up_is_whatever_was_asked)
TEST(time_runs_out)
TEST(what_cannot_be_waited_for_is_refused)
TEST(regular_files_are_ready)
TEST(cancelled_task_waits_no_more)
TEST(scope_takes_waits_out)
TEST(future_says_what_is_ready)
TEST(future_ends_in_its_time)
TEST(given_up_futures_wait_no_more)
TEST(actors_wait_goes_with_it)
TEST(first_of_several_ends)
TEST(task_selects_among_descriptors)
TEST(wait_of_a_crashed_actor_goes)
TEST(late_end_ends_nothing)
TEST(without_memory_nothing_waits)
TEST(thread_hears_of_the_stop)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_wait_ends_when_there_is_something),
        sim_test(test_each_direction_is_waited_for_by_itself),
        sim_test(test_hang_up_is_whatever_was_asked),
        sim_test(test_time_runs_out),
        sim_test(test_what_cannot_be_waited_for_is_refused),
        sim_test(test_regular_files_are_ready),
        sim_test(test_cancelled_task_waits_no_more),
        sim_test(test_scope_takes_waits_out),
        sim_test(test_future_says_what_is_ready),
        sim_test(test_future_ends_in_its_time),
        sim_test(test_given_up_futures_wait_no_more),
        sim_test(test_actors_wait_goes_with_it),
        sim_test(test_first_of_several_ends),
        sim_test(test_task_selects_among_descriptors),
        sim_test(test_wait_of_a_crashed_actor_goes),
        sim_test(test_late_end_ends_nothing),
        sim_test(test_without_memory_nothing_waits),
        sim_test(test_thread_hears_of_the_stop),
        sim_test(test_same_seed_is_the_same_run),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
