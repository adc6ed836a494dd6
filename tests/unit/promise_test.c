/* SPDX-License-Identifier: MIT */
/* The answerer's end: promises that are kept, handed on and dropped. */
#include "tests/unit/keepers.h"

AKT_CLASS(actor, struct actor, AKT_ON(get, on_get), AKT_ON(act, on_act),
          AKT_ON(put, on_put));

static akt_err
keep_nothing(akt_self *self, struct actor *a, const struct get *m)
{
    sim_note((int64_t)akt_keep(self, m, &a->kept));
    return AKT_OK;
}
AKT_CLASS(greedy, struct actor, AKT_ON(get, keep_nothing));

static akt_ref
spawn_actor(struct sim *sim, akt_ref next)
{
    akt_ref ref;

    assert_ok(akt_spawn(sim->me, actor, &ref, .next = next));
    return ref;
}

static akt_future
ask(struct sim *sim, akt_ref to, int64_t n)
{
    akt_future f;

    assert_ok(
        akt_ask(sim->me, to, &f, get, .n = n, .words = AKT_TEXT("as sent")));
    (void)akt_sim_run_until_idle(sim->system);
    return f;
}

static void
expect(struct sim *sim, akt_future f, akt_outcome outcome, int64_t value)
{
    uint64_t before = akt_now_ns(sim->me);
    akt_answer *answer;

    assert_ok(akt_wait(sim->me, f, &answer));
    assert_int_equal(answer->outcome, outcome);
    assert_int_equal(outcome == AKT_REPLIED ? akt_answer_as(answer, put)->n
                                            : (int64_t)answer->error,
                     value);
    akt_answer_free(sim->me, answer);
    assert_int_equal(akt_now_ns(sim->me), before);
}

static akt_err
read_kept(akt_self *self, void *arg)
{
    struct actor *a = arg;

    (void)self;
    assert_int_equal(a->message->n, KEEP);
    assert_true(akt_text_equal(a->message->words, AKT_TEXT("as sent")));
    sim_note(-1);
    return AKT_OK;
}

static akt_err
reply_kept(akt_self *self, void *arg)
{
    struct actor *a = arg;

    assert_ok(akt_promise_reply(self, &a->kept, .n = 7));
    assert_err(akt_promise_reply(self, &a->kept, .n = 8), AKT_EENDED);
    assert_err(akt_promise_fail(self, &a->kept.promise, AKT_EIO, NULL),
               AKT_EENDED);
    assert_err(akt_promise_forward(self, &a->kept.promise, akt_self_ref(self)),
               AKT_EENDED);
    akt_promise_drop(self, &a->kept.promise);
    sim_note(-2);
    return AKT_OK;
}

static void
keeps(struct sim *sim)
{
    akt_ref to = spawn_actor(sim, AKT_REF_NONE);
    akt_future f = ask(sim, to, KEEP);

    sim_do(sim, to, read_kept, NULL);
    sim_do(sim, to, reply_kept, NULL);
    expect(sim, f, AKT_REPLIED, 7);
    assert_notes(-1, -2);
}

static void
test_keep_answers_once_and_keeps_the_message(void **state)
{
    (void)state;
    sim_each_seed(keeps);
}

static akt_err
fail_kept(akt_self *self, void *arg)
{
    struct actor *a = arg;

    assert_err(akt_promise_fail(self, &a->kept.promise, AKT_OK, NULL),
               AKT_EINVAL);
    assert_ok(akt_promise_fail(self, &a->kept.promise, AKT_EIO, "broken disk"));
    return AKT_OK;
}

static akt_err
drop_kept(akt_self *self, void *arg)
{
    struct actor *a = arg;

    akt_promise_drop(self, &a->kept.promise);
    akt_promise_drop(self, &a->kept.promise);
    return AKT_OK;
}

static void
fails_and_drops(struct sim *sim)
{
    akt_ref to = spawn_actor(sim, AKT_REF_NONE);
    akt_future f = ask(sim, to, KEEP);

    sim_do(sim, to, fail_kept, NULL);
    expect(sim, f, AKT_FAILED, AKT_EIO);
    f = ask(sim, to, KEEP);
    sim_do(sim, to, drop_kept, NULL);
    expect(sim, f, AKT_BROKEN, AKT_EBROKEN);
}

static void
test_promise_that_fails_or_is_dropped_ends_at_once(void **state)
{
    (void)state;
    sim_each_seed(fails_and_drops);
}

static void
gives_away(struct sim *sim)
{
    akt_ref last = spawn_actor(sim, AKT_REF_NONE);
    akt_ref to = spawn_actor(sim, last);
    akt_future f = ask(sim, to, KEEP_AND_ALL);

    sim_do(sim, to, reply_kept, NULL);
    expect(sim, f, AKT_REPLIED, 7);
    expect(sim, ask(sim, to, REPLY_AND_FORWARD), AKT_REPLIED, 5);
    assert_notes(-2);
}

static void
test_request_is_given_away_once(void **state)
{
    (void)state;
    sim_each_seed(gives_away);
}

static void
gives_error_away(struct sim *sim)
{
    akt_ref end;

    assert_ok(akt_spawn(sim->me, greedy, &end));
    (void)ask(sim, spawn_actor(sim, end), FORWARD_AND_ALL);
    assert_int_equal(sim_noted(AKT_EENDED), 1);
}

static void
test_reply_after_giving_away_is_refused(void **state)
{
    (void)state;
    sim_in_order(gives_error_away);
}

static void
keeps_unasked(struct sim *sim)
{
    akt_ref ref;

    assert_ok(akt_spawn(sim->me, greedy, &ref));
    assert_ok(akt_send(sim->me, ref, get, .n = KEEP));
    (void)akt_sim_run_until_idle(sim->system);
    assert_notes(AKT_ECONTEXT);
}

static void
test_keep_of_a_plain_send_is_refused(void **state)
{
    (void)state;
    sim_in_order(keeps_unasked);
}

static akt_err
use_others(akt_self *self, void *arg)
{
    struct actor stolen = *(struct actor *)arg;

    assert_err(akt_promise_reply(self, &stolen.kept, .n = 1), AKT_ECONTEXT);
    assert_err(akt_promise_fail(self, &stolen.kept.promise, AKT_EIO, NULL),
               AKT_ECONTEXT);
    assert_err(
        akt_promise_forward(self, &stolen.kept.promise, akt_self_ref(self)),
        AKT_ECONTEXT);
    akt_promise_drop(self, &stolen.kept.promise);
    sim_note(-3);
    return AKT_OK;
}

static struct actor copied;

static akt_err
copy_state(akt_self *self, void *arg)
{
    (void)self;
    copied = *(struct actor *)arg;
    return AKT_OK;
}

static void
strangers(struct sim *sim)
{
    akt_ref to = spawn_actor(sim, AKT_REF_NONE);
    akt_future f = ask(sim, to, KEEP);

    sim_do(sim, to, copy_state, NULL);
    sim_do(sim, spawn_actor(sim, AKT_REF_NONE), use_others, &copied);
    assert_int_equal(akt_future_poll(sim->me, f), AKT_PENDING);
    sim_do(sim, to, reply_kept, NULL);
    expect(sim, f, AKT_REPLIED, 7);
    assert_notes(-3, -2);
}

static void
test_promise_of_another_is_of_no_use(void **state)
{
    (void)state;
    sim_each_seed(strangers);
}

static void
late(struct sim *sim)
{
    akt_ref to = spawn_actor(sim, AKT_REF_NONE);
    akt_future f = ask(sim, to, KEEP);
    akt_answer *answer;

    assert_ok(akt_wait(sim->me, f, &answer));
    assert_int_equal(answer->outcome, AKT_EXPIRED);
    akt_answer_free(sim->me, answer);
    assert_ok(akt_send(sim->me, to, put, .n = 1));
    (void)akt_sim_run_until_idle(sim->system);
    assert_true(akt_ref_is_alive(sim->me, to));
    assert_int_equal(sim_counters(sim).late_replies, 1);
    assert_int_equal(sim_counters(sim).replied, 0);
    /* The cell is free for the next one, which hears nothing of it. */
    expect(sim, ask(sim, to, REPLY), AKT_REPLIED, 42);
}

static void
test_reply_that_is_late_is_counted_and_freed(void **state)
{
    (void)state;
    sim_each_seed(late);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_keep_answers_once_and_keeps_the_message),
        sim_test(test_promise_that_fails_or_is_dropped_ends_at_once),
        sim_test(test_request_is_given_away_once),
        sim_test(test_reply_after_giving_away_is_refused),
        sim_test(test_keep_of_a_plain_send_is_refused),
        sim_test(test_promise_of_another_is_of_no_use),
        sim_test(test_reply_that_is_late_is_counted_and_freed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
