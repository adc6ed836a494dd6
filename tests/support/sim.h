/* SPDX-License-Identifier: MIT */
/*
 * What the tests of the core share: a simulated system whose memory, dead
 * letters and log are recorded, and whose end is checked. Whatever a test did,
 * at the end every accepted message and every request has one end, every actor
 * has exited and every byte has been given back.
 *
 *     static void
 *     scenario(struct sim *sim)
 *     {
 *         ... akt_spawn(sim->me, ...), akt_sim_run_until_idle(sim->system) ...
 *     }
 *
 *     static void
 *     test_x_y_z(void **state)
 *     {
 *         (void)state;
 *         sim_each_seed(scenario);
 *     }
 *
 * A test that fails prints its seed. AKT_SIM_SEED=n in the environment runs that
 * seed alone, AKT_SIM_SEEDS=n as many; both: so many from that one on.
 *
 * One thread; several systems are closed in the reverse order.
 */
#ifndef AKT_TESTS_SUPPORT_SIM_H
#define AKT_TESTS_SUPPORT_SIM_H

#include "akt/akt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Counts what is given out; fails on demand. */
struct sim_memory {
    size_t bytes;
    uint64_t calls;   /* allocations asked for */
    uint64_t fail_at; /* the call that fails, from 1 on; 0: none */
    bool for_ever;    /* and all after it */
    uint64_t failed;
};

/* A dead letter, with the first 8 bytes of its payload. */
struct sim_letter {
    akt_ref sender;
    akt_ref target;
    const akt_type *type;
    akt_fate fate;
    akt_err reason;
    int64_t first;
};

#define SIM_LETTERS 64
#define SIM_LOG 4096

struct sim {
    akt_system *system;
    akt_self *me; /* the test's own view */
    uint64_t seed;
    akt_system_opts opts;
    akt_allocator allocator;
    struct sim_memory memory;
    struct sim_letter letters[SIM_LETTERS]; /* the first ones */
    size_t letter_count;
    char log[SIM_LOG]; /* lines, the first ones */
    size_t log_used;
    const struct sim *outer; /* that was open when this one started */
    /* akt_check bits that a test breaks with its own hands. */
    uint32_t unchecked;
};

/* --- a system --- */

/* Fills in sim->opts, which the test may change before sim_start. */
void sim_prepare(struct sim *sim, uint64_t seed);
void sim_start(struct sim *sim);
/* Both. */
void sim_open(struct sim *sim, uint64_t seed);
/* Stops and destroys it and checks all that must hold then. */
void sim_close(struct sim *sim);
/* Instead, when the test has destroyed the system itself. */
void sim_check_memory(struct sim *sim);

/* Systems simulated so far by the functions below. */
uint64_t sim_runs(void);
/* As stress_figure. */
void sim_figure(int promise, uint64_t number, const char *words);

typedef void sim_scenario(struct sim *sim);

/* Opens a system, runs the scenario and closes it, for each of many seeds. */
void sim_each_seed(sim_scenario *scenario);
/* The same with options; sizes and hooks are the fixture's. */
void sim_each_seed_with(const akt_system_opts *opts, sim_scenario *scenario);
/* Seed 0 only: always whoever waits longest. */
void sim_in_order(sim_scenario *scenario);
void sim_in_order_with(const akt_system_opts *opts, sim_scenario *scenario);

/* For cmocka: tells the seed when the test failed. */
int sim_report(void **state);
#define sim_test(f) cmocka_unit_test_setup_teardown(f, NULL, sim_report)

/* --- what happened --- */

akt_counters sim_counters(struct sim *sim);
/* Dead letters of this fate and reason among the recorded ones. */
size_t sim_letters(const struct sim *sim, akt_fate fate, akt_err reason);
bool sim_log_has(const struct sim *sim, const char *text);

/* Handlers say what they do; empty when a system starts. */
void sim_note(int64_t what);
void sim_forget(void);
size_t sim_noted(int64_t what);
size_t sim_note_count(void);
int64_t sim_note_at(size_t i);

/* Exactly these notes, in this order. */
#define assert_notes(...)                                                      \
    sim_assert_notes((const int64_t[]){__VA_ARGS__},                           \
                     sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t), \
                     __FILE__, __LINE__)
void sim_assert_notes(const int64_t *expected, size_t n, const char *file,
                      int line);

/* Errors are compared by name, so that a failure reads well. */
#define assert_err(expression, expected)                                       \
    assert_string_equal(akt_err_name(expression), akt_err_name(expected))
#define assert_ok(expression) assert_err(expression, AKT_OK)

/* --- a message that makes an actor do something --- */

/* Handled by calling `fn`; each test has a class of its own for it. */
struct act {
    akt_err (*fn)(akt_self *self, void *arg);
    void *arg;
};
AKT_LOCAL_MESSAGE(act);

/* Sends it; nothing runs yet. */
void sim_act(struct sim *sim, akt_ref actor,
             akt_err (*fn)(akt_self *self, void *arg), void *arg);
/* Sends it and runs until idle. */
void sim_do(struct sim *sim, akt_ref actor,
            akt_err (*fn)(akt_self *self, void *arg), void *arg);

#endif
