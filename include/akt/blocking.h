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
 */
#ifndef AKT_BLOCKING_H
#define AKT_BLOCKING_H

#include "akt/error.h"
#include "akt/export.h"
#include "akt/future.h"
#include "akt/message.h"
#include "akt/types.h"

AKT_BEGIN_DECLS

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

/* What the macros call. Its contract is that of the macros. */
AKT_API AKT_NODISCARD akt_err akti_ask_blocking(akt_self *self,
                                                const akt_job *job,
                                                uint64_t timeout_ns,
                                                const akti_message_arg *message,
                                                akt_future *out_future);

AKT_END_DECLS

#endif
