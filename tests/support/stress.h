/* SPDX-License-Identifier: MIT */
/*
 * What the stress tests share: sizes and seeds from the environment, a watchdog
 * that names the phase that hangs, checks that may fail on any thread, and an
 * allocator that counts and can be told to fail.
 *
 *     AKT_SEED=7 AKT_STRESS=10 tests/stress/promise_stress
 *
 * AKT_STRESS=10 makes ten times as much of everything, AKT_STRESS_PART=10 a
 * tenth.
 */
#ifndef AKT_TESTS_SUPPORT_STRESS_H
#define AKT_TESTS_SUPPORT_STRESS_H

#include "akt/akt.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads the environment and says what this run is. First of all. */
void stress_begin(const char *name);
/* The seed of this run. */
uint64_t stress_seed(void);
/*
 * `n` times AKT_STRESS, divided by AKT_STRESS_PART, and less where a sanitizer
 * makes everything slower; at least 1.
 */
uint32_t stress_scale(uint32_t n);
/* Whether a sanitizer looks on. */
bool stress_is_sanitized(void);

/*
 * A new phase has AKT_WATCHDOG_S seconds, 100 unless set; a hang aborts and
 * prints the phase's name.
 */
void stress_phase(const char *format, ...)
    __attribute__((format(printf, 1, 2)));
/* No phase: the watchdog sleeps. */
void stress_end(void);

/*
 * Says what was reached, for scripts/soak.sh to add up: a line "FIGURE promise
 * number words". The promises are listed in tests/README.md.
 */
void stress_figure(int promise, uint64_t number, const char *words);

/* Fails the whole program, on any thread, with the phase and the seed. */
void stress_fail(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4), noreturn));
#define STRESS_CHECK(condition, ...)                                           \
    do {                                                                       \
        if (!(condition)) {                                                    \
            stress_fail(__FILE__, __LINE__, __VA_ARGS__);                      \
        }                                                                      \
    } while (0)
/* A call that has to answer AKT_OK. */
#define STRESS_OK(expression)                                                  \
    do {                                                                       \
        akt_err stress_err = (expression);                                     \
        STRESS_CHECK(stress_err == AKT_OK, "%s answered %s", #expression,      \
                     akt_err_name(stress_err));                                \
    } while (0)

/* A random generator of one thread or one actor; any start value will do. */
struct stress_random {
    uint64_t state;
};
uint64_t stress_next(struct stress_random *r);
uint32_t stress_below(struct stress_random *r, uint32_t bound);

/* A thread that has to start and to end. */
void stress_thread_start(pthread_t *out, void *(*fn)(void *), void *arg);
void stress_thread_join(pthread_t thread);

/* A sum that threads wait for. */
struct stress_gate {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int64_t sum;
};
void stress_gate_init(struct stress_gate *gate);
void stress_gate_fini(struct stress_gate *gate);
void stress_gate_add(struct stress_gate *gate, int64_t n);
/* Waits until the sum is at least `n`. */
void stress_gate_wait(struct stress_gate *gate, int64_t n);

/* An allocator that counts. Zero it, then stress_allocator_init. */
struct stress_memory {
    akt_allocator hook;
    _Atomic int64_t live;   /* bytes given and not taken back */
    _Atomic int64_t peak;   /* the most that live has been */
    _Atomic uint64_t calls; /* of alloc */
    /* The call after so many fails; UINT64_MAX: none does. */
    _Atomic uint64_t fail_at;
    _Atomic bool fail_on; /* all later ones fail too */
    _Atomic uint64_t failed;
};
void stress_memory_init(struct stress_memory *memory);
/* Everything was taken back. */
void stress_memory_check(struct stress_memory *memory);

/* What the process has open. */
struct stress_baseline {
    uint32_t files;
    uint32_t threads;
};
void stress_baseline_take(struct stress_baseline *out);
/* It is so again. A joined thread may linger a moment, and is waited for. */
void stress_baseline_check(const struct stress_baseline *b);

/* Uses the library with so many workers; whether the start succeeded. */
typedef bool stress_scenario(uint32_t workers, struct stress_memory *memory);
/*
 * After a run of it: what starts with the first thread and stays is not the
 * library's.
 */
struct stress_baseline stress_baseline_after(stress_scenario *scenario);

/* Options: so many workers, this memory (or NULL), no log. */
akt_system_opts stress_opts(uint32_t workers, struct stress_memory *memory);

/* Stops, checks the account of messages and requests, and destroys. */
void stress_stop(akt_system *system, uint64_t drain_ns, akt_counters *out);
/* The account adds up; nothing is queued or open when `stopped`. */
void stress_check_account(const akt_counters *c);

/* The numbers of workers that every test is run with: 1, 2 and 4. */
#define STRESS_WORKER_RUNS 3
uint32_t stress_workers(uint32_t run);

#endif
