/* SPDX-License-Identifier: MIT */
/* The account of messages and requests, of the system and of each class. */
#include "akt/timer.h"
#include "tests/support/sim.h"

#define NUMBER(F) F(i64, n)
AKT_MESSAGE(put, NUMBER);
AKT_MESSAGE(unknown, NUMBER);
AKT_REQUEST(get, NUMBER, put);

enum {
    REPLY,
    FAIL,
    FORGET,
    KEEP
};

struct actor {
    akt_ref to;
    akt_promise_of(get) kept;
};

static akt_err
on_put(akt_self *self, struct actor *a, const struct put *m)
{
    (void)self;
    (void)a;
    return m->n < 0 ? AKT_EIO : AKT_OK;
}

static akt_err
on_get(akt_self *self, struct actor *a, const struct get *m)
{
    switch (m->n) {
    case REPLY:
        return akt_reply(self, m, .n = 1);
    case FAIL:
        return akt_reply_error(self, AKT_EIO, NULL);
    case KEEP:
        return akt_keep(self, m, &a->kept);
    default:
        return AKT_OK;
    }
}

static akt_err
on_act(akt_self *self, struct actor *a, const struct act *m)
{
    return m->fn(self, m->arg != NULL ? m->arg : (void *)a);
}

AKT_CLASS(server, struct actor, AKT_ON(put, on_put), AKT_ON(get, on_get));
AKT_CLASS(client, struct actor, AKT_ON(put, on_put), AKT_ON(act, on_act));
AKT_CLASS(unused, struct actor, AKT_ON(put, on_put));

static akt_counters
of_class(struct sim *sim, const akt_class *cls)
{
    akt_counters c;

    akt_class_counters(sim->system, cls, &c);
    return c;
}

static akt_err
ask_all(akt_self *self, void *arg)
{
    struct actor *a = arg;
    akt_future f;
    int64_t n;

    for (n = REPLY; n <= KEEP; n++) {
        assert_ok(akt_ask_within(self, AKT_MS(9), a->to, &f, get, .n = n));
    }
    assert_ok(akt_ask(self, a->to, &f, get, .n = KEEP));
    assert_ok(akt_cancel(self, f));
    return akt_send(self, a->to, put, .n = 1);
}

static void
counts(struct sim *sim)
{
    akt_ref to;
    akt_ref asker;
    akt_counters c;

    assert_ok(akt_spawn(sim->me, server, &to));
    assert_ok(akt_spawn(sim->me, client, &asker, .to = to));
    sim_do(sim, asker, ask_all, NULL);
    (void)akt_sim_advance(sim->system, AKT_MS(9));
    assert_ok(akt_send(sim->me, to, unknown, .n = 1));
    assert_ok(akt_send(sim->me, to, put, .n = -1));
    assert_ok(akt_send(sim->me, to, put, .n = 1));
    (void)akt_sim_run_until_idle(sim->system);
    assert_err(akt_send(sim->me, to, put, .n = 1), AKT_EDEAD);

    c = of_class(sim, &server_class);
    assert_int_equal(c.accepted, 5 + 1 + 3);
    assert_int_equal(c.delivered, 4 + 1 + 1);
    assert_int_equal(c.expired, 1);
    assert_int_equal(c.dropped, 1);
    assert_int_equal(c.dead, 1);
    assert_int_equal(c.asked, 0);
    assert_int_equal(c.spawned, 1);
    assert_int_equal(c.exited, 1);
    assert_int_equal(c.crashed, 1);
    assert_int_equal(c.queued, 0);

    c = of_class(sim, &client_class);
    assert_int_equal(c.accepted, 1);
    assert_int_equal(c.delivered, 1);
    assert_int_equal(c.asked, 5);
    assert_int_equal(c.replied, 1);
    assert_int_equal(c.failed, 1);
    assert_int_equal(c.broken, 1);
    assert_int_equal(c.timed_out, 1);
    assert_int_equal(c.cancelled, 1);
    assert_int_equal(c.open, 0);
    assert_int_equal(c.spawned, 1);
    assert_int_equal(c.exited, 0);

    c = of_class(sim, &unused_class);
    assert_int_equal(c.accepted + c.spawned + c.refused, 0);
    c = sim_counters(sim);
    assert_int_equal(c.accepted, 10);
    assert_int_equal(c.refused, 1);
    assert_int_equal(c.asked, 5);
    assert_int_equal(c.spawned, 2);
}

static void
test_counters_of_classes_and_system_agree(void **state)
{
    (void)state;
    sim_each_seed(counts);
}

static void
queued(struct sim *sim)
{
    akt_ref to;
    akt_future f;
    int64_t n;

    assert_ok(akt_spawn(sim->me, server, &to));
    for (n = 1; n <= 7; n++) {
        assert_ok(akt_send(sim->me, to, put, .n = 1));
        assert_int_equal(sim_counters(sim).queued, n);
    }
    (void)akt_sim_run_until_idle(sim->system);
    assert_int_equal(sim_counters(sim).queued, 0);
    assert_ok(akt_ask(sim->me, to, &f, get, .n = KEEP));
    (void)akt_sim_run_until_idle(sim->system);
    assert_int_equal(sim_counters(sim).open, 1);
    /* It was handled; that the answer is due is another matter. */
    assert_int_equal(sim_counters(sim).queued, 0);
}

static void
test_counters_tell_what_is_on_the_way(void **state)
{
    (void)state;
    sim_each_seed(queued);
}

static void
assert_letter(const struct sim *sim, size_t i, struct sim_letter expected)
{
    const struct sim_letter *l = &sim->letters[i];

    assert_true(i < sim->letter_count);
    assert_true(akt_ref_equal(l->sender, expected.sender));
    assert_true(akt_ref_equal(l->target, expected.target));
    assert_true(akt_type_equal(l->type, expected.type));
    assert_int_equal(l->fate, expected.fate);
    assert_err(l->reason, expected.reason);
    assert_int_equal(l->first, expected.first);
}

static akt_err
send_unknown(akt_self *self, void *arg)
{
    struct actor *a = arg;

    return akt_send(self, a->to, unknown, .n = 12);
}

static void
letters(struct sim *sim)
{
    akt_ref to;
    akt_ref sender;

    assert_ok(akt_spawn(sim->me, server, &to));
    assert_ok(akt_spawn(sim->me, client, &sender, .to = to));
    sim_do(sim, sender, send_unknown, NULL);
    assert_ok(akt_send(sim->me, to, put, .n = 13));
    assert_ok(akt_stop(sim->me, to));
    (void)akt_sim_run_until_idle(sim->system);
    assert_ok(akt_send(sim->me, sender, put, .n = 14));
    assert_ok(akt_system_stop(sim->system, 0));
    assert_letter(sim, 0,
                  (struct sim_letter){sender, to, &unknown_type,
                                      AKT_FATE_DROPPED, AKT_EUNHANDLED, 12});
    assert_letter(sim, 1,
                  (struct sim_letter){AKT_REF_NONE, to, &put_type,
                                      AKT_FATE_DEAD, AKT_EDEAD, 13});
    assert_letter(sim, 2,
                  (struct sim_letter){AKT_REF_NONE, sender, &put_type,
                                      AKT_FATE_DISCARDED, AKT_ESTOPPED, 14});
    assert_int_equal(sim->letter_count, 3);
}

static void
test_dead_letters_say_who_what_and_why(void **state)
{
    (void)state;
    sim_each_seed(letters);
}

static akt_err
tick_unheard(akt_self *self, void *arg)
{
    (void)arg;
    assert_ok(akt_timer_start(self, 0, 0, NULL, put, .n = 1));
    return akt_timer_start(self, 0, AKT_MS(1), NULL, put, .n = 2);
}

static void
timers(struct sim *sim)
{
    akt_ref ref;
    akt_counters c;

    assert_ok(akt_spawn(sim->me, client, &ref));
    sim_do(sim, ref, tick_unheard, NULL);
    (void)akt_sim_advance(sim->system, AKT_MS(3));
    c = of_class(sim, &client_class);
    assert_int_equal(c.accepted, 1 + 1 + 4);
    assert_int_equal(c.delivered, 1 + 1 + 4);
}

static void
test_timer_messages_are_accounted_when_they_are_handled(void **state)
{
    (void)state;
    sim_each_seed(timers);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_counters_of_classes_and_system_agree),
        sim_test(test_counters_tell_what_is_on_the_way),
        sim_test(test_dead_letters_say_who_what_and_why),
        sim_test(test_timer_messages_are_accounted_when_they_are_handled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
