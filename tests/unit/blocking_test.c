/* SPDX-License-Identifier: MIT */
/* Jobs of the blocking pool; in a simulation they are steps. */
#include "akt/blocking.h"
#include "akt/timer.h"
#include "tests/support/sim.h"

#define NUMBER(F) F(i64, n) F(ref, to)
AKT_MESSAGE(put, NUMBER);
AKT_REQUEST(work, NUMBER, put);

enum {
    REPLY,
    FAIL,
    RETURN_ERROR,
    FORGET,
    LOOK_ROUND,
    REPLY_THEN_ERROR,
    FORWARD
};

#define OWN_ERROR ((akt_err)(AKT_EUSER + 9))

struct actor {
    akt_future future;
    int64_t n;
};

static akt_err
heard(akt_self *self, struct actor *a, const akt_answer *answer,
      const struct put *reply)
{
    (void)self;
    (void)a;
    sim_note((int64_t)answer->outcome);
    sim_note(reply != NULL ? reply->n : (int64_t)answer->error);
    return AKT_OK;
}
AKT_THEN(heard, struct actor, work);

static akt_err
on_put(akt_self *self, struct actor *a, const struct put *m)
{
    (void)a;
    sim_note(akt_ref_is_none(akt_sender(self)));
    sim_note(m->n);
    return AKT_OK;
}

static akt_err
on_act(akt_self *self, struct actor *a, const struct act *m)
{
    return m->fn(self, m->arg != NULL ? m->arg : (void *)a);
}

static akt_err
on_work(akt_self *self, struct actor *a, const struct work *m)
{
    (void)a;
    return akt_reply(self, m, .n = 7);
}

AKT_CLASS(actor, struct actor, AKT_ON(put, on_put), AKT_ON(act, on_act),
          AKT_ON(work, on_work));

/* What a job can and cannot do. */
static akt_err
look_round(akt_self *self, const struct work *m)
{
    akt_ref spawned;
    akt_future f;

    assert_true(akt_ref_is_none(akt_self_ref(self)));
    assert_false(akt_is_cancelled(self));
    assert_int_not_equal(akt_deadline_ns(self), AKT_NEVER);
    assert_int_not_equal(akt_now_ns(self), 0);
    assert_err(akt_ask(self, m->to, &f, work, .n = 0), AKT_ECONTEXT);
    assert_err(akt_timer_start(self, 0, 0, NULL, put, .n = 1), AKT_ECONTEXT);
    assert_err(akt_stash(self), AKT_ECONTEXT);
    assert_err(akt_system_wait(akt_self_system(self)), AKT_ECONTEXT);
    akt_stop_self(self);
    assert_ok(akt_spawn(self, actor, &spawned, .n = 0));
    assert_ok(akt_send(self, spawned, put, .n = 5));
    assert_ok(akt_stop(self, m->to));
    return akt_reply(self, m, .n = 6);
}

static akt_err
job(akt_self *self, const struct work *m)
{
    switch (m->n) {
    case REPLY:
        assert_ok(akt_reply(self, m, .n = 42));
        assert_err(akt_reply(self, m, .n = 43), AKT_EENDED);
        return AKT_OK;
    case FAIL:
        return akt_reply_error(self, OWN_ERROR, "by hand");
    case RETURN_ERROR:
        return OWN_ERROR;
    case REPLY_THEN_ERROR:
        assert_ok(akt_reply(self, m, .n = 44));
        return OWN_ERROR;
    case LOOK_ROUND:
        return look_round(self, m);
    case FORWARD:
        sim_note((int64_t)akt_forward(self, m->to));
        return AKT_OK;
    default:
        sim_note(-1);
        return AKT_OK;
    }
}
AKT_JOB(job, work);

static akt_ref
spawn_actor(struct sim *sim)
{
    akt_ref ref;

    assert_ok(akt_spawn(sim->me, actor, &ref, .n = 0));
    return ref;
}

static akt_err
ask_job(akt_self *self, void *arg)
{
    struct actor *a = arg;

    assert_ok(akt_ask_blocking(self, &a->future, job, work, .n = a->n));
    return akt_then(self, a->future, heard, NULL);
}

static void
by_actor(struct sim *sim, int64_t n, akt_outcome outcome, int64_t value)
{
    akt_ref ref;

    sim_forget();
    assert_ok(akt_spawn(sim->me, actor, &ref, .n = n));
    sim_do(sim, ref, ask_job, NULL);
    assert_int_equal(sim_noted((int64_t)outcome), 1);
    assert_int_equal(sim_note_at(sim_note_count() - 1), value);
}

static void
answers(struct sim *sim)
{
    by_actor(sim, REPLY, AKT_REPLIED, 42);
    by_actor(sim, FAIL, AKT_FAILED, (int64_t)OWN_ERROR);
    by_actor(sim, RETURN_ERROR, AKT_FAILED, (int64_t)OWN_ERROR);
    by_actor(sim, REPLY_THEN_ERROR, AKT_REPLIED, 44);
    by_actor(sim, FORGET, AKT_BROKEN, AKT_EBROKEN);
}

static void
test_job_answers_in_every_way(void **state)
{
    (void)state;
    sim_each_seed(answers);
}

static void
by_thread(struct sim *sim)
{
    akt_answer *answer;
    akt_future f;

    assert_ok(akt_ask_blocking(sim->me, &f, job, work, .n = FAIL));
    assert_ok(akt_wait(sim->me, f, &answer));
    assert_int_equal(answer->outcome, AKT_FAILED);
    assert_int_equal(answer->error, OWN_ERROR);
    assert_true(akt_text_equal(answer->text, AKT_TEXT("by hand")));
    akt_answer_free(sim->me, answer);
}

static void
test_job_answers_a_thread(void **state)
{
    (void)state;
    sim_each_seed(by_thread);
}

static void
looks_round(struct sim *sim)
{
    akt_ref victim = spawn_actor(sim);
    akt_answer *answer;
    akt_future f;

    assert_ok(akt_ask_blocking(sim->me, &f, job, work, .n = LOOK_ROUND,
                               .to = victim));
    assert_ok(akt_wait(sim->me, f, &answer));
    assert_int_equal(answer->outcome, AKT_REPLIED);
    akt_answer_free(sim->me, answer);
    (void)akt_sim_run_until_idle(sim->system);
    assert_notes(true, 5);
    assert_false(akt_ref_is_alive(sim->me, victim));
}

static void
test_job_can_send_and_spawn_but_not_ask(void **state)
{
    (void)state;
    sim_each_seed(looks_round);
}

static akt_err
ask_and_cancel(akt_self *self, void *arg)
{
    struct actor *a = arg;

    assert_ok(akt_ask_blocking(self, &a->future, job, work, .n = FORGET));
    assert_ok(akt_cancel(self, a->future));
    assert_ok(akt_ask_blocking(self, &a->future, job, work, .n = FORGET));
    akt_future_drop(self, a->future);
    return AKT_OK;
}

static akt_err
ask_and_end(akt_self *self, void *arg)
{
    akt_stop_self(self);
    return ask_job(self, arg);
}

static void
not_begun(struct sim *sim)
{
    akt_ref ref;

    sim_do(sim, spawn_actor(sim), ask_and_cancel, NULL);
    assert_int_equal(sim_note_count(), 0);
    assert_int_equal(sim_letters(sim, AKT_FATE_EXPIRED, AKT_ECANCELLED), 2);
    assert_ok(akt_spawn(sim->me, actor, &ref, .n = FORGET));
    sim_do(sim, ref, ask_and_end, NULL);
    assert_int_equal(sim_note_count(), 0);
    assert_int_equal(sim_letters(sim, AKT_FATE_EXPIRED, AKT_ECANCELLED), 3);
}

static void
test_job_that_is_cancelled_before_is_not_begun(void **state)
{
    (void)state;
    sim_each_seed(not_begun);
}

static void
queue_bound(struct sim *sim)
{
    akt_future f[3];
    akt_answer *answer;
    size_t i;

    assert_ok(akt_ask_blocking(sim->me, &f[0], job, work, .n = REPLY));
    assert_ok(akt_ask_blocking(sim->me, &f[1], job, work, .n = REPLY));
    assert_err(akt_ask_blocking(sim->me, &f[2], job, work, .n = REPLY),
               AKT_EFULL);
    assert_int_equal(sim_counters(sim).asked, 2);
    assert_int_equal(sim_counters(sim).refused, 1);
    for (i = 0; i < 2; i++) {
        assert_ok(akt_wait(sim->me, f[i], &answer));
        assert_int_equal(answer->outcome, AKT_REPLIED);
        akt_answer_free(sim->me, answer);
    }
    assert_ok(akt_ask_blocking(sim->me, &f[2], job, work, .n = REPLY));
}

static void
test_job_beyond_the_queues_bound_is_refused(void **state)
{
    const akt_system_opts two = {.blocking_queue = 2};

    (void)state;
    sim_each_seed_with(&two, queue_bound);
}

static void
stopped(struct sim *sim)
{
    akt_answer *answer;
    akt_future f;

    assert_ok(akt_ask_blocking(sim->me, &f, job, work, .n = FORGET));
    assert_ok(akt_system_stop(sim->system, 0));
    assert_int_equal(sim_note_count(), 0);
    assert_int_equal(sim_letters(sim, AKT_FATE_DISCARDED, AKT_ESTOPPED), 1);
    assert_ok(akt_wait(sim->me, f, &answer));
    assert_int_equal(answer->outcome, AKT_BROKEN);
    assert_int_equal(answer->error, AKT_ESTOPPED);
    akt_answer_free(sim->me, answer);
    assert_err(akt_ask_blocking(sim->me, &f, job, work, .n = FORGET),
               AKT_ESTOPPED);
}

static void
test_job_that_waits_at_the_stop_is_discarded(void **state)
{
    (void)state;
    sim_each_seed(stopped);
}

static void
drained(struct sim *sim)
{
    akt_future f;

    assert_ok(akt_ask_blocking(sim->me, &f, job, work, .n = FORGET));
    assert_ok(akt_system_stop(sim->system, AKT_SECONDS(1)));
    assert_notes(-1);
}

static void
test_job_that_waits_at_the_stop_is_run_while_draining(void **state)
{
    (void)state;
    sim_each_seed(drained);
}

/* Last: a mistake here may stop the program. */
static void
forwards(struct sim *sim)
{
    akt_answer *answer;
    akt_future f;

    assert_ok(akt_ask_blocking(sim->me, &f, job, work, .n = FORWARD,
                               .to = spawn_actor(sim)));
    assert_ok(akt_wait(sim->me, f, &answer));
    assert_int_equal(sim_note_count(), 1);
    if (sim_note_at(0) == AKT_OK) {
        assert_int_equal(answer->outcome, AKT_REPLIED);
    } else {
        assert_int_equal(sim_note_at(0), AKT_ECONTEXT);
        assert_int_equal(answer->outcome, AKT_BROKEN);
    }
    akt_answer_free(sim->me, answer);
}

static void
test_job_that_forwards_its_request(void **state)
{
    (void)state;
    sim_each_seed(forwards);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_job_answers_in_every_way),
        sim_test(test_job_answers_a_thread),
        sim_test(test_job_can_send_and_spawn_but_not_ask),
        sim_test(test_job_that_is_cancelled_before_is_not_begun),
        sim_test(test_job_beyond_the_queues_bound_is_refused),
        sim_test(test_job_that_waits_at_the_stop_is_discarded),
        sim_test(test_job_that_waits_at_the_stop_is_run_while_draining),
        sim_test(test_job_that_forwards_its_request),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
