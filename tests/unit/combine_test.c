/* SPDX-License-Identifier: MIT */
/* Several futures as one: what each rule says, and what ends the whole. */
#include "tests/unit/sets.h"

AKT_MESSAGE(other, NUMBER);

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
open_and_continue(akt_self *self, void *arg)
{
    struct set *s = arg;

    (void)open_set(self, s);
    assert_int_equal(akt_future_poll(self, s->whole), AKT_PENDING);
    return akt_then(self, s->whole, heard, NULL);
}

static void
break_part(struct sim *sim, struct set *s, size_t i, akt_err err)
{
    assert_ok(akt_complete_error(sim->me, s->completers[i], err, "a text"));
    (void)akt_sim_run_until_idle(sim->system);
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
        assert_ok(akt_oneshot_open(sim->me, put, 0, &parts[i], &c));
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
        sim_test(test_misuse_is_refused_and_changes_nothing),
        sim_test(test_combined_futures_count_against_the_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
