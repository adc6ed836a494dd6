/* SPDX-License-Identifier: MIT */
/* Notifications: each wakes somebody or is kept; in every schedule. */
#include "tests/unit/doing.h"

AKT_CLASS(owner, struct doer, AKT_ON(act, on_act));

struct waiter {
    akt_notify n;
    int64_t id;
    uint64_t timeout_ns;
    akt_err err; /* [out] */
};

/* Notes when it comes, and the negative number when it is notified. */
static akt_err
wait_once(akt_self *self, void *arg)
{
    struct waiter *w = arg;

    sim_note(w->id);
    w->err = akt_notify_wait_within(self, w->timeout_ns, w->n);
    if (w->err == AKT_OK) {
        sim_note(-w->id);
    }
    return AKT_OK;
}

#define WAITERS 5

static void
start_waiters(struct sim *sim, akt_notify n, struct waiter *w, akt_task *task)
{
    int i;

    for (i = 0; i < WAITERS; i++) {
        w[i] = (struct waiter){n, i + 1, AKT_NEVER, AKT_EIO};
        task[i] = start_task(sim->me, wait_once, &w[i]);
    }
    (void)akt_sim_run_until_idle(sim->system);
}

static void
one_wakes_the_one_that_waits_longest(struct sim *sim)
{
    struct waiter w[WAITERS];
    akt_task task[WAITERS];
    akt_notify n;
    size_t i;

    assert_ok(akt_notify_open(sim->me, &n));
    start_waiters(sim, n, w, task);
    for (i = 0; i < WAITERS; i++) {
        assert_int_equal(sim_note_count(), WAITERS + i);
        assert_ok(akt_notify_one(sim->me, n));
        (void)akt_sim_run_until_idle(sim->system);
        assert_int_equal(sim_note_at(WAITERS + i), -sim_note_at(i));
    }
    assert_err(akt_notify_try_wait(sim->me, n), AKT_EEMPTY);
}

static void
one_is_kept_when_nobody_waits(struct sim *sim)
{
    struct waiter w = {.id = 1, .timeout_ns = AKT_NEVER};
    akt_notify n;

    assert_ok(akt_notify_open(sim->me, &n));
    assert_err(akt_notify_try_wait(sim->me, n), AKT_EEMPTY);
    assert_ok(akt_notify_one(sim->me, n));
    assert_ok(akt_notify_one(sim->me, n));
    assert_ok(akt_notify_wait(sim->me, n));
    assert_err(akt_notify_wait_within(sim->me, AKT_MS(1), n), AKT_ETIMEOUT);
    assert_ok(akt_notify_one(sim->me, n));
    w.n = n;
    assert_ok(as_task(sim, wait_once, &w));
    assert_ok(w.err);
    assert_ok(akt_notify_one(sim->me, n));
    assert_ok(akt_notify_try_wait(sim->me, n));
    assert_err(akt_notify_try_wait(sim->me, n), AKT_EEMPTY);
}

static void
all_wakes_who_waits_and_keeps_nothing(struct sim *sim)
{
    struct waiter w[WAITERS];
    akt_task task[WAITERS];
    akt_notify n;
    int i;

    assert_ok(akt_notify_open(sim->me, &n));
    assert_ok(akt_notify_all(sim->me, n));
    assert_err(akt_notify_try_wait(sim->me, n), AKT_EEMPTY);
    start_waiters(sim, n, w, task);
    assert_ok(akt_notify_all(sim->me, n));
    for (i = 0; i < WAITERS; i++) {
        assert_ok(akt_join(sim->me, task[i]));
        assert_ok(w[i].err);
    }
    assert_err(akt_notify_try_wait(sim->me, n), AKT_EEMPTY);
    assert_ok(akt_notify_one(sim->me, n));
    assert_ok(akt_notify_all(sim->me, n));
    assert_ok(akt_notify_try_wait(sim->me, n));
}

/* The first is notified and then cancelled: it goes to the second. */
static void
what_a_cancelled_task_got_goes_on(struct sim *sim)
{
    struct waiter w[2];
    akt_task task[2];
    akt_notify n;
    int i;

    assert_ok(akt_notify_open(sim->me, &n));
    for (i = 0; i < 2; i++) {
        w[i] = (struct waiter){n, i + 1, AKT_NEVER, AKT_EIO};
        task[i] = start_task(sim->me, wait_once, &w[i]);
        (void)akt_sim_run_until_idle(sim->system);
    }
    assert_ok(akt_notify_one(sim->me, n));
    assert_ok(akt_task_cancel(sim->me, task[0]));
    assert_ok(akt_join(sim->me, task[0]));
    assert_err(w[0].err, AKT_ECANCELLED);
    assert_ok(akt_join(sim->me, task[1]));
    assert_ok(w[1].err);
    assert_err(akt_notify_try_wait(sim->me, n), AKT_EEMPTY);

    task[0] = start_task(sim->me, wait_once, &w[0]);
    (void)akt_sim_run_until_idle(sim->system);
    assert_ok(akt_notify_one(sim->me, n));
    assert_ok(akt_task_cancel(sim->me, task[0]));
    assert_ok(akt_join(sim->me, task[0]));
    assert_ok(akt_notify_try_wait(sim->me, n));

    task[0] = start_task(sim->me, wait_once, &w[0]);
    (void)akt_sim_run_until_idle(sim->system);
    assert_ok(akt_notify_all(sim->me, n));
    assert_ok(akt_task_cancel(sim->me, task[0]));
    assert_ok(akt_join(sim->me, task[0]));
    assert_err(akt_notify_try_wait(sim->me, n), AKT_EEMPTY);
}

/* --- conservation --- */

#define PRODUCERS 3
#define CONSUMERS 4
#define EACH 4

struct crowd {
    akt_notify n;
    uint64_t random;
    uint32_t ready; /* what is to be taken, announced by notify_one */
    uint32_t taken;
    akt_task consumer[CONSUMERS];
};

static akt_err
announce(akt_self *self, void *arg)
{
    struct crowd *c = arg;
    int i;

    for (i = 0; i < EACH; i++) {
        c->ready++;
        AKT_TRY(akt_notify_one(self, c->n));
        if (roll(&c->random, 3) == 0) {
            /* All but the first one may be cancelled; perhaps just woken. */
            akt_ignore(akt_task_cancel(
                self, c->consumer[1 + roll(&c->random, CONSUMERS - 1)]));
        }
        AKT_TRY(roll(&c->random, 2) == 0
                    ? akt_task_yield(self)
                    : akt_sleep(self, roll(&c->random, 30)));
    }
    return AKT_OK;
}

static akt_err
consume(akt_self *self, void *arg)
{
    struct crowd *c = arg;

    for (;;) {
        uint64_t patience =
            roll(&c->random, 3) != 0 ? AKT_NEVER : roll(&c->random, 40);
        akt_err err = akt_notify_wait_within(self, patience, c->n);

        if (err != AKT_OK && err != AKT_ETIMEOUT) {
            return AKT_OK;
        }
        if (err == AKT_OK && c->ready > 0) {
            c->taken += c->ready;
            c->ready = 0;
        }
    }
}

/* Whatever is announced is seen, though consumers are cancelled and give up. */
static void
no_notification_is_lost(struct sim *sim)
{
    struct crowd c = {.random = sim->seed};
    akt_task producer[PRODUCERS];
    int i;

    assert_ok(akt_notify_open(sim->me, &c.n));
    for (i = 0; i < CONSUMERS; i++) {
        c.consumer[i] = start_task(sim->me, consume, &c);
    }
    for (i = 0; i < PRODUCERS; i++) {
        producer[i] = start_task(sim->me, announce, &c);
    }
    for (i = 0; i < PRODUCERS; i++) {
        assert_ok(akt_join(sim->me, producer[i]));
    }
    (void)akt_sim_advance(sim->system, AKT_MS(1));
    assert_int_equal(c.ready, 0);
    assert_int_equal(c.taken, PRODUCERS * EACH);
}

/* --- the end, handlers --- */

static void
who_waits_hears_of_the_end(struct sim *sim)
{
    struct waiter w[WAITERS];
    akt_task task[WAITERS];
    akt_notify n;
    int i;

    assert_ok(akt_notify_open(sim->me, &n));
    start_waiters(sim, n, w, task);
    if (sim->seed % 2 == 0) {
        assert_ok(akt_notify_one(sim->me, n));
    }
    assert_ok(akt_notify_close(sim->me, n));
    assert_err(akt_notify_close(sim->me, n), AKT_EENDED);
    for (i = 0; i < WAITERS; i++) {
        assert_ok(akt_join(sim->me, task[i]));
        assert_true(w[i].err == AKT_ECLOSED || w[i].err == AKT_OK);
    }
    assert_int_equal(sim_note_count(), WAITERS + (sim->seed % 2 == 0));
    assert_err(akt_notify_wait(sim->me, n), AKT_ECLOSED);
    assert_err(akt_notify_try_wait(sim->me, n), AKT_ECLOSED);
    assert_err(akt_notify_one(sim->me, n), AKT_ECLOSED);
    assert_err(akt_notify_all(sim->me, n), AKT_ECLOSED);
}

static akt_err
on_woken(akt_self *self, struct doer *d, const akt_answer *answer,
         const struct akt_woken *woken)
{
    (void)self;
    (void)d;
    (void)woken;
    sim_note((int64_t)answer->error * 1000 + (int64_t)(intptr_t)answer->arg);
    return AKT_OK;
}
AKT_THEN(on_woken, struct doer, akt_wake);

static akt_notify shared;

static akt_err
wait_by_futures(akt_self *self, void *arg)
{
    akt_future f[3];
    int i;

    (void)arg;
    for (i = 0; i < 3; i++) {
        AKT_TRY(akt_notify_wait_future(self, shared, &f[i]));
        AKT_TRY(akt_then(self, f[i], on_woken, (void *)(intptr_t)(i + 1)));
    }
    assert_err(akt_notify_wait(self, shared), AKT_ECONTEXT);
    akt_future_drop(self, f[1]);
    return AKT_OK;
}

static void
a_handler_has_a_future(struct sim *sim)
{
    akt_ref a;

    assert_ok(akt_notify_open(sim->me, &shared));
    assert_ok(akt_notify_one(sim->me, shared));
    assert_ok(akt_spawn(sim->me, owner, &a));
    sim_do(sim, a, wait_by_futures, NULL);
    assert_notes(1);
    assert_ok(akt_notify_one(sim->me, shared));
    (void)akt_sim_run_until_idle(sim->system);
    assert_notes(1, 3);
    sim_do(sim, a, wait_by_futures, NULL);
    assert_ok(akt_notify_all(sim->me, shared));
    (void)akt_sim_run_until_idle(sim->system);
    assert_int_equal(sim_note_count(), 4);
    sim_do(sim, a, wait_by_futures, NULL);
    assert_ok(akt_kill(sim->me, a));
    (void)akt_sim_run_until_idle(sim->system);
    assert_ok(akt_notify_one(sim->me, shared));
    assert_ok(akt_notify_try_wait(sim->me, shared));
}

TEST(one_wakes_the_one_that_waits_longest)
TEST(one_is_kept_when_nobody_waits)
TEST(all_wakes_who_waits_and_keeps_nothing)
TEST(what_a_cancelled_task_got_goes_on)
TEST(no_notification_is_lost)
TEST(who_waits_hears_of_the_end)
TEST(a_handler_has_a_future)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_one_wakes_the_one_that_waits_longest),
        sim_test(test_one_is_kept_when_nobody_waits),
        sim_test(test_all_wakes_who_waits_and_keeps_nothing),
        sim_test(test_what_a_cancelled_task_got_goes_on),
        sim_test(test_no_notification_is_lost),
        sim_test(test_who_waits_hears_of_the_end),
        sim_test(test_a_handler_has_a_future),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
