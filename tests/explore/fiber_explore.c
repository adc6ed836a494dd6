/* SPDX-License-Identifier: MIT */
/*
 * A message or reply that comes to a task alone lies in the mailbox until the turn
 * ends, also when the task is done with it before. Here the task does with it all
 * that it may do, sends to itself, and another thread sends or kills meanwhile: in
 * every schedule the request is answered once, and what comes in keeps its sender's
 * order.
 *
 * Found: a message that is kept, held or handed on while it lies in the box; a
 * message or reply that is freed before it is out; mail that is not seen.
 */
#include "tests/explore/world.h"

#define JUGGLER_CHECK(condition) explore_check(condition)
#include "tests/support/juggler.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define CRUMBS 2

struct table {
    akt_ref juggler;
    int64_t how;
    bool kills;
};

static void
drop_crumbs(akt_self *me, const struct table *t, int32_t sender)
{
    int32_t i;

    for (i = 0; i < CRUMBS; i++) {
        akt_err err = akt_send(me, t->juggler, crumb, .sender = sender, .n = i);

        explore_check(err == AKT_OK
                      || ((t->how == FAIL || t->kills) && err == AKT_EDEAD));
    }
}

static void
disturb(akt_self *me, void *arg)
{
    const struct table *t = arg;

    if (t->kills) {
        explore_check(akt_kill(me, t->juggler) == AKT_OK);
    } else {
        drop_crumbs(me, t, 1);
    }
}

static void
expect_answer(akt_self *me, const struct table *t, akt_future f)
{
    const struct caught *caught;
    akt_answer *answer;

    explore_ok(akt_wait(me, f, &answer));
    caught = akt_answer_as(answer, caught);
    explore_check(caught != NULL ? caught->n == t->how
                                 : t->how == FAIL || t->kills);
    akt_answer_free(me, answer);
}

static void
toss_among_crumbs(void *arg)
{
    struct table table = *(const struct table *)arg;
    struct world_thread other;
    akt_ref helper_ref;
    akt_future f;
    struct world w;
    akt_err err;

    world_begin(&w, 1);
    explore_ok(akt_spawn(w.me, helper, &helper_ref));
    explore_ok(akt_task_spawn_detached(w.me, juggle, &table.juggler,
                                       .helper = helper_ref));
    world_wait_idle(&w);
    explore_begin();
    world_start(&w, &other, disturb, &table);
    err = akt_ask(w.me, table.juggler, &f, toss, .n = table.how);
    explore_check(err == AKT_OK || (table.kills && err == AKT_EDEAD));
    drop_crumbs(w.me, &table, 0);
    world_join(&other);
    if (err == AKT_OK) {
        expect_answer(w.me, &table, f);
    }
    world_end(&w);
}

static void
explore(enum how how, bool kills, const char *name)
{
    struct table table = {.how = how, .kills = kills};
    struct campaign c = {.name = name,
                         .scenario = toss_among_crumbs,
                         .arg = &table,
                         .random = 600,
                         .pct = 200,
                         .preemptions = 2,
                         .all_max = 800};

    assert_true(campaign_passes(&c));
}

static void
test_a_request_that_comes_alone_is_answered_once(void **state)
{
    (void)state;
    explore(REPLY, false, "a task replies");
    explore(FAIL, false, "a task fails");
    explore(REPLY, true, "a task replies, or is killed");
}

static void
test_a_request_is_answered_later(void **state)
{
    (void)state;
    explore(KEEP, false, "a task keeps a request");
    explore(KEEP_NOW, false, "a task keeps and replies");
    explore(HOLD, false, "a task holds a request");
    explore(FORWARD, false, "a task forwards to itself");
    explore(PASS, false, "a task passes a request on");
    explore(HOLD, true, "a task holds a request, or is killed");
}

static void
test_a_reply_that_comes_alone_is_taken_once(void **state)
{
    (void)state;
    explore(CALL, false, "a task calls");
    explore(WORDS_CALL, false, "a task calls for words");
    explore(AWAIT, false, "a task awaits an answer");
    explore(SELECT, false, "a task selects");
    explore(CHILD, false, "a task's child fails");
    explore(CALL, true, "a task calls, or is killed");
}

static void
test_a_look_sees_what_is_there(void **state)
{
    (void)state;
    explore(LOOK, false, "a task looks for mail");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_request_that_comes_alone_is_answered_once),
        cmocka_unit_test(test_a_request_is_answered_later),
        cmocka_unit_test(test_a_reply_that_comes_alone_is_taken_once),
        cmocka_unit_test(test_a_look_sees_what_is_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
