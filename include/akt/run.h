/* SPDX-License-Identifier: MIT */
/**
 * @file run.h
 * @brief A whole program as one task.
 *
 *     static akt_err
 *     greet(akt_self *self, int argc, char **argv)
 *     {
 *         ... spawn, call, await, sleep ...
 *         return AKT_OK;
 *     }
 *
 *     AKT_MAIN(greet);
 *
 * The last line is the program's `main`, which calls `akt_run`. That starts a system,
 * runs the function as its first task, waits until that has ended with all that it owns,
 * stops the system and frees it.
 *
 * **Signals.** SIGINT and SIGTERM cancel the task (task.h): its waits answer
 * `AKT_ECANCELLED`, it cleans up and returns, the system drains, all within
 * `drain_ns`. A second one, or the end of that time, ends the process at once. They
 * must not be handled elsewhere meanwhile; threads that the program starts itself
 * before must block them.
 *
 * **Jobs that hang** (blocking.h) keep no program from ending, and do not change its
 * exit code. Those that nobody waits for any more have 0.2 s to return, others the time
 * to drain. Then they are left to themselves, as by `akt_system_abandon` (system.h).
 *
 * | exit code | because                                                      |
 * |-----------|--------------------------------------------------------------|
 * | 0         | the task returned `AKT_OK`                                   |
 * | 1         | it returned an error: standard error has what it said of it  |
 * | 128 + n   | signal n came                                                |
 * | 70        | the program could not be begun, and nothing of it was run, or the system not be stopped; it is told why |
 */
#ifndef AKT_RUN_H
#define AKT_RUN_H

#include "akt/error.h"
#include "akt/export.h"
#include "akt/system.h"
#include "akt/types.h"

AKT_BEGIN_DECLS

/** The function of a program's first task. */
typedef akt_err akt_main_fn(akt_self *self, int argc, char **argv);

/** Makes `fn`, an `akt_main_fn`, the program. File scope, with a semicolon. */
#define AKT_MAIN(fn)                                                           \
    int main(int argc, char **argv)                                            \
    {                                                                          \
        return akt_run((fn), argc, argv);                                      \
    }                                                                          \
    typedef akt_main_fn fn##_akt_main

/** How it is run. Zero means default; set by `AKT_RUN_OPTS_INIT`. */
typedef struct akt_run_opts {
    size_t size; /**< of this struct, for the library's versions to come */
    const akt_system_opts *system; /**< [borrow] NULL: all defaults */
    /** How long the end may take after a signal, and the drain; 0: 5 s. */
    uint64_t drain_ns;
} akt_run_opts;

/** The start of an options struct. */
#define AKT_RUN_OPTS_INIT ((akt_run_opts){.size = sizeof(akt_run_opts)})

/**
 * @brief Runs a program.
 * @param fn the function of its first task
 * @param argc given to `fn`
 * @param argv [borrow] given to `fn`
 * @return the exit code for `main`; see above
 * @threadsafety setup
 * @blocking until the program has ended
 */
AKT_API int akt_run(akt_main_fn *fn, int argc, char **argv);

/**
 * @brief The same with options.
 * @param opts [borrow] NULL for all defaults
 * @param fn the function of its first task
 * @param argc given to `fn`
 * @param argv [borrow] given to `fn`
 * @return the exit code for `main`; see above
 * @threadsafety setup
 * @blocking until the program has ended
 */
AKT_API int akt_run_with(const akt_run_opts *opts, akt_main_fn *fn, int argc,
                         char **argv);

AKT_END_DECLS

#endif
