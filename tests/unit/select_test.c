/* SPDX-License-Identifier: MIT */
/* Select: exactly one branch happens, and the others lose nothing. */
#include "tests/unit/channels.h"

AKT_CLASS(owner, struct owner, AKT_ON(act, on_act));
AKT_REQUEST(get, NUMBER, num);

enum {
    CHANNELS = 3,
    EACH = 15
};

struct scene {
    akt_tx tx[CHANNELS];
    akt_rx rx[CHANNELS];
    int64_t received;
    int64_t sum;
    akt_ref ref;
    uint64_t seed;
};

static void
open_scene(struct sim *sim, struct scene *s, uint32_t capacity)
{
    int i;

    *s = (struct scene){.seed = sim->seed};
    for (i = 0; i < CHANNELS; i++) {
        assert_ok(
            akt_channel_open(sim->me, num, capacity, &s->tx[i], &s->rx[i]));
    }
}

/* --- which one --- */

static akt_err
chooses(akt_self *self, void *arg)
{
    struct scene *s = arg;
    size_t seen[CHANNELS] = {0};
    struct num got;
    size_t which;
    int i;
    akt_branch b[CHANNELS] = {AKT_WHEN_RECV(s->rx[0], num, &got),
                              AKT_WHEN_RECV(s->rx[1], num, &got),
                              AKT_WHEN_RECV(s->rx[2], num, &got)};

    for (i = 0; i < 60; i++) {
        AKT_TRY(akt_channel_send(self, s->tx[1], num, .n = i));
        AKT_TRY(akt_channel_send(self, s->tx[2], num, .n = i));
    }
    for (i = 0; i < 30; i++) {
        AKT_TRY(akt_select(self, b, CHANNELS, AKT_SELECT_BIASED, AKT_NEVER,
                           &which));
        assert_int_equal(which, 1);
        assert_ok(b[1].error);
        assert_int_equal(got.n, i);
    }
    for (i = 0; i < 30; i++) {
        AKT_TRY(
            akt_select(self, b, CHANNELS, AKT_SELECT_FAIR, AKT_NEVER, &which));
        seen[which]++;
    }
    assert_int_equal(seen[0], 0);
    assert_true(seen[1] > 0 && seen[2] > 0);
    return AKT_OK;
}

static void
the_mode_decides_between_several(struct sim *sim)
{
    struct scene s;

    open_scene(sim, &s, 100);
    assert_ok(as_task(sim, chooses, &s));
}

static akt_err
closed_ones(akt_self *self, void *arg)
{
    struct scene *s = arg;
    struct num got = {.n = 5};
    size_t which;
    akt_branch b[] = {AKT_WHEN_RECV(s->rx[0], num, &got),
                      {0},
                      AKT_WHEN_SENT(s->tx[1], num, .n = 9)};

    AKT_TRY(akt_select(self, b, 3, AKT_SELECT_BIASED, AKT_NEVER, &which));
    assert_int_equal(which, 0);
    assert_err(b[0].error, AKT_ECLOSED);
    b[0] = (akt_branch){0};
    AKT_TRY(akt_select(self, b, 3, AKT_SELECT_FAIR, AKT_NEVER, &which));
    assert_int_equal(which, 2);
    assert_err(b[2].error, AKT_ECLOSED);
    assert_int_equal(got.n, 5);
    return AKT_OK;
}

static void
a_closed_channel_makes_its_branch_happen(struct sim *sim)
{
    struct scene s;

    open_scene(sim, &s, 1);
    assert_ok(akt_tx_close(sim->me, s.tx[0]));
    assert_ok(akt_rx_close(sim->me, s.rx[1]));
    assert_ok(as_task(sim, closed_ones, &s));
    assert_ok(closed_ones(sim->me, &s));
}

/* --- races --- */

struct part {
    struct scene *s;
    int64_t number;
};

static akt_err
feed(akt_self *self, struct part *p)
{
    int64_t i;

    for (i = 0; i < EACH; i++) {
        AKT_TRY(akt_channel_send(self, p->s->tx[p->number], num,
                                 .n = p->number * EACH + i));
    }
    return AKT_OK;
}
AKT_TASK(feed, struct part);

/* Takes from any, sometimes with a time limit, until all are closed. */
static akt_err
collect(akt_self *self, struct part *p)
{
    struct scene *s = p->s;
    struct num got;
    size_t open = CHANNELS;
    size_t which;
    akt_branch b[CHANNELS + 1] = {AKT_WHEN_RECV(s->rx[0], num, &got),
                                  AKT_WHEN_RECV(s->rx[1], num, &got),
                                  AKT_WHEN_RECV(s->rx[2], num, &got),
                                  AKT_WHEN_AFTER(AKT_US(p->number + 1))};

    while (open > 0) {
        AKT_TRY(akt_select(self, b, CHANNELS + (s->seed % 2),
                           (akt_select_mode)(s->seed / 2 % 2), AKT_NEVER,
                           &which));
        if (which == CHANNELS) {
            assert_ok(b[which].error);
        } else if (b[which].error == AKT_ECLOSED) {
            b[which] = (akt_branch){0};
            open--;
        } else {
            AKT_TRY(b[which].error);
            s->received++;
            s->sum += got.n;
        }
    }
    return AKT_OK;
}
AKT_TASK(collect, struct part);

static void
begin_feeding(struct sim *sim, struct scene *s)
{
    akt_task task;
    int i;

    for (i = 0; i < CHANNELS; i++) {
        assert_ok(akt_task_spawn(sim->me, feed, &task, .s = s, .number = i));
        assert_ok(akt_tx_give(sim->me, s->tx[i], task.ref));
        assert_ok(akt_task_detach(sim->me, &task));
    }
}

static void
losing_branches_lose_nothing(struct sim *sim)
{
    struct scene s;
    akt_task task[3];
    int i;

    open_scene(sim, &s, 1 + (uint32_t)(sim->seed % 3));
    for (i = 0; i < 3; i++) {
        assert_ok(
            akt_task_spawn(sim->me, collect, &task[i], .s = &s, .number = i));
    }
    begin_feeding(sim, &s);
    for (i = 0; i < 3; i++) {
        assert_ok(akt_join(sim->me, task[i]));
    }
    assert_int_equal(s.received, CHANNELS * EACH);
    assert_int_equal(s.sum, CHANNELS * EACH * (CHANNELS * EACH - 1) / 2);
}

static void
a_cancelled_select_takes_nothing(struct sim *sim)
{
    struct scene s;
    akt_task task[3];
    int i;

    open_scene(sim, &s, 2);
    for (i = 0; i < 3; i++) {
        assert_ok(
            akt_task_spawn(sim->me, collect, &task[i], .s = &s, .number = i));
    }
    begin_feeding(sim, &s);
    for (i = 0; i < 2; i++) {
        run_steps(sim, sim->seed % 23);
        akt_ignore(akt_task_cancel(sim->me, task[i]));
    }
    for (i = 0; i < 3; i++) {
        akt_ignore(akt_join(sim->me, task[i]));
    }
    assert_int_equal(s.received, CHANNELS * EACH);
    assert_int_equal(s.sum, CHANNELS * EACH * (CHANNELS * EACH - 1) / 2);
}

static akt_err
one_value(akt_self *self, void *arg)
{
    struct scene *s = arg;
    struct num got;

    AKT_TRY(akt_channel_recv(self, s->rx[0], num, &got));
    s->received++;
    return AKT_OK;
}

static akt_err
one_of_two(akt_self *self, void *arg)
{
    struct scene *s = arg;
    struct num got;
    size_t which;
    akt_branch b[] = {AKT_WHEN_RECV(s->rx[0], num, &got),
                      AKT_WHEN_RECV(s->rx[1], num, &got)};

    AKT_TRY(akt_select(self, b, 2, AKT_SELECT_FAIR, AKT_NEVER, &which));
    s->received++;
    s->sum += (int64_t)which;
    return AKT_OK;
}

/* Both channels wake the select; the value that it leaves is for the other. */
static void
a_wake_that_is_not_used_goes_on(struct sim *sim)
{
    struct scene s;
    akt_task select;
    akt_task other;
    struct num got;

    open_scene(sim, &s, 2);
    select = begin_task(sim->me, one_of_two, &s);
    (void)akt_sim_run_until_idle(sim->system);
    other = begin_task(sim->me, one_value, &s);
    (void)akt_sim_run_until_idle(sim->system);
    assert_ok(akt_channel_send(sim->me, s.tx[0], num, .n = 1));
    assert_ok(akt_channel_send(sim->me, s.tx[1], num, .n = 1));
    assert_ok(akt_join(sim->me, select));
    if (s.sum == 0) {
        assert_ok(akt_channel_recv(sim->me, s.rx[1], num, &got));
        assert_ok(akt_channel_send(sim->me, s.tx[0], num, .n = 1));
    }
    assert_ok(akt_join(sim->me, other));
    assert_int_equal(s.received, 2);
}

static akt_err
sends_one(akt_self *self, void *arg)
{
    struct scene *s = arg;
    size_t which;
    int i;

    for (i = 0; i < EACH; i++) {
        akt_branch b[] = {AKT_WHEN_SENT(s->tx[0], num, .n = i),
                          AKT_WHEN_SENT(s->tx[1], num, .n = i)};

        AKT_TRY(akt_select(self, b, 2, AKT_SELECT_FAIR, AKT_NEVER, &which));
        AKT_TRY(b[which].error);
    }
    AKT_TRY(akt_tx_give(self, s->tx[0], akt_self_ref(self)));
    return AKT_OK;
}

static void
one_of_two_sends_happens(struct sim *sim)
{
    struct scene s;
    akt_channel_counters c[2];
    akt_task task;
    akt_task reader[2];
    int i;

    open_scene(sim, &s, 1);
    task = begin_task(sim->me, sends_one, &s);
    for (i = 0; i < 2; i++) {
        assert_ok(
            akt_task_spawn(sim->me, collect, &reader[i], .s = &s, .number = i));
    }
    assert_err(akt_join(sim->me, task), AKT_EENDED);
    for (i = 0; i < 2; i++) {
        assert_ok(akt_tx_counters(sim->me, s.tx[i], &c[i]));
    }
    assert_int_equal(c[0].sent + c[1].sent, EACH);
    for (i = 0; i < CHANNELS; i++) {
        assert_ok(akt_tx_close(sim->me, s.tx[i]));
    }
    for (i = 0; i < 2; i++) {
        assert_ok(akt_join(sim->me, reader[i]));
    }
    assert_int_equal(s.received, EACH);
}

/* --- time --- */

static akt_err
times_out(akt_self *self, void *arg)
{
    struct scene *s = arg;
    uint64_t began = akt_now_ns(self);
    struct num got;
    size_t which = 77;
    akt_branch b[] = {AKT_WHEN_RECV(s->rx[0], num, &got),
                      AKT_WHEN_AFTER(AKT_MS(3)),
                      AKT_WHEN_PAST(began + AKT_MS(5))};

    assert_err(akt_select(self, b, 3, AKT_SELECT_FAIR, 0, &which),
               AKT_ETIMEOUT);
    assert_err(akt_select(self, b, 3, AKT_SELECT_FAIR, AKT_MS(1), &which),
               AKT_ETIMEOUT);
    assert_int_equal(which, 77);
    assert_int_equal(akt_now_ns(self) - began, AKT_MS(1));
    AKT_TRY(akt_select(self, b, 3, AKT_SELECT_FAIR, AKT_NEVER, &which));
    assert_int_equal(which, 1);
    assert_int_equal(akt_now_ns(self) - began, AKT_MS(4));
    AKT_TRY(akt_select(self, b, 3, AKT_SELECT_FAIR, AKT_MS(50), &which));
    assert_int_equal(which, 2);
    assert_int_equal(akt_now_ns(self) - began, AKT_MS(5));
    return AKT_OK;
}

static void
time_is_a_branch_and_a_limit(struct sim *sim)
{
    struct scene s;

    open_scene(sim, &s, 1);
    assert_ok(as_task(sim, times_out, &s));
    assert_ok(times_out(sim->me, &s));
}

/* --- futures --- */

struct echo {
    int64_t unused;
};

static akt_err
on_get(akt_self *self, struct echo *e, const struct get *m)
{
    (void)e;
    return akt_reply(self, m, .n = m->n * 2);
}
AKT_CLASS(echo, struct echo, AKT_ON(get, on_get));

static akt_err
awaits_either(akt_self *self, void *arg)
{
    struct scene *s = arg;
    akt_answer *answer = NULL;
    akt_future f[2];
    struct num got;
    size_t which;
    size_t other;

    AKT_TRY(akt_ask(self, s->ref, &f[0], get, .n = 1));
    AKT_TRY(akt_ask(self, s->ref, &f[1], get, .n = 2));
    {
        akt_branch b[] = {AKT_WHEN_ENDED(f[0], &answer),
                          AKT_WHEN_RECV(s->rx[0], num, &got),
                          AKT_WHEN_ENDED(f[1], &answer)};

        AKT_TRY(akt_select(self, b, 3, AKT_SELECT_FAIR, AKT_NEVER, &which));
        AKT_TRY(b[which].error);
        assert_int_not_equal(which, 1);
        assert_int_equal(akt_answer_as(answer, num)->n, which == 0 ? 2 : 4);
        akt_answer_free(self, answer);
        other = which == 0 ? 1 : 0;
        /* The one that was taken is used up; the other is still there. */
        AKT_TRY(akt_select(self, &b[which], 1, AKT_SELECT_FAIR, 0, &which));
        assert_err(b[other == 0 ? 2 : 0].error, AKT_EENDED);
    }
    AKT_TRY(akt_await(self, f[other], &answer));
    assert_int_equal(akt_answer_as(answer, num)->n, other == 0 ? 2 : 4);
    akt_answer_free(self, answer);
    return AKT_OK;
}

static void
a_future_that_loses_is_still_there(struct sim *sim)
{
    struct scene s;

    open_scene(sim, &s, 1);
    assert_ok(akt_spawn(sim->me, echo, &s.ref));
    assert_ok(as_task(sim, awaits_either, &s));
    assert_ok(awaits_either(sim->me, &s));
}

/* --- tasks, one after the other as they end --- */

static akt_err
ends_in_turn(akt_self *self, void *arg)
{
    int64_t n = *(const int64_t *)arg;

    AKT_TRY(akt_sleep(self, AKT_MS((uint64_t)n)));
    return n == 3 ? AKT_EIO : akt_task_return(self, num, .n = n);
}

/* The next one that ends; its branch never happens again. */
static int64_t
join_next(akt_self *self, akt_branch *b, akt_answer **answer)
{
    const struct num *result;
    size_t which;
    int64_t n;

    assert_ok(akt_select(self, b, 4, AKT_SELECT_FAIR, AKT_SECONDS(1), &which));
    assert_ok(b[which].error);
    result = akt_answer_as(*answer, num);
    n = result != NULL ? result->n : (int64_t)(*answer)->error;
    akt_answer_free(self, *answer);
    b[which] = (akt_branch){0};
    return n;
}

static akt_err
joins_in_turn(akt_self *self, void *arg)
{
    static int64_t ms[] = {4, 1, 3, 2};
    akt_answer *answer = NULL;
    akt_branch b[4];
    size_t which;
    int i;

    (void)arg;
    for (i = 0; i < 4; i++) {
        akt_task task = begin_task(self, ends_in_turn, &ms[i]);

        b[i] = (akt_branch)AKT_WHEN_ENDED(task.future, &answer);
    }
    assert_int_equal(join_next(self, b, &answer), 1);
    assert_int_equal(join_next(self, b, &answer), 2);
    assert_int_equal(join_next(self, b, &answer), AKT_EIO);
    assert_int_equal(join_next(self, b, &answer), 4);
    assert_err(akt_select(self, b, 4, AKT_SELECT_FAIR, AKT_NEVER, &which),
               AKT_EINVAL);
    return AKT_OK;
}

static void
tasks_are_joined_as_they_end(struct sim *sim)
{
    assert_ok(as_task(sim, joins_in_turn, NULL));
    assert_ok(joins_in_turn(sim->me, NULL));
}

static akt_err
waits_for_its_deadline(akt_self *self, void *arg)
{
    struct scene *s = arg;
    akt_answer *answer;
    akt_future f;
    size_t which;

    AKT_TRY(akt_ask_within(self, AKT_MS(2), s->ref, &f, get, .n = 1));
    {
        akt_branch b[] = {AKT_WHEN_ENDED(f, &answer)};

        AKT_TRY(akt_select(self, b, 1, AKT_SELECT_FAIR, AKT_NEVER, &which));
        AKT_TRY(b[0].error);
    }
    assert_int_equal(answer->outcome, AKT_EXPIRED);
    akt_answer_free(self, answer);
    return AKT_OK;
}

static akt_err
sleeps(akt_self *self, void *arg)
{
    (void)arg;
    return akt_sleep(self, AKT_SECONDS(1));
}

static void
a_deadline_ends_a_future_in_a_select(struct sim *sim)
{
    struct scene s = {.seed = 0};
    akt_task task = begin_task(sim->me, sleeps, NULL);

    s.ref = task.ref;
    assert_ok(as_task(sim, waits_for_its_deadline, &s));
    assert_ok(waits_for_its_deadline(sim->me, &s));
    assert_ok(akt_join(sim->me, task));
}

/* --- messages --- */

static akt_err
serves_both(akt_self *self, void *arg)
{
    struct scene *s = arg;
    akt_received m;
    struct num got;
    size_t which;
    akt_branch b[] = {AKT_WHEN_MESSAGE(&m), AKT_WHEN_RECV(s->rx[0], num, &got)};

    for (;;) {
        AKT_TRY(akt_select(self, b, 2, (akt_select_mode)(s->seed % 2),
                           AKT_NEVER, &which));
        if (b[which].error == AKT_ESTOPPED) {
            return AKT_OK;
        }
        AKT_TRY(b[which].error);
        s->received++;
        s->sum += which == 0 ? akt_received_as(&m, num)->n : got.n;
    }
}

static void
messages_and_values_are_all_heard(struct sim *sim)
{
    struct scene s;
    akt_task task;
    int i;

    open_scene(sim, &s, 3);
    task = begin_task(sim->me, serves_both, &s);
    for (i = 0; i < 20; i++) {
        assert_ok(akt_send(sim->me, task.ref, num, .n = 1));
        assert_ok(akt_channel_send(sim->me, s.tx[0], num, .n = 100));
        run_steps(sim, sim->seed % 5);
    }
    (void)akt_sim_run_until_idle(sim->system);
    assert_ok(akt_drain(sim->me, task.ref));
    assert_ok(akt_join(sim->me, task));
    assert_int_equal(s.received, 40);
    assert_int_equal(s.sum, 2020);
}

static akt_err
then_receives(akt_self *self, void *arg)
{
    struct scene *s = arg;
    akt_received m;
    struct num got;
    size_t which;
    akt_branch b[] = {AKT_WHEN_RECV(s->rx[0], num, &got), AKT_WHEN_MESSAGE(&m)};
    int i;

    for (i = 0; i < 10; i++) {
        AKT_TRY(akt_select(self, b, 2, AKT_SELECT_BIASED, AKT_NEVER, &which));
        if (which == 0) {
            AKT_TRY(akt_receive(self, AKT_NEVER, &m));
        } else {
            AKT_TRY(akt_channel_recv(self, s->rx[0], num, &got));
        }
        s->sum += akt_received_as(&m, num)->n + got.n;
    }
    return AKT_OK;
}

/* A message that has come while another branch happened is not lost. */
static void
a_message_that_loses_is_received_next(struct sim *sim)
{
    struct scene s;
    akt_task task;
    int i;

    open_scene(sim, &s, 3);
    task = begin_task(sim->me, then_receives, &s);
    for (i = 0; i < 10; i++) {
        run_steps(sim, sim->seed % 7);
        assert_ok(akt_send(sim->me, task.ref, num, .n = 1));
        assert_ok(akt_channel_send(sim->me, s.tx[0], num, .n = 100));
    }
    assert_ok(akt_join(sim->me, task));
    assert_int_equal(s.sum, 1010);
}

/* --- refused --- */

static akt_err
in_a_handler(akt_self *self, void *arg)
{
    struct scene *s = arg;
    struct num got;
    size_t which;
    akt_branch b[] = {AKT_WHEN_RECV(s->rx[0], num, &got)};

    assert_err(akt_select(self, b, 1, AKT_SELECT_FAIR, 0, &which),
               AKT_ECONTEXT);
    return AKT_OK;
}

static void
what_cannot_be_selected_is_refused(struct sim *sim)
{
    struct scene s;
    akt_branch b[65] = {{0}};
    akt_branch m[] = {AKT_WHEN_MESSAGE(NULL)};
    akt_ref owner;
    size_t which;

    open_scene(sim, &s, 1);
    assert_err(akt_select(sim->me, b, 0, AKT_SELECT_FAIR, 0, &which),
               AKT_EINVAL);
    assert_err(akt_select(sim->me, b, 3, AKT_SELECT_FAIR, 0, &which),
               AKT_EINVAL);
    assert_true(sim_log_has(sim, "would wait for ever"));
    b[2].akti_kind = 99;
    assert_err(akt_select(sim->me, b, 3, AKT_SELECT_FAIR, 0, &which),
               AKT_EINVAL);
    b[2].akti_kind = AKTI_WHEN_PAST;
    assert_err(akt_select(sim->me, b, 65, AKT_SELECT_FAIR, 0, &which),
               AKT_EINVAL);
    assert_ok(akt_select(sim->me, b, 64, AKT_SELECT_FAIR, 0, &which));
    assert_int_equal(which, 2);
    assert_ok(akt_select(sim->me, m, 1, AKT_SELECT_FAIR, 0, &which));
    assert_err(m[0].error, AKT_ECONTEXT);
    assert_ok(akt_spawn(sim->me, owner, &owner));
    sim_do(sim, owner, in_a_handler, &s);
}

TEST(the_mode_decides_between_several)
TEST(a_closed_channel_makes_its_branch_happen)
TEST(losing_branches_lose_nothing)
TEST(a_cancelled_select_takes_nothing)
TEST(a_wake_that_is_not_used_goes_on)
TEST(one_of_two_sends_happens)
TEST(time_is_a_branch_and_a_limit)
TEST(a_future_that_loses_is_still_there)
TEST(tasks_are_joined_as_they_end)
TEST(a_deadline_ends_a_future_in_a_select)
TEST(messages_and_values_are_all_heard)
TEST(a_message_that_loses_is_received_next)
TEST(what_cannot_be_selected_is_refused)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_the_mode_decides_between_several),
        sim_test(test_a_closed_channel_makes_its_branch_happen),
        sim_test(test_losing_branches_lose_nothing),
        sim_test(test_a_cancelled_select_takes_nothing),
        sim_test(test_a_wake_that_is_not_used_goes_on),
        sim_test(test_one_of_two_sends_happens),
        sim_test(test_time_is_a_branch_and_a_limit),
        sim_test(test_a_future_that_loses_is_still_there),
        sim_test(test_tasks_are_joined_as_they_end),
        sim_test(test_a_deadline_ends_a_future_in_a_select),
        sim_test(test_messages_and_values_are_all_heard),
        sim_test(test_a_message_that_loses_is_received_next),
        sim_test(test_what_cannot_be_selected_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
