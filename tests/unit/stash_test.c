/* SPDX-License-Identifier: MIT */
/* Messages that are put aside and come back. */
#include "akt/timer.h"
#include "tests/support/sim.h"

#define NUMBER(F) F(i64, n)
AKT_MESSAGE(put, NUMBER);
AKT_MESSAGE(tick, NUMBER);
AKT_REQUEST(get, NUMBER, put);
AKT_SIGNAL(open_up);

enum {
    FULL = -1,
    BACK = -100
};

struct door {
    bool is_open;
    bool ends;
};

static akt_err
aside(akt_self *self)
{
    akt_err err = akt_stash(self);

    if (err == AKT_EFULL) {
        sim_note(FULL);
        return AKT_OK;
    }
    if (err == AKT_OK) {
        /* Given away: nothing can be done with it any more. */
        assert_err(akt_stash(self), AKT_ECONTEXT);
        assert_err(akt_forward(self, akt_self_ref(self)), AKT_ECONTEXT);
    }
    return err;
}

static akt_err
on_put(akt_self *self, struct door *d, const struct put *m)
{
    if (!d->is_open) {
        return aside(self);
    }
    sim_note(m->n);
    return AKT_OK;
}

static akt_err
on_tick(akt_self *self, struct door *d, const struct tick *m)
{
    if (!d->is_open) {
        return aside(self);
    }
    sim_note(m->n);
    return AKT_OK;
}

static akt_err
on_get(akt_self *self, struct door *d, const struct get *m)
{
    if (!d->is_open) {
        return aside(self);
    }
    return akt_reply(self, m, .n = m->n);
}

static akt_err
on_open_up(akt_self *self, struct door *d, const struct open_up *m)
{
    (void)m;
    d->is_open = true;
    sim_note(BACK - (int64_t)akt_unstash(self));
    assert_int_equal(akt_unstash(self), 0);
    return AKT_OK;
}

static void
on_exit(akt_self *self, struct door *d, const akt_exit *reason)
{
    (void)reason;
    if (d->ends) {
        sim_note(BACK - (int64_t)akt_unstash(self));
    }
}

static akt_err
on_act(akt_self *self, struct door *d, const struct act *m)
{
    (void)d;
    return m->fn(self, m->arg);
}

AKT_CLASS(door, struct door, AKT_ON(put, on_put), AKT_ON(get, on_get),
          AKT_ON(tick, on_tick), AKT_ON(open_up, on_open_up),
          AKT_ON(act, on_act), AKT_ON_EXIT(on_exit), AKT_STASH(3));
AKT_CLASS(tight, struct door, AKT_ON(put, on_put), AKT_ON(open_up, on_open_up),
          AKT_MAILBOX(2, AKT_FAIL), AKT_STASH(3));
AKT_CLASS(oldest, struct door, AKT_ON(put, on_put), AKT_ON(open_up, on_open_up),
          AKT_MAILBOX(2, AKT_DROP_OLDEST), AKT_STASH(3));
AKT_CLASS(last, struct door, AKT_ON(put, on_put), AKT_ON(open_up, on_open_up),
          AKT_MAILBOX(1, AKT_DROP_OLDEST), AKT_STASH(3));

static akt_ref
spawn_door(struct sim *sim)
{
    akt_ref ref;

    assert_ok(akt_spawn(sim->me, door, &ref));
    return ref;
}

static void
comes_back(struct sim *sim)
{
    akt_ref ref = spawn_door(sim);
    int64_t n;

    for (n = 1; n <= 3; n++) {
        assert_ok(akt_send(sim->me, ref, put, .n = n));
    }
    (void)akt_sim_run_until_idle(sim->system);
    assert_int_equal(sim_note_count(), 0);
    assert_int_equal(sim_counters(sim).queued, 3);
    assert_ok(akt_send(sim->me, ref, open_up));
    assert_ok(akt_send(sim->me, ref, put, .n = 4));
    (void)akt_sim_run_until_idle(sim->system);
    assert_notes(BACK - 3, 1, 2, 3, 4);
}

static void
test_unstash_brings_all_back_in_order_in_front(void **state)
{
    (void)state;
    sim_each_seed(comes_back);
}

static void
is_bounded(struct sim *sim)
{
    akt_ref ref = spawn_door(sim);
    int64_t n;

    for (n = 1; n <= 5; n++) {
        assert_ok(akt_send(sim->me, ref, put, .n = n));
    }
    assert_ok(akt_send(sim->me, ref, open_up));
    (void)akt_sim_run_until_idle(sim->system);
    assert_notes(FULL, FULL, BACK - 3, 1, 2, 3);
    assert_int_equal(sim_counters(sim).delivered, 6);
}

static void
test_stash_beyond_its_bound_is_refused(void **state)
{
    (void)state;
    sim_each_seed(is_bounded);
}

/* A stashed message takes no room in the mailbox, nor when it is back. */
static void
gives_room(struct sim *sim)
{
    akt_ref ref;
    int64_t n;

    assert_ok(akt_spawn(sim->me, tight, &ref));
    for (n = 1; n <= 3; n++) {
        assert_ok(akt_send(sim->me, ref, put, .n = n));
        (void)akt_sim_run_until_idle(sim->system);
    }
    assert_ok(akt_send(sim->me, ref, open_up));
    assert_ok(akt_send(sim->me, ref, put, .n = 4));
    assert_err(akt_send(sim->me, ref, put, .n = 5), AKT_EFULL);
    (void)akt_sim_run_until_idle(sim->system);
    assert_notes(BACK - 3, 1, 2, 3, 4);
    for (n = 5; n <= 6; n++) {
        assert_ok(akt_send(sim->me, ref, put, .n = n));
    }
    assert_err(akt_send(sim->me, ref, put, .n = 7), AKT_EFULL);
    (void)akt_sim_run_until_idle(sim->system);
    assert_int_equal(sim_note_count(), 7);
}

static void
test_stash_takes_no_room_in_the_mailbox(void **state)
{
    (void)state;
    sim_each_seed(gives_room);
}

/* What came back does not count, so it is not what an overflow drops. */
static void
is_not_dropped(struct sim *sim)
{
    akt_ref ref;
    int64_t n;

    assert_ok(akt_spawn(sim->me, oldest, &ref));
    for (n = 1; n <= 3; n++) {
        assert_ok(akt_send(sim->me, ref, put, .n = n));
        (void)akt_sim_run_until_idle(sim->system);
    }
    assert_ok(akt_send(sim->me, ref, open_up));
    while (sim_note_count() == 0) {
        assert_true(akt_sim_step(sim->system));
    }
    for (n = 4; n <= 7; n++) {
        assert_ok(akt_send(sim->me, ref, put, .n = n));
    }
    (void)akt_sim_run_until_idle(sim->system);
    assert_int_equal(sim_noted(1), 1);
    assert_int_equal(sim_noted(2), 1);
    assert_int_equal(sim_noted(3), 1);
    assert_int_equal(sim_noted(6), 1);
    assert_int_equal(sim_noted(7), 1);
    assert_int_equal(sim_counters(sim).dropped, 2);
}

static void
test_unstashed_messages_are_not_what_an_overflow_drops(void **state)
{
    const akt_system_opts one = {.batch = 1};

    (void)state;
    sim_each_seed_with(&one, is_not_dropped);
}

/* The last one is dropped; what comes then is still behind what came back. */
static void
last_is_dropped(struct sim *sim)
{
    akt_ref ref;
    int64_t n;

    assert_ok(akt_spawn(sim->me, last, &ref));
    for (n = 1; n <= 3; n++) {
        assert_ok(akt_send(sim->me, ref, put, .n = n));
        (void)akt_sim_run_until_idle(sim->system);
    }
    assert_ok(akt_send(sim->me, ref, open_up));
    while (sim_note_count() == 0) {
        assert_true(akt_sim_step(sim->system));
    }
    assert_ok(akt_send(sim->me, ref, put, .n = 4));
    assert_ok(akt_send(sim->me, ref, put, .n = 5));
    (void)akt_sim_run_until_idle(sim->system);
    assert_notes(BACK - 3, 1, 2, 3, 5);
    assert_int_equal(sim_counters(sim).dropped, 1);
}

static void
test_overflow_behind_what_came_back_keeps_order(void **state)
{
    const akt_system_opts one = {.batch = 1};

    (void)state;
    sim_each_seed_with(&one, last_is_dropped);
}

static void
asked(struct sim *sim)
{
    akt_ref ref = spawn_door(sim);
    akt_answer *answer;
    akt_future f;

    assert_ok(akt_ask(sim->me, ref, &f, get, .n = 8));
    (void)akt_sim_run_until_idle(sim->system);
    assert_int_equal(akt_future_poll(sim->me, f), AKT_PENDING);
    assert_ok(akt_send(sim->me, ref, open_up));
    assert_ok(akt_wait(sim->me, f, &answer));
    assert_int_equal(akt_answer_as(answer, put)->n, 8);
    akt_answer_free(sim->me, answer);
}

static void
test_stash_keeps_a_request_open(void **state)
{
    (void)state;
    sim_each_seed(asked);
}

static akt_err
start_ticks(akt_self *self, void *arg)
{
    (void)arg;
    assert_ok(akt_timer_start(self, AKT_MS(1), 0, NULL, tick, .n = 1));
    return akt_timer_start(self, AKT_MS(2), AKT_MS(2), NULL, tick, .n = 2);
}

static void
timers(struct sim *sim)
{
    akt_ref ref = spawn_door(sim);

    sim_do(sim, ref, start_ticks, NULL);
    (void)akt_sim_advance(sim->system, AKT_MS(5));
    assert_ok(akt_send(sim->me, ref, open_up));
    (void)akt_sim_run_until_idle(sim->system);
    assert_notes(BACK - 3, 1, 2, 2);
}

static void
test_stash_takes_timer_messages(void **state)
{
    (void)state;
    sim_each_seed(timers);
}

static void
owner_ends(struct sim *sim)
{
    akt_ref ref = spawn_door(sim);
    akt_ref other;

    assert_ok(akt_send(sim->me, ref, put, .n = 1));
    assert_ok(akt_send(sim->me, ref, put, .n = 2));
    assert_ok(akt_spawn(sim->me, door, &other, .ends = true));
    assert_ok(akt_send(sim->me, other, put, .n = 3));
    (void)akt_sim_run_until_idle(sim->system);
    assert_ok(akt_stop(sim->me, ref));
    assert_ok(akt_stop(sim->me, other));
    (void)akt_sim_run_until_idle(sim->system);
    assert_notes(BACK - 1);
    assert_int_equal(sim_letters(sim, AKT_FATE_DEAD, AKT_EDEAD), 3);
}

static void
test_end_of_the_owner_makes_the_stash_dead_letters(void **state)
{
    (void)state;
    sim_each_seed(owner_ends);
}

static void
thread(struct sim *sim)
{
    assert_err(akt_stash(sim->me), AKT_ECONTEXT);
    assert_int_equal(akt_unstash(sim->me), 0);
    assert_err(akt_forward(sim->me, spawn_door(sim)), AKT_ECONTEXT);
}

static void
test_stash_by_a_thread_is_refused(void **state)
{
    (void)state;
    sim_in_order(thread);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_unstash_brings_all_back_in_order_in_front),
        sim_test(test_stash_beyond_its_bound_is_refused),
        sim_test(test_stash_takes_no_room_in_the_mailbox),
        sim_test(test_unstashed_messages_are_not_what_an_overflow_drops),
        sim_test(test_overflow_behind_what_came_back_keeps_order),
        sim_test(test_stash_keeps_a_request_open),
        sim_test(test_stash_takes_timer_messages),
        sim_test(test_end_of_the_owner_makes_the_stash_dead_letters),
        sim_test(test_stash_by_a_thread_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
