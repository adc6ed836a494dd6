/* SPDX-License-Identifier: MIT */
/* What a full mailbox does, by each policy and at several capacities. */
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

/* --- refusing: AKT_AWAIT for a plain thread, and AKT_FAIL --- */

static void
refuses(struct sim *sim, akt_overflow policy)
{
    size_t i;
    int round;

    for (i = 0; i < CAPACITIES; i++) {
        akt_ref ref = spawn_of(sim, &classes[policy][i]);

        for (round = 0; round < 3; round++) {
            send_run(sim->me, ref, 1, capacities[i]);
            assert_err(akt_send(sim->me, ref, put, .n = 0), AKT_EFULL);
            assert_err(akt_try_send(sim->me, ref, put, .n = 0), AKT_EFULL);
            assert_int_equal(sim_counters(sim).queued, capacities[i]);
            (void)akt_sim_run_until_idle(sim->system);
            assert_run(1, capacities[i]);
        }
    }
    assert_int_equal(sim_counters(sim).refused, 3 * 3 * 2);
    assert_int_equal(sim->letter_count, 0);
}

static void
await_refuses(struct sim *sim)
{
    refuses(sim, AKT_AWAIT);
}

static void
fail_refuses(struct sim *sim)
{
    refuses(sim, AKT_FAIL);
}

static void
test_await_at_bound_refuses_a_plain_thread(void **state)
{
    (void)state;
    sim_each_seed(await_refuses);
}

static void
test_fail_at_bound_refuses(void **state)
{
    (void)state;
    sim_each_seed(fail_refuses);
}

/* --- AKT_AWAIT for an actor --- */

struct order {
    akt_ref to;
    uint32_t count;
};

static akt_err
send_all(akt_self *self, void *arg)
{
    const struct order *o = arg;

    send_run(self, o->to, 1, o->count);
    return AKT_OK;
}

static void
awaits(struct sim *sim)
{
    akt_ref sender = spawn_of(sim, &box_class);
    size_t i;

    for (i = 0; i < CAPACITIES; i++) {
        struct order o = {spawn_of(sim, &classes[AKT_AWAIT][i]),
                          capacities[i] + 100};

        sim_do(sim, sender, send_all, &o);
        assert_run(1, o.count);
    }
    assert_int_equal(sim->letter_count, 0);
    assert_int_equal(sim_counters(sim).refused, 0);
}

static void
test_await_at_bound_delivers_all_of_an_actor(void **state)
{
    (void)state;
    sim_each_seed(awaits);
}

/* --- dropping --- */

static void
drops_newest(struct sim *sim)
{
    size_t i;

    for (i = 0; i < CAPACITIES; i++) {
        akt_ref ref = full(sim, AKT_DROP_NEWEST, i);

        assert_ok(akt_send(sim->me, ref, put, .n = -7));
        assert_int_equal(sim_counters(sim).queued, capacities[i]);
        (void)akt_sim_run_until_idle(sim->system);
        assert_run(1, capacities[i]);
        assert_int_equal(sim->letters[i].first, -7);
        assert_true(akt_ref_equal(sim->letters[i].target, ref));
        assert_true(akt_ref_is_none(sim->letters[i].sender));
        assert_ok(akt_send(sim->me, ref, put, .n = 8));
        (void)akt_sim_run_until_idle(sim->system);
        assert_run(8, 1);
    }
    assert_int_equal(sim_letters(sim, AKT_FATE_DROPPED, AKT_EFULL), 3);
    assert_int_equal(sim_counters(sim).dropped, 3);
    assert_int_equal(sim_counters(sim).refused, 0);
}

static void
test_drop_newest_at_bound_drops_what_comes(void **state)
{
    (void)state;
    sim_each_seed(drops_newest);
}

static void
drops_oldest(struct sim *sim)
{
    size_t i;

    for (i = 0; i < CAPACITIES; i++) {
        akt_ref ref = full(sim, AKT_DROP_OLDEST, i);

        send_run(sim->me, ref, (int64_t)capacities[i] + 1, 2);
        assert_int_equal(sim_counters(sim).queued, capacities[i]);
        (void)akt_sim_run_until_idle(sim->system);
        assert_run(3, capacities[i]);
        assert_int_equal(sim->letters[2 * i].first, 1);
        assert_int_equal(sim->letters[2 * i + 1].first, 2);
    }
    assert_int_equal(sim_letters(sim, AKT_FATE_DROPPED, AKT_EFULL), 6);
    assert_int_equal(sim_counters(sim).refused, 0);
}

static void
test_drop_oldest_at_bound_drops_in_order(void **state)
{
    (void)state;
    sim_each_seed(drops_oldest);
}

/* Sends and turns mixed: what arrives is in order, and the last one does. */
static void
drops_while_running(struct sim *sim)
{
    akt_ref ref = spawn_of(sim, &classes[AKT_DROP_OLDEST][1]);
    size_t i;
    int64_t n;

    for (n = 1; n <= 300; n++) {
        assert_ok(akt_send(sim->me, ref, put, .n = n));
        assert_true(sim_counters(sim).queued <= 2);
        if (akt_random(sim->me) % 4 == 0) {
            (void)akt_sim_step(sim->system);
        }
    }
    (void)akt_sim_run_until_idle(sim->system);
    for (i = 1; i < sim_note_count(); i++) {
        assert_true(sim_note_at(i) > sim_note_at(i - 1));
    }
    assert_int_equal(sim_noted(300), 1);
    assert_int_equal(sim_note_count() + sim_counters(sim).dropped, 300);
}

static void
test_drop_oldest_while_running_keeps_order_and_bound(void **state)
{
    (void)state;
    sim_each_seed(drops_while_running);
}

/* --- AKT_STOP --- */

static void
stops(struct sim *sim)
{
    size_t i;

    for (i = 0; i < CAPACITIES; i++) {
        akt_ref ref = full(sim, AKT_STOP, i);

        assert_err(akt_send(sim->me, ref, put, .n = 0), AKT_EFULL);
        (void)akt_sim_run_until_idle(sim->system);
        assert_notes(ENDED);
        sim_forget();
        assert_err(akt_send(sim->me, ref, put, .n = 0), AKT_EDEAD);
        assert_int_equal(sim->letters[0].fate, AKT_FATE_DEAD);
    }
    assert_int_equal(sim_counters(sim).dead, 1 + 2 + 1024);
}

static void
test_stop_at_bound_ends_the_owner(void **state)
{
    (void)state;
    sim_each_seed(stops);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_await_at_bound_refuses_a_plain_thread),
        sim_test(test_fail_at_bound_refuses),
        sim_test(test_await_at_bound_delivers_all_of_an_actor),
        sim_test(test_drop_newest_at_bound_drops_what_comes),
        sim_test(test_drop_oldest_at_bound_drops_in_order),
        sim_test(test_drop_oldest_while_running_keeps_order_and_bound),
        sim_test(test_stop_at_bound_ends_the_owner),
    };

    return cmocka_run_group_tests(tests, make_classes, NULL);
}
