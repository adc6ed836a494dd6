/* SPDX-License-Identifier: MIT */
/**
 * @file barrier.h
 * @brief Barriers: nobody goes on before all have come.
 *
 *     akt_barrier all;
 *     AKT_TRY(akt_barrier_open(self, 4, &all));
 *     ...
 *     AKT_TRY(akt_barrier_wait(self, all, &leader));
 *     if (leader)
 *         sum_up(s);
 *
 * The last one that comes opens the way for those who wait, and is their leader:
 * one of each round. Then the barrier is as before, for the next round. Who comes
 * back early waits for the next round and cannot slip into the one before.
 *
 * A party that is cancelled or out of time while it waits has not come: it leaves,
 * and the others wait for another one. When the way is open it is too late for
 * that, and the call answers `AKT_OK`; a cancelled task hears of it at its next
 * wait.
 *
 * Tasks and attached threads are parties; a handler cannot wait. Who may use it,
 * and when it closes, is as for a semaphore (semaphore.h).
 */
#ifndef AKT_BARRIER_H
#define AKT_BARRIER_H

#include "akt/error.h"
#include "akt/export.h"
#include "akt/types.h"

AKT_BEGIN_DECLS

/** A barrier. A value, which may be copied; zero is none. */
typedef struct akt_barrier {
    void *cell;
    uint32_t generation; /**< 0: none */
} akt_barrier;

/**
 * @brief Opens a barrier that is the caller's.
 * @param self [borrow] an actor, a task or an attached thread
 * @param parties how many have to come; at least 1
 * @param out_barrier [out] its name
 * @retval AKT_OK it is open
 * @retval AKT_EINVAL no parties
 * @retval AKT_ENOMEM out of memory
 * @retval AKT_ECONTEXT in a job, which owns nothing
 * @retval AKT_EFORK the system belongs to the parent of this process
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_barrier_open(akt_self *self, uint32_t parties,
                                               akt_barrier *out_barrier);

/**
 * @brief Comes, and waits until all have.
 * @param self [borrow] a task or an attached thread
 * @param barrier any
 * @param out_leader [out] whether the caller came last; may be NULL
 * @retval AKT_OK all have come
 * @retval AKT_ECLOSED it is or was closed before all had come
 * @retval AKT_ECANCELLED the task is cancelled, and has not come
 * @retval AKT_ESTOPPED the system has stopped, and the caller is a thread
 * @retval AKT_ETIMEOUT in a simulation: nothing can happen any more
 * @retval AKT_ECONTEXT in a handler or job
 * @retval AKT_EFOREIGN it is of another system
 * @retval AKT_EFORK the system belongs to the parent of this process
 * @threadsafety actor
 * @blocking until then
 */
AKT_API AKT_NODISCARD akt_err akt_barrier_wait(akt_self *self,
                                               akt_barrier barrier,
                                               bool *out_leader);

/**
 * @brief The same, but waits no longer than `timeout_ns`.
 * @param self [borrow] a task or an attached thread
 * @param timeout_ns how long; `AKT_NEVER`; 0: only if the caller is the last
 * @param barrier any
 * @param out_leader [out] whether the caller came last; may be NULL
 * @retval AKT_OK all have come
 * @retval AKT_ETIMEOUT the time is up, and the caller has not come
 * @retval AKT_ENOMEM out of memory for the timer; the caller has not come
 * @retval AKT_ECLOSED it is or was closed before all had come
 * @retval AKT_ECANCELLED the task is cancelled, and has not come
 * @retval AKT_ECONTEXT in a handler or job
 * @retval AKT_EFOREIGN it is of another system
 * @retval AKT_EFORK the system belongs to the parent of this process
 * @threadsafety actor
 * @blocking until then
 */
AKT_API AKT_NODISCARD akt_err akt_barrier_wait_within(akt_self *self,
                                                      uint64_t timeout_ns,
                                                      akt_barrier barrier,
                                                      bool *out_leader);

/**
 * @brief Closes a barrier.
 * @param self [borrow] who opened it
 * @param barrier any
 * @retval AKT_OK it is closed, and who waited will hear `AKT_ECLOSED`
 * @retval AKT_EENDED it was closed before, or it is not the caller's
 * @retval AKT_EFORK the system belongs to the parent of this process
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_barrier_close(akt_self *self,
                                                akt_barrier barrier);

AKT_END_DECLS

#endif
