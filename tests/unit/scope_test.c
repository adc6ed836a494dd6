/* SPDX-License-Identifier: MIT */
/* Scopes: nothing that was started in one outlives its end, however that comes. */
#include "akt/file.h"
#include "akt/timer.h"
#include "tests/support/sim.h"

#include <fcntl.h>
#include <unistd.h>

#define NUMBER(F) F(i64, n)
AKT_MESSAGE(put, NUMBER);
AKT_REQUEST(get, NUMBER, put);

#define OWN_ERROR ((akt_err)(AKT_EUSER + 7))

struct body {
    akt_err (*fn)(akt_self *self, int64_t n);
    int64_t n;
};

static akt_err
doing(akt_self *self, struct body *b)
{
    return b->fn(self, b->n);
}
AKT_TASK(doing, struct body);

static akt_err
as_task(struct sim *sim, akt_err (*fn)(akt_self *, int64_t), int64_t n)
{
    akt_task task;

    assert_ok(akt_task_spawn(sim->me, doing, &task, .fn = fn, .n = n));
    return akt_join(sim->me, task);
}

/* --- what runs in a scope --- */

static akt_err
sleep_for(akt_self *self, int64_t ms)
{
    akt_err err = akt_sleep(self, AKT_MS(ms));

    sim_note(err == AKT_OK ? ms : -ms);
    return err;
}

static akt_err
fail_after(akt_self *self, int64_t ms)
{
    AKT_TRY(akt_sleep(self, AKT_MS(ms)));
    return OWN_ERROR;
}

struct counter {
    int64_t sum;
};

static akt_err
on_get(akt_self *self, struct counter *c, const struct get *m)
{
    c->sum += m->n;
    return akt_reply(self, m, .n = c->sum);
}

static akt_err
on_put(akt_self *self, struct counter *c, const struct put *m)
{
    (void)self;
    c->sum += m->n;
    return m->n < 0 ? OWN_ERROR : AKT_OK;
}

static void
on_exit_of(akt_self *self, struct counter *c, const akt_exit *reason)
{
    (void)self;
    (void)reason;
    sim_note(1000 + c->sum);
}

AKT_CLASS(counter, struct counter, AKT_ON(get, on_get), AKT_ON(put, on_put),
          AKT_ON_EXIT(on_exit_of));

static void
note_arg(void *arg)
{
    sim_note(*(int64_t *)arg);
}

/* --- closing --- */

static akt_err
two_tasks(akt_self *self, int64_t n)
{
    akt_scope scope;

    (void)n;
    AKT_TRY(akt_scope_open(self, AKT_NEVER, &scope));
    AKT_TRY(akt_task_spawn(self, doing, NULL, .fn = sleep_for, .n = 3));
    AKT_TRY(akt_task_spawn(self, doing, NULL, .fn = sleep_for, .n = 5));
    AKT_TRY(akt_scope_close(self, scope, AKT_OK));
    assert_err(akt_scope_close(self, scope, AKT_OK), AKT_EENDED);
    assert_notes(3, 5);
    return AKT_OK;
}

static void
closing_waits_for_tasks(struct sim *sim)
{
    assert_ok(as_task(sim, two_tasks, 0));
}

static akt_err
first_failure(akt_self *self, int64_t n)
{
    akt_scope scope;
    uint64_t before = akt_now_ns(self);

    (void)n;
    AKT_TRY(akt_scope_open(self, AKT_NEVER, &scope));
    AKT_TRY(akt_task_spawn(self, doing, NULL, .fn = sleep_for, .n = 3000));
    AKT_TRY(akt_task_spawn(self, doing, NULL, .fn = fail_after, .n = 5));
    assert_err(akt_sleep(self, AKT_SECONDS(100)), AKT_ECANCELLED);
    assert_err(akt_scope_close(self, scope, AKT_OK), OWN_ERROR);
    assert_true(akt_now_ns(self) - before < AKT_MS(100));
    assert_notes(-3000);
    AKT_TRY(akt_sleep(self, AKT_MS(1)));
    return AKT_OK;
}

static void
the_first_failure_cancels_the_rest(struct sim *sim)
{
    assert_ok(as_task(sim, first_failure, 0));
}

/* The failure comes while the scope closes and waits for that task, or another. */
static akt_err
failure_at_close(akt_self *self, int64_t failing)
{
    akt_scope scope;
    int64_t i;

    AKT_TRY(akt_scope_open(self, AKT_NEVER, &scope));
    for (i = 0; i < 4; i++) {
        AKT_TRY(akt_task_spawn(self, doing, NULL,
                               .fn = i == failing ? fail_after : sleep_for,
                               .n = i == failing ? 5 : 3000));
    }
    assert_err(akt_scope_close(self, scope, AKT_OK), OWN_ERROR);
    assert_notes(-3000, -3000, -3000);
    return akt_sleep(self, AKT_MS(1));
}

static void
a_scope_that_closes_says_what_failed_first(struct sim *sim)
{
    int64_t i;

    for (i = 0; i < 4; i++) {
        sim_forget();
        assert_ok(as_task(sim, failure_at_close, i));
    }
}

static akt_err
joined_failure(akt_self *self, int64_t n)
{
    akt_scope scope;
    akt_task task;

    (void)n;
    AKT_TRY(akt_scope_open(self, AKT_NEVER, &scope));
    AKT_TRY(akt_task_spawn(self, doing, NULL, .fn = sleep_for, .n = 9));
    AKT_TRY(akt_task_spawn(self, doing, &task, .fn = fail_after, .n = 5));
    assert_err(akt_join(self, task), OWN_ERROR);
    AKT_TRY(akt_scope_close(self, scope, AKT_OK));
    assert_notes(9);
    return AKT_OK;
}

static void
a_failure_that_is_joined_is_not_the_scopes(struct sim *sim)
{
    assert_ok(as_task(sim, joined_failure, 0));
}

static akt_err
with_error(akt_self *self, int64_t n)
{
    akt_scope scope;

    (void)n;
    AKT_TRY(akt_scope_open(self, AKT_NEVER, &scope));
    AKT_TRY(akt_task_spawn(self, doing, NULL, .fn = sleep_for, .n = 3000));
    AKT_TRY(akt_sleep(self, 1));
    return akt_scope_close(self, scope, OWN_ERROR);
}

static void
closing_with_an_error_cancels(struct sim *sim)
{
    assert_err(as_task(sim, with_error, 0), OWN_ERROR);
    assert_notes(-3000);
}

static akt_err
just_ends(akt_self *self, int64_t n)
{
    (void)self;
    (void)n;
    return AKT_OK;
}

static akt_err
closes_when_cancelled(akt_self *self, int64_t n)
{
    akt_scope scope;

    (void)n;
    assert_err(akt_sleep(self, AKT_MS(3000)), AKT_ECANCELLED);
    assert_ok(akt_scope_open(self, AKT_NEVER, &scope));
    assert_ok(akt_task_spawn(self, doing, NULL, .fn = just_ends));
    assert_ok(akt_scope_close(self, scope, AKT_OK));
    return akt_sleep(self, AKT_MS(1));
}

static akt_err
cancels_one_that_closes(akt_self *self, int64_t n)
{
    akt_task task;

    (void)n;
    AKT_TRY(akt_task_spawn(self, doing, &task, .fn = closes_when_cancelled));
    AKT_TRY(akt_sleep(self, AKT_MS(1)));
    AKT_TRY(akt_task_cancel(self, task));
    return akt_join(self, task);
}

static void
a_scope_of_a_cancelled_task_answers_for_what_is_in_it(struct sim *sim)
{
    assert_err(as_task(sim, cancels_one_that_closes, 0), AKT_ECANCELLED);
}

static akt_err
in_time(akt_self *self, int64_t ms)
{
    akt_scope scope;
    akt_err err;

    AKT_TRY(akt_scope_open(self, AKT_MS(50), &scope));
    err = akt_sleep(self, AKT_MS(ms));
    assert_err(err, ms < 50 ? AKT_OK : AKT_ECANCELLED);
    akt_task_shield(self, true);
    assert_ok(akt_sleep(self, AKT_MS(1)));
    akt_task_shield(self, false);
    err = akt_scope_close(self, scope, AKT_OK);
    assert_ok(akt_sleep(self, AKT_MS(100)));
    return err;
}

static void
a_scope_has_a_time_limit(struct sim *sim)
{
    assert_ok(as_task(sim, in_time, 10));
    assert_err(as_task(sim, in_time, 5000), AKT_ETIMEOUT);
}

/* It goes off in the moment in which the scope is closed, before that or after it. */
static akt_err
just_in_time(akt_self *self, int64_t n)
{
    akt_completer completer;
    akt_scope scope;
    akt_future end;
    akt_err err;

    while (n-- > 0) {
        uint64_t us = 49 + akt_random(self) % 3;

        AKT_TRY(akt_oneshot_open(self, put, AKT_US(us), &end, &completer));
        AKT_TRY(akt_scope_open(self, AKT_US(50), &scope));
        err = akt_await(self, end, NULL);
        assert_true(err == AKT_OK || err == AKT_ECANCELLED);
        err = akt_scope_close(self, scope, AKT_OK);
        sim_note(err == AKT_OK ? 1 : 2);
        assert_true(err == AKT_OK || err == AKT_ETIMEOUT);
        assert_err(akt_scope_close(self, scope, AKT_OK), AKT_EENDED);
        akt_future_drop(self, end);
        AKT_TRY(akt_scope_open(self, AKT_NEVER, &scope));
        AKT_TRY(akt_sleep(self, AKT_US(100)));
        AKT_TRY(akt_scope_close(self, scope, AKT_OK));
    }
    return AKT_OK;
}

static void
an_alarm_is_of_its_own_scope_alone(struct sim *sim)
{
    assert_ok(as_task(sim, just_in_time, 20));
    assert_int_equal(sim_noted(1) + sim_noted(2), 20);
}

/* What is to be sent later is no scope's: it is given up with its sender. */
static akt_err
send_later(akt_self *self, int64_t ms)
{
    akt_scope outer;
    akt_scope inner;
    akt_received r;

    AKT_TRY(akt_scope_open(self, AKT_NEVER, &outer));
    AKT_TRY(akt_scope_open(self, AKT_NEVER, &inner));
    AKT_TRY(akt_send_after(self, AKT_MS(ms), akt_self_ref(self), put, .n = ms));
    AKT_TRY(akt_scope_close(self, inner, AKT_OK));
    AKT_TRY(akt_scope_close(self, outer, AKT_OK));
    AKT_TRY(akt_receive(self, AKT_MS(20), &r));
    sim_note(akt_received_as(&r, put)->n);
    return AKT_OK;
}

static void
what_is_sent_later_is_no_scopes(struct sim *sim)
{
    assert_ok(as_task(sim, send_later, 10));
    assert_err(as_task(sim, send_later, 30), AKT_ETIMEOUT);
    assert_notes(10);
}

static akt_err
nested(akt_self *self, int64_t n)
{
    akt_scope outer;
    akt_scope inner;

    (void)n;
    AKT_TRY(akt_scope_open(self, AKT_NEVER, &outer));
    AKT_TRY(akt_task_spawn(self, doing, NULL, .fn = sleep_for, .n = 20));
    AKT_TRY(akt_scope_open(self, AKT_NEVER, &inner));
    AKT_TRY(akt_task_spawn(self, doing, NULL, .fn = sleep_for, .n = 3000));
    AKT_TRY(akt_scope_fail(self, inner, OWN_ERROR));
    assert_err(akt_scope_fail(self, inner, AKT_OK), AKT_EINVAL);
    assert_err(akt_scope_close(self, inner, AKT_OK), OWN_ERROR);
    AKT_TRY(akt_scope_close(self, outer, AKT_OK));
    assert_int_equal(sim_noted(20), 1);
    return AKT_OK;
}

static void
an_inner_scope_fails_alone(struct sim *sim)
{
    assert_ok(as_task(sim, nested, 0));
}

/* --- what else a scope owns --- */

static akt_err
owns_things(akt_self *self, int64_t n)
{
    static int64_t first = 1, second = 2;
    akt_scope scope;
    akt_task child;
    akt_future f;
    int fd = open("/dev/null", O_RDONLY);

    (void)n;
    AKT_TRY(akt_scope_open(self, AKT_NEVER, &scope));
    AKT_TRY(akt_defer(self, note_arg, &first));
    AKT_TRY(akt_own_fd(self, fd));
    assert_err(akt_own_fd(self, -1), AKT_EINVAL);
    AKT_TRY(akt_spawn_child(self, counter, &child, .sum = 5));
    AKT_TRY(akt_defer(self, note_arg, &second));
    AKT_TRY(akt_send(self, child.ref, put, .n = 2));
    AKT_TRY(akt_ask(self, child.ref, &f, get, .n = 3));
    AKT_TRY(akt_scope_close(self, scope, AKT_OK));
    assert_notes(1010, 2, 1);
    assert_int_equal(fcntl(fd, F_GETFD), -1);
    assert_int_equal(akt_future_poll(self, f), AKT_BROKEN);
    return AKT_OK;
}

static void
a_scope_closes_all_that_it_owns(struct sim *sim)
{
    assert_ok(as_task(sim, owns_things, 0));
}

static akt_err
actor_fails(akt_self *self, int64_t n)
{
    akt_scope scope;
    akt_task child;

    (void)n;
    AKT_TRY(akt_scope_open(self, AKT_NEVER, &scope));
    AKT_TRY(akt_spawn_child(self, counter, &child));
    AKT_TRY(akt_send(self, child.ref, put, .n = -1));
    assert_err(akt_sleep(self, AKT_SECONDS(9)), AKT_ECANCELLED);
    return akt_scope_close(self, scope, AKT_OK);
}

static void
an_actor_that_fails_fails_its_scope(struct sim *sim)
{
    assert_err(as_task(sim, actor_fails, 0), OWN_ERROR);
}

static void
a_thread_joins_an_actor(struct sim *sim)
{
    akt_task child;

    assert_ok(akt_spawn_child(sim->me, counter, &child, .sum = 1));
    assert_ok(akt_send(sim->me, child.ref, put, .n = 2));
    assert_ok(akt_drain(sim->me, child.ref));
    assert_ok(akt_join(sim->me, child));
    assert_notes(1003);
}

static void
only_tasks_have_scopes(struct sim *sim)
{
    akt_scope scope = {NULL, 0};

    assert_err(akt_scope_open(sim->me, AKT_NEVER, &scope), AKT_ECONTEXT);
    assert_err(akt_scope_close(sim->me, scope, AKT_OK), AKT_ECONTEXT);
    assert_err(akt_scope_fail(sim->me, scope, OWN_ERROR), AKT_ECONTEXT);
}

/* --- killed at any moment --- */

static int open_things;

static void
count_down(void *arg)
{
    (void)arg;
    open_things--;
}

static akt_err
busy_leaf(akt_self *self, int64_t n)
{
    akt_err err = AKT_OK;

    open_things++;
    while (err == AKT_OK && n-- > 0) {
        err = akt_sleep(self, AKT_US(akt_random(self) % 300));
    }
    akt_task_shield(self, true);
    akt_ignore(akt_sleep(self, AKT_US(10)));
    akt_task_shield(self, false);
    open_things--;
    return err;
}

/* None, or one that may be over before the scope is. */
static uint64_t
limit_of(akt_self *self)
{
    uint64_t us = akt_random(self) % 2000;

    return us < 1000 ? AKT_NEVER : AKT_US(us - 1000);
}

struct feeder {
    akt_tx out;
};

static akt_err
feeding(akt_self *self, struct feeder *f)
{
    int64_t i;

    for (i = 0; i < 3; i++) {
        AKT_TRY(akt_channel_send(self, f->out, put, .n = i));
        AKT_TRY(akt_sleep(self, AKT_US(akt_random(self) % 50)));
    }
    return AKT_OK;
}
AKT_TASK(feeding, struct feeder);

static akt_err
eat_all(akt_self *self, akt_rx rx)
{
    struct put got;
    size_t which;
    akt_branch b[] = {AKT_WHEN_RECV(rx, put, &got), AKT_WHEN_AFTER(AKT_US(20))};

    do {
        AKT_TRY(akt_select(self, b, 2, AKT_SELECT_FAIR, AKT_NEVER, &which));
    } while (b[which].error == AKT_OK);
    return b[which].error == AKT_ECLOSED ? AKT_OK : b[which].error;
}

/* A descriptor, a channel, an open file and its jobs. */
static akt_err
use_things(akt_self *self)
{
    akt_file_open_opts reading = {AKT_FILE_READ, 0};
    akt_file_content content = {{NULL, 0}};
    int fd = open("/dev/null", O_RDONLY);
    akt_file file;
    akt_tx tx;
    akt_rx rx;
    akt_err err = akt_own_fd(self, fd);

    if (err != AKT_OK) {
        (void)close(fd);
        return err;
    }
    AKT_TRY(akt_channel_open(self, put, 2, &tx, &rx));
    AKT_TRY(
        akt_task_spawn_giving(self, feeding, AKT_GIFTS(tx), NULL, .out = tx));
    AKT_TRY(eat_all(self, rx));
    AKT_TRY(akt_open_file(self, AKT_TEXT("/proc/self/stat"), &reading, &file,
                          NULL));
    err = akt_read_from(self, file, 10, &content, NULL);
    akt_file_content_free(&content);
    return err;
}

static akt_err
busy_tree(akt_self *self, int64_t depth)
{
    akt_scope scope;
    akt_task child;
    struct put sum;
    akt_err err;

    AKT_TRY(akt_scope_open(self, limit_of(self), &scope));
    err = akt_spawn_child(self, counter, &child);
    if (err == AKT_OK) {
        open_things++;
        err = akt_defer(self, count_down, NULL);
        open_things -= err != AKT_OK;
    }
    if (err == AKT_OK && depth > 0) {
        err =
            akt_task_spawn(self, doing, NULL, .fn = busy_tree, .n = depth - 1);
    }
    if (err == AKT_OK) {
        err = akt_task_spawn(self, doing, NULL, .fn = busy_leaf, .n = 3);
    }
    if (err == AKT_OK) {
        err = akt_call(self, child.ref, get, &sum, .n = depth);
    }
    if (err == AKT_OK) {
        err = use_things(self);
    }
    if (err == AKT_OK) {
        err = akt_sleep(self, AKT_US(200));
    }
    return akt_scope_close(self, scope, err);
}

/* Of the first ones: nothing here has many. */
static int
open_descriptors(void)
{
    int open = 0;
    int fd;

    for (fd = 0; fd < 64; fd++) {
        open += fcntl(fd, F_GETFD) >= 0;
    }
    return open;
}

/*
 * The fixture finds the system without actors, memory or messages. An open file is
 * closed by a job, which may come after who owned it has gone.
 */
static void
killed_at_a_random_moment(struct sim *sim)
{
    uint64_t when = 1 + sim->seed * 7919 % 1000;
    int before = open_descriptors();
    akt_task root;
    akt_err err;

    open_things = 0;
    assert_ok(akt_task_spawn(sim->me, doing, &root, .fn = busy_tree, .n = 3));
    (void)akt_sim_advance(sim->system, AKT_US(when));
    akt_ignore(akt_task_cancel(sim->me, root));
    err = akt_join(sim->me, root);
    assert_true(err == AKT_OK || err == AKT_ECANCELLED || err == AKT_ETIMEOUT);
    assert_int_equal(open_things, 0);
    assert_int_equal(sim_counters(sim).spawned, sim_counters(sim).exited);
    (void)akt_sim_run_until_idle(sim->system);
    assert_int_equal(open_descriptors(), before);
}

#define TEST(scenario)                                                         \
    static void test_##scenario(void **state)                                  \
    {                                                                          \
        (void)state;                                                           \
        sim_each_seed(scenario);                                               \
    }

TEST(closing_waits_for_tasks)
TEST(the_first_failure_cancels_the_rest)
TEST(a_scope_that_closes_says_what_failed_first)
TEST(a_failure_that_is_joined_is_not_the_scopes)
TEST(closing_with_an_error_cancels)
TEST(a_scope_of_a_cancelled_task_answers_for_what_is_in_it)
TEST(a_scope_has_a_time_limit)
TEST(an_alarm_is_of_its_own_scope_alone)
TEST(what_is_sent_later_is_no_scopes)
TEST(an_inner_scope_fails_alone)
TEST(a_scope_closes_all_that_it_owns)
TEST(an_actor_that_fails_fails_its_scope)
TEST(a_thread_joins_an_actor)
TEST(only_tasks_have_scopes)
TEST(killed_at_a_random_moment)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_closing_waits_for_tasks),
        sim_test(test_the_first_failure_cancels_the_rest),
        sim_test(test_a_scope_that_closes_says_what_failed_first),
        sim_test(test_a_failure_that_is_joined_is_not_the_scopes),
        sim_test(test_closing_with_an_error_cancels),
        sim_test(test_a_scope_of_a_cancelled_task_answers_for_what_is_in_it),
        sim_test(test_a_scope_has_a_time_limit),
        sim_test(test_an_alarm_is_of_its_own_scope_alone),
        sim_test(test_what_is_sent_later_is_no_scopes),
        sim_test(test_an_inner_scope_fails_alone),
        sim_test(test_a_scope_closes_all_that_it_owns),
        sim_test(test_an_actor_that_fails_fails_its_scope),
        sim_test(test_a_thread_joins_an_actor),
        sim_test(test_only_tasks_have_scopes),
        sim_test(test_killed_at_a_random_moment),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
