/* SPDX-License-Identifier: MIT */
/* What a simulation runs next, by strategy, by list, until a condition holds. */
#include "akt/sim.h"

#include "akt/timer.h"
#include "tests/support/sim.h"

#include <string.h>

AKT_SIGNAL(go);
AKT_SIGNAL(beat);

#define ACTORS 5
#define ROUNDS 4

/* Notes its number, and goes on for some rounds. */
struct worker {
    int64_t id;
    int64_t rounds;
};

static akt_err
on_go(akt_self *self, struct worker *w, const struct go *m)
{
    (void)m;
    sim_note(w->id);
    return --w->rounds > 0 ? akt_send(self, akt_self_ref(self), go) : AKT_OK;
}

AKT_CLASS(worker, struct worker, AKT_ON(go, on_go));

AKT_CLASS(refuser, struct worker, AKT_ON(go, on_go), AKT_MAILBOX(3, AKT_FAIL));

struct fixture {
    akt_system *system;
    akt_self *me;
};

static void
start(struct fixture *f, const akt_sim_opts *opts)
{
    sim_forget();
    assert_ok(akt_sim_start_with(NULL, opts, &f->system));
    assert_ok(akt_attach(f->system, &f->me));
}

static void
finish(struct fixture *f)
{
    akt_detach(f->me);
    akt_system_destroy(f->system);
}

static void
spawn_and_go(struct fixture *f, size_t n, int64_t rounds)
{
    akt_ref refs[ACTORS];
    size_t i;

    for (i = 0; i < n; i++) {
        assert_ok(akt_spawn(f->me, worker, &refs[i], .id = (int64_t)i,
                            .rounds = rounds));
    }
    for (i = 0; i < n; i++) {
        assert_ok(akt_send(f->me, refs[i], go));
    }
}

static uint64_t
run(const akt_sim_opts *opts)
{
    struct fixture f;
    uint64_t hash;

    start(&f, opts);
    spawn_and_go(&f, ACTORS, ROUNDS);
    (void)akt_sim_run_until_idle(f.system);
    hash = akt_sim_trace_hash(f.system);
    finish(&f);
    assert_int_equal(sim_note_count(), ACTORS * ROUNDS);
    return hash;
}

static akt_sim_opts
options(akt_sim_strategy strategy, uint64_t seed)
{
    akt_sim_opts opts = AKT_SIM_OPTS_INIT;

    opts.strategy = strategy;
    opts.seed = seed;
    return opts;
}

/* --- strategies --- */

static void
test_fifo_takes_turns_whatever_the_seed(void **state)
{
    uint64_t seed;
    size_t i;

    (void)state;
    for (seed = 0; seed < 20; seed++) {
        akt_sim_opts opts = options(AKT_SIM_FIFO, seed);

        (void)run(&opts);
        for (i = 0; i < ACTORS * ROUNDS; i++) {
            assert_int_equal(sim_note_at(i), i % ACTORS);
        }
    }
}

static void
test_same_seed_gives_the_same_run_in_every_strategy(void **state)
{
    unsigned strategy;
    uint64_t seed;

    (void)state;
    for (strategy = 0; strategy <= AKT_SIM_STARVE; strategy++) {
        for (seed = 0; seed < 20; seed++) {
            akt_sim_opts opts = options((akt_sim_strategy)strategy, seed);

            assert_true(run(&opts) == run(&opts));
        }
    }
}

static void
test_starve_runs_the_victim_only_when_nothing_else_can(void **state)
{
    uint64_t seed;
    size_t i;

    (void)state;
    for (seed = 1; seed < 50; seed++) {
        akt_sim_opts opts = options(AKT_SIM_STARVE, seed);

        opts.victim = 3;
        (void)run(&opts);
        for (i = 0; i < (ACTORS - 1) * ROUNDS; i++) {
            assert_int_not_equal(sim_note_at(i), 2);
        }
    }
}

static void
test_starve_without_a_victim_starves_each_with_some_seed(void **state)
{
    bool last[ACTORS] = {false};
    uint64_t seed;
    size_t i;

    (void)state;
    for (seed = 1; seed < 200; seed++) {
        akt_sim_opts opts = options(AKT_SIM_STARVE, seed);

        (void)run(&opts);
        last[sim_note_at(ACTORS * ROUNDS - 1)] = true;
    }
    for (i = 0; i < ACTORS; i++) {
        assert_true(last[i]);
    }
}

static size_t
changes(void)
{
    size_t n = 0;
    size_t i;

    for (i = 1; i < sim_note_count(); i++) {
        n += sim_note_at(i) != sim_note_at(i - 1);
    }
    return n;
}

/* By priorities alone each runs to its end before the next one begins. */
static void
test_pct_of_depth_1_changes_when_an_actor_is_done(void **state)
{
    uint64_t seed;

    (void)state;
    for (seed = 1; seed < 50; seed++) {
        akt_sim_opts opts = options(AKT_SIM_PCT, seed);

        opts.depth = 1;
        (void)run(&opts);
        assert_int_equal(changes(), ACTORS - 1);
    }
}

static void
test_pct_of_depth_d_preempts_at_most_d_less_1_times(void **state)
{
    uint32_t depth;
    uint64_t seed;
    size_t most = 0;

    (void)state;
    for (depth = 2; depth <= 4; depth++) {
        most = 0;
        for (seed = 1; seed < 100; seed++) {
            akt_sim_opts opts = options(AKT_SIM_PCT, seed);

            opts.depth = depth;
            opts.steps = ACTORS * ROUNDS;
            (void)run(&opts);
            /* Who was preempted comes again later. */
            assert_in_range(changes(), ACTORS - 1,
                            ACTORS - 1 + 2 * (depth - 1));
            most = changes() > most ? changes() : most;
        }
        assert_in_range(most, ACTORS, ACTORS - 1 + 2 * (depth - 1));
    }
}

/*
 * A mistake of depth 2: the first actor's third round comes after the second
 * actor's first but the first actor's second before it. With n = 2 and k = 8 the
 * bound says 1/16 of the seeds at least.
 */
static void
test_pct_finds_a_mistake_of_depth_2_within_its_bound(void **state)
{
    static const int64_t wanted[] = {0, 0, 1};
    uint64_t seed;
    size_t found = 0;

    (void)state;
    for (seed = 1; seed <= 320; seed++) {
        akt_sim_opts opts = options(AKT_SIM_PCT, seed);
        struct fixture f;
        size_t i;

        opts.depth = 2;
        opts.steps = 2 * ROUNDS;
        start(&f, &opts);
        spawn_and_go(&f, 2, ROUNDS);
        (void)akt_sim_run_until_idle(f.system);
        for (i = 0; i < 3 && sim_note_at(i) == wanted[i]; i++) {
        }
        found += i == 3;
        finish(&f);
    }
    /* 20 by the bound; 3 deviations fewer are still no accident. */
    assert_true(found >= 8);
}

static void
test_random_preempts_more_often_than_pct(void **state)
{
    size_t sum = 0;
    uint64_t seed;

    (void)state;
    for (seed = 1; seed < 50; seed++) {
        akt_sim_opts opts = options(AKT_SIM_RANDOM, seed);

        (void)run(&opts);
        sum += changes();
    }
    assert_true(sum / 49 > 2 * ACTORS);
}

/* --- choices --- */

#define CHOICES 256

static void
test_recorded_choices_replayed_give_the_same_run(void **state)
{
    unsigned strategy;
    uint64_t seed;

    (void)state;
    for (strategy = AKT_SIM_RANDOM; strategy <= AKT_SIM_STARVE; strategy++) {
        for (seed = 1; seed < 20; seed++) {
            uint32_t list[CHOICES];
            akt_sim_choices record = {list, CHOICES, 0};
            akt_sim_opts opts = options((akt_sim_strategy)strategy, seed);
            uint64_t hash;
            size_t count;

            opts.record = &record;
            hash = run(&opts);
            count = record.count;
            assert_in_range(count, 1, CHOICES);
            opts.record = NULL;
            opts.replay = &record;
            assert_true(run(&opts) == hash);
            assert_int_equal(record.count, count);
        }
    }
}

static void
test_empty_list_is_fifo_in_every_strategy(void **state)
{
    unsigned strategy;
    size_t i;

    (void)state;
    for (strategy = AKT_SIM_RANDOM; strategy <= AKT_SIM_STARVE; strategy++) {
        akt_sim_choices none = {NULL, 0, 0};
        akt_sim_opts opts = options((akt_sim_strategy)strategy, 7);

        opts.replay = &none;
        (void)run(&opts);
        for (i = 0; i < ACTORS * ROUNDS; i++) {
            assert_int_equal(sim_note_at(i), i % ACTORS);
        }
    }
}

static void
test_choices_beyond_the_room_are_counted(void **state)
{
    uint32_t list[2] = {77, 77};
    akt_sim_choices record = {list, 1, 0};
    akt_sim_opts opts = options(AKT_SIM_RANDOM, 3);

    (void)state;
    opts.record = &record;
    (void)run(&opts);
    assert_true(record.count > 1);
    assert_int_not_equal(list[0], 77);
    assert_int_equal(list[1], 77);
}

static void
test_choice_that_is_too_large_is_the_largest(void **state)
{
    uint32_t list[1] = {1000};
    akt_sim_choices given = {list, 1, 1};
    akt_sim_opts opts = options(AKT_SIM_RANDOM, 3);

    (void)state;
    opts.replay = &given;
    (void)run(&opts);
    assert_int_equal(sim_note_at(0), ACTORS - 1);
    assert_int_equal(sim_note_at(1), 0);
}

static void
test_mailbox_bound_is_for_those_that_suspend(void **state)
{
    akt_sim_opts opts = options(AKT_SIM_FIFO, 0);
    struct fixture f;
    akt_ref ref;

    (void)state;
    opts.mailbox = 2;
    start(&f, &opts);
    assert_ok(akt_spawn(f.me, worker, &ref));
    assert_ok(akt_try_send(f.me, ref, go));
    assert_ok(akt_try_send(f.me, ref, go));
    assert_err(akt_try_send(f.me, ref, go), AKT_EFULL);
    assert_ok(akt_spawn(f.me, refuser, &ref));
    assert_ok(akt_try_send(f.me, ref, go));
    assert_ok(akt_try_send(f.me, ref, go));
    assert_ok(akt_try_send(f.me, ref, go));
    assert_err(akt_try_send(f.me, ref, go), AKT_EFULL);
    finish(&f);
}

/* --- until --- */

static bool
has_noted_three(akt_system *system, void *arg)
{
    (void)system;
    (void)arg;
    return sim_note_count() >= 3;
}

static bool
never(akt_system *system, void *arg)
{
    (void)system;
    ++*(int *)arg;
    return false;
}

static void
test_run_until_stops_at_once(void **state)
{
    akt_sim_opts opts = options(AKT_SIM_FIFO, 0);
    struct fixture f;

    (void)state;
    start(&f, &opts);
    spawn_and_go(&f, ACTORS, ROUNDS);
    assert_true(akt_sim_run_until(f.system, has_noted_three, NULL, AKT_NEVER));
    assert_int_equal(sim_note_count(), 3);
    finish(&f);
}

static akt_err
start_beating(akt_self *self, struct worker *w)
{
    (void)w;
    return akt_timer_start(self, AKT_SECONDS(1), AKT_SECONDS(1), NULL, beat);
}

static akt_err
on_beat(akt_self *self, struct worker *w, const struct beat *m)
{
    (void)self;
    (void)m;
    sim_note(w->id);
    return AKT_OK;
}

AKT_CLASS(ticker, struct worker, AKT_ON(beat, on_beat),
          AKT_ON_START(start_beating));

static void
test_run_until_lets_time_go_on_up_to_the_deadline(void **state)
{
    akt_sim_opts opts = options(AKT_SIM_FIFO, 0);
    struct fixture f;
    uint64_t begun;
    int looks = 0;

    (void)state;
    start(&f, &opts);
    begun = akt_sim_now_ns(f.system);
    /* Nothing is to come, and still time is up. */
    assert_false(akt_sim_run_until(f.system, never, &looks, begun + 5));
    assert_int_equal(akt_sim_now_ns(f.system), begun + 5);
    assert_int_equal(looks, 1);
    assert_ok(akt_spawn(f.me, ticker, NULL, .id = 1));
    assert_true(akt_sim_run_until(f.system, has_noted_three, NULL, AKT_NEVER));
    assert_int_equal(akt_sim_now_ns(f.system), begun + 5 + AKT_SECONDS(3));
    assert_false(
        akt_sim_run_until(f.system, never, &looks, begun + AKT_SECONDS(10)));
    assert_int_equal(akt_sim_now_ns(f.system), begun + AKT_SECONDS(10));
    assert_int_equal(sim_note_count(), 9);
    finish(&f);
}

/* --- invariants --- */

static bool
fewer_than_seven(akt_system *system, void *arg)
{
    (void)system;
    return sim_note_count() < *(size_t *)arg;
}

static void
test_invariant_that_breaks_stops_the_run_and_names_itself(void **state)
{
    akt_sim_opts opts = options(AKT_SIM_FIFO, 0);
    struct fixture f;
    size_t seven = 7;

    (void)state;
    start(&f, &opts);
    assert_ok(akt_sim_invariant(f.system, fewer_than_seven, &seven));
    spawn_and_go(&f, ACTORS, ROUNDS);
    assert_null(akt_sim_failure(f.system));
    assert_int_equal(akt_sim_run_until_idle(f.system), 7);
    assert_string_equal(
        akt_sim_failure(f.system),
        "invariant fewer_than_seven does not hold after step 7");
    assert_false(akt_sim_step(f.system));
    assert_int_equal(akt_sim_advance(f.system, AKT_SECONDS(1)), 0);
    akt_sim_fail(f.system, "something else");
    assert_non_null(strstr(akt_sim_failure(f.system), "fewer_than_seven"));
    finish(&f);
}

static void
test_invariants_are_bounded(void **state)
{
    akt_sim_opts opts = options(AKT_SIM_FIFO, 0);
    struct fixture f;
    int looks = 0;
    size_t i;

    (void)state;
    start(&f, &opts);
    for (i = 0; i < AKT_SIM_INVARIANTS; i++) {
        assert_ok(akt_sim_invariant(f.system, never, &looks));
    }
    assert_err(akt_sim_invariant(f.system, never, &looks), AKT_ELIMIT);
    finish(&f);
}

static void
test_real_system_has_none_of_it(void **state)
{
    akt_system *system;
    int looks = 0;

    (void)state;
    assert_ok(akt_system_start(NULL, &system));
    assert_err(akt_sim_invariant(system, never, &looks), AKT_ECONTEXT);
    assert_err(akt_sim_fault_at(system, AKT_FAULT_SEND, 1), AKT_ECONTEXT);
    assert_err(akt_sim_fault_chance(system, AKT_FAULT_SEND, 1), AKT_ECONTEXT);
    assert_false(akt_sim_run_until(system, never, &looks, AKT_NEVER));
    assert_int_equal(akt_sim_now_ns(system), 0);
    akt_sim_heal(system);
    akt_sim_fail(system, "not simulated");
    assert_null(akt_sim_failure(system));
    assert_int_equal(akt_sim_faults(system, AKT_FAULT_SEND).passed, 0);
    akt_system_destroy(system);
}

static void
test_options_out_of_range_are_refused(void **state)
{
    akt_system_opts quiet = AKT_SYSTEM_OPTS_INIT;
    akt_sim_opts opts = options(AKT_SIM_PCT, 1);
    akt_system *system = NULL;

    (void)state;
    quiet.log_level = AKT_LOG_OFF;
    opts.depth = 5;
    assert_err(akt_sim_start_with(&quiet, &opts, &system), AKT_EINVAL);
    opts = options((akt_sim_strategy)(AKT_SIM_STARVE + 1), 1);
    assert_err(akt_sim_start_with(&quiet, &opts, &system), AKT_EINVAL);
    opts = options(AKT_SIM_PCT, 1);
    opts.faults[0] = AKT_SIM_ALWAYS + 1;
    assert_err(akt_sim_start_with(&quiet, &opts, &system), AKT_EINVAL);
    opts = options(AKT_SIM_PCT, 1);
    opts.size--;
    assert_err(akt_sim_start_with(&quiet, &opts, &system), AKT_EINVAL);
    assert_null(system);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_fifo_takes_turns_whatever_the_seed),
        sim_test(test_same_seed_gives_the_same_run_in_every_strategy),
        sim_test(test_starve_runs_the_victim_only_when_nothing_else_can),
        sim_test(test_starve_without_a_victim_starves_each_with_some_seed),
        sim_test(test_pct_of_depth_1_changes_when_an_actor_is_done),
        sim_test(test_pct_of_depth_d_preempts_at_most_d_less_1_times),
        sim_test(test_pct_finds_a_mistake_of_depth_2_within_its_bound),
        sim_test(test_random_preempts_more_often_than_pct),
        sim_test(test_recorded_choices_replayed_give_the_same_run),
        sim_test(test_empty_list_is_fifo_in_every_strategy),
        sim_test(test_choices_beyond_the_room_are_counted),
        sim_test(test_choice_that_is_too_large_is_the_largest),
        sim_test(test_mailbox_bound_is_for_those_that_suspend),
        sim_test(test_run_until_stops_at_once),
        sim_test(test_run_until_lets_time_go_on_up_to_the_deadline),
        sim_test(test_invariant_that_breaks_stops_the_run_and_names_itself),
        sim_test(test_invariants_are_bounded),
        sim_test(test_real_system_has_none_of_it),
        sim_test(test_options_out_of_range_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
