/* SPDX-License-Identifier: MIT */
/* A plain thread asks and waits: every way in which a request ends. */
#include "tests/unit/answerers.h"

AKT_CLASS(actor, struct actor, AKT_ON(get, on_get), AKT_ON(put, on_put),
          AKT_ON(act, on_act), AKT_REQUESTS(4));

static akt_ref
spawn_actor(struct sim *sim)
{
    akt_ref ref;

    assert_ok(akt_spawn(sim->me, actor, &ref, .ask = 0));
    return ref;
}

static akt_answer *
ask_and_wait(struct sim *sim, akt_ref to, int64_t n)
{
    akt_answer *answer = NULL;
    akt_future f;

    assert_ok(akt_ask(sim->me, to, &f, get, .n = n));
    assert_int_equal(akt_future_poll(sim->me, f), AKT_PENDING);
    assert_ok(akt_wait(sim->me, f, &answer));
    assert_err(akt_wait(sim->me, f, &answer), AKT_EENDED);
    assert_int_equal(akt_future_poll(sim->me, f), AKT_BROKEN);
    return answer;
}

static void
assert_answer(struct sim *sim, akt_answer *answer, akt_outcome outcome,
              akt_err err)
{
    assert_int_equal(answer->outcome, outcome);
    assert_int_equal(answer->error, err);
    if (outcome != AKT_REPLIED) {
        assert_null(answer->type);
        assert_null(answer->reply);
        assert_null(akt_answer_as(answer, put));
    }
    akt_answer_free(sim->me, answer);
}

static void
thread_asks(struct sim *sim)
{
    akt_ref to = spawn_actor(sim);
    akt_answer *answer = ask_and_wait(sim, to, REPLY);

    assert_int_equal(akt_answer_as(answer, put)->n, 42);
    assert_null(akt_answer_as(answer, get));
    assert_answer(sim, answer, AKT_REPLIED, AKT_OK);
    answer = ask_and_wait(sim, to, FAIL);
    assert_true(akt_text_equal(answer->text, AKT_TEXT("not today")));
    assert_answer(sim, answer, AKT_FAILED, OWN_ERROR);
    assert_answer(sim, ask_and_wait(sim, to, IGNORE), AKT_BROKEN, AKT_EBROKEN);
    answer = ask_and_wait(sim, to, TWICE);
    assert_int_equal(akt_answer_as(answer, put)->n, 2);
    akt_answer_free(sim->me, answer);
    assert_answer(sim, ask_and_wait(sim, to, LATER), AKT_EXPIRED, AKT_ETIMEOUT);
    assert_answer(sim, ask_and_wait(sim, to, FAIL_BY_RETURN), AKT_FAILED,
                  OWN_ERROR);
    assert_int_equal(sim_counters(sim).asked, 6);
    assert_int_equal(sim_counters(sim).replied, 2);
    assert_int_equal(sim_counters(sim).failed, 2);
    assert_int_equal(sim_counters(sim).timed_out, 1);
    assert_int_equal(sim_counters(sim).broken, 1);
    assert_false(akt_ref_is_alive(sim->me, to));
    akt_answer_free(sim->me, NULL);
}

static void
test_wait_tells_every_outcome(void **state)
{
    (void)state;
    sim_each_seed(thread_asks);
}

static void
broken_at_once(struct sim *sim)
{
    akt_ref to = spawn_actor(sim);
    uint64_t before = akt_now_ns(sim->me);
    akt_future f;
    akt_future g;
    akt_future h;
    akt_answer *answer;

    assert_ok(akt_ask(sim->me, to, &f, unknown, .n = 1));
    assert_ok(akt_wait(sim->me, f, &answer));
    assert_answer(sim, answer, AKT_BROKEN, AKT_EUNHANDLED);
    /* The one that ends it, one behind it, one that waits in the stash. */
    assert_ok(akt_ask(sim->me, to, &h, get, .n = STASH));
    assert_ok(akt_ask(sim->me, to, &f, get, .n = END));
    assert_ok(akt_ask(sim->me, to, &g, get, .n = REPLY));
    assert_ok(akt_wait(sim->me, f, &answer));
    assert_answer(sim, answer, AKT_BROKEN, AKT_EBROKEN);
    assert_ok(akt_wait(sim->me, g, &answer));
    assert_answer(sim, answer, AKT_BROKEN, AKT_EDEAD);
    assert_ok(akt_wait(sim->me, h, &answer));
    assert_answer(sim, answer, AKT_BROKEN, AKT_EDEAD);
    assert_int_equal(akt_now_ns(sim->me), before);
}

static void
test_wait_hears_at_once_that_nobody_will_answer(void **state)
{
    (void)state;
    sim_each_seed(broken_at_once);
}

static void
keeper_killed(struct sim *sim)
{
    akt_ref to = spawn_actor(sim);
    uint64_t before = akt_now_ns(sim->me);
    akt_answer *answer;
    akt_future f;

    assert_ok(akt_ask(sim->me, to, &f, get, .n = LATER));
    (void)akt_sim_run_until_idle(sim->system);
    assert_int_equal(akt_future_poll(sim->me, f), AKT_PENDING);
    assert_int_equal(sim_counters(sim).open, 1);
    assert_ok(akt_kill(sim->me, to));
    (void)akt_sim_run_until_idle(sim->system);
    assert_int_equal(akt_future_poll(sim->me, f), AKT_BROKEN);
    assert_int_equal(sim_counters(sim).broken, 1);
    assert_ok(akt_wait(sim->me, f, &answer));
    assert_answer(sim, answer, AKT_BROKEN, AKT_EDEAD);
    assert_int_equal(akt_now_ns(sim->me), before);
}

static void
test_wait_hears_at_once_that_the_keeper_was_killed(void **state)
{
    (void)state;
    sim_each_seed(keeper_killed);
}

static void
thread_gives_up(struct sim *sim)
{
    akt_ref to = spawn_actor(sim);
    akt_answer *answer;
    akt_future f;
    akt_future g;

    assert_ok(akt_ask(sim->me, to, &f, get, .n = LATER));
    (void)akt_sim_run_until_idle(sim->system);
    assert_ok(akt_cancel(sim->me, f));
    assert_err(akt_cancel(sim->me, f), AKT_EENDED);
    assert_int_equal(akt_future_poll(sim->me, f), AKT_CANCELLED);
    assert_ok(akt_send(sim->me, to, put, .n = 1));
    (void)akt_sim_run_until_idle(sim->system);
    assert_int_equal(sim_counters(sim).late_replies, 1);
    assert_ok(akt_wait(sim->me, f, &answer));
    assert_answer(sim, answer, AKT_CANCELLED, AKT_ECANCELLED);
    assert_ok(akt_ask(sim->me, to, &g, get, .n = REPLY));
    akt_future_drop(sim->me, g);
    akt_future_drop(sim->me, g);
    assert_err(akt_wait(sim->me, g, &answer), AKT_EENDED);
    (void)akt_sim_run_until_idle(sim->system);
    assert_int_equal(sim_counters(sim).cancelled, 2);
    /* Ends by itself at akt_detach. */
    assert_ok(akt_ask(sim->me, to, &g, get, .n = LATER));
}

static void
test_cancel_and_drop_by_a_thread(void **state)
{
    (void)state;
    sim_each_seed(thread_gives_up);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_wait_tells_every_outcome),
        sim_test(test_wait_hears_at_once_that_nobody_will_answer),
        sim_test(test_wait_hears_at_once_that_the_keeper_was_killed),
        sim_test(test_cancel_and_drop_by_a_thread),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
