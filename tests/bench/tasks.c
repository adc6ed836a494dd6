/* SPDX-License-Identifier: MIT */
/*
 * Tasks: n that are spawned and joined (spawnjoin), n requests to a task that
 * answers (awaittrip), n awaits of what is there already (awaitready, awaitready2),
 * n values that another task completes (oneshot), n waits within a time limit (timeout), n that sleep
 * (sleepers). All of a run is one task; the timed part is within it.
 */
#include "bench.h"

/* The task that a run asks: it gets the request, and answers by its result. */
struct runner {
    akt_err (*body)(akt_self *self, int64_t n, struct outcome *out);
};

static akt_err
runner(akt_self *self, struct runner *r)
{
    struct outcome out = {.count = 0};
    akt_received received;
    const struct run *m;

    AKT_TRY(akt_receive(self, AKT_NEVER, &received));
    m = akt_received_as(&received, run);
    if (m == NULL)
        return BENCH_EWRONG;
    AKT_TRY(r->body(self, m->n, &out));
    return akt_reply(self, m, .count = out.count, .sum = out.sum);
}
AKT_TASK(runner, struct runner);

static akt_err
measure(struct bench *bench,
        akt_err (*body)(akt_self *self, int64_t n, struct outcome *out),
        struct outcome *out)
{
    akt_task task;

    AKT_TRY(akt_task_spawn(bench->me, runner, &task, .body = body));
    return bench_measure(bench, task.ref, out);
}

static akt_err
expect_count(struct bench *bench, const char *what, const struct outcome *out)
{
    return bench_expect(what, (uint64_t)out->count, (uint64_t)bench->n);
}

/* --- spawnjoin --- */

static int64_t ended;

static akt_err
empty(akt_self *self)
{
    (void)self;
    ended++;
    return AKT_OK;
}
AKT_TASK(empty, void);

static akt_err
spawn_and_join(akt_self *self, int64_t n, struct outcome *out)
{
    for (int64_t i = 0; i < n; i++) {
        akt_task task;

        AKT_TRY(akt_task_spawn(self, empty, &task));
        AKT_TRY(akt_join(self, task));
    }
    out->count = ended;
    return AKT_OK;
}

akt_err
bench_spawnjoin(struct bench *bench)
{
    struct outcome outcome;

    AKT_TRY(measure(bench, spawn_and_join, &outcome));
    return expect_count(bench, "tasks that have run", &outcome);
}

/* --- awaittrip --- */

#define QUERY(F) F(i64, value)
AKT_REQUEST(query, QUERY, number);

static akt_err
answering(akt_self *self)
{
    akt_received received;
    akt_err err;

    while ((err = akt_receive(self, AKT_NEVER, &received)) == AKT_OK) {
        const struct query *m = akt_received_as(&received, query);

        if (m == NULL)
            return BENCH_EWRONG;
        AKT_TRY(akt_reply(self, m, .value = m->value + 1));
    }
    return err;
}
AKT_TASK(answering, void);

static akt_err
ask_task(akt_self *self, int64_t n, struct outcome *out)
{
    akt_task server;
    struct number answer;

    AKT_TRY(akt_task_spawn(self, answering, &server));
    for (int64_t i = 0; i < n; i++) {
        AKT_TRY(akt_call(self, server.ref, query, &answer, .value = i));
        out->sum += (uint64_t)answer.value;
    }
    out->count = n;
    AKT_TRY(akt_task_cancel(self, server));
    return akt_join(self, server) == AKT_ECANCELLED ? AKT_OK : BENCH_EWRONG;
}

akt_err
bench_awaittrip(struct bench *bench)
{
    struct outcome outcome;
    uint64_t n = (uint64_t)bench->n;

    AKT_TRY(measure(bench, ask_task, &outcome));
    return bench_expect("sum of the answers", outcome.sum, n * (n + 1) / 2);
}

/* --- awaitready, awaitready2 --- */

static akt_err
await_completed(akt_self *self, int64_t n, struct outcome *out)
{
    for (int64_t i = 0; i < n; i++) {
        akt_future future;
        akt_completer completer;
        struct number value;

        AKT_TRY(akt_oneshot_open(self, number, AKT_NEVER, &future, &completer));
        AKT_TRY(akt_complete(self, completer, number, .value = i));
        AKT_TRY(akt_await_as(self, future, number, &value));
        out->sum += (uint64_t)value.value;
    }
    return AKT_OK;
}

static akt_err
await_ready(akt_self *self, int64_t n, struct outcome *out)
{
    for (int64_t i = 0; i < n; i++) {
        akt_future future;
        struct number value;

        AKT_TRY(akt_future_ready(self, &future, number, .value = i));
        AKT_TRY(akt_await_as(self, future, number, &value));
        out->sum += (uint64_t)value.value;
    }
    return AKT_OK;
}

static akt_err
check_sum(struct bench *bench, const struct outcome *outcome)
{
    uint64_t n = (uint64_t)bench->n;

    return bench_expect("sum of the values", outcome->sum, n * (n - 1) / 2);
}

akt_err
bench_awaitready(struct bench *bench)
{
    struct outcome outcome;

    AKT_TRY(measure(bench, await_completed, &outcome));
    return check_sum(bench, &outcome);
}

akt_err
bench_awaitready2(struct bench *bench)
{
    struct outcome outcome;

    AKT_TRY(measure(bench, await_ready, &outcome));
    return check_sum(bench, &outcome);
}

/* --- oneshot --- */

struct parcel {
    akt_completer completer;
    int64_t value;
};
AKT_LOCAL_MESSAGE(parcel);

static akt_err
completing(akt_self *self)
{
    akt_received received;
    akt_err err;

    while ((err = akt_receive(self, AKT_NEVER, &received)) == AKT_OK) {
        const struct parcel *p = akt_received_as(&received, parcel);

        if (p == NULL)
            return BENCH_EWRONG;
        AKT_TRY(akt_complete(self, p->completer, number, .value = p->value));
    }
    return err;
}
AKT_TASK(completing, void);

static akt_err
hand_over(akt_self *self, int64_t n, struct outcome *out)
{
    akt_task partner;

    AKT_TRY(akt_task_spawn(self, completing, &partner));
    for (int64_t i = 0; i < n; i++) {
        akt_future future;
        akt_completer completer;
        struct number value;

        AKT_TRY(akt_oneshot_open(self, number, AKT_NEVER, &future, &completer));
        AKT_TRY(akt_send(self, partner.ref, parcel, .completer = completer,
                         .value = i));
        AKT_TRY(akt_await_as(self, future, number, &value));
        out->sum += (uint64_t)value.value;
    }
    AKT_TRY(akt_task_cancel(self, partner));
    return akt_join(self, partner) == AKT_ECANCELLED ? AKT_OK : BENCH_EWRONG;
}

akt_err
bench_oneshot(struct bench *bench)
{
    struct outcome outcome;

    AKT_TRY(measure(bench, hand_over, &outcome));
    return check_sum(bench, &outcome);
}

/* --- timeout --- */

static akt_err
within_an_hour(akt_self *self, int64_t n, struct outcome *out)
{
    for (int64_t i = 0; i < n; i++) {
        akt_scope scope;
        akt_err err;

        AKT_TRY(akt_scope_open(self, AKT_SECONDS(3600), &scope));
        err = akt_task_yield(self);
        AKT_TRY(akt_scope_close(self, scope, err));
        out->count++;
    }
    return AKT_OK;
}

akt_err
bench_timeout(struct bench *bench)
{
    struct outcome outcome;

    AKT_TRY(measure(bench, within_an_hour, &outcome));
    return expect_count(bench, "waits", &outcome);
}

/* --- sleepers --- */

static int64_t asleep;

static akt_err
sleeper(akt_self *self)
{
    asleep++;
    return akt_sleep(self, AKT_SECONDS(3600));
}
AKT_TASK_WITH(sleeper, void, AKT_PLACEMENT(AKT_PLACE_PINNED));

static akt_err
put_to_sleep(akt_self *self, int64_t n, struct outcome *out)
{
    for (int64_t i = 0; i < n; i++) {
        AKT_TRY(akt_task_spawn_detached(self, sleeper, NULL));
        if (i % BENCH_STEP == 0)
            AKT_TRY(akt_task_yield(self));
    }
    while (asleep < n)
        AKT_TRY(akt_task_yield(self));
    out->count = asleep;
    return AKT_OK;
}

akt_err
bench_sleepers(struct bench *bench)
{
    struct outcome outcome;
    int64_t before_bytes = report_resident_bytes();
    int64_t after_bytes;

    AKT_TRY(measure(bench, put_to_sleep, &outcome));
    after_bytes = report_resident_bytes();
    report_add(&bench->report, "bytes_per_task",
               (double)(after_bytes - before_bytes) / (double)bench->n);
    report_add(&bench->report, "spawn_ns",
               bench->report.seconds * 1e9 / (double)bench->n);
    return expect_count(bench, "tasks that sleep", &outcome);
}
