/* SPDX-License-Identifier: MIT */
/* What the tests of the oracle share: one run that finds something, or nothing. */
#ifndef AKT_TESTS_UNIT_FOUND_H
#define AKT_TESTS_UNIT_FOUND_H

#include "tests/support/sim.h"

#include <string.h>

static inline akt_explore_opts
options(void)
{
    akt_explore_opts opts = AKT_EXPLORE_OPTS_INIT;

    opts.seeds = 1;
    opts.strategy = AKT_SIM_FIFO;
    opts.quiet = true;
    return opts;
}

/* A check finds something, in words that are in the result. */
static inline void
find(akt_scenario *scenario, void *plan, akt_explore_result *result)
{
    akt_explore_opts opts = options();

    assert_err(akt_explore(&opts, scenario, plan, result), AKT_EVIOLATED);
    assert_int_equal(result->violation, AKT_VIOLATION_CHECK);
}

static inline void
assert_says(const akt_explore_result *result, const char *text)
{
    if (strstr(result->text, text) == NULL) {
        fail_msg("not \"%s\" but \"%s\"", text, result->text);
    }
}

static inline void
assert_passes_without(akt_scenario *scenario, void *plan, uint32_t unchecked)
{
    akt_explore_opts opts = options();

    opts.unchecked = unchecked;
    assert_err(akt_explore(&opts, scenario, plan, NULL), AKT_OK);
}

#endif
