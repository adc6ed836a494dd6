/* SPDX-License-Identifier: MIT */
/* Several futures as one: what each rule says, in actors and in threads. */
#include "tests/support/sim.h"

#define NUMBER(F) F(i64, n)
AKT_MESSAGE(put, NUMBER);
AKT_MESSAGE(other, NUMBER);
AKT_REQUEST(get, NUMBER, put);

#define PARTS 4

/* Opens oneshots, and completes them by other hands. */
struct set {
    akt_future parts[PARTS];
    akt_completer completers[PARTS];
    akt_future whole;
    akt_err (*combine)(akt_self *self, const akt_future *futures, size_t n,
                       akt_future *out);
    size_t n;
    uint64_t timeout_ns;
};

struct actor {
    char nothing;
};

static akt_err
on_act(akt_self *self, struct actor *a, const struct act *m)
{
    (void)a;
    return m->fn(self, m->arg);
}
AKT_CLASS(actor, struct actor, AKT_ON(act, on_act));
AKT_CLASS(narrow, struct actor, AKT_ON(act, on_act), AKT_REQUESTS(4));

static akt_ref
spawn_actor(struct sim *sim)
{
    akt_ref ref;

    assert_ok(akt_spawn(sim->me, actor, &ref, .nothing = 0));
    return ref;
}

static void
note_answer(const akt_answer *answer)
{
    const struct put *reply = akt_answer_as(answer, put);
    size_t i;

    sim_note((int64_t)answer->outcome);
    sim_note(reply != NULL ? reply->n : (int64_t)answer->error);
    sim_note((int64_t)answer->index);
    for (i = 0; i < answer->count; i++) {
        reply = akt_answer_as(&answer->each[i], put);
        sim_note(reply != NULL ? reply->n : -(int64_t)answer->each[i].error);
    }
}

static akt_err
heard(akt_self *self, struct actor *a, const akt_answer *answer)
{
    (void)self;
    (void)a;
    note_answer(answer);
    return AKT_OK;
}
AKT_THEN_ANSWER(heard, struct actor);

static akt_err
heard_put(akt_self *self, struct actor *a, const akt_answer *answer,
          const struct put *reply)
{
    (void)reply;
    return heard(self, a, answer);
}
AKT_THEN_OF(heard_put, struct actor, put);

static akt_err
heard_other(akt_self *self, struct actor *a, const akt_answer *answer,
            const struct other *reply)
{
    (void)reply;
    return heard(self, a, answer);
}
AKT_THEN_OF(heard_other, struct actor, other);

static akt_err
open_set(akt_self *self, void *arg)
{
    struct set *s = arg;
    size_t i;

    for (i = 0; i < s->n; i++) {
        uint64_t timeout = s->timeout_ns != 0 ? s->timeout_ns : AKT_SECONDS(1);

        assert_ok(akt_oneshot_open(self, timeout, &s->parts[i],
                                   &s->completers[i], put));
    }
    assert_ok(s->combine(self, s->parts, s->n, &s->whole));
    for (i = 0; i < s->n; i++) {
        akt_answer *answer;

        assert_int_equal(akt_future_poll(self, s->parts[i]), AKT_BROKEN);
        assert_err(akt_cancel(self, s->parts[i]), AKT_EENDED);
        assert_int_not_equal(akt_wait(self, s->parts[i], &answer), AKT_OK);
        akt_future_drop(self, s->parts[i]);
    }
    return AKT_OK;
}

static akt_err
open_and_continue(akt_self *self, void *arg)
{
    struct set *s = arg;

    (void)open_set(self, s);
    assert_int_equal(akt_future_poll(self, s->whole), AKT_PENDING);
    return akt_then(self, s->whole, heard, NULL);
}

static void
complete(struct sim *sim, struct set *s, size_t i, int64_t n)
{
    assert_ok(akt_complete(sim->me, s->completers[i], put, .n = n));
    (void)akt_sim_run_until_idle(sim->system);
}

static void
break_part(struct sim *sim, struct set *s, size_t i, akt_err err)
{
    assert_ok(akt_complete_error(sim->me, s->completers[i], err, "a text"));
    (void)akt_sim_run_until_idle(sim->system);
}

static bool
is_open(struct sim *sim, struct set *s, size_t i)
{
    return akt_completer_is_open(sim->me, s->completers[i]);
}

/* --- what each says --- */

static void
all_reply(struct sim *sim)
{
    struct set s = {.combine = akt_all, .n = 3};

    sim_do(sim, spawn_actor(sim), open_and_continue, &s);
    complete(sim, &s, 2, 30);
    complete(sim, &s, 0, 10);
    assert_int_equal(sim_note_count(), 0);
    complete(sim, &s, 1, 20);
    assert_notes(AKT_REPLIED, AKT_OK, 0, 10, 20, 30);
    assert_int_equal(sim_counters(sim).asked, 0);
}

static void
test_all_gives_the_answers_in_order(void **state)
{
    (void)state;
    sim_each_seed(all_reply);
}

static void
all_fail(struct sim *sim)
{
    struct set s = {.combine = akt_all, .n = 3};

    sim_do(sim, spawn_actor(sim), open_and_continue, &s);
    complete(sim, &s, 0, 10);
    break_part(sim, &s, 1, AKT_EIO);
    assert_notes(AKT_FAILED, AKT_EIO, 1);
    assert_false(is_open(sim, &s, 2));
}

static void
test_all_fails_at_the_first_failure_and_cancels_the_rest(void **state)
{
    (void)state;
    sim_each_seed(all_fail);
}

static void
settled(struct sim *sim)
{
    struct set s = {.combine = akt_all_settled, .n = 4};

    sim_do(sim, spawn_actor(sim), open_and_continue, &s);
    break_part(sim, &s, 1, AKT_EIO);
    complete(sim, &s, 0, 10);
    akt_completer_drop(sim->me, s.completers[2]);
    (void)akt_sim_run_until_idle(sim->system);
    assert_int_equal(sim_note_count(), 0);
    (void)akt_sim_advance(sim->system, AKT_SECONDS(2));
    assert_notes(AKT_REPLIED, AKT_OK, 0, 10, -AKT_EIO, -AKT_EBROKEN,
                 -AKT_ETIMEOUT);
}

static void
test_settled_waits_for_all_however_they_end(void **state)
{
    (void)state;
    sim_each_seed(settled);
}

static void
any_replies(struct sim *sim)
{
    struct set s = {.combine = akt_any, .n = 3};

    sim_do(sim, spawn_actor(sim), open_and_continue, &s);
    break_part(sim, &s, 0, AKT_EIO);
    assert_int_equal(sim_note_count(), 0);
    complete(sim, &s, 1, 20);
    assert_notes(AKT_REPLIED, 20, 1);
    assert_false(is_open(sim, &s, 2));
}

static void
any_fails(struct sim *sim)
{
    struct set s = {.combine = akt_any, .n = 3};

    sim_do(sim, spawn_actor(sim), open_and_continue, &s);
    break_part(sim, &s, 0, AKT_EIO);
    break_part(sim, &s, 2, AKT_EFULL);
    break_part(sim, &s, 1, AKT_EDEAD);
    assert_notes(AKT_FAILED, AKT_EDEAD, 1);
}

static void
test_any_takes_the_first_reply_or_the_last_error(void **state)
{
    (void)state;
    sim_each_seed(any_replies);
    sim_each_seed(any_fails);
}

static void
race_ends(struct sim *sim)
{
    struct set s = {.combine = akt_race, .n = 3};

    sim_do(sim, spawn_actor(sim), open_and_continue, &s);
    break_part(sim, &s, 2, AKT_EIO);
    assert_notes(AKT_FAILED, AKT_EIO, 2);
    assert_false(is_open(sim, &s, 0));
    assert_false(is_open(sim, &s, 1));
    sim_forget();
    s = (struct set){.combine = akt_race, .n = 2};
    sim_do(sim, spawn_actor(sim), open_and_continue, &s);
    complete(sim, &s, 1, 7);
    assert_notes(AKT_REPLIED, 7, 1);
}

static void
test_race_takes_the_first_end_and_cancels_the_others(void **state)
{
    (void)state;
    sim_each_seed(race_ends);
}

/* --- the whole is cancelled, dropped, or its owner ends --- */

static akt_err
cancel_whole(akt_self *self, void *arg)
{
    struct set *s = arg;

    assert_ok(akt_cancel(self, s->whole));
    assert_err(akt_cancel(self, s->whole), AKT_EENDED);
    assert_int_equal(akt_future_poll(self, s->whole), AKT_CANCELLED);
    return AKT_OK;
}

static akt_err
drop_whole(akt_self *self, void *arg)
{
    struct set *s = arg;

    akt_future_drop(self, s->whole);
    akt_future_drop(self, s->whole);
    assert_int_equal(akt_future_poll(self, s->whole), AKT_BROKEN);
    return AKT_OK;
}

static akt_err
stop_owner(akt_self *self, void *arg)
{
    (void)arg;
    akt_stop_self(self);
    return AKT_OK;
}

static void
go_by(struct sim *sim, akt_err (*fn)(akt_self *self, void *arg), bool answered)
{
    struct set s = {.combine = akt_all, .n = 3};
    akt_ref owner = spawn_actor(sim);

    sim_do(sim, owner, open_and_continue, &s);
    if (answered) {
        complete(sim, &s, 1, 20);
    }
    sim_do(sim, owner, fn, &s);
    assert_false(is_open(sim, &s, 0));
    assert_false(is_open(sim, &s, 1));
    assert_false(is_open(sim, &s, 2));
}

static void
whole_goes(struct sim *sim)
{
    int i;

    for (i = 0; i < 2; i++) {
        go_by(sim, cancel_whole, i == 1);
        assert_notes(AKT_CANCELLED, AKT_ECANCELLED, 0);
        sim_forget();
        go_by(sim, drop_whole, i == 1);
        go_by(sim, stop_owner, i == 1);
        assert_int_equal(sim_note_count(), 0);
    }
}

static void
test_parts_go_with_the_whole(void **state)
{
    (void)state;
    sim_each_seed(whole_goes);
}

/* --- what has ended before --- */

static akt_err
combine_ended(akt_self *self, void *arg)
{
    akt_future parts[3];
    akt_future whole;

    (void)arg;
    assert_ok(akt_future_ready(self, &parts[0], put, .n = 1));
    assert_ok(akt_future_ready(self, &parts[1], put, .n = 2));
    assert_ok(akt_all(self, parts, 2, &whole));
    assert_int_equal(akt_future_poll(self, whole), AKT_REPLIED);
    assert_err(akt_then(self, whole, heard_put, NULL), AKT_ETYPE);
    assert_ok(akt_then(self, whole, heard, NULL));
    assert_int_equal(sim_note_count(), 0); /* never inside the call */
    assert_ok(akt_all(self, NULL, 0, &whole));
    assert_int_equal(akt_future_poll(self, whole), AKT_REPLIED);
    assert_ok(akt_then(self, whole, heard, NULL));
    assert_ok(akt_all_settled(self, NULL, 0, &whole));
    akt_future_drop(self, whole);
    assert_ok(akt_future_failed(self, &parts[0], AKT_EIO, NULL));
    assert_ok(akt_future_ready(self, &parts[1], put, .n = 2));
    assert_ok(akt_future_ready(self, &parts[2], put, .n = 3));
    assert_ok(akt_any(self, parts, 3, &whole));
    assert_err(akt_then(self, whole, heard_other, NULL), AKT_ETYPE);
    return akt_then(self, whole, heard_put, NULL);
}

static void
ended_before(struct sim *sim)
{
    sim_do(sim, spawn_actor(sim), combine_ended, NULL);
    assert_notes(AKT_REPLIED, AKT_OK, 0, 1, 2, AKT_REPLIED, AKT_OK, 0,
                 AKT_REPLIED, 2, 1);
}

static void
test_what_has_ended_before_counts_at_once(void **state)
{
    (void)state;
    sim_each_seed(ended_before);
}

/* --- of each other --- */

static akt_err
nest(akt_self *self, const akt_future *futures, size_t n, akt_future *out)
{
    akt_future halves[2];

    assert_int_equal(n, 4);
    AKT_TRY(akt_all(self, futures, 2, &halves[0]));
    AKT_TRY(akt_race(self, futures + 2, 2, &halves[1]));
    return akt_all(self, halves, 2, out);
}

static akt_err
heard_nested(akt_self *self, struct actor *a, const akt_answer *answer)
{
    (void)self;
    (void)a;
    assert_int_equal(answer->count, 2);
    note_answer(&answer->each[0]);
    note_answer(&answer->each[1]);
    return AKT_OK;
}
AKT_THEN_ANSWER(heard_nested, struct actor);

static akt_err
open_nested(akt_self *self, void *arg)
{
    struct set *s = arg;

    (void)open_set(self, s);
    return akt_then(self, s->whole, heard_nested, NULL);
}

static void
nested(struct sim *sim)
{
    struct set s = {.combine = nest, .n = 4};

    sim_do(sim, spawn_actor(sim), open_nested, &s);
    complete(sim, &s, 1, 2);
    complete(sim, &s, 3, 4);
    assert_false(is_open(sim, &s, 2));
    complete(sim, &s, 0, 1);
    assert_notes(AKT_REPLIED, AKT_OK, 0, 1, 2, AKT_REPLIED, 4, 1);
    sim_forget();
    go_by(sim, drop_whole, false);
    s = (struct set){.combine = nest, .n = 4};
    sim_do(sim, spawn_actor(sim), open_set, &s);
    break_part(sim, &s, 3, AKT_EIO);
    assert_false(is_open(sim, &s, 0));
    assert_false(is_open(sim, &s, 1));
}

static void
test_combined_futures_combine(void **state)
{
    (void)state;
    sim_each_seed(nested);
}

/* --- time --- */

static akt_err
limit(akt_self *self, const akt_future *futures, size_t n, akt_future *out)
{
    assert_int_equal(n, 1);
    assert_err(akt_timeout(self, futures[0], 0, out), AKT_EINVAL);
    assert_err(akt_timeout(self, futures[0], AKT_NEVER, out), AKT_EINVAL);
    return akt_timeout(self, futures[0], AKT_MS(10), out);
}

static void
timeouts(struct sim *sim)
{
    struct set s = {.combine = limit, .n = 1};

    sim_do(sim, spawn_actor(sim), open_and_continue, &s);
    (void)akt_sim_advance(sim->system, AKT_MS(10) - 1);
    assert_int_equal(sim_note_count(), 0);
    assert_true(is_open(sim, &s, 0));
    (void)akt_sim_advance(sim->system, 1);
    assert_notes(AKT_EXPIRED, AKT_ETIMEOUT, 0);
    assert_false(is_open(sim, &s, 0));
    sim_forget();
    sim_do(sim, spawn_actor(sim), open_and_continue, &s);
    complete(sim, &s, 0, 3);
    assert_notes(AKT_REPLIED, 3, 0);
    sim_forget();
    s.timeout_ns = AKT_MS(5);
    sim_do(sim, spawn_actor(sim), open_and_continue, &s);
    (void)akt_sim_advance(sim->system, AKT_MS(5));
    assert_notes(AKT_EXPIRED, AKT_ETIMEOUT, 0);
    /* Also when nobody takes the answer. */
    s.timeout_ns = 0;
    sim_do(sim, spawn_actor(sim), open_set, &s);
    (void)akt_sim_advance(sim->system, AKT_MS(10));
    assert_false(is_open(sim, &s, 0));
    sim_forget();
    go_by(sim, stop_owner, false);
}

static void
test_timeout_ends_what_is_late(void **state)
{
    (void)state;
    sim_each_seed(timeouts);
}

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

/* --- misuse --- */

struct theft {
    akt_future future;
    akt_err err;
};

static akt_err
steal(akt_self *self, void *arg)
{
    struct theft *t = arg;
    akt_future whole;

    t->err = akt_all(self, &t->future, 1, &whole);
    return AKT_OK;
}

static void
misuse(struct sim *sim)
{
    akt_future parts[3];
    akt_future none = {NULL, 0};
    akt_future whole = {NULL, 7};
    akt_future inner;
    akt_completer c;
    struct theft theft;
    size_t i;

    for (i = 0; i < 3; i++) {
        assert_ok(akt_oneshot_open(sim->me, 0, &parts[i], &c, put));
    }
    assert_err(akt_all(sim->me, NULL, 3, &whole), AKT_EINVAL);
    assert_err(akt_all(sim->me, parts, 3, NULL), AKT_EINVAL);
    assert_err(akt_any(sim->me, parts, 0, &whole), AKT_EINVAL);
    assert_err(akt_race(sim->me, NULL, 0, &whole), AKT_EINVAL);
    assert_err(akt_race(sim->me, NULL, 2, &whole), AKT_EINVAL);
    assert_err(akt_timeout(sim->me, parts[0], 1, NULL), AKT_EINVAL);
    assert_err(akt_timeout(sim->me, none, 1, &whole), AKT_EENDED);
    assert_err(akt_all(sim->me, parts, (size_t)1 << 40, &whole), AKT_ELIMIT);
    {
        akt_future twice[3] = {parts[0], parts[1], parts[0]};
        akt_future with_none[3] = {parts[0], none, parts[1]};

        assert_err(akt_all(sim->me, twice, 3, &whole), AKT_EINVAL);
        assert_err(akt_all(sim->me, with_none, 3, &whole), AKT_EENDED);
    }
    theft.future = parts[0];
    sim_do(sim, spawn_actor(sim), steal, &theft);
    assert_err(theft.err, AKT_EENDED);
    assert_ok(akt_all(sim->me, parts, 1, &inner));
    assert_err(akt_all(sim->me, parts, 3, &whole), AKT_EENDED);
    assert_int_equal(whole.generation, 7);
    for (i = 1; i < 3; i++) {
        assert_int_equal(akt_future_poll(sim->me, parts[i]), AKT_PENDING);
    }
    assert_ok(akt_all(sim->me, parts + 1, 2, &whole));
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
        AKT_TRY(akt_oneshot_open(self, AKT_SECONDS(1), &s->parts[i],
                                 &s->completers[i], put));
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

static void
test_misuse_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    sim_in_order(misuse);
}

static akt_err
reach_limit(akt_self *self, void *arg)
{
    akt_future f[4];
    akt_future whole;
    size_t i;

    (void)arg;
    for (i = 0; i < 4; i++) {
        assert_ok(akt_future_ready(self, &f[i], put, .n = 1));
    }
    assert_err(akt_all(self, f, 4, &whole), AKT_ELIMIT);
    assert_err(akt_all(self, f, 5, &whole), AKT_ELIMIT);
    akt_future_drop(self, f[3]);
    assert_ok(akt_all(self, f, 3, &whole));
    akt_future_drop(self, whole);
    for (i = 0; i < 4; i++) {
        assert_ok(akt_future_ready(self, &f[i], put, .n = 1));
    }
    sim_note(-1);
    return AKT_OK;
}

static void
limited(struct sim *sim)
{
    akt_ref ref;

    assert_ok(akt_spawn(sim->me, narrow, &ref, .nothing = 0));
    sim_do(sim, ref, reach_limit, NULL);
    assert_notes(-1);
}

static void
test_combined_futures_count_against_the_limit(void **state)
{
    (void)state;
    sim_in_order(limited);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_all_gives_the_answers_in_order),
        sim_test(test_all_fails_at_the_first_failure_and_cancels_the_rest),
        sim_test(test_settled_waits_for_all_however_they_end),
        sim_test(test_any_takes_the_first_reply_or_the_last_error),
        sim_test(test_race_takes_the_first_end_and_cancels_the_others),
        sim_test(test_parts_go_with_the_whole),
        sim_test(test_what_has_ended_before_counts_at_once),
        sim_test(test_combined_futures_combine),
        sim_test(test_timeout_ends_what_is_late),
        sim_test(test_thread_waits_for_combined_futures),
        sim_test(test_thread_sees_the_deadlines_of_parts),
        sim_test(test_task_awaits_combined_futures),
        sim_test(test_the_reply_of_a_combined_future_is_copied_out),
        sim_test(test_misuse_is_refused_and_changes_nothing),
        sim_test(test_combined_futures_count_against_the_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
