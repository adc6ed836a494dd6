/* SPDX-License-Identifier: MIT */
/* A plain thread that waits for room. */
#include "actors/core/system.h"
#include "tests/support/sim.h"

#include <sched.h>
#include <stdatomic.h>

#define NUMBER(F) F(i64, n)
AKT_MESSAGE(put, NUMBER);

struct node {
    uint32_t id;
};

static akt_err
on_put(akt_self *self, struct node *n, const struct put *m)
{
    (void)self;
    (void)n;
    sim_note(m->n);
    return AKT_OK;
}

static akt_err
on_act(akt_self *self, struct node *n, const struct act *m)
{
    (void)n;
    return m->fn(self, m->arg);
}

AKT_CLASS(narrow, struct node, AKT_ON(put, on_put), AKT_ON(act, on_act),
          AKT_MAILBOX(1, AKT_AWAIT));

static akt_ref
spawn_narrow(struct sim *sim)
{
    akt_ref ref;

    assert_ok(akt_spawn(sim->me, narrow, &ref, .id = 1));
    return ref;
}

static void
thread_waits(struct sim *sim)
{
    akt_ref to = spawn_narrow(sim);
    int64_t n;

    for (n = 0; n < 20; n++) {
        assert_ok(akt_send_within(sim->me, AKT_SECONDS(1), to, put, .n = n));
    }
    (void)akt_sim_run_until_idle(sim->system);
    assert_int_equal(sim_note_count(), 20);
    for (n = 0; n < 20; n++) {
        assert_int_equal(sim_note_at((size_t)n), n);
    }
    assert_int_equal(sim_counters(sim).accepted, 20);
}

static void
test_send_within_waits_for_room(void **state)
{
    (void)state;
    sim_each_seed(thread_waits);
}

static _Atomic bool opened;

static akt_err
hold(akt_self *self, void *arg)
{
    (void)self;
    atomic_store((_Atomic bool *)arg, true);
    while (!atomic_load(&opened)) {
        (void)sched_yield();
    }
    return AKT_OK;
}

/* With threads: in a simulation whoever runs gives the room back first. */
static void
test_send_within_that_gives_up_waits_no_more(void **state)
{
    _Atomic bool held = false;
    akt_system *system;
    akt_self *me;
    akt_ref to;
    struct akti_actor *a = NULL;

    (void)state;
    atomic_store(&opened, false);
    assert_ok(akt_system_start(NULL, &system));
    assert_ok(akt_attach(system, &me));
    assert_ok(akt_spawn(me, narrow, &to, .id = 1));
    assert_ok(akti_system_find(system, to, &a));
    assert_ok(akt_send(me, to, act, .fn = hold, .arg = &held));
    while (!atomic_load(&held)) {
        (void)sched_yield();
    }
    assert_err(akt_send_within(me, AKT_MS(1), to, put, .n = 2), AKT_ETIMEOUT);
    assert_null(a->waiters);
    atomic_store(&opened, true);
    akt_detach(me);
    akt_system_destroy(system);
}

static akt_err
sends_within(akt_self *self, void *arg)
{
    assert_err(akt_send_within(self, 1, *(akt_ref *)arg, put, .n = 1),
               AKT_ECONTEXT);
    sim_note(-1);
    return AKT_OK;
}

static void
in_handler(struct sim *sim)
{
    akt_ref ref = spawn_narrow(sim);

    sim_do(sim, ref, sends_within, &ref);
    assert_notes(-1);
}

static void
test_send_within_in_a_handler_is_refused(void **state)
{
    (void)state;
    sim_in_order(in_handler);
}

/* Two that fill one another's mailboxes. */
static akt_err
fill_ring(akt_self *self, void *arg)
{
    const akt_ref *ring = arg;
    size_t i = akt_ref_equal(akt_self_ref(self), ring[0]) ? 1 : 0;

    akt_ignore(akt_send(self, ring[i], put, .n = 1));
    akt_ignore(akt_send(self, ring[i], put, .n = 2));
    return AKT_OK;
}

static void
thread_waits_while_all_wait(struct sim *sim)
{
    akt_ref ring[2] = {spawn_narrow(sim), spawn_narrow(sim)};
    int64_t n;

    sim_act(sim, ring[0], fill_ring, ring);
    sim_act(sim, ring[1], fill_ring, ring);
    for (n = 10; n < 15; n++) {
        assert_ok(
            akt_send_within(sim->me, AKT_SECONDS(1), ring[0], put, .n = n));
    }
    (void)akt_sim_run_until_idle(sim->system);
    for (n = 10; n < 15; n++) {
        assert_int_equal(sim_noted(n), 1);
    }
}

static void
test_send_within_gets_its_turn_among_waiting_actors(void **state)
{
    (void)state;
    sim_each_seed(thread_waits_while_all_wait);
}

static void
ends_meanwhile(struct sim *sim)
{
    akt_ref to = spawn_narrow(sim);

    assert_ok(akt_send(sim->me, to, put, .n = 1));
    assert_ok(akt_stop(sim->me, to));
    assert_err(akt_send_within(sim->me, AKT_SECONDS(1), to, put, .n = 2),
               AKT_EDEAD);
}

static void
test_send_within_to_one_that_ends_meanwhile_says_dead(void **state)
{
    (void)state;
    sim_each_seed(ends_meanwhile);
}

/* What happened on the way to a send that succeeded is no refusal. */
static void
waits_uncounted(struct sim *sim)
{
    akt_ref to = spawn_narrow(sim);

    assert_ok(akt_send(sim->me, to, put, .n = 1));
    assert_ok(akt_send_within(sim->me, AKT_SECONDS(1), to, put, .n = 2));
    assert_int_equal(sim_counters(sim).refused, 0);
}

static void
test_send_within_that_succeeds_counts_no_refusal(void **state)
{
    (void)state;
    sim_each_seed(waits_uncounted);
}

static akt_class other_class;

/* A full mailbox of one with this policy answers a thread that would wait. */
static akt_err
within(struct sim *sim, akt_overflow policy)
{
    struct node initial = {.id = 1};
    akt_ref to;

    other_class = narrow_class;
    other_class.mailbox.overflow = policy;
    other_class.mailbox.max_age_ns =
        policy == AKT_SHED_OLD ? AKT_SECONDS(9) : 0;
    assert_ok(akti_spawn(sim->me, &other_class, &to, &initial));
    assert_ok(akt_send(sim->me, to, put, .n = 0));
    return akt_send_within(sim->me, AKT_SECONDS(1), to, put, .n = 1);
}

static void
within_fail(struct sim *sim)
{
    assert_ok(within(sim, AKT_FAIL));
}

static void
within_shed_old(struct sim *sim)
{
    assert_err(within(sim, AKT_SHED_OLD), AKT_EFULL);
}

static void
within_stop(struct sim *sim)
{
    assert_err(within(sim, AKT_STOP), AKT_EFULL);
}

static void
test_send_within_waits_where_sends_are_refused(void **state)
{
    (void)state;
    sim_each_seed(within_fail);
}

static void
test_send_within_answers_as_send_at_a_shed_old_mailbox(void **state)
{
    (void)state;
    sim_each_seed(within_shed_old);
}

static void
test_send_within_answers_as_send_at_a_stop_mailbox(void **state)
{
    (void)state;
    sim_each_seed(within_stop);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_send_within_waits_for_room),
        cmocka_unit_test(test_send_within_that_gives_up_waits_no_more),
        sim_test(test_send_within_gets_its_turn_among_waiting_actors),
        sim_test(test_send_within_to_one_that_ends_meanwhile_says_dead),
        sim_test(test_send_within_that_succeeds_counts_no_refusal),
        sim_test(test_send_within_in_a_handler_is_refused),
        sim_test(test_send_within_waits_where_sends_are_refused),
        sim_test(test_send_within_answers_as_send_at_a_shed_old_mailbox),
        sim_test(test_send_within_answers_as_send_at_a_stop_mailbox),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
