/* SPDX-License-Identifier: MIT */
/**
 * @file combine.h
 * @brief Futures of futures: all of several, the first of several, one after another.
 *
 *     akt_future parts[2];
 *     akt_future both;
 *     AKT_TRY(akt_ask(self, a, &parts[0], get_price, .item = 1));
 *     AKT_TRY(akt_ask(self, b, &parts[1], get_price, .item = 2));
 *     AKT_TRY(akt_all(self, parts, 2, &both));
 *     AKT_TRY(akt_then(self, both, on_prices, NULL));
 *
 *     static akt_err
 *     on_prices(akt_self *self, struct shop *s, const akt_answer *answer)
 *     {
 *         if (answer->outcome != AKT_REPLIED)
 *             return answer->error;
 *         s->first = akt_answer_as(&answer->each[0], price)->cents;
 *         ...
 *     }
 *     AKT_THEN_ANSWER(on_prices, struct shop);
 *
 * | call              | ends                                    | with                |
 * |-------------------|-----------------------------------------|---------------------|
 * | `akt_all`         | when all have replied; at the first that has not | all answers; its error |
 * | `akt_all_settled` | when all have ended, however            | all answers         |
 * | `akt_any`         | at the first reply; when all have ended | that; the last error |
 * | `akt_race`        | at the first end, whatever it is        | that                |
 * | `akt_timeout`     | when the other has, or time is up       | that; `AKT_EXPIRED` |
 * | `akt_map`         | when the other has                      | what a function makes of its reply |
 * | `akt_and_then`    | when the next one has                   | the end of a future that a function gives |
 * | `akt_recover`, `akt_or_else` | the same for what has not replied | the same           |
 *
 * **The parts are taken over:** their handles are used up when the call has answered
 * `AKT_OK`. After any error nothing has happened, and all handles are what they were.
 * Parts may be any futures of the caller without a continuation, combined ones too.
 * What is not needed for the outcome any more is cancelled at once: the others when
 * one has decided, and all of them when the combined future is cancelled or dropped,
 * or its owner ends. Parts keep their deadlines; a combined future has none of its
 * own (but `akt_timeout`), it ends through its parts.
 *
 * **Tasks.** The end of a task (task.h), or of an actor that is owned (scope.h), is
 * a part like any other, by its future:
 *
 *     akt_future parts[] = {first.future, second.future};
 *     AKT_TRY(akt_race(self, parts, 2, &one));
 *     AKT_TRY(akt_await_as(self, one, price, &p));
 *
 * The combined future then joins it, and nobody else may. A task that is not needed
 * any more is cancelled, and the combined future ends only when the task has cleaned
 * up: when one hears of it nothing of it runs any more. In a scope it stands for its
 * tasks: closing waits for it, and its error, when nobody awaits it, is the scope's.
 * One that is dropped is waited for by the scope. What a task replies has no type
 * until then: the continuation is one of `AKT_THEN_ANSWER`, and a function that gets
 * a reply of another type does not run (`AKT_ETYPE`). A function gives no future of
 * a task to go on by (`AKT_EINVAL`).
 *
 * **The answer.** `index` says which part has decided. With `akt_all` and
 * `akt_all_settled` `outcome` is `AKT_REPLIED` and `each` has the answers of all
 * parts in order, `count` of them; `reply` is NULL. Texts and replies in it live as
 * long as the answer.
 *
 * **In which turn.** All of it happens in the owner's turns, or in the plain thread
 * while that waits or polls. Functions run there, once, never inside the call that
 * names them; they may do what a continuation may, but not wait (`AKT_ECONTEXT`). Of
 * several ends the one that arrives first is the first.
 *
 * A combined future is no request, is not counted as one, and counts against the
 * bound of `AKT_REQUESTS`, as its parts do, until its answer has been taken.
 */
#ifndef AKT_COMBINE_H
#define AKT_COMBINE_H

#include "akt/error.h"
#include "akt/export.h"
#include "akt/future.h"
#include "akt/message.h"
#include "akt/types.h"

AKT_BEGIN_DECLS

/**
 * @brief One future for the replies of all: fails at the first that does not reply.
 * @param self [borrow] who owns the futures
 * @param futures [borrow] the parts, each once; may be NULL when `n` is 0
 * @param n how many; 0: it has ended at once, with no answers
 * @param out_future [out] the combined one
 * @retval AKT_OK the handles of the parts are used up
 * @retval AKT_EENDED one is no open future of the caller, has a continuation, or is
 *         part of another one
 * @retval AKT_EINVAL a pointer is NULL, or a future is there twice
 * @retval AKT_ELIMIT as many futures are open as the class allows (`AKT_REQUESTS`)
 * @retval AKT_ENOMEM out of memory
 * @retval AKT_ECONTEXT neither an actor nor an attached thread
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_all(akt_self *self, const akt_future *futures,
                                      size_t n, akt_future *out_future);

/**
 * @brief One future for the ends of all, replies and errors alike.
 * @param self [borrow] who owns the futures
 * @param futures [borrow] the parts, each once; may be NULL when `n` is 0
 * @param n how many; 0: it has ended at once, with no answers
 * @param out_future [out] the combined one; its outcome will be `AKT_REPLIED`
 * @retval AKT_OK the handles of the parts are used up
 * @retval AKT_EENDED as for `akt_all`
 * @retval AKT_EINVAL as for `akt_all`
 * @retval AKT_ELIMIT as for `akt_all`
 * @retval AKT_ENOMEM out of memory
 * @retval AKT_ECONTEXT as for `akt_all`
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_all_settled(akt_self *self,
                                              const akt_future *futures,
                                              size_t n, akt_future *out_future);

/**
 * @brief One future for the first reply; when there is none, the last error.
 * @param self [borrow] who owns the futures
 * @param futures [borrow] the parts, each once
 * @param n how many, at least 1
 * @param out_future [out] the combined one
 * @retval AKT_OK the handles of the parts are used up
 * @retval AKT_EENDED as for `akt_all`
 * @retval AKT_EINVAL as for `akt_all`, or `n` is 0
 * @retval AKT_ELIMIT as for `akt_all`
 * @retval AKT_ENOMEM out of memory
 * @retval AKT_ECONTEXT as for `akt_all`
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_any(akt_self *self, const akt_future *futures,
                                      size_t n, akt_future *out_future);

/**
 * @brief One future for the first end, whatever it is.
 * @param self [borrow] who owns the futures
 * @param futures [borrow] the parts, each once
 * @param n how many, at least 1
 * @param out_future [out] the combined one
 * @retval AKT_OK the handles of the parts are used up
 * @retval AKT_EENDED as for `akt_all`
 * @retval AKT_EINVAL as for `akt_all`, or `n` is 0
 * @retval AKT_ELIMIT as for `akt_all`
 * @retval AKT_ENOMEM out of memory
 * @retval AKT_ECONTEXT as for `akt_all`
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_race(akt_self *self,
                                       const akt_future *futures, size_t n,
                                       akt_future *out_future);

/**
 * @brief The same future with an earlier deadline: `AKT_EXPIRED` when it is late, and
 *        then the other one is cancelled.
 * @param self [borrow] who owns the future
 * @param future the part
 * @param timeout_ns from now, at least 1, not `AKT_NEVER`
 * @param out_future [out] the combined one
 * @retval AKT_OK the handle of the part is used up
 * @retval AKT_EENDED as for `akt_all`
 * @retval AKT_EINVAL the time is 0 or `AKT_NEVER`, or a pointer is NULL
 * @retval AKT_ELIMIT as for `akt_all`
 * @retval AKT_ENOMEM out of memory
 * @retval AKT_ECONTEXT as for `akt_all`
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_timeout(akt_self *self, akt_future future,
                                          uint64_t timeout_ns,
                                          akt_future *out_future);

struct akti_step_result;

/** A function that goes on from a future; made by the four macros below. */
typedef struct akt_step {
    const akt_type
        *in; /**< of the reply that it takes; NULL: it takes errors */
    const akt_type *out; /**< of what it gives */
    bool chains;         /**< it gives a future */
    akt_err (*run)(akt_self *self, void *arg, const akt_answer *answer,
                   struct akti_step_result *result);
} akt_step;

/**
 * Declares `akt_err fn(akt_self *, void *arg, const struct in *, struct out *)` for
 * `akt_map`: it fills the second struct, which is zero before, from the first. Texts
 * and bytes in it are copied when it has returned; a local message moves. What it
 * returns other than `AKT_OK` is the error with which the new future fails. File
 * scope, with a semicolon.
 */
#define AKT_MAP(fn, in_name, out_name)                                         \
    static akt_err fn##_akt_run(akt_self *self, void *arg,                     \
                                const akt_answer *a,                           \
                                struct akti_step_result *result)               \
    {                                                                          \
        struct out_name akti_out = {0};                                        \
        AKTI_CHECK_FN(fn,                                                      \
                      akt_err (*)(akt_self *, void *, const struct in_name *,  \
                                  struct out_name *),                          \
                      #fn " must be akt_err (akt_self *, void *, "             \
                          "const struct " #in_name " *, struct " #out_name     \
                          " *)");                                              \
        AKT_TRY(fn(self, arg, a->reply, &akti_out));                           \
        return akti_step_reply(self, result, &out_name##_type, &akti_out);     \
    }                                                                          \
    static const akt_step fn##_akt_map = {&in_name##_type, &out_name##_type,   \
                                          false, fn##_akt_run}

/**
 * A future for what `fn`, declared by `AKT_MAP`, makes of another one's reply:
 * `akt_map(self, f, fn, arg, &g)`. Other ends pass unchanged. `arg` is for the
 * function and has to live until then. `AKT_ETYPE`: `f` has replies of another type.
 * `AKT_EENDED`, `AKT_EINVAL`, `AKT_ELIMIT`, `AKT_ENOMEM`, `AKT_ECONTEXT` as for
 * `akt_all`; `f` is still what it was. When there is no memory for the new reply the
 * future fails by `AKT_ENOMEM`.
 */
#define akt_map(self, future, fn, arg, out_future)                             \
    akti_step((self), (future), &fn##_akt_map, (arg), (out_future))

/**
 * Declares `akt_err fn(akt_self *, void *arg, const struct in *, akt_future *next)`
 * for `akt_and_then`: it gives a future of its own whose reply is an `out`, ready or
 * not; that one is used up. One of another type is dropped, and the new one fails by
 * `AKT_ETYPE`; by `AKT_EENDED` when there is none. File scope, with a semicolon.
 */
#define AKT_AND_THEN(fn, in_name, out_name)                                    \
    static akt_err fn##_akt_run(akt_self *self, void *arg,                     \
                                const akt_answer *a,                           \
                                struct akti_step_result *result)               \
    {                                                                          \
        akt_future akti_next = {NULL, 0};                                      \
        AKTI_CHECK_FN(fn,                                                      \
                      akt_err (*)(akt_self *, void *, const struct in_name *,  \
                                  akt_future *),                               \
                      #fn " must be akt_err (akt_self *, void *, "             \
                          "const struct " #in_name " *, akt_future *)");       \
        AKT_TRY(fn(self, arg, a->reply, &akti_next));                          \
        akti_step_next(result, akti_next);                                     \
        return AKT_OK;                                                         \
    }                                                                          \
    static const akt_step fn##_akt_and_then = {                                \
        &in_name##_type, &out_name##_type, true, fn##_akt_run}

/**
 * A future that goes on by the one that `fn` gives when this one has replied:
 * `akt_and_then(self, f, fn, arg, &g)`, with `AKT_AND_THEN`. Else as `akt_map`.
 */
#define akt_and_then(self, future, fn, arg, out_future)                        \
    akti_step((self), (future), &fn##_akt_and_then, (arg), (out_future))

/**
 * Declares `akt_err fn(akt_self *, void *arg, const akt_answer *failed, struct type
 * *)` for `akt_recover`: it makes a reply in place of what did not come, or returns
 * the error with which the new future fails. Else as `AKT_MAP`.
 */
#define AKT_RECOVER(fn, name)                                                  \
    static akt_err fn##_akt_run(akt_self *self, void *arg,                     \
                                const akt_answer *a,                           \
                                struct akti_step_result *result)               \
    {                                                                          \
        struct name akti_out = {0};                                            \
        AKTI_CHECK_FN(fn,                                                      \
                      akt_err (*)(akt_self *, void *, const akt_answer *,      \
                                  struct name *),                              \
                      #fn " must be akt_err (akt_self *, void *, "             \
                          "const akt_answer *, struct " #name " *)");          \
        AKT_TRY(fn(self, arg, a, &akti_out));                                  \
        return akti_step_reply(self, result, &name##_type, &akti_out);         \
    }                                                                          \
    static const akt_step fn##_akt_recover = {NULL, &name##_type, false,       \
                                              fn##_akt_run}

/**
 * A future that replies by what `fn` makes of any other end:
 * `akt_recover(self, f, fn, arg, &g)`, with `AKT_RECOVER`. Replies pass unchanged.
 * Errors as for `akt_map`.
 */
#define akt_recover(self, future, fn, arg, out_future)                         \
    akti_step((self), (future), &fn##_akt_recover, (arg), (out_future))

/**
 * Declares `akt_err fn(akt_self *, void *arg, const akt_answer *failed, akt_future
 * *next)` for `akt_or_else`: it gives another future to wait for, as with
 * `AKT_AND_THEN`.
 */
#define AKT_OR_ELSE(fn, name)                                                  \
    static akt_err fn##_akt_run(akt_self *self, void *arg,                     \
                                const akt_answer *a,                           \
                                struct akti_step_result *result)               \
    {                                                                          \
        akt_future akti_next = {NULL, 0};                                      \
        AKTI_CHECK_FN(                                                         \
            fn,                                                                \
            akt_err (*)(akt_self *, void *, const akt_answer *, akt_future *), \
            #fn " must be akt_err (akt_self *, void *, "                       \
                "const akt_answer *, akt_future *)");                          \
        AKT_TRY(fn(self, arg, a, &akti_next));                                 \
        akti_step_next(result, akti_next);                                     \
        return AKT_OK;                                                         \
    }                                                                          \
    static const akt_step fn##_akt_or_else = {NULL, &name##_type, true,        \
                                              fn##_akt_run}

/**
 * A future that goes on by another one when this one did not reply:
 * `akt_or_else(self, f, fn, arg, &g)`, with `AKT_OR_ELSE`; a second attempt, say.
 * Errors as for `akt_map`.
 */
#define akt_or_else(self, future, fn, arg, out_future)                         \
    akti_step((self), (future), &fn##_akt_or_else, (arg), (out_future))

/* What the macros call. Their contracts are those of the macros. */

AKT_API AKT_NODISCARD akt_err akti_step(akt_self *self, akt_future future,
                                        const akt_step *step, void *arg,
                                        akt_future *out_future);
AKT_API AKT_NODISCARD akt_err akti_step_reply(akt_self *self,
                                              struct akti_step_result *result,
                                              const akt_type *type,
                                              void *payload);
AKT_API void akti_step_next(struct akti_step_result *result, akt_future next);

AKT_END_DECLS

#endif
