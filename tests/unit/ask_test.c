/* SPDX-License-Identifier: MIT */
/* An actor asks: how it hears of the end, and what it can do meanwhile. */
#include "actors/core/future.h"
#include "tests/unit/answerers.h"

AKT_CLASS(actor, struct actor, AKT_ON(get, on_get), AKT_ON(put, on_put),
          AKT_ON(act, on_act), AKT_REQUESTS(4));
AKT_CLASS(full, struct actor, AKT_ON(get, on_get), AKT_MAILBOX(1, AKT_FAIL));

static akt_ref
spawn_actor(struct sim *sim)
{
    akt_ref ref;

    assert_ok(akt_spawn(sim->me, actor, &ref, .ask = 0));
    return ref;
}

/* --- an actor's continuations --- */

struct wish {
    akt_ref to;
    int64_t n;
    akt_future future;
    int then_after;
};

static akt_err
heard(akt_self *self, struct actor *a, const akt_answer *answer,
      const struct put *reply)
{
    (void)self;
    (void)a;
    sim_note((int64_t)answer->outcome);
    sim_note(reply != NULL ? reply->n : (int64_t)answer->error);
    assert_int_equal((reply != NULL), (answer->outcome == AKT_REPLIED));
    return AKT_OK;
}
AKT_THEN(heard, struct actor, get);

static akt_err
wrong(akt_self *self, struct actor *a, const akt_answer *answer,
      const struct put *reply)
{
    (void)self;
    (void)a;
    (void)answer;
    (void)reply;
    return AKT_OK;
}
AKT_THEN(wrong, struct actor, unknown);

static akt_err
ask(akt_self *self, void *arg)
{
    struct wish *w = arg;

    assert_ok(akt_ask(self, w->to, &w->future, get, .n = w->n));
    assert_int_equal(akt_future_poll(self, w->future), AKT_PENDING);
    if (!w->then_after) {
        assert_err(akt_then(self, w->future, wrong, NULL), AKT_ETYPE);
        assert_ok(akt_then(self, w->future, heard, NULL));
        assert_err(akt_then(self, w->future, heard, NULL), AKT_EENDED);
    }
    return AKT_OK;
}

static void
continues(struct sim *sim, int64_t n, akt_outcome outcome, int64_t value)
{
    struct wish w = {.to = spawn_actor(sim), .n = n};

    sim_do(sim, spawn_actor(sim), ask, &w);
    (void)akt_sim_advance(sim->system, AKT_SECONDS(6));
    assert_notes((int64_t)outcome, value);
    sim_forget();
}

static void
all_outcomes(struct sim *sim)
{
    continues(sim, REPLY, AKT_REPLIED, 42);
    continues(sim, TWICE, AKT_REPLIED, 2);
    continues(sim, FAIL, AKT_FAILED, (int64_t)OWN_ERROR);
    continues(sim, FAIL_BY_RETURN, AKT_FAILED, (int64_t)OWN_ERROR);
    continues(sim, IGNORE, AKT_BROKEN, AKT_EBROKEN);
    continues(sim, END, AKT_BROKEN, AKT_EBROKEN);
    continues(sim, LATER, AKT_EXPIRED, AKT_ETIMEOUT);
    continues(sim, STASH, AKT_EXPIRED, AKT_ETIMEOUT);
    assert_int_equal(sim_counters(sim).asked, 8);
}

static void
test_then_tells_every_outcome(void **state)
{
    (void)state;
    sim_each_seed(all_outcomes);
}

static akt_err
then_now(akt_self *self, void *arg)
{
    struct wish *w = arg;

    assert_int_equal(akt_future_poll(self, w->future), AKT_REPLIED);
    assert_ok(akt_then(self, w->future, heard, NULL));
    assert_int_equal(sim_note_count(), 0); /* never inside the call */
    return AKT_OK;
}

static void
then_late(struct sim *sim)
{
    struct wish w = {.to = spawn_actor(sim), .n = REPLY, .then_after = 1};
    akt_ref asker = spawn_actor(sim);

    sim_do(sim, asker, ask, &w);
    sim_do(sim, asker, then_now, &w);
    assert_notes(AKT_REPLIED, 42);
}

static void
test_then_after_arrival_runs_in_a_later_turn(void **state)
{
    (void)state;
    sim_each_seed(then_late);
}

static akt_err
cancel(akt_self *self, void *arg)
{
    struct wish *w = arg;

    sim_note(-1 - (int64_t)akt_cancel(self, w->future));
    return AKT_OK;
}

static akt_err
drop(akt_self *self, void *arg)
{
    struct wish *w = arg;

    akt_future_drop(self, w->future);
    assert_err(akt_cancel(self, w->future), AKT_EENDED);
    assert_err(akt_then(self, w->future, heard, NULL), AKT_EENDED);
    return AKT_OK;
}

static void
actor_cancels(struct sim *sim)
{
    struct wish w = {.to = spawn_actor(sim), .n = LATER};
    akt_ref asker = spawn_actor(sim);

    sim_do(sim, asker, ask, &w);
    sim_do(sim, asker, cancel, &w);
    assert_notes(-1, AKT_CANCELLED, AKT_ECANCELLED);
    sim_do(sim, asker, cancel, &w);
    assert_int_equal(sim_note_at(3), -1 - AKT_EENDED);
    sim_forget();
    sim_do(sim, asker, ask, &w);
    sim_do(sim, asker, drop, &w);
    (void)akt_sim_advance(sim->system, AKT_SECONDS(6));
    assert_int_equal(sim_note_count(), 0);
    assert_int_equal(sim_counters(sim).cancelled, 2);
    assert_int_equal(sim_counters(sim).timed_out, 0);
}

static void
test_cancel_and_drop_by_an_actor(void **state)
{
    (void)state;
    sim_each_seed(actor_cancels);
}

static akt_err
cancel_and_poll(akt_self *self, void *arg)
{
    struct wish *w = arg;

    assert_ok(akt_cancel(self, w->future));
    sim_note((int64_t)akt_future_poll(self, w->future));
    return AKT_OK;
}

static void
polls(struct sim *sim)
{
    struct wish w = {.to = spawn_actor(sim), .n = LATER, .then_after = 1};
    akt_ref asker = spawn_actor(sim);

    sim_do(sim, asker, ask, &w);
    sim_do(sim, asker, cancel_and_poll, &w);
    assert_notes(AKT_CANCELLED);
}

static void
test_poll_right_after_cancel_says_so(void **state)
{
    (void)state;
    sim_in_order(polls);
}

static akt_err
try_foreign_future(akt_self *self, void *arg)
{
    struct wish *w = arg;

    assert_err(akt_cancel(self, w->future), AKT_EENDED);
    assert_err(akt_then(self, w->future, heard, NULL), AKT_EENDED);
    assert_int_equal(akt_future_poll(self, w->future), AKT_BROKEN);
    akt_future_drop(self, w->future);
    sim_note(-1);
    return AKT_OK;
}

static void
strangers(struct sim *sim)
{
    struct wish w = {.to = spawn_actor(sim), .n = LATER, .then_after = 1};
    akt_answer *answer;

    sim_do(sim, spawn_actor(sim), ask, &w);
    sim_do(sim, spawn_actor(sim), try_foreign_future, &w);
    assert_notes(-1);
    assert_err(akt_cancel(sim->me, w.future), AKT_EENDED);
    assert_err(akt_wait(sim->me, w.future, &answer), AKT_EENDED);
    assert_err(akt_then(sim->me, w.future, heard, NULL), AKT_ECONTEXT);
    assert_int_equal(sim_counters(sim).open, 1);
}

static void
test_future_of_another_is_of_no_use(void **state)
{
    (void)state;
    sim_in_order(strangers);
}

/* --- limits --- */

static akt_err
ask_many(akt_self *self, void *arg)
{
    akt_future f[5];
    size_t i;

    for (i = 0; i < 4; i++) {
        assert_ok(akt_ask(self, *(akt_ref *)arg, &f[i], get, .n = REPLY));
    }
    assert_err(akt_ask(self, *(akt_ref *)arg, &f[4], get, .n = REPLY),
               AKT_ELIMIT);
    sim_note(-1);
    for (i = 0; i < 4; i++) {
        akt_future_drop(self, f[i]);
    }
    return AKT_OK;
}

static void
limit(struct sim *sim)
{
    akt_ref to = spawn_actor(sim);
    akt_ref asker = spawn_actor(sim);
    int i;

    for (i = 0; i < 3; i++) {
        sim_do(sim, asker, ask_many, &to);
    }
    assert_notes(-1, -1, -1);
    assert_int_equal(sim_counters(sim).asked, 12);
}

static void
test_ask_beyond_the_limit_is_refused_until_one_ends(void **state)
{
    (void)state;
    sim_each_seed(limit);
}

/* The mailbox is full: no future, and none of those that it may have is used. */
static akt_err
ask_in_vain(akt_self *self, void *arg)
{
    akt_future f = {NULL, 7};
    int i;

    for (i = 0; i < 10; i++) {
        assert_err(akt_ask(self, *(akt_ref *)arg, &f, get, .n = REPLY),
                   AKT_EFULL);
        assert_null(f.cell);
        assert_int_equal(f.generation, 7);
    }
    sim_note(-1);
    return AKT_OK;
}

static void
refused(struct sim *sim)
{
    akt_ref asker = spawn_actor(sim);
    akt_ref to;

    assert_ok(akt_spawn(sim->me, full, &to));
    /* In order: the asker has its turn first. */
    sim_act(sim, asker, ask_in_vain, &to);
    assert_ok(akt_send(sim->me, to, get, .n = REPLY));
    (void)akt_sim_run_until_idle(sim->system);
    assert_notes(-1);
    assert_int_equal(sim_counters(sim).asked, 0);
}

static void
test_ask_that_is_refused_leaves_nothing(void **state)
{
    (void)state;
    sim_in_order(refused);
}

/* It is over when it has been answered, and left when who asked has the answer. */
static void
left(struct sim *sim)
{
    akt_ref to = spawn_actor(sim);
    akt_answer *answer;
    akt_future f;

    assert_ok(akt_ask(sim->me, to, &f, get, .n = REPLY));
    assert_false(akti_request_is_over(f.cell, f.generation));
    assert_false(akti_request_is_left(f.cell, f.generation));
    (void)akt_sim_run_until_idle(sim->system);
    assert_true(akti_request_is_over(f.cell, f.generation));
    assert_false(akti_request_is_left(f.cell, f.generation));
    assert_ok(akt_wait(sim->me, f, &answer));
    assert_true(akti_request_is_left(f.cell, f.generation));
    akt_answer_free(sim->me, answer);
}

static void
test_request_is_left_when_its_answer_has_come(void **state)
{
    (void)state;
    sim_each_seed(left);
}

static void
plain_send(struct sim *sim)
{
    akt_ref to = spawn_actor(sim);

    assert_ok(akt_send(sim->me, to, get, .n = REPLY));
    assert_ok(akt_send(sim->me, to, get, .n = FAIL));
    assert_ok(akt_send(sim->me, to, get, .n = TWICE));
    (void)akt_sim_run_until_idle(sim->system);
    assert_true(akt_ref_is_alive(sim->me, to));
    assert_int_equal(sim_counters(sim).asked, 0);
    assert_int_equal(sim_counters(sim).late_replies, 0);
}

static void
test_reply_to_a_plain_send_is_no_error(void **state)
{
    (void)state;
    sim_each_seed(plain_send);
}

static akt_err
error_outside(akt_self *self, struct actor *a, const akt_answer *answer,
              const struct put *reply)
{
    (void)a;
    (void)answer;
    (void)reply;
    sim_note((int64_t)akt_reply_error(self, AKT_EIO, NULL));
    return AKT_OK;
}
AKT_THEN(error_outside, struct actor, get);

static akt_err
ask_and_err(akt_self *self, void *arg)
{
    akt_future f;

    assert_ok(akt_ask(self, *(akt_ref *)arg, &f, get, .n = REPLY));
    return akt_then(self, f, error_outside, NULL);
}

static void
outside(struct sim *sim)
{
    akt_ref to = spawn_actor(sim);

    sim_do(sim, spawn_actor(sim), ask_and_err, &to);
    assert_notes(AKT_ECONTEXT);
}

static void
test_reply_error_in_a_continuation_has_no_request(void **state)
{
    (void)state;
    sim_in_order(outside);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_then_tells_every_outcome),
        sim_test(test_then_after_arrival_runs_in_a_later_turn),
        sim_test(test_cancel_and_drop_by_an_actor),
        sim_test(test_poll_right_after_cancel_says_so),
        sim_test(test_future_of_another_is_of_no_use),
        sim_test(test_ask_beyond_the_limit_is_refused_until_one_ends),
        sim_test(test_request_is_left_when_its_answer_has_come),
        sim_test(test_ask_that_is_refused_leaves_nothing),
        sim_test(test_reply_to_a_plain_send_is_no_error),
        sim_test(test_reply_error_in_a_continuation_has_no_request),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
