/* SPDX-License-Identifier: MIT */
/*
 * Two requests as one future, and two things that happen to them at the same
 * instant, all pairs of them: the whole ends once, and leaves nothing. And the same
 * with every allocation that fails.
 */
#include "akt/timer.h"
#include "tests/support/sim.h"

#define NUMBER(F) F(i64, n)
AKT_MESSAGE(put, NUMBER);
AKT_MESSAGE(tick, NUMBER);
AKT_REQUEST(get, NUMBER, put);

#define AT AKT_MS(10)

enum event {
    REPLY_FIRST,
    REPLY_SECOND,
    FAIL_FIRST,
    DROP_SECOND,
    ANSWERER_STOPS,
    DEADLINE, /* of the first part */
    TIMEOUT,  /* of the whole */
    CANCEL,
    GIVE_UP,
    ASKER_STOPS,
    EVENTS
};

enum shape {
    ALL,
    SETTLED,
    ANY,
    RACE,
    MAPPED,
    SHAPES
};

struct answerer {
    akt_promise_of(get) kept[2];
    int n;
};

static akt_err
on_get(akt_self *self, struct answerer *a, const struct get *m)
{
    return akt_keep(self, m, &a->kept[a->n++ % 2]);
}

static akt_err
answer_at(akt_self *self, struct answerer *a, const struct tick *m)
{
    switch (m->n) {
    case REPLY_FIRST:
    case REPLY_SECOND:
        akt_ignore(akt_promise_reply(self, &a->kept[m->n], .n = m->n));
        break;
    case FAIL_FIRST:
        akt_ignore(akt_promise_fail(self, &a->kept[0].promise, AKT_EIO, "x"));
        break;
    case DROP_SECOND:
        akt_promise_drop(self, &a->kept[1].promise);
        break;
    default:
        akt_stop_self(self);
        break;
    }
    return AKT_OK;
}

static akt_err
on_act(akt_self *self, struct answerer *a, const struct act *m)
{
    (void)a;
    return m->fn(self, m->arg);
}
AKT_CLASS(answerer, struct answerer, AKT_ON(get, on_get),
          AKT_ON(tick, answer_at), AKT_ON(act, on_act));

/* What may be said when there is no memory, or because of that before. */
static void
may_fail(akt_err err)
{
    assert_true(err == AKT_OK || err == AKT_ENOMEM || err == AKT_EDEAD);
}

struct asker {
    akt_ref to;
    akt_future whole;
    enum shape shape;
    uint64_t deadline_ns;
    uint64_t timeout_ns;
};

static akt_err
double_it(akt_self *self, void *arg, const struct put *in, struct put *out)
{
    (void)self;
    (void)arg;
    out->n = 2 * in->n;
    return AKT_OK;
}
AKT_MAP(double_it, put, put);

static akt_err
combine(akt_self *self, enum shape shape, akt_future *parts, akt_future *out)
{
    switch (shape) {
    case ALL:
        return akt_all(self, parts, 2, out);
    case SETTLED:
        return akt_all_settled(self, parts, 2, out);
    case ANY:
        return akt_any(self, parts, 2, out);
    case RACE:
        return akt_race(self, parts, 2, out);
    default:
        AKT_TRY(akt_map(self, parts[0], double_it, NULL, &parts[0]));
        return akt_race(self, parts, 2, out);
    }
}

/* On an error what was opened is dropped. */
static akt_err
ask_two(akt_self *self, struct asker *a)
{
    akt_future parts[2] = {{NULL, 0}, {NULL, 0}};
    akt_err err =
        akt_ask_within(self, a->deadline_ns, a->to, &parts[0], get, .n = 0);

    if (err == AKT_OK) {
        err = akt_ask(self, a->to, &parts[1], get, .n = 1);
    }
    if (err == AKT_OK) {
        err = combine(self, a->shape, parts, &a->whole);
    }
    if (err != AKT_OK) {
        akt_future_drop(self, parts[0]);
        akt_future_drop(self, parts[1]);
        return err;
    }
    err = akt_timeout(self, a->whole, a->timeout_ns, &a->whole);
    if (err != AKT_OK) {
        akt_future_drop(self, a->whole);
    }
    return err;
}

static akt_err
heard(akt_self *self, struct asker *a, const akt_answer *answer)
{
    size_t i;

    (void)self;
    (void)a;
    sim_note((int64_t)answer->outcome);
    for (i = 0; i < answer->count; i++) {
        assert_int_not_equal(answer->each[i].outcome, AKT_PENDING);
        assert_int_equal(answer->each[i].reply != NULL,
                         answer->each[i].outcome == AKT_REPLIED);
    }
    return AKT_OK;
}
AKT_THEN_ANSWER(heard, struct asker);

static akt_err
on_put(akt_self *self, struct asker *a, const struct put *m)
{
    akt_err err = ask_two(self, a);

    (void)m;
    may_fail(err);
    if (err != AKT_OK) {
        return AKT_OK;
    }
    return akt_then(self, a->whole, heard, NULL);
}

static akt_err
asker_at(akt_self *self, struct asker *a, const struct tick *m)
{
    switch (m->n) {
    case CANCEL:
        akt_ignore(akt_cancel(self, a->whole));
        break;
    case GIVE_UP:
        akt_future_drop(self, a->whole);
        break;
    case ASKER_STOPS:
        akt_stop_self(self);
        break;
    default:
        break;
    }
    return AKT_OK;
}

static akt_err
on_act_asker(akt_self *self, struct asker *a, const struct act *m)
{
    (void)a;
    return m->fn(self, m->arg);
}
AKT_CLASS(asker, struct asker, AKT_ON(put, on_put), AKT_ON(tick, asker_at),
          AKT_ON(act, on_act_asker));

static akt_err
arm(akt_self *self, void *arg)
{
    const enum event *e = arg;

    return akt_timer_start(self, AT, 0, NULL, tick, .n = (int64_t)*e);
}

static bool
is_one(const enum event *events, enum event e)
{
    return events[0] == e || events[1] == e;
}

static void
race(struct sim *sim, enum shape shape, const enum event *events)
{
    akt_counters before = sim_counters(sim);
    akt_counters c;
    akt_ref to;
    akt_ref asker;
    size_t i;

    sim_forget();
    assert_ok(akt_spawn(sim->me, answerer, &to, .n = 0));
    assert_ok(
        akt_spawn(sim->me, asker, &asker, .to = to, .shape = shape,
                  .deadline_ns = is_one(events, DEADLINE) ? AT : AKT_SECONDS(1),
                  .timeout_ns = is_one(events, TIMEOUT) ? AT : AKT_SECONDS(2)));
    for (i = 0; i < 2; i++) {
        if (events[i] != DEADLINE && events[i] != TIMEOUT) {
            sim_act(sim, events[i] > TIMEOUT ? asker : to, arm,
                    (void *)(uintptr_t)&events[i]);
        }
    }
    assert_ok(akt_send(sim->me, asker, put, .n = 1));
    (void)akt_sim_advance(sim->system, AT - 1);
    assert_int_equal(sim_note_count(), 0);
    (void)akt_sim_advance(sim->system, 1);
    assert_true(sim_note_count() <= 1);
    (void)akt_sim_advance(sim->system, AKT_SECONDS(10));
    c = sim_counters(sim);
    assert_int_equal(c.asked - before.asked, 2);
    assert_int_equal(c.open, 0);
    if (is_one(events, GIVE_UP) || is_one(events, ASKER_STOPS)) {
        assert_true(sim_note_count() <= 1);
    } else {
        assert_int_equal(sim_note_count(), 1);
        assert_int_not_equal(sim_note_at(0), AKT_PENDING);
    }
}

static void
races(struct sim *sim)
{
    int shape;
    int a;
    int b;

    for (shape = 0; shape < SHAPES; shape++) {
        for (a = 0; a < EVENTS; a++) {
            for (b = 0; b < EVENTS; b++) {
                enum event events[2] = {(enum event)a, (enum event)b};

                race(sim, (enum shape)shape, events);
            }
        }
    }
}

static void
test_every_pair_of_events_ends_the_whole_once(void **state)
{
    (void)state;
    sim_each_seed(races);
}

/* --- a thread in the asker's place --- */

static void
thread_race(struct sim *sim, enum shape shape, const enum event *events)
{
    struct asker a = {.shape = shape};
    akt_answer *answer;
    size_t i;

    a.deadline_ns = is_one(events, DEADLINE) ? AT : AKT_SECONDS(1);
    a.timeout_ns = is_one(events, TIMEOUT) ? AT : AKT_SECONDS(2);
    assert_ok(akt_spawn(sim->me, answerer, &a.to, .n = 0));
    for (i = 0; i < 2; i++) {
        if (events[i] < DEADLINE) {
            sim_act(sim, a.to, arm, (void *)(uintptr_t)&events[i]);
        }
    }
    assert_ok(ask_two(sim->me, &a));
    (void)akt_sim_advance(sim->system, sim->seed % 2 == 0 ? AT : AT - 1);
    if (is_one(events, CANCEL)) {
        akt_ignore(akt_cancel(sim->me, a.whole));
    }
    if (is_one(events, GIVE_UP)) {
        akt_future_drop(sim->me, a.whole);
        assert_err(akt_wait(sim->me, a.whole, &answer), AKT_EENDED);
    } else {
        akt_outcome seen = akt_future_poll(sim->me, a.whole);

        assert_ok(akt_wait(sim->me, a.whole, &answer));
        assert_true(seen == AKT_PENDING || seen == answer->outcome);
        assert_int_not_equal(answer->outcome, AKT_PENDING);
        akt_answer_free(sim->me, answer);
    }
    assert_int_equal(sim_counters(sim).open, 0);
    (void)akt_sim_advance(sim->system, AKT_SECONDS(3));
}

static void
thread_races(struct sim *sim)
{
    int shape;
    int a;
    int b;

    for (shape = 0; shape < SHAPES; shape++) {
        for (a = 0; a < ASKER_STOPS; a++) {
            for (b = 0; b < ASKER_STOPS; b++) {
                enum event events[2] = {(enum event)a, (enum event)b};

                thread_race(sim, (enum shape)shape, events);
            }
        }
    }
}

static void
test_every_pair_of_events_ends_a_threads_whole_once(void **state)
{
    (void)state;
    sim_each_seed(thread_races);
}

/* --- out of memory --- */

static void
use_oneshots(struct sim *sim)
{
    akt_completer c = {0};
    akt_future f[3] = {{NULL, 0}, {NULL, 0}, {NULL, 0}};
    akt_future whole;
    akt_answer *answer;
    akt_err err;

    may_fail(akt_future_ready(sim->me, &f[0], put, .n = 1));
    may_fail(akt_future_failed(sim->me, &f[1], AKT_EIO, "a text"));
    may_fail(akt_oneshot_open(sim->me, put, 0, &f[2], &c));
    if (f[0].cell == NULL || f[1].cell == NULL || f[2].cell == NULL) {
        return; /* they go with the view */
    }
    err = akt_all_settled(sim->me, f, 3, &whole);
    may_fail(err);
    if (err != AKT_OK) {
        /* Nothing has happened. */
        assert_int_equal(akt_future_poll(sim->me, f[0]), AKT_REPLIED);
        assert_int_equal(akt_future_poll(sim->me, f[1]), AKT_FAILED);
        assert_int_equal(akt_future_poll(sim->me, f[2]), AKT_PENDING);
        return;
    }
    may_fail(akt_complete(sim->me, c, put, .n = 1));
    err = akt_wait(sim->me, whole, &answer);
    may_fail(err);
    if (err == AKT_OK) {
        assert_int_equal(answer->count, 3);
        akt_answer_free(sim->me, answer);
    }
}

static void
use(struct sim *sim)
{
    akt_ref to = AKT_REF_NONE;
    akt_ref ref = AKT_REF_NONE;
    enum event event = REPLY_FIRST;
    int shape;

    use_oneshots(sim);
    may_fail(akt_spawn(sim->me, answerer, &to, .n = 0));
    may_fail(akt_send(sim->me, to, act, .fn = arm, .arg = &event));
    for (shape = 0; shape < SHAPES; shape++) {
        may_fail(akt_spawn(
            sim->me, asker, &ref, .to = to, .shape = (enum shape)shape,
            .deadline_ns = AKT_MS(20), .timeout_ns = AKT_MS(30)));
        may_fail(akt_send(sim->me, ref, put, .n = 1));
    }
    (void)akt_sim_advance(sim->system, AKT_MS(50));
}

/* One run; whether any allocation failed. */
static bool
run(uint64_t fail_at, bool for_ever)
{
    struct sim sim;

    sim_prepare(&sim, 0);
    sim.memory.fail_at = fail_at;
    sim.memory.for_ever = for_ever;
    if (akt_sim_start(&sim.opts, 0, &sim.system) != AKT_OK) {
        assert_int_equal(sim.memory.bytes, 0);
        return true;
    }
    if (akt_attach(sim.system, &sim.me) == AKT_OK) {
        use(&sim);
    } else {
        sim.me = NULL;
    }
    sim_close(&sim);
    return sim.memory.failed != 0;
}

static void
test_every_allocation_fails_and_nothing_is_lost(void **state)
{
    uint64_t n;

    (void)state;
    for (n = 1; run(n, false); n++) {
    }
    assert_true(n > 10);
    for (n = 1; run(n, true); n++) {
    }
    assert_true(n > 10);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_every_pair_of_events_ends_the_whole_once),
        sim_test(test_every_pair_of_events_ends_a_threads_whole_once),
        sim_test(test_every_allocation_fails_and_nothing_is_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
