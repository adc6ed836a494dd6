/* SPDX-License-Identifier: MIT */
/*
 * trace hashes [SEEDS [FIRST]]  "seed trace seen" for each of so many seeds
 * trace events SEED       a line for each event of one run
 * trace broken_hashes, broken_events: the same with a mistake that is not repeated
 * trace coverage [SEEDS]  how often each thing happened; fails if one never did
 *
 * Uses the public library, as it is built in every way; run.sh compares.
 */
#include "tests/determinism/scenario.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEEDS 1000

static int
run_all(uint64_t seeds, uint64_t first, bool is_broken, bool is_shown)
{
    struct scenario_opts opts = {.is_broken = is_broken};
    struct scenario_result result;

    for (opts.seed = first; opts.seed < first + seeds; opts.seed++) {
        akt_err err = scenario_run(&opts, &result);

        if (err != AKT_OK) {
            (void)fprintf(stderr, "seed %" PRIu64 ": %s\n", opts.seed,
                          akt_err_text(err));
            return 1;
        }
        if (is_shown) {
            printf("%" PRIu64 " %016" PRIx64 " %016" PRIx64 "\n", opts.seed,
                   result.trace, result.seen);
        }
    }
    return 0;
}

static int
show_events(uint64_t seed, bool is_broken)
{
    struct scenario_opts opts = {
        .seed = seed, .is_verbose = true, .is_broken = is_broken};
    struct scenario_result result;

    return scenario_run(&opts, &result) == AKT_OK ? 0 : 1;
}

int
main(int argc, char **argv)
{
    static const char broken[] = "broken_";
    const char *mode = argc > 1 ? argv[1] : "";
    uint64_t first = argc > 3 ? strtoull(argv[3], NULL, 10) : 0;
    bool is_broken = strncmp(mode, broken, sizeof(broken) - 1) == 0;
    uint64_t n = argc > 2 ? strtoull(argv[2], NULL, 10) : SEEDS;

    mode += is_broken ? sizeof(broken) - 1 : 0;
    if (strcmp(mode, "hashes") == 0) {
        return run_all(n, first, is_broken, true);
    }
    if (strcmp(mode, "events") == 0) {
        return show_events(n, is_broken);
    }
    if (strcmp(mode, "coverage") == 0) {
        return run_all(n, first, false, false) == 0 && scenario_print_coverage()
                   ? 0
                   : 1;
    }
    (void)fprintf(
        stderr, "usage: trace [broken_]hashes|[broken_]events|coverage [N]\n");
    return 2;
}
