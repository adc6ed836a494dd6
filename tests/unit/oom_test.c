/* SPDX-License-Identifier: MIT */
/*
 * Memory runs out at every place: a scenario that uses everything is run again
 * and again, and its n-th allocation fails, for n = 1, 2, ... until none does;
 * once that one alone, once all that follow. Every call says AKT_OK or an error,
 * nothing is lost, and everything is given back.
 */
#include "akt/blocking.h"
#include "akt/timer.h"
#include "tests/support/sim.h"

#include <stdlib.h>

#define NUMBER(F) F(i64, n)
#define WORDS(F) F(text, words) F(bytes, raw)
AKT_MESSAGE(put, NUMBER);
AKT_MESSAGE(letter, WORDS);
AKT_MESSAGE(tick, NUMBER);
AKT_REQUEST(get, NUMBER, letter);

enum {
    REPLY,
    FAIL,
    KEEP,
    STASH,
    MODES
};

/* A local message whose content is counted. */
struct parcel {
    char *data;
};

static int64_t live;

static void
parcel_free(struct parcel *p)
{
    free(p->data);
    live--;
}
AKT_LOCAL_MESSAGE_WITH(parcel, parcel_free);

struct actor {
    akt_ref to;
    akt_ref narrow;
    akt_promise_of(get) kept;
};

/* What may be said when there is no memory, or because of that before. */
static bool
is_expected(akt_err err)
{
    return err == AKT_OK || err == AKT_ENOMEM || err == AKT_EDEAD;
}

static void
may_fail(akt_err err)
{
    if (!is_expected(err)) {
        print_error("unexpected: %s\n", akt_err_name(err));
    }
    assert_true(is_expected(err));
}

static akt_err
on_start(akt_self *self, struct actor *a)
{
    (void)a;
    may_fail(akt_timer_start(self, AKT_MS(3), AKT_MS(3), NULL, tick, .n = 1));
    return AKT_OK;
}

static akt_err
on_put(akt_self *self, struct actor *a, const struct put *m)
{
    (void)a;
    (void)m;
    (void)akt_unstash(self);
    return AKT_OK;
}

static akt_err
on_letter(akt_self *self, struct actor *a, const struct letter *m)
{
    (void)self;
    (void)a;
    assert_int_equal(m->words.len, 5);
    return AKT_OK;
}

static akt_err
on_tick(akt_self *self, struct actor *a, const struct tick *m)
{
    (void)a;
    (void)m;
    may_fail(akt_stash(self));
    return AKT_OK;
}

static akt_err
on_idle(akt_self *self, struct actor *a, const struct akt_idle *m)
{
    (void)self;
    (void)a;
    (void)m;
    return AKT_OK;
}

static akt_err
on_parcel(akt_self *self, struct actor *a, const struct parcel *m)
{
    (void)m;
    if (!akt_ref_is_none(a->to)) {
        may_fail(akt_forward(self, a->to));
    }
    return AKT_OK;
}

static akt_err
on_get(akt_self *self, struct actor *a, const struct get *m)
{
    switch (m->n % MODES) {
    case REPLY:
        may_fail(akt_reply(self, m, .words = AKT_TEXT("hello")));
        return AKT_OK;
    case FAIL:
        may_fail(akt_reply_error(self, AKT_EIO, "a text of some length"));
        return AKT_OK;
    case KEEP:
        may_fail(akt_keep(self, m, &a->kept));
        return AKT_OK;
    default:
        may_fail(akt_stash(self));
        return AKT_OK;
    }
}

static akt_err
heard(akt_self *self, struct actor *a, const akt_answer *answer,
      const struct letter *reply)
{
    (void)self;
    (void)a;
    assert_int_equal((reply != NULL), (answer->outcome == AKT_REPLIED));
    return AKT_OK;
}
AKT_THEN(heard, struct actor, get);

static akt_err
job(akt_self *self, const struct get *m)
{
    may_fail(akt_reply(self, m, .words = AKT_TEXT("hello")));
    return AKT_OK;
}
AKT_JOB(job, get);

static void
send_parcel(akt_self *self, akt_ref to)
{
    struct parcel mine = {calloc(1, 8)};
    akt_err err = akt_send(self, to, parcel, .data = mine.data);

    live++;
    may_fail(err);
    if (err != AKT_OK) {
        parcel_free(&mine);
    }
}

static void
ask_everything(akt_self *self, struct actor *a)
{
    akt_future f;
    int64_t n;

    for (n = 0; n < MODES; n++) {
        akt_err err = akt_ask(self, a->to, &f, get, .n = n);

        may_fail(err);
        if (err == AKT_OK) {
            assert_ok(akt_then(self, f, heard, NULL));
        }
    }
    may_fail(akt_ask_blocking(self, &f, job, get, .n = 1));
}

static akt_err
work(akt_self *self, void *arg)
{
    struct actor *a = arg;
    int64_t n;

    ask_everything(self, a);
    for (n = 0; n < 4; n++) {
        akt_err err = akt_send(self, a->narrow, put, .n = n);

        assert_true(is_expected(err));
    }
    may_fail(akt_send(self, a->to, letter, .words = AKT_TEXT("hello"),
                      .raw = {"raw", 3}));
    may_fail(akt_send_after(self, AKT_MS(1), a->to, put, .n = 1));
    send_parcel(self, a->narrow);
    send_parcel(self, a->to);
    return AKT_OK;
}

/* A cycle of one: its text needs memory too. */
static akt_err
deadlock(akt_self *self, void *arg)
{
    akt_ref me = akt_self_ref(self);
    char text[64];
    akt_err err = akt_send(self, me, put, .n = 1);

    (void)arg;
    may_fail(err);
    err = akt_send(self, me, put, .n = 2);
    assert_true(is_expected(err) || err == AKT_EDEADLK);
    (void)akt_deadlock_text(self, text, sizeof(text));
    return AKT_OK;
}

static akt_err
on_act(akt_self *self, struct actor *a, const struct act *m)
{
    return m->fn(self, a);
}

AKT_CLASS(actor, struct actor, AKT_ON(put, on_put), AKT_ON(letter, on_letter),
          AKT_ON(tick, on_tick), AKT_ON(akt_idle, on_idle), AKT_ON(get, on_get),
          AKT_ON(parcel, on_parcel), AKT_ON(act, on_act),
          AKT_ON_START(on_start), AKT_IDLE(AKT_MS(5)));
AKT_CLASS(narrow, struct actor, AKT_ON(put, on_put), AKT_ON(act, on_act),
          AKT_ON(parcel, on_parcel), AKT_MAILBOX(1, AKT_AWAIT));

static void
wait_for(struct sim *sim, akt_ref to, int64_t n)
{
    akt_answer *answer;
    akt_future f;
    akt_err err = akt_ask(sim->me, to, &f, get, .n = n);

    may_fail(err);
    if (err != AKT_OK) {
        return;
    }
    err = akt_wait(sim->me, f, &answer);
    may_fail(err);
    if (err == AKT_OK) {
        akt_answer_free(sim->me, answer);
    }
}

static void
use(struct sim *sim)
{
    akt_ref to = AKT_REF_NONE;
    akt_ref narrow_ref = AKT_REF_NONE;
    akt_ref worker = AKT_REF_NONE;

    may_fail(akt_spawn(sim->me, actor, &to));
    may_fail(akt_spawn(sim->me, narrow, &narrow_ref, .to = to));
    may_fail(
        akt_spawn(sim->me, actor, &worker, .to = to, .narrow = narrow_ref));
    may_fail(akt_send(sim->me, worker, act, .fn = work));
    may_fail(akt_send(sim->me, narrow_ref, act, .fn = deadlock));
    (void)akt_sim_run_until_idle(sim->system);
    wait_for(sim, to, REPLY);
    wait_for(sim, to, FAIL);
    (void)akt_sim_advance(sim->system, AKT_MS(20));
    may_fail(akt_send_within(sim->me, AKT_MS(1), narrow_ref, put, .n = 1));
    akt_ignore(akt_stop(sim->me, worker));
    (void)akt_sim_run_until_idle(sim->system);
}

/* One run; whether any allocation failed. */
static bool
run(uint64_t seed, uint64_t fail_at, bool for_ever)
{
    struct sim sim;
    akt_err err;

    live = 0;
    sim_prepare(&sim, seed);
    sim.memory.fail_at = fail_at;
    sim.memory.for_ever = for_ever;
    err = akt_sim_start(&sim.opts, seed, &sim.system);
    if (err != AKT_OK) {
        assert_err(err, AKT_ENOMEM);
        assert_int_equal(sim.memory.bytes, 0);
        return true;
    }
    err = akt_attach(sim.system, &sim.me);
    if (err == AKT_OK) {
        use(&sim);
    } else {
        assert_err(err, AKT_ENOMEM);
        sim.me = NULL;
    }
    sim_close(&sim);
    assert_int_equal(live, 0);
    return sim.memory.failed != 0;
}

static void
test_every_allocation_fails_once(void **state)
{
    uint64_t seed;
    uint64_t n;

    (void)state;
    for (seed = 0; seed < 3; seed++) {
        for (n = 1; run(seed, n, false); n++) {
        }
        assert_true(n > 10);
    }
}

static void
test_every_allocation_fails_and_all_after_it(void **state)
{
    uint64_t seed;
    uint64_t n;

    (void)state;
    for (seed = 0; seed < 3; seed++) {
        for (n = 1; run(seed, n, true); n++) {
        }
        assert_true(n > 10);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_every_allocation_fails_once),
        sim_test(test_every_allocation_fails_and_all_after_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
