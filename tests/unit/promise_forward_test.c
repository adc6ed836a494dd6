/* SPDX-License-Identifier: MIT */
/* Requests and promises that are handed on. */
#include "tests/unit/keepers.h"

AKT_CLASS(actor, struct actor, AKT_ON(get, on_get), AKT_ON(act, on_act),
          AKT_ON(put, on_put));
static akt_err
relay_get(akt_self *self, struct actor *a, const struct get *m)
{
    (void)m;
    return akt_forward(self, a->next);
}

AKT_CLASS(relay, struct actor, AKT_ON(get, relay_get));
AKT_CLASS(narrow, struct actor, AKT_ON(get, on_get), AKT_ON(act, on_act),
          AKT_MAILBOX(1, AKT_FAIL));

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
forwards(struct sim *sim)
{
    akt_ref chain = spawn_actor(sim, AKT_REF_NONE);
    int i;

    for (i = 0; i < 5; i++) {
        akt_ref next = chain;

        assert_ok(akt_spawn(sim->me, relay, &chain, .next = next));
    }
    /* The sender is still the thread: nobody. */
    expect(sim, ask(sim, chain, REPLY), AKT_REPLIED, 42);
    assert_notes(0);
    assert_int_equal(sim_counters(sim).accepted, 6);
}

static akt_err
forward_kept(akt_self *self, void *arg)
{
    struct actor *a = arg;

    assert_ok(akt_promise_forward(self, &a->kept.promise, a->next));
    assert_err(akt_promise_reply(self, &a->kept, .n = 8), AKT_EENDED);
    return AKT_OK;
}

static void
hands_on(struct sim *sim)
{
    akt_ref last = spawn_actor(sim, AKT_REF_NONE);
    akt_ref middle = spawn_actor(sim, last);
    akt_ref first = spawn_actor(sim, middle);
    akt_future f = ask(sim, first, KEEP);

    sim_do(sim, first, forward_kept, NULL);
    sim_do(sim, middle, forward_kept, NULL);
    assert_int_equal(akt_future_poll(sim->me, f), AKT_PENDING);
    sim_do(sim, last, reply_kept, NULL);
    expect(sim, f, AKT_REPLIED, 7);
    assert_int_equal(sim_counters(sim).accepted, sim_counters(sim).delivered);
}

static void
test_promise_forward_moves_the_request_on(void **state)
{
    (void)state;
    sim_each_seed(hands_on);
}

static akt_err
forward_to_dead_or_full(akt_self *self, void *arg)
{
    struct actor *a = arg;
    akt_ref me = akt_self_ref(self);

    sim_note((int64_t)akt_promise_forward(self, &a->kept.promise, a->next));
    me.system++;
    assert_err(akt_promise_forward(self, &a->kept.promise, me), AKT_EFOREIGN);
    return AKT_OK;
}

static void
cannot_hand_on(struct sim *sim)
{
    akt_ref full;
    akt_ref dead = spawn_actor(sim, AKT_REF_NONE);
    akt_ref first;
    akt_future f;

    assert_ok(akt_stop(sim->me, dead));
    (void)akt_sim_run_until_idle(sim->system);
    first = spawn_actor(sim, dead);
    f = ask(sim, first, KEEP);
    sim_do(sim, first, forward_to_dead_or_full, NULL);
    sim_do(sim, first, reply_kept, NULL);
    expect(sim, f, AKT_REPLIED, 7);
    assert_ok(akt_spawn(sim->me, narrow, &full));
    first = spawn_actor(sim, full);
    f = ask(sim, first, KEEP);
    sim_act(sim, first, forward_to_dead_or_full, NULL);
    sim_act(sim, full, read_kept, NULL);
    assert_true(akt_sim_step(sim->system));
    assert_ok(akt_kill(sim->me, full));
    (void)akt_sim_run_until_idle(sim->system);
    sim_do(sim, first, reply_kept, NULL);
    expect(sim, f, AKT_REPLIED, 7);
    assert_notes(AKT_EDEAD, -2, AKT_EFULL, -2);
}

static void
test_promise_forward_that_fails_leaves_it_here(void **state)
{
    (void)state;
    sim_in_order(cannot_hand_on);
}

static akt_err
forward_kept_or_drop(akt_self *self, void *arg)
{
    struct actor *a = arg;

    if (akt_promise_forward(self, &a->kept.promise, a->next) != AKT_OK) {
        akt_promise_drop(self, &a->kept.promise);
    }
    return AKT_OK;
}

/* The one it was handed to ends: with it in the mailbox, or kept. */
static void
new_keeper_ends(struct sim *sim)
{
    akt_ref last = spawn_actor(sim, AKT_REF_NONE);
    akt_ref first = spawn_actor(sim, last);
    akt_future f = ask(sim, first, KEEP);
    uint64_t steps = sim->seed % 4;

    sim_act(sim, first, forward_kept_or_drop, NULL);
    while (steps-- > 0 && akt_sim_step(sim->system)) {
    }
    assert_ok(akt_kill(sim->me, last));
    (void)akt_sim_run_until_idle(sim->system);
    assert_int_equal(akt_future_poll(sim->me, f), AKT_BROKEN);
    assert_int_equal(sim_counters(sim).broken, 1);
}

static void
test_end_of_the_new_keeper_breaks_the_promise(void **state)
{
    (void)state;
    sim_each_seed(new_keeper_ends);
}

static void
test_forward_hands_the_promise_on(void **state)
{
    (void)state;
    sim_each_seed(forwards);
}

static void
stops_system(struct sim *sim)
{
    akt_ref to = spawn_actor(sim, AKT_REF_NONE);
    akt_future f = ask(sim, to, KEEP);

    assert_ok(akt_system_stop(sim->system, 0));
    expect(sim, f, AKT_BROKEN, AKT_ESTOPPED);
}

static void
test_system_stop_breaks_what_is_kept(void **state)
{
    (void)state;
    sim_each_seed(stops_system);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_promise_forward_moves_the_request_on),
        sim_test(test_promise_forward_that_fails_leaves_it_here),
        sim_test(test_end_of_the_new_keeper_breaks_the_promise),
        sim_test(test_forward_hands_the_promise_on),
        sim_test(test_system_stop_breaks_what_is_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
