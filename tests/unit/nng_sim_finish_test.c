/* SPDX-License-Identifier: MIT */
/* The last numbers of a socket: what its end lost is told and said, whoever ends it. */
#include "tests/unit/simnet.h"

#define EACH 40

static uint32_t received;

struct narrow {
    char unused;
};

static akt_err
on_bytes(akt_self *self, struct narrow *n, const struct akt_nng_bytes *m)
{
    (void)self;
    (void)n;
    (void)m;
    received++;
    return AKT_OK;
}
AKT_CLASS(narrow, struct narrow, AKT_ON(akt_nng_bytes, on_bytes),
          AKT_MAILBOX(1, AKT_AWAIT));

/* A PUSH socket and a PULL one, where nobody listens yet. */
static void
begin(struct sim *sim, akt_nng *push, akt_nng *pull)
{
    akt_ref to = AKT_REF_NONE;

    received = 0;
    watch_books(sim);
    assert_ok(akt_spawn(sim->me, narrow, &to));
    *pull = open_with(
        sim, &(akt_nng_opts){.protocol = AKT_NNG_PULL, .window = 4, .to = to});
    *push = open_with(sim, &(akt_nng_opts){.protocol = AKT_NNG_PUSH});
    assert_ok(try_dial(sim, *push, URL, false));
}

static void
begin_connected(struct sim *sim, akt_nng *push, akt_nng *pull)
{
    begin(sim, push, pull);
    listen_for_all(sim, *pull);
}

static void
say(struct sim *sim, akt_nng s, uint32_t n)
{
    while (n-- > 0) {
        assert_ok(akt_send_within(sim->me, LONG, s.ref, akt_nng_bytes,
                                  .data = {"say", 3}));
    }
}

static akt_future
begin_finish(struct sim *sim, akt_nng s)
{
    akt_future f;

    assert_ok(akt_ask_within(sim->me, LONG, s.ref, &f, akt_nng_finish));
    return f;
}

static akt_nng_counters
last_of(struct sim *sim, akt_future f)
{
    akt_answer *answer = NULL;
    akt_nng_counters c = {0};

    assert_ok(akt_wait(sim->me, f, &answer));
    assert_ok(akt_answer_take(answer, akt_nng_counters, &c));
    akt_answer_free(sim->me, answer);
    return c;
}

/* All that was sent has left, and nothing is said of it. */
static void
finish_tells_what_left(struct sim *sim)
{
    akt_nng_counters c;
    akt_nng push;
    akt_nng pull;

    begin_connected(sim, &push, &pull);
    say(sim, push, EACH);
    c = last_of(sim, begin_finish(sim, push));
    assert_int_equal(c.sent, EACH);
    assert_int_equal(c.lost, 0);
    settle(sim);
    assert_int_equal(received, EACH);
    assert_false(sim_log_has(sim, "socket"));
}

/* Nobody takes it. */
static void
finish_tells_what_is_lost(struct sim *sim)
{
    akt_nng_counters c;
    akt_nng push;
    akt_nng pull;

    begin(sim, &push, &pull);
    say(sim, push, EACH);
    c = last_of(sim, begin_finish(sim, push));
    assert_int_equal(c.sent, 0);
    assert_int_equal(c.lost, EACH);
    settle(sim);
}

static void
check_receiver(struct sim *sim, const akt_nng_counters *c)
{
    settle(sim);
    /* One may have waited for room in the mailbox. */
    assert_int_equal(received + c->dropped + sim_counters(sim).returned,
                     c->received);
    assert_int_equal(c->lost, 0);
}

/* Whatever the receiver has had of it by then. */
static void
finish_tells_what_nobody_took(struct sim *sim)
{
    akt_nng_counters c;
    akt_nng push;
    akt_nng pull;

    begin_connected(sim, &push, &pull);
    say(sim, push, EACH);
    (void)akt_sim_advance(sim->system, akt_random(sim->me) % AKT_MS(2));
    c = last_of(sim, begin_finish(sim, pull));
    check_receiver(sim, &c);
}

/* It takes nothing for longer than the socket waits. */
static akt_err
sleep_long(akt_self *self)
{
    return akt_sleep(self, AKT_SECONDS(10));
}
AKT_TASK_WITH(sleep_long, void, AKT_MAILBOX(3, AKT_AWAIT));

static void
finish_tells_what_a_stuck_receiver_left(struct sim *sim)
{
    akt_nng_opts opts = {.protocol = AKT_NNG_PULL, .window = 4};
    akt_nng_counters c;
    akt_task task;
    akt_nng push;
    akt_nng pull;

    begin(sim, &push, &pull);
    assert_ok(akt_task_spawn(sim->me, sleep_long, &task));
    opts.to = task.ref;
    pull = open_with(sim, &opts);
    assert_ok(try_listen(sim, pull, URL));
    say(sim, push, EACH);
    (void)akt_sim_advance(sim->system, AKT_SECONDS(1));
    c = last_of(sim, begin_finish(sim, pull));
    received = 3;
    assert_true(c.dropped > 0);
    check_receiver(sim, &c);
    assert_true(sim_log_has(sim, "(pull) is closed"));
    assert_ok(akt_join(sim->me, task));
}

/* The owner's handle has them until he closes it. */
static void
last_numbers_stay_until_the_close(struct sim *sim)
{
    akt_nng_counters last;
    akt_nng_counters c;
    akt_nng push;
    akt_nng pull;

    begin(sim, &push, &pull);
    say(sim, push, EACH);
    last = last_of(sim, begin_finish(sim, push));
    settle(sim);
    assert_ok(akt_nng_stats(sim->me, push, &c));
    assert_memory_equal(&c, &last, sizeof(c));
    akt_nng_close(sim->me, push);
    assert_err(akt_nng_stats(sim->me, push, &c), AKT_EENDED);
}

static void
end_is_told_to_one(struct sim *sim)
{
    akt_answer *answer = NULL;
    akt_future first;
    akt_future second;
    akt_nng push;
    akt_nng pull;

    begin(sim, &push, &pull);
    say(sim, push, EACH);
    first = begin_finish(sim, push);
    second = begin_finish(sim, push);
    assert_int_equal(last_of(sim, first).lost, EACH);
    assert_ok(akt_wait(sim->me, second, &answer));
    assert_int_equal(answer->error, AKT_EENDED);
    akt_answer_free(sim->me, answer);
}

/* Who does not ask has a line in the log. */
static void
close_says_what_is_lost(struct sim *sim)
{
    akt_nng named = open_with(
        sim, &(akt_nng_opts){.protocol = AKT_NNG_PUB, .name = "weather"});
    akt_nng push;
    akt_nng pull;

    begin(sim, &push, &pull);
    say(sim, push, EACH);
    say(sim, named, 1);
    akt_nng_close(sim->me, push);
    akt_nng_close(sim->me, named);
    settle(sim);
    assert_true(sim_log_has(sim,
                            "the socket push (push) is closed: of what it was "
                            "to send 40 messages are lost, of what it received "
                            "0 were dropped"));
    assert_false(sim_log_has(sim, "weather"));
}

TEST(finish_tells_what_left)
TEST(finish_tells_what_is_lost)
TEST(finish_tells_what_nobody_took)
TEST(finish_tells_what_a_stuck_receiver_left)
TEST(last_numbers_stay_until_the_close)
TEST(end_is_told_to_one)
TEST(close_says_what_is_lost)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_finish_tells_what_left),
        sim_test(test_finish_tells_what_is_lost),
        sim_test(test_finish_tells_what_nobody_took),
        sim_test(test_finish_tells_what_a_stuck_receiver_left),
        sim_test(test_last_numbers_stay_until_the_close),
        sim_test(test_end_is_told_to_one),
        sim_test(test_close_says_what_is_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
