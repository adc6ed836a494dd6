/* SPDX-License-Identifier: MIT */
/**
 * @file timer.h
 * @brief Timers: messages after a delay or at an interval.
 *
 *     akt_timer t;
 *     AKT_TRY(akt_timer_start(self, AKT_MS(500), 0, &t, tick));       once
 *     AKT_TRY(akt_timer_start(self, AKT_MS(500), AKT_MS(100), &t, tick));
 *
 * A timer sends a message to the actor that started it. Its room is its own: it
 * arrives even when the mailbox is full, and before what waits there.
 *
 * **Never early.** A timer fires at its instant or later, by the monotonic clock.
 * How much later is a matter of what runs: a worker that sleeps wakes within 66 us
 * and what waking takes. Timers of 10 ms and more may be gathered, so that many
 * of them do not wake it each: it sleeps half a millisecond between them. Those of
 * 10 s and more may be 10 ms late: they begin by a clock that costs less to read.
 *
 * **Drift.** A periodic timer keeps its grid: the k-th firing is due at
 * `start + after + k * every`, however late an earlier one was. Firings that are
 * missed altogether because the process or the actor was busy are left out, not
 * made up for: at most one message of a timer waits in the mailbox.
 *
 * **Cancel.** After `akt_timer_cancel` has answered `AKT_OK` the message will not
 * be handled, even if it was in the mailbox already.
 *
 * A timer belongs to its actor and ends with it.
 */
#ifndef AKT_TIMER_H
#define AKT_TIMER_H

#include "akt/actor.h"
#include "akt/error.h"
#include "akt/export.h"
#include "akt/message.h"
#include "akt/types.h"

AKT_BEGIN_DECLS

/** A running timer. A value; used by the actor that started it. */
typedef struct akt_timer {
    void *cell;
    uint32_t generation; /**< 0: no timer */
} akt_timer;

/**
 * Starts a timer: `akt_timer_start(self, after_ns, every_ns, &timer, tick, ...)`
 * sends the message to the caller after `after_ns` and, unless `every_ns` is 0,
 * then each `every_ns`. `out_timer` may be NULL. `AKT_ENOMEM`; `AKT_ESIZE`;
 * `AKT_EINVAL`: `every_ns` above 0 and below 1000 (a microsecond), or a periodic
 * message with a destructor; `AKT_ECONTEXT`: not in an actor.
 */
#define akt_timer_start(self, after_ns, every_ns, out_timer, ...)              \
    akti_timer_start((self), (after_ns), (every_ns),                           \
                     &(akti_timer_arg){AKTI_FIRST_TYPE(__VA_ARGS__),           \
                                       &AKTI_LITERAL(__VA_ARGS__)},            \
                     (out_timer))

/**
 * Sends a message to any actor after a delay: `akt_send_after(self, AKT_MS(5), to,
 * tick, ...)`. It cannot be cancelled, is given up when the sender ends, and at
 * its time is subject to the receiver's bound: where there is no room it is
 * dropped, counted, and a dead letter. Errors as for `akt_timer_start`, and
 * `AKT_EDEAD`, `AKT_EFOREIGN`.
 */
#define akt_send_after(self, delay_ns, to, ...)                                \
    akti_send_after((self), (delay_ns), (to), AKTI_FIRST_TYPE(__VA_ARGS__),    \
                    &AKTI_LITERAL(__VA_ARGS__))

/**
 * @brief Cancels a timer.
 * @param self [borrow] the actor that started it
 * @param timer what it got
 * @retval AKT_OK none of its messages will be handled any more
 * @retval AKT_EENDED it has fired (once) and was handled, was cancelled, or is
 *         not a timer of this actor
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_timer_cancel(akt_self *self, akt_timer timer);

/* What the macros call. Their contracts are those of the macros. */

/** A timer's message: its type and its struct. */
typedef struct akti_timer_arg {
    const akt_type *type;
    const void *payload;
} akti_timer_arg;

AKT_API AKT_NODISCARD akt_err akti_timer_start(akt_self *self,
                                               uint64_t after_ns,
                                               uint64_t every_ns,
                                               const akti_timer_arg *message,
                                               akt_timer *out_timer);
AKT_API AKT_NODISCARD akt_err akti_send_after(akt_self *self, uint64_t delay_ns,
                                              akt_ref to, const akt_type *type,
                                              const void *payload);

AKT_END_DECLS

#endif
