/* SPDX-License-Identifier: MIT */
/* Each fault happens where it says, when it says, and to whom it says. */
#include "akt/blocking.h"
#include "akt/sim.h"
#include "akt/timer.h"
#include "tests/support/sim.h"

#include <string.h>

#define NUMBER(F) F(i64, n)
AKT_MESSAGE(value, NUMBER);
AKT_REQUEST(work, NUMBER, value);
AKT_SIGNAL(beat);

struct worker {
    uint64_t started_ns;
};

static akt_err
on_work(akt_self *self, struct worker *w, const struct work *m)
{
    (void)w;
    sim_note(m->n);
    return akt_reply(self, m, .n = m->n);
}

static akt_err
on_beat(akt_self *self, struct worker *w, const struct beat *m)
{
    (void)m;
    sim_note((int64_t)(akt_now_ns(self) - w->started_ns));
    return AKT_OK;
}

static akt_err
on_act(akt_self *self, struct worker *w, const struct act *m)
{
    w->started_ns = akt_now_ns(self);
    return m->fn(self, m->arg);
}

AKT_CLASS(worker, struct worker, AKT_ON(work, on_work), AKT_ON(beat, on_beat),
          AKT_ON(act, on_act));

static akt_ref
spawn(struct sim *sim)
{
    akt_ref ref;

    assert_ok(akt_spawn(sim->me, worker, &ref));
    return ref;
}

static void
assert_fired(struct sim *sim, akt_fault fault, uint64_t passed, uint64_t fired)
{
    akt_sim_fault_count count = akt_sim_faults(sim->system, fault);

    assert_int_equal(count.passed, passed);
    assert_int_equal(count.fired, fired);
}

/* --- each of them --- */

static void
refuses_send(struct sim *sim)
{
    akt_ref ref = spawn(sim);

    assert_ok(akt_sim_fault_at(sim->system, AKT_FAULT_SEND, 2));
    assert_ok(akt_send(sim->me, ref, work, .n = 1));
    assert_err(akt_send(sim->me, ref, work, .n = 2), AKT_EFULL);
    assert_ok(akt_send(sim->me, ref, work, .n = 3));
    assert_fired(sim, AKT_FAULT_SEND, 2, 1);
    (void)akt_sim_run_until_idle(sim->system);
    assert_notes(1, 3);
    assert_int_equal(sim_counters(sim).refused, 1);
}

static void
test_send_fault_answers_efull(void **state)
{
    (void)state;
    sim_in_order(refuses_send);
}

static void
refuses_spawn(struct sim *sim)
{
    akt_ref ref = AKT_REF_NONE;

    assert_ok(akt_sim_fault_at(sim->system, AKT_FAULT_SPAWN, 1));
    assert_err(akt_spawn(sim->me, worker, &ref), AKT_ELIMIT);
    assert_true(akt_ref_is_none(ref));
    assert_ok(akt_spawn(sim->me, worker, &ref));
    assert_fired(sim, AKT_FAULT_SPAWN, 1, 1);
    assert_int_equal(sim_counters(sim).spawned, 1);
}

static void
test_spawn_fault_answers_elimit(void **state)
{
    (void)state;
    sim_in_order(refuses_spawn);
}

static void
skips_handler(struct sim *sim)
{
    akt_ref ref = spawn(sim);
    akt_answer *answer;
    akt_future f;

    assert_ok(akt_sim_fault_at(sim->system, AKT_FAULT_HANDLER, 2));
    assert_ok(akt_send(sim->me, ref, work, .n = 1));
    assert_ok(akt_ask(sim->me, ref, &f, work, .n = 2));
    assert_ok(akt_wait(sim->me, f, &answer));
    assert_int_equal(answer->outcome, AKT_FAILED);
    assert_err(answer->error, AKT_EINJECTED);
    akt_answer_free(sim->me, answer);
    assert_notes(1);
    assert_false(akt_ref_is_alive(sim->me, ref));
    assert_int_equal(sim_counters(sim).crashed, 1);
    assert_true(sim_log_has(sim, "AKT_EINJECTED"));
    assert_fired(sim, AKT_FAULT_HANDLER, 2, 1);
}

static void
test_handler_fault_fails_the_actor_and_its_request(void **state)
{
    (void)state;
    sim_in_order(skips_handler);
}

static akt_err
do_work(akt_self *self, const struct work *m)
{
    sim_note(m->n);
    return akt_reply(self, m, .n = m->n);
}
AKT_JOB(do_work, work);

static void
skips_job(struct sim *sim)
{
    akt_answer *answer;
    akt_future f;

    assert_ok(akt_sim_fault_at(sim->system, AKT_FAULT_JOB, 1));
    assert_ok(akt_ask_blocking(sim->me, &f, do_work, work, .n = 1));
    assert_ok(akt_wait(sim->me, f, &answer));
    assert_int_equal(answer->outcome, AKT_FAILED);
    assert_err(answer->error, AKT_EINJECTED);
    akt_answer_free(sim->me, answer);
    assert_int_equal(sim_note_count(), 0);
    assert_fired(sim, AKT_FAULT_JOB, 1, 1);
}

static void
test_job_fault_fails_the_request(void **state)
{
    (void)state;
    sim_in_order(skips_job);
}

static akt_err
start_timer(akt_self *self, void *arg)
{
    (void)arg;
    return akt_timer_start(self, AKT_MS(100), AKT_MS(100), NULL, beat);
}

static void
delays_timer(struct sim *sim)
{
    akt_ref ref = spawn(sim);

    assert_ok(akt_sim_fault_at(sim->system, AKT_FAULT_TIMER, 2));
    sim_do(sim, ref, start_timer, NULL);
    (void)akt_sim_advance(sim->system, AKT_MS(350));
    assert_int_equal(sim_note_count(), 3);
    assert_int_equal(sim_note_at(0), AKT_MS(100));
    assert_in_range(sim_note_at(1), AKT_MS(201), AKT_MS(210));
    /* One was late; the grid is the same. */
    assert_int_equal(sim_note_at(2), AKT_MS(300));
    assert_fired(sim, AKT_FAULT_TIMER, 2, 1);
}

static void
test_timer_fault_makes_one_late(void **state)
{
    (void)state;
    sim_in_order(delays_timer);
    sim_each_seed(delays_timer);
}

static void
is_not_late_beyond_the_limit(struct sim *sim)
{
    akt_ref ref = spawn(sim);
    uint64_t begun;

    sim_do(sim, ref, start_timer, NULL);
    begun = akt_sim_now_ns(sim->system);
    assert_ok(
        akt_sim_fault_chance(sim->system, AKT_FAULT_TIMER, AKT_SIM_ALWAYS));
    (void)akt_sim_advance(sim->system, AKT_MS(100));
    assert_int_equal(akt_sim_now_ns(sim->system), begun + AKT_MS(100));
    assert_int_equal(sim_note_count(), 1);
}

static void
test_timer_fault_keeps_to_what_is_advanced(void **state)
{
    (void)state;
    sim_in_order(is_not_late_beyond_the_limit);
}

/* The n-th allocation of a scenario fails, for all n: as its hook would say. */
static bool
allocation_fails(struct sim *sim, uint64_t n)
{
    akt_ref ref;
    akt_future f;
    akt_answer *answer;
    akt_err err;

    assert_ok(akt_sim_fault_at(sim->system, AKT_FAULT_ALLOC, n));
    err = akt_spawn(sim->me, worker, &ref);
    if (err == AKT_OK) {
        err = akt_ask(sim->me, ref, &f, work, .n = 1);
    }
    if (err == AKT_OK) {
        err = akt_wait(sim->me, f, &answer);
        if (err == AKT_OK) {
            akt_answer_free(sim->me, answer);
        } else {
            akt_future_drop(sim->me, f);
        }
    }
    assert_true(err == AKT_OK || err == AKT_ENOMEM);
    return akt_sim_faults(sim->system, AKT_FAULT_ALLOC).fired == 1;
}

static void
test_alloc_fault_answers_enomem_and_loses_nothing(void **state)
{
    uint64_t n = 0;
    bool fired = true;

    (void)state;
    while (fired) {
        struct sim sim;

        sim_open(&sim, 0);
        fired = allocation_fails(&sim, ++n);
        sim_close(&sim);
    }
    /* State, cell, message, future, what akt_wait holds, and the reply. */
    assert_in_range(n, 6, 12);
}

/* --- chance --- */

static void
fires_as_often_as_it_says(struct sim *sim)
{
    akt_ref ref = spawn(sim);
    uint64_t refused = 0;
    int i;

    assert_ok(akt_sim_fault_chance(sim->system, AKT_FAULT_SEND, 100000));
    for (i = 0; i < 10000; i++) {
        refused += akt_try_send(sim->me, ref, work, .n = 1) == AKT_EFULL;
        (void)akt_sim_run_until_idle(sim->system);
    }
    assert_in_range(refused, 850, 1150);
    assert_fired(sim, AKT_FAULT_SEND, 10000, refused);
    akt_sim_heal(sim->system);
    assert_ok(akt_send(sim->me, ref, work, .n = 1));
    assert_fired(sim, AKT_FAULT_SEND, 10000, refused);
}

static void
test_chance_is_in_millionths_until_healed(void **state)
{
    struct sim sim;

    (void)state;
    sim_open(&sim, 5);
    fires_as_often_as_it_says(&sim);
    sim_close(&sim);
}

static uint64_t
run_with_faults(uint64_t seed, akt_sim_choices *record,
                const akt_sim_choices *replay)
{
    akt_sim_opts opts = AKT_SIM_OPTS_INIT;
    akt_system_opts quiet = AKT_SYSTEM_OPTS_INIT;
    akt_system *system;
    akt_self *me;
    akt_ref ref;
    uint64_t hash;
    int i;

    quiet.log_level = AKT_LOG_OFF;
    opts.seed = seed;
    opts.record = record;
    opts.replay = replay;
    opts.faults[AKT_FAULT_SEND] = 200000;
    opts.faults[AKT_FAULT_ALLOC] = 20000;
    opts.faults[AKT_FAULT_HANDLER] = 100000;
    assert_ok(akt_sim_start_with(&quiet, &opts, &system));
    assert_ok(akt_attach(system, &me));
    for (i = 0; i < 20; i++) {
        if (akt_spawn(me, worker, &ref) == AKT_OK) {
            akt_ignore(akt_send(me, ref, work, .n = i));
            akt_ignore(akt_send(me, ref, work, .n = -i));
        }
        (void)akt_sim_step(system);
    }
    (void)akt_sim_run_until_idle(system);
    hash = akt_sim_trace_hash(system);
    akt_detach(me);
    akt_system_destroy(system);
    return hash;
}

static void
test_faults_follow_from_the_seed_and_from_the_choices(void **state)
{
    uint64_t seed;

    (void)state;
    for (seed = 1; seed < 50; seed++) {
        uint32_t list[1000];
        akt_sim_choices record = {list, 1000, 0};
        uint64_t hash = run_with_faults(seed, &record, NULL);

        assert_in_range(record.count, 1, 1000);
        assert_true(run_with_faults(seed, NULL, NULL) == hash);
        assert_true(run_with_faults(seed, NULL, &record) == hash);
    }
}

static void
refuses_nonsense(struct sim *sim)
{
    assert_err(akt_sim_fault_at(sim->system, (akt_fault)AKT_FAULTS, 1),
               AKT_EINVAL);
    assert_err(akt_sim_fault_chance(sim->system, (akt_fault)AKT_FAULTS, 1),
               AKT_EINVAL);
    assert_err(
        akt_sim_fault_chance(sim->system, AKT_FAULT_SEND, AKT_SIM_ALWAYS + 1),
        AKT_EINVAL);
    assert_int_equal(akt_sim_faults(sim->system, (akt_fault)AKT_FAULTS).passed,
                     0);
    assert_string_equal(akt_fault_name(AKT_FAULT_HANDLER), "handler");
    assert_string_equal(akt_fault_name((akt_fault)AKT_FAULTS), "?");
    assert_string_equal(akt_sim_strategy_name(AKT_SIM_PCT), "pct");
}

static void
test_unknown_faults_are_refused(void **state)
{
    (void)state;
    sim_in_order(refuses_nonsense);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_send_fault_answers_efull),
        sim_test(test_spawn_fault_answers_elimit),
        sim_test(test_handler_fault_fails_the_actor_and_its_request),
        sim_test(test_job_fault_fails_the_request),
        sim_test(test_timer_fault_makes_one_late),
        sim_test(test_timer_fault_keeps_to_what_is_advanced),
        sim_test(test_alloc_fault_answers_enomem_and_loses_nothing),
        sim_test(test_chance_is_in_millionths_until_healed),
        sim_test(test_faults_follow_from_the_seed_and_from_the_choices),
        sim_test(test_unknown_faults_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
