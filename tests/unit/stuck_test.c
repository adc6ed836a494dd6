/* SPDX-License-Identifier: MIT */
/*
 * A handler and a job that do not return: a stop says AKT_EBUSY in the end and
 * names the actor, and can be repeated; a destroy waits. The stop's patience is
 * ten seconds, so both are tried at the same time.
 */
#include "akt/akt.h"
#include "tests/support/stress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define NUMBER(F) F(i64, n)
AKT_MESSAGE(put, NUMBER);
AKT_REQUEST(load, NUMBER, put);

/* What a stuck system shares with the test. */
struct stuck {
    struct stress_gate began;
    struct stress_gate release;
    _Atomic bool is_named; /* by the log */
    akt_system *system;
};

static struct stuck by_handler;
static struct stuck by_job;

static void
block(struct stuck *s)
{
    stress_gate_add(&s->began, 1);
    stress_gate_wait(&s->release, 1);
}

struct sitter {
    int64_t handled;
};

static akt_err
on_put(akt_self *self, struct sitter *s, const struct put *m)
{
    (void)self;
    (void)m;
    s->handled++;
    block(&by_handler);
    return AKT_OK;
}
AKT_CLASS(sitter, struct sitter, AKT_ON(put, on_put));

static akt_err
sit(akt_self *self, const struct load *m)
{
    block(&by_job);
    return akt_reply(self, m, .n = m->n);
}
AKT_JOB(sit, load);

/* The log says who has not returned; a destroy also that it waits. */
static void
listen(akt_log_level level, const char *line, void *arg)
{
    struct stuck *s = arg;

    (void)level;
    if (strstr(line, "sitter<") != NULL || strstr(line, "a job of") != NULL) {
        atomic_store(&s->is_named, true);
    }
    if (strstr(line, "waiting for a handler or job") != NULL) {
        stress_gate_add(&s->release, 1);
    }
}

static akt_self *
start(struct stuck *s)
{
    akt_system_opts opts = AKT_SYSTEM_OPTS_INIT;
    akt_self *self = NULL;

    stress_gate_init(&s->began);
    stress_gate_init(&s->release);
    atomic_init(&s->is_named, false);
    opts.workers = 1;
    opts.log = listen;
    opts.log_arg = s;
    STRESS_OK(akt_system_start(&opts, &s->system));
    STRESS_OK(akt_attach(s->system, &self));
    return self;
}

static void
end(struct stuck *s)
{
    STRESS_CHECK(atomic_load(&s->is_named), "the log does not name it");
    stress_gate_fini(&s->began);
    stress_gate_fini(&s->release);
}

/* Destroys without stopping first; the log lets the job go on. */
static void *
destroy_with_stuck_job(void *arg)
{
    akt_self *self = start(&by_job);
    akt_future f;

    (void)arg;
    STRESS_OK(akt_ask_blocking(self, &f, sit, load, .n = 1));
    stress_gate_wait(&by_job.began, 1);
    akt_future_drop(self, f);
    akt_detach(self);
    akt_system_destroy(by_job.system);
    end(&by_job);
    return NULL;
}

static void
stop_with_stuck_handler(void)
{
    akt_self *self = start(&by_handler);
    akt_counters c;
    akt_ref ref;

    STRESS_OK(akt_spawn(self, sitter, &ref));
    STRESS_OK(akt_send(self, ref, put, .n = 1));
    STRESS_OK(akt_send(self, ref, put, .n = 2));
    stress_gate_wait(&by_handler.began, 1);
    akt_detach(self);
    assert_int_equal(akt_system_stop(by_handler.system, 0), AKT_EBUSY);
    stress_gate_add(&by_handler.release, 1);
    assert_int_equal(akt_system_stop(by_handler.system, 0), AKT_OK);
    akt_system_counters(by_handler.system, &c);
    assert_int_equal(c.delivered, 1);
    assert_int_equal(c.discarded, 1);
    stress_check_account(&c);
    akt_system_destroy(by_handler.system);
    end(&by_handler);
}

static void
test_stop_of_what_does_not_return_is_busy(void **state)
{
    pthread_t thread;

    (void)state;
    stress_phase("stuck");
    stress_thread_start(&thread, destroy_with_stuck_job, NULL);
    stop_with_stuck_handler();
    stress_thread_join(thread);
    stress_end();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stop_of_what_does_not_return_is_busy),
    };

    stress_begin("stuck_test");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
