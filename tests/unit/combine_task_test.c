/* SPDX-License-Identifier: MIT */
/*
 * Ends of tasks as parts of combined futures: results and errors come through, and
 * when the whole has ended nothing of it runs any more.
 */
#include "tests/unit/parts.h"

AKT_MESSAGE(other, NUMBER);

static void
assert_end(akt_self *self, akt_future whole, akt_outcome outcome, int64_t n)
{
    akt_answer *answer = end_of(self, whole);

    assert_int_equal(answer->outcome, outcome);
    assert_int_equal(number(answer), n);
    akt_answer_free(self, answer);
}

/* --- all --- */

static void
all_reply(akt_self *self)
{
    akt_future parts[] = {spawn_part(self, 1, 30), spawn_part(self, 2, 10)};
    akt_future whole;
    akt_answer *answer;

    assert_ok(akt_all(self, parts, 2, &whole));
    answer = end_of(self, whole);
    assert_int_equal(answer->outcome, AKT_REPLIED);
    assert_int_equal(answer->count, 2);
    assert_int_equal(number(&answer->each[0]), 1);
    assert_int_equal(number(&answer->each[1]), 2);
    akt_answer_free(self, answer);
    assert_notes(2, 1);
}

static void
all_fail(akt_self *self)
{
    akt_future parts[] = {spawn_part(self, 1, 3000), spawn_part(self, -2, 10)};
    akt_future whole;
    akt_answer *answer;

    assert_ok(akt_all(self, parts, 2, &whole));
    answer = end_of(self, whole);
    assert_int_equal(answer->outcome, AKT_FAILED);
    assert_err(answer->error, OWN_ERROR);
    assert_string_equal(answer->text.ptr, "it went wrong");
    assert_int_equal(answer->index, 1);
    akt_answer_free(self, answer);
    assert_notes(-2, -1);
}

static void
all_settle(akt_self *self)
{
    akt_future parts[] = {spawn_part(self, 1, 30), spawn_part(self, -2, 10)};
    akt_future whole;
    akt_answer *answer;

    assert_ok(akt_all_settled(self, parts, 2, &whole));
    answer = end_of(self, whole);
    assert_int_equal(answer->outcome, AKT_REPLIED);
    assert_int_equal(number(&answer->each[0]), 1);
    assert_err(answer->each[1].error, OWN_ERROR);
    akt_answer_free(self, answer);
    assert_notes(-2, 1);
}

static void
join_all(struct sim *sim)
{
    in_both(sim, all_reply);
    sim_forget();
    in_both(sim, all_fail);
    sim_forget();
    in_both(sim, all_settle);
}

static void
test_all_joins_tasks_with_their_results_and_errors(void **state)
{
    (void)state;
    sim_each_seed(join_all);
}

/* --- the first --- */

static void
first_wins(akt_self *self)
{
    akt_future parts[] = {spawn_part(self, 1, 3000), spawn_part(self, 2, 10),
                          spawn_part(self, 3, 3000)};
    akt_future whole;
    uint64_t begin = akt_now_ns(self);

    assert_ok(akt_race(self, parts, 3, &whole));
    assert_end(self, whole, AKT_REPLIED, 2);
    assert_true(akt_now_ns(self) - begin >= AKT_MS(60));
    assert_true(akt_now_ns(self) - begin < AKT_MS(200));
    assert_int_equal(sim_noted(2), 1);
    assert_int_equal(sim_noted(-1), 1);
    assert_int_equal(sim_noted(-3), 1);
}

static void
any_wins(akt_self *self)
{
    akt_future parts[] = {spawn_part(self, -1, 10), spawn_part(self, 2, 20),
                          spawn_part(self, 3, 3000)};
    akt_future whole;

    assert_ok(akt_any(self, parts, 3, &whole));
    assert_end(self, whole, AKT_REPLIED, 2);
    assert_notes(-1, 2, -3);
}

/* Its time is up, and it has cleaned up. */
static void
late(akt_self *self)
{
    akt_future whole;
    uint64_t begin = akt_now_ns(self);

    assert_ok(akt_timeout(self, spawn_part(self, 1, 3000), AKT_MS(20), &whole));
    assert_end(self, whole, AKT_EXPIRED, -1000 - (int64_t)AKT_ETIMEOUT);
    assert_true(akt_now_ns(self) - begin >= AKT_MS(70));
    assert_notes(-1);
}

static void
in_time(akt_self *self)
{
    akt_future whole;

    assert_ok(akt_timeout(self, spawn_part(self, 1, 20), AKT_MS(500), &whole));
    assert_end(self, whole, AKT_REPLIED, 1);
    assert_notes(1);
}

static void
take_first(struct sim *sim)
{
    in_both(sim, first_wins);
    sim_forget();
    in_both(sim, any_wins);
    sim_forget();
    in_both(sim, late);
    sim_forget();
    in_both(sim, in_time);
}

static void
test_losers_have_cleaned_up_when_the_first_is_told(void **state)
{
    (void)state;
    sim_each_seed(take_first);
}

/* What has ended before counts, and who has not is waited for. */
static void
ended_before(akt_self *self)
{
    akt_future parts[] = {spawn_part(self, 1, 3000), spawn_part(self, 2, 10),
                          spawn_part(self, 3, 10)};
    akt_future whole;

    assert_ok(akt_sleep(self, AKT_MS(40)));
    assert_ok(akt_race(self, parts, 3, &whole));
    assert_int_equal(akt_future_poll(self, whole), AKT_PENDING);
    assert_end(self, whole, AKT_REPLIED, 2);
    assert_int_equal(sim_note_at(2), -1);
}

static void
end_before(struct sim *sim)
{
    in_both(sim, ended_before);
}

static void
test_losers_of_what_has_ended_before_are_waited_for(void **state)
{
    (void)state;
    sim_in_order(end_before);
}

/* --- trees, and other futures beside --- */

static void
tree(akt_self *self)
{
    akt_future low[] = {spawn_part(self, 1, 3000), spawn_part(self, 2, 3000)};
    akt_future high[3];
    akt_future whole;

    assert_ok(akt_all(self, low, 2, &high[0]));
    assert_ok(
        akt_timeout(self, spawn_part(self, 3, 4000), AKT_MS(2000), &high[1]));
    high[2] = spawn_part(self, 4, 10);
    assert_ok(akt_race(self, high, 3, &whole));
    assert_end(self, whole, AKT_REPLIED, 4);
    assert_int_equal(sim_noted(-1) + sim_noted(-2) + sim_noted(-3), 3);
}

static void
beside(akt_self *self)
{
    akt_completer c;
    akt_future parts[2];
    akt_future whole;

    assert_ok(akt_oneshot_open(self, put, AKT_NEVER, &parts[0], &c));
    parts[1] = spawn_part(self, 1, 10);
    assert_ok(akt_race(self, parts, 2, &whole));
    assert_end(self, whole, AKT_REPLIED, 1);
    assert_err(akt_complete(self, c, put, .n = 5), AKT_EENDED);

    assert_ok(akt_oneshot_open(self, put, AKT_NEVER, &parts[0], &c));
    parts[1] = spawn_part(self, 1, 3000);
    assert_ok(akt_race(self, parts, 2, &whole));
    assert_ok(akt_sleep(self, AKT_MS(1)));
    assert_ok(akt_complete(self, c, put, .n = 5));
    assert_end(self, whole, AKT_REPLIED, 5);
    assert_notes(1, -1);
}

static void
combine_more(struct sim *sim)
{
    in_both(sim, tree);
    sim_forget();
    in_both(sim, beside);
}

static void
test_tasks_combine_with_all_that_is_a_future(void **state)
{
    (void)state;
    sim_each_seed(combine_more);
}

/* --- functions --- */

static akt_err
double_it(akt_self *self, void *arg, const struct put *in, struct put *out)
{
    (void)self;
    (void)arg;
    out->n = 2 * in->n;
    return AKT_OK;
}
AKT_MAP(double_it, put, put);

static akt_err
double_other(akt_self *self, void *arg, const struct other *in, struct put *out)
{
    (void)self;
    (void)arg;
    out->n = 2 * in->n;
    return AKT_OK;
}
AKT_MAP(double_other, other, put);

static akt_err
recover(akt_self *self, void *arg, const akt_answer *failed, struct other *out)
{
    (void)self;
    (void)arg;
    out->n = (int64_t)failed->error;
    return AKT_OK;
}
AKT_RECOVER(recover, other);

static akt_err
go_on(akt_self *self, void *arg, const struct put *in, akt_future *next)
{
    (void)arg;
    *next = spawn_part(self, in->n + 1, 3000);
    return AKT_OK;
}
AKT_AND_THEN(go_on, put, put);

static void
functions(akt_self *self)
{
    akt_future f;

    assert_ok(akt_map(self, spawn_part(self, 3, 5), double_it, NULL, &f));
    assert_end(self, f, AKT_REPLIED, 6);
    assert_ok(akt_map(self, spawn_part(self, 3, 5), double_other, NULL, &f));
    assert_end(self, f, AKT_FAILED, -1000 - (int64_t)AKT_ETYPE);
    assert_ok(akt_recover(self, spawn_part(self, 3, 5), recover, NULL, &f));
    assert_end(self, f, AKT_FAILED, -1000 - (int64_t)AKT_ETYPE);
    assert_ok(akt_map(self, spawn_part(self, -3, 5), double_it, NULL, &f));
    assert_end(self, f, AKT_FAILED, -1000 - (int64_t)OWN_ERROR);
}

/* A function gives no task to go on by: it may be of a scope that is closed. */
static void
next_is_a_task(akt_self *self)
{
    akt_future f;
    akt_answer *answer = NULL;

    assert_ok(akt_and_then(self, spawn_part(self, 3, 5), go_on, NULL, &f));
    assert_ok(akt_await(self, f, &answer));
    assert_err(answer->error, AKT_EINVAL);
    akt_answer_free(self, answer);
}

static void
step(struct sim *sim)
{
    in_both(sim, functions);
    in_task(sim, next_is_a_task);
}

static void
test_functions_go_on_from_tasks_of_their_type(void **state)
{
    (void)state;
    sim_each_seed(step);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_all_joins_tasks_with_their_results_and_errors),
        sim_test(test_losers_have_cleaned_up_when_the_first_is_told),
        sim_test(test_losers_of_what_has_ended_before_are_waited_for),
        sim_test(test_tasks_combine_with_all_that_is_a_future),
        sim_test(test_functions_go_on_from_tasks_of_their_type),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
