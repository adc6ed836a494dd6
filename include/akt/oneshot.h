/* SPDX-License-Identifier: MIT */
/**
 * @file oneshot.h
 * @brief Futures for which nobody was asked: ready at once, or completed by hand.
 *
 * Every future, wherever it is from, is used alike: `akt_then` in an actor,
 * `akt_wait` in a plain thread, `akt_future_poll`, `akt_cancel`, `akt_future_drop`
 * (future.h), and as a part of others (combine.h). So a function that gives a
 * future can answer at once when it knows already:
 *
 *     static akt_err
 *     price_of(akt_self *self, struct shop *s, int64_t item, akt_future *out)
 *     {
 *         if (item == s->cached_item)
 *             return akt_future_ready(self, out, price, .cents = s->cached_cents);
 *         return akt_ask(self, s->store, out, get_price, .item = item);
 *     }
 *
 * **A oneshot** is a future whose other end you hold yourself: a completer, a small
 * value that may be copied and put into local messages. Any actor, attached thread
 * or job of the system may complete it; the first one does, all others hear
 * `AKT_EENDED`, and a completer of a future that is gone reaches nobody.
 *
 *     akt_completer done;
 *     akt_future f;
 *     AKT_TRY(akt_oneshot_open(self, price, AKT_SECONDS(1), &f, &done));
 *     AKT_TRY(akt_then(self, f, on_price, NULL));
 *     ...
 *     AKT_TRY(akt_complete(self, done, price, .cents = 5));
 *
 * These futures are no requests: the account (system.h) does not count them. They
 * do count against the bound of `AKT_REQUESTS`, until they have been taken.
 * A continuation for them is declared by `AKT_THEN_OF`, or by `AKT_THEN` for any
 * request with this reply.
 */
#ifndef AKT_ONESHOT_H
#define AKT_ONESHOT_H

#include "akt/error.h"
#include "akt/export.h"
#include "akt/future.h"
#include "akt/message.h"
#include "akt/types.h"

AKT_BEGIN_DECLS

/**
 * A future that has its reply: `akt_future_ready(self, &f, price, .cents = 5)`.
 * What is said of sending holds for the reply: it is copied, and a local message
 * moves. `AKT_ENOMEM`, `AKT_ESIZE`, `AKT_ELIMIT` (`AKT_REQUESTS`), `AKT_ECONTEXT`
 * (neither an actor nor an attached thread). Does not block.
 */
#define akt_future_ready(self, out_future, ...)                                \
    akti_future_ready((self),                                                  \
                      &(akti_message_arg){AKTI_FIRST_TYPE(__VA_ARGS__),        \
                                          &AKTI_LITERAL(__VA_ARGS__)},         \
                      (out_future))

/**
 * @brief A future that has failed, whatever reply was expected.
 * @param self [borrow] an actor or an attached thread
 * @param out_future [out] the future; its outcome is `AKT_FAILED`
 * @param err not `AKT_OK`
 * @param text [borrow] a sentence, copied as by `akt_reply_error`; may be NULL
 * @retval AKT_OK there it is
 * @retval AKT_EINVAL `err` is `AKT_OK`
 * @retval AKT_ELIMIT as many futures are open as the class allows
 * @retval AKT_ENOMEM out of memory
 * @retval AKT_ECONTEXT neither an actor nor an attached thread
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_future_failed(akt_self *self,
                                                akt_future *out_future,
                                                akt_err err, const char *text);

/** The other end of a oneshot. A value; zero is none. */
typedef struct akt_completer {
    void *cell;
    uint32_t generation; /**< 0: no completer */
    uint32_t system;
    const akt_type *type;
} akt_completer;

/**
 * Opens a oneshot: `akt_oneshot_open(self, price, timeout_ns, &f, &completer)`,
 * `price` being the reply's type. It ends as `AKT_EXPIRED` when nobody has completed it
 * `timeout_ns` from now: 0 means the system's `ask_timeout_ns`, and `AKT_NEVER` that
 * it waits for ever. A request that is being handled has no influence on it.
 * `AKT_ENOMEM`, `AKT_ELIMIT`, `AKT_ECONTEXT` as for `akt_future_ready`.
 */
#define akt_oneshot_open(self, name, timeout_ns, out_future, out_completer)    \
    akti_oneshot_open((self), &name##_type, (timeout_ns), (out_future),        \
                      (out_completer))

/**
 * Completes it: `akt_complete(self, completer, price, .cents = 5)`. `AKT_EENDED`: it
 * has ended, or its owner has given it up; a local message is still the caller's, as
 * after every error. `AKT_ETYPE`: it was opened for another type. `AKT_ENOMEM` and
 * `AKT_ESIZE`: it is still open. `AKT_EFOREIGN`: of another system. `AKT_EFORK`. Any
 * thread with `self`, also in a job; does not block.
 */
#define akt_complete(self, completer, ...)                                     \
    akti_complete((self), (completer),                                         \
                  &(akti_message_arg){AKTI_FIRST_TYPE(__VA_ARGS__),            \
                                      &AKTI_LITERAL(__VA_ARGS__)})

/**
 * @brief Completes a oneshot by an error: its outcome is `AKT_FAILED`.
 * @param self [borrow] any view, also a job's
 * @param completer what `akt_oneshot_open` gave
 * @param err not `AKT_OK`
 * @param text [borrow] a sentence, copied as by `akt_reply_error`; may be NULL.
 *        When there is no memory for it only the code arrives.
 * @retval AKT_OK it has ended by this
 * @retval AKT_EENDED it had ended, or its owner has given it up
 * @retval AKT_EINVAL `err` is `AKT_OK`
 * @retval AKT_EFOREIGN it is of another system
 * @retval AKT_EFORK the system belongs to the parent of this process
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_complete_error(akt_self *self,
                                                 akt_completer completer,
                                                 akt_err err, const char *text);

/**
 * @brief Says that nobody will complete it: the outcome is `AKT_BROKEN`, at once.
 * @param self [borrow] any view, also a job's
 * @param completer what `akt_oneshot_open` gave; empty ones, those of other systems
 *        and those that have ended are ignored
 * @threadsafety actor
 * @blocking no
 */
AKT_API void akt_completer_drop(akt_self *self, akt_completer completer);

/**
 * @brief Whether somebody still waits for it. What was true may be over at once.
 * @param self [borrow] any view, also a job's
 * @param completer what `akt_oneshot_open` gave
 * @return false when it has ended, was given up, or is of another system
 * @threadsafety actor
 * @blocking no
 */
AKT_API bool akt_completer_is_open(akt_self *self, akt_completer completer);

/* What the macros call. Their contracts are those of the macros. */

AKT_API AKT_NODISCARD akt_err akti_future_ready(akt_self *self,
                                                const akti_message_arg *reply,
                                                akt_future *out_future);
AKT_API AKT_NODISCARD akt_err akti_oneshot_open(akt_self *self,
                                                const akt_type *type,
                                                uint64_t timeout_ns,
                                                akt_future *out_future,
                                                akt_completer *out_completer);
AKT_API AKT_NODISCARD akt_err akti_complete(akt_self *self,
                                            akt_completer completer,
                                            const akti_message_arg *reply);

AKT_END_DECLS

#endif
