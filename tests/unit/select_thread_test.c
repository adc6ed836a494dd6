/* SPDX-License-Identifier: MIT */
/*
 * Selects of plain threads, which have no turns: they are woken by what comes to their
 * inbox, and see deadlines themselves. None of these has a time limit of its own, so
 * one that is not woken hangs.
 */
#include "tests/support/sim.h"
#include "tests/support/stress.h"

#define NUMBER(F) F(i64, n)
AKT_MESSAGE(num, NUMBER);
AKT_REQUEST(get, NUMBER, num);

/* --- whom they wait for --- */

struct delay {
    uint64_t ms;
};

static akt_err
ends_later(akt_self *self, struct delay *d)
{
    AKT_TRY(akt_sleep(self, AKT_MS(d->ms)));
    return akt_task_return(self, num, .n = (int64_t)d->ms);
}
AKT_TASK(ends_later, struct delay);

static akt_err
never_answers(akt_self *self)
{
    return akt_sleep(self, AKT_SECONDS(3600));
}
AKT_TASK(never_answers, void);

struct sender {
    akt_tx out;
};

static akt_err
sends_later(akt_self *self, struct sender *s)
{
    AKT_TRY(akt_sleep(self, AKT_MS(5)));
    return akt_channel_send(self, s->out, num, .n = 7);
}
AKT_TASK(sends_later, struct sender);

/* --- a system with one such thread, this one --- */

static void
with_threads(void (*scenario)(akt_self *self))
{
    struct stress_memory memory;
    akt_system_opts opts;
    akt_system *system;
    akt_self *self;

    stress_memory_init(&memory);
    opts = stress_opts(2, &memory);
    assert_ok(akt_system_start(&opts, &system));
    assert_ok(akt_attach(system, &self));
    scenario(self);
    akt_detach(self);
    assert_ok(akt_system_stop(system, 0));
    akt_system_destroy(system);
    stress_memory_check(&memory);
}

static size_t
first_of(akt_self *self, akt_branch *b, size_t n)
{
    size_t which = n;

    assert_ok(akt_select(self, b, n, AKT_SELECT_FAIR, AKT_NEVER, &which));
    assert_ok(b[which].error);
    return which;
}

/* --- the tests --- */

static void
each_end(akt_self *self)
{
    akt_answer *answer = NULL;
    akt_branch b[3];
    int64_t sum = 0;
    uint64_t i;

    for (i = 0; i < 3; i++) {
        akt_task task;

        assert_ok(akt_task_spawn(self, ends_later, &task, .ms = i * 2));
        b[i] = (akt_branch)AKT_WHEN_ENDED(task.future, &answer);
    }
    for (i = 0; i < 3; i++) {
        size_t which = first_of(self, b, 3);

        sum += akt_answer_as(answer, num)->n;
        akt_answer_free(self, answer);
        b[which] = (akt_branch){0};
    }
    assert_int_equal(sum, 0 + 2 + 4);
}

static void
test_each_end_wakes_a_thread(void **state)
{
    (void)state;
    with_threads(each_end);
}

/* Of a request and of parts of a combined future; the rest is far away. */
static void
deadlines(akt_self *self)
{
    akt_answer *answer = NULL;
    akt_future whole;
    akt_future f[2];
    akt_future far;
    akt_task deaf;

    assert_ok(akt_task_spawn(self, never_answers, &deaf));
    assert_ok(akt_ask_within(self, AKT_SECONDS(3600), deaf.ref, &far, get));
    assert_ok(akt_ask_within(self, AKT_MS(3), deaf.ref, &f[0], get));
    {
        akt_branch b[] = {AKT_WHEN_ENDED(far, NULL),
                          AKT_WHEN_ENDED(f[0], &answer)};

        assert_int_equal(first_of(self, b, 2), 1);
    }
    assert_int_equal(answer->outcome, AKT_EXPIRED);
    akt_answer_free(self, answer);
    assert_ok(akt_ask_within(self, AKT_MS(3), deaf.ref, &f[0], get));
    assert_ok(akt_ask_within(self, AKT_MS(4), deaf.ref, &f[1], get));
    assert_ok(akt_all_settled(self, f, 2, &whole));
    {
        akt_branch b[] = {AKT_WHEN_ENDED(far, NULL),
                          AKT_WHEN_ENDED(whole, &answer)};

        assert_int_equal(first_of(self, b, 2), 1);
    }
    assert_int_equal(answer->each[1].outcome, AKT_EXPIRED);
    akt_answer_free(self, answer);
    akt_future_drop(self, far);
    assert_ok(akt_task_cancel(self, deaf));
    assert_err(akt_join(self, deaf), AKT_ECANCELLED);
}

static void
test_a_thread_sees_deadlines_of_futures(void **state)
{
    (void)state;
    with_threads(deadlines);
}

/* The end of a future that is no branch comes first. */
static void
other_ends(akt_self *self)
{
    struct num got;
    akt_task deaf;
    akt_task other;
    akt_tx tx;
    akt_rx rx;

    assert_ok(akt_channel_open(self, num, 1, &tx, &rx));
    assert_ok(akt_task_spawn(self, never_answers, &deaf));
    assert_ok(akt_task_spawn(self, ends_later, &other, .ms = 0));
    assert_ok(akt_task_spawn_giving(self, sends_later, AKT_GIFTS(tx), NULL,
                                    .out = tx));
    {
        akt_branch b[] = {AKT_WHEN_ENDED(deaf.future, NULL),
                          AKT_WHEN_RECV(rx, num, &got)};

        assert_int_equal(first_of(self, b, 2), 1);
    }
    assert_int_equal(got.n, 7);
    assert_ok(akt_join(self, other));
    assert_ok(akt_task_cancel(self, deaf));
    assert_err(akt_join(self, deaf), AKT_ECANCELLED);
}

static void
test_other_ends_are_not_a_branch(void **state)
{
    (void)state;
    with_threads(other_ends);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_end_wakes_a_thread),
        cmocka_unit_test(test_a_thread_sees_deadlines_of_futures),
        cmocka_unit_test(test_other_ends_are_not_a_branch),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
