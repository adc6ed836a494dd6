/* SPDX-License-Identifier: MIT */
/*
 * Probes where the actors under test run on other threads. What was sent comes,
 * in order; a deadline is kept and not waited for without need; every request
 * ends once, though the probe is stopped, or the system, while the test answers;
 * and a probe can be closed while messages fly, with every byte given back.
 */
#include "akt/test.h"
#include "tests/support/stress.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define SOURCES 4

#define ITEM(F) F(u32, source) F(u32, n) F(text, words)
#define NUMBER(F) F(u32, n)
#define GO(F) F(ref, to) F(u32, n)
AKT_MESSAGE(item, ITEM);
AKT_MESSAGE(answer, NUMBER);
AKT_REQUEST(question, NUMBER, answer);
AKT_MESSAGE(flood, GO);
AKT_MESSAGE(asks, GO);
AKT_MESSAGE(boxes, GO);

/* Counted while it is anywhere. */
struct box {
    _Atomic int64_t *live;
};

static void
box_free(struct box *box)
{
    atomic_fetch_sub(box->live, 1);
}
AKT_LOCAL_MESSAGE_WITH(box, box_free);

static _Atomic int64_t live_boxes;

/* --- the actors under test --- */

struct source {
    uint32_t number;
};

static akt_err
on_flood(akt_self *self, struct source *s, const struct flood *m)
{
    uint32_t i;

    for (i = 0; i < m->n; i++) {
        akt_err err = akt_send(self, m->to, item, .source = s->number, .n = i,
                               .words = AKT_TEXT("some words more"));

        if (err != AKT_OK) {
            return err == AKT_EDEAD ? AKT_OK : err;
        }
    }
    return AKT_OK;
}

static akt_err
on_answer(akt_self *self, struct source *s, const akt_answer *a,
          const struct answer *reply)
{
    (void)self;
    (void)s;
    STRESS_CHECK(reply == NULL || a->outcome == AKT_REPLIED, "two ends");
    return AKT_OK;
}
AKT_THEN(on_answer, struct source, question);

static akt_err
on_asks(akt_self *self, struct source *s, const struct asks *m)
{
    uint32_t i;

    (void)s;
    for (i = 0; i < m->n; i++) {
        akt_future f;
        akt_err err = akt_ask(self, m->to, &f, question, .n = i);

        if (err == AKT_EDEAD || err == AKT_ELIMIT) {
            return AKT_OK;
        }
        AKT_TRY(err);
        AKT_TRY(akt_then(self, f, on_answer, NULL));
    }
    return AKT_OK;
}

static akt_err
on_boxes(akt_self *self, struct source *s, const struct boxes *m)
{
    uint32_t i;

    (void)s;
    for (i = 0; i < m->n; i++) {
        atomic_fetch_add(&live_boxes, 1);
        if (akt_send(self, m->to, box, .live = &live_boxes) != AKT_OK) {
            atomic_fetch_sub(&live_boxes, 1);
        }
    }
    return AKT_OK;
}
AKT_CLASS(source, struct source, AKT_ON(flood, on_flood), AKT_ON(asks, on_asks),
          AKT_ON(boxes, on_boxes));

/* --- one run --- */

struct run {
    struct stress_memory memory;
    akt_system *system;
    akt_self *me;
    akt_probe *probe;
    akt_ref source[SOURCES];
};

static void
probe_open(struct run *run)
{
    akt_probe_opts opts = AKT_PROBE_OPTS_INIT;

    opts.capacity = 1u << 20;
    opts.record = 8;
    opts.quiet = true;
    STRESS_OK(akt_probe_open(run->me, &opts, &run->probe));
}

static void
begin(struct run *run, uint32_t workers)
{
    akt_system_opts opts;
    uint32_t i;

    stress_phase("probe, %" PRIu32 " workers", workers);
    memset(run, 0, sizeof(*run));
    stress_memory_init(&run->memory);
    opts = stress_opts(workers, &run->memory);
    STRESS_OK(akt_system_start(&opts, &run->system));
    STRESS_OK(akt_attach(run->system, &run->me));
    for (i = 0; i < SOURCES; i++) {
        STRESS_OK(akt_spawn(run->me, source, &run->source[i], .number = i));
    }
    probe_open(run);
}

static void
end(struct run *run)
{
    akt_probe_close(run->probe);
    akt_detach(run->me);
    stress_stop(run->system, 0, NULL);
    stress_memory_check(&run->memory);
    STRESS_CHECK(atomic_load(&live_boxes) == 0, "%" PRId64 " boxes are left",
                 atomic_load(&live_boxes));
    stress_end();
}

static void
each_count_of_workers(void (*body)(struct run *run))
{
    uint32_t i;

    for (i = 0; i < STRESS_WORKER_RUNS; i++) {
        struct run run;

        begin(&run, stress_workers(i));
        body(&run);
        end(&run);
    }
}

static void
start_floods(struct run *run, uint32_t n)
{
    uint32_t i;

    for (i = 0; i < SOURCES; i++) {
        STRESS_OK(akt_send(run->me, run->source[i], flood,
                           .to = akt_probe_ref(run->probe), .n = n));
    }
}

/* --- all that was sent, in order --- */

static void
expect_all(struct run *run)
{
    uint32_t n = stress_scale(10000);
    uint32_t next[SOURCES] = {0};
    uint32_t i;

    start_floods(run, n);
    for (i = 0; i < n * SOURCES; i++) {
        const struct item *m = akt_expect(run->probe, AKT_SECONDS(60), item);

        STRESS_CHECK(m != NULL, "%s", akt_probe_failure(run->probe));
        STRESS_CHECK(m->n == next[m->source]++, "out of order");
        STRESS_CHECK(akt_text_equal(m->words, AKT_TEXT("some words more")),
                     "a text was spoilt");
        STRESS_CHECK(
            akt_ref_equal(akt_probe_sender(run->probe), run->source[m->source]),
            "a wrong sender");
    }
    STRESS_CHECK(akt_probe_waiting(run->probe) == 0, "more than was sent");
    STRESS_CHECK(akt_expect_none(run->probe, 0) == AKT_OK,
                 "more than was sent");
}

static void
test_probe_gets_all_that_was_sent_in_order(void **state)
{
    (void)state;
    each_count_of_workers(expect_all);
}

/* --- deadlines --- */

static void
keep_deadlines(struct run *run)
{
    const uint64_t within_ns = AKT_MS(3);
    uint32_t i;

    for (i = 0; i < stress_scale(20); i++) {
        uint64_t start = akt_now_ns(run->me);

        STRESS_CHECK(akt_expect_none(run->probe, within_ns) == AKT_OK, "%s",
                     akt_probe_failure(run->probe));
        STRESS_CHECK(akt_now_ns(run->me) - start >= within_ns, "too early");
        start_floods(run, 1);
        /* Woken by the message: an hour is not waited for. */
        STRESS_CHECK(akt_expect(run->probe, AKT_SECONDS(3600), item) != NULL,
                     "%s", akt_probe_failure(run->probe));
        STRESS_CHECK(akt_fish(run->probe, within_ns, answer) == NULL,
                     "an answer that nobody gave");
        STRESS_CHECK(akt_probe_error(run->probe) == AKT_ETIMEOUT, "%s",
                     akt_probe_failure(run->probe));
    }
}

static void
test_expectations_end_by_message_or_deadline(void **state)
{
    (void)state;
    each_count_of_workers(keep_deadlines);
}

/* --- answering while the probe ends --- */

static void
answer_until_ended(akt_probe *probe, struct stress_random *random)
{
    const struct question *m;

    while ((m = akt_expect(probe, AKT_SECONDS(60), question)) != NULL) {
        akt_err err = AKT_EENDED;

        switch (stress_below(random, 4)) {
        case 0:
            err = akt_probe_reply(probe, m, .n = m->n);
            break;
        case 1:
            err = akt_probe_fail(probe, m, AKT_EUSER, "by chance");
            break;
        case 2:
            err = akt_probe_drop(probe, m);
            break;
        default:
            break;
        }
        STRESS_CHECK(err == AKT_OK || err == AKT_EENDED, "answered %s",
                     akt_err_name(err));
    }
    STRESS_CHECK(akt_probe_error(probe) == AKT_EDEAD, "%s",
                 akt_probe_failure(probe));
}

/* Another thread, which stops the probe or the system in between. */
struct stopper {
    akt_system *system;
    akt_ref probe; /* nobody: the system */
};

static void *
stop_something(void *arg)
{
    struct stopper *s = arg;
    akt_self *self;

    if (akt_ref_is_none(s->probe)) {
        STRESS_OK(akt_system_stop(s->system, 0));
        return NULL;
    }
    STRESS_OK(akt_attach(s->system, &self));
    STRESS_OK(akt_stop(self, s->probe));
    akt_detach(self);
    return NULL;
}

static void
start_asks(struct run *run)
{
    uint32_t i;

    for (i = 0; i < SOURCES; i++) {
        STRESS_OK(akt_send(run->me, run->source[i], asks,
                           .to = akt_probe_ref(run->probe), .n = 200));
    }
}

static void
answer_and_stop(struct run *run, akt_ref which)
{
    struct stress_random random = {stress_seed()};
    struct stopper stopper = {run->system, which};
    pthread_t thread;

    start_asks(run);
    STRESS_CHECK(akt_expect_any(run->probe, AKT_SECONDS(60)) == AKT_OK, "%s",
                 akt_probe_failure(run->probe));
    stress_thread_start(&thread, stop_something, &stopper);
    answer_until_ended(run->probe, &random);
    stress_thread_join(thread);
}

static void
answer_and_stop_the_probe(struct run *run)
{
    uint32_t rounds = stress_scale(50);
    uint32_t i;

    for (i = 0; i < rounds; i++) {
        answer_and_stop(run, akt_probe_ref(run->probe));
        akt_probe_close(run->probe);
        probe_open(run);
    }
}

static void
test_requests_end_once_when_the_probe_is_stopped(void **state)
{
    (void)state;
    each_count_of_workers(answer_and_stop_the_probe);
}

static void
answer_and_stop_the_system(struct run *run)
{
    answer_and_stop(run, AKT_REF_NONE);
}

static void
test_requests_end_once_when_the_system_is_stopped(void **state)
{
    uint32_t i;

    (void)state;
    for (i = 0; i < stress_scale(10); i++) {
        each_count_of_workers(answer_and_stop_the_system);
    }
}

/* --- closing while messages fly --- */

static void
start_boxes(struct run *run)
{
    uint32_t i;

    for (i = 0; i < SOURCES; i++) {
        STRESS_OK(akt_send(run->me, run->source[i], boxes,
                           .to = akt_probe_ref(run->probe), .n = 200));
    }
}

static void
close_in_between(struct run *run)
{
    struct stress_random random = {stress_seed()};
    uint32_t rounds = stress_scale(100);
    uint32_t i;

    for (i = 0; i < rounds; i++) {
        uint32_t expected = stress_below(&random, 600);

        start_asks(run);
        start_boxes(run);
        while (expected-- > 0) {
            STRESS_CHECK(akt_expect_any(run->probe, AKT_SECONDS(60)) == AKT_OK,
                         "%s", akt_probe_failure(run->probe));
        }
        akt_probe_close(run->probe);
        probe_open(run);
    }
}

static void
test_probe_is_closed_while_messages_fly(void **state)
{
    (void)state;
    each_count_of_workers(close_in_between);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_probe_gets_all_that_was_sent_in_order),
        cmocka_unit_test(test_expectations_end_by_message_or_deadline),
        cmocka_unit_test(test_requests_end_once_when_the_probe_is_stopped),
        cmocka_unit_test(test_requests_end_once_when_the_system_is_stopped),
        cmocka_unit_test(test_probe_is_closed_while_messages_fly),
    };

    stress_begin("probe_stress");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
