/* SPDX-License-Identifier: MIT */
/* Tasks: spawned, joined, waiting, cancelled, received to; in every schedule. */
#include "tests/support/sim.h"

#define NUMBER(F) F(i64, n)
AKT_MESSAGE(put, NUMBER);
AKT_REQUEST(get, NUMBER, put);
#define WORDS(F) F(text, words)
AKT_MESSAGE(said, WORDS);
AKT_REQUEST(say, WORDS, said);

#define OWN_ERROR ((akt_err)(AKT_EUSER + 3))

/* --- an answerer --- */

struct echo {
    int64_t factor;
};

static akt_err
on_get(akt_self *self, struct echo *e, const struct get *m)
{
    if (m->n < 0) {
        return akt_reply_error(self, OWN_ERROR, "negative");
    }
    return akt_reply(self, m, .n = m->n * e->factor);
}

static akt_err
on_say(akt_self *self, struct echo *e, const struct say *m)
{
    (void)e;
    return akt_reply(self, m, .words = m->words);
}

AKT_CLASS(echo, struct echo, AKT_ON(get, on_get), AKT_ON(say, on_say));

/* --- task functions --- */

struct number {
    int64_t id;
};

static akt_err
empty(akt_self *self, struct number *a)
{
    (void)self;
    sim_note(a->id);
    return AKT_OK;
}
AKT_TASK(empty, struct number);

static akt_err
failing(akt_self *self)
{
    return akt_task_fail(self, OWN_ERROR, "as it was told");
}
AKT_TASK(failing, void);

static akt_err
sleeper(akt_self *self, struct number *a)
{
    uint64_t before = akt_now_ns(self);

    AKT_TRY(akt_sleep(self, AKT_MS(a->id)));
    assert_true(akt_now_ns(self) >= before + AKT_MS(a->id));
    sim_note(a->id);
    return akt_task_return(self, put, .n = a->id * 2);
}
AKT_TASK(sleeper, struct number);

static akt_err
for_ever(akt_self *self, struct number *a)
{
    akt_err err = akt_sleep(self, AKT_SECONDS(1000000));

    sim_note(a->id);
    assert_err(akt_sleep(self, 5), AKT_ECANCELLED);
    assert_err(akt_task_yield(self), AKT_ECANCELLED);
    assert_true(akt_task_is_cancelled(self));
    akt_task_shield(self, true);
    assert_ok(akt_sleep(self, AKT_MS(3)));
    akt_task_shield(self, false);
    sim_note(-a->id);
    return err;
}
AKT_TASK(for_ever, struct number);

/* --- a task that does what a test says --- */

struct body {
    akt_err (*fn)(akt_self *self, void *arg);
    void *arg;
};

static akt_err
doing(akt_self *self, struct body *b)
{
    return b->fn(self, b->arg);
}
AKT_TASK(doing, struct body);

static akt_err
cramped(akt_self *self, struct body *b)
{
    return b->fn(self, b->arg);
}
AKT_TASK_WITH(cramped, struct body, AKT_MAILBOX(2, AKT_AWAIT));

/* Runs it as a task to its end. */
static akt_err
as_task(struct sim *sim, akt_err (*fn)(akt_self *, void *), void *arg)
{
    akt_task task;

    assert_ok(akt_task_spawn(sim->me, doing, &task, .fn = fn, .arg = arg));
    return akt_join(sim->me, task);
}

/* --- spawning and joining --- */

static void
join_from_a_thread(struct sim *sim)
{
    akt_task task;
    struct put result;

    assert_ok(akt_task_spawn(sim->me, empty, &task, .id = 1));
    assert_ok(akt_join(sim->me, task));
    assert_notes(1);
    assert_err(akt_join(sim->me, task), AKT_EENDED);
    assert_ok(akt_task_spawn(sim->me, failing, &task));
    assert_err(akt_join(sim->me, task), OWN_ERROR);
    assert_ok(akt_task_spawn(sim->me, sleeper, &task, .id = 21));
    assert_ok(akt_join_as(sim->me, task, put, &result));
    assert_int_equal(result.n, 42);
    assert_ok(akt_task_spawn(sim->me, empty, &task, .id = 1));
    assert_err(akt_join_as(sim->me, task, put, &result), AKT_ETYPE);
}

static akt_err
join_many(akt_self *self, void *arg)
{
    akt_task task[20];
    struct put result;
    int64_t i;

    (void)arg;
    for (i = 0; i < 20; i++) {
        AKT_TRY(akt_task_spawn(self, sleeper, &task[i], .id = 20 - i));
    }
    for (i = 0; i < 20; i++) {
        AKT_TRY(akt_join_as(self, task[i], put, &result));
        assert_int_equal(result.n, 2 * (20 - i));
    }
    assert_int_equal(sim_note_count(), 20);
    assert_int_equal(sim_note_at(0), 1);
    assert_int_equal(sim_note_at(19), 20);
    assert_err(akt_join(self, task[0]), AKT_EENDED);
    return AKT_OK;
}

static void
tasks_join_tasks(struct sim *sim)
{
    assert_ok(as_task(sim, join_many, NULL));
}

static akt_err
join_self(akt_self *self, void *arg)
{
    akt_task me = {akt_self_ref(self), {NULL, 0}};
    akt_task none = {AKT_REF_NONE, {NULL, 0}};

    (void)arg;
    assert_err(akt_join(self, me), AKT_EDEADLK);
    assert_err(akt_join(self, none), AKT_EENDED);
    return AKT_OK;
}

static void
a_task_does_not_join_itself(struct sim *sim)
{
    assert_ok(as_task(sim, join_self, NULL));
}

static void
the_answer_has_the_words_of_a_failure(struct sim *sim)
{
    akt_task task;
    akt_answer *answer;

    assert_ok(akt_task_spawn(sim->me, failing, &task));
    assert_ok(akt_await(sim->me, task.future, &answer));
    assert_int_equal(answer->outcome, AKT_FAILED);
    assert_err(answer->error, OWN_ERROR);
    assert_true(akt_text_equal(answer->text, AKT_TEXT("as it was told")));
    akt_answer_free(sim->me, answer);
}

/* --- calling --- */

static akt_err
call_echo(akt_self *self, void *arg)
{
    akt_ref *echo = arg;
    struct put result = {0};
    struct said said = {0};
    akt_future f;
    akt_answer *answer;

    AKT_TRY(akt_call(self, *echo, get, &result, .n = 7));
    assert_int_equal(result.n, 21);
    assert_err(akt_call(self, *echo, get, &result, .n = -1), OWN_ERROR);
    AKT_TRY(akt_call(self, *echo, say, &said, .words = AKT_TEXT("a word")));
    assert_true(akt_text_equal(said.words, AKT_TEXT("a word")));
    AKT_TRY(akt_ask(self, *echo, &f, get, .n = 2));
    AKT_TRY(akt_await(self, f, &answer));
    assert_int_equal(akt_answer_as(answer, put)->n, 6);
    akt_answer_free(self, answer);
    assert_err(akt_await(self, f, &answer), AKT_EENDED);
    assert_err(akt_call(self, AKT_REF_NONE, get, &result, .n = 7), AKT_EDEAD);
    return AKT_OK;
}

static void
a_task_calls_an_actor(struct sim *sim)
{
    akt_ref echo;

    assert_ok(akt_spawn(sim->me, echo, &echo, .factor = 3));
    assert_ok(as_task(sim, call_echo, &echo));
    assert_ok(call_echo(sim->me, &echo));
}

/* --- time --- */

static akt_err
beat(akt_self *self, void *arg)
{
    akt_interval i = akt_interval_start(self, AKT_MS(10));
    uint64_t start = akt_now_ns(self);

    (void)arg;
    AKT_TRY(akt_interval_wait(self, &i));
    AKT_TRY(akt_interval_wait(self, &i));
    assert_int_equal(akt_now_ns(self) - start, AKT_MS(20));
    AKT_TRY(akt_sleep(self, AKT_MS(25)));
    AKT_TRY(akt_interval_wait(self, &i));
    assert_int_equal(akt_now_ns(self) - start, AKT_MS(45));
    assert_int_equal(i.missed, 1);
    AKT_TRY(akt_interval_wait(self, &i));
    assert_int_equal(akt_now_ns(self) - start, AKT_MS(50));
    AKT_TRY(akt_sleep_until(self, start));
    AKT_TRY(akt_sleep(self, 0));
    i.every_ns = 0;
    assert_err(akt_interval_wait(self, &i), AKT_EINVAL);
    return AKT_OK;
}

static void
intervals_keep_their_grid(struct sim *sim)
{
    assert_ok(as_task(sim, beat, NULL));
}

/* --- cancelling --- */

static void
a_cancelled_task_cleans_up(struct sim *sim)
{
    akt_task task;

    assert_ok(akt_task_spawn(sim->me, for_ever, &task, .id = 5));
    (void)akt_sim_advance(sim->system, AKT_SECONDS(1));
    assert_ok(akt_task_cancel(sim->me, task));
    assert_err(akt_join(sim->me, task), AKT_ECANCELLED);
    assert_notes(5, -5);
    assert_err(akt_task_cancel(sim->me, task), AKT_EDEAD);
}

/* Whoever is asked; a loop that asks again until it is cancelled has to hear it. */
static akt_err
call_when_cancelled(akt_self *self, void *arg)
{
    const akt_ref *refs = arg; /* one that lives, and one that has ended */
    struct put got = {0};

    assert_err(akt_sleep(self, AKT_SECONDS(1000)), AKT_ECANCELLED);
    assert_err(akt_call(self, refs[0], get, &got, .n = 1), AKT_ECANCELLED);
    assert_err(akt_call(self, refs[1], get, &got, .n = 1), AKT_ECANCELLED);
    akt_task_shield(self, true);
    assert_ok(akt_call(self, refs[0], get, &got, .n = 1));
    assert_err(akt_call(self, refs[1], get, &got, .n = 1), AKT_EDEAD);
    akt_task_shield(self, false);
    return AKT_ECANCELLED;
}

static void
a_cancelled_task_asks_nobody(struct sim *sim)
{
    akt_ref refs[2];
    akt_task task;

    assert_ok(akt_spawn(sim->me, echo, &refs[0], .factor = 3));
    assert_ok(akt_spawn(sim->me, echo, &refs[1], .factor = 3));
    assert_ok(akt_stop(sim->me, refs[1]));
    assert_ok(akt_task_spawn(sim->me, doing, &task, .fn = call_when_cancelled,
                             .arg = refs));
    (void)akt_sim_advance(sim->system, AKT_SECONDS(1));
    assert_ok(akt_task_cancel(sim->me, task));
    assert_err(akt_join(sim->me, task), AKT_ECANCELLED);
    assert_int_equal(sim_counters(sim).asked, 1);
}

static void
a_task_that_is_cancelled_before_it_began_cleans_up(struct sim *sim)
{
    akt_task task;

    assert_ok(akt_task_spawn(sim->me, for_ever, &task, .id = 5));
    assert_ok(akt_task_cancel(sim->me, task));
    assert_err(akt_join(sim->me, task), AKT_ECANCELLED);
    assert_notes(5, -5);
}

static akt_err
own_and_fail(akt_self *self, void *arg)
{
    akt_task task;

    (void)arg;
    AKT_TRY(akt_task_spawn(self, for_ever, &task, .id = 5));
    AKT_TRY(akt_sleep(self, 1));
    return OWN_ERROR;
}

static void
an_error_cancels_the_tasks_owned(struct sim *sim)
{
    assert_err(as_task(sim, own_and_fail, NULL), OWN_ERROR);
    assert_notes(5, -5);
}

static akt_err
own_and_return(akt_self *self, void *arg)
{
    (void)arg;
    AKT_TRY(akt_task_spawn(self, sleeper, NULL, .id = 5));
    return AKT_OK;
}

static akt_err
own_a_failing_one(akt_self *self, void *arg)
{
    (void)arg;
    AKT_TRY(akt_task_spawn(self, failing, NULL));
    return AKT_OK;
}

static void
a_task_ends_after_its_tasks(struct sim *sim)
{
    assert_ok(as_task(sim, own_and_return, NULL));
    assert_notes(5);
    assert_err(as_task(sim, own_a_failing_one, NULL), OWN_ERROR);
}

static akt_err
own_and_let_go(akt_self *self, void *arg)
{
    akt_task task;

    (void)arg;
    AKT_TRY(akt_task_spawn(self, sleeper, &task, .id = 5));
    AKT_TRY(akt_task_detach(self, &task));
    assert_err(akt_task_detach(self, &task), AKT_EENDED);
    AKT_TRY(akt_task_spawn_detached(self, sleeper, NULL, .id = 6));
    return AKT_OK;
}

static void
a_detached_task_outlives_its_maker(struct sim *sim)
{
    assert_ok(as_task(sim, own_and_let_go, NULL));
    assert_int_equal(sim_note_count(), 0);
    (void)akt_sim_advance(sim->system, AKT_MS(10));
    assert_notes(5, 6);
}

static akt_err
spawn_and_stop(akt_self *self, void *arg)
{
    (void)arg;
    AKT_TRY(akt_task_spawn(self, for_ever, NULL, .id = 7));
    AKT_TRY(akt_task_spawn(self, sleeper, NULL, .id = 1));
    return AKT_OK;
}

struct owner {
    int64_t unused;
};

static akt_err
on_act(akt_self *self, struct owner *o, const struct act *m)
{
    return m->fn(self, m->arg != NULL ? m->arg : (void *)o);
}
AKT_CLASS(owner, struct owner, AKT_ON(act, on_act));

static void
an_actors_tasks_end_with_it(struct sim *sim)
{
    akt_ref owner;

    assert_ok(akt_spawn(sim->me, owner, &owner));
    sim_do(sim, owner, spawn_and_stop, NULL);
    assert_ok(akt_stop(sim->me, owner));
    (void)akt_sim_advance(sim->system, AKT_SECONDS(1));
    assert_int_equal(sim_noted(7), 1);
    assert_int_equal(sim_noted(-7), 1);
}

static akt_err
never_here(akt_self *self, void *arg)
{
    akt_answer *answer;

    (void)arg;
    assert_err(akt_sleep(self, 5), AKT_ECONTEXT);
    assert_err(akt_task_yield(self), AKT_ECONTEXT);
    assert_err(akt_await(self, (akt_future){NULL, 0}, &answer), AKT_ECONTEXT);
    assert_err(akt_receive(self, 0, NULL), AKT_ECONTEXT);
    assert_err(
        akt_call(self, akt_self_ref(self), get, &(struct put){.n = 0}, .n = 0),
        AKT_ECONTEXT);
    return AKT_OK;
}

static void
a_handler_does_not_wait(struct sim *sim)
{
    akt_ref owner;

    assert_ok(akt_spawn(sim->me, owner, &owner));
    sim_do(sim, owner, never_here, NULL);
    assert_err(akt_receive(sim->me, 0, NULL), AKT_ECONTEXT);
}

static void
a_stop_ends_all_tasks(struct sim *sim)
{
    akt_task task;

    assert_ok(akt_task_spawn(sim->me, for_ever, &task, .id = 9));
    assert_ok(akt_task_spawn_detached(sim->me, for_ever, NULL, .id = 8));
    if (sim->seed % 2 == 0) {
        (void)akt_sim_run_until_idle(sim->system);
    }
    assert_ok(akt_system_stop(sim->system, 0));
}

/* --- receiving --- */

static akt_err
serve(akt_self *self, void *arg)
{
    int64_t *sum = arg;
    akt_received m;
    akt_err err;

    assert_err(akt_receive(self, 0, &m), AKT_ETIMEOUT);
    assert_err(akt_receive(self, AKT_MS(2), &m), AKT_ETIMEOUT);
    while ((err = akt_receive(self, AKT_NEVER, &m)) == AKT_OK) {
        const struct get *g = akt_received_as(&m, get);
        const struct put *p = akt_received_as(&m, put);

        if (g != NULL && g->n == 0) {
            continue; /* without an answer */
        }
        if (g != NULL) {
            AKT_TRY(akt_sleep(self, 10));
            AKT_TRY(akt_reply(self, g, .n = g->n + 1));
        }
        if (p != NULL) {
            *sum += p->n;
        }
    }
    return err == AKT_ESTOPPED ? AKT_OK : err;
}

static void
a_task_is_asked(struct sim *sim)
{
    akt_task task;
    struct put result;
    int64_t sum = 0;
    int i;

    assert_ok(akt_task_spawn(sim->me, doing, &task, .fn = serve, .arg = &sum));
    (void)akt_sim_advance(sim->system, AKT_MS(5));
    assert_ok(akt_call(sim->me, task.ref, get, &result, .n = 5));
    assert_int_equal(result.n, 6);
    assert_err(akt_call(sim->me, task.ref, get, &result, .n = 0), AKT_EBROKEN);
    for (i = 1; i <= 10; i++) {
        assert_ok(akt_send(sim->me, task.ref, put, .n = i));
    }
    assert_ok(akt_drain(sim->me, task.ref));
    assert_ok(akt_join(sim->me, task));
    assert_int_equal(sum, 55);
}

static akt_err
never_receives(akt_self *self, void *arg)
{
    (void)arg;
    return akt_sleep(self, AKT_MS(50));
}

static void
messages_wait_in_the_mailbox(struct sim *sim)
{
    akt_task task;
    akt_counters c;
    int i;

    assert_ok(akt_task_spawn(sim->me, doing, &task, .fn = never_receives));
    for (i = 0; i < 5; i++) {
        assert_ok(akt_send(sim->me, task.ref, put, .n = i));
    }
    (void)akt_sim_run_until_idle(sim->system);
    c = sim_counters(sim);
    assert_int_equal(c.queued, 5);
    assert_ok(akt_join(sim->me, task));
    c = sim_counters(sim);
    assert_int_equal(c.dead, 5);
}

/* --- waiting for room --- */

struct slow {
    int64_t got;
};

static akt_err
on_put(akt_self *self, struct slow *s, const struct put *m)
{
    (void)self;
    assert_int_equal(m->n, s->got);
    s->got++;
    sim_note(m->n);
    return AKT_OK;
}
AKT_CLASS(slow, struct slow, AKT_ON(put, on_put), AKT_MAILBOX(2, AKT_AWAIT));

static akt_err
flood(akt_self *self, void *arg)
{
    akt_ref *to = arg;
    int64_t i;

    for (i = 0; i < 1000; i++) {
        AKT_TRY(akt_send(self, *to, put, .n = i));
        assert_false(akt_is_awaiting(self));
    }
    return AKT_OK;
}

static void
a_send_waits_for_room(struct sim *sim)
{
    akt_ref slow;

    assert_ok(akt_spawn(sim->me, slow, &slow));
    assert_ok(as_task(sim, flood, &slow));
    (void)akt_sim_run_until_idle(sim->system);
    assert_int_equal(sim_note_count(), 1000);
}

static void
a_send_that_waits_is_cancelled(struct sim *sim)
{
    akt_task stuck;
    akt_task task;

    assert_ok(akt_task_spawn(sim->me, cramped, &stuck, .fn = never_receives));
    assert_ok(
        akt_task_spawn(sim->me, doing, &task, .fn = flood, .arg = &stuck.ref));
    (void)akt_sim_run_until_idle(sim->system);
    assert_ok(akt_task_cancel(sim->me, task));
    assert_ok(akt_join(sim->me, stuck));
    assert_err(akt_join(sim->me, task), AKT_ECANCELLED);
}

static void
test_a_stack_has_a_smallest_size(void **state)
{
    static const size_t sizes[] = {1, 16383, ((size_t)64 << 20) + 1};
    akt_system_opts opts = AKT_SYSTEM_OPTS_INIT;
    akt_system *system;
    size_t i;

    (void)state;
    opts.log_level = AKT_LOG_OFF;
    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        opts.task_stack = sizes[i];
        assert_err(akt_system_start(&opts, &system), AKT_EINVAL);
    }
}

#define TEST(scenario)                                                         \
    static void test_##scenario(void **state)                                  \
    {                                                                          \
        (void)state;                                                           \
        sim_each_seed(scenario);                                               \
    }

TEST(join_from_a_thread)
TEST(tasks_join_tasks)
TEST(a_task_does_not_join_itself)
TEST(the_answer_has_the_words_of_a_failure)
TEST(a_task_calls_an_actor)
TEST(intervals_keep_their_grid)
TEST(a_cancelled_task_cleans_up)
TEST(a_cancelled_task_asks_nobody)
TEST(a_task_that_is_cancelled_before_it_began_cleans_up)
TEST(an_error_cancels_the_tasks_owned)
TEST(a_task_ends_after_its_tasks)
TEST(a_detached_task_outlives_its_maker)
TEST(an_actors_tasks_end_with_it)
TEST(a_handler_does_not_wait)
TEST(a_stop_ends_all_tasks)
TEST(a_task_is_asked)
TEST(messages_wait_in_the_mailbox)
TEST(a_send_waits_for_room)
TEST(a_send_that_waits_is_cancelled)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_join_from_a_thread),
        sim_test(test_tasks_join_tasks),
        sim_test(test_a_task_does_not_join_itself),
        sim_test(test_the_answer_has_the_words_of_a_failure),
        sim_test(test_a_task_calls_an_actor),
        sim_test(test_intervals_keep_their_grid),
        sim_test(test_a_cancelled_task_cleans_up),
        sim_test(test_a_cancelled_task_asks_nobody),
        sim_test(test_a_task_that_is_cancelled_before_it_began_cleans_up),
        sim_test(test_an_error_cancels_the_tasks_owned),
        sim_test(test_a_task_ends_after_its_tasks),
        sim_test(test_a_detached_task_outlives_its_maker),
        sim_test(test_an_actors_tasks_end_with_it),
        sim_test(test_a_handler_does_not_wait),
        sim_test(test_a_stop_ends_all_tasks),
        sim_test(test_a_task_is_asked),
        sim_test(test_messages_wait_in_the_mailbox),
        sim_test(test_a_send_waits_for_room),
        sim_test(test_a_send_that_waits_is_cancelled),
        cmocka_unit_test(test_a_stack_has_a_smallest_size),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
