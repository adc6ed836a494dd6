/* SPDX-License-Identifier: MIT */
/* What the tests of the simulated network share. */
#ifndef AKT_TESTS_UNIT_SIMNET_H
#define AKT_TESTS_UNIT_SIMNET_H

#include "akt/nng.h"
#include "akt/sim_net.h"
#include "tests/support/sim.h"

#include <string.h>

#define URL "tcp://10.0.0.1:5555"
#define LONG AKT_SECONDS(600)

#define TEST(scenario)                                                         \
    static void test_##scenario(void **state)                                  \
    {                                                                          \
        (void)state;                                                           \
        sim_each_seed(scenario);                                               \
    }

static inline bool
books_balance(akt_system *system, void *arg)
{
    akt_sim_net_counters c = akt_sim_net_stats(system);

    (void)arg;
    return c.sent == c.arrived + c.dropped + c.unwanted + c.lost + c.on_way;
}

static inline void
watch_books(struct sim *sim)
{
    assert_ok(akt_sim_invariant(sim->system, books_balance, NULL));
}

/* From now on connections are cut and dials refused. */
static inline void
make_trouble(struct sim *sim)
{
    assert_ok(akt_sim_fault_chance(sim->system, AKT_FAULT_CUT, 30000));
    assert_ok(akt_sim_fault_chance(sim->system, AKT_FAULT_DIAL, 200000));
}

/* All that is on its way arrives, and all connections are there again. */
static inline void
settle(struct sim *sim)
{
    akt_sim_heal(sim->system);
    (void)akt_sim_advance(sim->system, AKT_SECONDS(60));
    assert_null(akt_sim_failure(sim->system));
    assert_int_equal(akt_sim_net_stats(sim->system).on_way, 0);
}

static inline akt_nng
open_with(struct sim *sim, const akt_nng_opts *opts)
{
    akt_error error = AKT_ERROR_NONE;
    akt_nng s = {0};

    assert_ok(akt_nng_open(sim->me, opts, &s, &error));
    return s;
}

static inline akt_nng_counters
stats_of(struct sim *sim, akt_nng s)
{
    akt_nng_counters c = {0};

    assert_ok(akt_nng_stats(sim->me, s, &c));
    return c;
}

static inline akt_nng
open_to(struct sim *sim, akt_nng_protocol protocol, akt_ref to)
{
    akt_nng_opts opts = {.protocol = protocol, .to = to, .peers = true};

    return open_with(sim, &opts);
}

static inline akt_err
bound(struct sim *sim, akt_future f)
{
    akt_answer *answer = NULL;
    akt_error error = AKT_ERROR_NONE;
    akt_err err;

    assert_ok(akt_wait(sim->me, f, &answer));
    err = akt_answer_error(answer, &error);
    akt_answer_free(sim->me, answer);
    return err;
}

static inline akt_err
try_listen(struct sim *sim, akt_nng s, const char *url)
{
    akt_future f;

    assert_ok(akt_ask_within(sim->me, LONG, s.ref, &f, akt_nng_listen,
                             .url = akt_text_of(url)));
    return bound(sim, f);
}

static inline akt_err
try_dial(struct sim *sim, akt_nng s, const char *url, bool once)
{
    akt_future f;

    assert_ok(akt_ask_within(sim->me, LONG, s.ref, &f, akt_nng_dial,
                             .url = akt_text_of(url), .once = once));
    return bound(sim, f);
}

/* It listens, and who dials it has come. */
static inline void
listen_for_all(struct sim *sim, akt_nng s)
{
    assert_ok(try_listen(sim, s, URL));
    (void)akt_sim_advance(sim->system, AKT_SECONDS(60));
}

#endif
