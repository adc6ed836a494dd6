/* SPDX-License-Identifier: MIT */
/* Explorations: what counts as a failure, how it is shortened and repeated. */
#include "akt/akt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NUMBER(F) F(i64, n)
AKT_MESSAGE(put, NUMBER);
AKT_MESSAGE(value, NUMBER);
AKT_SIGNAL_REQUEST(get, value);
AKT_SIGNAL(add_one);

/* --- a counter that two clients read and then write --- */

struct counter {
    int64_t n;
};

static akt_err
on_get(akt_self *self, struct counter *c, const struct get *m)
{
    return akt_reply(self, m, .n = c->n);
}

static akt_err
on_put(akt_self *self, struct counter *c, const struct put *m)
{
    (void)self;
    c->n = m->n;
    return AKT_OK;
}

AKT_CLASS(counter, struct counter, AKT_ON(get, on_get), AKT_ON(put, on_put));

struct client {
    akt_ref counter;
};

static akt_err
on_value(akt_self *self, struct client *c, const akt_answer *answer,
         const struct value *v)
{
    (void)answer;
    return v != NULL ? akt_send(self, c->counter, put, .n = v->n + 1) : AKT_OK;
}
AKT_THEN(on_value, struct client, get);

static akt_err
on_add_one(akt_self *self, struct client *c, const struct add_one *m)
{
    akt_future f;

    (void)m;
    AKT_TRY(akt_ask(self, c->counter, &f, get));
    return akt_then(self, f, on_value, NULL);
}

AKT_CLASS(client, struct client, AKT_ON(add_one, on_add_one));

#define CLIENTS 4

static akt_err
read_counter(akt_self *me, akt_ref ref, int64_t *out)
{
    akt_answer *answer;
    akt_future f;

    AKT_TRY(akt_ask(me, ref, &f, get));
    AKT_TRY(akt_wait(me, f, &answer));
    *out = akt_answer_as(answer, value)->n;
    akt_answer_free(me, answer);
    return AKT_OK;
}

static akt_err
count(akt_system *system, akt_self *me, int64_t *out)
{
    akt_ref ref;
    akt_ref clients[CLIENTS];
    size_t i;

    AKT_TRY(akt_spawn(me, counter, &ref, .n = 0));
    for (i = 0; i < CLIENTS; i++) {
        AKT_TRY(akt_spawn(me, client, &clients[i], .counter = ref));
    }
    for (i = 0; i < CLIENTS; i++) {
        AKT_TRY(akt_send(me, clients[i], add_one));
    }
    (void)akt_sim_run_until_idle(system);
    return read_counter(me, ref, out);
}

/* Fails when two updates are lost; in fifo three are. */
static akt_err
two_lost(akt_system *system, akt_self *me, void *arg)
{
    int64_t n;

    (void)arg;
    AKT_TRY(count(system, me, &n));
    return n == 2 ? AKT_EUSER : AKT_OK;
}

/* Fails when one update is lost. */
static akt_err
none_lost(akt_system *system, akt_self *me, void *arg)
{
    int64_t n;

    (void)arg;
    AKT_TRY(count(system, me, &n));
    return n == CLIENTS ? AKT_OK : AKT_EUSER;
}

static akt_err
well(akt_system *system, akt_self *me, void *arg)
{
    int64_t n;

    (void)arg;
    return count(system, me, &n);
}

/* --- the report --- */

static char report[1 << 18];
static size_t report_used;

static void
keep(const char *line, void *arg)
{
    size_t n = strlen(line);

    (void)arg;
    if (n + 2 < sizeof(report) - report_used) {
        memcpy(report + report_used, line, n);
        report_used += n;
        report[report_used++] = '\n';
        report[report_used] = '\0';
    }
}

static akt_explore_opts
options(void)
{
    akt_explore_opts opts = AKT_EXPLORE_OPTS_INIT;

    report_used = 0;
    report[0] = '\0';
    opts.report = keep;
    opts.seeds = 2000;
    return opts;
}

static void
assert_reported(const char *text)
{
    if (strstr(report, text) == NULL) {
        fail_msg("not in the report: %s\n%s", text, report);
    }
}

/* The value of NAME=value in the line that repeats the run. */
static void
reproduce(const char *name, char *value, size_t size)
{
    const char *line = strstr(report, "REPRODUCE: ");
    const char *at = line != NULL ? strstr(line, name) : NULL;

    assert_non_null(at);
    at += strlen(name) + 1;
    assert_in_range(strcspn(at, " \n"), 1, size - 1);
    (void)snprintf(value, size, "%.*s", (int)strcspn(at, " \n"), at);
}

static int
forget_environment(void **state)
{
    (void)state;
    (void)unsetenv("AKT_SIM_SEED");
    (void)unsetenv("AKT_SIM_SEEDS");
    (void)unsetenv("AKT_SIM_CHOICES");
    (void)unsetenv("AKT_SIM_STRATEGY");
    (void)unsetenv("AKT_SIM_NAME");
    return 0;
}

/* --- passing and failing --- */

static void
test_explore_without_failure_runs_all_seeds(void **state)
{
    akt_explore_opts opts = options();
    akt_explore_result result;

    (void)state;
    assert_int_equal(akt_explore(&opts, well, NULL, &result), AKT_OK);
    assert_int_equal(result.violation, AKT_VIOLATION_NONE);
    assert_int_equal(result.runs, opts.seeds + 1); /* and seed 0 */
    assert_true(result.steps > 9 * opts.seeds);
    assert_string_equal(report, "");
}

static void
test_explore_finds_a_lost_update(void **state)
{
    static const akt_sim_strategy strategies[] = {
        AKT_SIM_DEFAULT, AKT_SIM_RANDOM, AKT_SIM_PCT, AKT_SIM_STARVE};
    size_t i;

    (void)state;
    for (i = 0; i < 4; i++) {
        akt_explore_opts opts = options();
        akt_explore_result result;

        opts.strategy = strategies[i];
        opts.unshrunk = true;
        assert_int_equal(akt_explore(&opts, none_lost, NULL, &result),
                         AKT_EVIOLATED);
        assert_int_equal(result.violation, AKT_VIOLATION_ERROR);
        assert_non_null(strstr(result.text, "AKT_EUSER"));
    }
}

static void
test_failing_run_is_made_shorter_and_told(void **state)
{
    akt_explore_opts opts = options();
    akt_explore_result result;

    (void)state;
    opts.name = "updates";
    opts.strategy = AKT_SIM_RANDOM;
    opts.first_seed = 2;
    assert_int_equal(akt_explore(&opts, two_lost, NULL, &result),
                     AKT_EVIOLATED);
    assert_true(result.shrunk_choices < result.found_choices);
    assert_true(result.shrunk_choices > 0);
    assert_true(result.shrunk_steps > 0);
    assert_reported("updates: seed ");
    assert_reported("is spawned");
    assert_reported(" handles add_one");
    assert_reported("put{n=1}  to counter<");
    assert_reported("REPRODUCE: AKT_SIM_SEED=");
    assert_reported("AKT_SIM_NAME=updates");
    assert_reported("explore_test");
}

static void
test_reproduce_line_repeats_the_run(void **state)
{
    akt_explore_opts opts = options();
    akt_explore_result first;
    akt_explore_result again;
    char value[4096];

    (void)state;
    assert_int_equal(akt_explore(&opts, two_lost, NULL, &first), AKT_EVIOLATED);
    reproduce("AKT_SIM_SEED", value, sizeof(value));
    (void)setenv("AKT_SIM_SEED", value, 1);
    reproduce("AKT_SIM_CHOICES", value, sizeof(value));
    (void)setenv("AKT_SIM_CHOICES", value, 1);
    opts = options();
    assert_int_equal(akt_explore(&opts, two_lost, NULL, &again), AKT_EVIOLATED);
    assert_int_equal(again.runs, 1);
    assert_int_equal(again.seed, first.seed);
    assert_true(again.trace_hash == first.trace_hash);
    assert_int_equal(again.shrunk_steps, first.shrunk_steps);
    assert_reported(value);
}

static void
test_seed_alone_repeats_the_run(void **state)
{
    akt_explore_opts opts = options();
    akt_explore_result first;
    akt_explore_result again;
    char value[64];

    (void)state;
    opts.unshrunk = true;
    assert_int_equal(akt_explore(&opts, two_lost, NULL, &first), AKT_EVIOLATED);
    (void)snprintf(value, sizeof(value), "%llu",
                   (unsigned long long)first.seed);
    (void)setenv("AKT_SIM_SEED", value, 1);
    assert_int_equal(akt_explore(&opts, two_lost, NULL, &again), AKT_EVIOLATED);
    assert_true(again.trace_hash == first.trace_hash);
    assert_int_equal(again.found_steps, first.found_steps);
}

/* --- other ways to fail --- */

static akt_err
on_crash(akt_self *self, struct client *c, const struct add_one *m)
{
    (void)self;
    (void)c;
    (void)m;
    abort();
}
AKT_CLASS(crasher, struct client, AKT_ON(add_one, on_crash));

static akt_err
crash(akt_system *system, akt_self *me, void *arg)
{
    akt_ref ref;

    (void)arg;
    AKT_TRY(akt_spawn(me, crasher, &ref));
    AKT_TRY(akt_send(me, ref, add_one));
    (void)akt_sim_run_until_idle(system);
    return AKT_OK;
}

static void
test_crash_is_a_failure_of_its_seed(void **state)
{
    akt_explore_opts opts = options();
    akt_explore_result result;

    (void)state;
    assert_int_equal(akt_explore(&opts, crash, NULL, &result), AKT_EVIOLATED);
    assert_int_equal(result.violation, AKT_VIOLATION_CRASH);
    assert_int_equal(result.seed, 0);
    assert_non_null(strstr(result.text, "signal"));
    assert_reported("crasher<");
    assert_reported("AKT_SIM_SEED=0 AKT_SIM_CHOICES=fifo");
}

static akt_err
assertion(akt_system *system, akt_self *me, void *arg)
{
    int64_t n;

    (void)arg;
    AKT_TRY(count(system, me, &n));
    if (n == 2) {
        (void)freopen("/dev/null", "w", stderr); /* what cmocka says */
        assert_int_equal(n, CLIENTS);
    }
    return AKT_OK;
}

static void
test_cmocka_assertion_is_a_failure_of_its_seed(void **state)
{
    akt_explore_opts opts = options();
    akt_explore_result result;

    (void)state;
    assert_int_equal(akt_explore(&opts, assertion, NULL, &result),
                     AKT_EVIOLATED);
    assert_int_equal(result.violation, AKT_VIOLATION_CRASH);
    assert_true(result.seed > 0);
    assert_reported("AKT_SIM_CHOICES=");
}

static akt_err
leave(akt_system *system, akt_self *me, void *arg)
{
    (void)system;
    (void)me;
    (void)arg;
    exit(3);
}

static void
test_exit_is_a_failure(void **state)
{
    akt_explore_opts opts = options();
    akt_explore_result result;

    (void)state;
    assert_int_equal(akt_explore(&opts, leave, NULL, &result), AKT_EVIOLATED);
    assert_int_equal(result.violation, AKT_VIOLATION_CRASH);
    assert_non_null(strstr(result.text, "status 3"));
}

static bool
at_most_three_steps(akt_system *system, void *arg)
{
    int *steps = arg;

    (void)system;
    return ++*steps <= 3;
}

static akt_err
watched(akt_system *system, akt_self *me, void *arg)
{
    int steps = 0;
    int64_t n;

    (void)arg;
    AKT_TRY(akt_sim_invariant(system, at_most_three_steps, &steps));
    AKT_TRY(count(system, me, &n));
    return AKT_OK;
}

static void
test_invariant_is_named(void **state)
{
    akt_explore_opts opts = options();
    akt_explore_result result;

    (void)state;
    assert_int_equal(akt_explore(&opts, watched, NULL, &result), AKT_EVIOLATED);
    assert_int_equal(result.violation, AKT_VIOLATION_INVARIANT);
    assert_non_null(strstr(result.text, "at_most_three_steps"));
    assert_non_null(strstr(result.text, "step 4"));
}

static akt_err
on_round(akt_self *self, struct client *c, const struct add_one *m)
{
    (void)c;
    (void)m;
    return akt_send(self, akt_self_ref(self), add_one);
}
AKT_CLASS(runner, struct client, AKT_ON(add_one, on_round));

static akt_err
endless(akt_system *system, akt_self *me, void *arg)
{
    akt_ref ref;

    (void)arg;
    AKT_TRY(akt_spawn(me, runner, &ref));
    AKT_TRY(akt_send(me, ref, add_one));
    (void)akt_sim_run_until_idle(system);
    return AKT_OK;
}

static void
test_run_without_end_is_a_failure(void **state)
{
    akt_explore_opts opts = options();
    akt_explore_result result;

    (void)state;
    opts.max_steps = 500;
    assert_int_equal(akt_explore(&opts, endless, NULL, &result), AKT_EVIOLATED);
    assert_int_equal(result.violation, AKT_VIOLATION_ENDLESS);
    assert_in_range(result.found_steps, 500, 510);
}

static akt_err
on_forget(akt_self *self, struct client *c, const struct add_one *m)
{
    (void)c;
    (void)m;
    akt_sim_fail(akt_self_system(self), "a handler says so");
    return AKT_OK;
}
AKT_CLASS(sayer, struct client, AKT_ON(add_one, on_forget));

static akt_err
said(akt_system *system, akt_self *me, void *arg)
{
    akt_ref ref;

    (void)arg;
    AKT_TRY(akt_spawn(me, sayer, &ref));
    AKT_TRY(akt_send(me, ref, add_one));
    (void)akt_sim_run_until_idle(system);
    return AKT_OK;
}

static void
test_handler_can_fail_the_run(void **state)
{
    akt_explore_opts opts = options();
    akt_explore_result result;

    (void)state;
    opts.in_process = true;
    assert_int_equal(akt_explore(&opts, said, NULL, &result), AKT_EVIOLATED);
    assert_int_equal(result.violation, AKT_VIOLATION_INVARIANT);
    assert_string_equal(result.text, "a handler says so");
}

static uint64_t outside;

static akt_err
inconstant(akt_system *system, akt_self *me, void *arg)
{
    (void)arg;
    outside++;
    (void)akt_sim_advance(system, 1);
    return outside % 2 == 0 ? AKT_OK : akt_spawn(me, client, NULL);
}

static void
test_run_that_differs_from_itself_is_a_failure(void **state)
{
    akt_explore_opts opts = options();
    akt_explore_result result;

    (void)state;
    assert_int_equal(akt_explore(&opts, inconstant, NULL, &result),
                     AKT_EVIOLATED);
    assert_int_equal(result.violation, AKT_VIOLATION_CHECK);
    assert_non_null(strstr(result.text, "check repeat"));
    opts.unchecked = AKT_CHECK_REPEAT;
    assert_int_equal(akt_explore(&opts, inconstant, NULL, &result), AKT_OK);
}

/* --- in this process --- */

static void
test_in_process_finds_the_same(void **state)
{
    akt_explore_opts opts = options();
    akt_explore_result apart;
    akt_explore_result here;

    (void)state;
    assert_int_equal(akt_explore(&opts, two_lost, NULL, &apart), AKT_EVIOLATED);
    opts = options();
    opts.in_process = true;
    assert_int_equal(akt_explore(&opts, two_lost, NULL, &here), AKT_EVIOLATED);
    assert_memory_equal(&here, &apart, sizeof(here));
}

/* --- faults --- */

static akt_err
unprepared(akt_system *system, akt_self *me, void *arg)
{
    int64_t n;
    akt_err err = count(system, me, &n);

    (void)arg;
    return err == AKT_ELIMIT ? err : AKT_OK;
}

static void
test_faults_are_injected_and_counted(void **state)
{
    akt_explore_opts opts = options();
    akt_explore_result result;

    (void)state;
    opts.faults[AKT_FAULT_TIMER] = 100000;
    opts.faults[AKT_FAULT_SPAWN] = 10000;
    assert_int_equal(akt_explore(&opts, unprepared, NULL, &result),
                     AKT_EVIOLATED);
    assert_true(result.fired[AKT_FAULT_SPAWN] > 0);
    assert_non_null(strstr(result.text, "AKT_ELIMIT"));
    assert_reported("fault: spawn");
    /* The fault alone is what matters. */
    assert_int_equal(result.shrunk_choices, 1);
}

/* --- the environment --- */

static akt_err
count_runs(akt_system *system, akt_self *me, void *arg)
{
    int64_t n;

    ++*(uint64_t *)arg;
    return count(system, me, &n);
}

static void
test_environment_says_how_many(void **state)
{
    akt_explore_opts opts = options();
    uint64_t runs = 0;

    (void)state;
    opts.in_process = true;
    opts.strategy = AKT_SIM_RANDOM;
    opts.unchecked = AKT_CHECK_REPEAT;
    (void)setenv("AKT_SIM_SEEDS", "7", 1);
    assert_int_equal(akt_explore(&opts, count_runs, &runs, NULL), AKT_OK);
    assert_int_equal(runs, 7);
    (void)setenv("AKT_SIM_SEED", "3", 1);
    assert_int_equal(akt_explore(&opts, count_runs, &runs, NULL), AKT_OK);
    assert_int_equal(runs, 8);
    opts.name = "one";
    (void)setenv("AKT_SIM_NAME", "another", 1);
    assert_int_equal(akt_explore(&opts, count_runs, &runs, NULL), AKT_OK);
    assert_int_equal(runs, 8);
    (void)setenv("AKT_SIM_NAME", "one", 1);
    assert_int_equal(akt_explore(&opts, count_runs, &runs, NULL), AKT_OK);
    assert_int_equal(runs, 9);
}

static void
test_environment_says_the_strategy(void **state)
{
    akt_explore_opts opts = options();
    akt_explore_result result;

    (void)state;
    (void)setenv("AKT_SIM_STRATEGY", "fifo", 1);
    assert_int_equal(akt_explore(&opts, none_lost, NULL, &result),
                     AKT_EVIOLATED);
    assert_int_equal(result.strategy, AKT_SIM_FIFO);
    assert_reported(" AKT_SIM_STRATEGY=fifo");
}

static void
test_environment_that_makes_no_sense_is_refused(void **state)
{
    static const char *const wrong[][2] = {
        {"AKT_SIM_SEED", "x"},       {"AKT_SIM_SEED", "-1"},
        {"AKT_SIM_SEEDS", ""},       {"AKT_SIM_STRATEGY", "best"},
        {"AKT_SIM_CHOICES", "1"},    {"AKT_SIM_CHOICES", "1:"},
        {"AKT_SIM_CHOICES", "1:2;"}, {"AKT_SIM_CHOICES", "99999999:1"}};
    size_t i;

    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        akt_explore_opts opts = options();

        (void)forget_environment(state);
        (void)setenv(wrong[i][0], wrong[i][1], 1);
        assert_int_equal(akt_explore(&opts, well, NULL, NULL), AKT_EINVAL);
        assert_reported(wrong[i][0]);
    }
}

static void
test_options_out_of_range_are_refused(void **state)
{
    akt_explore_opts opts = options();

    (void)state;
    opts.depth = 5;
    assert_int_equal(akt_explore(&opts, well, NULL, NULL), AKT_EINVAL);
    assert_reported("depth");
    opts = options();
    opts.faults[AKT_FAULT_JOB] = AKT_SIM_ALWAYS + 1;
    assert_int_equal(akt_explore(&opts, well, NULL, NULL), AKT_EINVAL);
    opts = options();
    opts.unchecked = AKT_CHECK_ALL + 1;
    assert_int_equal(akt_explore(&opts, well, NULL, NULL), AKT_EINVAL);
    opts = options();
    opts.size = 1;
    assert_int_equal(akt_explore(&opts, well, NULL, NULL), AKT_EINVAL);
}

#define explore_test(f)                                                        \
    cmocka_unit_test_setup_teardown(f, forget_environment, forget_environment)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        explore_test(test_explore_without_failure_runs_all_seeds),
        explore_test(test_explore_finds_a_lost_update),
        explore_test(test_failing_run_is_made_shorter_and_told),
        explore_test(test_reproduce_line_repeats_the_run),
        explore_test(test_seed_alone_repeats_the_run),
        explore_test(test_crash_is_a_failure_of_its_seed),
        explore_test(test_cmocka_assertion_is_a_failure_of_its_seed),
        explore_test(test_exit_is_a_failure),
        explore_test(test_invariant_is_named),
        explore_test(test_run_without_end_is_a_failure),
        explore_test(test_handler_can_fail_the_run),
        explore_test(test_run_that_differs_from_itself_is_a_failure),
        explore_test(test_in_process_finds_the_same),
        explore_test(test_faults_are_injected_and_counted),
        explore_test(test_environment_says_how_many),
        explore_test(test_environment_says_the_strategy),
        explore_test(test_environment_that_makes_no_sense_is_refused),
        explore_test(test_options_out_of_range_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
