/* SPDX-License-Identifier: MIT */
/**
 * @file watch.h
 * @brief Watches: one value of which everybody wants to have the latest.
 *
 *     #define CONFIG(F) F(i64, level) F(bool, verbose)
 *     AKT_MESSAGE(config, CONFIG);
 *
 *     akt_watch_tx tx;
 *     AKT_TRY(akt_watch_open(self, config, &tx, .level = 1));
 *     ...
 *     AKT_TRY(akt_watch_send(self, tx, config, .level = 2));
 *
 * and who follows it:
 *
 *     akt_watch_rx rx;
 *     struct config c;
 *     AKT_TRY(akt_watch_subscribe(self, tx, &rx));
 *     while ((err = akt_watch_changed(self, rx)) == AKT_OK) {
 *         AKT_TRY(akt_watch_borrow(self, rx, config, &c));
 *         apply(&c);
 *     }
 *
 * There is always one value; a new one replaces it. A receiver that is slow misses
 * what was replaced meanwhile, and never the last one: `akt_watch_changed` waits
 * only while the receiver has seen what is there. When the sender is gone the last
 * value is still there; a receiver that has seen it hears `AKT_ECLOSED`.
 *
 * **Values** are copied, in and out. Types with texts, bytes or a destructor are
 * refused (`AKT_ETYPE`), since copies would own the same thing. A value should be
 * small: it is copied under a lock.
 *
 * **Ends** are as those of channels. Whoever has the value of an end may use it;
 * it belongs to who opened or subscribed it, who alone may close it, and it closes
 * when that ends. Every call by a closed end answers `AKT_EENDED`. Several tasks may
 * use one receiver: a change is told to one of them.
 */
#ifndef AKT_WATCH_H
#define AKT_WATCH_H

#include "akt/error.h"
#include "akt/export.h"
#include "akt/future.h"
#include "akt/message.h"
#include "akt/task.h"
#include "akt/types.h"
#include "akt/wake.h"

AKT_BEGIN_DECLS

/** The end that replaces the value. A value; zero is none. */
typedef struct akt_watch_tx {
    void *cell;
    uint32_t generation; /**< 0: none */
} akt_watch_tx;

/** An end that sees it. A value; zero is none. */
typedef struct akt_watch_rx {
    void *cell;
    uint32_t generation; /**< 0: none */
} akt_watch_rx;

/**
 * Opens a watch with its first value: `akt_watch_open(self, config, &tx, .level =
 * 1)`. `AKT_ETYPE`: the type has texts, bytes or a destructor, or is aligned to more
 * than 64 (the log says so). `AKT_ENOMEM`. `AKT_ECONTEXT`: in a job, which owns
 * nothing. `AKT_EFORK`. Does not block.
 */
#define akt_watch_open(self, name, ...)                                        \
    akti_watch_open((self),                                                    \
                    &(akti_message_arg){&name##_type, &AKTI_LITERAL_BEHIND(    \
                                                          name, __VA_ARGS__)}, \
                    AKTI_FIRST(__VA_ARGS__))

/**
 * Replaces the value and wakes who waits for it: `akt_watch_send(self, tx, config,
 * .level = 2)`; also when nobody looks. `AKT_EENDED`: this end is closed.
 * `AKT_ETYPE`: the watch is of another type. `AKT_EFOREIGN`: of another system.
 * `AKT_EFORK`. Any view, also a job's; does not block.
 */
#define akt_watch_send(self, tx, ...)                                          \
    akti_watch_send((self), (tx),                                              \
                    &(akti_message_arg){AKTI_FIRST_TYPE(__VA_ARGS__),          \
                                        &AKTI_LITERAL(__VA_ARGS__)})

/**
 * Copies the value out: `akt_watch_borrow(self, rx, config, &c)` fills a `struct
 * config`, and the receiver has seen it. There is one also when the sender is gone.
 * `AKT_EENDED`: this end is closed. `AKT_ETYPE`: the watch is of another type.
 * `AKT_EFOREIGN`: of another system. `AKT_EFORK`. Any view; does not block.
 */
#define akt_watch_borrow(self, rx, name, out)                                  \
    akti_watch_borrow((self), (rx), &name##_type, AKTI_OUT(struct name, out))

/**
 * @brief Makes a receiver that is the caller's; it has seen what is there.
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
AKT_API AKT_NODISCARD akt_err akt_watch_subscribe(akt_self *self,
                                                  akt_watch_tx tx,
                                                  akt_watch_rx *out_rx);

/**
 * @brief Waits until there is a value that the receiver has not seen, which it then
 *        has.
 * @param self [borrow] a task or an attached thread
 * @param rx an open end
 * @retval AKT_OK there is one
 * @retval AKT_ECLOSED the sender is gone, and the last value has been seen
 * @retval AKT_EENDED this end is closed
 * @retval AKT_ECANCELLED the task is cancelled; nothing was seen
 * @retval AKT_ESTOPPED the system has stopped, and the caller is a thread
 * @retval AKT_ETIMEOUT in a simulation: nothing can happen any more
 * @retval AKT_ECONTEXT in a handler or job
 * @retval AKT_EFOREIGN it is of another system
 * @retval AKT_EFORK the system belongs to the parent of this process
 * @threadsafety actor
 * @blocking until then
 */
AKT_API AKT_NODISCARD akt_err akt_watch_changed(akt_self *self,
                                                akt_watch_rx rx);

/**
 * @brief The same, but waits no longer than `timeout_ns`.
 * @param self [borrow] a task or an attached thread
 * @param timeout_ns how long; `AKT_NEVER`; 0: only look
 * @param rx an open end
 * @retval AKT_OK there is one
 * @retval AKT_ETIMEOUT the time is up
 * @retval AKT_ENOMEM out of memory for the timer
 * @retval AKT_ECLOSED the sender is gone, and the last value has been seen
 * @retval AKT_EENDED this end is closed
 * @retval AKT_ECANCELLED the task is cancelled; nothing was seen
 * @retval AKT_ECONTEXT in a handler or job
 * @retval AKT_EFOREIGN it is of another system
 * @retval AKT_EFORK the system belongs to the parent of this process
 * @threadsafety actor
 * @blocking until then
 */
AKT_API AKT_NODISCARD akt_err akt_watch_changed_within(akt_self *self,
                                                       uint64_t timeout_ns,
                                                       akt_watch_rx rx);

/**
 * @brief Whether there is a value that the receiver has not seen, which it then has.
 * @param self [borrow] any view
 * @param rx an open end
 * @retval AKT_OK there is one
 * @retval AKT_EEMPTY there is none
 * @retval AKT_ECLOSED the sender is gone, and the last value has been seen
 * @retval AKT_EENDED this end is closed
 * @retval AKT_EFOREIGN it is of another system
 * @retval AKT_EFORK the system belongs to the parent of this process
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_watch_try_changed(akt_self *self,
                                                    akt_watch_rx rx);

/**
 * @brief A future that ends when it is worth to look: as an answer to `akt_wake`
 *        (wake.h).
 *
 * `AKT_REPLIED`: there is a value that the receiver has not seen, or the sender is
 * gone; `AKT_FAILED` by `AKT_EENDED`: this end was closed. It only tells, and
 * nothing is seen by it.
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
AKT_API AKT_NODISCARD akt_err akt_watch_changed_future(akt_self *self,
                                                       akt_watch_rx rx,
                                                       akt_future *out_future);

/**
 * @brief Closes the sender. Receivers still get the last value.
 * @param self [borrow] who opened it
 * @param tx an open end
 * @retval AKT_OK closed
 * @retval AKT_EENDED it was closed before, or it is not the caller's
 * @retval AKT_EFORK the system belongs to the parent of this process
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_watch_tx_close(akt_self *self,
                                                 akt_watch_tx tx);

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
AKT_API AKT_NODISCARD akt_err akt_watch_rx_close(akt_self *self,
                                                 akt_watch_rx rx);

/* What the macros call. Their contracts are those of the macros. */

AKT_API AKT_NODISCARD akt_err akti_watch_open(akt_self *self,
                                              const akti_message_arg *first,
                                              akt_watch_tx *out_tx);
AKT_API AKT_NODISCARD akt_err akti_watch_send(akt_self *self, akt_watch_tx tx,
                                              const akti_message_arg *value);
AKT_API AKT_NODISCARD akt_err akti_watch_borrow(akt_self *self, akt_watch_rx rx,
                                                const akt_type *type,
                                                void *out);

AKT_END_DECLS

#endif
