/* SPDX-License-Identifier: MIT */
/* Batches in a simulation: in every schedule each message has one fate. */
#include "tests/unit/simnet.h"

#define EACH 35
/* Of four bytes and a head each, behind the head of the batch. */
#define IN_A_BATCH 7

/* --- who receives: a mailbox of two --- */

static struct {
    uint32_t last;
    uint32_t all;
} seen;

struct sink {
    char unused;
};

/* Never twice, never out of order. */
static akt_err
on_bytes(akt_self *self, struct sink *s, const struct akt_nng_bytes *m)
{
    uint32_t number;

    (void)self;
    (void)s;
    assert_int_equal(m->data.len, sizeof(number));
    memcpy(&number, m->data.ptr, sizeof(number));
    assert_true(number > seen.last);
    seen.last = number;
    seen.all++;
    return AKT_OK;
}
AKT_CLASS(sink, struct sink, AKT_ON(akt_nng_bytes, on_bytes),
          AKT_MAILBOX(2, AKT_AWAIT));

static akt_nng
open_batched(struct sim *sim, akt_nng_protocol protocol, akt_ref to)
{
    akt_nng_opts opts = {.protocol = protocol,
                         .to = to,
                         .window = 2,
                         .batch_bytes = 1 + 5 * IN_A_BATCH,
                         .linger_ns = AKT_SECONDS(5)};

    return open_with(sim, &opts);
}

static void
begin(struct sim *sim, akt_nng *push, akt_nng *pull)
{
    akt_ref ref = AKT_REF_NONE;

    memset(&seen, 0, sizeof(seen));
    watch_books(sim);
    assert_ok(akt_spawn(sim->me, sink, &ref));
    *pull = open_batched(sim, AKT_NNG_PULL, ref);
    *push = open_batched(sim, AKT_NNG_PUSH, AKT_REF_NONE);
    assert_ok(try_dial(sim, *push, URL, false));
}

static void
say(struct sim *sim, akt_nng s, uint32_t from, uint32_t to)
{
    for (; from <= to; from++) {
        assert_ok(akt_send_within(sim->me, LONG, s.ref, akt_nng_bytes,
                                  .data = {&from, sizeof(from)}));
    }
}

static void
begin_connected(struct sim *sim, akt_nng *push, akt_nng *pull)
{
    begin(sim, push, pull);
    listen_for_all(sim, *pull);
}

static void
all_arrive_in_order(struct sim *sim)
{
    akt_nng push;
    akt_nng pull;

    begin(sim, &push, &pull);
    /* They gather while nobody is there. */
    say(sim, push, 1, EACH);
    assert_ok(try_listen(sim, pull, URL));
    settle(sim);
    assert_int_equal(seen.all, EACH);
    assert_int_equal(stats_of(sim, push).sent, EACH);
    assert_int_equal(stats_of(sim, pull).received, EACH);
    assert_int_equal(stats_of(sim, pull).dropped, 0);
    assert_true(akt_sim_net_stats(sim->system).arrived <= EACH / 2);
}

/* Those that are there together travel together, as many as go into a batch. */
static void
batches_are_full_where_there_is_mail(struct sim *sim)
{
    akt_nng push;
    akt_nng pull;

    begin_connected(sim, &push, &pull);
    say(sim, push, 1, EACH);
    settle(sim);
    assert_int_equal(seen.all, EACH);
    assert_int_equal(akt_sim_net_stats(sim->system).arrived,
                     (EACH + IN_A_BATCH - 1) / IN_A_BATCH);
}

/* One that is alone leaves at once, also when other mail than messages follows. */
static void
a_single_one_waits_for_no_other(struct sim *sim)
{
    akt_nng push;
    akt_nng pull;

    begin(sim, &push, &pull);
    assert_ok(try_listen(sim, pull, URL));
    say(sim, push, 1, 1);
    assert_ok(akt_send(sim->me, push.ref, akt_nng_unsubscribe));
    /* Less than it takes until the batch is looked after anyway. */
    (void)akt_sim_advance(sim->system, AKT_MS(300));
    assert_int_equal(seen.all, 1);
}

static void
each_is_received_once_or_lost(struct sim *sim)
{
    akt_sim_net_counters c;
    akt_nng push;
    akt_nng pull;

    begin(sim, &push, &pull);
    make_trouble(sim);
    assert_ok(try_listen(sim, pull, URL));
    say(sim, push, 1, EACH);
    settle(sim);
    c = akt_sim_net_stats(sim->system);
    assert_int_equal(stats_of(sim, push).sent, EACH);
    assert_int_equal(stats_of(sim, pull).received, seen.all);
    assert_true(seen.all <= EACH);
    assert_true(c.lost > 0 ? seen.all < EACH : seen.all == EACH);
}

static uint64_t rests;

static bool
some_have_come(akt_system *system, void *arg)
{
    (void)system;
    (void)arg;
    return seen.all >= EACH / 4;
}

/* Without memory each is refused, dropped, or waits for better times. */
static void
memory_that_runs_out_hides_nothing(struct sim *sim)
{
    akt_nng push;
    akt_nng pull;
    uint32_t accepted = 0;
    uint32_t n;

    begin_connected(sim, &push, &pull);
    assert_ok(akt_sim_fault_chance(sim->system, AKT_FAULT_ALLOC, 300000));
    for (n = 1; n <= EACH; n++) {
        accepted += akt_send_within(sim->me, LONG, push.ref, akt_nng_bytes,
                                    .data = {&n, sizeof(n)})
                    == AKT_OK;
        (void)akt_sim_run_until_idle(sim->system);
    }
    settle(sim);
    assert_int_equal(seen.all + stats_of(sim, push).refused
                         + stats_of(sim, pull).dropped,
                     accepted);
}

/* There is none for anything: it rests, and goes on when there is some. */
static void
batch_without_memory_waits_at_rest(struct sim *sim)
{
    akt_nng push;
    akt_nng pull;
    uint32_t steps = 0;

    begin_connected(sim, &push, &pull);
    say(sim, push, 1, 2);
    assert_ok(akt_sim_fault_chance(sim->system, AKT_FAULT_ALLOC, 1000000));
    while (akt_sim_step(sim->system)) {
        steps++;
        assert_in_range(steps, 0, 1000);
    }
    assert_in_range(akt_sim_advance(sim->system, AKT_SECONDS(1)), 0, 1000);
    assert_int_equal(seen.all, 0);
    settle(sim);
    assert_int_equal(seen.all + stats_of(sim, push).refused, 2);
}

/* What the owner has no room for stays in the batch, until it goes with it. */
static void
rest_of_a_batch_is_dropped_with_the_receiver(struct sim *sim)
{
    akt_nng_counters c;
    akt_nng push;
    akt_nng pull;

    begin_connected(sim, &push, &pull);
    say(sim, push, 1, EACH);
    assert_true(
        akt_sim_run_until(sim->system, some_have_come, NULL, AKT_NEVER));
    assert_ok(akt_kill(sim->me, pull.ref));
    settle(sim);
    c = stats_of(sim, pull);
    /* One may have waited for room in the mailbox. */
    assert_int_equal(seen.all + c.dropped + sim_counters(sim).returned,
                     c.received);
    assert_true(sim_counters(sim).returned <= 1);
    assert_true(c.received <= EACH);
    rests += c.dropped;
}

/* Each that was accepted has left, or is lost: in a batch, a queue, or in hand. */
static void
what_cannot_leave_is_lost(struct sim *sim)
{
    akt_nng_counters c;
    akt_nng push;
    akt_nng pull;

    begin(sim, &push, &pull);
    say(sim, push, 1, EACH);
    assert_ok(akt_drain(sim->me, push.ref));
    settle(sim);
    c = stats_of(sim, push);
    assert_int_equal(c.sent, 0);
    assert_int_equal(seen.all, 0);
    assert_true(c.lost > 0);
    assert_int_equal(c.lost + sim_counters(sim).dead, EACH);
}

static void
close_lets_all_leave(struct sim *sim)
{
    akt_nng push;
    akt_nng pull;

    begin_connected(sim, &push, &pull);
    say(sim, push, 1, EACH);
    akt_nng_close(sim->me, push);
    settle(sim);
    assert_int_equal(seen.all, EACH);
}

/* The system ends before any of its sides had a turn. */
static void
sockets_that_never_began_end(struct sim *sim)
{
    (void)open_batched(sim, AKT_NNG_PUSH, AKT_REF_NONE);
    (void)open_with(sim, &(akt_nng_opts){.protocol = AKT_NNG_PUSH});
}

TEST(all_arrive_in_order)
TEST(batches_are_full_where_there_is_mail)
TEST(a_single_one_waits_for_no_other)
TEST(each_is_received_once_or_lost)
TEST(memory_that_runs_out_hides_nothing)
TEST(batch_without_memory_waits_at_rest)
TEST(what_cannot_leave_is_lost)
TEST(close_lets_all_leave)

static void
test_sockets_that_never_began_end(void **state)
{
    (void)state;
    sim_in_order(sockets_that_never_began_end);
}

static void
test_rest_of_a_batch_is_dropped_with_the_receiver(void **state)
{
    (void)state;
    sim_each_seed(rest_of_a_batch_is_dropped_with_the_receiver);
    assert_true(rests > 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_all_arrive_in_order),
        sim_test(test_batches_are_full_where_there_is_mail),
        sim_test(test_a_single_one_waits_for_no_other),
        sim_test(test_each_is_received_once_or_lost),
        sim_test(test_memory_that_runs_out_hides_nothing),
        sim_test(test_batch_without_memory_waits_at_rest),
        sim_test(test_rest_of_a_batch_is_dropped_with_the_receiver),
        sim_test(test_what_cannot_leave_is_lost),
        sim_test(test_close_lets_all_leave),
        sim_test(test_sockets_that_never_began_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
