/* SPDX-License-Identifier: MIT */
/*
 * Tasks by where they run: on whatever worker, pinned to one, on a thread of their
 * own. What a task may do, and how it is ended, is the same everywhere. Threads have
 * no seed, so each test is run with one worker and with two.
 */
#include "tests/support/sim.h"
#include "tests/support/stress.h"

#include <string.h>

#define NUMBER(F) F(i64, n)
AKT_MESSAGE(put, NUMBER);
AKT_REQUEST(get, NUMBER, put);
struct value {
    int64_t n;
};
AKT_LOCAL_MESSAGE(value);

#define OWN_ERROR ((akt_err)(AKT_EUSER + 7))
#define HOUR AKT_SECONDS(3600)

/* --- tasks that do what a test says, by place --- */

enum place {
    ANYWHERE,
    PINNED,
    OWN_THREAD,
    PLACES
};

typedef akt_err do_fn(akt_self *self, void *arg);

struct body {
    do_fn *fn;
    void *arg;
};

static akt_err
anywhere(akt_self *self, struct body *b)
{
    return b->fn(self, b->arg);
}
AKT_TASK(anywhere, struct body);

static akt_err
pinned(akt_self *self, struct body *b)
{
    return b->fn(self, b->arg);
}
AKT_TASK_WITH(pinned, struct body, AKT_PLACEMENT(AKT_PLACE_PINNED));

static akt_err
apart(akt_self *self, struct body *b)
{
    return b->fn(self, b->arg);
}
AKT_TASK_WITH(apart, struct body, AKT_PLACEMENT(AKT_PLACE_OWN_THREAD));

static akt_task
spawn_at(akt_self *self, enum place place, do_fn *fn, void *arg)
{
    akt_task task = {AKT_REF_NONE, {NULL, 0}};

    if (place == ANYWHERE) {
        STRESS_OK(akt_task_spawn(self, anywhere, &task, .fn = fn, .arg = arg));
    } else if (place == PINNED) {
        STRESS_OK(akt_task_spawn(self, pinned, &task, .fn = fn, .arg = arg));
    } else {
        STRESS_OK(akt_task_spawn(self, apart, &task, .fn = fn, .arg = arg));
    }
    return task;
}

/* --- the system of a test --- */

typedef void scenario_fn(akt_self *me, enum place place);

static struct stress_gate gate;

static void
run(scenario_fn *scenario, const char *name, uint32_t workers, enum place place)
{
    struct stress_memory memory;
    akt_system_opts opts;
    akt_system *system;
    akt_counters counters;
    akt_self *me;

    stress_phase("%s, %u workers, place %d", name, workers, (int)place);
    stress_memory_init(&memory);
    opts = stress_opts(workers, &memory);
    stress_gate_init(&gate);
    STRESS_OK(akt_system_start(&opts, &system));
    STRESS_OK(akt_attach(system, &me));
    scenario(me, place);
    akt_detach(me);
    stress_stop(system, AKT_SECONDS(100), &counters);
    stress_gate_fini(&gate);
    stress_memory_check(&memory);
    stress_end();
}

/* For each place, and leaves no thread or descriptor. */
static void
run_all(scenario_fn *scenario, const char *name)
{
    struct stress_baseline base;
    uint32_t workers;
    int place;

    run(scenario, name, 1, ANYWHERE);
    stress_baseline_take(&base);
    for (workers = 1; workers <= 2; workers++) {
        for (place = 0; place < PLACES; place++) {
            run(scenario, name, workers, (enum place)place);
        }
    }
    stress_baseline_check(&base);
}

#define TEST(scenario)                                                         \
    static void test_##scenario(void **state)                                  \
    {                                                                          \
        (void)state;                                                           \
        run_all(scenario, #scenario);                                          \
    }

/* --- it stays where it is --- */

struct teller {
    int64_t unused;
};

static akt_err
on_get(akt_self *self, struct teller *t, const struct get *m)
{
    (void)t;
    return akt_reply(self, m, .n = m->n + 1);
}
AKT_CLASS(teller, struct teller, AKT_ON(get, on_get));

static void
check_thread(pthread_t home)
{
    STRESS_CHECK(pthread_equal(home, pthread_self()), "it has moved");
}

static akt_err
wait_in_all_ways(akt_self *self, void *arg)
{
    pthread_t home = pthread_self();
    akt_interval beat = akt_interval_start(self, AKT_US(200));
    struct put p = {0};
    akt_future future;
    int i;

    for (i = 0; i < 5; i++) {
        STRESS_OK(akt_task_yield(self));
        check_thread(home);
        STRESS_OK(akt_sleep(self, AKT_US(100)));
        check_thread(home);
        STRESS_OK(akt_interval_wait(self, &beat));
        check_thread(home);
        STRESS_OK(akt_call(self, *(akt_ref *)arg, get, &p, .n = i));
        STRESS_CHECK(p.n == i + 1, "a reply of %d", (int)p.n);
        check_thread(home);
        STRESS_OK(akt_ask(self, *(akt_ref *)arg, &future, get, .n = i));
        STRESS_OK(akt_await_as(self, future, put, &p));
        STRESS_CHECK(p.n == i + 1, "an answer of %d", (int)p.n);
        check_thread(home);
    }
    return AKT_OK;
}

static void
a_task_stays_on_its_thread(akt_self *me, enum place place)
{
    akt_ref ref;
    akt_task tasks[4];
    int i;

    STRESS_OK(akt_spawn(me, teller, &ref));
    for (i = 0; i < 4; i++) {
        tasks[i] = spawn_at(me, place, wait_in_all_ways, &ref);
    }
    for (i = 0; i < 4; i++) {
        STRESS_OK(akt_join(me, tasks[i]));
    }
    STRESS_OK(akt_stop(me, ref));
}
TEST(a_task_stays_on_its_thread)

/* Of as many as meet here each has a thread, or all wait for ever. */
static akt_err
meet(akt_self *self, void *arg)
{
    (void)self;
    (void)arg;
    stress_gate_add(&gate, 1);
    stress_gate_wait(&gate, 4);
    return AKT_OK;
}

static void
a_thread_of_its_own_may_be_blocked(akt_self *me, enum place place)
{
    akt_task tasks[4];
    int i;

    if (place != OWN_THREAD) {
        return;
    }
    for (i = 0; i < 4; i++) {
        tasks[i] = spawn_at(me, place, meet, NULL);
    }
    for (i = 0; i < 4; i++) {
        STRESS_OK(akt_join(me, tasks[i]));
    }
}
TEST(a_thread_of_its_own_may_be_blocked)

/* --- it is asked, and asks --- */

static akt_err
answer_some(akt_self *self, void *arg)
{
    akt_received received;
    int i;

    (void)arg;
    for (i = 0; i < 3 * 20; i++) {
        const struct get *m;

        STRESS_OK(akt_receive(self, AKT_NEVER, &received));
        m = akt_received_as(&received, get);
        STRESS_CHECK(m != NULL, "another message");
        STRESS_OK(akt_reply(self, m, .n = m->n + 1));
    }
    STRESS_CHECK(akt_receive(self, 0, &received) == AKT_ETIMEOUT, "too many");
    return AKT_OK;
}

static akt_err
ask_some(akt_self *self, void *arg)
{
    struct put p;
    int i;

    for (i = 0; i < 20; i++) {
        STRESS_OK(akt_call(self, *(akt_ref *)arg, get, &p, .n = i));
        STRESS_CHECK(p.n == i + 1, "a reply of %d", (int)p.n);
    }
    return AKT_OK;
}

static void
a_task_answers_tasks_of_every_place(akt_self *me, enum place place)
{
    akt_task answerer = spawn_at(me, place, answer_some, NULL);
    akt_task tasks[PLACES];
    int i;

    for (i = 0; i < PLACES; i++) {
        tasks[i] = spawn_at(me, (enum place)i, ask_some, &answerer.ref);
    }
    for (i = 0; i < PLACES; i++) {
        STRESS_OK(akt_join(me, tasks[i]));
    }
    STRESS_OK(akt_join(me, answerer));
}
TEST(a_task_answers_tasks_of_every_place)

/* --- it joins, and is joined --- */

static akt_err
give_number(akt_self *self, void *arg)
{
    STRESS_OK(akt_sleep(self, AKT_US(50)));
    return akt_task_return(self, put, .n = *(int64_t *)arg);
}

static akt_err
join_all_places(akt_self *self, void *arg)
{
    static int64_t numbers[PLACES] = {1, 10, 100};
    akt_task tasks[PLACES];
    int64_t sum = 0;
    int i;

    (void)arg;
    for (i = 0; i < PLACES; i++) {
        tasks[i] = spawn_at(self, (enum place)i, give_number, &numbers[i]);
    }
    for (i = 0; i < PLACES; i++) {
        struct put p;

        STRESS_OK(akt_join_as(self, tasks[i], put, &p));
        sum += p.n;
    }
    return akt_task_return(self, put, .n = sum);
}

static void
a_task_joins_tasks_of_every_place(akt_self *me, enum place place)
{
    struct put p;
    int i;

    for (i = 0; i < 5; i++) {
        akt_task task = spawn_at(me, place, join_all_places, NULL);

        STRESS_OK(akt_join_as(me, task, put, &p));
        STRESS_CHECK(p.n == 111, "a sum of %d", (int)p.n);
    }
}
TEST(a_task_joins_tasks_of_every_place)

/* --- channels --- */

#define VALUES 100

static akt_err
send_values(akt_self *self, void *arg)
{
    int64_t i;

    for (i = 0; i < VALUES; i++) {
        STRESS_OK(akt_channel_send(self, *(akt_tx *)arg, value, .n = i));
    }
    return AKT_OK;
}

static akt_err
receive_values(akt_self *self, void *arg)
{
    struct value v;
    int64_t i;

    for (i = 0; i < VALUES; i++) {
        STRESS_OK(akt_channel_recv(self, *(akt_rx *)arg, value, &v));
        STRESS_CHECK(v.n == i, "%d, not %d", (int)v.n, (int)i);
    }
    STRESS_CHECK(akt_channel_recv(self, *(akt_rx *)arg, value, &v)
                     == AKT_ECLOSED,
                 "it is not closed");
    return AKT_OK;
}

/* The sender is its own, and closes with it. */
static akt_task
spawn_sender(akt_self *self, enum place place, akt_tx *tx)
{
    akt_task task = {AKT_REF_NONE, {NULL, 0}};

    if (place == ANYWHERE) {
        STRESS_OK(akt_task_spawn_giving(self, anywhere, AKT_GIFTS(*tx), &task,
                                        .fn = send_values, .arg = tx));
    } else if (place == PINNED) {
        STRESS_OK(akt_task_spawn_giving(self, pinned, AKT_GIFTS(*tx), &task,
                                        .fn = send_values, .arg = tx));
    } else {
        STRESS_OK(akt_task_spawn_giving(self, apart, AKT_GIFTS(*tx), &task,
                                        .fn = send_values, .arg = tx));
    }
    return task;
}

/* A capacity of one: each side waits for the other. */
static void
a_task_sends_to_tasks_of_every_place(akt_self *me, enum place place)
{
    int i;

    for (i = 0; i < PLACES; i++) {
        akt_task sender;
        akt_task receiver;
        akt_tx tx;
        akt_rx rx;

        STRESS_OK(akt_channel_open(me, value, 1, &tx, &rx));
        receiver = spawn_at(me, (enum place)i, receive_values, &rx);
        sender = spawn_sender(me, place, &tx);
        STRESS_OK(akt_join(me, sender));
        STRESS_OK(akt_join(me, receiver));
        STRESS_OK(akt_rx_close(me, rx));
    }
}
TEST(a_task_sends_to_tasks_of_every_place)

/* --- it is cancelled --- */

static akt_err
sleep_long(akt_self *self, void *arg)
{
    (void)arg;
    stress_gate_add(&gate, 1);
    return akt_sleep(self, HOUR);
}

static akt_err
receive_long(akt_self *self, void *arg)
{
    akt_received received;

    (void)arg;
    stress_gate_add(&gate, 1);
    return akt_receive(self, HOUR, &received);
}

static akt_err
await_long(akt_self *self, void *arg)
{
    akt_completer completer;
    akt_future future;

    (void)arg;
    STRESS_OK(akt_oneshot_open(self, put, HOUR, &future, &completer));
    stress_gate_add(&gate, 1);
    return akt_await(self, future, NULL);
}

static akt_err
channel_long(akt_self *self, void *arg)
{
    struct value v;
    akt_tx tx;
    akt_rx rx;

    (void)arg;
    STRESS_OK(akt_channel_open(self, value, 1, &tx, &rx));
    stress_gate_add(&gate, 1);
    return akt_channel_recv(self, rx, value, &v);
}

static akt_err
join_long(akt_self *self, void *arg)
{
    akt_task inner = spawn_at(self, OWN_THREAD, sleep_long, arg);

    return akt_join(self, inner);
}

static do_fn *const waits[] = {sleep_long, receive_long, await_long,
                               channel_long, join_long};
#define WAITS (sizeof(waits) / sizeof(waits[0]))

static void
a_task_is_cancelled_wherever_it_waits(akt_self *me, enum place place)
{
    size_t i;

    for (i = 0; i < WAITS; i++) {
        akt_task task = spawn_at(me, place, waits[i], NULL);

        stress_gate_wait(&gate, (int64_t)i + 1);
        STRESS_OK(akt_task_cancel(me, task));
        STRESS_CHECK(akt_join(me, task) == AKT_ECANCELLED, "not cancelled");
    }
}
TEST(a_task_is_cancelled_wherever_it_waits)

/* --- scopes, and the end of the system --- */

static akt_err
fail_when_all_are_there(akt_self *self, void *arg)
{
    stress_gate_add(&gate, 1);
    while (*(_Atomic int *)arg < PLACES) {
        STRESS_OK(akt_sleep(self, AKT_US(50)));
    }
    return akt_task_fail(self, OWN_ERROR, "it went wrong");
}

static akt_err
wait_in_scope(akt_self *self, void *arg)
{
    akt_err err;

    ++*(_Atomic int *)arg;
    err = akt_sleep(self, HOUR);
    --*(_Atomic int *)arg;
    return err;
}

static akt_err
fail_in_scope(akt_self *self, void *arg)
{
    akt_error error = AKT_ERROR_NONE;
    _Atomic int there = 0;
    akt_scope scope;
    akt_err err;
    int i;

    STRESS_OK(akt_scope_open(self, AKT_NEVER, &scope));
    for (i = 0; i < PLACES; i++) {
        (void)spawn_at(self, (enum place)i, wait_in_scope, &there);
    }
    (void)spawn_at(self, *(enum place *)arg, fail_when_all_are_there, &there);
    err = akt_scope_close_with(self, scope, AKT_OK, &error);
    STRESS_CHECK(there == 0, "%d are left", there);
    STRESS_CHECK(strcmp(error.text, "it went wrong") == 0, "%s", error.text);
    return err;
}

static void
a_scope_of_tasks_of_every_place_fails_together(akt_self *me, enum place place)
{
    int i;

    for (i = 0; i < PLACES; i++) {
        enum place failing = (enum place)i;
        akt_task task = spawn_at(me, place, fail_in_scope, &failing);

        STRESS_CHECK(akt_join(me, task) == OWN_ERROR, "not its error");
    }
}
TEST(a_scope_of_tasks_of_every_place_fails_together)

/* The thread goes, and the system stops: they are told to end. */
static void
a_stop_ends_tasks_of_every_place(akt_self *me, enum place place)
{
    size_t i;

    for (i = 0; i < WAITS; i++) {
        (void)spawn_at(me, place, waits[i], NULL);
    }
    stress_gate_wait(&gate, (int64_t)WAITS);
}
TEST(a_stop_ends_tasks_of_every_place)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_task_stays_on_its_thread),
        cmocka_unit_test(test_a_thread_of_its_own_may_be_blocked),
        cmocka_unit_test(test_a_task_answers_tasks_of_every_place),
        cmocka_unit_test(test_a_task_joins_tasks_of_every_place),
        cmocka_unit_test(test_a_task_sends_to_tasks_of_every_place),
        cmocka_unit_test(test_a_task_is_cancelled_wherever_it_waits),
        cmocka_unit_test(test_a_scope_of_tasks_of_every_place_fails_together),
        cmocka_unit_test(test_a_stop_ends_tasks_of_every_place),
    };

    stress_begin("place");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
