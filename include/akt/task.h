/* SPDX-License-Identifier: MIT */
/**
 * @file task.h
 * @brief Tasks: C functions that wait without blocking a thread.
 *
 * A task is an actor whose code is one ordinary C function with a stack of its
 * own. It reads from top to bottom, and waits where it has to:
 *
 *     struct order { akt_ref from, to; int64_t cents; };
 *
 *     static akt_err
 *     transfer(akt_self *self, struct order *o)
 *     {
 *         struct balance b;
 *
 *         AKT_TRY(akt_call(self, o->from, withdraw, &b, .amount = o->cents));
 *         AKT_TRY(akt_call(self, o->to, deposit, &b, .amount = o->cents));
 *         return akt_task_return(self, balance, .cents = b.cents);
 *     }
 *     AKT_TASK(transfer, struct order);
 *
 *     akt_task task;
 *     AKT_TRY(akt_task_spawn(self, transfer, &task, .from = a, .to = b,
 *                            .cents = 500));
 *     AKT_TRY(akt_join(self, task));
 *
 * **Waiting.** Calls that wait, here, in select.h, and in the headers of what is
 * waited for (channel.h, semaphore.h, notify.h, barrier.h, watch.h, broadcast.h,
 * file.h, dir.h), may be made in a task, where they suspend it and the worker goes on
 * with others, and in an attached plain thread, where they block it. In a handler,
 * a continuation or a job nothing may wait: they answer `AKT_ECONTEXT` there.
 *
 * **Locals and threads.** A task starts on whatever worker has time, and then
 * stays on that one: `self`, locals, pointers to them and thread-local variables
 * are after a wait what they were before, though other tasks of the same worker
 * may have written the latter meanwhile. A lock of the C library must not be held
 * over a wait. By `AKT_PLACEMENT` (actor.h) a task is pinned to a worker from the
 * beginning, or has a thread of its own, which it may also block; it waits, is
 * joined and is cancelled like any other.
 *
 * **Cancelling** is a request, and it is heard only by waiting. When a task is
 * cancelled (by `akt_task_cancel`, `akt_stop` and `akt_kill` of its reference, the
 * end of its owner or of the system) the call in which it waits, and every later
 * one (but the closing of a scope, see scope.h), answers `AKT_ECANCELLED` at once. Such a
 * call has done nothing: what it waited for is still where it was. The function cleans
 * up and returns:
 *
 *         err = akt_channel_recv(self, rx, line, &m);
 *         if (err != AKT_OK)
 *             goto out;
 *         ...
 *     out:
 *         free(buffer);
 *         return err;
 *
 * A task that is cancelled before its first turn is run all the same, so that it can
 * free what its arguments hold. A send of a cancelled task does not wait for room
 * (`AKT_ECANCELLED`); one that waits already is given up, except that `akt_stop` lets
 * it go first.
 *
 * A clean-up that has to wait is put between `akt_task_shield(self, true)` and
 * `akt_task_shield(self, false)`. A task that never waits and never returns is not
 * ended by anything (`akt_task_is_cancelled` tells it to).
 *
 * **Who owns it.** A task belongs to who spawned it and does not outlive it unless
 * it is detached: when a task's function returns `AKT_OK` the task ends when its
 * own tasks have; when it returns an error they are cancelled first. The first
 * error of a task that nobody joined is then its owner's: what the owner waits for until
 * then, and its other tasks, go on, unless a scope is around them (scope.h). When an
 * actor or an attached thread ends, its tasks are cancelled. Several are joined at once, or the
 * first of them, by a combined future (combine.h).
 *
 * **The stack** has the size that the system's options say (`task_stack`, 64 KiB):
 * address space; memory is taken by the page as it is touched, and given back. An
 * overflow ends the process with a report that names the task. It is seen by a guard
 * page below the stack, so functions with frames of more than a page (4 KiB) want to be
 * compiled with `-fstack-clash-protection`, or they may step over it: users of akt's
 * CMake target and of pkg-config are. Large buffers are better off on the heap.
 */
#ifndef AKT_TASK_H
#define AKT_TASK_H

#include "akt/actor.h"
#include "akt/error.h"
#include "akt/export.h"
#include "akt/failure.h"
#include "akt/future.h"
#include "akt/message.h"
#include "akt/types.h"

AKT_BEGIN_DECLS

/** A task that was spawned: its reference, and the future of its end. */
typedef struct akt_task {
    akt_ref ref;       /**< to send to, to ask, to stop */
    akt_future future; /**< ends when the task has; none of a detached one */
} akt_task;

/** A message that a task received. */
typedef struct akt_received {
    const akt_type *type;
    /** Of that type. It lives until the next `akt_receive` of the task. */
    const void *message;
} akt_received;

/** The function of a task; made by `AKT_TASK`. */
typedef struct akt_task_function {
    const akt_class *cls;
    akt_err (*run)(akt_self *self, void *args);
    uint32_t size;  /**< of the arguments */
    uint32_t align; /**< of the arguments, at most 64 */
} akt_task_function;

/**
 * Declares `akt_err fn(akt_self *, args *)` as the function of tasks; `args` is a
 * complete struct type. `AKT_TASK(fn, void)` declares `akt_err fn(akt_self *)`, which
 * takes none. File scope, with a semicolon.
 */
#define AKT_TASK(fn, args) AKT_TASK_WITH(fn, args, AKT_REQUESTS(1000000))

/**
 * The same with entries that AKT_CLASS takes: `AKT_MAILBOX`, `AKT_OUTBOX`,
 * `AKT_REQUESTS` (futures that may be open at a time, spawned tasks among them;
 * a million unless said) and `AKT_PLACEMENT`.
 */
#define AKT_TASK_WITH(fn, args, ...)                                           \
    AKTI_CAT(AKTI_TASK_OF_, AKTI_TAKES(args))(fn, args);                       \
    static const akt_class fn##_akt_class = {                                  \
        .name = #fn,                                                           \
        .state_size = sizeof(void *),                                          \
        .state_align = _Alignof(void *),                                       \
        .behavior = &akti_task_behavior,                                       \
        .akti_hooks = &akti_task_hooks,                                        \
        .on_start = akti_task_on_start,                                        \
        AKTI_EACH(AKTI_CLASS_SET, (fn, args), __VA_ARGS__)};                   \
    static const akt_task_function fn##_akt_task = {                           \
        &fn##_akt_class, fn##_akt_run,                                         \
        AKTI_CAT(AKTI_SIZE_OF_, AKTI_TAKES(args))(fn##_akt_args),              \
        _Alignof(fn##_akt_args)}

/**
 * Spawns a task: `akt_task_spawn(self, transfer, &task, .cents = 5)`. What follows
 * `out_task` are initialisers of its arguments, which are zero otherwise and are
 * copied to its stack. `AKT_ENOMEM`, `AKT_ELIMIT` (as many actors, futures of the
 * caller, or memory mappings as there may be; the log says which), `AKT_EINVAL`
 * (an option is out of range; the log says which), `AKT_ESTOPPED`, `AKT_EFORK`,
 * `AKT_ECONTEXT` (in a job). Any thread that has `self`; does not block.
 */
#define akt_task_spawn(self, fn, ...)                                          \
    akti_task_spawn(                                                           \
        (self), &fn##_akt_task, AKTI_FIRST(__VA_ARGS__),                       \
        AKTI_CAT(AKTI_ARGS_, AKTI_MANY(__VA_ARGS__))(fn, __VA_ARGS__))

/**
 * The same for a task that nobody owns or joins: it goes on when the caller has
 * ended, and an error that it returns is logged. `out_ref` is an `akt_ref *` or
 * NULL.
 */
#define akt_task_spawn_detached(self, fn, ...)                                 \
    akti_task_spawn_detached(                                                  \
        (self), &fn##_akt_task, AKTI_FIRST(__VA_ARGS__),                       \
        AKTI_CAT(AKTI_ARGS_, AKTI_MANY(__VA_ARGS__))(fn, __VA_ARGS__))

/**
 * @brief Waits until a task has ended and all that it had is freed.
 * @param self [borrow] who spawned it
 * @param task what it got; used up
 * @return what the task's function returned; besides
 * @retval AKT_EENDED joined or detached already, part of a combined future, or not
 *         the caller's
 * @retval AKT_EDEADLK it is the caller itself
 * @retval AKT_ECANCELLED the caller is cancelled, and the task is still its own;
 *         or the task returned this
 * @retval AKT_EBROKEN the task was ended by the end of the system
 * @retval AKT_ECONTEXT in a handler or job
 * @threadsafety actor
 * @blocking until the task has ended
 */
AKT_API AKT_NODISCARD akt_err akt_join(akt_self *self, akt_task task);

/**
 * @brief The same, and says what failed as an error object (failure.h).
 * @param self [borrow] who spawned it
 * @param task what it got; used up
 * @param error [out] what the task said (`akt_task_fail`, `akt_task_fail_with`),
 *        unchanged, or the sentence of the code; written on errors only
 * @return as for `akt_join`
 * @threadsafety actor
 * @blocking until the task has ended
 */
AKT_API AKT_NODISCARD akt_err akt_join_with(akt_self *self, akt_task task,
                                            akt_error *error);

/**
 * Joins and takes what the task gave to `akt_task_return`:
 * `akt_join_as(self, task, balance, &b)` fills a `struct balance`. Texts and bytes
 * in it live until the caller's next `akt_join_as` or `akt_call`. `AKT_ETYPE`: it
 * returned `AKT_OK` and nothing, or something of another type. Else as `akt_join`.
 */
#define akt_join_as(self, task, name, out)                                     \
    akt_join_as_with(self, task, name, out, NULL)

/** The same, with an `akt_error *` for what failed, as for `akt_join_with`. */
#define akt_join_as_with(self, task, name, out, error)                         \
    akti_join_as((self), (task), AKTI_WANT(name, out), (error))

/**
 * Gives a result for who joins: `akt_task_return(self, balance, .cents = 5)`; a
 * later one replaces it. It counts when the function then returns `AKT_OK`.
 * `AKT_ECONTEXT`: not in a task. `AKT_ENOMEM`, `AKT_ESIZE`.
 */
#define akt_task_return(self, ...)                                             \
    akti_task_return((self), &(akti_message_arg){AKTI_FIRST_TYPE(__VA_ARGS__), \
                                                 &AKTI_LITERAL(__VA_ARGS__)})

/**
 * @brief Says more about the error that the task is about to return.
 * @param self [borrow] in a task
 * @param err not `AKT_OK`
 * @param text [borrow] a sentence, copied, cut at 1000 bytes; who awaits the
 *        task's future finds it in the answer, who joins by `akt_join_with`
 * @return `err`, also when there was no memory for the text
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_task_fail(akt_self *self, akt_err err,
                                            const char *text);

/**
 * @brief The same with an error object, which who joins gets unchanged
 *        (`akt_join_with`): `return akt_task_fail_with(self, &error)`.
 * @param self [borrow] in a task
 * @param error [borrow] copied; its code is not `AKT_OK`
 * @return its code, also when there was no memory for the rest
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_task_fail_with(akt_self *self,
                                                 const akt_error *error);

/**
 * @brief Asks a task to end; `akt_join` then waits until it has cleaned up.
 * @param self [borrow] any
 * @param task any
 * @retval AKT_OK it is told
 * @retval AKT_EDEAD it has ended
 * @retval AKT_EFOREIGN it is of another system
 * @retval AKT_EFORK the system belongs to the parent process
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_task_cancel(akt_self *self, akt_task task);

/**
 * @brief Lets a task go on without an owner.
 * @param self [borrow] who spawned it
 * @param task [borrow] what it got; its future is used up, its reference stays
 * @retval AKT_OK done, also when it has ended
 * @retval AKT_EENDED joined or detached already, or not the caller's
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_task_detach(akt_self *self, akt_task *task);

/**
 * @brief Whether the running task has been told to end.
 * @param self [borrow] any
 * @return false outside a task
 * @threadsafety actor
 * @blocking no
 */
AKT_API bool akt_task_is_cancelled(const akt_self *self);

/**
 * @brief Between true and false, waits go on in spite of a cancellation.
 * @param self [borrow] in a task; without effect elsewhere
 * @param on each true needs its false; they nest
 * @threadsafety actor
 * @blocking no
 */
AKT_API void akt_task_shield(akt_self *self, bool on);

/**
 * @brief Waits until a future ends: of a request, a task, a job.
 * @param self [borrow] a task or an attached thread
 * @param future the caller's; used up
 * @param out_answer [out] how it ended; free it by `akt_answer_free`. NULL: only
 *        wait
 * @retval AKT_OK it ended; the outcome is in the answer
 * @retval AKT_ECANCELLED the task is cancelled; the future is still there
 * @retval AKT_EENDED not an open future of the caller
 * @retval AKT_ENOMEM out of memory; the future is still there
 * @retval AKT_ECONTEXT in a handler or job
 * @retval AKT_EFORK the system belongs to the parent process
 * @threadsafety actor
 * @blocking until it ends, at most until its deadline
 */
AKT_API AKT_NODISCARD akt_err akt_await(akt_self *self, akt_future future,
                                        akt_answer **out_answer);

/**
 * Waits for a future and takes its reply: `akt_await_as(self, f, balance, &b)` fills
 * a `struct balance`. Texts and bytes in it live until the caller's next
 * `akt_await_as`, `akt_call` or `akt_join_as`. Answers the error with which the
 * future ended, `AKT_ETYPE` when the reply is of another type, and else as
 * `akt_await`.
 */
#define akt_await_as(self, future, name, out)                                  \
    akt_await_as_with(self, future, name, out, NULL)

/** The same, with an `akt_error *` for what failed, as for `akt_join_with`. */
#define akt_await_as_with(self, future, name, out, error)                      \
    akti_await_as((self), (future), AKTI_WANT(name, out), (error))

/**
 * Asks and waits for the reply: `akt_call(self, to, deposit, &reply, .amount = 5)`
 * fills the reply's struct. Texts and bytes in it live until the caller's next
 * `akt_call` or `akt_join_as`. Answers what `akt_ask` does, the answerer's error,
 * `AKT_ETIMEOUT`, `AKT_EBROKEN`, and `AKT_ECANCELLED`: the request is cancelled, or the
 * task is, which then asks nobody.
 */
#define akt_call(self, to, name, ...)                                          \
    akt_call_within(self, 0, to, name, __VA_ARGS__)

/** The same with a deadline `timeout_ns` from now; 0: the default. */
#define akt_call_within(self, timeout_ns, to, name, ...)                       \
    akti_call((self), (to), AKTI_CALL_MESSAGE(name, __VA_ARGS__),              \
              AKTI_CALL_WAIT(name, timeout_ns, AKTI_FIRST(__VA_ARGS__), NULL))

/**
 * The same, and says what failed as an error object (failure.h): `akt_call_with(self,
 * to, deposit, &reply, &error, .amount = 5)`. `error` is an `akt_error *`, written on
 * errors only: what the answerer said (`akt_reply_error`, `akt_reply_failure`),
 * unchanged, or the sentence of the code.
 */
#define akt_call_with(self, to, name, out, ...)                                \
    akt_call_within_with(self, 0, to, name, out, __VA_ARGS__)

/** The same with a deadline `timeout_ns` from now; 0: the default. */
#define akt_call_within_with(self, timeout_ns, to, name, out, ...)             \
    akti_call((self), (to), AKTI_CALL_MESSAGE(name, __VA_ARGS__),              \
              AKTI_CALL_WAIT(name, timeout_ns, out, AKTI_FIRST(__VA_ARGS__)))

/**
 * @brief Waits for a while.
 * @param self [borrow] a task or an attached thread
 * @param ns how long; 0 is `akt_task_yield`
 * @retval AKT_OK it is over
 * @retval AKT_ECANCELLED the task is cancelled
 * @retval AKT_ENOMEM out of memory
 * @retval AKT_ECONTEXT in a handler or job
 * @threadsafety actor
 * @blocking for that long; the clock is virtual in a simulation
 */
AKT_API AKT_NODISCARD akt_err akt_sleep(akt_self *self, uint64_t ns);

/**
 * @brief Waits until an instant; at once when it is past.
 * @param self [borrow] a task or an attached thread
 * @param deadline_ns as of `akt_now_ns`
 * @retval AKT_OK it has come
 * @retval AKT_ECANCELLED the task is cancelled
 * @retval AKT_ENOMEM out of memory
 * @retval AKT_ECONTEXT in a handler or job
 * @threadsafety actor
 * @blocking until then
 */
AKT_API AKT_NODISCARD akt_err akt_sleep_until(akt_self *self,
                                              uint64_t deadline_ns);

/** The beats of `akt_interval_wait`; made by `akt_interval_start`. */
typedef struct akt_interval {
    uint64_t next_ns;
    uint64_t every_ns;
    uint64_t missed; /**< [out] beats that were left out so far */
} akt_interval;

/**
 * @brief An interval whose first beat is `every_ns` from now.
 * @param self [borrow] any
 * @param every_ns at least 1
 * @return the interval, a plain value
 * @threadsafety actor
 * @blocking no
 */
AKT_API akt_interval akt_interval_start(akt_self *self, uint64_t every_ns);

/**
 * @brief Waits for the next beat. Beats keep their grid as periodic timers do
 *        (timer.h); one that was missed altogether is left out and counted.
 * @param self [borrow] a task or an attached thread
 * @param interval [borrow] started before
 * @retval AKT_OK it beats
 * @retval AKT_ECANCELLED the task is cancelled; the beat is still to come
 * @retval AKT_ENOMEM out of memory
 * @retval AKT_EINVAL `every_ns` is 0
 * @retval AKT_ECONTEXT in a handler or job
 * @threadsafety actor
 * @blocking until then
 */
AKT_API AKT_NODISCARD akt_err akt_interval_wait(akt_self *self,
                                                akt_interval *interval);

/**
 * @brief Lets others of the worker run first.
 * @param self [borrow] a task; a plain thread only yields its processor
 * @retval AKT_OK it is this task's turn again
 * @retval AKT_ECANCELLED the task is cancelled
 * @retval AKT_ECONTEXT in a handler or job
 * @threadsafety actor
 * @blocking until others had their turn
 */
AKT_API AKT_NODISCARD akt_err akt_task_yield(akt_self *self);

/**
 * @brief Waits for a message in the task's own mailbox.
 *
 * Until the next call the message is the current one, as in a handler: `akt_reply`,
 * `akt_keep`, `akt_forward`, `akt_take` and `akt_sender` are about it, and what the
 * task asks has the smaller of the deadlines. A request that is not answered by
 * then is dropped, and its asker learns so.
 * @param self [borrow] in a task
 * @param timeout_ns how long to wait; `AKT_NEVER`; 0: only look
 * @param out_received [out] the message
 * @retval AKT_OK there is one
 * @retval AKT_ETIMEOUT none came
 * @retval AKT_ESTOPPED the task is told to drain, and there is none left
 * @retval AKT_ECANCELLED the task is cancelled; messages stay in the mailbox
 * @retval AKT_ENOMEM out of memory
 * @retval AKT_ECONTEXT not in a task
 * @threadsafety actor
 * @blocking until a message comes
 */
AKT_API AKT_NODISCARD akt_err akt_receive(akt_self *self, uint64_t timeout_ns,
                                          akt_received *out_received);

/** The message as `const struct name *`; NULL when it is of another type. */
#define akt_received_as(received, name)                                        \
    ((const struct name *)akti_received_as((received), &name##_type))

/* What the macros call. Their contracts are those of the macros. */

/** A reply that is wanted, and where it is to be copied. */
typedef struct akti_want {
    const akt_type *type;
    void *out;
} akti_want;

/** How a call waits, where its reply is to be copied, and what failed. */
typedef struct akti_call_wait {
    uint64_t timeout_ns;
    void *out;
    akt_error *error;
} akti_call_wait;

/** What the classes of tasks have in common. */
AKT_API extern const akt_behavior akti_task_behavior;
/** The same. */
AKT_API extern const struct akti_hooks akti_task_hooks;
AKT_API akt_err akti_task_on_start(akt_self *self, void *state);

AKT_API AKT_NODISCARD akt_err akti_task_spawn(akt_self *self,
                                              const akt_task_function *fn,
                                              akt_task *out_task,
                                              const void *args);
AKT_API AKT_NODISCARD akt_err
akti_task_spawn_detached(akt_self *self, const akt_task_function *fn,
                         akt_ref *out_ref, const void *args);
AKT_API AKT_NODISCARD akt_err akti_await_as(akt_self *self, akt_future future,
                                            const akti_want *want,
                                            akt_error *error);
AKT_API AKT_NODISCARD akt_err akti_join_as(akt_self *self, akt_task task,
                                           const akti_want *want,
                                           akt_error *error);
AKT_API AKT_NODISCARD akt_err akti_task_return(akt_self *self,
                                               const akti_message_arg *result);
AKT_API AKT_NODISCARD akt_err akti_call(akt_self *self, akt_ref to,
                                        const akti_message_arg *message,
                                        const akti_call_wait *wait);
AKT_API const void *akti_received_as(const akt_received *received,
                                     const akt_type *type);

/* `out` where it is a pointer to `type`; else it does not compile. */
#define AKTI_OUT(type, out) ((out) + 0 * sizeof(_Generic((out), type * : 1)))
#define AKTI_WANT(name, out)                                                   \
    (&(akti_want){&name##_type, AKTI_OUT(struct name, out)})
#define AKTI_CALL_MESSAGE(name, ...)                                           \
    (&(akti_message_arg){AKTI_REQUEST_TYPE(name),                              \
                         &AKTI_LITERAL_BEHIND(name, __VA_ARGS__)})
#define AKTI_CALL_WAIT(name, timeout_ns, out, error)                           \
    (&(akti_call_wait){(timeout_ns), AKTI_OUT(AKTI_REPLY_OF(name), out),       \
                       (error)})
/* SOME or, for void, NONE. */
#define AKTI_TAKES(args) AKTI_SECOND(AKTI_CAT(AKTI_TAKES_, args), SOME, ~)
#define AKTI_TAKES_void ~, NONE
#define AKTI_SECOND(...) AKTI_SECOND_(__VA_ARGS__)
#define AKTI_SECOND_(first, second, ...) second
#define AKTI_TASK_OF_SOME(fn, args)                                            \
    static akt_err fn##_akt_run(akt_self *self, void *a)                       \
    {                                                                          \
        AKTI_CHECK_FN(fn, akt_err (*)(akt_self *, args *),                     \
                      #fn " must be akt_err (akt_self *, " #args " *)");       \
        return fn(self, a);                                                    \
    }                                                                          \
    typedef args fn##_akt_args
#define AKTI_TASK_OF_NONE(fn, args)                                            \
    static akt_err fn##_akt_run(akt_self *self, void *a)                       \
    {                                                                          \
        AKTI_CHECK_FN(fn, akt_err (*)(akt_self *),                             \
                      #fn " must be akt_err (akt_self *)");                    \
        (void)a;                                                               \
        return fn(self);                                                       \
    }                                                                          \
    typedef struct {                                                           \
        char akti_nothing;                                                     \
    } fn##_akt_args
#define AKTI_SIZE_OF_SOME(args) sizeof(args)
#define AKTI_SIZE_OF_NONE(args) 0
#define AKTI_ARGS_ONE(fn, out) (&(fn##_akt_args){0})
#define AKTI_ARGS_MANY(fn, out, ...) (&(fn##_akt_args){__VA_ARGS__})

AKT_END_DECLS

#endif
