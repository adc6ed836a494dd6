/* SPDX-License-Identifier: MIT */
/* Calls in the wrong place or with the wrong thing, and the seldom answers. */
#include "akt/blocking.h"
#include "akt/timer.h"
#include "tests/support/sim.h"

#include <string.h>

#define NUMBER(F) F(i64, n)
#define BIG(F) F(array, i64, n, 20)
AKT_MESSAGE(put, NUMBER);
AKT_MESSAGE(big, BIG);
AKT_REQUEST(get, NUMBER, put);
AKT_REQUEST(load, NUMBER, put);

struct actor {
    int64_t n;
};

static akt_err
on_start(akt_self *self, struct actor *a)
{
    (void)a;
    /* There is no message yet. */
    assert_err(akt_forward(self, akt_self_ref(self)), AKT_ECONTEXT);
    assert_err(akt_stash(self), AKT_ECONTEXT);
    assert_err(akt_reply_error(self, AKT_EIO, NULL), AKT_ECONTEXT);
    return AKT_OK;
}

/* A copy of the request is not the request. */
static akt_err
on_get(akt_self *self, struct actor *a, const struct get *m)
{
    char text[2000];
    struct get copy = *m;

    (void)a;
    assert_err(akt_reply(self, &copy, .n = 1), AKT_ETYPE);
    assert_err(akt_reply_error(self, AKT_OK, NULL), AKT_EINVAL);
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    assert_ok(akt_reply_error(self, AKT_EUSER, text));
    assert_err(akt_forward(self, akt_self_ref(self)), AKT_ECONTEXT);
    return AKT_OK;
}

/* Comes by a timer. */
static akt_err
on_big(akt_self *self, struct actor *a, const struct big *m)
{
    (void)self;
    sim_note(m->n[19]);
    return ++a->n == 2 ? AKT_EIO : AKT_OK;
}

static void
on_end(akt_self *self, struct actor *a, const akt_exit *reason)
{
    (void)self;
    (void)a;
    sim_note(100 + (int64_t)reason->kind);
}

static akt_err
on_act(akt_self *self, struct actor *a, const struct act *m)
{
    (void)a;
    return m->fn(self, m->arg);
}

AKT_CLASS(actor, struct actor, AKT_ON_START(on_start), AKT_ON_EXIT(on_end),
          AKT_ON(get, on_get), AKT_ON(big, on_big), AKT_ON(act, on_act));

static akt_err
job(akt_self *self, const struct load *m)
{
    return akt_reply(self, m, .n = m->n);
}
AKT_JOB(job, load);

static void
answers(struct sim *sim)
{
    akt_answer *answer;
    akt_ref ref;
    akt_future f;

    assert_ok(akt_spawn(sim->me, actor, &ref));
    assert_ok(akt_ask(sim->me, ref, &f, get, .n = 1));
    assert_ok(akt_wait(sim->me, f, &answer));
    assert_int_equal(answer->outcome, AKT_FAILED);
    assert_int_equal(answer->text.len, 1000);
    assert_int_equal(answer->text.ptr[999], 'x');
    akt_answer_free(sim->me, answer);
}

static void
test_answer_with_long_text_is_cut(void **state)
{
    (void)state;
    sim_each_seed(answers);
}

static akt_err
wait_in_handler(akt_self *self, void *arg)
{
    akt_answer *answer = NULL;
    akt_future f;

    assert_ok(akt_ask(self, *(akt_ref *)arg, &f, get, .n = 1));
    assert_err(akt_wait(self, f, &answer), AKT_ECONTEXT);
    assert_null(answer);
    akt_future_drop(self, f);
    return AKT_OK;
}

static void
wrong_places(struct sim *sim)
{
    static const akt_class empty = {.name = "empty"};
    akt_ref ref;
    akt_ref other;
    akt_future f;

    assert_err(akti_spawn(sim->me, &empty, &ref, NULL), AKT_EINVAL);
    assert_true(sim_log_has(sim, "no behaviour"));
    assert_ok(akt_spawn(sim->me, actor, &ref));
    assert_ok(akt_spawn(sim->me, actor, &other));
    sim_do(sim, ref, wait_in_handler, &other);
    assert_err(akt_ask_blocking(sim->me, &f, job, get, .n = 1), AKT_ETYPE);
}

static void
test_calls_in_the_wrong_place_are_refused(void **state)
{
    (void)state;
    sim_in_order(wrong_places);
}

static akt_err
start_big(akt_self *self, void *arg)
{
    (void)arg;
    return akt_timer_start(self, AKT_MS(1), AKT_MS(1), NULL, big,
                           .n = {[19] = 7});
}

/* The second time its handler fails; the third message is not handled. */
static void
fails_by_timer(struct sim *sim)
{
    akt_ref ref;

    assert_ok(akt_spawn(sim->me, actor, &ref));
    sim_do(sim, ref, start_big, NULL);
    (void)akt_sim_advance(sim->system, AKT_MS(10));
    assert_notes(7, 7, 100 + AKT_EXIT_FAILED);
    assert_false(akt_ref_is_alive(sim->me, ref));
}

static void
test_error_of_a_timers_handler_ends_its_actor(void **state)
{
    (void)state;
    sim_each_seed(fails_by_timer);
}

static void
test_simulation_calls_on_a_real_system_do_nothing(void **state)
{
    akt_system *system;

    (void)state;
    assert_ok(akt_system_start(NULL, &system));
    assert_false(akt_sim_step(system));
    assert_int_equal(akt_sim_run_until_idle(system), 0);
    assert_int_equal(akt_sim_advance(system, 1), 0);
    assert_int_equal(akt_sim_trace_hash(system), 0);
    akt_system_destroy(system);
}

static void
test_version_is_that_of_the_header(void **state)
{
    (void)state;
    assert_string_equal(akt_version(), AKT_VERSION_STRING);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_answer_with_long_text_is_cut),
        sim_test(test_calls_in_the_wrong_place_are_refused),
        sim_test(test_error_of_a_timers_handler_ends_its_actor),
        sim_test(test_simulation_calls_on_a_real_system_do_nothing),
        sim_test(test_version_is_that_of_the_header),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
