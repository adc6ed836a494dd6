/* SPDX-License-Identifier: MIT */
/**
 * @file select.h
 * @brief Waiting for the first of several things: exactly one of them happens.
 *
 *     struct job j;
 *     size_t which;
 *     akt_branch branches[] = {
 *         AKT_WHEN_RECV(jobs, job, &j),
 *         AKT_WHEN_RECV(urgent, job, &j),
 *         AKT_WHEN_AFTER(AKT_SECONDS(1)),
 *     };
 *
 *     AKT_TRY(akt_select(self, branches, 3, AKT_SELECT_FAIR, AKT_NEVER, &which));
 *     AKT_TRY(branches[which].error);
 *     if (which == 2)
 *         ... nothing came for a second ...
 *
 * The branch that happens has happened as if its call had been made: a value was
 * received, or sent, and `error` says what that call would have answered; a channel
 * that is closed makes its branch happen, with `AKT_ECLOSED`. Of the others nothing
 * has: no value was taken or sent, futures and messages are still there.
 *
 * A branch of all zero never happens, so a loop leaves one out by
 * `branches[i] = (akt_branch){0}`. An array may be used again and again, as long as
 * what it points to is there.
 */
#ifndef AKT_SELECT_H
#define AKT_SELECT_H

#include "akt/channel.h"
#include "akt/error.h"
#include "akt/export.h"
#include "akt/future.h"
#include "akt/task.h"
#include "akt/types.h"

AKT_BEGIN_DECLS

/** The most branches of one select. */
#define AKT_SELECT_MAX 64

/** Which branch happens when several could. */
typedef enum akt_select_mode {
    AKT_SELECT_FAIR,  /**< each has its chance; a simulation's seed decides */
    AKT_SELECT_BIASED /**< the first one */
} akt_select_mode;

/** One of the things that may happen; made by the macros below. */
typedef struct akt_branch {
    int akti_kind; /**< 0: it never happens */
    akt_err error; /**< [out] of the branch that happened */
    union {
        akt_rx akti_rx;
        akt_tx akti_tx;
        akt_future akti_future;
        uint64_t akti_time;
    };
    const akt_type *akti_type;
    union {
        void *akti_out;
        const void *akti_value;
        akt_answer **akti_answer;
        akt_received *akti_received;
    };
} akt_branch;

/** `AKT_WHEN_RECV(rx, job, &j)`: as `akt_channel_recv`. */
#define AKT_WHEN_RECV(rx, name, out)                                           \
    {                                                                          \
        .akti_kind = AKTI_WHEN_RECV, .akti_rx = (rx),                          \
        .akti_type = &name##_type, .akti_out = AKTI_OUT(struct name, out)      \
    }

/** `AKT_WHEN_SENT(tx, job, .number = 1)`: as `akt_channel_send`. */
#define AKT_WHEN_SENT(tx, ...)                                                 \
    {                                                                          \
        .akti_kind = AKTI_WHEN_SENT, .akti_tx = (tx),                          \
        .akti_type = AKTI_FIRST_TYPE(__VA_ARGS__),                             \
        .akti_value = &AKTI_LITERAL(__VA_ARGS__)                               \
    }

/**
 * `AKT_WHEN_ENDED(future, &answer)`: as `akt_await`, with an `akt_answer *` to be
 * freed by `akt_answer_free`, or NULL.
 */
#define AKT_WHEN_ENDED(future, out)                                            \
    {                                                                          \
        .akti_kind = AKTI_WHEN_ENDED, .akti_future = (future),                 \
        .akti_answer = (out)                                                   \
    }

/** `AKT_WHEN_AFTER(ns)`: when so much time has passed in this select. */
#define AKT_WHEN_AFTER(ns)                                                     \
    {                                                                          \
        .akti_kind = AKTI_WHEN_AFTER, .akti_time = (ns)                        \
    }

/** `AKT_WHEN_PAST(deadline_ns)`: at an instant as of `akt_now_ns`. */
#define AKT_WHEN_PAST(deadline_ns)                                             \
    {                                                                          \
        .akti_kind = AKTI_WHEN_PAST, .akti_time = (deadline_ns)                \
    }

/**
 * `AKT_WHEN_MESSAGE(&received)`: as `akt_receive`. In a task; elsewhere it happens
 * at once with `AKT_ECONTEXT`. The message before stays the current one unless
 * this branch happens.
 */
#define AKT_WHEN_MESSAGE(out)                                                  \
    {                                                                          \
        .akti_kind = AKTI_WHEN_MESSAGE, .akti_received = (out)                 \
    }

/**
 * Waits until one of `n` branches (1 to `AKT_SELECT_MAX`) happens, for `timeout_ns`
 * at most (`AKT_NEVER`; 0: only looks), and says which:
 * `akt_select(self, branches, 3, AKT_SELECT_FAIR, AKT_NEVER, &which)`. On `AKT_OK`
 * that branch's `error` is set. Else none has happened: `AKT_ETIMEOUT`;
 * `AKT_ECANCELLED`: the task is cancelled; `AKT_EINVAL`: a select of nothing (n is
 * 0, or no branch can happen) would wait for ever, or n is too large, or something
 * is no branch; `AKT_ENOMEM`; `AKT_ECONTEXT`: in a handler or job; `AKT_EFORK`.
 * Blocks until one happens.
 */
#define akt_select(self, branches, n, mode, timeout_ns, out_which)             \
    akti_select((self),                                                        \
                &(akti_select_arg){(branches), (n), (mode), (timeout_ns)},     \
                (out_which))

/** What is selected from; made by `akt_select`. */
typedef struct akti_select_arg {
    akt_branch *branches;
    size_t n;
    akt_select_mode mode;
    uint64_t timeout_ns;
} akti_select_arg;

/* What the macro calls. Its contract is that of the macro. */
AKT_API AKT_NODISCARD akt_err akti_select(akt_self *self,
                                          const akti_select_arg *arg,
                                          size_t *out_which);

/* What the macros make; not to be called by name. */
enum {
    AKTI_WHEN_NEVER = 0,
    AKTI_WHEN_RECV,
    AKTI_WHEN_SENT,
    AKTI_WHEN_ENDED,
    AKTI_WHEN_AFTER,
    AKTI_WHEN_PAST,
    AKTI_WHEN_MESSAGE
};

AKT_END_DECLS

#endif
