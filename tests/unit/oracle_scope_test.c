/* SPDX-License-Identifier: MIT */
/*
 * The books of what tasks and scopes own find what is broken on purpose, when they
 * are wanted. What is planted in the library (tests/mutants.txt) is for the books
 * alone to find: the scenarios that work ask for nothing.
 */
#include "tests/unit/doing.h"

#include "actors/core/system.h"
#include "akt/channel.h"
#include "akt/combine.h"
#include "akt/file.h"
#include "akt/oneshot.h"
#include "akt/scope.h"
#include "tests/unit/found.h"

#define NUMBER(F) F(i64, n)
AKT_MESSAGE(put, NUMBER);
AKT_REQUEST(get, NUMBER, put);

/* Answers nobody, and keeps what it was asked. */
struct keeper {
    akt_promise_of(get) kept;
    bool unused;
};

static akt_err
on_get(akt_self *self, struct keeper *k, const struct get *m)
{
    return akt_keep(self, m, &k->kept);
}
AKT_CLASS(keeper, struct keeper, AKT_ON(get, on_get));

static akt_err
nap(akt_self *self, void *arg)
{
    (void)arg;
    return akt_sleep(self, AKT_MS(5));
}

/* What a scope is to own. */
enum {
    TASK = 1,
    ACTOR = 2,
    FUTURE = 4,
    REQUEST = 8,
    OPEN_FILE = 16,
    CHANNEL = 32
};

static akt_err
open_more(akt_self *self, unsigned what)
{
    akt_file_open_opts opts = {AKT_FILE_READ, 0};
    akt_file file;
    akt_tx tx;
    akt_rx rx;

    if ((what & OPEN_FILE) != 0) {
        AKT_TRY(akt_open_file(self, AKT_TEXT("/dev/null"), &opts, &file, NULL));
    }
    return (what & CHANNEL) != 0 ? akt_channel_open(self, put, 1, &tx, &rx)
                                 : AKT_OK;
}

static akt_err
open_some(akt_self *self, unsigned what)
{
    akt_task child = {AKT_REF_NONE, {NULL, 0}};
    akt_completer completer;
    akt_future f;

    AKT_TRY(open_more(self, what));
    if ((what & TASK) != 0) {
        AKT_TRY(akt_task_spawn(self, doing, &child, .fn = nap, .arg = NULL));
    }
    if ((what & (ACTOR | REQUEST)) != 0) {
        AKT_TRY(akt_spawn_child(self, keeper, &child, .unused = false));
    }
    if ((what & FUTURE) != 0) {
        AKT_TRY(akt_oneshot_open(self, put, AKT_NEVER, &f, &completer));
    }
    return (what & REQUEST) != 0 ? akt_ask(self, child.ref, &f, get, .n = 1)
                                 : AKT_OK;
}

/* --- what works --- */

/* Scopes in scopes, of which the outer one is closed. */
static akt_err
own_by_scopes(akt_self *self, void *arg)
{
    akt_scope outer;
    akt_scope inner;

    (void)arg;
    AKT_TRY(akt_scope_open(self, AKT_SECONDS(1), &outer));
    AKT_TRY(open_some(self, TASK | FUTURE));
    AKT_TRY(akt_scope_open(self, AKT_NEVER, &inner));
    AKT_TRY(open_some(self, TASK | ACTOR | FUTURE | REQUEST));
    return akt_scope_close(self, outer, AKT_OK);
}

static void
scopes_work(struct sim *sim)
{
    akt_ignore(as_task(sim, own_by_scopes, NULL));
}
TEST(scopes_work)

/* What is opened while it is open, and closed with it; and what stays. */
static akt_err
own_more(akt_self *self, void *arg)
{
    const unsigned *what = arg;
    akt_scope outer;
    akt_scope inner;

    AKT_TRY(open_more(self, *what));
    AKT_TRY(akt_scope_open(self, AKT_NEVER, &outer));
    AKT_TRY(open_more(self, *what));
    AKT_TRY(akt_scope_open(self, AKT_SECONDS(1), &inner));
    AKT_TRY(open_more(self, *what));
    AKT_TRY(akt_sleep(self, AKT_MS(1)));
    AKT_TRY(akt_scope_close(self, inner, AKT_OK));
    return akt_scope_close(self, outer, AKT_OK);
}

static void
works_with(struct sim *sim, unsigned what)
{
    assert_ok(as_task(sim, own_more, &what));
}

static void
scopes_with_files_work(struct sim *sim)
{
    works_with(sim, OPEN_FILE);
}
TEST(scopes_with_files_work)

static void
scopes_with_channels_work(struct sim *sim)
{
    works_with(sim, CHANNEL);
}
TEST(scopes_with_channels_work)

/* An end that comes while a scope is open is not the scope's. */
struct mailed {
    akt_tx tx;
};

static akt_err
be_given(akt_self *self, struct mailed *m)
{
    akt_scope scope;

    AKT_TRY(akt_scope_open(self, AKT_NEVER, &scope));
    AKT_TRY(akt_sleep(self, AKT_MS(5)));
    AKT_TRY(akt_scope_close(self, scope, AKT_OK));
    return akt_tx_close(self, m->tx);
}
AKT_TASK(be_given, struct mailed);

static void
scopes_with_gifts_work(struct sim *sim)
{
    akt_task task;
    akt_tx tx;
    akt_rx rx;

    assert_ok(akt_channel_open(sim->me, put, 1, &tx, &rx));
    assert_ok(akt_task_spawn(sim->me, be_given, &task, .tx = tx));
    (void)akt_sim_advance(sim->system, AKT_MS(1));
    assert_ok(akt_tx_give(sim->me, tx, task.ref));
    assert_ok(akt_join(sim->me, task));
    assert_ok(akt_rx_close(sim->me, rx));
}
TEST(scopes_with_gifts_work)

/* Without a scope: all end before the task does. */
static akt_err
own_plainly(akt_self *self, void *arg)
{
    (void)arg;
    return open_some(self, TASK | ACTOR | FUTURE);
}

static void
plain_tasks_work(struct sim *sim)
{
    akt_ignore(as_task(sim, own_plainly, NULL));
}
TEST(plain_tasks_work)

/* Tasks and actors, and an outer scope that nobody closes. */
static akt_err
own_and_end(akt_self *self, void *arg)
{
    akt_scope scope;
    akt_task child;

    (void)arg;
    AKT_TRY(open_some(self, TASK | ACTOR));
    AKT_TRY(akt_scope_open(self, AKT_NEVER, &scope));
    AKT_TRY(
        akt_task_spawn(self, doing, &child, .fn = own_by_scopes, .arg = NULL));
    AKT_TRY(akt_task_spawn(self, doing, &child, .fn = nap, .arg = NULL));
    return akt_task_detach(self, &child);
}

static void
tasks_work(struct sim *sim)
{
    akt_ignore(as_task(sim, own_and_end, NULL));
}
TEST(tasks_work)

/* One that its owner drops is waited for, as one that is killed. */
static akt_err
drop_and_end(akt_self *self, void *arg)
{
    akt_task child;

    (void)arg;
    AKT_TRY(akt_task_spawn(self, doing, &child, .fn = nap, .arg = NULL));
    akt_future_drop(self, child.future);
    return AKT_OK;
}

static void
killed_tasks_work(struct sim *sim)
{
    akt_task task = start_task(sim->me, own_and_end, NULL);

    akt_ignore(as_task(sim, drop_and_end, NULL));
    akt_ignore(akt_task_cancel(sim->me, task));
    akt_ignore(akt_join(sim->me, task));
}
TEST(killed_tasks_work)

/* A part that a function opens while somebody else's scope is open. */
struct steps {
    akt_completer second;
};

static akt_err
next_part(akt_self *self, void *arg, const struct put *in, akt_future *out)
{
    struct steps *s = arg;

    (void)in;
    return akt_oneshot_open(self, put, AKT_NEVER, out, &s->second);
}
AKT_AND_THEN(next_part, put, put);

static akt_err
step_in_a_scope(akt_self *self, akt_completer first)
{
    akt_scope scope;

    AKT_TRY(akt_scope_open(self, AKT_NEVER, &scope));
    AKT_TRY(akt_complete(self, first, put, .n = 1));
    AKT_TRY(akt_sleep(self, AKT_MS(1)));
    return akt_scope_close(self, scope, AKT_OK);
}

static akt_err
step_by_step(akt_self *self, void *arg)
{
    struct steps s;
    akt_completer first;
    akt_future part;
    akt_future whole;
    struct put p;

    (void)arg;
    AKT_TRY(akt_oneshot_open(self, put, AKT_NEVER, &part, &first));
    AKT_TRY(akt_and_then(self, part, next_part, &s, &whole));
    AKT_TRY(step_in_a_scope(self, first));
    AKT_TRY(akt_complete(self, s.second, put, .n = 2));
    return akt_await_as(self, whole, put, &p);
}

static void
steps_work(struct sim *sim)
{
    assert_ok(as_task(sim, step_by_step, NULL));
}
TEST(steps_work)

/* --- what is broken --- */

struct plan {
    unsigned what;
};

/* As if the scope were closed with all that it owns. */
static akt_err
close_too_early(akt_self *self, void *arg)
{
    const struct plan *plan = arg;
    akt_scope scope;

    AKT_TRY(akt_scope_open(self, AKT_NEVER, &scope));
    AKT_TRY(open_some(self, plan->what));
    akti_tell(self->ctx, AKTI_EVENT_SCOPE_CLOSED, scope.cell);
    return akt_scope_close(self, scope, AKT_OK);
}

/* As if the task had ended. */
static akt_err
end_too_early(akt_self *self, void *arg)
{
    const struct plan *plan = arg;

    AKT_TRY(open_some(self, plan->what));
    akti_tell(self->ctx, AKTI_EVENT_EXIT, self->actor);
    return AKT_OK;
}

static akt_err
closes_too_early(akt_system *system, akt_self *me, void *arg)
{
    (void)system;
    return akt_join(me, start_task(me, close_too_early, arg));
}

static akt_err
ends_too_early(akt_system *system, akt_self *me, void *arg)
{
    (void)system;
    return akt_join(me, start_task(me, end_too_early, arg));
}

static void
assert_found(akt_scenario *scenario, unsigned what, const char *text)
{
    struct plan plan = {what};
    akt_explore_result result;

    find(scenario, &plan, &result);
    assert_says(&result, "check scopes: ");
    assert_says(&result, text);
}

static void
test_what_is_open_in_a_closed_scope_is_found(void **state)
{
    struct plan plan = {TASK | ACTOR | FUTURE | REQUEST | CHANNEL};

    (void)state;
    assert_found(closes_too_early, TASK, "of it has not ended");
    assert_found(closes_too_early, ACTOR, "of it has not ended");
    assert_found(closes_too_early, FUTURE, "a future of it is open");
    assert_found(closes_too_early, ACTOR | REQUEST, "of it has not ended");
    assert_found(closes_too_early, OPEN_FILE, "a file of it is open");
    assert_found(closes_too_early, CHANNEL, "a channel end of it is open");
    assert_passes_without(closes_too_early, &plan, AKT_CHECK_SCOPES);
    plan.what = 0;
    assert_passes_without(closes_too_early, &plan, 0);
}

static void
test_what_outlives_its_owner_is_found(void **state)
{
    (void)state;
    assert_found(ends_too_early, TASK, "has ended before 1 that it owns");
    assert_found(ends_too_early, TASK | ACTOR,
                 "has ended before 2 that it owns");
    assert_found(ends_too_early, OPEN_FILE,
                 "has ended, and a file of it is open");
    assert_found(ends_too_early, CHANNEL,
                 "has ended, and a channel end of it is open");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_scopes_work),
        sim_test(test_scopes_with_files_work),
        sim_test(test_scopes_with_channels_work),
        sim_test(test_scopes_with_gifts_work),
        sim_test(test_plain_tasks_work),
        sim_test(test_tasks_work),
        sim_test(test_killed_tasks_work),
        sim_test(test_steps_work),
        sim_test(test_what_is_open_in_a_closed_scope_is_found),
        sim_test(test_what_outlives_its_owner_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
