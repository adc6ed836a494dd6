/* SPDX-License-Identifier: MIT */
/**
 * @file future.h
 * @brief Asking and answering: futures for the asker, promises for the answerer.
 *
 * A request is a message that has an answer (`AKT_REQUEST`). Asking gives a
 * future, which ends exactly once, in one of five ways:
 *
 * | outcome         | because                                                  |
 * |-----------------|----------------------------------------------------------|
 * | `AKT_REPLIED`   | the answerer replied; the reply is at hand               |
 * | `AKT_FAILED`    | it answered with an error                                |
 * | `AKT_EXPIRED`   | the deadline passed; every request has one, 5 s if unsaid |
 * | `AKT_CANCELLED` | the asker cancelled it, or what it was asked for was     |
 * | `AKT_BROKEN`    | nobody will answer: dropped, unhandled, answerer ended   |
 *
 * An actor goes on by a continuation, run in a turn of its own:
 *
 *     static akt_err
 *     on_balance(akt_self *self, struct client *c, const akt_answer *answer,
 *                const struct balance *balance)
 *     {
 *         if (balance == NULL)
 *             return answer->error;
 *         c->cents = balance->cents;
 *         return AKT_OK;
 *     }
 *     AKT_THEN(on_balance, struct client, deposit);
 *
 *     akt_future f;
 *     AKT_TRY(akt_ask(self, account, &f, deposit, .amount = 5));
 *     AKT_TRY(akt_then(self, f, on_balance, NULL));
 *
 * and a plain thread waits:
 *
 *     akt_answer *answer;
 *     AKT_TRY(akt_ask(me, account, &f, deposit, .amount = 5));
 *     AKT_TRY(akt_wait(me, f, &answer));
 *     const struct balance *b = akt_answer_as(answer, balance);
 *     ...
 *     akt_answer_free(me, answer);
 *
 * The deadline and the cancellation travel with the request. What an answerer
 * asks while it handles a request gets the smaller of the two deadlines, and is
 * cancelled with it: when the outer request has ended, an inner one that nobody
 * has begun is dropped, and whoever has begun it can see so by
 * `akt_is_cancelled`. A request that nobody waits for any more is dropped before
 * its handler. A reply that comes too late
 * is counted and freed; it never reaches a mailbox. A continuation inherits
 * nothing: what it asks has a deadline of its own, and goes on when the request
 * from which the first question came has ended.
 *
 * So what is done for several askers at once is not asked for while the request of the
 * first one is handled, whose deadline would be everybody's. The handler keeps the
 * promise and sends a message to its own actor (`akt_self_ref`): that one is no request,
 * and what its handler asks inherits nothing. `examples/cache` does so.
 *
 * **The answerer** replies at once by `akt_reply`, hands the request on by
 * `akt_forward` (actor.h), or keeps the promise for later by `akt_keep`. A handler
 * that returns without any of these drops the promise: the asker learns at
 * once, as it does when the keeper ends.
 */
#ifndef AKT_FUTURE_H
#define AKT_FUTURE_H

#include "akt/actor.h"
#include "akt/error.h"
#include "akt/export.h"
#include "akt/failure.h"
#include "akt/message.h"
#include "akt/types.h"

AKT_BEGIN_DECLS

/** How a request ended. */
typedef enum akt_outcome {
    AKT_PENDING = 0,
    AKT_REPLIED,
    AKT_FAILED,
    AKT_EXPIRED,
    AKT_CANCELLED,
    AKT_BROKEN
} akt_outcome;

/** The asker's end of a request. A value; used by whom it was given to. */
typedef struct akt_future {
    void *cell;
    uint32_t generation; /**< 0: no future */
} akt_future;

/** The answerer's end that was kept; see `akt_promise_of`. */
typedef struct akt_promise {
    void *cell;
    uint32_t generation; /**< 0: no promise */
} akt_promise;

/** How a request ended, with the reply. Valid as said where you got it. */
typedef struct akt_answer {
    akt_outcome outcome;
    akt_err error; /**< `AKT_OK` for `AKT_REPLIED`, else why */
    akt_text text; /**< the answerer's words with an error, or what a file's
                        operation is called (file.h); may be empty */
    const akt_type *type; /**< of the reply; NULL unless `AKT_REPLIED` */
    const void *reply;    /**< NULL unless `AKT_REPLIED` */
    void *arg;            /**< what was given to `akt_then` */
    /** Of a combined future: what all its parts said, or NULL; see combine.h. */
    const struct akt_answer *each;
    uint32_t count;     /**< how many `each` has */
    uint32_t index;     /**< which part decided */
    void *akti_message; /**< what it came with; for the calls below */
} akt_answer;

/** A continuation; made by `AKT_THEN`, `AKT_THEN_OF` or `AKT_THEN_ANSWER`. */
typedef struct akt_continuation {
    const akt_type *request; /**< NULL: of no certain request */
    const char *state_name;
    akt_err (*run)(akt_self *self, void *state, const akt_answer *answer);
    const akt_type *reply; /**< without a request; NULL: whatever comes */
} akt_continuation;

/**
 * Asks: `akt_ask(self, to, &future, deposit, .amount = 5)`. The deadline is the
 * system's `ask_timeout_ns` from now (5 s), or that of the request being handled
 * when it is earlier. Errors as for `akt_send`, and `AKT_ELIMIT`: as many requests
 * are open as the actor's class allows (`AKT_REQUESTS`). Asking a type that was
 * not declared as a request does not compile. Any thread with `self`, except in
 * a job of the blocking pool: `AKT_ECONTEXT`. Does not block.
 */
#define akt_ask(self, to, out_future, ...)                                     \
    akt_ask_within(self, 0, to, out_future, __VA_ARGS__)

/**
 * The same with a deadline `timeout_ns` from now (at least 1; 0: the default,
 * `AKT_NEVER` is not allowed: `AKT_EINVAL`).
 */
#define akt_ask_within(self, timeout_ns, to, out_future, ...)                  \
    akti_ask((self), (to), (timeout_ns),                                       \
             &(akti_message_arg){AKTI_REQUEST_TYPE(__VA_ARGS__),               \
                                 &AKTI_LITERAL(__VA_ARGS__)},                  \
             (out_future))

/**
 * Declares `fn` as a continuation for requests of type `request`, of actors with
 * state `state`: `akt_err fn(akt_self *, state *, const akt_answer *, const struct
 * reply *)`; the last is NULL unless the outcome is `AKT_REPLIED`. File scope, with
 * a semicolon.
 */
#define AKT_THEN(fn, state, request_name)                                      \
    static akt_err fn##_akt_run(akt_self *self, void *s, const akt_answer *a)  \
    {                                                                          \
        AKTI_CHECK_FN(fn,                                                      \
                      akt_err (*)(akt_self *, state *, const akt_answer *,     \
                                  const AKTI_REPLY_OF(request_name) *),        \
                      #fn " must be akt_err (akt_self *, " #state              \
                          " *, const akt_answer *, const struct <reply> *)");  \
        return fn(self, s, a, a->reply);                                       \
    }                                                                          \
    static const akt_continuation fn##_akt_then = {&request_name##_type,       \
                                                   #state, fn##_akt_run, NULL}

/**
 * The same for any future that is answered by a `reply_name`, whatever was asked,
 * or if nobody was: `akt_err fn(akt_self *, state *, const akt_answer *, const struct
 * reply_name *)`.
 */
#define AKT_THEN_OF(fn, state, reply_name)                                     \
    static akt_err fn##_akt_run(akt_self *self, void *s, const akt_answer *a)  \
    {                                                                          \
        AKTI_CHECK_FN(fn,                                                      \
                      akt_err (*)(akt_self *, state *, const akt_answer *,     \
                                  const struct reply_name *),                  \
                      #fn " must be akt_err (akt_self *, " #state              \
                          " *, const akt_answer *, const struct " #reply_name  \
                          " *)");                                              \
        return fn(self, s, a, a->reply);                                       \
    }                                                                          \
    static const akt_continuation fn##_akt_then = {NULL, #state, fn##_akt_run, \
                                                   &reply_name##_type}

/**
 * The same for every future, also one whose answer is that of several:
 * `akt_err fn(akt_self *, state *, const akt_answer *)`; `akt_answer_as` tells what
 * the reply is.
 */
#define AKT_THEN_ANSWER(fn, state)                                             \
    static akt_err fn##_akt_run(akt_self *self, void *s, const akt_answer *a)  \
    {                                                                          \
        AKTI_CHECK_FN(fn,                                                      \
                      akt_err (*)(akt_self *, state *, const akt_answer *),    \
                      #fn " must be akt_err (akt_self *, " #state              \
                          " *, const akt_answer *)");                          \
        return fn(self, s, a);                                                 \
    }                                                                          \
    static const akt_continuation fn##_akt_then = {NULL, #state, fn##_akt_run, \
                                                   NULL}

/**
 * Says what to run when the future ends: `akt_then(self, f, on_balance, arg)`,
 * with a function declared by `AKT_THEN` and a pointer that the answer carries.
 * It runs after the calling handler has returned, never inside this call, and an
 * error that it returns ends the actor as a handler's does. While the actor waits
 * for room (mailbox.h) the continuation waits too.
 * `AKT_EENDED`: not an open future of this actor, or it has a continuation.
 * `AKT_ETYPE`: made for another request or state. `AKT_ECONTEXT`: plain thread.
 */
#define akt_then(self, future, fn, arg)                                        \
    akti_then((self), (future), &fn##_akt_then, (arg))

/**
 * @brief Waits in a plain thread until the future ends.
 * @param self [borrow] an attached thread that asked
 * @param future what it got
 * @param out_answer [out] how it ended; free it by `akt_answer_free`. The future
 *        is used up.
 * @retval AKT_OK it ended; the outcome is in the answer
 * @retval AKT_EENDED not an open future of this thread
 * @retval AKT_ECONTEXT called in a handler, where nothing may block, or in a job,
 *         which is no attached thread
 * @retval AKT_ENOMEM out of memory; the future is still there
 * @threadsafety actor
 * @blocking until the answer, at most until the request's deadline. In a simulation
 *        that has nothing left to run, what has none ends as `AKT_BROKEN`.
 */
AKT_API AKT_NODISCARD akt_err akt_wait(akt_self *self, akt_future future,
                                       akt_answer **out_answer);

/**
 * @brief Frees an answer that `akt_wait` gave.
 * @param self [borrow] the same thread's
 * @param answer [move] NULL is allowed
 * @threadsafety actor
 * @blocking no
 */
AKT_API void akt_answer_free(akt_self *self, akt_answer *answer);

/**
 * The reply as `const struct name *`; NULL when there is none, and also when the
 * reply is of another type.
 */
#define akt_answer_as(answer, name)                                            \
    ((const struct name *)akti_answer_as((answer), &name##_type))

/**
 * Moves a reply that is a local message out of an answer: `akt_answer_take(answer,
 * chunk, &mine)`. From now on its content is the caller's, and the reply's
 * destructor is not called. `AKT_ETYPE`: there is no reply, it is of another type
 * or no local message, or was taken before.
 */
#define akt_answer_take(answer, name, out)                                     \
    akti_answer_take((answer), &name##_type,                                   \
                     (out) + 0 * sizeof(_Generic((out), struct name * : 1)))

/**
 * @brief Cancels a request: its future ends as `AKT_CANCELLED` unless it has
 *        ended, and nobody handles the request if nobody has begun.
 * @param self [borrow] who asked
 * @param future what it got
 * @retval AKT_OK it is cancelled; a continuation will hear so
 * @retval AKT_EENDED it had ended, or is not an open future of the caller
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_cancel(akt_self *self, akt_future future);

/**
 * @brief Gives a future up: like `akt_cancel`, but nothing will be heard.
 * @param self [borrow] who asked
 * @param future what it got; others are ignored
 * @threadsafety actor
 * @blocking no
 */
AKT_API void akt_future_drop(akt_self *self, akt_future future);

/**
 * @brief How a future stands.
 * @param self [borrow] who asked
 * @param future what it got
 * @return `AKT_PENDING` while open, the outcome when it ended and nobody has
 *         taken the answer; `AKT_BROKEN` for what is no future of the caller
 * @threadsafety actor
 * @blocking no
 */
AKT_API akt_outcome akt_future_poll(akt_self *self, akt_future future);

/**
 * Answers the request `m` that is being handled: `akt_reply(self, m, .cents = 5)`.
 * The reply's type is the declared one, so a wrong one does not compile.
 * `AKT_OK` also when the request was sent without asking (nobody listens) or the
 * asker has gone on (the late reply is counted). `AKT_EENDED`: answered or given
 * away already. `AKT_ETYPE`: `m` is not the current message. `AKT_ENOMEM`: the
 * request is still open.
 */
#define akt_reply(self, m, ...)                                                \
    akti_reply((self), (m), &(__typeof__(*(m)->akti_reply)){__VA_ARGS__})

/**
 * @brief Answers the request that is being handled with an error.
 * @param self [borrow] in a handler
 * @param err not `AKT_OK`; also codes from `AKT_EUSER` on
 * @param text [borrow] a sentence for the asker, copied, cut at 1000 bytes; may
 *        be NULL
 * @retval AKT_OK done, also when nobody asked
 * @retval AKT_EENDED answered or given away already
 * @retval AKT_EINVAL `err` is `AKT_OK`
 * @retval AKT_ECONTEXT no message is being handled
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_reply_error(akt_self *self, akt_err err,
                                              const char *text);

/**
 * @brief Answers the request that is being handled with an error object, which
 *        the asker gets unchanged by `akt_answer_error`.
 * @param self [borrow] in a handler
 * @param error [borrow] copied; its code is not `AKT_OK`
 * @retval AKT_OK done, also when nobody asked
 * @retval AKT_EENDED answered or given away already
 * @retval AKT_EINVAL its code is `AKT_OK`
 * @retval AKT_ECONTEXT no message is being handled
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_reply_failure(akt_self *self,
                                                const akt_error *error);

/**
 * @brief What an answer says, as an error object: of a request that failed what
 *        the answerer said, else the code with its sentence.
 * @param answer [borrow] of `akt_wait` or in a continuation
 * @param error [out] written unless the request was replied; NULL is allowed
 * @return `answer->error`; `AKT_OK` when there is a reply
 * @threadsafety actor
 * @blocking no
 */
AKT_API akt_err akt_answer_error(const akt_answer *answer, akt_error *error);

/** The type of a kept promise to answer a `request_name`; zero is none. */
#define akt_promise_of(request_name)                                           \
    union {                                                                    \
        akt_promise promise;                                                   \
        struct request_name *akti_request;                                     \
    }

/**
 * Keeps the promise of the current request `m`, to answer later, and with it the
 * message: `m` stays readable until then. `p` points to an `akt_promise_of` the
 * same request. It breaks when its deadline passes or the actor ends.
 * `AKT_EENDED`: answered or given away already. `AKT_ECONTEXT`: it was not asked
 * for, or the caller is no actor. `AKT_ENOMEM`.
 */
#define akt_keep(self, m, p)                                                   \
    akti_keep((self), (m),                                                     \
              &(p)->promise                                                    \
                  + 0                                                          \
                        * sizeof(_Generic(                                     \
                            (m), const __typeof__(*(p)->akti_request) * : 1)))

/**
 * Answers a kept promise: `akt_promise_reply(self, &a->pending, .cents = 5)`, and
 * empties it. `AKT_EENDED`: it is empty or was answered. `AKT_ENOMEM`: still open.
 * `AKT_ECONTEXT`: not by the actor that keeps it.
 */
#define akt_promise_reply(self, p, ...)                                        \
    akti_promise_reply(                                                        \
        (self), &(p)->promise,                                                 \
        &(__typeof__(*(p)->akti_request->akti_reply)){__VA_ARGS__})

/**
 * @brief Answers a kept promise with an error and empties it.
 * @param self [borrow] the keeper
 * @param promise [borrow] `&p.promise` of an `akt_promise_of`
 * @param err not `AKT_OK`
 * @param text [borrow] as for `akt_reply_error`; may be NULL
 * @retval AKT_OK done
 * @retval AKT_EENDED it is empty or was answered
 * @retval AKT_EINVAL `err` is `AKT_OK`
 * @retval AKT_ECONTEXT not the keeper
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_promise_fail(akt_self *self,
                                               akt_promise *promise,
                                               akt_err err, const char *text);

/**
 * @brief Answers a kept promise with an error object and empties it.
 * @param self [borrow] the keeper
 * @param promise [borrow] `&p.promise` of an `akt_promise_of`
 * @param error [borrow] copied; its code is not `AKT_OK`
 * @retval AKT_OK done
 * @retval AKT_EENDED it is empty or was answered
 * @retval AKT_EINVAL its code is `AKT_OK`
 * @retval AKT_ECONTEXT not the keeper
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_promise_fail_with(akt_self *self,
                                                    akt_promise *promise,
                                                    const akt_error *error);

/**
 * @brief Drops a kept promise: its asker learns at once (`AKT_BROKEN`).
 * @param self [borrow] the keeper
 * @param promise [borrow] `&p.promise`; empty and foreign ones are ignored
 * @threadsafety actor
 * @blocking no
 */
AKT_API void akt_promise_drop(akt_self *self, akt_promise *promise);

/**
 * @brief Hands a kept promise with its request to another actor, and empties it.
 * @param self [borrow] the keeper
 * @param promise [borrow] `&p.promise`
 * @param to who will handle the request as if it had been sent there
 * @retval AKT_OK it is on its way
 * @retval AKT_EENDED it is empty or was answered
 * @retval AKT_EDEAD `to` has ended; the promise is still here
 * @retval AKT_EFULL `to` has no room; the promise is still here
 * @retval AKT_EDEADLK see mailbox.h; the promise is still here
 * @retval AKT_EFOREIGN `to` is of another system
 * @retval AKT_ECONTEXT not the keeper
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_promise_forward(akt_self *self,
                                                  akt_promise *promise,
                                                  akt_ref to);

/* What the macros call. Their contracts are those of the macros. */

/** A message that is not sent yet: its type and its struct. */
typedef struct akti_message_arg {
    const akt_type *type;
    const void *payload;
} akti_message_arg;

AKT_API AKT_NODISCARD akt_err akti_ask(akt_self *self, akt_ref to,
                                       uint64_t timeout_ns,
                                       const akti_message_arg *message,
                                       akt_future *out_future);
AKT_API AKT_NODISCARD akt_err akti_then(akt_self *self, akt_future future,
                                        const akt_continuation *continuation,
                                        void *arg);
AKT_API AKT_NODISCARD akt_err akti_reply(akt_self *self, const void *request,
                                         const void *reply);
AKT_API AKT_NODISCARD akt_err akti_keep(akt_self *self, const void *request,
                                        akt_promise *out_promise);
AKT_API AKT_NODISCARD akt_err akti_promise_reply(akt_self *self,
                                                 akt_promise *promise,
                                                 const void *reply);
AKT_API const void *akti_answer_as(const akt_answer *answer,
                                   const akt_type *type);
AKT_API AKT_NODISCARD akt_err akti_answer_take(const akt_answer *answer,
                                               const akt_type *type, void *out);

#define AKTI_REPLY_OF(request) __typeof__(*((struct request *)0)->akti_reply)
#define AKTI_REQUEST_TYPE(...) AKTI_REQUEST_TYPE_(__VA_ARGS__, 0)
#define AKTI_REQUEST_TYPE_(name, ...)                                          \
    (&name##_type + 0 * sizeof(((struct name *)0)->akti_reply))

AKT_END_DECLS

#endif
