/* SPDX-License-Identifier: MIT */
/**
 * @file blocking.h
 * @brief Blocking work on a bounded pool of threads, as a request.
 *
 * A handler must not block: it would hold its worker. What blocks (reading a
 * file, resolving a name, a long computation) is asked of the pool as any other
 * request is asked of an actor, with deadline, cancellation and an answer:
 *
 *     static akt_err
 *     load(akt_self *self, const struct load_file *m)
 *     {
 *         ... open, read, close m->path.ptr ...
 *         return akt_reply(self, m, .size = n);
 *     }
 *     AKT_JOB(load, load_file);
 *
 *     akt_future f;
 *     AKT_TRY(akt_ask_blocking(self, &f, load, load_file, .path = path));
 *     AKT_TRY(akt_then(self, f, on_loaded, NULL));
 *
 * The pool starts its threads when there is work, up to `blocking_threads`, and
 * holds at most `blocking_queue` jobs that wait. A job that is cancelled or
 * expires before it begins is not begun. One that has begun runs on and can look
 * at `akt_is_cancelled`. In a simulation jobs are steps of the one thread.
 *
 * **More pools.** Work that may take all threads for long (a slow disk, a name
 * server that does not answer) is kept apart in a pool of its own:
 *
 *     akt_pool pool;
 *     AKT_TRY(akt_pool_open(self, &(akt_pool_opts){.name = "names",
 *                                                  .threads = 2}, &pool));
 *     AKT_TRY(akt_ask_blocking_on(self, pool, &f, lookup, find_host, .name = n));
 *
 * **A job that never returns** holds its thread, and a stop of the system answers
 * `AKT_EBUSY`. `akt_system_abandon` (system.h) leaves such threads to themselves,
 * so that a program can end in spite of them.
 */
#ifndef AKT_BLOCKING_H
#define AKT_BLOCKING_H

#include "akt/error.h"
#include "akt/export.h"
#include "akt/future.h"
#include "akt/message.h"
#include "akt/types.h"

AKT_BEGIN_DECLS

/** A pool of one's own. A value; zero is none. */
typedef struct akt_pool {
    void *pool;
    uint32_t generation;
} akt_pool;

/** How a pool is made; zero means default. */
typedef struct akt_pool_opts {
    const char *name; /**< [borrow] in logs, cut at 31 bytes; NULL: "pool" */
    uint32_t threads; /**< at most, 1 to 1024; 0: 8 */
    uint32_t queue;   /**< jobs that may wait, 1 to 1000000; 0: 1024 */
} akt_pool_opts;

/**
 * @brief Opens a blocking pool beside that of the system.
 *
 * It is there until it is closed or the system stops. Threads are started when
 * there is work.
 * @param self [borrow] an actor's, a job's or an attached thread's
 * @param opts [borrow] NULL: defaults
 * @param out_pool [out] the pool; anybody in the system may use it
 * @retval AKT_OK done
 * @retval AKT_EINVAL an option is out of range
 * @retval AKT_ENOMEM out of memory
 * @retval AKT_ESTOPPED the system is stopping
 * @retval AKT_EFORK the system belongs to the parent process
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_pool_open(akt_self *self,
                                            const akt_pool_opts *opts,
                                            akt_pool *out_pool);

/**
 * @brief Closes a pool: it takes no more jobs.
 *
 * Requests whose jobs wait end as `AKT_BROKEN` (`AKT_ESTOPPED`). Jobs that run go
 * on and can answer; then the threads end. Nobody waits for that but the system's
 * stop.
 * @param self [borrow] an actor's, a job's or an attached thread's
 * @param pool the pool
 * @retval AKT_OK done
 * @retval AKT_EENDED it is closed already
 * @retval AKT_EFORK the system belongs to the parent process
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_pool_close(akt_self *self, akt_pool pool);

/** A function for the pool; made by `AKT_JOB`. */
typedef struct akt_job {
    const char *name;
    const akt_type *request;
    akt_err (*run)(akt_self *self, const void *message);
} akt_job;

/**
 * Declares `akt_err fn(akt_self *, const struct request *)` as a job. Inside it,
 * `self` is the pool thread's: it can reply, send, spawn and look at the clock.
 * An error that it returns is the answer if there is none yet. File scope, with
 * a semicolon.
 */
#define AKT_JOB(fn, request_name)                                              \
    static akt_err fn##_akt_run(akt_self *self, const void *p)                 \
    {                                                                          \
        AKTI_CHECK_FN(                                                         \
            fn, akt_err (*)(akt_self *, const struct request_name *),          \
            #fn " must be akt_err (akt_self *, const struct " #request_name    \
                " *)");                                                        \
        return fn(self, p);                                                    \
    }                                                                          \
    static const akt_job fn##_akt_job = {#fn, &request_name##_type,            \
                                         fn##_akt_run}

/**
 * Asks the pool: `akt_ask_blocking(self, &future, fn, request, ...)`. Errors:
 * `AKT_EFULL` (the pool's queue), `AKT_ETHREAD` (no thread could be started and
 * there is none), `AKT_ENOMEM`, `AKT_ESIZE`, `AKT_ELIMIT`, `AKT_ESTOPPED`,
 * `AKT_EFORK`, `AKT_ETYPE` (a job for another request), `AKT_ECONTEXT` (in a job).
 * In an actor or an attached thread; does not block.
 */
#define akt_ask_blocking(self, out_future, fn, ...)                            \
    akt_ask_blocking_within(self, 0, out_future, fn, __VA_ARGS__)

/** The same with a deadline `timeout_ns` from now; 0: the default. */
#define akt_ask_blocking_within(self, timeout_ns, out_future, fn, ...)         \
    akti_ask_blocking((self), &fn##_akt_job, (timeout_ns),                     \
                      &(akti_message_arg){AKTI_REQUEST_TYPE(__VA_ARGS__),      \
                                          &AKTI_LITERAL(__VA_ARGS__)},         \
                      (out_future))

/**
 * Asks a pool of one's own: `akt_ask_blocking_on(self, pool, &future, fn, request,
 * ...)`. Errors as above, and `AKT_EENDED`: the pool was closed.
 */
#define akt_ask_blocking_on(self, pool, out_future, fn, ...)                   \
    akt_ask_blocking_on_within(self, pool, 0, out_future, fn, __VA_ARGS__)

/** The same with a deadline `timeout_ns` from now; 0: the default. */
#define akt_ask_blocking_on_within(self, pool, timeout_ns, out_future, fn,     \
                                   ...)                                        \
    akti_ask_blocking_on((self), &(akti_pool_job){(pool), &fn##_akt_job},      \
                         (timeout_ns),                                         \
                         &(akti_message_arg){AKTI_REQUEST_TYPE(__VA_ARGS__),   \
                                             &AKTI_LITERAL(__VA_ARGS__)},      \
                         (out_future))

/** A job and where it is to run. */
typedef struct akti_pool_job {
    akt_pool pool;
    const akt_job *job;
} akti_pool_job;

/* What the macros call. Its contract is that of the macros. */
AKT_API AKT_NODISCARD akt_err akti_ask_blocking_on(
    akt_self *self, const akti_pool_job *job, uint64_t timeout_ns,
    const akti_message_arg *message, akt_future *out_future);
AKT_API AKT_NODISCARD akt_err akti_ask_blocking(akt_self *self,
                                                const akt_job *job,
                                                uint64_t timeout_ns,
                                                const akti_message_arg *message,
                                                akt_future *out_future);

AKT_END_DECLS

#endif
