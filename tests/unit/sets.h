/* SPDX-License-Identifier: MIT */
/* Several futures as one: parts that a test opens, combines, and completes. */
#ifndef AKT_TESTS_UNIT_SETS_H
#define AKT_TESTS_UNIT_SETS_H

#include "tests/support/sim.h"

#define NUMBER(F) F(i64, n)
AKT_MESSAGE(put, NUMBER);

#define PARTS 4

/* Opens oneshots, and completes them by other hands. */
struct set {
    akt_future parts[PARTS];
    akt_completer completers[PARTS];
    akt_future whole;
    akt_err (*combine)(akt_self *self, const akt_future *futures, size_t n,
                       akt_future *out);
    size_t n;
    uint64_t timeout_ns;
};

static inline void
note_answer(const akt_answer *answer)
{
    const struct put *reply = akt_answer_as(answer, put);
    size_t i;

    sim_note((int64_t)answer->outcome);
    sim_note(reply != NULL ? reply->n : (int64_t)answer->error);
    sim_note((int64_t)answer->index);
    for (i = 0; i < answer->count; i++) {
        reply = akt_answer_as(&answer->each[i], put);
        sim_note(reply != NULL ? reply->n : -(int64_t)answer->each[i].error);
    }
}

static inline akt_err
open_set(akt_self *self, void *arg)
{
    struct set *s = arg;
    size_t i;

    for (i = 0; i < s->n; i++) {
        uint64_t timeout = s->timeout_ns != 0 ? s->timeout_ns : AKT_SECONDS(1);

        assert_ok(akt_oneshot_open(self, put, timeout, &s->parts[i],
                                   &s->completers[i]));
    }
    assert_ok(s->combine(self, s->parts, s->n, &s->whole));
    for (i = 0; i < s->n; i++) {
        akt_answer *answer;

        assert_int_equal(akt_future_poll(self, s->parts[i]), AKT_BROKEN);
        assert_err(akt_cancel(self, s->parts[i]), AKT_EENDED);
        assert_int_not_equal(akt_wait(self, s->parts[i], &answer), AKT_OK);
        akt_future_drop(self, s->parts[i]);
    }
    return AKT_OK;
}

static inline void
complete(struct sim *sim, struct set *s, size_t i, int64_t n)
{
    assert_ok(akt_complete(sim->me, s->completers[i], put, .n = n));
    (void)akt_sim_run_until_idle(sim->system);
}

static inline bool
is_open(struct sim *sim, struct set *s, size_t i)
{
    return akt_completer_is_open(sim->me, s->completers[i]);
}

static inline akt_err
cancel_whole(akt_self *self, void *arg)
{
    struct set *s = arg;

    assert_ok(akt_cancel(self, s->whole));
    assert_err(akt_cancel(self, s->whole), AKT_EENDED);
    assert_int_equal(akt_future_poll(self, s->whole), AKT_CANCELLED);
    return AKT_OK;
}

static inline akt_err
drop_whole(akt_self *self, void *arg)
{
    struct set *s = arg;

    akt_future_drop(self, s->whole);
    akt_future_drop(self, s->whole);
    assert_int_equal(akt_future_poll(self, s->whole), AKT_BROKEN);
    return AKT_OK;
}

static inline akt_err
nest(akt_self *self, const akt_future *futures, size_t n, akt_future *out)
{
    akt_future halves[2];

    assert_int_equal(n, 4);
    AKT_TRY(akt_all(self, futures, 2, &halves[0]));
    AKT_TRY(akt_race(self, futures + 2, 2, &halves[1]));
    return akt_all(self, halves, 2, out);
}

static inline akt_err
limit(akt_self *self, const akt_future *futures, size_t n, akt_future *out)
{
    assert_int_equal(n, 1);
    assert_err(akt_timeout(self, futures[0], 0, out), AKT_EINVAL);
    assert_err(akt_timeout(self, futures[0], AKT_NEVER, out), AKT_EINVAL);
    return akt_timeout(self, futures[0], AKT_MS(10), out);
}

#endif
