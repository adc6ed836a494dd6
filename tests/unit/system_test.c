/* SPDX-License-Identifier: MIT */
/* Systems: options, several at once, and how they stop. */
#include "akt/blocking.h"
#include "akt/timer.h"
#include "tests/support/sim.h"

#include <string.h>

#define NUMBER(F) F(i64, n)
AKT_MESSAGE(put, NUMBER);
AKT_REQUEST(get, NUMBER, put);

struct actor {
    akt_promise_of(get) kept;
};

static akt_err
on_put(akt_self *self, struct actor *a, const struct put *m)
{
    (void)self;
    (void)a;
    sim_note(m->n);
    return AKT_OK;
}

static akt_err
on_get(akt_self *self, struct actor *a, const struct get *m)
{
    return akt_keep(self, m, &a->kept);
}

static akt_err
on_act(akt_self *self, struct actor *a, const struct act *m)
{
    (void)a;
    return m->fn(self, m->arg);
}

AKT_CLASS(actor, struct actor, AKT_ON(put, on_put), AKT_ON(get, on_get),
          AKT_ON(act, on_act));

static void
on_exit(akt_self *self, struct actor *a, const akt_exit *reason)
{
    akt_ref ref;

    (void)a;
    sim_note(-(int64_t)reason->kind);
    if (reason->kind == AKT_EXIT_SHUTDOWN) {
        sim_note((int64_t)akt_spawn(self, actor, &ref));
    }
}

AKT_CLASS(ender, struct actor, AKT_ON(act, on_act), AKT_ON_EXIT(on_exit));

static akt_ref
spawn_actor(struct sim *sim)
{
    akt_ref ref;

    assert_ok(akt_spawn(sim->me, actor, &ref));
    return ref;
}

/* --- options --- */

static void
assert_refused(struct sim *sim, const char *name)
{
    akt_system *system = NULL;

    sim->log_used = 0;
    sim->log[0] = '\0';
    assert_err(akt_sim_start(&sim->opts, 1, &system), AKT_EINVAL);
    assert_true(sim_log_has(sim, name));
    assert_err(akt_system_start(&sim->opts, &system), AKT_EINVAL);
    assert_null(system);
    assert_int_equal(sim->memory.bytes, 0);
}

static void
test_start_with_an_option_out_of_range_names_it(void **state)
{
    struct sim sim;

    (void)state;
    sim_prepare(&sim, 1);
    sim.opts.size = 0;
    assert_refused(&sim, "size");
    sim.opts.size = sizeof(akt_system_opts) + 8;
    assert_refused(&sim, "size");
    sim_prepare(&sim, 1);
    sim.opts.workers = 257;
    assert_refused(&sim, "workers");
    sim_prepare(&sim, 1);
    sim.opts.max_actors = (1u << 24) + 1;
    assert_refused(&sim, "max_actors");
    sim_prepare(&sim, 1);
    sim.opts.batch = 10001;
    assert_refused(&sim, "batch");
    sim_prepare(&sim, 1);
    sim.opts.blocking_threads = 1025;
    assert_refused(&sim, "blocking_threads");
    sim_prepare(&sim, 1);
    sim.opts.blocking_queue = 1000001;
    assert_refused(&sim, "blocking_queue");
    sim_prepare(&sim, 1);
    sim.opts.ask_timeout_ns = AKT_NEVER;
    assert_refused(&sim, "ask_timeout_ns");
    sim_prepare(&sim, 1);
    sim.opts.busy_wait_ns = AKT_SECONDS(1) + 1;
    assert_refused(&sim, "busy_wait_ns");
    sim_prepare(&sim, 1);
    sim.opts.log_level = (akt_log_level)9;
    assert_refused(&sim, "log_level");
}

static void
test_start_with_options_at_their_bounds_works(void **state)
{
    struct sim sim;

    (void)state;
    sim_prepare(&sim, 1);
    sim.opts.workers = 256;
    sim.opts.max_actors = 1u << 24;
    sim.opts.batch = 10000;
    sim.opts.blocking_threads = 1024;
    sim.opts.blocking_queue = 1000000;
    sim.opts.ask_timeout_ns = AKT_NEVER - 1;
    sim.opts.busy_wait_ns = AKT_SECONDS(1);
    sim_start(&sim);
    assert_true(akt_system_workers(sim.system) >= 1);
    sim_close(&sim);
}

/* --- stopping --- */

static void
stops_twice(struct sim *sim)
{
    akt_ref ref = spawn_actor(sim);
    akt_self *other = NULL;
    akt_future f;

    assert_ok(akt_system_stop(sim->system, 0));
    assert_ok(akt_system_stop(sim->system, AKT_SECONDS(1)));
    assert_ok(akt_system_wait(sim->system));
    assert_err(akt_spawn(sim->me, actor, &ref), AKT_ESTOPPED);
    assert_err(akt_send(sim->me, ref, put, .n = 1), AKT_ESTOPPED);
    assert_err(akt_send_within(sim->me, 1, ref, put, .n = 1), AKT_ESTOPPED);
    assert_err(akt_ask(sim->me, ref, &f, get, .n = 1), AKT_ESTOPPED);
    assert_err(akt_attach(sim->system, &other), AKT_ESTOPPED);
    assert_null(other);
    assert_err(akt_stop(sim->me, ref), AKT_EDEAD);
    assert_false(akt_ref_is_alive(sim->me, ref));
    assert_false(akt_sim_step(sim->system));
    assert_int_equal(sim_counters(sim).exited, 1);
}

static void
test_stop_twice_is_harmless_and_refuses_everything_new(void **state)
{
    (void)state;
    sim_each_seed(stops_twice);
}

static akt_err
tick_for_ever(akt_self *self, void *arg)
{
    (void)arg;
    return akt_timer_start(self, AKT_MS(1), AKT_MS(1), NULL, put, .n = 2);
}

static akt_err
send_on(akt_self *self, void *arg)
{
    int64_t n;

    for (n = 10; n < 13; n++) {
        assert_ok(akt_send(self, *(akt_ref *)arg, put, .n = n));
    }
    return AKT_OK;
}

static void
drains(struct sim *sim)
{
    akt_ref to = spawn_actor(sim);
    akt_ref sender = spawn_actor(sim);
    akt_future f;

    sim_do(sim, to, tick_for_ever, NULL);
    assert_ok(akt_ask(sim->me, to, &f, get, .n = 1));
    sim_act(sim, sender, send_on, &to);
    assert_ok(akt_system_stop(sim->system, AKT_SECONDS(1)));
    assert_int_equal(sim_noted(10), 1);
    assert_int_equal(sim_noted(12), 1);
    assert_int_equal(sim_counters(sim).discarded, 0);
    assert_int_equal(akt_future_poll(sim->me, f), AKT_BROKEN);
}

static void
test_stop_with_time_drains_first(void **state)
{
    (void)state;
    sim_each_seed(drains);
}

static akt_err
ping(akt_self *self, void *arg)
{
    assert_ok(akt_send(self, akt_self_ref(self), act, .fn = ping, .arg = arg));
    *(uint64_t *)arg += 1;
    /* Time goes on, or the drain would never end. */
    if (*(uint64_t *)arg >= 1000) {
        akt_stop_self(self);
    }
    return AKT_OK;
}

static void
does_not_drain(struct sim *sim)
{
    uint64_t turns = 0;

    sim_act(sim, spawn_actor(sim), ping, &turns);
    assert_ok(akt_system_stop(sim->system, 0));
    assert_true(turns < 1000);
    assert_int_equal(sim_counters(sim).discarded, 1);
}

static void
test_stop_without_time_does_not_drain(void **state)
{
    (void)state;
    sim_each_seed(does_not_drain);
}

static akt_err
stop_system(akt_self *self, void *arg)
{
    (void)arg;
    assert_err(akt_system_wait(akt_self_system(self)), AKT_ECONTEXT);
    assert_ok(akt_system_stop(akt_self_system(self), AKT_SECONDS(1)));
    sim_note(1);
    return AKT_OK;
}

static void
stops_inside(struct sim *sim)
{
    akt_ref ref;

    assert_ok(akt_spawn(sim->me, ender, &ref));
    sim_act(sim, ref, stop_system, NULL);
    assert_ok(akt_system_wait(sim->system));
    assert_int_equal(sim_note_at(0), 1);
    assert_int_equal(sim_note_at(1), -AKT_EXIT_SHUTDOWN);
    assert_int_equal(sim_note_at(2), AKT_ESTOPPED); /* a spawn by on_exit */
    assert_false(akt_ref_is_alive(sim->me, ref));
}

static void
test_stop_in_a_handler_is_done_by_who_waits(void **state)
{
    (void)state;
    sim_each_seed(stops_inside);
}

static akt_err
stop_of_job(akt_self *self, const struct get *m)
{
    assert_ok(akt_system_stop(akt_self_system(self), 0));
    return akt_reply(self, m, .n = 1);
}
AKT_JOB(stop_of_job, get);

static void
stops_in_job(struct sim *sim)
{
    akt_answer *answer;
    akt_future f;

    assert_ok(akt_ask_blocking(sim->me, &f, stop_of_job, get, .n = 1));
    assert_ok(akt_wait(sim->me, f, &answer));
    assert_int_equal(answer->outcome, AKT_REPLIED);
    akt_answer_free(sim->me, answer);
    assert_ok(akt_system_wait(sim->system));
    assert_err(akt_attach(sim->system, &sim->me), AKT_ESTOPPED);
}

static void
test_stop_in_a_job_is_done_by_who_waits(void **state)
{
    (void)state;
    sim_each_seed(stops_in_job);
}

static void
test_destroy_without_stop_gives_all_back(void **state)
{
    uint64_t seed;

    (void)state;
    for (seed = 0; seed < 20; seed++) {
        struct sim sim;
        akt_future f;
        akt_ref to;

        sim_open(&sim, seed);
        to = spawn_actor(&sim);
        assert_ok(akt_send(sim.me, to, put, .n = 1));
        assert_ok(akt_ask(sim.me, to, &f, get, .n = 1));
        (void)akt_sim_step(sim.system);
        sim_act(&sim, spawn_actor(&sim), send_on, &to);
        akt_system_destroy(sim.system);
        sim_check_memory(&sim);
    }
    akt_system_destroy(NULL);
    akt_detach(NULL);
}

/* --- several --- */

static void
two_systems(struct sim *sim)
{
    struct sim other;
    akt_ref here = spawn_actor(sim);
    akt_ref there;

    sim_prepare(&other, sim->seed);
    sim_start(&other);
    there = spawn_actor(&other);
    assert_int_not_equal(here.system, there.system);
    assert_err(akt_send(sim->me, there, put, .n = 1), AKT_EFOREIGN);
    assert_err(akt_send(other.me, here, put, .n = 1), AKT_EFOREIGN);
    assert_ok(akt_send(sim->me, here, put, .n = 1));
    assert_ok(akt_send(other.me, there, put, .n = 2));
    (void)akt_sim_run_until_idle(other.system);
    assert_notes(2);
    assert_int_equal(sim_counters(sim).queued, 1);
    sim_close(&other);
    (void)akt_sim_run_until_idle(sim->system);
    assert_notes(2, 1);
}

static void
test_several_systems_share_nothing(void **state)
{
    (void)state;
    sim_each_seed(two_systems);
}

static void
two_threads(struct sim *sim)
{
    akt_ref to = spawn_actor(sim);
    akt_answer *answer;
    akt_self *second;
    akt_future f;

    assert_ok(akt_attach(sim->system, &second));
    assert_ptr_equal(akt_self_system(second), sim->system);
    assert_true(akt_ref_is_none(akt_self_ref(second)));
    assert_ok(akt_send(second, to, put, .n = 1));
    assert_ok(akt_ask(second, to, &f, get, .n = 1));
    assert_err(akt_wait(sim->me, f, &answer), AKT_EENDED);
    (void)akt_sim_run_until_idle(sim->system);
    akt_detach(second);
    assert_notes(1);
    assert_int_equal(sim_counters(sim).open, 0);
    assert_int_equal(sim_counters(sim).cancelled, 1);
}

static void
test_detach_drops_the_views_futures(void **state)
{
    (void)state;
    sim_each_seed(two_threads);
}

/* --- types --- */

/* As another file would declare it: the same, at another address. */
static const akt_field *
twin_fields(void)
{
    return put_akt_fields();
}

static void
same_type(struct sim *sim)
{
    const akt_type twin = {"put",
                           twin_fields,
                           NULL,
                           NULL,
                           1,
                           sizeof(struct put),
                           _Alignof(struct put),
                           0};
    const akt_type stranger = {"out",
                               twin_fields,
                               NULL,
                               NULL,
                               1,
                               sizeof(struct put),
                               _Alignof(struct put),
                               0};
    akt_ref to = spawn_actor(sim);
    struct put m = {.n = 6};

    assert_true(akt_type_equal(&twin, &put_type));
    assert_false(akt_type_equal(&stranger, &put_type));
    assert_ok(akti_send(sim->me, to, &twin, &m));
    assert_ok(akti_send(sim->me, to, &stranger, &m));
    (void)akt_sim_run_until_idle(sim->system);
    assert_notes(6);
    assert_int_equal(sim_letters(sim, AKT_FATE_DROPPED, AKT_EUNHANDLED), 1);
    assert_int_equal(sim->letters[0].first, 6);
}

static void
test_type_declared_twice_is_one_type(void **state)
{
    (void)state;
    sim_in_order(same_type);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_start_with_an_option_out_of_range_names_it),
        sim_test(test_start_with_options_at_their_bounds_works),
        sim_test(test_stop_twice_is_harmless_and_refuses_everything_new),
        sim_test(test_stop_with_time_drains_first),
        sim_test(test_stop_without_time_does_not_drain),
        sim_test(test_stop_in_a_handler_is_done_by_who_waits),
        sim_test(test_stop_in_a_job_is_done_by_who_waits),
        sim_test(test_destroy_without_stop_gives_all_back),
        sim_test(test_several_systems_share_nothing),
        sim_test(test_detach_drops_the_views_futures),
        sim_test(test_type_declared_twice_is_one_type),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
