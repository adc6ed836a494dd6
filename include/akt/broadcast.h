/* SPDX-License-Identifier: MIT */
/**
 * @file broadcast.h
 * @brief Broadcasts: every receiver gets every message, as long as it keeps up.
 *
 *     akt_broadcast_tx tx;
 *     AKT_TRY(akt_broadcast_open(self, tick, 64, &tx));
 *     ...
 *     AKT_TRY(akt_broadcast_send(self, tx, tick, .n = 1));
 *
 * and each of those who listen:
 *
 *     akt_broadcast_rx rx;
 *     struct tick t;
 *     uint64_t lost;
 *     AKT_TRY(akt_broadcast_subscribe(self, tx, &rx));
 *     while ((err = akt_broadcast_recv(self, rx, tick, &t, &lost)) == AKT_OK
 *            || err == AKT_ELAGGED) {
 *         if (err == AKT_OK)
 *             use(&t);
 *         else
 *             count(lost);
 *     }
 *
 * A receiver gets what is sent after it was subscribed, in the order of sending.
 * So many messages as the capacity says are kept; a send never waits, and takes
 * the place of the oldest one. A receiver that had not got that one yet has lagged:
 * its next call answers `AKT_ELAGGED` with the number of messages that it lost, and
 * then it goes on with the oldest that is kept. So what it received and what it
 * lost are together what was sent.
 *
 * Nobody need listen: a send without receivers is `AKT_OK`. When the last sender is
 * closed receivers get what is left, and then hear `AKT_ECLOSED`.
 *
 * Values and ends are as those of a watch (watch.h); a sender can be cloned.
 */
#ifndef AKT_BROADCAST_H
#define AKT_BROADCAST_H

#include "akt/error.h"
#include "akt/export.h"
#include "akt/future.h"
#include "akt/message.h"
#include "akt/task.h"
#include "akt/types.h"
#include "akt/wake.h"

AKT_BEGIN_DECLS

/** An end that is sent into. A value; zero is none. */
typedef struct akt_broadcast_tx {
    void *cell;
    uint32_t generation; /**< 0: none */
} akt_broadcast_tx;

/** An end that receives. A value; zero is none. */
typedef struct akt_broadcast_rx {
    void *cell;
    uint32_t generation; /**< 0: none */
} akt_broadcast_rx;

/**
 * Opens a broadcast that keeps `capacity` messages: `akt_broadcast_open(self, tick,
 * 64, &tx)`. Memory for them is taken at once. `AKT_EINVAL`: a capacity of 0, or more
 * than 256 MiB (the log says so). `AKT_ETYPE`: the type has texts, bytes or a
 * destructor, or is aligned to more than 64 (the log says so). `AKT_ENOMEM`.
 * `AKT_ECONTEXT`: in a job, which owns nothing. `AKT_EFORK`. Does not block.
 */
#define akt_broadcast_open(self, name, capacity, out_tx)                       \
    akti_broadcast_open((self), &name##_type, (capacity), (out_tx))

/**
 * Sends to all receivers: `akt_broadcast_send(self, tx, tick, .n = 1)`.
 * `AKT_EENDED`: this end is closed. `AKT_ETYPE`: it carries another type.
 * `AKT_EFOREIGN`: of another system. `AKT_EFORK`. Any view, also a job's; does not
 * block.
 */
#define akt_broadcast_send(self, tx, ...)                                      \
    akti_broadcast_send((self), (tx),                                          \
                        &(akti_message_arg){AKTI_FIRST_TYPE(__VA_ARGS__),      \
                                            &AKTI_LITERAL(__VA_ARGS__)})

/**
 * Receives the next message, when there is one: `akt_broadcast_recv(self, rx, tick,
 * &t, &lost)` fills a `struct tick`. `AKT_ELAGGED`: it was too slow, and `lost`, a
 * `uint64_t` (its pointer may be NULL), says how many messages are gone.
 * `AKT_ECLOSED`: all senders are closed, and nothing is left. `AKT_EENDED`: this end
 * is closed. `AKT_ECANCELLED`: the task is cancelled, and nothing was taken.
 * `AKT_ETYPE`: it carries another type. `AKT_ECONTEXT`: in a handler or job.
 * `AKT_ETIMEOUT`: in a simulation where nothing can happen any more. `AKT_ESTOPPED`:
 * the system has stopped, and the caller is a thread. `AKT_EFOREIGN`,
 * `AKT_EFORK`. A task or an attached thread; blocks until there is one.
 */
#define akt_broadcast_recv(self, rx, name, out, out_lost)                      \
    akt_broadcast_recv_within(self, AKT_NEVER, rx, name, out, out_lost)

/** The same, for `timeout_ns` at most: `AKT_ETIMEOUT`; `AKT_ENOMEM`. */
#define akt_broadcast_recv_within(self, timeout_ns, rx, name, out, out_lost)   \
    akti_broadcast_recv((self), (timeout_ns), (rx),                            \
                        AKTI_BROADCAST_PLACE(name, out, out_lost))

/** The same without waiting, from any view. `AKT_EEMPTY`: there is nothing now. */
#define akt_broadcast_try_recv(self, rx, name, out, out_lost)                  \
    akti_broadcast_try_recv((self), (rx),                                      \
                            AKTI_BROADCAST_PLACE(name, out, out_lost))

/**
 * @brief Makes a receiver that is the caller's, of all that is sent from now on.
 * @param self [borrow] an actor, a task or an attached thread
 * @param tx an open end, of whomever
 * @param out_rx [out] the receiver
 * @retval AKT_OK done
 * @retval AKT_EENDED `tx` is closed
 * @retval AKT_ENOMEM out of memory
 * @retval AKT_ECONTEXT in a job, which owns nothing
 * @retval AKT_EFOREIGN it is of another system
 * @retval AKT_EFORK the system belongs to the parent of this process
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_broadcast_subscribe(akt_self *self,
                                                      akt_broadcast_tx tx,
                                                      akt_broadcast_rx *out_rx);

/**
 * @brief Makes another sender, which is the caller's.
 * @param self [borrow] an actor, a task or an attached thread
 * @param tx an open end, of whomever
 * @param out_tx [out] the clone
 * @retval AKT_OK done
 * @retval AKT_EENDED `tx` is closed
 * @retval AKT_ENOMEM out of memory
 * @retval AKT_ECONTEXT in a job, which owns nothing
 * @retval AKT_EFOREIGN it is of another system
 * @retval AKT_EFORK the system belongs to the parent of this process
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_broadcast_tx_clone(akt_self *self,
                                                     akt_broadcast_tx tx,
                                                     akt_broadcast_tx *out_tx);

/**
 * @brief A future that ends when it is worth to receive: as an answer to `akt_wake`
 *        (wake.h).
 *
 * `AKT_REPLIED`: there is a message, or all senders are closed; `AKT_FAILED` by
 * `AKT_EENDED`: this end was closed. It only tells, and takes nothing.
 * @param self [borrow] an actor, a task or an attached thread
 * @param rx an open end
 * @param out_future [out] the future; it has no deadline
 * @retval AKT_OK there it is; it may have ended already
 * @retval AKT_EENDED this end is closed
 * @retval AKT_ELIMIT as many futures are open as the class allows
 * @retval AKT_ENOMEM out of memory
 * @retval AKT_ECONTEXT in a job
 * @retval AKT_EFOREIGN it is of another system
 * @retval AKT_EFORK the system belongs to the parent of this process
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_broadcast_readable(akt_self *self,
                                                     akt_broadcast_rx rx,
                                                     akt_future *out_future);

/**
 * @brief Closes a sender.
 * @param self [borrow] who opened or cloned it
 * @param tx an open end
 * @retval AKT_OK closed
 * @retval AKT_EENDED it was closed before, or it is not the caller's
 * @retval AKT_EFORK the system belongs to the parent of this process
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_broadcast_tx_close(akt_self *self,
                                                     akt_broadcast_tx tx);

/**
 * @brief Closes a receiver. Who waits by it hears `AKT_EENDED`.
 * @param self [borrow] who subscribed it
 * @param rx an open end
 * @retval AKT_OK closed
 * @retval AKT_EENDED it was closed before, or it is not the caller's
 * @retval AKT_EFORK the system belongs to the parent of this process
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_broadcast_rx_close(akt_self *self,
                                                     akt_broadcast_rx rx);

/* What the macros call. Their contracts are those of the macros. */

/** Where a message is to go, or how many were lost. */
typedef struct akti_broadcast_place {
    const akt_type *type;
    void *out;
    uint64_t *out_lost;
} akti_broadcast_place;

AKT_API AKT_NODISCARD akt_err akti_broadcast_open(akt_self *self,
                                                  const akt_type *type,
                                                  uint32_t capacity,
                                                  akt_broadcast_tx *out_tx);
AKT_API AKT_NODISCARD akt_err akti_broadcast_send(
    akt_self *self, akt_broadcast_tx tx, const akti_message_arg *value);
AKT_API AKT_NODISCARD akt_err
akti_broadcast_recv(akt_self *self, uint64_t timeout_ns, akt_broadcast_rx rx,
                    const akti_broadcast_place *place);
AKT_API AKT_NODISCARD akt_err akti_broadcast_try_recv(
    akt_self *self, akt_broadcast_rx rx, const akti_broadcast_place *place);

#define AKTI_BROADCAST_PLACE(name, out, out_lost)                              \
    (&(akti_broadcast_place){&name##_type, AKTI_OUT(struct name, out),         \
                             (out_lost)})

AKT_END_DECLS

#endif
