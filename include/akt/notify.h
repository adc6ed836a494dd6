/* SPDX-License-Identifier: MIT */
/**
 * @file notify.h
 * @brief Notifications: "something has changed, look again", without a value.
 *
 *     akt_notify changed;
 *     AKT_TRY(akt_notify_open(self, &changed));
 *
 *     who waits                                  who changes something
 *     while (!ready(s))                          make_ready(s);
 *         AKT_TRY(akt_notify_wait(self, n));     AKT_TRY(akt_notify_one(self, n));
 *
 * `akt_notify_one` wakes the one that waits longest. When nobody waits it is kept
 * for the next one, so that a change between the look and the wait is not missed;
 * one is kept, not several. `akt_notify_all` wakes those who wait now and keeps
 * nothing.
 *
 * A wait that is cancelled or out of time at the moment when it is woken has not
 * eaten the notification: it goes to the next one, or is kept.
 *
 * Who may use it, and when it closes, is as for a semaphore (semaphore.h).
 */
#ifndef AKT_NOTIFY_H
#define AKT_NOTIFY_H

#include "akt/error.h"
#include "akt/export.h"
#include "akt/future.h"
#include "akt/types.h"
#include "akt/wake.h"

AKT_BEGIN_DECLS

/** A notification. A value, which may be copied; zero is none. */
typedef struct akt_notify {
    void *cell;
    uint32_t generation; /**< 0: none */
} akt_notify;

/**
 * @brief Opens a notification that is the caller's.
 * @param self [borrow] an actor, a task or an attached thread
 * @param out_notify [out] its name
 * @retval AKT_OK it is open; nothing is kept in it
 * @retval AKT_ENOMEM out of memory
 * @retval AKT_ECONTEXT in a job, which owns nothing
 * @retval AKT_EFORK the system belongs to the parent of this process
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_notify_open(akt_self *self,
                                              akt_notify *out_notify);

/**
 * @brief Waits to be notified; at once when one was kept.
 * @param self [borrow] a task or an attached thread
 * @param notify any
 * @retval AKT_OK it was notified
 * @retval AKT_ECLOSED it is or was closed
 * @retval AKT_ECANCELLED the task is cancelled; nothing was eaten
 * @retval AKT_ESTOPPED the system has stopped, and the caller is a thread
 * @retval AKT_ETIMEOUT in a simulation: nothing can happen any more
 * @retval AKT_ECONTEXT in a handler or job
 * @retval AKT_EFOREIGN it is of another system
 * @retval AKT_EFORK the system belongs to the parent of this process
 * @threadsafety actor
 * @blocking until then
 */
AKT_API AKT_NODISCARD akt_err akt_notify_wait(akt_self *self,
                                              akt_notify notify);

/**
 * @brief The same, but waits no longer than `timeout_ns`.
 * @param self [borrow] a task or an attached thread
 * @param timeout_ns how long; `AKT_NEVER`; 0: only look
 * @param notify any
 * @retval AKT_OK it was notified
 * @retval AKT_ETIMEOUT the time is up; nothing was eaten
 * @retval AKT_ENOMEM out of memory for the timer; nothing was eaten
 * @retval AKT_ECLOSED it is or was closed
 * @retval AKT_ECANCELLED the task is cancelled; nothing was eaten
 * @retval AKT_ECONTEXT in a handler or job
 * @retval AKT_EFOREIGN it is of another system
 * @retval AKT_EFORK the system belongs to the parent of this process
 * @threadsafety actor
 * @blocking until then
 */
AKT_API AKT_NODISCARD akt_err akt_notify_wait_within(akt_self *self,
                                                     uint64_t timeout_ns,
                                                     akt_notify notify);

/**
 * @brief Takes a notification that was kept.
 * @param self [borrow] any view
 * @param notify any
 * @retval AKT_OK there was one
 * @retval AKT_EEMPTY there is none
 * @retval AKT_ECLOSED it is closed
 * @retval AKT_EFOREIGN it is of another system
 * @retval AKT_EFORK the system belongs to the parent of this process
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_notify_try_wait(akt_self *self,
                                                  akt_notify notify);

/**
 * @brief Waits by a future, an answer to `akt_wake` (wake.h).
 *
 * `AKT_REPLIED`: notified; `AKT_FAILED` by `AKT_ECLOSED`. A future that was
 * cancelled or dropped before eats nothing; one that had ended has eaten it.
 * @param self [borrow] an actor, a task or an attached thread
 * @param notify any
 * @param out_future [out] the future; it has no deadline
 * @retval AKT_OK it waits, or has ended at once
 * @retval AKT_ECLOSED it is closed
 * @retval AKT_ELIMIT as many futures are open as the class allows
 * @retval AKT_ENOMEM out of memory
 * @retval AKT_ECONTEXT in a job
 * @retval AKT_EFOREIGN it is of another system
 * @retval AKT_EFORK the system belongs to the parent of this process
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_notify_wait_future(akt_self *self,
                                                     akt_notify notify,
                                                     akt_future *out_future);

/**
 * @brief Wakes the one that waits longest, or keeps one for the next.
 * @param self [borrow] any view
 * @param notify any
 * @retval AKT_OK done
 * @retval AKT_ECLOSED it is closed
 * @retval AKT_EFOREIGN it is of another system
 * @retval AKT_EFORK the system belongs to the parent of this process
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_notify_one(akt_self *self, akt_notify notify);

/**
 * @brief Wakes all who wait now.
 * @param self [borrow] any view
 * @param notify any
 * @retval AKT_OK done; nothing is kept for later, and what was kept stays
 * @retval AKT_ECLOSED it is closed
 * @retval AKT_EFOREIGN it is of another system
 * @retval AKT_EFORK the system belongs to the parent of this process
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_notify_all(akt_self *self, akt_notify notify);

/**
 * @brief Closes a notification.
 * @param self [borrow] who opened it
 * @param notify any
 * @retval AKT_OK it is closed, and who waited will hear `AKT_ECLOSED`
 * @retval AKT_EENDED it was closed before, or it is not the caller's
 * @retval AKT_EFORK the system belongs to the parent of this process
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_notify_close(akt_self *self,
                                               akt_notify notify);

AKT_END_DECLS

#endif
