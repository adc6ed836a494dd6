/* SPDX-License-Identifier: MIT */
/*
 * What a task says when it fails: code, text and causes reach who joins it, awaits
 * it, owns it or closes its scope, unchanged, over as many owners as there are.
 */
#include "tests/unit/parts.h"

#include <errno.h>
#include <string.h>

#define WORDS "start: load: open /etc/x: No such file or directory"

/* Three causes, and the number that the system gave. */
static akt_err
fail_deeply(akt_error *error)
{
    akt_err err = akt_error_set_errno(error, ENOENT, "open /etc/x");

    akt_ignore(err);
    akt_ignore(akt_error_wrap(error, AKT_EINVAL, "load"));
    return akt_error_wrap(error, OWN_ERROR, "start");
}

static void
assert_deep(akt_err err, const akt_error *error)
{
    assert_err(err, OWN_ERROR);
    assert_string_equal(error->text, WORDS);
    assert_int_equal(error->code, OWN_ERROR);
    assert_int_equal(error->errnum, ENOENT);
    assert_int_equal(error->count, 3);
    assert_err(akt_error_cause(error, 1), AKT_EINVAL);
    assert_err(akt_error_cause(error, 2), AKT_ENOENT);
    assert_string_equal(akt_error_cause_text(error, 2),
                        "open /etc/x: No such file or directory");
}

/* Fails so after a while, or replies when there is none. */
struct failing {
    int64_t ms;
};

static akt_err
failing(akt_self *self, struct failing *f)
{
    akt_error error = AKT_ERROR_NONE;

    if (f->ms == 0) {
        return akt_task_return(self, put, .n = 5);
    }
    AKT_TRY(akt_sleep(self, AKT_MS(f->ms)));
    akt_ignore(fail_deeply(&error));
    return akt_task_fail_with(self, &error);
}
AKT_TASK(failing, struct failing);

/* --- joining and awaiting --- */

static akt_task
fail_in(akt_self *self, int64_t ms)
{
    akt_task task;

    assert_ok(akt_task_spawn(self, failing, &task, .ms = ms));
    return task;
}

static void
join(akt_self *self)
{
    akt_error error = AKT_ERROR_NONE;
    akt_task task = fail_in(self, 1);
    struct put p = {0};
    akt_future parts[2];
    akt_future whole;

    assert_deep(akt_join_with(self, task, &error), &error);
    error = AKT_ERROR_NONE;
    assert_deep(akt_join_as_with(self, fail_in(self, 1), put, &p, &error),
                &error);
    error = AKT_ERROR_NONE;
    assert_deep(
        akt_await_as_with(self, fail_in(self, 1).future, put, &p, &error),
        &error);
    parts[0] = fail_in(self, 1).future;
    parts[1] = fail_in(self, 1000).future;
    assert_ok(akt_all(self, parts, 2, &whole));
    error = AKT_ERROR_NONE;
    assert_deep(akt_await_as_with(self, whole, put, &p, &error), &error);
    assert_err(akt_join_with(self, fail_in(self, 1), NULL), OWN_ERROR);
    /* A call that has no words of its own says its code. */
    assert_err(akt_join_with(self, task, &error), AKT_EENDED);
    assert_string_equal(error.text, akt_err_text(AKT_EENDED));
    assert_int_equal(error.count, 1);
}

static void
succeed(akt_self *self)
{
    akt_error error = AKT_ERROR_NONE;
    struct put p = {0};

    assert_ok(akt_join_as_with(self, fail_in(self, 0), put, &p, &error));
    assert_int_equal(p.n, 5);
    assert_ok(akt_join_with(self, fail_in(self, 0), &error));
    assert_int_equal(error.code, AKT_OK);
}

static void
joins(struct sim *sim)
{
    join(sim->me);
    succeed(sim->me);
    in_task(sim, join);
    in_task(sim, succeed);
}

static void
test_join_and_await_give_the_words_and_causes(void **state)
{
    (void)state;
    sim_each_seed(joins);
}

/* --- calling --- */

/* Answers by `how`: 0 a reply, 1 words, 2 words and causes, 3 nothing. */
AKT_REQUEST(question, NUMBER, put);

struct oracle {
    akt_promise_of(question) promise;
};

static akt_err
on_question(akt_self *self, struct oracle *o, const struct question *m)
{
    akt_error error = AKT_ERROR_NONE;

    if (m->n == 0) {
        return akt_reply(self, m, .n = 5);
    }
    if (m->n == 1) {
        return akt_reply_error(self, OWN_ERROR, "ask somebody else");
    }
    if (m->n == 2) {
        akt_ignore(fail_deeply(&error));
        return akt_reply_failure(self, &error);
    }
    akt_promise_drop(self, &o->promise.promise);
    return akt_keep(self, m, &o->promise);
}
AKT_CLASS(oracle, struct oracle, AKT_ON(question, on_question));

static void
call_answered(akt_self *self, akt_ref ref)
{
    akt_error error = AKT_ERROR_NONE;
    struct put p = {0};

    assert_ok(akt_call_with(self, ref, question, &p, &error));
    assert_int_equal(p.n, 5);
    assert_ok(akt_call_with(self, ref, question, &p, NULL, .n = 0));
    assert_int_equal(error.code, AKT_OK);
    assert_deep(akt_call_with(self, ref, question, &p, &error, .n = 2), &error);
    error = AKT_ERROR_NONE;
    assert_err(akt_call_with(self, ref, question, &p, &error, .n = 1),
               OWN_ERROR);
    assert_string_equal(error.text, "ask somebody else");
    assert_err(akt_call_with(self, ref, question, &p, NULL, .n = 1), OWN_ERROR);
}

/* What has no words of its own says its code, once. */
static void
assert_code(akt_err err, akt_err expected, const akt_error *error)
{
    assert_err(err, expected);
    assert_int_equal(error->code, expected);
    assert_string_equal(error->text, akt_err_text(expected));
    assert_int_equal(error->count, 1);
}

static void
call_unanswered(akt_self *self, akt_ref ref)
{
    akt_error error = AKT_ERROR_NONE;
    struct put p = {0};
    akt_err err;

    err = akt_call_within_with(self, AKT_MS(3), ref, question, &p, &error,
                               .n = 3);
    assert_code(err, AKT_ETIMEOUT, &error);
    assert_ok(akt_stop(self, ref));
    err = akt_call_with(self, ref, question, &p, &error, .n = 3);
    assert_true(err == AKT_EBROKEN || err == AKT_EDEAD);
    assert_code(err, err, &error);
    err = akt_call_with(self, AKT_REF_NONE, question, &p, &error);
    assert_code(err, AKT_EDEAD, &error);
}

static void
call_oracle(akt_self *self)
{
    akt_ref ref;

    assert_ok(akt_spawn(self, oracle, &ref));
    call_answered(self, ref);
    call_unanswered(self, ref);
}

/* The wait ends, and so does the request. */
static akt_err
call_in_vain(akt_self *self)
{
    struct put p = {0};
    akt_error error = AKT_ERROR_NONE;
    akt_scope scope;
    akt_ref ref;
    akt_err err;

    AKT_TRY(akt_spawn(self, oracle, &ref));
    assert_ok(akt_scope_open(self, AKT_MS(5), &scope));
    err = akt_call_with(self, ref, question, &p, &error, .n = 3);
    assert_code(err, AKT_ECANCELLED, &error);
    assert_err(akt_scope_close(self, scope, err), AKT_ETIMEOUT);
    return akt_stop(self, ref);
}
AKT_TASK(call_in_vain, void);

static void
calls(struct sim *sim)
{
    akt_task task;

    call_oracle(sim->me);
    in_task(sim, call_oracle);
    assert_ok(akt_task_spawn(sim->me, call_in_vain, &task));
    assert_ok(akt_join(sim->me, task));
}

static void
test_calls_say_what_failed(void **state)
{
    (void)state;
    sim_each_seed(calls);
}

/* --- owners --- */

/* Nobody joins the inner one: its error is its owner's. */
struct owner {
    uint32_t depth;
};

static akt_err owner(akt_self *self, struct owner *o);
AKT_TASK(owner, struct owner);

static akt_err
owner(akt_self *self, struct owner *o)
{
    if (o->depth == 0) {
        AKT_TRY(akt_task_spawn(self, failing, NULL, .ms = 2));
    } else {
        AKT_TRY(akt_task_spawn(self, owner, NULL, .depth = o->depth - 1));
    }
    return akt_task_return(self, put, .n = 1);
}

static void
owners(struct sim *sim)
{
    akt_error error = AKT_ERROR_NONE;
    akt_task task;

    assert_ok(akt_task_spawn(sim->me, owner, &task, .depth = 2));
    assert_deep(akt_join_with(sim->me, task, &error), &error);
}

static void
test_words_go_up_from_owner_to_owner(void **state)
{
    (void)state;
    sim_each_seed(owners);
}

/* --- scopes --- */

/* The child fails while the body waits, or while the scope closes. */
static void
child_fails(akt_self *self)
{
    int64_t wait_ms;

    for (wait_ms = 0; wait_ms < 20; wait_ms += 10) {
        akt_error error = AKT_ERROR_NONE;
        akt_scope scope;
        akt_err err;

        assert_ok(akt_scope_open(self, AKT_NEVER, &scope));
        (void)fail_in(self, 5);
        (void)fail_in(self, 3000);
        err = wait_ms > 0 ? akt_sleep(self, AKT_MS(wait_ms)) : AKT_OK;
        assert_deep(akt_scope_close_with(self, scope, err, &error), &error);
    }
}

/* The body has failed first: what it said stays. */
static void
body_fails(akt_self *self)
{
    akt_error error = AKT_ERROR_NONE;
    akt_scope scope;
    akt_err err;

    assert_ok(akt_scope_open(self, AKT_NEVER, &scope));
    (void)fail_in(self, 5);
    err = fail_deeply(&error);
    assert_deep(akt_scope_close_with(self, scope, err, &error), &error);
}

static void
without_words(akt_self *self)
{
    akt_error error = AKT_ERROR_NONE;
    akt_scope scope;

    assert_ok(akt_scope_open(self, AKT_MS(5), &scope));
    assert_err(akt_sleep(self, AKT_SECONDS(1)), AKT_ECANCELLED);
    assert_err(akt_scope_close_with(self, scope, AKT_ECANCELLED, &error),
               AKT_ETIMEOUT);
    assert_string_equal(error.text, akt_err_text(AKT_ETIMEOUT));
    assert_err(akt_scope_close_with(self, scope, AKT_OK, &error), AKT_EENDED);
    assert_int_equal(error.code, AKT_EENDED);

    error = AKT_ERROR_NONE;
    assert_ok(akt_scope_open(self, AKT_NEVER, &scope));
    assert_ok(akt_scope_close_with(self, scope, AKT_OK, &error));
    assert_int_equal(error.code, AKT_OK);
}

static void
scopes(struct sim *sim)
{
    in_task(sim, child_fails);
    in_task(sim, body_fails);
    in_task(sim, without_words);
}

static void
test_scopes_say_what_failed_first(void **state)
{
    (void)state;
    sim_each_seed(scopes);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_join_and_await_give_the_words_and_causes),
        sim_test(test_calls_say_what_failed),
        sim_test(test_words_go_up_from_owner_to_owner),
        sim_test(test_scopes_say_what_failed_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
