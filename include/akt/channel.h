/* SPDX-License-Identifier: MIT */
/**
 * @file channel.h
 * @brief Channels: bounded queues of values between tasks, threads and actors.
 *
 * A channel carries values of one declared type. It has a bound; who sends to a
 * full one waits, and who receives from an empty one too:
 *
 *     struct job { int64_t number; };
 *     AKT_LOCAL_MESSAGE(job);
 *
 *     struct worker { akt_rx jobs; };
 *
 *     static akt_err
 *     work(akt_self *self, struct worker *w)
 *     {
 *         struct job j;
 *         akt_err err;
 *
 *         while ((err = akt_channel_recv(self, w->jobs, job, &j)) == AKT_OK)
 *             printf("%" PRId64 "\n", j.number);
 *         return err == AKT_ECLOSED ? AKT_OK : err;
 *     }
 *     AKT_TASK(work, struct worker);
 *
 *     akt_tx tx;
 *     akt_rx rx;
 *     AKT_TRY(akt_channel_open(self, job, 32, &tx, &rx));
 *     AKT_TRY(akt_task_spawn_giving(self, work, AKT_GIFTS(rx), &task,
 *                                   .jobs = rx));
 *     AKT_TRY(akt_channel_send(self, tx, job, .number = 1));
 *     AKT_TRY(akt_tx_close(self, tx));
 *
 * **Values** are copied in and out as they are. Types with texts or bytes are
 * refused (`AKT_ETYPE`): a pointer in a local message with a destructor
 * (`AKT_LOCAL_MESSAGE_WITH`) carries them. A value that was sent belongs to the
 * channel, then to who receives it; one that nobody can receive any more is
 * destroyed by its type's destructor. On an error nothing has happened, and the
 * value is still the caller's.
 *
 * **Ends.** An `akt_tx` or `akt_rx` is a value that names one end. Whoever
 * has it may use it, from any task or thread, until it is closed. Each end has one
 * owner, who opened or cloned it, or was given it, and alone may close it or give
 * it away. It closes by itself when its owner (task, actor or attached thread)
 * ends, and with the scope in which a task opened it. So the ends that others are to
 * close are given to them: with the spawn of a task, as above (give.h), or to what
 * runs already, by `akt_rx_give`. That may use an end before it has been given to it,
 * and an end that is given to who has ended is closed. Of each sort there may be
 * several: each sender a clone, and each value goes to one of the receivers.
 *
 * **Closed.** When all receivers are closed, what is queued is destroyed and sends
 * answer `AKT_ECLOSED`. When all senders are closed and no permit is left, receivers
 * get what is queued, and then `AKT_ECLOSED`.
 *
 * **Waiting** is for tasks and attached threads (`AKT_ECONTEXT` in handlers,
 * continuations and jobs). Whoever waits longest is woken first, but who comes by
 * meanwhile may be faster. A wait that is cancelled or times out has sent and
 * received nothing. Actors use the `try` forms, and are told by a future when to
 * try: `akt_channel_readable`, `akt_channel_writable`.
 *
 * A channel takes memory for what is queued, by blocks, and gives it back.
 */
#ifndef AKT_CHANNEL_H
#define AKT_CHANNEL_H

#include "akt/error.h"
#include "akt/export.h"
#include "akt/future.h"
#include "akt/message.h"
#include "akt/task.h"
#include "akt/types.h"
#include "akt/wake.h"

AKT_BEGIN_DECLS

/** An end that values are sent into. All zero is none. */
typedef struct akt_tx {
    void *cell;
    uint32_t generation;
} akt_tx;

/** An end that values come out of. All zero is none. */
typedef struct akt_rx {
    void *cell;
    uint32_t generation;
} akt_rx;

/** A place in a channel that is kept free for its owner. */
typedef struct akt_permit {
    void *cell;
    uint32_t generation;
} akt_permit;

/** The largest bound of a channel. */
#define AKT_CHANNEL_CAPACITY_MAX 1000000u

/** What has become of a channel's values: `sent` is the sum of the next three. */
typedef struct akt_channel_counters {
    uint64_t sent;
    uint64_t received;
    uint64_t destroyed; /**< by their destructor; nobody could receive them */
    uint32_t queued;
    uint32_t permits;   /**< places kept free */
    uint32_t senders;   /**< open ends */
    uint32_t receivers; /**< open ends */
} akt_channel_counters;

/**
 * Opens a channel: `akt_channel_open(self, job, 32, &tx, &rx)`, with one end of each
 * sort, which are the caller's. `AKT_EINVAL`: the capacity is not from 1 to
 * `AKT_CHANNEL_CAPACITY_MAX`. `AKT_ETYPE`: the type has texts or bytes, or is
 * aligned to more than 64. `AKT_ENOMEM`. `AKT_ECONTEXT`: in a job, which owns
 * nothing. Does not block.
 */
#define akt_channel_open(self, name, capacity, out_tx, out_rx)                 \
    akti_channel_open((self), &name##_type, (capacity), (out_tx), (out_rx))

/**
 * Sends, when there is room: `akt_channel_send(self, tx, job, .number = 1)`. What
 * follows the type are initialisers of its struct. `AKT_ECLOSED`: all receivers are
 * closed. `AKT_EENDED`: this end is closed. `AKT_ECANCELLED`: the task is cancelled.
 * `AKT_ETYPE`: the channel carries another type. `AKT_ENOMEM`. `AKT_ECONTEXT`: in a
 * handler or job. `AKT_EFOREIGN`: of another system. `AKT_EFORK`. Blocks until there
 * is room.
 */
#define akt_channel_send(self, tx, ...)                                        \
    akt_channel_send_within(self, AKT_NEVER, tx, __VA_ARGS__)

/** The same, for `timeout_ns` at most: `AKT_ETIMEOUT`. */
#define akt_channel_send_within(self, timeout_ns, tx, ...)                     \
    akti_channel_send((self), (tx), (timeout_ns), AKTI_VALUE(__VA_ARGS__))

/**
 * The same without waiting, from wherever there is a `self`. `AKT_EFULL`: there is
 * no room.
 */
#define akt_channel_try_send(self, tx, ...)                                    \
    akti_channel_try_send((self), (tx), AKTI_VALUE(__VA_ARGS__))

/**
 * Receives the oldest value, when there is one: `akt_channel_recv(self, rx, job,
 * &j)` fills a `struct job`, which is the caller's from then on. `AKT_ECLOSED`: all
 * senders are closed, and nothing is left. `AKT_EENDED`: this end is closed. Others
 * as for `akt_channel_send`. Blocks until there is one.
 */
#define akt_channel_recv(self, rx, name, out)                                  \
    akt_channel_recv_within(self, AKT_NEVER, rx, name, out)

/** The same, for `timeout_ns` at most: `AKT_ETIMEOUT`. */
#define akt_channel_recv_within(self, timeout_ns, rx, name, out)               \
    akti_channel_recv((self), (rx), (timeout_ns), &name##_type,                \
                      AKTI_OUT(struct name, out))

/**
 * The same without waiting, from wherever there is a `self`. `AKT_EEMPTY`: there is
 * nothing now.
 */
#define akt_channel_try_recv(self, rx, name, out)                              \
    akti_channel_try_recv((self), (rx), &name##_type,                          \
                          AKTI_OUT(struct name, out))

/**
 * @brief Waits for room and keeps it: a send by the permit neither waits nor fails
 *        for want of memory. A permit that is not used is to be released, and is
 *        when its owner ends.
 * @param self [borrow] a task or an attached thread
 * @param tx an open end
 * @param out_permit [out] the caller's
 * @retval AKT_OK there is a place for the caller
 * @retval AKT_ECLOSED all receivers are closed
 * @retval AKT_EENDED this end is closed
 * @retval AKT_ECANCELLED the task is cancelled
 * @retval AKT_ENOMEM out of memory
 * @retval AKT_ECONTEXT in a handler or job
 * @retval AKT_EFOREIGN of another system
 * @retval AKT_EFORK the system belongs to the parent process
 * @threadsafety actor
 * @blocking until there is room
 */
AKT_API AKT_NODISCARD akt_err akt_channel_reserve(akt_self *self, akt_tx tx,
                                                  akt_permit *out_permit);

/**
 * @brief The same, for a while at most.
 * @param self [borrow] a task or an attached thread
 * @param timeout_ns how long; `AKT_NEVER`
 * @param tx an open end
 * @param out_permit [out] the caller's
 * @retval AKT_OK there is a place for the caller
 * @retval AKT_ETIMEOUT there was no room in time
 * @retval AKT_ECLOSED and others: as `akt_channel_reserve`
 * @threadsafety actor
 * @blocking until there is room, at most that long
 */
AKT_API AKT_NODISCARD akt_err akt_channel_reserve_within(
    akt_self *self, uint64_t timeout_ns, akt_tx tx, akt_permit *out_permit);

/**
 * @brief The same without waiting.
 * @param self [borrow] a task, an actor or an attached thread
 * @param tx an open end
 * @param out_permit [out] the caller's
 * @retval AKT_OK there is a place for the caller
 * @retval AKT_EFULL there is no room
 * @retval AKT_ECLOSED all receivers are closed
 * @retval AKT_EENDED this end is closed
 * @retval AKT_ENOMEM out of memory
 * @retval AKT_ECONTEXT in a job
 * @retval AKT_EFOREIGN of another system
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_channel_try_reserve(akt_self *self, akt_tx tx,
                                                      akt_permit *out_permit);

/**
 * Sends into the place of a permit, which is used up by `AKT_OK`:
 * `akt_permit_send(self, permit, job, .number = 1)`. Never waits; works when the
 * sender that it was reserved by is closed. `AKT_ECLOSED`: all receivers are closed.
 * `AKT_EENDED`: not an open permit of the caller. `AKT_ETYPE`.
 */
#define akt_permit_send(self, permit, ...)                                     \
    akti_permit_send((self), (permit), AKTI_VALUE(__VA_ARGS__))

/**
 * @brief Gives the place of a permit back.
 * @param self [borrow] its owner
 * @param permit what `akt_channel_reserve` gave
 * @retval AKT_OK done
 * @retval AKT_EENDED not an open permit of the caller
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_permit_release(akt_self *self,
                                                 akt_permit permit);

/**
 * @brief Makes another sender of the same channel, which is the caller's.
 * @param self [borrow] a task, an actor or an attached thread
 * @param tx an open end, of whomever
 * @param out_tx [out] the clone
 * @retval AKT_OK done
 * @retval AKT_EENDED `tx` is closed
 * @retval AKT_ENOMEM out of memory
 * @retval AKT_ECONTEXT in a job
 * @retval AKT_EFOREIGN of another system
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_tx_clone(akt_self *self, akt_tx tx,
                                           akt_tx *out_tx);

/**
 * @brief Makes another receiver of the same channel, which is the caller's.
 * @param self [borrow] a task, an actor or an attached thread
 * @param rx an open end, of whomever
 * @param out_rx [out] the clone
 * @retval AKT_OK done
 * @retval AKT_EENDED `rx` is closed
 * @retval AKT_ENOMEM out of memory
 * @retval AKT_ECONTEXT in a job
 * @retval AKT_EFOREIGN of another system
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_rx_clone(akt_self *self, akt_rx rx,
                                           akt_rx *out_rx);

/**
 * @brief Makes a task or actor the owner of a sender. It keeps its name, and may
 *        be used all the while. An owner that has ended closes it.
 * @param self [borrow] its owner
 * @param tx an open end
 * @param to the new owner
 * @retval AKT_OK it is no longer the caller's
 * @retval AKT_EENDED not an open end of the caller
 * @retval AKT_EFOREIGN `to` is of another system
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_tx_give(akt_self *self, akt_tx tx,
                                          akt_ref to);

/**
 * @brief Makes a task or actor the owner of a receiver; as `akt_tx_give`.
 * @param self [borrow] its owner
 * @param rx an open end
 * @param to the new owner
 * @retval AKT_OK it is no longer the caller's
 * @retval AKT_EENDED not an open end of the caller
 * @retval AKT_EFOREIGN `to` is of another system
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_rx_give(akt_self *self, akt_rx rx,
                                          akt_ref to);

/**
 * @brief Closes a sender. Who waits by it hears `AKT_EENDED`.
 * @param self [borrow] its owner
 * @param tx an open end
 * @retval AKT_OK closed
 * @retval AKT_EENDED not an open end of the caller
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_tx_close(akt_self *self, akt_tx tx);

/**
 * @brief Closes a receiver. With the last one, what is queued is destroyed.
 * @param self [borrow] its owner
 * @param rx an open end
 * @retval AKT_OK closed
 * @retval AKT_EENDED not an open end of the caller
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_rx_close(akt_self *self, akt_rx rx);

/**
 * @brief A future of the caller's that ends when there is something to receive, or
 *        the channel is closed. It only tells: nothing is taken, and others may be
 *        faster.
 *
 * It is an answer to `akt_wake` (wake.h): `AKT_REPLIED` when it is worth to try.
 * @param self [borrow] a task, an actor or an attached thread
 * @param rx an open end
 * @param out_future [out] it has no deadline
 * @retval AKT_OK done; it may have ended already
 * @retval AKT_EENDED this end is closed
 * @retval AKT_ELIMIT the caller has as many open futures as it may
 * @retval AKT_ENOMEM out of memory
 * @retval AKT_ECONTEXT in a job
 * @retval AKT_EFOREIGN of another system
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_channel_readable(akt_self *self, akt_rx rx,
                                                   akt_future *out_future);

/**
 * @brief A future of the caller's that ends when there is room, or the channel is
 *        closed; as `akt_channel_readable`.
 * @param self [borrow] a task, an actor or an attached thread
 * @param tx an open end
 * @param out_future [out] it has no deadline
 * @retval AKT_OK done; it may have ended already
 * @retval AKT_EENDED this end is closed
 * @retval AKT_ELIMIT the caller has as many open futures as it may
 * @retval AKT_ENOMEM out of memory
 * @retval AKT_ECONTEXT in a job
 * @retval AKT_EFOREIGN of another system
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_channel_writable(akt_self *self, akt_tx tx,
                                                   akt_future *out_future);

/**
 * @brief What has become of the channel's values so far.
 * @param self [borrow] any
 * @param tx an open end
 * @param out_counters [out] of one moment
 * @retval AKT_OK done
 * @retval AKT_EENDED this end is closed
 * @retval AKT_EFOREIGN of another system
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err
akt_tx_counters(akt_self *self, akt_tx tx, akt_channel_counters *out_counters);

/**
 * @brief The same by a receiver.
 * @param self [borrow] any
 * @param rx an open end
 * @param out_counters [out] of one moment
 * @retval AKT_OK done
 * @retval AKT_EENDED this end is closed
 * @retval AKT_EFOREIGN of another system
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err
akt_rx_counters(akt_self *self, akt_rx rx, akt_channel_counters *out_counters);

/* What the macros call. Their contracts are those of the macros. */

AKT_API AKT_NODISCARD akt_err akti_channel_open(akt_self *self,
                                                const akt_type *type,
                                                uint32_t capacity,
                                                akt_tx *out_tx, akt_rx *out_rx);
AKT_API AKT_NODISCARD akt_err akti_channel_send(akt_self *self, akt_tx tx,
                                                uint64_t timeout_ns,
                                                const akti_message_arg *value);
AKT_API AKT_NODISCARD akt_err
akti_channel_try_send(akt_self *self, akt_tx tx, const akti_message_arg *value);
AKT_API AKT_NODISCARD akt_err akti_channel_recv(akt_self *self, akt_rx rx,
                                                uint64_t timeout_ns,
                                                const akt_type *type,
                                                void *out);
AKT_API AKT_NODISCARD akt_err akti_channel_try_recv(akt_self *self, akt_rx rx,
                                                    const akt_type *type,
                                                    void *out);
AKT_API AKT_NODISCARD akt_err akti_permit_send(akt_self *self,
                                               akt_permit permit,
                                               const akti_message_arg *value);

/* A value with its type, from a type name and perhaps field initialisers. */
#define AKTI_VALUE(...)                                                        \
    (&(akti_message_arg){AKTI_FIRST_TYPE(__VA_ARGS__),                         \
                         &AKTI_LITERAL(__VA_ARGS__)})

AKT_END_DECLS

#endif
