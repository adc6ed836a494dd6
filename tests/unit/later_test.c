/* SPDX-License-Identifier: MIT */
/* Sends after a delay, and the message that tells of idleness. */
#include "akt/timer.h"
#include "tests/support/sim.h"

#define NUMBER(F) F(i64, n)
AKT_MESSAGE(put, NUMBER);

enum {
    IDLE = -1
};

struct parcel {
    int64_t n;
    int64_t *opened;
};

static void
open_parcel(struct parcel *p)
{
    ++*p->opened;
}
AKT_LOCAL_MESSAGE_WITH(parcel, open_parcel);

struct actor {
    akt_ref to;
};

static akt_err
on_put(akt_self *self, struct actor *a, const struct put *m)
{
    (void)a;
    sim_note(m->n);
    sim_note(!akt_ref_is_none(akt_sender(self)));
    return AKT_OK;
}

static akt_err
on_parcel(akt_self *self, struct actor *a, const struct parcel *m)
{
    (void)self;
    (void)a;
    sim_note(m->n);
    return AKT_OK;
}

static akt_err
on_idle(akt_self *self, struct actor *a, const struct akt_idle *m)
{
    (void)a;
    (void)m;
    assert_true(akt_ref_is_none(akt_sender(self)));
    sim_note(IDLE);
    return AKT_OK;
}

static akt_err
on_act(akt_self *self, struct actor *a, const struct act *m)
{
    return m->fn(self, m->arg != NULL ? m->arg : (void *)a);
}

AKT_CLASS(actor, struct actor, AKT_ON(put, on_put), AKT_ON(act, on_act),
          AKT_ON(parcel, on_parcel));
AKT_CLASS(narrow, struct actor, AKT_ON(put, on_put), AKT_ON(act, on_act),
          AKT_MAILBOX(1, AKT_FAIL));
AKT_CLASS(idler, struct actor, AKT_ON(put, on_put), AKT_ON(akt_idle, on_idle),
          AKT_ON(act, on_act), AKT_IDLE(AKT_MS(10)));
AKT_CLASS(deaf, struct actor, AKT_ON(put, on_put), AKT_IDLE(AKT_MS(10)));

static akt_ref
spawn_actor(struct sim *sim, akt_ref to)
{
    akt_ref ref;

    assert_ok(akt_spawn(sim->me, actor, &ref, .to = to));
    return ref;
}

/* --- akt_send_after --- */

static akt_err
send_later(akt_self *self, void *arg)
{
    struct actor *a = arg;

    assert_ok(akt_send_after(self, AKT_MS(5), a->to, put, .n = 5));
    assert_ok(akt_send_after(self, AKT_MS(3), a->to, put, .n = 3));
    return akt_send_after(self, 0, a->to, put, .n = 0);
}

static void
arrives(struct sim *sim)
{
    akt_ref to = spawn_actor(sim, AKT_REF_NONE);

    sim_do(sim, spawn_actor(sim, to), send_later, NULL);
    assert_notes(0, true);
    (void)akt_sim_advance(sim->system, AKT_MS(3) - 1);
    assert_notes(0, true);
    (void)akt_sim_advance(sim->system, 1);
    assert_notes(0, true, 3, true);
    (void)akt_sim_advance(sim->system, AKT_SECONDS(9));
    assert_notes(0, true, 3, true, 5, true);
    assert_int_equal(sim->letter_count, 0);
}

static void
test_send_after_arrives_at_its_time_from_its_sender(void **state)
{
    (void)state;
    sim_each_seed(arrives);
}

static void
target_dies(struct sim *sim)
{
    akt_ref to = spawn_actor(sim, AKT_REF_NONE);
    akt_ref sender = spawn_actor(sim, to);

    sim_do(sim, sender, send_later, NULL);
    assert_ok(akt_stop(sim->me, to));
    (void)akt_sim_advance(sim->system, AKT_SECONDS(9));
    assert_notes(0, true);
    assert_int_equal(sim_letters(sim, AKT_FATE_DEAD, AKT_EDEAD), 2);
    assert_true(akt_ref_equal(sim->letters[0].target, to));
    assert_true(akt_ref_equal(sim->letters[0].sender, sender));
    assert_int_equal(sim->letters[0].first, 3);
    assert_int_equal(sim_counters(sim).refused, 0);
}

static void
test_send_after_to_one_that_has_ended_is_a_dead_letter(void **state)
{
    (void)state;
    sim_each_seed(target_dies);
}

static akt_err
fill_both(akt_self *self, void *arg)
{
    struct actor *a = arg;

    assert_ok(akt_send_after(self, 0, a->to, put, .n = 2));
    return akt_send(self, a->to, put, .n = 1);
}

static void
target_full(struct sim *sim)
{
    akt_ref to;

    assert_ok(akt_spawn(sim->me, narrow, &to, .to = AKT_REF_NONE));
    sim_do(sim, spawn_actor(sim, to), fill_both, NULL);
    /* The timer is looked at before the receiver's turn. */
    assert_notes(1, true);
    assert_int_equal(sim_letters(sim, AKT_FATE_DROPPED, AKT_EFULL), 1);
    assert_int_equal(sim->letters[0].first, 2);
    assert_int_equal(sim_counters(sim).refused, 0);
}

static void
test_send_after_to_a_full_mailbox_is_dropped(void **state)
{
    (void)state;
    sim_each_seed(target_full);
}

static int64_t opened;

static akt_err
send_parcel_later(akt_self *self, void *arg)
{
    struct actor *a = arg;

    return akt_send_after(self, AKT_MS(5), a->to, parcel, .n = 5,
                          .opened = &opened);
}

static void
sender_dies(struct sim *sim)
{
    akt_ref to = spawn_actor(sim, AKT_REF_NONE);
    akt_ref sender = spawn_actor(sim, to);

    opened = 0;
    sim_do(sim, sender, send_later, NULL);
    sim_do(sim, sender, send_parcel_later, NULL);
    assert_ok(akt_stop(sim->me, sender));
    (void)akt_sim_run_until_idle(sim->system);
    assert_int_equal(opened, 1);
    (void)akt_sim_advance(sim->system, AKT_SECONDS(9));
    assert_notes(0, true);
    assert_int_equal(sim->letter_count, 0);
}

static void
test_send_after_is_given_up_when_its_sender_ends(void **state)
{
    (void)state;
    sim_each_seed(sender_dies);
}

static void
parcel_arrives(struct sim *sim)
{
    akt_ref to = spawn_actor(sim, AKT_REF_NONE);

    opened = 0;
    sim_do(sim, spawn_actor(sim, to), send_parcel_later, NULL);
    (void)akt_sim_advance(sim->system, AKT_MS(5));
    assert_notes(5);
    assert_int_equal(opened, 1);
    sim_do(sim, spawn_actor(sim, to), send_parcel_later, NULL);
    assert_ok(akt_stop(sim->me, to));
    (void)akt_sim_advance(sim->system, AKT_MS(5));
    assert_int_equal(opened, 2);
}

static void
test_send_after_frees_a_local_message_once(void **state)
{
    (void)state;
    sim_each_seed(parcel_arrives);
}

static void
wrong_places(struct sim *sim)
{
    akt_ref to = spawn_actor(sim, AKT_REF_NONE);

    assert_err(akt_send_after(sim->me, 0, to, put, .n = 1), AKT_ECONTEXT);
}

static void
test_send_after_by_a_thread_is_refused(void **state)
{
    (void)state;
    sim_in_order(wrong_places);
}

/* --- akt_idle --- */

static void
idles(struct sim *sim)
{
    akt_ref ref;

    assert_ok(akt_spawn(sim->me, idler, &ref, .to = AKT_REF_NONE));
    (void)akt_sim_advance(sim->system, AKT_MS(10) - 1);
    assert_int_equal(sim_note_count(), 0);
    (void)akt_sim_advance(sim->system, 1);
    assert_notes(IDLE);
    (void)akt_sim_advance(sim->system, AKT_MS(30));
    assert_notes(IDLE, IDLE, IDLE, IDLE);
    (void)akt_sim_advance(sim->system, AKT_MS(7));
    assert_ok(akt_send(sim->me, ref, put, .n = 1));
    (void)akt_sim_advance(sim->system, AKT_MS(10) - 1);
    assert_notes(IDLE, IDLE, IDLE, IDLE, 1, false);
    (void)akt_sim_advance(sim->system, 1);
    assert_notes(IDLE, IDLE, IDLE, IDLE, 1, false, IDLE);
    assert_ok(akt_stop(sim->me, ref));
    (void)akt_sim_run_until_idle(sim->system);
    assert_int_equal(akt_sim_next_timer_ns(sim->system), AKT_NEVER);
}

static void
test_idle_is_told_after_each_time_without_a_message(void **state)
{
    (void)state;
    sim_each_seed(idles);
}

static void
kept_busy(struct sim *sim)
{
    akt_ref ref;
    int i;

    assert_ok(akt_spawn(sim->me, idler, &ref, .to = AKT_REF_NONE));
    for (i = 0; i < 50; i++) {
        (void)akt_sim_advance(sim->system, AKT_MS(6));
        assert_ok(akt_send(sim->me, ref, put, .n = 1));
    }
    (void)akt_sim_run_until_idle(sim->system);
    assert_int_equal(sim_noted(IDLE), 0);
}

static void
test_idle_is_not_told_while_messages_come(void **state)
{
    (void)state;
    sim_each_seed(kept_busy);
}

/* Its own timers are no messages of others. */
static akt_err
start_ticks(akt_self *self, void *arg)
{
    (void)arg;
    return akt_timer_start(self, AKT_MS(1), AKT_MS(1), NULL, put, .n = 9);
}

static void
ticks_alone(struct sim *sim)
{
    akt_ref ref;

    assert_ok(akt_spawn(sim->me, idler, &ref, .to = AKT_REF_NONE));
    sim_do(sim, ref, start_ticks, NULL);
    (void)akt_sim_advance(sim->system, AKT_MS(35));
    assert_int_equal(sim_noted(9), 35);
    assert_int_equal(sim_noted(IDLE), 3);
}

static void
test_idle_is_told_in_spite_of_own_timers(void **state)
{
    (void)state;
    sim_each_seed(ticks_alone);
}

static void
not_handled(struct sim *sim)
{
    akt_ref ref;

    assert_ok(akt_spawn(sim->me, deaf, &ref, .to = AKT_REF_NONE));
    (void)akt_sim_advance(sim->system, AKT_MS(25));
    assert_true(akt_ref_is_alive(sim->me, ref));
    assert_int_equal(sim_letters(sim, AKT_FATE_DROPPED, AKT_EUNHANDLED), 2);
}

static void
test_timer_message_that_nobody_handles_is_a_dead_letter(void **state)
{
    (void)state;
    sim_in_order(not_handled);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_send_after_arrives_at_its_time_from_its_sender),
        sim_test(test_send_after_to_one_that_has_ended_is_a_dead_letter),
        sim_test(test_send_after_to_a_full_mailbox_is_dropped),
        sim_test(test_send_after_is_given_up_when_its_sender_ends),
        sim_test(test_send_after_frees_a_local_message_once),
        sim_test(test_send_after_by_a_thread_is_refused),
        sim_test(test_idle_is_told_after_each_time_without_a_message),
        sim_test(test_idle_is_not_told_while_messages_come),
        sim_test(test_idle_is_told_in_spite_of_own_timers),
        sim_test(test_timer_message_that_nobody_handles_is_a_dead_letter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
