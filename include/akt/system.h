/* SPDX-License-Identifier: MIT */
/**
 * @file system.h
 * @brief One runtime: start, attach a thread, stop, and the account of messages.
 *
 *     akt_system *system;
 *     akt_self *me;
 *     AKT_TRY(akt_system_start(NULL, &system));
 *     AKT_TRY(akt_attach(system, &me));
 *     ... spawn, send, ask, wait ...
 *     akt_detach(me);
 *     err = akt_system_stop(system, AKT_SECONDS(5));
 *     akt_system_destroy(system);
 *
 * Several systems may live in one process; they share nothing, and a reference of
 * one is refused by the other (`AKT_EFOREIGN`).
 *
 * **Account.** Each message that a send accepted is still queued or has met one
 * of six fates. At any time when nothing runs,
 *
 *     accepted = delivered + dropped + expired + returned + dead + discarded
 *                + queued
 *
 * | fate      | the message                                                    |
 * |-----------|----------------------------------------------------------------|
 * | delivered | was handled                                                    |
 * | dropped   | fell to the mailbox's overflow policy, or nobody handles its type |
 * | expired   | its deadline passed or its asker went before the handler began |
 * | returned  | waited in its sender's outbox when the sender or receiver ended; or, seldom, when a third sender took the room meanwhile and a cycle came about (`AKT_EDEADLK`) |
 * | dead      | was in a mailbox or stash when its actor ended                 |
 * | discarded | was still anywhere when the system's stop gave up draining     |
 *
 * All but `delivered` go to the dead-letter hook, with sender, target and type.
 *
 * A timer's message counts as accepted when it is handled, not when the timer is
 * started; that of `akt_send_after`, when its time has come. Replies, and notices
 * that a request has ended without one, are no messages of this account. For
 * requests there is another: each that was asked ends once, and
 *
 *     asked = replied + failed + timed_out + cancelled + broken + open
 *
 * Futures for which nobody was asked (oneshot.h, combine.h) are not in it; the
 * requests that are parts of combined ones are.
 *
 * **Fork.** A child process has no workers: every call in it that could need one
 * answers `AKT_EFORK`; it may only exec or exit.
 */
#ifndef AKT_SYSTEM_H
#define AKT_SYSTEM_H

#include "akt/actor.h"
#include "akt/alloc.h"
#include "akt/error.h"
#include "akt/export.h"
#include "akt/log.h"
#include "akt/types.h"

AKT_BEGIN_DECLS

/** What became of a message. */
typedef enum akt_fate {
    AKT_FATE_DELIVERED = 0,
    AKT_FATE_DROPPED,
    AKT_FATE_EXPIRED,
    AKT_FATE_RETURNED,
    AKT_FATE_DEAD,
    AKT_FATE_DISCARDED
} akt_fate;

/** A message that was not delivered. Valid during the hook's call. */
typedef struct akt_dead_letter {
    akt_ref sender; /**< nobody for plain threads and timers */
    akt_ref target;
    const akt_type *type;
    const void *payload;
    akt_fate fate;
    akt_err reason; /**< more exactly why, such as `AKT_EUNHANDLED` */
} akt_dead_letter;

/** Receives dead letters, from any thread, at once; must be quick. */
typedef void akt_dead_letter_fn(const akt_dead_letter *letter, void *arg);

/** How a system is made. Zero means default; set by `AKT_SYSTEM_OPTS_INIT`. */
typedef struct akt_system_opts {
    size_t size;      /**< of this struct, for the library's versions to come */
    const char *name; /**< [borrow] in logs; NULL: "akt" */
    /** Worker threads, 1 to 256; 0: the processors this process may use. */
    uint32_t workers;
    /** Actors alive at a time, 1 to 2^24; 0: 2^24. */
    uint32_t max_actors;
    /** Messages that an actor handles in a row, 1 to 10000; 0: 100. */
    uint32_t batch;
    /** Threads of the blocking pool, 1 to 1024; 0: 8. */
    uint32_t blocking_threads;
    /** Jobs that may wait for the pool, 1 to 1000000; 0: 1024. */
    uint32_t blocking_queue;
    /** Time that a request has unless said; 0: 5 s. */
    uint64_t ask_timeout_ns;
    /**
     * How long at most a worker that has run out of work waits awake for more before
     * it sleeps: 1 ns to 1 s; 1: not at all; 0: 200 us. It does so where its last
     * sleep was ended within half of that. When it has waited in vain, or for more
     * than a third, n times in a row, it does not for 2^n such sleeps (n up to 6).
     *
     * What threads outside bring, such as the answers of sockets, is begun some 20 us
     * sooner so, and mostly for less processor time in the end: neither side pays for
     * the sleep. But work that comes every 50 us keeps a core busy that would else
     * be idle for two thirds of the time, though other threads go first. Where a
     * process has a limited share of processor time, 1 may be the better choice.
     */
    uint64_t busy_wait_ns;
    /** Bytes of a task's stack, 16 KiB to 64 MiB, in pages; 0: 64 KiB. */
    size_t task_stack;
    const akt_allocator *allocator; /**< [borrow] copied; NULL: aligned_alloc */
    akt_log_level log_level;        /**< 0: warnings and errors */
    akt_log_fn *log;                /**< NULL: standard error */
    void *log_arg;
    akt_dead_letter_fn *dead_letter; /**< NULL: only counted */
    void *dead_letter_arg;
} akt_system_opts;

/** The start of an options struct. */
#define AKT_SYSTEM_OPTS_INIT                                                   \
    ((akt_system_opts){.size = sizeof(akt_system_opts)})

/** The account of a system or of a class; see above. */
typedef struct akt_counters {
    uint64_t accepted;
    uint64_t delivered;
    uint64_t dropped;
    uint64_t expired;
    uint64_t returned;
    uint64_t dead;
    uint64_t discarded;
    uint64_t queued;  /**< what is left of the equation: still on the way */
    uint64_t refused; /**< sends that answered an error; not accepted */
    uint64_t asked;
    uint64_t replied;
    uint64_t failed;
    uint64_t timed_out;
    uint64_t cancelled;
    uint64_t broken;
    uint64_t open;         /**< requests that have not ended */
    uint64_t late_replies; /**< that nobody waited for, freed; system only */
    uint64_t spawned;
    uint64_t exited;
    uint64_t crashed; /**< of the exited: by a handler's error */
} akt_counters;

/** What the scheduler did; for tuning and for tests. */
typedef struct akt_sched_stats {
    uint64_t turns;     /**< actors run */
    uint64_t steals;    /**< times work was taken from another worker */
    uint64_t parks;     /**< times a worker went to sleep; an idle one looks up
                             every few seconds and goes to sleep once more */
    uint64_t wakes;     /**< times a sleeping worker was rung */
    uint64_t backstops; /**< sleeps that ended by time-out with work waiting: a
                             lost wake-up, always 0 */
    uint64_t suspensions; /**< actors that waited for room */
    uint64_t timers_fired;
} akt_sched_stats;

/**
 * @brief Starts a system.
 * @param opts [borrow] NULL for all defaults
 * @param out_system [out] the system
 * @retval AKT_OK it runs
 * @retval AKT_EINVAL an option is out of range; the log says which
 * @retval AKT_ENOMEM out of memory
 * @retval AKT_EMFILE no file descriptors left
 * @retval AKT_ETHREAD a worker thread could not be created
 * @retval AKT_EIO the event loop could not be set up; the log says why
 * @threadsafety any
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_system_start(const akt_system_opts *opts,
                                               akt_system **out_system);

/**
 * @brief Stops a system: first it drains, then it ends what is left.
 *
 * New actors and messages of plain threads are refused from now on. Actors go on
 * until nothing is left to do or the time is up. Then every actor ends
 * (`AKT_EXIT_SHUTDOWN`, `on_exit` runs), every request and timer ends, what is
 * still queued is discarded, and the threads end. After that, counters can
 * still be read.
 *
 * Draining is over when nothing runs, nothing is ready to run and the blocking
 * pool is idle: timers that are still to fire do not keep it going, and neither do
 * jobs that nobody waits for any more: the asker has had the answer, or the deadline,
 * or has ended.
 *
 * `on_exit` may send, here as at any other end, but never waits for room: a full
 * `AKT_AWAIT` mailbox answers `AKT_EFULL`. It can start no timer
 * (`AKT_ECONTEXT`).
 *
 * From a handler or job it only begins, and returns at once: the work is done by
 * whichever plain thread is in, or next calls, `akt_system_stop` or
 * `akt_system_wait`. Calling it again, from several threads too, is harmless.
 * @param system [borrow] the system
 * @param drain_ns how long to drain; 0: not at all
 * @retval AKT_OK it has stopped; from a handler: it will
 * @retval AKT_EBUSY a handler or job has not returned within a further 10 s; the
 *         log names it, and the call can be repeated
 * @retval AKT_EFORK the system belongs to the parent process
 * @threadsafety any
 * @blocking until it has stopped; not in a handler or job
 */
AKT_API AKT_NODISCARD akt_err akt_system_stop(akt_system *system,
                                              uint64_t drain_ns);

/**
 * @brief Waits until somebody stops the system, and then as `akt_system_stop`.
 * @param system [borrow] the system
 * @retval AKT_OK it has stopped
 * @retval AKT_EBUSY as for `akt_system_stop`
 * @retval AKT_ECONTEXT called in a handler or job
 * @retval AKT_EFORK the system belongs to the parent process
 * @threadsafety any
 * @blocking until it has stopped
 */
AKT_API AKT_NODISCARD akt_err akt_system_wait(akt_system *system);

/**
 * @brief Frees a stopped system; stops it without draining if it has not been.
 *
 * No other thread may use it or a reference of it from now on, and attached
 * threads must have detached. If a handler or job does not return, this waits for
 * it; `akt_system_abandon` does not.
 * @param system [move] NULL is allowed; not from a handler or job
 * @threadsafety setup
 * @blocking until it has stopped
 */
AKT_API void akt_system_destroy(akt_system *system);

/**
 * @brief Stops a system without draining, and frees it even though jobs of the
 *        blocking pools hang.
 *
 * For the end of a program that must not wait for a job which may never return: a
 * read from a pipe that nobody writes to, a file system that does not answer. The
 * threads of such jobs are left to themselves. When the job returns, what it
 * answers and sends comes to nothing (`AKT_EDEAD`), it can start nothing
 * (`AKT_ESTOPPED`), and the last such thread frees what is left of the system: its
 * memory, and the descriptors of its workers. Until then the allocator, the log
 * and the hooks that the system was given must stay, and so must what the job
 * itself uses. If it never returns, the process can end all the same.
 *
 * From now on nobody else may use the system or a reference of it, and attached
 * threads must have detached, as for `akt_system_destroy`.
 * @param system [move] NULL is allowed. On an error it is still the caller's.
 * @param patience_ns how long jobs may take to return; 0: not at all. Handlers have
 *        10 s, as for `akt_system_stop`.
 * @retval AKT_OK it is gone, or goes with the last of its jobs
 * @retval AKT_EBUSY a handler has not returned; handlers cannot be left to
 *         themselves. The system is still there, and the call can be repeated.
 * @retval AKT_ECONTEXT called in a handler or job
 * @retval AKT_EFORK the system belongs to the parent process
 * @threadsafety setup
 * @blocking until it has stopped
 */
AKT_API AKT_NODISCARD akt_err akt_system_abandon(akt_system *system,
                                                 uint64_t patience_ns);

/**
 * @brief Gives the calling plain thread its own view of a system.
 * @param system [borrow] the system
 * @param out_self [out] to be used by this thread alone, until `akt_detach`
 * @retval AKT_OK done
 * @retval AKT_ENOMEM out of memory
 * @retval AKT_ESTOPPED the system is stopping
 * @retval AKT_EFORK the system belongs to the parent process
 * @threadsafety any
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_attach(akt_system *system,
                                         akt_self **out_self);

/**
 * @brief Gives the view back. Futures that it still has are dropped.
 * @param self [move] of an attached thread; NULL is allowed
 * @threadsafety actor
 * @blocking no
 */
AKT_API void akt_detach(akt_self *self);

/**
 * @brief Reads the account of the whole system.
 * @param system [borrow] the system
 * @param out_counters [out] the sums; they agree when nothing runs
 * @threadsafety any
 * @blocking no
 */
AKT_API void akt_system_counters(akt_system *system,
                                 akt_counters *out_counters);

/**
 * @brief Reads the account of one class: the messages to its actors and the
 *        requests by them.
 * @param system [borrow] the system
 * @param cls [borrow] a class; `&name_class` of an `AKT_CLASS(name, ...)`
 * @param out_counters [out] the sums; zero when none was ever spawned
 * @threadsafety any
 * @blocking no
 */
AKT_API void akt_class_counters(akt_system *system, const akt_class *cls,
                                akt_counters *out_counters);

/**
 * @brief Reads what the scheduler did.
 * @param system [borrow] the system
 * @param out_stats [out] the sums
 * @threadsafety any
 * @blocking no
 */
AKT_API void akt_system_stats(akt_system *system, akt_sched_stats *out_stats);

/**
 * @brief The number of workers.
 * @param system [borrow] the system
 * @return at least 1
 * @threadsafety any
 * @blocking no
 */
AKT_API uint32_t akt_system_workers(const akt_system *system);

/**
 * @brief The library's version, as "0.1.0".
 * @return a static string
 * @threadsafety any
 * @blocking no
 */
AKT_API const char *akt_version(void);

AKT_END_DECLS

#endif
