/* SPDX-License-Identifier: MIT */
/*
 * Who has a task that is part of a combined future, and waits for it: the whole, and
 * with the whole the scope, the task or the actor whose it is.
 */
#include "tests/unit/parts.h"

/* --- who has the task --- */

static void
used_up(akt_self *self)
{
    akt_task task;
    akt_future whole;
    akt_future twice[2];
    akt_future none = {NULL, 0};

    assert_ok(akt_task_spawn(self, part, &task, .n = 1, .ms = 5));
    twice[0] = task.future;
    twice[1] = task.future;
    assert_err(akt_all(self, twice, 2, &whole), AKT_EINVAL);
    twice[1] = none;
    assert_err(akt_all(self, twice, 2, &whole), AKT_EENDED);
    assert_ok(akt_all(self, twice, 1, &whole));
    assert_err(akt_join(self, task), AKT_EENDED);
    assert_err(akt_task_detach(self, &task), AKT_EENDED);
    assert_err(akt_race(self, twice, 1, &twice[1]), AKT_EENDED);
    akt_answer_free(self, end_of(self, whole));
    assert_err(akt_await(self, whole, NULL), AKT_EENDED);
    assert_err(akt_join(self, task), AKT_EENDED);
}

/* What was refused may be joined, and is waited for. */
static void
refused(akt_self *self)
{
    akt_task task;
    akt_future parts[2] = {{NULL, 0}, {NULL, 0}};
    akt_future whole;
    struct put p = {0};

    assert_ok(akt_task_spawn(self, part, &task, .n = 1, .ms = 5));
    parts[0] = task.future;
    assert_err(akt_race(self, parts, 2, &whole), AKT_EENDED);
    assert_ok(akt_join_as(self, task, put, &p));
    assert_int_equal(p.n, 1);
}

static void
take_over(struct sim *sim)
{
    in_both(sim, used_up);
    in_both(sim, refused);
}

static void
test_a_task_that_is_a_part_is_joined_by_the_whole_alone(void **state)
{
    (void)state;
    sim_each_seed(take_over);
}

/* --- scopes --- */

/* Nobody awaits the whole: closing waits, and its error is the scope's. */
static void
unheard(akt_self *self)
{
    akt_future parts[2];
    akt_future whole;
    akt_scope scope;

    assert_ok(akt_scope_open(self, AKT_NEVER, &scope));
    parts[0] = spawn_part(self, 1, 30);
    parts[1] = spawn_part(self, -2, 20);
    assert_ok(akt_any(self, parts, 2, &whole));
    assert_ok(akt_scope_close(self, scope, AKT_OK));
    assert_notes(-2, 1);

    assert_ok(akt_scope_open(self, AKT_NEVER, &scope));
    parts[0] = spawn_part(self, 1, 3000);
    parts[1] = spawn_part(self, -2, 20);
    assert_ok(akt_all(self, parts, 2, &whole));
    assert_err(akt_sleep(self, AKT_SECONDS(10)), AKT_ECANCELLED);
    assert_int_equal(running, 0);
    assert_err(akt_scope_close(self, scope, AKT_OK), OWN_ERROR);
    assert_err(akt_await(self, whole, NULL), AKT_EENDED);
}

/* An error cancels the whole, whichever scope its parts are of. */
static void
cancelled(akt_self *self)
{
    akt_future parts[] = {spawn_part(self, 1, 3000), spawn_part(self, 2, 3000)};
    akt_future whole;
    akt_scope scope;

    assert_ok(akt_scope_open(self, AKT_NEVER, &scope));
    assert_ok(akt_all(self, parts, 2, &whole));
    assert_ok(akt_sleep(self, AKT_MS(1)));
    assert_err(akt_scope_close(self, scope, OWN_ERROR), OWN_ERROR);
    assert_int_equal(running, 0);
    assert_int_equal(sim_noted(-1) + sim_noted(-2), 2);
}

/* What is dropped is cancelled, and waited for all the same. */
static void
dropped(akt_self *self)
{
    akt_future parts[] = {spawn_part(self, 1, 3000), spawn_part(self, 2, 3000)};
    akt_future whole;
    akt_scope scope;

    assert_ok(akt_race(self, parts, 2, &whole));
    assert_ok(akt_sleep(self, AKT_MS(1)));
    akt_future_drop(self, whole);
    assert_ok(akt_sleep(self, AKT_MS(1)));
    assert_int_equal(running, 2);
    assert_ok(akt_sleep(self, AKT_MS(100)));
    assert_int_equal(running, 0);

    assert_ok(akt_scope_open(self, AKT_NEVER, &scope));
    parts[0] = spawn_part(self, 3, 3000);
    parts[1] = spawn_part(self, 4, 3000);
    assert_ok(akt_race(self, parts, 1, &whole));
    assert_ok(akt_sleep(self, AKT_MS(1)));
    akt_future_drop(self, whole);
    akt_future_drop(self, parts[1]);
    assert_ok(akt_scope_close(self, scope, AKT_OK));
    assert_int_equal(running, 0);
}

/* The owner leaves it open: in_task looks whether anything runs then. */
static void
left_open(akt_self *self)
{
    akt_future parts[] = {spawn_part(self, 1, 20), spawn_part(self, 2, 3000)};
    akt_future whole;

    assert_ok(akt_race(self, parts, 2, &whole));
}

static void
own(struct sim *sim)
{
    in_task(sim, unheard);
    sim_forget();
    in_task(sim, cancelled);
    in_task(sim, dropped);
    sim_forget();
    in_task(sim, left_open);
    assert_int_equal(sim_noted(1), 1);
    assert_int_equal(sim_noted(-2), 1);
}

static void
test_scopes_wait_for_wholes_as_for_tasks(void **state)
{
    (void)state;
    sim_each_seed(own);
}

/* The owner is cancelled while it waits for the whole. */
static akt_err
wait_for_whole(akt_self *self)
{
    akt_future parts[] = {spawn_part(self, 1, 3000), spawn_part(self, 2, 3000)};
    akt_future whole;

    assert_ok(akt_all(self, parts, 2, &whole));
    return akt_await(self, whole, NULL);
}
AKT_TASK(wait_for_whole, void);

static void
cancel_owner(struct sim *sim)
{
    akt_task task;

    running = 0;
    assert_ok(akt_task_spawn(sim->me, wait_for_whole, &task));
    (void)akt_sim_advance(sim->system, AKT_MS((int64_t)sim->seed % 3));
    assert_ok(akt_task_cancel(sim->me, task));
    assert_err(akt_join(sim->me, task), AKT_ECANCELLED);
    assert_int_equal(running, 0);
}

static void
test_cancelling_the_owner_cancels_wholes_and_waits(void **state)
{
    (void)state;
    sim_each_seed(cancel_owner);
}

/* --- an actor, which waits for nothing --- */

struct owner {
    bool leaves;
};

static akt_err
on_whole(akt_self *self, struct owner *o, const akt_answer *answer)
{
    (void)self;
    (void)o;
    sim_note(number(answer));
    return AKT_OK;
}
AKT_THEN_ANSWER(on_whole, struct owner);

static akt_err
on_typed(akt_self *self, struct owner *o, const akt_answer *answer,
         const struct put *p)
{
    (void)self;
    (void)o;
    (void)answer;
    (void)p;
    return AKT_OK;
}
AKT_THEN_OF(on_typed, struct owner, put);

static akt_err
on_put(akt_self *self, struct owner *o, const struct put *m)
{
    akt_future parts[] = {spawn_part(self, 1, 20), spawn_part(self, 2, 3000)};
    akt_future whole;

    (void)m;
    assert_ok(akt_race(self, parts, 2, &whole));
    assert_err(akt_then(self, whole, on_typed, NULL), AKT_ETYPE);
    assert_ok(akt_then(self, whole, on_whole, NULL));
    if (o->leaves) {
        akt_stop_self(self);
    }
    return AKT_OK;
}
AKT_CLASS(owner, struct owner, AKT_ON(put, on_put));

static void
actors_own(struct sim *sim)
{
    akt_ref ref;

    running = 0;
    assert_ok(akt_spawn(sim->me, owner, &ref, .leaves = false));
    assert_ok(akt_send(sim->me, ref, put, .n = 0));
    (void)akt_sim_advance(sim->system, AKT_MS(69));
    assert_notes(1);
    (void)akt_sim_advance(sim->system, AKT_MS(100));
    assert_notes(1, -2, 1);
    assert_ok(akt_spawn(sim->me, owner, &ref, .leaves = true));
    assert_ok(akt_send(sim->me, ref, put, .n = 0));
    (void)akt_sim_advance(sim->system, AKT_MS(100));
    assert_int_equal(running, 0);
}

static void
test_actors_hear_of_wholes_when_all_has_ended(void **state)
{
    (void)state;
    sim_each_seed(actors_own);
}

/* --- a part that does not end though it is told to --- */

struct deaf {
    akt_completer *done;
};

static akt_err
deaf(akt_self *self, struct deaf *d)
{
    akt_future f;

    akt_task_shield(self, true);
    assert_ok(akt_oneshot_open(self, put, AKT_NEVER, &f, d->done));
    assert_ok(akt_await(self, f, NULL));
    akt_task_shield(self, false);
    return AKT_OK;
}
AKT_TASK(deaf, struct deaf);

static void
stand_still(struct sim *sim)
{
    akt_completer done = {0};
    akt_task task;
    akt_future whole;
    akt_answer *answer = NULL;

    assert_ok(akt_task_spawn(sim->me, deaf, &task, .done = &done));
    assert_ok(akt_timeout(sim->me, task.future, AKT_MS(5), &whole));
    /* Nothing can happen any more; a real thread would wait for ever. */
    assert_ok(akt_wait(sim->me, whole, &answer));
    assert_int_equal(answer->outcome, AKT_EXPIRED);
    akt_answer_free(sim->me, answer);
    assert_ok(akt_complete(sim->me, done, put, .n = 0));
    (void)akt_sim_run_until_idle(sim->system);
}

static void
test_a_part_that_never_ends_is_told_in_a_simulation(void **state)
{
    (void)state;
    sim_in_order(stand_still);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_a_task_that_is_a_part_is_joined_by_the_whole_alone),
        sim_test(test_scopes_wait_for_wholes_as_for_tasks),
        sim_test(test_cancelling_the_owner_cancels_wholes_and_waits),
        sim_test(test_actors_hear_of_wholes_when_all_has_ended),
        sim_test(test_a_part_that_never_ends_is_told_in_a_simulation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
