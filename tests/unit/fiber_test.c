/* SPDX-License-Identifier: MIT */
/*
 * What comes to a task alone lies in its mailbox while the task has its turn. With
 * one worker and nobody else each turn is such a one; simulations have none.
 */
#include "tests/support/stress.h"

#define JUGGLER_CHECK(condition)                                               \
    STRESS_CHECK(condition, "not so: %s", #condition)
#include "tests/support/juggler.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define ROUNDS 8

static int64_t
toss_it(akt_self *me, akt_ref ref, int64_t how)
{
    struct caught caught = {.n = -1};
    akt_future f;

    STRESS_OK(akt_ask(me, ref, &f, toss, .n = how));
    STRESS_OK(akt_await_as(me, f, caught, &caught));
    return caught.n;
}

/* It has had all that it has sent to itself, of which there were so many a toss. */
static void
play(akt_self *me, akt_ref ref, enum how how, int64_t crumbs)
{
    int64_t i;

    for (i = 0; i < ROUNDS; i++) {
        STRESS_CHECK(toss_it(me, ref, how) == (int64_t)how, "another answer");
    }
    STRESS_CHECK(toss_it(me, ref, COUNT) == ROUNDS * crumbs,
                 "its own mail was lost");
}

static void
juggle_with(enum how how, int64_t crumbs)
{
    struct stress_memory memory;
    akt_counters counters;
    akt_system_opts opts;
    akt_system *system;
    akt_ref helper_ref;
    akt_ref ref;
    akt_self *me;

    stress_phase("how %d", (int)how);
    stress_memory_init(&memory);
    opts = stress_opts(1, &memory);
    STRESS_OK(akt_system_start(&opts, &system));
    STRESS_OK(akt_attach(system, &me));
    STRESS_OK(akt_spawn(me, helper, &helper_ref));
    STRESS_OK(akt_task_spawn_detached(me, juggle, &ref, .helper = helper_ref));
    play(me, ref, how, crumbs);
    akt_detach(me);
    stress_stop(system, AKT_SECONDS(10), &counters);
    stress_memory_check(&memory);
    stress_end();
}

static void
test_a_request_is_answered(void **state)
{
    (void)state;
    juggle_with(REPLY, 1);
}

static void
test_a_request_is_held_over_a_turn(void **state)
{
    (void)state;
    juggle_with(HOLD, 1);
}

static void
test_a_request_is_kept(void **state)
{
    (void)state;
    juggle_with(KEEP, 1);
    juggle_with(KEEP_NOW, 1);
}

static void
test_a_request_is_passed_on(void **state)
{
    (void)state;
    juggle_with(FORWARD, 1);
    juggle_with(PASS, 0);
}

static void
test_a_reply_is_copied(void **state)
{
    (void)state;
    juggle_with(CALL, 2);
}

static void
test_a_reply_is_kept_for_its_words(void **state)
{
    (void)state;
    juggle_with(WORDS_CALL, 2);
}

static void
test_an_answer_is_held(void **state)
{
    (void)state;
    juggle_with(AWAIT, 3);
}

static void
test_an_end_is_selected(void **state)
{
    (void)state;
    juggle_with(SELECT, 2);
}

static void
test_the_end_of_a_child_is_heard(void **state)
{
    (void)state;
    juggle_with(CHILD, 2);
}

static void
test_a_look_sees_what_has_come(void **state)
{
    (void)state;
    juggle_with(LOOK, 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_request_is_answered),
        cmocka_unit_test(test_a_request_is_held_over_a_turn),
        cmocka_unit_test(test_a_request_is_kept),
        cmocka_unit_test(test_a_request_is_passed_on),
        cmocka_unit_test(test_a_reply_is_copied),
        cmocka_unit_test(test_a_reply_is_kept_for_its_words),
        cmocka_unit_test(test_an_answer_is_held),
        cmocka_unit_test(test_an_end_is_selected),
        cmocka_unit_test(test_the_end_of_a_child_is_heard),
        cmocka_unit_test(test_a_look_sees_what_has_come),
    };

    stress_begin("fiber_test");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
