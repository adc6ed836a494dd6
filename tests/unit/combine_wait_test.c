/* SPDX-License-Identifier: MIT */
/* Threads and tasks that wait for several futures as one. */
#include "tests/unit/sets.h"

/* --- threads --- */

static void
wait_and_note(struct sim *sim, akt_future f)
{
    akt_answer *answer;

    assert_ok(akt_wait(sim->me, f, &answer));
    note_answer(answer);
    assert_int_equal(akt_future_poll(sim->me, f), AKT_BROKEN);
    akt_answer_free(sim->me, answer);
}

static void
thread_waits(struct sim *sim)
{
    struct set s = {.combine = akt_all, .n = 3};
    size_t i;

    (void)open_set(sim->me, &s);
    for (i = 0; i < 3; i++) {
        assert_int_equal(akt_future_poll(sim->me, s.whole), AKT_PENDING);
        complete(sim, &s, i, (int64_t)i);
    }
    assert_int_equal(akt_future_poll(sim->me, s.whole), AKT_REPLIED);
    wait_and_note(sim, s.whole);
    assert_notes(AKT_REPLIED, AKT_OK, 0, 0, 1, 2);
    sim_forget();
    s = (struct set){.combine = akt_race, .n = 2};
    (void)open_set(sim->me, &s);
    complete(sim, &s, 1, 5);
    complete(sim, &s, 0, 6);
    wait_and_note(sim, s.whole);
    assert_notes(AKT_REPLIED, 5, 1);
    sim_forget();
    s = (struct set){.combine = nest, .n = 4};
    (void)open_set(sim->me, &s);
    (void)cancel_whole(sim->me, &s);
    wait_and_note(sim, s.whole);
    assert_notes(AKT_CANCELLED, AKT_ECANCELLED, 0);
    sim_forget();
    (void)open_set(sim->me, &s);
    complete(sim, &s, 0, 6);
    (void)drop_whole(sim->me, &s);
    (void)open_set(sim->me, &s); /* goes with the view */
    complete(sim, &s, 0, 6);
}

static void
test_thread_waits_for_combined_futures(void **state)
{
    (void)state;
    sim_each_seed(thread_waits);
}

/* A thread's futures have no timers. */
static void
thread_deadlines(struct sim *sim)
{
    uint64_t before = akt_now_ns(sim->me);
    struct set s = {.combine = akt_all_settled, .n = 3};

    s.timeout_ns = AKT_MS(20);
    (void)open_set(sim->me, &s);
    complete(sim, &s, 1, 5);
    wait_and_note(sim, s.whole);
    assert_notes(AKT_REPLIED, AKT_OK, 0, -AKT_ETIMEOUT, 5, -AKT_ETIMEOUT);
    assert_int_equal(akt_now_ns(sim->me), before + AKT_MS(20));
    sim_forget();
    s = (struct set){.combine = limit, .n = 1};
    (void)open_set(sim->me, &s);
    wait_and_note(sim, s.whole);
    assert_notes(AKT_EXPIRED, AKT_ETIMEOUT, 0);
    assert_int_equal(akt_now_ns(sim->me), before + AKT_MS(30));
    assert_false(is_open(sim, &s, 0));
    (void)open_set(sim->me, &s);
    (void)akt_sim_advance(sim->system, AKT_MS(10));
    assert_int_equal(akt_future_poll(sim->me, s.whole), AKT_EXPIRED);
    akt_future_drop(sim->me, s.whole);
}

static void
test_thread_sees_the_deadlines_of_parts(void **state)
{
    (void)state;
    sim_each_seed(thread_deadlines);
}

/* --- tasks --- */

static akt_err
note_for_task(akt_self *self, akt_future f)
{
    akt_answer *answer;

    AKT_TRY(akt_await(self, f, &answer));
    note_answer(answer);
    akt_answer_free(self, answer);
    assert_int_equal(akt_future_poll(self, f), AKT_BROKEN);
    return AKT_OK;
}

static akt_err
wait_in_map(akt_self *self, void *arg, const struct put *in, struct put *out)
{
    akt_future *other = arg;

    out->n = in->n + 1;
    assert_err(akt_await(self, *other, NULL), AKT_ECONTEXT);
    assert_err(akt_sleep(self, 1), AKT_ECONTEXT);
    return AKT_OK;
}
AKT_MAP(wait_in_map, put, put);

struct task_args {
    struct set *set;
};

static akt_err
as_task(akt_self *self, struct task_args *a)
{
    struct set *s = a->set;
    akt_future other;
    akt_task child;
    size_t i;

    for (i = 0; i < s->n; i++) {
        AKT_TRY(akt_oneshot_open(self, put, AKT_SECONDS(1), &s->parts[i],
                                 &s->completers[i]));
    }
    AKT_TRY(akt_future_ready(self, &other, put, .n = 1));
    AKT_TRY(akt_map(self, s->parts[0], wait_in_map, &other, &s->parts[0]));
    AKT_TRY(akt_all(self, s->parts, s->n, &s->whole));
    AKT_TRY(note_for_task(self, s->whole));
    AKT_TRY(note_for_task(self, other));
    child.future = (akt_future){NULL, 0};
    assert_err(akt_all(self, &child.future, 1, &other), AKT_EENDED);
    return AKT_OK;
}
AKT_TASK(as_task, struct task_args);

static void
tasks_await(struct sim *sim)
{
    struct set s = {.n = 2};
    akt_task task;

    assert_ok(akt_task_spawn(sim->me, as_task, &task, .set = &s));
    (void)akt_sim_run_until_idle(sim->system);
    complete(sim, &s, 1, 20);
    complete(sim, &s, 0, 10);
    assert_ok(akt_join(sim->me, task));
    assert_notes(AKT_REPLIED, AKT_OK, 0, 11, 20, AKT_REPLIED, 1, 0);
    sim_forget();
    /* Cancelled while it waits: the parts go with it. */
    assert_ok(akt_task_spawn(sim->me, as_task, &task, .set = &s));
    (void)akt_sim_run_until_idle(sim->system);
    assert_ok(akt_task_cancel(sim->me, task));
    assert_err(akt_join(sim->me, task), AKT_ECANCELLED);
    assert_false(is_open(sim, &s, 0));
    assert_false(is_open(sim, &s, 1));
}

static void
test_task_awaits_combined_futures(void **state)
{
    (void)state;
    sim_each_seed(tasks_await);
}

typedef akt_err combiner(akt_self *, const akt_future *, size_t, akt_future *);

static akt_err
first_as(akt_self *self, combiner *of, int64_t *out_n)
{
    akt_future parts[2];
    akt_future whole;
    struct put p = {.n = -1};
    akt_err err;

    AKT_TRY(akt_future_failed(self, &parts[0], AKT_ENOENT, "words"));
    AKT_TRY(akt_future_ready(self, &parts[1], put, .n = 7));
    AKT_TRY(of(self, parts, 2, &whole));
    err = akt_await_as(self, whole, put, &p);
    *out_n = p.n;
    assert_int_equal(akt_future_poll(self, whole), AKT_BROKEN);
    return err;
}

static akt_err
make_one_more(akt_self *self, void *arg, const struct put *in, struct put *out)
{
    (void)self;
    (void)arg;
    out->n = in->n + 1;
    return AKT_OK;
}
AKT_MAP(make_one_more, put, put);

/* The reply of a combined future is that of a part, or its own. */
static akt_err
await_as(akt_self *self, struct task_args *a)
{
    akt_future parts[2];
    akt_future whole;
    struct put p = {0};
    int64_t n = 0;

    (void)a;
    assert_ok(first_as(self, akt_any, &n));
    assert_int_equal(n, 7);
    assert_err(first_as(self, akt_race, &n), AKT_ENOENT);
    assert_int_equal(n, -1);
    assert_err(first_as(self, akt_all, &n), AKT_ENOENT);
    assert_err(first_as(self, akt_all_settled, &n), AKT_ETYPE);
    AKT_TRY(akt_future_ready(self, &parts[0], put, .n = 1));
    AKT_TRY(akt_map(self, parts[0], make_one_more, NULL, &whole));
    AKT_TRY(akt_timeout(self, whole, AKT_SECONDS(1), &whole));
    assert_ok(akt_await_as(self, whole, put, &p));
    assert_int_equal(p.n, 2);
    AKT_TRY(akt_future_ready(self, &parts[0], put, .n = 1));
    AKT_TRY(akt_race(self, parts, 1, &whole));
    assert_ok(akt_await(self, whole, NULL));
    return AKT_OK;
}
AKT_TASK(await_as, struct task_args);

static void
take_replies(struct sim *sim)
{
    akt_task task;

    assert_ok(await_as(sim->me, NULL));
    assert_ok(akt_task_spawn(sim->me, await_as, &task));
    assert_ok(akt_join(sim->me, task));
}

static void
test_the_reply_of_a_combined_future_is_copied_out(void **state)
{
    (void)state;
    sim_each_seed(take_replies);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_thread_waits_for_combined_futures),
        sim_test(test_thread_sees_the_deadlines_of_parts),
        sim_test(test_task_awaits_combined_futures),
        sim_test(test_the_reply_of_a_combined_future_is_copied_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
