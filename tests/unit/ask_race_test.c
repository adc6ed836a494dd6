/* SPDX-License-Identifier: MIT */
/*
 * All pairs of ways in which a request can end, at the same instant: it ends
 * once, and who asked hears of it once, if it lives.
 */
#include "akt/timer.h"
#include "tests/support/sim.h"

#define NUMBER(F) F(i64, n)
AKT_MESSAGE(put, NUMBER);
AKT_MESSAGE(tick, NUMBER);
AKT_REQUEST(get, NUMBER, put);

#define AT AKT_MS(10)

enum ending {
    REPLY,
    FAIL,
    DROP,
    FORWARD_TO_DEAD,
    ANSWERER_STOPS,
    ANSWERER_KILLED,
    DEADLINE,
    CANCEL,
    GIVE_UP, /* akt_future_drop */
    ASKER_STOPS,
    ASKER_KILLED,
    ENDINGS
};

struct actor {
    akt_ref to;
    akt_future future;
    akt_promise_of(get) kept;
};

static akt_err
on_get(akt_self *self, struct actor *a, const struct get *m)
{
    return akt_keep(self, m, &a->kept);
}

static akt_err
forward_to_dead(akt_self *self, struct actor *a)
{
    akt_ref dead = akt_self_ref(self);

    dead.generation += 7;
    assert_err(akt_promise_forward(self, &a->kept.promise, dead),
               a->kept.promise.cell != NULL ? AKT_EDEAD : AKT_EENDED);
    akt_promise_drop(self, &a->kept.promise);
    return AKT_OK;
}

/* The instant has come. What has ended already is no error here. */
static akt_err
on_tick(akt_self *self, struct actor *a, const struct tick *m)
{
    switch (m->n) {
    case REPLY:
        akt_ignore(akt_promise_reply(self, &a->kept, .n = 1));
        break;
    case FAIL:
        akt_ignore(akt_promise_fail(self, &a->kept.promise, AKT_EIO, "x"));
        break;
    case DROP:
        akt_promise_drop(self, &a->kept.promise);
        break;
    case FORWARD_TO_DEAD:
        return forward_to_dead(self, a);
    case CANCEL:
        akt_ignore(akt_cancel(self, a->future));
        break;
    case GIVE_UP:
        akt_future_drop(self, a->future);
        break;
    case ANSWERER_STOPS:
    case ASKER_STOPS:
        akt_stop_self(self);
        break;
    default:
        break;
    }
    return AKT_OK;
}

static akt_err
on_act(akt_self *self, struct actor *a, const struct act *m)
{
    (void)a;
    return m->fn(self, m->arg);
}

AKT_CLASS(actor, struct actor, AKT_ON(get, on_get), AKT_ON(tick, on_tick),
          AKT_ON(act, on_act));

static akt_err
heard(akt_self *self, struct actor *a, const akt_answer *answer,
      const struct put *reply)
{
    (void)self;
    (void)a;
    (void)reply;
    sim_note((int64_t)answer->outcome);
    return AKT_OK;
}
AKT_THEN(heard, struct actor, get);

static akt_err
on_put(akt_self *self, struct actor *a, const struct put *m)
{
    uint64_t timeout = m->n != 0 ? AT : AKT_SECONDS(1);

    assert_ok(akt_ask_within(self, timeout, a->to, &a->future, get, .n = 1));
    return akt_then(self, a->future, heard, NULL);
}
AKT_CLASS(asker, struct actor, AKT_ON(put, on_put), AKT_ON(tick, on_tick),
          AKT_ON(act, on_act));

static akt_err
arm(akt_self *self, void *arg)
{
    const enum ending *e = arg;

    return akt_timer_start(self, AT, 0, NULL, tick, .n = (int64_t)*e);
}

static bool
is_askers(enum ending e)
{
    return e >= DEADLINE;
}

static void
race(struct sim *sim, enum ending a, enum ending b)
{
    akt_counters before = sim_counters(sim);
    enum ending both[2] = {a, b};
    akt_counters c;
    akt_ref answerer;
    akt_ref asker;
    size_t i;

    sim_forget();
    assert_ok(akt_spawn(sim->me, actor, &answerer));
    assert_ok(akt_spawn(sim->me, asker, &asker, .to = answerer));
    for (i = 0; i < 2; i++) {
        sim_act(sim, is_askers(both[i]) ? asker : answerer, arm, &both[i]);
    }
    assert_ok(
        akt_send(sim->me, asker, put, .n = a == DEADLINE || b == DEADLINE));
    (void)akt_sim_advance(sim->system, AT - 1);
    for (i = 0; i < 2; i++) {
        if (both[i] == ANSWERER_KILLED || both[i] == ASKER_KILLED) {
            (void)akt_sim_step(sim->system);
            akt_ignore(
                akt_kill(sim->me, both[i] == ASKER_KILLED ? asker : answerer));
        }
    }
    (void)akt_sim_advance(sim->system, 1);
    c = sim_counters(sim);
    assert_int_equal(c.asked - before.asked, 1);
    assert_int_equal(c.open, 0);
    assert_true(c.late_replies - before.late_replies <= 1);
    assert_true(sim_note_count() <= 1);
    if (akt_ref_is_alive(sim->me, asker) && a != GIVE_UP && b != GIVE_UP) {
        assert_int_equal(sim_note_count(), 1);
        assert_int_not_equal(sim_note_at(0), AKT_PENDING);
    }
}

static void
races(struct sim *sim)
{
    int a;
    int b;

    for (a = 0; a < ENDINGS; a++) {
        for (b = 0; b < ENDINGS; b++) {
            race(sim, (enum ending)a, (enum ending)b);
        }
    }
}

static void
test_every_pair_of_endings_ends_a_request_once(void **state)
{
    (void)state;
    sim_each_seed(races);
}

/* The same with a thread that polls instead of an actor that continues. */
static void
thread_races(struct sim *sim)
{
    int a;

    for (a = REPLY; a <= ANSWERER_KILLED; a++) {
        akt_counters before = sim_counters(sim);
        enum ending e = (enum ending)a;
        akt_ref answerer;
        akt_answer *answer;
        akt_future f;
        akt_outcome seen;

        assert_ok(akt_spawn(sim->me, actor, &answerer));
        sim_act(sim, answerer, arm, &e);
        assert_ok(akt_ask_within(sim->me, AT, answerer, &f, get, .n = 1));
        (void)akt_sim_advance(sim->system, AT - 1);
        if (e == ANSWERER_KILLED) {
            assert_ok(akt_kill(sim->me, answerer));
        }
        if (sim->seed % 2 == 0) {
            akt_ignore(akt_cancel(sim->me, f));
        }
        seen = akt_future_poll(sim->me, f);
        assert_ok(akt_wait(sim->me, f, &answer));
        assert_true(seen == AKT_PENDING || seen == answer->outcome);
        akt_answer_free(sim->me, answer);
        (void)akt_sim_advance(sim->system, 1);
        assert_int_equal(sim_counters(sim).asked - before.asked, 1);
        assert_int_equal(sim_counters(sim).open, 0);
    }
}

static void
test_every_ending_races_with_a_thread(void **state)
{
    (void)state;
    sim_each_seed(thread_races);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_every_pair_of_endings_ends_a_request_once),
        sim_test(test_every_ending_races_with_a_thread),
    };

    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    /* Half of the runs are of the first test. */
    sim_figure(7, sim_runs() / 2 * ENDINGS * ENDINGS, "pairs of endings");
    return failed;
}
