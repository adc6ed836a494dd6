/* SPDX-License-Identifier: MIT */
/* Expired and cancelled requests are not handled. */
#include "tests/unit/hops.h"

static akt_err
cancel(akt_self *self, void *arg)
{
    struct hop *h = arg;

    assert_ok(akt_cancel(self, h->future));
    return AKT_OK;
}

static akt_err
unstash(akt_self *self, void *arg)
{
    (void)arg;
    assert_int_equal(akt_unstash(self), 1);
    return AKT_OK;
}

static void
expired_in_mailbox(struct sim *sim)
{
    akt_ref to = spawn_hop(sim, "sl", AKT_REF_NONE, 0);
    akt_ref asker = spawn_hop(sim, "", to, AKT_MS(5));

    sim_do(sim, asker, begin, NULL);
    (void)akt_sim_advance(sim->system, AKT_MS(5));
    sim_forget();
    sim_do(sim, to, unstash, NULL);
    assert_int_equal(sim_note_count(), 0);
    assert_int_equal(sim_letters(sim, AKT_FATE_EXPIRED, AKT_ETIMEOUT), 1);
    assert_int_equal(sim_counters(sim).expired, 1);
    assert_int_equal(sim_counters(sim).timed_out, 1);
}

static void
test_expired_mail_is_dropped_before_its_handler(void **state)
{
    (void)state;
    sim_each_seed(expired_in_mailbox);
}

static void
expired_of_thread(struct sim *sim)
{
    akt_ref to = spawn_hop(sim, "sl", AKT_REF_NONE, 0);
    akt_future f;

    assert_ok(akt_ask_within(sim->me, AKT_MS(5), to, &f, get, .n = 1));
    (void)akt_sim_advance(sim->system, AKT_MS(6));
    sim_do(sim, to, unstash, NULL);
    assert_int_equal(sim_note_count(), 0);
    assert_int_equal(sim_letters(sim, AKT_FATE_EXPIRED, AKT_ETIMEOUT), 1);
    assert_int_equal(akt_future_poll(sim->me, f), AKT_EXPIRED);
}

static void
test_expired_mail_of_a_thread_is_dropped_too(void **state)
{
    (void)state;
    sim_in_order(expired_of_thread);
}

static void
expired_wait(struct sim *sim)
{
    akt_ref to = spawn_hop(sim, "sl", AKT_REF_NONE, 0);
    akt_answer *answer;
    akt_future f;

    assert_ok(akt_ask_within(sim->me, AKT_MS(5), to, &f, get, .n = 1));
    assert_ok(akt_wait(sim->me, f, &answer));
    assert_int_equal(answer->outcome, AKT_EXPIRED);
    akt_answer_free(sim->me, answer);
    sim_do(sim, to, unstash, NULL);
    assert_int_equal(sim_note_count(), 0);
    assert_int_equal(sim_letters(sim, AKT_FATE_EXPIRED, AKT_ETIMEOUT), 1);
}

static void
test_expired_mail_says_timeout(void **state)
{
    (void)state;
    sim_in_order(expired_wait);
}

static void
cancelled_below(struct sim *sim, const char *middle)
{
    akt_ref last = spawn_hop(sim, "sl", AKT_REF_NONE, 0);
    akt_ref second = spawn_hop(sim, middle, last, 0);
    akt_ref first = spawn_hop(sim, middle, second, 0);
    akt_ref asker = spawn_hop(sim, "", first, 0);

    sim_do(sim, asker, begin, NULL);
    sim_do(sim, asker, cancel, NULL);
    assert_int_equal(sim_note_count(), 2);
    assert_int_equal(sim_note_at(0), AKT_CANCELLED);
    sim_forget();
    sim_do(sim, last, unstash, NULL);
    /* The last one never saw it; the one that asked it hears "cancelled". */
    assert_int_equal(sim_note_at(0), AKT_CANCELLED);
    assert_int_equal(sim_noted(false), 0);
    assert_int_equal(sim_letters(sim, AKT_FATE_EXPIRED, AKT_ECANCELLED), 1);
}

static void
cancels(struct sim *sim)
{
    cancelled_below(sim, "ak");
}

static void
cancels_kept(struct sim *sim)
{
    cancelled_below(sim, "ka");
}

static void
test_cancellation_reaches_two_levels_down(void **state)
{
    (void)state;
    sim_each_seed(cancels);
}

static void
test_cancellation_reaches_down_after_keeping_too(void **state)
{
    (void)state;
    sim_in_order(cancels_kept);
}

static akt_err
stop_me(akt_self *self, void *arg)
{
    (void)arg;
    akt_stop_self(self);
    return AKT_OK;
}

static void
asker_ends(struct sim *sim)
{
    akt_ref to = spawn_hop(sim, "sl", AKT_REF_NONE, 0);
    akt_ref asker = spawn_hop(sim, "", to, 0);

    sim_do(sim, asker, begin, NULL);
    sim_do(sim, asker, stop_me, NULL);
    sim_do(sim, to, unstash, NULL);
    assert_int_equal(sim_note_count(), 0);
    assert_int_equal(sim_letters(sim, AKT_FATE_EXPIRED, AKT_ECANCELLED), 1);
    assert_int_equal(sim_counters(sim).cancelled, 1);
}

static void
test_request_of_a_dead_asker_is_dropped(void **state)
{
    (void)state;
    sim_each_seed(asker_ends);
}

/* An actor that asks itself can cancel in the middle of handling. */
static akt_err
on_own_get(akt_self *self, struct hop *h, const struct get *m)
{
    (void)m;
    sim_note(akt_is_cancelled(self));
    assert_ok(akt_cancel(self, h->future));
    sim_note(akt_is_cancelled(self));
    assert_ok(akt_reply(self, m, .n = 1));
    return AKT_OK;
}

static akt_err
ask_self(akt_self *self, void *arg)
{
    struct hop *h = arg;

    return akt_ask(self, akt_self_ref(self), &h->future, get, .n = 1);
}
AKT_CLASS(narcissist, struct hop, AKT_ON(get, on_own_get), AKT_ON(act, on_act));

static void
sees_cancel(struct sim *sim)
{
    akt_ref ref;

    assert_ok(akt_spawn(sim->me, narcissist, &ref));
    sim_do(sim, ref, ask_self, NULL);
    assert_notes(false, true);
    assert_int_equal(sim_counters(sim).late_replies, 1);
    assert_int_equal(sim_counters(sim).cancelled, 1);
}

static void
test_is_cancelled_tells_the_handler_that_runs(void **state)
{
    (void)state;
    sim_each_seed(sees_cancel);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_expired_mail_is_dropped_before_its_handler),
        sim_test(test_expired_mail_of_a_thread_is_dropped_too),
        sim_test(test_expired_mail_says_timeout),
        sim_test(test_cancellation_reaches_two_levels_down),
        sim_test(test_cancellation_reaches_down_after_keeping_too),
        sim_test(test_request_of_a_dead_asker_is_dropped),
        sim_test(test_is_cancelled_tells_the_handler_that_runs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
