/* SPDX-License-Identifier: MIT */
/**
 * @file semaphore.h
 * @brief Semaphores: at most so many at a time, in the order in which they came.
 *
 *     akt_semaphore slots;
 *     AKT_TRY(akt_semaphore_open(self, 10, &slots));
 *     ...
 *     AKT_TRY(akt_semaphore_acquire(self, slots, 1));
 *     err = fetch(self, url);
 *     akt_ignore(akt_semaphore_release(self, slots, 1));
 *
 * **Fair.** Who comes first is served first, also when it wants many permits and
 * others behind it want few. Permits are given to who waits at the moment when
 * they are released, so nobody who comes later takes them away, and
 * `akt_semaphore_try_acquire` gets none while somebody waits.
 *
 * **Permits belong to nobody** when they are acquired. Whoever has taken some gives
 * them back, or lets another do it; a task that is cancelled does so on its way out.
 * They do not come back by themselves when who has them ends. Permits that are held
 * do: they belong to who took them, or to the task that was spawned with them
 * (give.h), and are given back when the scope in which they were taken is closed,
 * at the latest when their owner ends:
 *
 *     akt_hold slot;
 *     AKT_TRY(akt_semaphore_hold(self, slots, 1, &slot));
 *     return fetch(self, url);
 *
 * **A lock** is a semaphore of one permit: it may be held over a wait, and is
 * handed on in order. There is no other. Often what is wanted is an actor instead,
 * which does one thing at a time anyway.
 *
 * **Where it may be used.** By whoever has the value: tasks and attached threads
 * wait; handlers and jobs try, and a handler may ask for a future. The value goes
 * into a message as a local one (message.h).
 *
 * **Its end.** It belongs to the actor, task or attached thread that opened it,
 * which alone may close it, and closes with the scope (scope.h) in which it was
 * opened, at the latest when its owner ends. Who waits then, and every call later,
 * hears `AKT_ECLOSED`.
 */
#ifndef AKT_SEMAPHORE_H
#define AKT_SEMAPHORE_H

#include "akt/error.h"
#include "akt/export.h"
#include "akt/future.h"
#include "akt/types.h"
#include "akt/wake.h"

AKT_BEGIN_DECLS

/** The most permits that a semaphore may have. */
#define AKT_SEMAPHORE_MAX UINT32_C(0x3fffffff)

/** A semaphore. A value, which may be copied; zero is none. */
typedef struct akt_semaphore {
    void *cell;
    uint32_t generation; /**< 0: none */
} akt_semaphore;

/** Permits of a semaphore that have an owner. A value; zero is none. */
typedef struct akt_hold {
    void *cell;
    uint32_t generation; /**< 0: none */
} akt_hold;

/**
 * @brief Opens a semaphore that is the caller's.
 * @param self [borrow] an actor, a task or an attached thread
 * @param permits how many there are to begin with; 0 is allowed
 * @param out_semaphore [out] its name
 * @retval AKT_OK it is open
 * @retval AKT_EINVAL more than `AKT_SEMAPHORE_MAX`
 * @retval AKT_ENOMEM out of memory
 * @retval AKT_ECONTEXT in a job, which owns nothing
 * @retval AKT_EFORK the system belongs to the parent of this process
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_semaphore_open(akt_self *self,
                                                 uint32_t permits,
                                                 akt_semaphore *out_semaphore);

/**
 * @brief Takes permits, and waits until it is the caller's turn and there are
 *        enough.
 * @param self [borrow] a task or an attached thread
 * @param semaphore any
 * @param n how many, all at once; at least 1
 * @retval AKT_OK they are the caller's
 * @retval AKT_EINVAL `n` is 0, or more than `AKT_SEMAPHORE_MAX`
 * @retval AKT_ECLOSED it is or was closed
 * @retval AKT_ECANCELLED the task is cancelled; no permit was taken
 * @retval AKT_ESTOPPED the system has stopped, and the caller is a thread
 * @retval AKT_ETIMEOUT in a simulation: nothing can happen any more
 * @retval AKT_ECONTEXT in a handler or job
 * @retval AKT_EFOREIGN it is of another system
 * @retval AKT_EFORK the system belongs to the parent of this process
 * @threadsafety actor
 * @blocking until then
 */
AKT_API AKT_NODISCARD akt_err akt_semaphore_acquire(akt_self *self,
                                                    akt_semaphore semaphore,
                                                    uint32_t n);

/**
 * @brief The same, but waits no longer than `timeout_ns`.
 * @param self [borrow] a task or an attached thread
 * @param timeout_ns how long; `AKT_NEVER`; 0: only look
 * @param semaphore any
 * @param n how many, all at once; at least 1
 * @retval AKT_OK they are the caller's
 * @retval AKT_ETIMEOUT the time is up; no permit was taken
 * @retval AKT_ENOMEM out of memory for the timer; no permit was taken
 * @retval AKT_EINVAL `n` is 0, or more than `AKT_SEMAPHORE_MAX`
 * @retval AKT_ECLOSED it is or was closed
 * @retval AKT_ECANCELLED the task is cancelled; no permit was taken
 * @retval AKT_ECONTEXT in a handler or job
 * @retval AKT_EFOREIGN it is of another system
 * @retval AKT_EFORK the system belongs to the parent of this process
 * @threadsafety actor
 * @blocking until then
 */
AKT_API AKT_NODISCARD akt_err akt_semaphore_acquire_within(
    akt_self *self, uint64_t timeout_ns, akt_semaphore semaphore, uint32_t n);

/**
 * @brief Takes permits if they are there and nobody waits.
 * @param self [borrow] any view
 * @param semaphore any
 * @param n how many, all at once; at least 1
 * @retval AKT_OK they are the caller's
 * @retval AKT_EEMPTY not now; no permit was taken
 * @retval AKT_EINVAL `n` is 0, or more than `AKT_SEMAPHORE_MAX`
 * @retval AKT_ECLOSED it is closed
 * @retval AKT_EFOREIGN it is of another system
 * @retval AKT_EFORK the system belongs to the parent of this process
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_semaphore_try_acquire(akt_self *self,
                                                        akt_semaphore semaphore,
                                                        uint32_t n);

/**
 * @brief Takes one permit when it is the caller's turn, and tells it by a future.
 *
 * The future ends as an answer to `akt_wake` (wake.h): `AKT_REPLIED`, and the
 * permit is the caller's, or `AKT_FAILED` by `AKT_ECLOSED`. `akt_cancel` gives the
 * turn up; where it answers `AKT_EENDED` the permit has come and is to be released.
 * An actor that ends with such a permit unheard has taken it along.
 * @param self [borrow] an actor, a task or an attached thread
 * @param semaphore any
 * @param out_future [out] the future; it has no deadline
 * @retval AKT_OK it is in the line, or has the permit already
 * @retval AKT_ECLOSED it is closed
 * @retval AKT_ELIMIT as many futures are open as the class allows
 * @retval AKT_ENOMEM out of memory
 * @retval AKT_ECONTEXT in a job
 * @retval AKT_EFOREIGN it is of another system
 * @retval AKT_EFORK the system belongs to the parent of this process
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_semaphore_acquire_future(
    akt_self *self, akt_semaphore semaphore, akt_future *out_future);

/**
 * @brief Takes permits as `akt_semaphore_acquire` does, and keeps them for the
 *        caller: they are given back by `akt_hold_release`, or by themselves.
 * @param self [borrow] a task or an attached thread
 * @param semaphore any
 * @param n how many, all at once; at least 1
 * @param out_hold [out] the caller's
 * @retval AKT_OK they are the caller's
 * @retval AKT_ENOMEM out of memory; no permit was taken
 * @retval AKT_ECLOSED and others: as `akt_semaphore_acquire`
 * @threadsafety actor
 * @blocking until it is the caller's turn and there are enough
 */
AKT_API AKT_NODISCARD akt_err akt_semaphore_hold(akt_self *self,
                                                 akt_semaphore semaphore,
                                                 uint32_t n,
                                                 akt_hold *out_hold);

/**
 * @brief The same, but waits no longer than `timeout_ns`.
 * @param self [borrow] a task or an attached thread
 * @param timeout_ns how long; `AKT_NEVER`; 0: only look
 * @param semaphore any
 * @param n how many, all at once; at least 1
 * @param out_hold [out] the caller's
 * @retval AKT_OK they are the caller's
 * @retval AKT_ETIMEOUT the time is up; no permit was taken
 * @retval AKT_ENOMEM out of memory; no permit was taken
 * @retval AKT_ECLOSED and others: as `akt_semaphore_acquire`
 * @threadsafety actor
 * @blocking until then
 */
AKT_API AKT_NODISCARD akt_err akt_semaphore_hold_within(akt_self *self,
                                                        uint64_t timeout_ns,
                                                        akt_semaphore semaphore,
                                                        uint32_t n,
                                                        akt_hold *out_hold);

/**
 * @brief The same if the permits are there and nobody waits.
 * @param self [borrow] an actor, a task or an attached thread
 * @param semaphore any
 * @param n how many, all at once; at least 1
 * @param out_hold [out] the caller's
 * @retval AKT_OK they are the caller's
 * @retval AKT_EEMPTY not now; no permit was taken
 * @retval AKT_ENOMEM out of memory; no permit was taken
 * @retval AKT_ECONTEXT in a job, which owns nothing
 * @retval AKT_ECLOSED and others: as `akt_semaphore_try_acquire`
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_semaphore_try_hold(akt_self *self,
                                                     akt_semaphore semaphore,
                                                     uint32_t n,
                                                     akt_hold *out_hold);

/**
 * @brief Gives permits back that are held. Without effect on the semaphore when that
 *        is closed.
 * @param self [borrow] their owner
 * @param hold what `akt_semaphore_hold` gave
 * @retval AKT_OK done
 * @retval AKT_EENDED they were given back before, or are not the caller's
 * @retval AKT_EFORK the system belongs to the parent of this process
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_hold_release(akt_self *self, akt_hold hold);

/**
 * @brief Gives permits back, or adds new ones.
 * @param self [borrow] any view
 * @param semaphore any
 * @param n how many; at least 1
 * @retval AKT_OK they are free, or have gone to who waited
 * @retval AKT_EINVAL `n` is 0, or there would be more than `AKT_SEMAPHORE_MAX`
 * @retval AKT_ECLOSED it is closed
 * @retval AKT_EFOREIGN it is of another system
 * @retval AKT_EFORK the system belongs to the parent of this process
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_semaphore_release(akt_self *self,
                                                    akt_semaphore semaphore,
                                                    uint32_t n);

/**
 * @brief How many permits are free at this moment.
 * @param self [borrow] any view
 * @param semaphore any
 * @return 0 also when it is closed or of another system
 * @threadsafety actor
 * @blocking no
 */
AKT_API uint32_t akt_semaphore_available(akt_self *self,
                                         akt_semaphore semaphore);

/**
 * @brief Closes a semaphore.
 * @param self [borrow] who opened it
 * @param semaphore any
 * @retval AKT_OK it is closed, and who waited will hear `AKT_ECLOSED`
 * @retval AKT_EENDED it was closed before, or it is not the caller's
 * @retval AKT_EFORK the system belongs to the parent of this process
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_semaphore_close(akt_self *self,
                                                  akt_semaphore semaphore);

AKT_END_DECLS

#endif
