/* SPDX-License-Identifier: MIT */
/*
 * Campaigns: many schedules of one scenario. They run in a child process, so
 * that an assertion of the library, a crash or a sanitizer's word is a finding
 * like any other: the choices that led there are in memory that both share. What
 * is found is made shorter, told step by step, and can be repeated by the line
 * that begins with REPRODUCE.
 *
 * AKT_EXPLORE=<name>            explores this scenario only
 * AKT_EXPLORE=<name>=<choices>  repeats one schedule of it
 * AKT_EXPLORE_SEED=<n>          begins the random ones elsewhere
 * AKT_EXPLORE_TIMES=<n>         n times as many schedules
 * AKT_EXPLORE_PART=<n>          an n-th of them
 */
#ifndef AKT_TESTS_EXPLORE_CAMPAIGN_H
#define AKT_TESTS_EXPLORE_CAMPAIGN_H

#include "tests/explore/explorer.h"

struct campaign {
    const char *name;
    explore_fn *scenario;
    void *arg;
    uint32_t random;      /* schedules by a random walk */
    uint32_t pct;         /* and so many by PCT for each depth 1 to 4 */
    uint32_t preemptions; /* of all schedules with at most so many ... */
    uint32_t all_max;     /* ... the first so many; 0: none */
};

struct findings {
    bool failed;
    bool complete; /* all schedules within the bound were gone through */
    uint64_t schedules;
    uint64_t seed;          /* of the one that failed */
    uint32_t found_choices; /* before it was made shorter */
    uint32_t choices;
    char text[2048];
};

/* Says nothing; for tests of the explorer itself. */
void campaign_run(const struct campaign *c, struct findings *out);

/* Runs it and says what it did or found. True: nothing was found. */
bool campaign_passes(const struct campaign *c);

#endif
