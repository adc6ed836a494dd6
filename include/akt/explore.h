/* SPDX-License-Identifier: MIT */
/**
 * @file explore.h
 * @brief One scenario, many schedules: the one that fails is explained.
 *
 * A scenario is a function that uses a simulated system as a program would use a
 * real one. `akt_explore` runs it with seed after seed; each is another order of
 * the same events, with other faults. A run fails when the scenario returns an
 * error, an assertion of any test library ends it, the process crashes, an
 * invariant (`akt_sim_invariant`) or `akt_sim_fail` says so, or one of the checks
 * below does. Then the run is made as simple as possible, its messages are printed
 * in order, and the last line is a command that repeats it:
 *
 *     static akt_err
 *     transfers(akt_system *system, akt_self *me, void *arg)
 *     {
 *         ... spawn, akt_sim_invariant, send, akt_sim_run_until_idle ...
 *         return AKT_OK;
 *     }
 *
 *     akt_explore_opts opts = AKT_EXPLORE_OPTS_INIT;
 *     opts.seeds = 10000;
 *     assert_int_equal(akt_explore(&opts, transfers, NULL, NULL), AKT_OK);
 *
 *     REPRODUCE: AKT_SIM_SEED=17 AKT_SIM_CHOICES=4:1,9:2 ./bank_test
 *
 * Seed 0 is always fifo, and is run first where PCT has to know how long a run is.
 *
 * **Swarm.** Without a strategy each seed draws one, and a batch size, so that
 * one exploration looks at the program in many ways. (Groce and others, "Swarm
 * testing", ISSTA 2012.) With faults or a bound for mailboxes,
 * each seed also draws which of them it has.
 *
 * **Checks.** After each step, whenever nothing runs, and at the end:
 *
 * | check      | says                                                          |
 * |------------|---------------------------------------------------------------|
 * | account    | each accepted message is queued or has met one fate; messages are followed one by one and compared with what is in the mailboxes and with the counters |
 * | order      | messages of one sender to one receiver are handled in the order of sending |
 * | exclusive  | no handler of an actor begins while another one of it runs, and no actor is scheduled twice |
 * | requests   | each request ends exactly once                                |
 * | leaks      | all memory, cells and actors are given back                   |
 * | cycles     | no circle of requests in which each actor waits for the next one, and only deadlines can end it |
 * | rest       | when the scenario has returned and faults have ended, the system comes to rest within `rest_ns`: no request is open, no actor waits for room, nothing is ready; who waits for whom is printed |
 * | channels   | each value that was sent into a channel is received, in the order of sending, or destroyed with it, once; one that was given back to its sender is never received; nobody is told that a channel is empty or closed while values are left |
 * | scopes     | what a task opened since it opened a scope has ended when that is closed: tasks, actors, requests and other futures, open files, ends of channels and what else can be owned; and a task ends after all tasks and actors that it owns, and with nothing of its own open |
 * | repeat     | one seed in 64 is run twice and its trace hash must be the same: nothing from outside has a say |
 *
 * **Environment.** `AKT_SIM_SEED=n` runs that seed alone, `AKT_SIM_SEEDS=n` as
 * many, `AKT_SIM_STRATEGY` is fifo, random, pct or starve, `AKT_SIM_CHOICES` the
 * choices of one seed as place:value, all others 0. With `AKT_SIM_NAME` only
 * explorations of that name run.
 *
 * **Processes.** The seeds run in a child process, so that a crash is a failure
 * with a known seed; one child for many seeds, as a fork costs more than a run.
 * `in_process` does without, for debuggers and sanitizers: then a crash is a crash.
 * A child that does not get on for a minute is ended; its seed has failed.
 */
#ifndef AKT_EXPLORE_H
#define AKT_EXPLORE_H

#include "akt/error.h"
#include "akt/export.h"
#include "akt/sim.h"
#include "akt/system.h"
#include "akt/types.h"

AKT_BEGIN_DECLS

/** What is checked; see above. Bits of `unchecked`. */
typedef enum akt_check {
    AKT_CHECK_ACCOUNT = 1,
    AKT_CHECK_ORDER = 2,
    AKT_CHECK_EXCLUSIVE = 4,
    AKT_CHECK_REQUESTS = 8,
    AKT_CHECK_LEAKS = 16,
    AKT_CHECK_CYCLES = 32,
    AKT_CHECK_REST = 64,
    AKT_CHECK_REPEAT = 128,
    AKT_CHECK_CHANNELS = 256,
    AKT_CHECK_SCOPES = 512
} akt_check;

/** All of them. */
#define AKT_CHECK_ALL 1023u

/** How a run failed. */
typedef enum akt_violation {
    AKT_VIOLATION_NONE = 0,
    AKT_VIOLATION_ERROR,     /**< the scenario returned an error */
    AKT_VIOLATION_INVARIANT, /**< an invariant, or `akt_sim_fail` */
    AKT_VIOLATION_CHECK,     /**< one of `akt_check` */
    AKT_VIOLATION_CRASH,     /**< the process ended: a signal, abort, exit */
    AKT_VIOLATION_ENDLESS    /**< more than `max_steps` */
} akt_violation;

/**
 * @brief What is explored. Invariants are looked at until it returns.
 * @param system [borrow] simulated, nothing in it
 * @param me [borrow] a plain thread's view of it
 * @param arg [borrow] as given to `akt_explore`
 * @return AKT_OK, or what is wrong
 */
typedef akt_err akt_scenario(akt_system *system, akt_self *me, void *arg);

/** Takes a line of the report. */
typedef void akt_report_fn(const char *line, void *arg);

/** How to explore. Zero means default; set by `AKT_EXPLORE_OPTS_INIT`. */
typedef struct akt_explore_opts {
    size_t size;      /**< of this struct, for the library's versions to come */
    const char *name; /**< [borrow] in reports; NULL: "scenario" */
    uint64_t first_seed;       /**< 0: 1 */
    uint64_t seeds;            /**< 0: 1000 */
    akt_sim_strategy strategy; /**< AKT_SIM_DEFAULT: a swarm of all */
    uint32_t depth;            /**< of PCT; 0: 1 to 4 in turn */
    uint32_t steps;   /**< that PCT expects; 0: as many as seed 0 takes */
    uint32_t victim;  /**< of starve; see `akt_sim_opts` */
    uint32_t mailbox; /**< see `akt_sim_opts`; each seed draws whether */
    /** The chance of each `akt_fault` in millionths. */
    uint32_t faults[AKT_FAULTS];
    const akt_system_opts *system; /**< [borrow] NULL: defaults */
    uint64_t max_steps;            /**< of one run; 0: 100000 */
    uint64_t rest_ns;              /**< virtual time to come to rest; 0: 60 s */
    uint32_t unchecked;            /**< `akt_check` bits that are not checked */
    bool in_process;               /**< no child processes */
    bool unshrunk;                 /**< report the run as it was found */
    bool quiet;                    /**< no report, no progress */
    akt_report_fn *report;         /**< NULL: standard error */
    void *report_arg;
} akt_explore_opts;

/** The start of an options struct. */
#define AKT_EXPLORE_OPTS_INIT                                                  \
    ((akt_explore_opts){.size = sizeof(akt_explore_opts)})

/** Room for the text of a failure, with its NUL. */
#define AKT_VIOLATION_TEXT 512

/** What was found. */
typedef struct akt_explore_result {
    uint64_t runs;  /**< seeds that were run to their end, or to a failure */
    uint64_t steps; /**< in all of them */
    uint64_t fired[AKT_FAULTS]; /**< faults in all of them */
    akt_violation violation;    /**< the rest is zero when there was none */
    uint64_t seed;              /**< that failed */
    akt_sim_strategy strategy;  /**< of that run */
    char text[AKT_VIOLATION_TEXT];
    uint64_t found_steps;   /**< of the run as it was found */
    uint64_t found_choices; /**< of them that were not 0 */
    uint64_t shrunk_steps;
    uint64_t shrunk_choices;
    uint64_t trace_hash; /**< of the run that is reported; 0 after a crash */
} akt_explore_result;

/**
 * @brief Runs a scenario with many seeds, until one fails.
 * @param opts [borrow] NULL for all defaults
 * @param scenario called once for each seed, and more often to explain a failure;
 *        it must begin afresh each time
 * @param arg [borrow] for it
 * @param out_result [out] NULL: not wanted
 * @retval AKT_OK no run failed
 * @retval AKT_EVIOLATED one did, and is reported
 * @retval AKT_EINVAL an option or a variable of the environment is out of range;
 *         the report says which
 * @retval AKT_ENOMEM out of memory
 * @retval AKT_EIO no child process or no memory shared with it
 * @threadsafety any
 * @blocking until all has run
 */
AKT_API AKT_NODISCARD akt_err akt_explore(const akt_explore_opts *opts,
                                          akt_scenario *scenario, void *arg,
                                          akt_explore_result *out_result);

AKT_END_DECLS

#endif
