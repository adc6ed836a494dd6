/* SPDX-License-Identifier: MIT */
/* Requests to a probe and by it, and what happens when memory runs out. */
#include "akt/test.h"
#include "tests/support/sim.h"

#include <string.h>

#define NUMBER(F) F(i64, n)
AKT_MESSAGE(balance, NUMBER);
AKT_MESSAGE(notice, NUMBER);
AKT_REQUEST(deposit, NUMBER, balance);

/* Asks `bank` for each notice and notes how that ended. */
struct client {
    akt_ref bank;
    uint64_t timeout_ns;
};

static akt_err
on_balance(akt_self *self, struct client *c, const akt_answer *a,
           const struct balance *b)
{
    (void)self;
    (void)c;
    sim_note(b != NULL ? b->n : -(int64_t)a->outcome);
    return AKT_OK;
}
AKT_THEN(on_balance, struct client, deposit);

static akt_err
on_notice(akt_self *self, struct client *c, const struct notice *m)
{
    akt_future f;

    AKT_TRY(
        akt_ask_within(self, c->timeout_ns, c->bank, &f, deposit, .n = m->n));
    return akt_then(self, f, on_balance, NULL);
}
AKT_CLASS(client, struct client, AKT_ON(notice, on_notice));

/* Replies to even numbers, fails for odd ones, leaves negative ones. */
struct bank {
    akt_promise_of(deposit) kept;
};

static akt_err
on_deposit(akt_self *self, struct bank *b, const struct deposit *m)
{
    if (m->n < 0) {
        return akt_keep(self, m, &b->kept);
    }
    return m->n % 2 == 0 ? akt_reply(self, m, .n = m->n * 2)
                         : akt_reply_error(self, AKT_EUSER, "it is odd");
}
AKT_CLASS(bank, struct bank, AKT_ON(deposit, on_deposit));

static akt_probe *
open_quiet(struct sim *sim)
{
    akt_probe_opts opts = AKT_PROBE_OPTS_INIT;
    akt_probe *p;

    opts.quiet = true;
    assert_ok(akt_probe_open(sim->me, &opts, &p));
    return p;
}

/* A client that asks the probe for 1, 2, 3, ... */
static akt_ref
spawn_client(struct sim *sim, akt_probe *p, int64_t asks)
{
    akt_ref ref;
    int64_t i;

    assert_ok(akt_spawn(sim->me, client, &ref, .bank = akt_probe_ref(p),
                        .timeout_ns = AKT_MS(100)));
    for (i = 1; i <= asks; i++) {
        assert_ok(akt_send(sim->me, ref, notice, .n = i));
    }
    return ref;
}

/* --- answering --- */

static void
answered(struct sim *sim)
{
    akt_probe *p = open_quiet(sim);
    akt_ref client = spawn_client(sim, p, 3);
    const struct deposit *m;

    m = akt_expect(p, 0, deposit);
    assert_true(akt_ref_equal(akt_probe_sender(p), client));
    assert_ok(akt_probe_reply(p, m, .n = m->n + 100));
    assert_int_equal(m->n, 1);
    assert_err(akt_probe_reply(p, m, .n = 1), AKT_EENDED);
    assert_err(akt_probe_fail(p, m, AKT_EIO, NULL), AKT_EENDED);
    assert_err(akt_probe_drop(p, m), AKT_EENDED);
    (void)akt_sim_run_until_idle(sim->system);
    m = akt_expect(p, 0, deposit);
    assert_err(akt_probe_fail(p, m, AKT_OK, NULL), AKT_EINVAL);
    assert_ok(akt_probe_fail(p, m, AKT_EIO, "no"));
    (void)akt_sim_run_until_idle(sim->system);
    m = akt_expect(p, 0, deposit);
    assert_ok(akt_probe_drop(p, m));
    (void)akt_sim_run_until_idle(sim->system);
    assert_notes(101, -AKT_FAILED, -AKT_BROKEN);
    akt_probe_close(p);
}

static void
test_probe_answers_requests(void **state)
{
    (void)state;
    sim_each_seed(answered);
}

static void
several(struct sim *sim)
{
    akt_probe *p = open_quiet(sim);
    const struct deposit *m[3];
    int i;

    (void)spawn_client(sim, p, 3);
    for (i = 0; i < 3; i++) {
        m[i] = akt_expect(p, 0, deposit);
    }
    assert_ok(akt_expect_none(p, AKT_MS(1)));
    for (i = 2; i >= 0; i--) {
        assert_int_equal(m[i]->n, i + 1);
        assert_ok(akt_probe_reply(p, m[i], .n = i));
        (void)akt_sim_run_until_idle(sim->system);
    }
    assert_notes(2, 1, 0);
    akt_probe_close(p);
}

static void
test_requests_stay_open_and_are_answered_in_any_order(void **state)
{
    (void)state;
    sim_each_seed(several);
}

/* Neither asked for nor late ones do harm. */
static void
unheard(struct sim *sim)
{
    akt_probe *p = open_quiet(sim);
    const struct deposit *m;

    assert_ok(akt_send(sim->me, akt_probe_ref(p), deposit, .n = 1));
    m = akt_expect(p, 0, deposit);
    assert_err(akt_probe_reply(p, m, .n = 1), AKT_EENDED);
    (void)spawn_client(sim, p, 2);
    m = akt_expect(p, 0, deposit);
    (void)akt_sim_advance(sim->system, AKT_MS(100));
    assert_ok(akt_probe_reply(p, m, .n = 1));
    assert_int_equal(sim_counters(sim).late_replies, 1);
    /* This one came in time and is looked at too late. */
    m = akt_expect(p, 0, deposit);
    assert_int_equal(m->n, 2);
    assert_ok(akt_probe_drop(p, m));
    assert_notes(-AKT_EXPIRED, -AKT_EXPIRED);
    akt_probe_close(p);
}

static void
test_replies_that_nobody_waits_for_are_counted(void **state)
{
    (void)state;
    sim_each_seed(unheard);
}

static void
skipped(struct sim *sim)
{
    akt_probe *p = open_quiet(sim);

    (void)spawn_client(sim, p, 2);
    assert_null(akt_fish(p, AKT_MS(10), notice));
    (void)akt_sim_run_until_idle(sim->system);
    assert_notes(-AKT_BROKEN, -AKT_BROKEN);
    akt_probe_close(p);
}

static void
test_requests_that_are_skipped_break(void **state)
{
    (void)state;
    sim_each_seed(skipped);
}

/* One that is held and one that waits. */
static void
closed(struct sim *sim)
{
    akt_probe *p = open_quiet(sim);

    (void)spawn_client(sim, p, 2);
    assert_non_null(akt_expect(p, 0, deposit));
    (void)akt_sim_run_until_idle(sim->system);
    akt_probe_close(p);
    (void)akt_sim_run_until_idle(sim->system);
    assert_notes(-AKT_BROKEN, -AKT_BROKEN);
}

static void
test_close_breaks_open_requests(void **state)
{
    (void)state;
    sim_each_seed(closed);
}

static void
stopped(struct sim *sim)
{
    akt_probe *p = open_quiet(sim);
    const struct deposit *m;

    (void)spawn_client(sim, p, 2);
    m = akt_expect(p, 0, deposit);
    (void)akt_sim_run_until_idle(sim->system);
    assert_ok(akt_stop(sim->me, akt_probe_ref(p)));
    (void)akt_sim_run_until_idle(sim->system);
    assert_notes(-AKT_BROKEN, -AKT_BROKEN);
    assert_err(akt_probe_reply(p, m, .n = 1), AKT_EENDED);
    assert_int_equal(akt_expect(p, 0, deposit)->n, 2);
    akt_probe_close(p);
}

static void
test_requests_break_when_the_probe_is_stopped(void **state)
{
    (void)state;
    sim_each_seed(stopped);
}

static void
lost(struct sim *sim)
{
    akt_probe_opts opts = AKT_PROBE_OPTS_INIT;
    akt_probe *p;

    opts.capacity = 1;
    opts.quiet = true;
    assert_ok(akt_probe_open(sim->me, &opts, &p));
    (void)spawn_client(sim, p, 2);
    (void)akt_sim_run_until_idle(sim->system);
    assert_notes(-AKT_BROKEN);
    assert_int_equal(sim_letters(sim, AKT_FATE_DROPPED, AKT_EFULL), 1);
    akt_probe_close(p);
}

static void
test_a_request_to_a_full_probe_breaks(void **state)
{
    (void)state;
    sim_each_seed(lost);
}

/* --- asking --- */

static akt_future
ask(akt_probe *p, akt_ref bank, int64_t n)
{
    akt_future f;

    assert_ok(akt_probe_ask(p, AKT_MS(10), bank, &f, deposit, .n = n));
    return f;
}

static void
asked(struct sim *sim)
{
    akt_probe *p = open_quiet(sim);
    akt_ref ref;
    akt_future f;

    assert_ok(akt_spawn(sim->me, bank, &ref));
    assert_int_equal(akt_expect_reply(p, ask(p, ref, 4), balance)->n, 8);
    assert_ok(akt_expect_outcome(p, ask(p, ref, 4), AKT_REPLIED));
    assert_int_equal(akt_answer_as(akt_probe_answer(p), balance)->n, 8);
    assert_ok(akt_expect_outcome(p, ask(p, ref, 1), AKT_FAILED));
    assert_err(akt_probe_answer(p)->error, AKT_EUSER);
    assert_true(
        akt_text_equal(akt_probe_answer(p)->text, AKT_TEXT("it is odd")));
    assert_ok(akt_expect_outcome(p, ask(p, ref, -1), AKT_EXPIRED));
    f = ask(p, ref, 4);
    assert_ok(akt_cancel(sim->me, f));
    assert_ok(akt_expect_outcome(p, f, AKT_CANCELLED));
    assert_int_equal(akt_probe_failures(p), 0);
    akt_probe_close(p);
}

static void
test_expect_reply_and_outcome_hold(void **state)
{
    (void)state;
    sim_each_seed(asked);
}

static void
asked_in_vain(struct sim *sim)
{
    akt_probe *p = open_quiet(sim);
    uint64_t start = akt_now_ns(sim->me);
    akt_ref ref;
    akt_future f;

    assert_ok(akt_spawn(sim->me, bank, &ref));
    assert_null(akt_expect_reply(p, ask(p, ref, 1), balance));
    assert_err(akt_probe_error(p), AKT_EUNEXPECTED);
    assert_string_equal(akt_probe_failure(p),
                        "probe: expected a request to be answered by balance, "
                        "but it failed (AKT_EUSER): it is odd");
    assert_null(akt_expect_reply(p, ask(p, ref, 4), notice));
    assert_string_equal(akt_probe_failure(p),
                        "probe: expected a request to be answered by notice, "
                        "but it was replied to: balance{n=8}");
    assert_int_equal(akt_now_ns(sim->me), start);
    assert_err(akt_expect_outcome(p, ask(p, ref, -1), AKT_FAILED),
               AKT_EUNEXPECTED);
    assert_string_equal(akt_probe_failure(p),
                        "probe: expected a request to fail, but it expired "
                        "(AKT_ETIMEOUT)");
    assert_int_equal(akt_now_ns(sim->me), start + AKT_MS(10));
    f = ask(p, ref, 4);
    assert_non_null(akt_expect_reply(p, f, balance));
    assert_err(akt_expect_outcome(p, f, AKT_REPLIED), AKT_EENDED);
    assert_string_equal(akt_probe_failure(p),
                        "probe: expected a request to be replied to, but could "
                        "not wait for it (AKT_EENDED)");
    assert_null(akt_probe_answer(p));
    assert_int_equal(akt_probe_failures(p), 4);
    akt_probe_close(p);
}

static void
test_expect_reply_says_how_the_request_ended(void **state)
{
    (void)state;
    sim_each_seed(asked_in_vain);
}

static akt_err
note_sender(akt_self *self, struct bank *b, const struct deposit *m)
{
    (void)b;
    sim_note((int64_t)akt_sender(self).slot);
    sim_note((int64_t)akt_sender(self).generation);
    return akt_reply(self, m, .n = 0);
}
AKT_CLASS(watcher, struct bank, AKT_ON(deposit, note_sender));

static void
in_its_name(struct sim *sim)
{
    akt_probe *p = open_quiet(sim);
    akt_ref me = akt_probe_ref(p);
    akt_ref ref;

    assert_ok(akt_spawn(sim->me, watcher, &ref));
    assert_non_null(akt_expect_reply(p, ask(p, ref, 1), balance));
    assert_ok(akt_probe_send(p, ref, deposit, .n = 1));
    (void)akt_sim_run_until_idle(sim->system);
    assert_notes(me.slot, me.generation, me.slot, me.generation);
    akt_probe_close(p);
}

static void
test_probe_sends_and_asks_in_its_own_name(void **state)
{
    (void)state;
    sim_each_seed(in_its_name);
}

static void
refused(struct sim *sim)
{
    akt_probe *p = open_quiet(sim);
    akt_ref gone;
    akt_future f = {NULL, 0};

    assert_ok(akt_spawn(sim->me, bank, &gone));
    assert_ok(akt_stop(sim->me, gone));
    (void)akt_sim_run_until_idle(sim->system);
    assert_err(akt_probe_send(p, gone, deposit, .n = 1), AKT_EDEAD);
    assert_err(akt_probe_ask(p, 0, gone, &f, deposit, .n = 1), AKT_EDEAD);
    assert_err(
        akt_probe_ask(p, AKT_NEVER, akt_probe_ref(p), &f, deposit, .n = 1),
        AKT_EINVAL);
    assert_null(f.cell);
    akt_probe_close(p);
}

static void
test_send_and_ask_answer_as_the_ordinary_ones(void **state)
{
    (void)state;
    sim_each_seed(refused);
}

/* --- out of memory --- */

/* A whole test; whatever fails answers AKT_ENOMEM. */
static akt_err
story(struct sim *sim, akt_probe *p, akt_ref bank_ref)
{
    const struct deposit *m;
    akt_future f;
    akt_err err;

    AKT_TRY(akt_probe_send(p, akt_probe_ref(p), notice, .n = 1));
    assert_non_null(akt_expect_equal(p, 0, notice, .n = 1));
    AKT_TRY(akt_ask(sim->me, akt_probe_ref(p), &f, deposit, .n = 2));
    m = akt_expect(p, 0, deposit);
    err = akt_probe_reply(p, m, .n = 3);
    if (err != AKT_OK) {
        /* It is open still, and ending it needs no memory. */
        assert_ok(akt_probe_fail(p, m, AKT_ENOMEM, "text"));
        akt_future_drop(sim->me, f);
        return err;
    }
    if (akt_expect_reply(p, f, balance) == NULL) {
        akt_future_drop(sim->me, f);
        return akt_probe_error(p);
    }
    AKT_TRY(akt_probe_ask(p, 0, bank_ref, &f, deposit, .n = 4));
    if (akt_expect_reply(p, f, balance) == NULL) {
        /* Either the wait or the reply had no memory. */
        akt_future_drop(sim->me, f);
        return AKT_ENOMEM;
    }
    return AKT_OK;
}

static akt_err
whole_story(struct sim *sim)
{
    akt_probe_opts opts = AKT_PROBE_OPTS_INIT;
    akt_probe *p;
    akt_ref ref;
    akt_err err;

    opts.quiet = true;
    AKT_TRY(akt_spawn(sim->me, bank, &ref));
    AKT_TRY(akt_probe_open(sim->me, &opts, &p));
    err = story(sim, p, ref);
    akt_probe_close(p);
    return err;
}

/* Fails the n-th allocation; true when there were less. */
static bool
fails_at(uint64_t n, bool for_ever)
{
    struct sim sim;
    akt_err err;

    sim_open(&sim, 0);
    sim.memory.calls = 0;
    sim.memory.fail_at = n;
    sim.memory.for_ever = for_ever;
    err = whole_story(&sim);
    sim.memory.fail_at = 0;
    assert_true(err == AKT_OK || err == AKT_ENOMEM);
    assert_true(err == AKT_OK || sim.memory.failed > 0);
    sim_close(&sim);
    return sim.memory.failed == 0;
}

static void
test_out_of_memory_is_an_error_and_nothing_is_lost(void **state)
{
    uint64_t n = 1;

    (void)state;
    while (!fails_at(n, false)) {
        (void)fails_at(n, true);
        n++;
    }
    assert_true(n > 3);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_probe_answers_requests),
        sim_test(test_requests_stay_open_and_are_answered_in_any_order),
        sim_test(test_replies_that_nobody_waits_for_are_counted),
        sim_test(test_requests_that_are_skipped_break),
        sim_test(test_close_breaks_open_requests),
        sim_test(test_requests_break_when_the_probe_is_stopped),
        sim_test(test_a_request_to_a_full_probe_breaks),
        sim_test(test_expect_reply_and_outcome_hold),
        sim_test(test_expect_reply_says_how_the_request_ended),
        sim_test(test_probe_sends_and_asks_in_its_own_name),
        sim_test(test_send_and_ask_answer_as_the_ordinary_ones),
        sim_test(test_out_of_memory_is_an_error_and_nothing_is_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
