/* SPDX-License-Identifier: MIT */
/* Semaphores as handlers use them, by futures; and misuse. */
#include "tests/unit/doing.h"

AKT_CLASS(owner, struct doer, AKT_ON(act, on_act));
AKT_CLASS(narrow, struct doer, AKT_ON(act, on_act), AKT_REQUESTS(1));

/* --- handlers --- */

static akt_err
on_permit(akt_self *self, struct doer *d, const akt_answer *answer,
          const struct akt_woken *woken)
{
    (void)self;
    (void)d;
    assert_null(woken);
    assert_int_equal(answer->outcome,
                     answer->error == AKT_OK ? AKT_REPLIED : AKT_FAILED);
    sim_note((int64_t)answer->error * 1000 + (int64_t)(intptr_t)answer->arg);
    return AKT_OK;
}
AKT_THEN(on_permit, struct doer, akt_wake);

static akt_semaphore shared;

static akt_err
ask_three(akt_self *self, void *arg)
{
    akt_future f[3];
    int i;

    (void)arg;
    for (i = 0; i < 3; i++) {
        AKT_TRY(akt_semaphore_acquire_future(self, shared, &f[i]));
        AKT_TRY(akt_then(self, f[i], on_permit, (void *)(intptr_t)(i + 1)));
    }
    akt_future_drop(self, f[1]);
    return AKT_OK;
}

static akt_err
ask_and_leave(akt_self *self, void *arg)
{
    akt_future f;
    int i;

    (void)arg;
    for (i = 0; i < 200; i++) {
        AKT_TRY(akt_semaphore_acquire_future(self, shared, &f));
        akt_future_drop(self, f);
    }
    return AKT_OK;
}

static void
a_handler_has_a_future(struct sim *sim)
{
    akt_ref a;

    assert_ok(akt_semaphore_open(sim->me, 1, &shared));
    assert_ok(akt_spawn(sim->me, owner, &a));
    sim_do(sim, a, ask_three, NULL);
    assert_notes(1);
    assert_ok(akt_semaphore_release(sim->me, shared, 1));
    (void)akt_sim_run_until_idle(sim->system);
    assert_notes(1, 3);
    assert_ok(akt_semaphore_release(sim->me, shared, 1));
    assert_int_equal(akt_semaphore_available(sim->me, shared), 1);
}

static void
futures_that_nobody_waits_for_take_nothing(struct sim *sim)
{
    akt_ref a;
    size_t before;
    int i;

    assert_ok(akt_semaphore_open(sim->me, 0, &shared));
    assert_ok(akt_spawn(sim->me, owner, &a));
    sim_do(sim, a, ask_and_leave, NULL);
    before = sim->memory.bytes;
    for (i = 0; i < 20; i++) {
        sim_do(sim, a, ask_and_leave, NULL);
    }
    /* A few may be left, not hundreds. */
    assert_true(sim->memory.bytes <= before + 10000);
    sim_do(sim, a, ask_three, NULL);
    assert_ok(akt_semaphore_release(sim->me, shared, 1));
    (void)akt_sim_run_until_idle(sim->system);
    assert_notes(1);
    assert_ok(akt_kill(sim->me, a));
    (void)akt_sim_run_until_idle(sim->system);
    assert_ok(akt_semaphore_release(sim->me, shared, 2));
    assert_int_equal(akt_semaphore_available(sim->me, shared), 2);
}

static void
a_future_fails_when_it_is_closed(struct sim *sim)
{
    akt_ref a;

    assert_ok(akt_semaphore_open(sim->me, 0, &shared));
    assert_ok(akt_spawn(sim->me, owner, &a));
    sim_do(sim, a, ask_three, NULL);
    assert_ok(akt_semaphore_close(sim->me, shared));
    (void)akt_sim_run_until_idle(sim->system);
    assert_int_equal(sim_note_count(), 2);
    assert_int_equal(sim_noted(AKT_ECLOSED * 1000 + 1), 1);
    assert_int_equal(sim_noted(AKT_ECLOSED * 1000 + 3), 1);
}

/* It may have one future. */
static akt_err
ask_closed_and_open(akt_self *self, void *arg)
{
    akt_semaphore *open = arg;
    akt_future f;
    akt_future g;
    int i;

    for (i = 0; i < 3; i++) {
        assert_err(akt_semaphore_acquire_future(self, shared, &f), AKT_ECLOSED);
    }
    assert_ok(akt_semaphore_acquire_future(self, *open, &f));
    assert_err(akt_semaphore_acquire_future(self, *open, &g), AKT_ELIMIT);
    return akt_cancel(self, f);
}

static void
a_future_that_is_refused_leaves_nothing(struct sim *sim)
{
    akt_semaphore open;
    akt_ref a;

    assert_ok(akt_semaphore_open(sim->me, 0, &shared));
    assert_ok(akt_semaphore_close(sim->me, shared));
    assert_ok(akt_semaphore_open(sim->me, 0, &open));
    assert_ok(akt_spawn(sim->me, narrow, &a));
    sim_do(sim, a, ask_closed_and_open, &open);
    assert_ok(akt_semaphore_release(sim->me, open, 1));
    assert_int_equal(akt_semaphore_available(sim->me, open), 1);
}

static void
a_threads_future_is_waited_for(struct sim *sim)
{
    akt_semaphore s;
    akt_answer *answer;
    akt_future f;

    assert_ok(akt_semaphore_open(sim->me, 0, &s));
    assert_ok(akt_semaphore_acquire_future(sim->me, s, &f));
    assert_int_equal(akt_future_poll(sim->me, f), AKT_PENDING);
    assert_ok(akt_semaphore_release(sim->me, s, 1));
    assert_ok(akt_wait(sim->me, f, &answer));
    assert_int_equal(answer->outcome, AKT_REPLIED);
    akt_answer_free(sim->me, answer);
    assert_ok(akt_semaphore_acquire_future(sim->me, s, &f));
    assert_ok(akt_cancel(sim->me, f));
    assert_ok(akt_semaphore_release(sim->me, s, 1));
    assert_int_equal(akt_semaphore_available(sim->me, s), 1);
    akt_future_drop(sim->me, f);
}

/* --- misuse --- */

static akt_err
never_here(akt_self *self, void *arg)
{
    (void)arg;
    assert_err(akt_semaphore_acquire(self, shared, 1), AKT_ECONTEXT);
    assert_err(akt_semaphore_acquire_within(self, 5, shared, 1), AKT_ECONTEXT);
    assert_ok(akt_semaphore_try_acquire(self, shared, 1));
    return akt_semaphore_release(self, shared, 1);
}

static void
misuse_is_told(struct sim *sim)
{
    static const akt_semaphore none = {NULL, 0};
    akt_self *me = sim->me;
    struct sim other;
    akt_ref a;

    assert_err(akt_semaphore_open(me, AKT_SEMAPHORE_MAX + 1, &shared),
               AKT_EINVAL);
    assert_true(sim_log_has(sim, "semaphore: opened with 1073741824 permits"));
    assert_ok(akt_semaphore_open(me, AKT_SEMAPHORE_MAX, &shared));
    assert_err(akt_semaphore_release(me, shared, 1), AKT_EINVAL);
    assert_true(sim_log_has(sim, "a release would make it 1073741824"));
    assert_err(akt_semaphore_release(me, shared, 0), AKT_EINVAL);
    assert_err(akt_semaphore_acquire(me, shared, 0), AKT_EINVAL);
    assert_err(akt_semaphore_try_acquire(me, shared, 0), AKT_EINVAL);
    assert_err(akt_semaphore_acquire(me, shared, UINT32_MAX), AKT_EINVAL);
    assert_int_equal(akt_semaphore_available(me, shared), AKT_SEMAPHORE_MAX);
    assert_err(akt_semaphore_acquire(me, none, 1), AKT_ECLOSED);
    assert_err(akt_semaphore_close(me, none), AKT_EENDED);
    assert_ok(akt_spawn(me, owner, &a));
    sim_do(sim, a, never_here, NULL);
    sim_open(&other, sim->seed);
    assert_err(akt_semaphore_release(other.me, shared, 1), AKT_EFOREIGN);
    assert_err(akt_semaphore_close(other.me, shared), AKT_EENDED);
    sim_close(&other);
}

TEST(a_handler_has_a_future)
TEST(futures_that_nobody_waits_for_take_nothing)
TEST(a_future_fails_when_it_is_closed)
TEST(a_future_that_is_refused_leaves_nothing)
TEST(a_threads_future_is_waited_for)
TEST(misuse_is_told)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_a_handler_has_a_future),
        sim_test(test_futures_that_nobody_waits_for_take_nothing),
        sim_test(test_a_future_fails_when_it_is_closed),
        sim_test(test_a_future_that_is_refused_leaves_nothing),
        sim_test(test_a_threads_future_is_waited_for),
        sim_test(test_misuse_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
