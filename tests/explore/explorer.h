/* SPDX-License-Identifier: MIT */
/*
 * The explorer: runs the library's real code by real threads that pass one
 * baton, so that at any moment one of them goes on, and a chooser says which.
 * (Verona's runtime is tested in this way, and so are Rust programs by Shuttle.)
 * What it meets are interleavings of the atomic operations; weak memory is left
 * to the thread sanitizer and to the models.
 *
 * The library is built for it as akt_explored: atomics.h puts a yield point
 * before each atomic operation, and locks, conditions, threads, the event loop
 * and the clock are those of seams.c, which know the explorer. A thread that
 * waits does not block: it is not among those that may go on until somebody
 * unlocks, signals or rings.
 *
 * Time stands still as long as anybody can go on. When nobody can, it jumps to
 * the first deadline that is at most EXPLORE_PATIENCE_NS away, which is counted.
 * Longer waits are for ever here: the back-stop of a sleep hides no lost wake-up.
 * If nobody waits for time either, it is a deadlock, and found.
 *
 * One run of a scenario is a schedule. A scenario begins from nothing and frees
 * all; it runs as thread 0, and starts others. Choices are made between
 * explore_begin() and explore_end(); outside the plain schedule is followed, so
 * that setting up costs nothing.
 */
#ifndef AKT_TESTS_EXPLORE_EXPLORER_H
#define AKT_TESTS_EXPLORE_EXPLORER_H

#include "tests/explore/chooser.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#define EXPLORE_PATIENCE_NS (UINT64_C(1000) * 1000000u)

/* --- for scenarios --- */

typedef void explore_fn(void *arg);

/* A thread of the scenario's own; it goes on when it is chosen. */
uint32_t explore_start(explore_fn *fn, void *arg);
void explore_join(uint32_t thread);

/* Choices count from here on, and not any more. */
void explore_begin(void);
void explore_end(void);

/*
 * In a loop that looks for what others do: somebody else goes on first. When two
 * threads do it each takes the other for one that goes on, and time stands still.
 */
void explore_pause(void);

/* Time passes now, whatever the others do. */
void explore_pass_time(uint64_t ns);

/* How often time had to jump in this schedule. */
uint32_t explore_jumps(void);

/*
 * Called whenever nobody can go on, before time jumps: to say that somebody
 * should have been woken. Without yield points; until the schedule ends, or NULL.
 */
void explore_watch(explore_fn *check, void *arg);

/* Ends the schedule: this was not to happen. */
void explore_fail(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4), noreturn));

#define explore_check(condition)                                               \
    ((condition) ? (void)0                                                     \
                 : explore_fail(__FILE__, __LINE__, "not so: %s", #condition))

#define explore_ok(expression)                                                 \
    ((expression) == AKT_OK                                                    \
         ? (void)0                                                             \
         : explore_fail(__FILE__, __LINE__, "failed: %s", #expression))

/* --- for the seams --- */

/* Waits until it is woken on `on`; false when the deadline has passed. */
bool explore_wait(const void *on, const char *what, uint64_t deadline_ns);
/* One of those that wait there may go on, or all. */
void explore_wake(const void *on, bool all);
uint64_t explore_now(void);
/* A thread of the library's; *out names it for the join. */
void explore_thread_start(pthread_t *out, void *(*fn)(void *), void *arg);
void explore_thread_join(pthread_t thread);
/* The ranks of the locks that the running thread holds, one bit each. */
uint32_t *explore_held(void);

/* --- for campaigns --- */

/* Called with the text of a failure; does not return. */
typedef void explore_failed_fn(const char *text);

struct explorer_opts {
    struct chooser *chooser;
    explore_failed_fn *failed;
    bool trace; /* says on standard error who goes on where */
};

/* One schedule. */
void explorer_run(const struct explorer_opts *opts, explore_fn *scenario,
                  void *arg);

/* Since the process began: yield points that were passed, batons handed on. */
uint64_t explorer_points(void);
uint64_t explorer_switches(void);

#endif
