/* SPDX-License-Identifier: MIT */
/* The simulation itself: repeated by its seed, in virtual time. */
#include "akt/timer.h"
#include "tests/support/sim.h"

#define NUMBER(F) F(i64, n)
AKT_MESSAGE(put, NUMBER);
AKT_REQUEST(get, NUMBER, put);

#define ACTORS 6

struct peer {
    int64_t id;
    akt_ref *all;
};

static akt_err
on_put(akt_self *self, struct peer *p, const struct put *m)
{
    akt_ref to = p->all[akt_random(self) % ACTORS];
    akt_err err;

    sim_note(p->id);
    if (m->n == 0) {
        return AKT_OK;
    }
    err = akt_send(self, to, put, .n = m->n - 1);
    assert_true(err == AKT_OK || err == AKT_EDEADLK);
    return akt_timer_start(self, akt_random(self) % AKT_MS(1), 0, NULL, put,
                           .n = 0);
}

static akt_err
on_get(akt_self *self, struct peer *p, const struct get *m)
{
    return akt_reply(self, m, .n = p->id);
}

AKT_CLASS(peer, struct peer, AKT_ON(put, on_put), AKT_ON(get, on_get),
          AKT_MAILBOX(4, AKT_AWAIT));

static akt_ref all[ACTORS];

static void
spawn_all(struct sim *sim)
{
    int64_t i;

    for (i = 0; i < ACTORS; i++) {
        assert_ok(akt_spawn(sim->me, peer, &all[i], .id = i, .all = all));
    }
}

/* One run of a program with many choices. */
static uint64_t
run(uint64_t seed)
{
    struct sim sim;
    uint64_t hash;
    size_t i;

    sim_open(&sim, seed);
    spawn_all(&sim);
    for (i = 0; i < ACTORS; i++) {
        assert_ok(akt_send(sim.me, all[i], put, .n = 20));
    }
    (void)akt_sim_advance(sim.system, AKT_SECONDS(1));
    hash = akt_sim_trace_hash(sim.system);
    sim_close(&sim);
    return hash;
}

static void
test_same_seed_gives_the_same_trace(void **state)
{
    uint64_t seed;

    (void)state;
    for (seed = 0; seed < 50; seed++) {
        assert_int_equal(run(seed), run(seed));
    }
}

static void
test_different_seeds_give_different_traces(void **state)
{
    uint64_t hashes[50];
    size_t i;
    size_t k;

    (void)state;
    for (i = 0; i < 50; i++) {
        hashes[i] = run(i);
        for (k = 0; k < i; k++) {
            assert_int_not_equal(hashes[i], hashes[k]);
        }
    }
}

static void
covers_orders(struct sim *sim)
{
    size_t i;

    spawn_all(sim);
    for (i = 0; i < ACTORS; i++) {
        assert_ok(akt_send(sim->me, all[i], put, .n = 0));
    }
    (void)akt_sim_run_until_idle(sim->system);
    assert_int_equal(sim_note_count(), ACTORS);
    if (sim->seed == 0) {
        assert_notes(0, 1, 2, 3, 4, 5);
    }
}

static void
test_seed_zero_runs_who_waits_longest(void **state)
{
    (void)state;
    sim_each_seed(covers_orders);
}

/* Each of the actors is the first one with some seed. */
static void
test_seeds_reach_every_first_choice(void **state)
{
    bool first[ACTORS] = {false};
    uint64_t seed;
    size_t i;

    (void)state;
    for (seed = 1; seed < 200; seed++) {
        struct sim sim;

        sim_open(&sim, seed);
        covers_orders(&sim);
        first[sim_note_at(0)] = true;
        sim_close(&sim);
    }
    for (i = 0; i < ACTORS; i++) {
        assert_true(first[i]);
    }
}

static void
hash_changes(struct sim *sim)
{
    uint64_t before = akt_sim_trace_hash(sim->system);

    spawn_all(sim);
    assert_int_not_equal(akt_sim_trace_hash(sim->system), before);
    before = akt_sim_trace_hash(sim->system);
    assert_ok(akt_send(sim->me, all[0], put, .n = 0));
    assert_int_not_equal(akt_sim_trace_hash(sim->system), before);
    before = akt_sim_trace_hash(sim->system);
    assert_true(akt_sim_step(sim->system));
    assert_int_not_equal(akt_sim_trace_hash(sim->system), before);
    before = akt_sim_trace_hash(sim->system);
    (void)akt_now_ns(sim->me);
    (void)sim_counters(sim);
    assert_int_equal(akt_sim_trace_hash(sim->system), before);
}

static void
test_trace_hash_sees_every_event(void **state)
{
    (void)state;
    sim_in_order(hash_changes);
}

/* --- time --- */

static void
steps(struct sim *sim)
{
    assert_false(akt_sim_step(sim->system));
    assert_int_equal(akt_sim_run_until_idle(sim->system), 0);
    spawn_all(sim);
    assert_ok(akt_send(sim->me, all[0], put, .n = 0));
    assert_ok(akt_send(sim->me, all[1], put, .n = 0));
    assert_int_equal(sim_note_count(), 0);
    assert_true(akt_sim_step(sim->system));
    assert_int_equal(sim_note_count(), 1);
    assert_true(akt_sim_step(sim->system));
    assert_int_equal(sim_note_count(), 2);
    assert_false(akt_sim_step(sim->system));
}

static void
test_step_runs_one_turn(void **state)
{
    (void)state;
    sim_each_seed(steps);
}

static void
advances(struct sim *sim)
{
    uint64_t start = akt_now_ns(sim->me);

    assert_int_equal(akt_sim_next_timer_ns(sim->system), AKT_NEVER);
    (void)akt_sim_advance(sim->system, AKT_SECONDS(60));
    assert_int_equal(akt_now_ns(sim->me), start + AKT_SECONDS(60));
    spawn_all(sim);
    assert_ok(akt_send(sim->me, all[0], put, .n = 1));
    (void)akt_sim_run_until_idle(sim->system);
    /* Time stands still while there is work. */
    assert_int_equal(akt_now_ns(sim->me), start + AKT_SECONDS(60));
    (void)akt_sim_advance(sim->system, 0);
    assert_int_equal(akt_now_ns(sim->me), start + AKT_SECONDS(60));
    (void)akt_sim_advance(sim->system, AKT_MS(1));
    assert_int_equal(akt_now_ns(sim->me), start + AKT_SECONDS(60) + AKT_MS(1));
    assert_int_equal(sim_note_count(), 3);
    /* The rest of all time: only what is due, and no wrap. */
    (void)akt_sim_advance(sim->system, AKT_NEVER);
    assert_true(akt_now_ns(sim->me) >= start + AKT_SECONDS(60));
}

static void
test_advance_moves_time_by_exactly_so_much(void **state)
{
    (void)state;
    sim_each_seed(advances);
}

static void
waits(struct sim *sim)
{
    akt_answer *answer;
    akt_future f;

    spawn_all(sim);
    assert_ok(akt_ask(sim->me, all[3], &f, get, .n = 1));
    assert_ok(akt_wait(sim->me, f, &answer));
    assert_int_equal(akt_answer_as(answer, put)->n, 3);
    akt_answer_free(sim->me, answer);
}

static void
test_wait_runs_the_system(void **state)
{
    (void)state;
    sim_each_seed(waits);
}

static void
test_random_numbers_follow_from_the_seed(void **state)
{
    uint64_t first[4] = {0};
    uint64_t i;

    (void)state;
    for (i = 0; i < 4; i++) {
        struct sim sim;
        akt_self *second;

        sim_open(&sim, 1 + i / 2);
        first[i] = akt_random(sim.me);
        assert_ok(akt_attach(sim.system, &second));
        assert_int_not_equal(akt_random(second), first[i]);
        akt_detach(second);
        sim_close(&sim);
    }
    assert_int_equal(first[0], first[1]);
    assert_int_equal(first[2], first[3]);
    assert_int_not_equal(first[0], first[2]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_same_seed_gives_the_same_trace),
        sim_test(test_different_seeds_give_different_traces),
        sim_test(test_seed_zero_runs_who_waits_longest),
        sim_test(test_seeds_reach_every_first_choice),
        sim_test(test_trace_hash_sees_every_event),
        sim_test(test_step_runs_one_turn),
        sim_test(test_advance_moves_time_by_exactly_so_much),
        sim_test(test_wait_runs_the_system),
        sim_test(test_random_numbers_follow_from_the_seed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
