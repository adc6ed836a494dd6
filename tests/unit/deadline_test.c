/* SPDX-License-Identifier: MIT */
/* Deadlines of requests, and how they travel. */
#include "tests/unit/hops.h"

/* --- when --- */

static void
expires_after(struct sim *sim, uint64_t asked, uint64_t expected)
{
    akt_ref to = spawn_hop(sim, "k", AKT_REF_NONE, 0);
    akt_ref asker = spawn_hop(sim, "", to, asked);
    uint64_t deadline = akt_now_ns(sim->me) + expected;

    sim_forget();
    sim_do(sim, asker, begin, NULL);
    (void)akt_sim_advance(sim->system, expected - 1);
    assert_int_equal(sim_note_count(), 0);
    (void)akt_sim_advance(sim->system, 1);
    assert_notes(AKT_EXPIRED, (int64_t)deadline);
}

static void
expires(struct sim *sim)
{
    expires_after(sim, 0, AKT_SECONDS(5));
    expires_after(sim, 1, 1);
    expires_after(sim, AKT_MS(1), AKT_MS(1));
    expires_after(sim, AKT_SECONDS(100), AKT_SECONDS(100));
}

static void
test_request_expires_at_its_deadline_never_earlier(void **state)
{
    (void)state;
    sim_each_seed(expires);
}

static void
expires_by_option(struct sim *sim)
{
    expires_after(sim, 0, AKT_MS(30));
    expires_after(sim, AKT_MS(40), AKT_MS(40));
}

static void
test_request_expires_as_the_system_says(void **state)
{
    const akt_system_opts opts = {.ask_timeout_ns = AKT_MS(30)};

    (void)state;
    sim_each_seed_with(&opts, expires_by_option);
}

static void
thread_expires(struct sim *sim)
{
    akt_ref to = spawn_hop(sim, "k", AKT_REF_NONE, 0);
    uint64_t deadline = akt_now_ns(sim->me) + AKT_MS(7);
    akt_answer *answer;
    akt_future f;

    assert_err(akt_ask_within(sim->me, AKT_NEVER, to, &f, get, .n = 1),
               AKT_EINVAL);
    assert_ok(akt_ask_within(sim->me, AKT_MS(7), to, &f, get, .n = 1));
    assert_ok(akt_wait(sim->me, f, &answer));
    assert_int_equal(answer->outcome, AKT_EXPIRED);
    assert_int_equal(answer->error, AKT_ETIMEOUT);
    akt_answer_free(sim->me, answer);
    assert_int_equal(akt_now_ns(sim->me), deadline);
}

static void
test_wait_ends_at_the_deadline(void **state)
{
    (void)state;
    sim_each_seed(thread_expires);
}

static void
thread_polls(struct sim *sim)
{
    akt_ref to = spawn_hop(sim, "k", AKT_REF_NONE, 0);
    akt_future f;

    assert_ok(akt_ask_within(sim->me, AKT_MS(7), to, &f, get, .n = 1));
    (void)akt_sim_advance(sim->system, AKT_MS(7) - 1);
    assert_int_equal(akt_future_poll(sim->me, f), AKT_PENDING);
    (void)akt_sim_advance(sim->system, 1);
    assert_int_equal(akt_future_poll(sim->me, f), AKT_EXPIRED);
    assert_int_equal(sim_counters(sim).open, 0);
}

static void
test_poll_by_a_thread_sees_the_deadline(void **state)
{
    (void)state;
    sim_in_order(thread_polls);
}

/* --- inheriting deadlines --- */

/* The last of three sees the smallest deadline of all above it. */
static void
inherits(struct sim *sim, const char *middle, uint64_t outer, uint64_t inner,
         uint64_t expected)
{
    akt_ref last = spawn_hop(sim, "lr", AKT_REF_NONE, 0);
    akt_ref second = spawn_hop(sim, middle, last, 0);
    akt_ref first = spawn_hop(sim, middle, second, inner);
    akt_ref asker = spawn_hop(sim, "", first, outer);

    sim_forget();
    sim_do(sim, asker, begin, NULL);
    assert_int_equal(sim_note_at(0), akt_now_ns(sim->me) + expected);
    assert_int_equal(sim_note_at(1), false);
}

static void
smaller_counts(struct sim *sim)
{
    inherits(sim, "ak", AKT_MS(30), 0, AKT_MS(30));
    inherits(sim, "ak", AKT_MS(30), AKT_MS(10), AKT_MS(10));
    inherits(sim, "ak", AKT_MS(30), AKT_SECONDS(9), AKT_MS(30));
    inherits(sim, "ak", 0, 0, AKT_SECONDS(5));
}

static void
test_deadline_is_the_smallest_of_all_askers(void **state)
{
    (void)state;
    sim_each_seed(smaller_counts);
}

static void
kept_first(struct sim *sim)
{
    inherits(sim, "ka", AKT_MS(30), 0, AKT_MS(30));
}

static void
test_deadline_is_inherited_after_keeping_too(void **state)
{
    (void)state;
    sim_in_order(kept_first);
}

static void
plain_send(struct sim *sim)
{
    akt_ref to = spawn_hop(sim, "l", AKT_REF_NONE, 0);

    assert_ok(akt_send(sim->me, to, get, .n = 1));
    (void)akt_sim_run_until_idle(sim->system);
    assert_notes((int64_t)AKT_NEVER, false);
}

static void
test_deadline_of_a_plain_send_is_never(void **state)
{
    (void)state;
    sim_in_order(plain_send);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_request_expires_at_its_deadline_never_earlier),
        sim_test(test_request_expires_as_the_system_says),
        sim_test(test_wait_ends_at_the_deadline),
        sim_test(test_poll_by_a_thread_sees_the_deadline),
        sim_test(test_deadline_is_the_smallest_of_all_askers),
        sim_test(test_deadline_is_inherited_after_keeping_too),
        sim_test(test_deadline_of_a_plain_send_is_never),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
