/* SPDX-License-Identifier: MIT */
/*
 * A simulated run in which everything happens that can happen: the material for
 * the proof that a seed decides all of it. What the actors do is chosen by
 * `akt_random`, so it follows from the seed too.
 *
 * One thread; one run at a time.
 */
#ifndef AKT_TESTS_DETERMINISM_SCENARIO_H
#define AKT_TESTS_DETERMINISM_SCENARIO_H

#include "akt/akt.h"

#include <stdbool.h>
#include <stdint.h>

/* What a run is told. */
struct scenario_opts {
    uint64_t seed;
    bool is_verbose; /* a line for each event on standard output */
    bool is_broken;  /* lets addresses in, which no run repeats */
};

/* What came out of it. */
struct scenario_result {
    uint64_t trace; /* akt_sim_trace_hash at the end */
    uint64_t seen;  /* a hash of what the actors and the hooks saw */
};

/* One run, from the start of a system to its end. */
akt_err scenario_run(const struct scenario_opts *opts,
                     struct scenario_result *out);

/*
 * How often each thing happened in all runs so far, as "name count" lines; false
 * when one never did.
 */
bool scenario_print_coverage(void);

#endif
