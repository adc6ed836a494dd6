/* SPDX-License-Identifier: MIT */
/* Actors that wait for room: order, bound and resumption. */
#include "actors/core/system.h"
#include "tests/unit/nodes.h"

static uint64_t
suspensions(struct sim *sim)
{
    akt_sched_stats stats;

    akt_system_stats(sim->system, &stats);
    return stats.suspensions;
}

static akt_err
overfill(akt_self *self, void *arg)
{
    akt_ref to = *(akt_ref *)arg;
    int64_t n;

    assert_false(akt_is_awaiting(self));
    assert_ok(akt_send(self, to, put, .n = 0));
    assert_false(akt_is_awaiting(self));
    for (n = 1; n <= 4; n++) {
        assert_ok(akt_send(self, to, put, .n = n));
        assert_true(akt_is_awaiting(self));
    }
    assert_err(akt_send(self, to, put, .n = 5), AKT_EFULL);
    assert_err(akt_try_send(self, to, put, .n = 5), AKT_EFULL);
    return AKT_OK;
}

/* While it waits a sender handles nothing; it goes on at half. */
static akt_err
send_nine(akt_self *self, void *arg)
{
    int64_t n;

    for (n = 0; n < 9; n++) {
        assert_ok(akt_send(self, *(akt_ref *)arg, put, .n = n));
    }
    return AKT_OK;
}

static akt_err
note_alive(akt_self *self, void *arg)
{
    (void)self;
    (void)arg;
    sim_note(-1);
    return AKT_OK;
}

struct burst {
    akt_ref to[2];
    uint32_t id;
    int64_t count;
};

/* To both in turn; a handler that produces much looks whether it waits. */
static akt_err
send_burst(akt_self *self, void *arg)
{
    const struct burst *b = arg;
    int64_t n;

    for (n = 0; n < b->count; n++) {
        assert_ok(akt_send(self, b->to[n % 2], put, .n = n / 2, .id = b->id));
    }
    return AKT_OK;
}

static void
assert_in_order(uint32_t receiver, uint32_t sender, int64_t count)
{
    int64_t base = (int64_t)receiver * 1000000 + sender * 10000;
    int64_t expected = 0;
    size_t i;

    for (i = 0; i < sim_note_count(); i++) {
        int64_t n = sim_note_at(i);

        if (n >= base && n < base + 10000) {
            assert_int_equal(n, base + expected);
            expected++;
        }
    }
    assert_int_equal(expected, count);
}

static void
keeps_order(struct sim *sim)
{
    struct burst bursts[3];
    akt_ref sink[2] = {spawn_narrow(sim, 1), spawn_narrow(sim, 2)};
    uint32_t i;
    uint32_t k;

    for (i = 0; i < 3; i++) {
        akt_ref sender = spawn_node(sim, 0);

        bursts[i] = (struct burst){{sink[0], sink[1]}, i, 4};
        for (k = 0; k < 5; k++) {
            sim_act(sim, sender, send_burst, &bursts[i]);
        }
    }
    (void)akt_sim_run_until_idle(sim->system);
    for (i = 0; i < 3; i++) {
        for (k = 1; k <= 2; k++) {
            assert_int_equal(sim_noted((int64_t)k * 1000000 + i * 10000), 5);
            assert_int_equal(sim_noted((int64_t)k * 1000000 + i * 10000 + 1),
                             5);
        }
    }
    assert_int_equal(sim->letter_count, 0);
    assert_int_equal(sim_counters(sim).refused, 0);
}

static void
test_await_with_several_senders_loses_nothing(void **state)
{
    (void)state;
    sim_each_seed(keeps_order);
}

struct stream {
    akt_ref to[2];
    int64_t next;
};

/* Four to each of two, going on where the last turn ended. */
static akt_err
send_stream(akt_self *self, void *arg)
{
    struct stream *s = arg;
    int i;

    for (i = 0; i < 2; i++, s->next++) {
        assert_ok(akt_send(self, s->to[0], put, .n = s->next));
        assert_ok(akt_send(self, s->to[1], put, .n = s->next));
    }
    return AKT_OK;
}

static void
streams(struct sim *sim)
{
    struct stream s = {{spawn_narrow(sim, 1), spawn_narrow(sim, 2)}, 0};
    akt_ref sender = spawn_node(sim, 0);
    int i;

    for (i = 0; i < 20; i++) {
        sim_act(sim, sender, send_stream, &s);
    }
    (void)akt_sim_run_until_idle(sim->system);
    assert_in_order(1, 0, 40);
    assert_in_order(2, 0, 40);
}

static void
test_await_keeps_the_order_of_each_pair(void **state)
{
    (void)state;
    sim_each_seed(streams);
}

static void
fills_outbox(struct sim *sim)
{
    akt_ref to = spawn_narrow(sim, 1);
    akt_ref sender = spawn_node(sim, 0);

    sim_do(sim, sender, overfill, &to);
    assert_in_order(1, 0, 5);
    assert_int_equal(sim_counters(sim).refused, 2);
    sim_forget();
    sim_do(sim, sender, overfill, &to);
    assert_in_order(1, 0, 5);
}

static void
test_await_beyond_the_outbox_is_refused(void **state)
{
    (void)state;
    sim_each_seed(fills_outbox);
}

static void
counts(struct sim *sim)
{
    akt_ref to = spawn_narrow(sim, 1);
    akt_ref sender = spawn_node(sim, 0);

    sim_do(sim, sender, overfill, &to);
    assert_true(suspensions(sim) > 0);
}

static void
test_suspensions_are_counted(void **state)
{
    (void)state;
    sim_in_order(counts);
}

static akt_err
tries(akt_self *self, void *arg)
{
    akt_ref to = *(akt_ref *)arg;

    assert_ok(akt_try_send(self, to, put, .n = 0));
    assert_err(akt_try_send(self, to, put, .n = 1), AKT_EFULL);
    assert_false(akt_is_awaiting(self));
    return AKT_OK;
}

static void
never_waits(struct sim *sim)
{
    akt_ref to = spawn_narrow(sim, 1);
    akt_ref sender = spawn_node(sim, 0);

    sim_do(sim, sender, tries, &to);
    assert_in_order(1, 0, 1);
    assert_int_equal(suspensions(sim), 0);
}

static void
test_try_send_never_waits(void **state)
{
    (void)state;
    sim_each_seed(never_waits);
}

static void
resumes(struct sim *sim)
{
    akt_ref to;
    akt_ref sender = spawn_node(sim, 0);
    size_t handled = 0;

    assert_ok(akt_spawn(sim->me, wide, &to, .id = 1));
    sim_act(sim, sender, send_nine, &to);
    sim_act(sim, sender, note_alive, NULL);
    while (sim_noted(-1) == 0) {
        assert_true(akt_sim_step(sim->system));
        if (sim_noted(-1) == 0) {
            handled = sim_note_count();
        }
    }
    assert_true(handled >= 4);
    (void)akt_sim_run_until_idle(sim->system);
    assert_in_order(1, 0, 9);
}

static void
test_await_resumes_when_half_of_the_room_is_free(void **state)
{
    const akt_system_opts one = {.batch = 1};

    (void)state;
    sim_each_seed_with(&one, resumes);
}

/* A search for cycles must not see what nobody waits for any more. */
static void
leaves_no_edge(struct sim *sim)
{
    akt_ref to = spawn_narrow(sim, 1);
    akt_ref sender = spawn_node(sim, 0);
    struct akti_actor *a = NULL;

    assert_ok(akti_system_find(sim->system, sender, &a));
    sim_act(sim, sender, overfill, &to);
    while (a->extra == NULL || a->extra->edges == NULL) {
        assert_true(akt_sim_step(sim->system));
    }
    (void)akt_sim_run_until_idle(sim->system);
    assert_int_equal(sim_note_count(), 5);
    assert_null(a->extra->edges);
}

static void
test_await_leaves_no_edge_when_all_has_gone(void **state)
{
    (void)state;
    sim_each_seed(leaves_no_edge);
}

/* As if the receiver gave room back in the middle of the sender's handler. */
static akt_err
send_beside_room(akt_self *self, void *arg)
{
    akt_ref to = *(akt_ref *)arg;
    struct akti_actor *a = NULL;
    uint32_t limits;

    assert_ok(akti_system_find(akt_self_system(self), to, &a));
    assert_ok(akt_send(self, to, put, .n = 0));
    assert_ok(akt_send(self, to, put, .n = 1));
    assert_true(akt_is_awaiting(self));
    limits = atomic_exchange(&a->limits, (uint32_t)AKT_AWAIT << 24 | 8);
    assert_ok(akt_send(self, to, put, .n = 2));
    atomic_store(&a->limits, limits);
    return AKT_OK;
}

static void
beside_room(struct sim *sim)
{
    akt_ref to = spawn_narrow(sim, 1);
    akt_ref sender = spawn_node(sim, 0);

    sim_do(sim, sender, send_beside_room, &to);
    assert_in_order(1, 0, 3);
}

static void
test_send_goes_behind_those_that_wait_though_there_is_room(void **state)
{
    (void)state;
    sim_each_seed(beside_room);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_await_with_several_senders_loses_nothing),
        sim_test(test_await_keeps_the_order_of_each_pair),
        sim_test(test_await_beyond_the_outbox_is_refused),
        sim_test(test_suspensions_are_counted),
        sim_test(test_try_send_never_waits),
        sim_test(test_await_resumes_when_half_of_the_room_is_free),
        sim_test(test_await_leaves_no_edge_when_all_has_gone),
        sim_test(test_send_goes_behind_those_that_wait_though_there_is_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
