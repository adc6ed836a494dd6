/* SPDX-License-Identifier: MIT */
/* Semaphores: fair, conserved, closed; in every schedule. */
#include "tests/unit/doing.h"

AKT_CLASS(owner, struct doer, AKT_ON(act, on_act));

/* --- order --- */

struct waiter {
    akt_semaphore s;
    uint32_t wants;
    int64_t id;
    uint64_t timeout_ns;
    akt_err expected;
};

/* Notes when it comes and, by the negative number, when it is served. */
static akt_err
wait_turn(akt_self *self, void *arg)
{
    struct waiter *w = arg;
    akt_err err;

    sim_note(w->id);
    err = akt_semaphore_acquire_within(self, w->timeout_ns, w->s, w->wants);
    assert_err(err, w->expected);
    if (err == AKT_OK) {
        sim_note(-w->id);
        AKT_TRY(akt_semaphore_release(self, w->s, w->wants));
    }
    return AKT_OK;
}

#define WAITERS 6

static void
start_waiters(struct sim *sim, akt_semaphore s, struct waiter *w,
              akt_task *task)
{
    static const uint32_t wants[WAITERS] = {3, 1, 5, 2, 1, 4};
    int i;

    for (i = 0; i < WAITERS; i++) {
        w[i] = (struct waiter){
            .s = s, .wants = wants[i], .id = i + 1, .timeout_ns = AKT_NEVER};
        task[i] = start_task(sim->me, wait_turn, &w[i]);
    }
}

static void
who_comes_first_is_served_first(struct sim *sim)
{
    struct waiter w[WAITERS];
    akt_task task[WAITERS];
    akt_semaphore s;
    int i;

    assert_ok(akt_semaphore_open(sim->me, 0, &s));
    start_waiters(sim, s, w, task);
    (void)akt_sim_run_until_idle(sim->system);
    assert_int_equal(sim_note_count(), WAITERS);
    for (i = 0; i < 5; i++) {
        assert_ok(akt_semaphore_release(sim->me, s, 1));
        assert_err(akt_semaphore_try_acquire(sim->me, s, 1), AKT_EEMPTY);
        (void)akt_sim_run_until_idle(sim->system);
    }
    for (i = 0; i < WAITERS; i++) {
        size_t served = 0;

        assert_ok(akt_join(sim->me, task[i]));
        assert_int_equal(sim_noted(-(i + 1)), 1);
        while (sim_note_at(served) != -sim_note_at((size_t)i)) {
            served++;
        }
        assert_true(served >= WAITERS);
    }
    assert_int_equal(akt_semaphore_available(sim->me, s), 5);
}

/* What all want together fits, so they are served as they came. */
static void
the_order_is_kept_when_permits_are_few(struct sim *sim)
{
    struct waiter w[WAITERS];
    akt_task task[WAITERS];
    akt_semaphore s;
    size_t i;

    assert_ok(akt_semaphore_open(sim->me, 0, &s));
    start_waiters(sim, s, w, task);
    for (i = 0; i < WAITERS; i++) {
        w[i].wants = 5;
    }
    (void)akt_sim_run_until_idle(sim->system);
    assert_ok(akt_semaphore_release(sim->me, s, 4));
    assert_ok(akt_semaphore_release(sim->me, s, 1));
    for (i = 0; i < WAITERS; i++) {
        assert_ok(akt_join(sim->me, task[i]));
    }
    for (i = 0; i < WAITERS; i++) {
        assert_int_equal(sim_note_at(WAITERS + i), -sim_note_at(i));
    }
}

/* The first wants more than there is; when it gives up the next has enough. */
static void
who_gives_up_lets_the_next_one_go(struct sim *sim)
{
    akt_semaphore s;
    struct waiter large = {.wants = 9, .timeout_ns = AKT_MS(5), .id = 1};
    struct waiter small = {.wants = 2, .timeout_ns = AKT_NEVER, .id = 2};
    akt_task first;
    akt_task second;

    assert_ok(akt_semaphore_open(sim->me, 3, &s));
    large.s = s;
    small.s = s;
    large.expected = AKT_ETIMEOUT;
    first = start_task(sim->me, wait_turn, &large);
    (void)akt_sim_run_until_idle(sim->system);
    second = start_task(sim->me, wait_turn, &small);
    (void)akt_sim_run_until_idle(sim->system);
    assert_notes(1, 2);
    if (sim->seed % 2 == 0) {
        assert_ok(akt_join(sim->me, first));
        assert_true(akt_sim_now_ns(sim->system) >= AKT_MS(5));
    } else {
        large.expected = AKT_ECANCELLED;
        assert_ok(akt_task_cancel(sim->me, first));
        assert_ok(akt_join(sim->me, first));
    }
    assert_ok(akt_join(sim->me, second));
    assert_notes(1, 2, -2);
    assert_int_equal(akt_semaphore_available(sim->me, s), 3);
}

/* --- conservation --- */

#define USERS 8
#define PERMITS 5

struct user {
    akt_semaphore s;
    uint64_t random;
    uint32_t *in_use;
    akt_err err; /* why it ended */
};

static akt_err
hold(akt_self *self, struct user *u, uint32_t n)
{
    *u->in_use += n;
    assert_true(*u->in_use <= PERMITS);
    if (roll(&u->random, 2) == 0) {
        u->err = akt_task_yield(self);
    } else {
        u->err = akt_sleep(self, 1 + roll(&u->random, 50));
    }
    *u->in_use -= n;
    return akt_semaphore_release(self, u->s, n);
}

/* Until it is cancelled or has had enough. */
static akt_err
use_often(akt_self *self, void *arg)
{
    struct user *u = arg;
    int i;

    for (i = 0; i < 20 && u->err == AKT_OK; i++) {
        uint32_t n = 1 + roll(&u->random, PERMITS);
        uint64_t patience =
            roll(&u->random, 3) != 0 ? AKT_NEVER : roll(&u->random, 60);
        akt_err err = akt_semaphore_acquire_within(self, patience, u->s, n);

        if (err == AKT_OK) {
            AKT_TRY(hold(self, u, n));
        } else if (err != AKT_ETIMEOUT) {
            u->err = err;
        }
    }
    return AKT_OK;
}

static void
permits_are_conserved(struct sim *sim)
{
    struct user u[USERS];
    akt_task task[USERS];
    uint64_t random = sim->seed;
    uint32_t in_use = 0;
    akt_semaphore s;
    int i;

    assert_ok(akt_semaphore_open(sim->me, PERMITS, &s));
    for (i = 0; i < USERS; i++) {
        u[i] = (struct user){s, sim->seed * USERS + (uint64_t)i, &in_use, 0};
        task[i] = start_task(sim->me, use_often, &u[i]);
    }
    for (i = 0; i < USERS; i += 2) {
        uint32_t steps = roll(&random, 100);

        while (steps-- > 0 && akt_sim_step(sim->system)) {
        }
        akt_ignore(akt_task_cancel(sim->me, task[i]));
    }
    for (i = 0; i < USERS; i++) {
        akt_err err = akt_join(sim->me, task[i]);

        /* It may have been cancelled before it began. */
        assert_true(err == AKT_OK || (err == AKT_ECANCELLED && i % 2 == 0));
        assert_true(u[i].err == AKT_OK || u[i].err == AKT_ECANCELLED);
        assert_true(u[i].err == AKT_OK || i % 2 == 0);
    }
    assert_int_equal(in_use, 0);
    assert_int_equal(akt_semaphore_available(sim->me, s), PERMITS);
}

static akt_err
take_one(akt_self *self, void *arg)
{
    struct waiter *w = arg;
    akt_err err = akt_semaphore_acquire(self, w->s, w->wants);

    assert_true(err == AKT_OK || err == AKT_ECANCELLED || err == AKT_ECLOSED);
    w->expected = err;
    return AKT_OK;
}

/* It is granted and cancelled before its turn. */
static void
a_grant_to_a_cancelled_task_comes_back(struct sim *sim)
{
    struct waiter a = {.wants = 2};
    struct waiter b = {.wants = 2};
    akt_task first;
    akt_task second;

    assert_ok(akt_semaphore_open(sim->me, 0, &a.s));
    b.s = a.s;
    first = start_task(sim->me, take_one, &a);
    (void)akt_sim_run_until_idle(sim->system);
    second = start_task(sim->me, take_one, &b);
    (void)akt_sim_run_until_idle(sim->system);
    assert_ok(akt_semaphore_release(sim->me, a.s, 2));
    assert_ok(akt_task_cancel(sim->me, first));
    assert_int_equal(akt_semaphore_available(sim->me, a.s), 0);
    assert_ok(akt_join(sim->me, first));
    assert_err(a.expected, AKT_ECANCELLED);
    assert_ok(akt_join(sim->me, second));
    assert_err(b.expected, AKT_OK);
    assert_int_equal(akt_semaphore_available(sim->me, a.s), 0);
}

static akt_err
wait_when_cancelled(akt_self *self, void *arg)
{
    struct waiter *w = arg;

    assert_err(akt_sleep(self, AKT_SECONDS(1)), AKT_ECANCELLED);
    assert_err(akt_semaphore_acquire(self, w->s, 1), AKT_ECANCELLED);
    assert_ok(akt_semaphore_try_acquire(self, w->s, 1));
    akt_task_shield(self, true);
    assert_ok(akt_semaphore_acquire(self, w->s, 1));
    akt_task_shield(self, false);
    return akt_semaphore_release(self, w->s, 2);
}

static void
a_cancelled_task_takes_nothing(struct sim *sim)
{
    struct waiter w = {.wants = 1};
    akt_task task;

    assert_ok(akt_semaphore_open(sim->me, 2, &w.s));
    task = start_task(sim->me, wait_when_cancelled, &w);
    (void)akt_sim_run_until_idle(sim->system);
    assert_ok(akt_task_cancel(sim->me, task));
    assert_ok(akt_join(sim->me, task));
    assert_int_equal(akt_semaphore_available(sim->me, w.s), 2);
}

/* --- the end --- */

static void
who_waits_hears_of_the_end(struct sim *sim)
{
    struct waiter w[WAITERS];
    akt_task task[WAITERS];
    akt_semaphore s;
    akt_semaphore next;
    uint64_t random = sim->seed;
    uint32_t steps = roll(&random, 20);
    int i;

    assert_ok(akt_semaphore_open(sim->me, 0, &s));
    start_waiters(sim, s, w, task);
    for (i = 0; i < WAITERS; i++) {
        w[i].expected = AKT_ECLOSED;
    }
    while (steps-- > 0 && akt_sim_step(sim->system)) {
    }
    assert_ok(akt_semaphore_close(sim->me, s));
    assert_err(akt_semaphore_close(sim->me, s), AKT_EENDED);
    /* The next one may have the same cell. */
    assert_ok(akt_semaphore_open(sim->me, 100, &next));
    assert_err(akt_semaphore_acquire(sim->me, s, 1), AKT_ECLOSED);
    assert_err(akt_semaphore_try_acquire(sim->me, s, 1), AKT_ECLOSED);
    assert_err(akt_semaphore_release(sim->me, s, 1), AKT_ECLOSED);
    assert_err(akt_semaphore_close(sim->me, s), AKT_EENDED);
    assert_int_equal(akt_semaphore_available(sim->me, s), 0);
    for (i = 0; i < WAITERS; i++) {
        assert_ok(akt_join(sim->me, task[i]));
    }
    assert_int_equal(akt_semaphore_available(sim->me, next), 100);
}

static akt_err
open_and_sleep(akt_self *self, void *arg)
{
    AKT_TRY(akt_semaphore_open(self, 0, arg));
    return akt_sleep(self, AKT_SECONDS(10));
}

static akt_err
open_only(akt_self *self, void *arg)
{
    return akt_semaphore_open(self, 0, arg);
}

static void
it_ends_with_its_owner(struct sim *sim)
{
    struct waiter w = {.wants = 1};
    akt_ref actor;
    akt_task task;
    akt_task waits;

    task = start_task(sim->me, open_and_sleep, &w.s);
    (void)akt_sim_run_until_idle(sim->system);
    waits = start_task(sim->me, take_one, &w);
    assert_ok(akt_task_cancel(sim->me, task));
    assert_ok(akt_join(sim->me, waits));
    assert_err(w.expected, AKT_ECLOSED);
    assert_err(akt_join(sim->me, task), AKT_ECANCELLED);
    assert_err(akt_semaphore_close(sim->me, w.s), AKT_EENDED);

    assert_ok(akt_spawn(sim->me, owner, &actor));
    sim_do(sim, actor, open_only, &w.s);
    assert_ok(akt_semaphore_release(sim->me, w.s, 1));
    assert_err(akt_semaphore_close(sim->me, w.s), AKT_EENDED);
    assert_ok(akt_semaphore_release(sim->me, w.s, 1));
    assert_ok(akt_kill(sim->me, actor));
    (void)akt_sim_run_until_idle(sim->system);
    assert_err(akt_semaphore_release(sim->me, w.s, 1), AKT_ECLOSED);
}

static akt_err
open_in_scope(akt_self *self, void *arg)
{
    akt_semaphore *s = arg;
    akt_scope scope;

    AKT_TRY(akt_scope_open(self, AKT_NEVER, &scope));
    AKT_TRY(akt_semaphore_open(self, 1, s));
    AKT_TRY(akt_semaphore_acquire(self, *s, 1));
    AKT_TRY(akt_scope_close(self, scope, AKT_OK));
    assert_err(akt_semaphore_release(self, *s, 1), AKT_ECLOSED);
    assert_err(akt_semaphore_close(self, *s), AKT_EENDED);
    return AKT_OK;
}

static void
it_ends_with_its_scope(struct sim *sim)
{
    akt_semaphore s;

    assert_ok(as_task(sim, open_in_scope, &s));
}

static void
it_ends_with_its_thread(struct sim *sim)
{
    struct waiter w = {.wants = 1};
    akt_self *other;
    akt_task waits;

    assert_ok(akt_attach(sim->system, &other));
    assert_ok(akt_semaphore_open(other, 0, &w.s));
    waits = start_task(sim->me, take_one, &w);
    (void)akt_sim_run_until_idle(sim->system);
    akt_detach(other);
    assert_ok(akt_join(sim->me, waits));
    assert_err(w.expected, AKT_ECLOSED);
}

/* --- threads and time --- */

static akt_err
release_later(akt_self *self, void *arg)
{
    struct waiter *w = arg;

    AKT_TRY(akt_sleep(self, AKT_MS(3)));
    return akt_semaphore_release(self, w->s, 1);
}

static void
a_thread_waits_too(struct sim *sim)
{
    struct waiter w = {.wants = 1};
    uint64_t start = akt_sim_now_ns(sim->system);

    assert_ok(akt_semaphore_open(sim->me, 0, &w.s));
    assert_err(akt_semaphore_acquire_within(sim->me, AKT_MS(2), w.s, 1),
               AKT_ETIMEOUT);
    assert_int_equal(akt_sim_now_ns(sim->system) - start, AKT_MS(2));
    assert_err(akt_semaphore_acquire_within(sim->me, 0, w.s, 1), AKT_ETIMEOUT);
    akt_ignore(
        akt_task_spawn(sim->me, doing, NULL, .fn = release_later, .arg = &w));
    assert_ok(akt_semaphore_acquire(sim->me, w.s, 1));
    assert_int_equal(akt_sim_now_ns(sim->system) - start, AKT_MS(5));
    assert_err(akt_semaphore_acquire(sim->me, w.s, 1), AKT_ETIMEOUT);
    assert_ok(akt_semaphore_release(sim->me, w.s, 2));
    assert_ok(akt_semaphore_acquire(sim->me, w.s, 2));
    assert_ok(akt_system_stop(sim->system, 0));
    assert_err(akt_semaphore_acquire(sim->me, w.s, 1), AKT_ESTOPPED);
}

TEST(who_comes_first_is_served_first)
TEST(the_order_is_kept_when_permits_are_few)
TEST(who_gives_up_lets_the_next_one_go)
TEST(permits_are_conserved)
TEST(a_grant_to_a_cancelled_task_comes_back)
TEST(a_cancelled_task_takes_nothing)
TEST(who_waits_hears_of_the_end)
TEST(it_ends_with_its_owner)
TEST(it_ends_with_its_scope)
TEST(it_ends_with_its_thread)
TEST(a_thread_waits_too)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_who_comes_first_is_served_first),
        sim_test(test_the_order_is_kept_when_permits_are_few),
        sim_test(test_who_gives_up_lets_the_next_one_go),
        sim_test(test_permits_are_conserved),
        sim_test(test_a_grant_to_a_cancelled_task_comes_back),
        sim_test(test_a_cancelled_task_takes_nothing),
        sim_test(test_who_waits_hears_of_the_end),
        sim_test(test_it_ends_with_its_owner),
        sim_test(test_it_ends_with_its_scope),
        sim_test(test_it_ends_with_its_thread),
        sim_test(test_a_thread_waits_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
