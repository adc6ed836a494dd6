/* SPDX-License-Identifier: MIT */
/* What has room of its own, or of oneself, at a full mailbox. */
#include "actors/core/system.h"
#include "akt/timer.h"
#include "tests/support/sim.h"

#define NUMBER(F) F(i64, n)
AKT_MESSAGE(put, NUMBER);
AKT_MESSAGE(tick, NUMBER);
AKT_REQUEST(get, NUMBER, put);

enum {
    REPLIED = -1,
    TICKED = -2,
    ENDED = -3,
    HEARD = -4
};

#define AGE AKT_MS(10)

struct box {
    int64_t id;
    akt_ref next;
};

static akt_err
on_put(akt_self *self, struct box *b, const struct put *m)
{
    (void)self;
    (void)b;
    sim_note(m->n);
    return AKT_OK;
}

static akt_err
on_tick(akt_self *self, struct box *b, const struct tick *m)
{
    (void)self;
    (void)b;
    (void)m;
    sim_note(TICKED);
    return AKT_OK;
}

static akt_err
on_get(akt_self *self, struct box *b, const struct get *m)
{
    if (!akt_ref_is_none(b->next)) {
        return akt_forward(self, b->next);
    }
    sim_note((int64_t)(akt_deadline_ns(self) - akt_now_ns(self)));
    return akt_reply(self, m, .n = m->n);
}

static akt_err
on_act(akt_self *self, struct box *b, const struct act *m)
{
    (void)b;
    return m->fn(self, m->arg);
}

static void
on_exit(akt_self *self, struct box *b, const akt_exit *reason)
{
    (void)self;
    (void)b;
    sim_note(reason->kind == AKT_EXIT_OVERFLOW ? ENDED : HEARD);
}

AKT_CLASS(box, struct box, AKT_ON(put, on_put), AKT_ON(tick, on_tick),
          AKT_ON(get, on_get), AKT_ON(act, on_act), AKT_OUTBOX(2048));
AKT_CLASS(ender, struct box, AKT_ON(put, on_put), AKT_ON_EXIT(on_exit));

#define CAPACITIES 3
static const uint32_t capacities[CAPACITIES] = {1, 2, 1024};
static akt_class classes[AKT_STOP + 1][CAPACITIES];

static int
make_classes(void **state)
{
    size_t p;
    size_t c;

    (void)state;
    for (p = 0; p <= AKT_STOP; p++) {
        for (c = 0; c < CAPACITIES; c++) {
            akt_class *cls = &classes[p][c];

            *cls = p == AKT_STOP ? ender_class : box_class;
            cls->mailbox.capacity = capacities[c];
            cls->mailbox.overflow = (akt_overflow)p;
            cls->mailbox.max_age_ns = p == AKT_SHED_OLD ? AGE : 0;
        }
    }
    return 0;
}

static akt_ref
spawn_of(struct sim *sim, const akt_class *cls)
{
    struct box initial = {0};
    akt_ref ref;

    assert_ok(akti_spawn(sim->me, cls, &ref, &initial));
    return ref;
}

/* Sends `count` numbers from `first` on, which all succeed. */
static void
send_run(akt_self *self, akt_ref to, int64_t first, uint32_t count)
{
    int64_t n;

    for (n = first; n < first + (int64_t)count; n++) {
        assert_ok(akt_send(self, to, put, .n = n));
    }
}

/* The target has handled first, first + 1, ... and nothing else. */
static void
assert_run(int64_t first, uint32_t count)
{
    uint32_t i;

    assert_int_equal(sim_note_count(), count);
    for (i = 0; i < count; i++) {
        assert_int_equal(sim_note_at(i), first + i);
    }
    sim_forget();
}

/* A target of this policy and the i-th capacity, filled with 1, 2, ... */
static akt_ref
full(struct sim *sim, akt_overflow policy, size_t i)
{
    akt_ref ref = spawn_of(sim, &classes[policy][i]);

    send_run(sim->me, ref, 1, capacities[i]);
    return ref;
}

/* --- to oneself --- */

static akt_err
send_to_self(akt_self *self, void *arg)
{
    send_run(self, akt_self_ref(self), 1, *(uint32_t *)arg);
    assert_err(akt_try_send(self, akt_self_ref(self), put, .n = 0), AKT_EFULL);
    return AKT_OK;
}

/* The message that is being handled takes no room. */
static void
sends_to_itself(struct sim *sim)
{
    size_t i;

    for (i = 0; i < CAPACITIES; i++) {
        uint32_t room = capacities[i];
        akt_ref ref = spawn_of(sim, &classes[AKT_FAIL][i]);

        sim_do(sim, ref, send_to_self, &room);
        assert_run(1, room);
    }
}

static void
test_send_to_oneself_has_the_whole_room(void **state)
{
    (void)state;
    sim_each_seed(sends_to_itself);
}

/* --- what has room of its own --- */

static akt_err
heard(akt_self *self, struct box *b, const akt_answer *answer,
      const struct put *reply)
{
    (void)self;
    (void)b;
    assert_int_equal(answer->outcome, AKT_REPLIED);
    assert_non_null(reply);
    sim_note(REPLIED);
    return AKT_OK;
}
AKT_THEN(heard, struct box, get);

static akt_err
expect_mail(akt_self *self, void *arg)
{
    akt_future f;

    assert_ok(akt_ask(self, *(akt_ref *)arg, &f, get, .n = 1));
    assert_ok(akt_then(self, f, heard, NULL));
    assert_ok(akt_timer_start(self, 0, 0, NULL, tick, .n = 1));
    assert_ok(akt_timer_start(self, 0, AKT_US(1), NULL, tick, .n = 1));
    return AKT_OK;
}

static void
has_room(struct sim *sim)
{
    akt_ref ref = spawn_of(sim, &classes[AKT_FAIL][0]);
    akt_ref other = spawn_of(sim, &box_class);

    sim_act(sim, ref, expect_mail, &other);
    assert_true(akt_sim_step(sim->system));
    assert_ok(akt_send(sim->me, ref, put, .n = 9));
    assert_err(akt_send(sim->me, ref, put, .n = 10), AKT_EFULL);
    (void)akt_sim_run_until_idle(sim->system);
    assert_int_equal(sim_noted(9), 1);
    assert_int_equal(sim_noted(REPLIED), 1);
    assert_int_equal(sim_noted(TICKED), 2);
    assert_int_equal(sim_counters(sim).dropped, 0);
}

static void
test_reply_and_timers_arrive_at_a_full_mailbox(void **state)
{
    (void)state;
    sim_each_seed(has_room);
}

/* With both in the mailbox, timers and replies come first. */
static void
overtakes(struct sim *sim)
{
    akt_ref ref = spawn_of(sim, &classes[AKT_FAIL][1]);
    akt_ref other = spawn_of(sim, &box_class);

    sim_act(sim, ref, expect_mail, &other);
    assert_true(akt_sim_step(sim->system)); /* it asks, and is idle */
    assert_true(akt_sim_step(sim->system)); /* timers fire; other replies */
    sim_forget();
    assert_ok(akt_send(sim->me, ref, put, .n = 9));
    (void)akt_sim_run_until_idle(sim->system);
    assert_int_equal(sim_noted(9), 1);
    assert_int_equal(sim_note_at(sim_note_count() - 1), 9);
}

static void
test_reply_and_timers_overtake_data(void **state)
{
    (void)state;
    sim_in_order(overtakes);
}

static void
stop_when_full(struct sim *sim)
{
    size_t p;

    for (p = AKT_AWAIT; p < AKT_STOP; p++) {
        akt_ref ref = full(sim, (akt_overflow)p, 0);

        assert_ok(akt_stop(sim->me, ref));
        (void)akt_sim_run_until_idle(sim->system);
        assert_false(akt_ref_is_alive(sim->me, ref));
        assert_err(akt_send(sim->me, ref, put, .n = 1), AKT_EDEAD);
    }
    assert_int_equal(sim_counters(sim).dead, 5);
    assert_int_equal(sim_note_count(), 0);
}

static void
test_stop_arrives_at_a_full_mailbox(void **state)
{
    (void)state;
    sim_each_seed(stop_when_full);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_send_to_oneself_has_the_whole_room),
        sim_test(test_reply_and_timers_arrive_at_a_full_mailbox),
        sim_test(test_reply_and_timers_overtake_data),
        sim_test(test_stop_arrives_at_a_full_mailbox),
    };

    return cmocka_run_group_tests(tests, make_classes, NULL);
}
