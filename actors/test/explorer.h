/* SPDX-License-Identifier: MIT */
/*
 * How an exploration is made: explore.c goes through the seeds, attempt.c makes
 * one run, child.c makes it in another process, shrink.c makes it shorter,
 * report.c tells it. What a child finds lies in memory that it shares with its
 * parent, so that it is there when the child has crashed.
 */
#ifndef AKT_TEST_EXPLORER_H
#define AKT_TEST_EXPLORER_H

#include "actors/test/arena.h"
#include "actors/test/oracle.h"
#include "actors/test/trace.h"
#include "akt/explore.h"

/* Choices of a run that can be recorded. A longer one is repeated by its seed. */
#define AKTI_CHOICES_MAX 65536
#define AKTI_TRACE_MAX (256u << 10)

/* What makes one run. */
struct akti_plan {
    uint64_t seed;
    akt_sim_strategy strategy;
    uint32_t depth;
    uint32_t steps;
    uint32_t victim;
    uint32_t batch; /* 0: as the system's options say */
    uint32_t mailbox;
    uint32_t faults[AKT_FAULTS];
    const akt_sim_choices *replay;
};

/* What came of it. */
struct akti_outcome {
    akt_violation violation;
    char text[AKT_VIOLATION_TEXT];
    uint64_t steps;
    uint64_t hash;
    uint64_t fired[AKT_FAULTS];
    akt_sim_choices choices;
    size_t fault_count;
    uint32_t fault_places[AKTI_FAULT_PLACES];
};

struct akti_shared {
    uint64_t next;         /* which of the seeds is run */
    struct akti_plan plan; /* of the last run */
    uint64_t runs;
    uint64_t steps;
    uint64_t fired[AKT_FAULTS];
    uint64_t fifo_steps; /* of seed 0; 0: not known */
    struct akti_outcome outcome;
    uint32_t list[AKTI_CHOICES_MAX];
    size_t trace_used;
    char trace[AKTI_TRACE_MAX];
};

struct akti_explorer {
    akt_explore_opts opts; /* with defaults and the environment */
    akt_scenario *scenario;
    void *arg;
    bool strategy_from_environment;
    bool one_seed;         /* the environment says which */
    akt_sim_choices given; /* by the environment; list NULL: none */
    struct akti_oracle oracle;
    struct akti_arena arena;
    struct akti_shared *shared;
    struct akti_trace trace;
    uint64_t told_ns; /* when the last line of progress was */
};

/* --- explore.c --- */

struct akti_plan akti_plan_for(const struct akti_explorer *x, uint64_t seed);
/* Goes through the seeds from `shared->next` on, until one fails. */
void akti_explore_seeds(struct akti_explorer *x);

/* --- attempt.c --- */

/* One run in this process; the outcome is in `shared`. */
void akti_attempt(struct akti_explorer *x, const struct akti_plan *plan,
                  bool traced);

/* --- child.c --- */

/* Memory for `shared`; NULL when there is none. */
struct akti_shared *akti_shared_new(bool in_process);
void akti_shared_free(struct akti_shared *shared, bool in_process);

/*
 * Calls `work` in a child, or here when the options say so. A child that crashed
 * has failed in the run it was in. AKT_EIO: there is no child.
 */
akt_err akti_in_child(struct akti_explorer *x,
                      void (*work)(struct akti_explorer *x, void *arg),
                      void *arg, bool silent);

/* --- shrink.c --- */

/*
 * Makes the run that failed as simple as it can: the choices that remain, in a
 * list for akti_choices_free.
 */
akt_err akti_shrink(struct akti_explorer *x, const struct akti_plan *plan,
                    akt_sim_choices *out);
/* A run of the plan, in a child. */
akt_err akti_try(struct akti_explorer *x, const struct akti_plan *plan,
                 bool traced);
uint64_t akti_choices_used(const akt_sim_choices *choices);

/* --- report.c --- */

void akti_say(struct akti_explorer *x, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void akti_report(struct akti_explorer *x, const struct akti_plan *plan,
                 const akt_explore_result *result);
void akti_progress(struct akti_explorer *x);

/* --- environment.c --- */

/* Changes the options by it. AKT_EINVAL: the report says which variable. */
akt_err akti_environment_read(struct akti_explorer *x);
/* Whether an exploration of another name is wanted. */
bool akti_environment_skips(const struct akti_explorer *x);

#endif
