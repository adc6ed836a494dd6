/* SPDX-License-Identifier: MIT */
/**
 * @file actor.h
 * @brief Actors: classes, handlers, spawning, sending, ending.
 *
 * An actor owns a state that nobody else touches and handles one message at a
 * time. What it is, is said once at file scope:
 *
 *     struct account { int64_t cents; };
 *
 *     static akt_err
 *     on_deposit(akt_self *self, struct account *a, const struct deposit *m)
 *     {
 *         a->cents += m->amount;
 *         return akt_reply(self, m, .cents = a->cents);
 *     }
 *
 *     AKT_CLASS(account, struct account, AKT_ON(deposit, on_deposit));
 *
 * and then
 *
 *     akt_ref ref;
 *     AKT_TRY(akt_spawn(self, account, &ref, .cents = 100));
 *     AKT_TRY(akt_send(self, ref, deposit, .amount = 5));
 *
 * A handler with a wrong signature, a send with a wrong field and a reply of a
 * wrong type do not compile.
 *
 * **Who calls.** Nearly every function takes an `akt_self`: the caller's own view
 * of the system. A handler is given one, valid until it returns. A plain thread
 * gets one by `akt_attach()` (system.h) and may use it from that thread alone.
 *
 * **Life.** `akt_spawn` copies the initial state and returns; `on_start` runs as
 * the actor's first turn. Then handlers run, one at a time, on whatever worker,
 * each seeing what the one before did. An actor ends when it is told to or when
 * a handler returns an error; `on_exit` runs last, and then its timers, promises
 * and open requests end, what is left in its mailbox becomes dead letters, and
 * its references answer `AKT_EDEAD`. An actor that is told to end before its
 * first turn has no `on_start`; `on_exit` always runs.
 *
 * | how it ends          | what is still handled                | reason        |
 * |----------------------|--------------------------------------|---------------|
 * | `akt_stop_self`, `akt_stop` | the current message, with the sends that wait for room | `AKT_EXIT_STOPPED` |
 * | `akt_drain`          | all that is in the mailbox; new mail is refused | `AKT_EXIT_DRAINED` |
 * | `akt_kill`           | the handler that runs, nothing else  | `AKT_EXIT_KILLED` |
 * | a handler's error    | nothing else                         | `AKT_EXIT_FAILED` |
 * | `AKT_STOP` mailbox overflow | the current message           | `AKT_EXIT_OVERFLOW` |
 * | `akt_system_stop`    | see there                            | `AKT_EXIT_SHUTDOWN` |
 *
 * A crash is *not* contained: a segmentation fault, an overflow of the stack or
 * a loop without end in a handler takes the process or the worker with it.
 */
#ifndef AKT_ACTOR_H
#define AKT_ACTOR_H

#include "akt/error.h"
#include "akt/export.h"
#include "akt/foreach.h"
#include "akt/mailbox.h"
#include "akt/message.h"
#include "akt/types.h"

AKT_BEGIN_DECLS

/** The largest state of an actor, 16 MiB; it is aligned to 64 at most. */
#define AKT_STATE_SIZE_MAX ((size_t)16 << 20)

/** Why an actor ended. */
typedef enum akt_exit_kind {
    AKT_EXIT_STOPPED = 1,
    AKT_EXIT_DRAINED,
    AKT_EXIT_KILLED,
    AKT_EXIT_FAILED,
    AKT_EXIT_OVERFLOW,
    AKT_EXIT_SHUTDOWN
} akt_exit_kind;

/** Why an actor ended, with the error for `AKT_EXIT_FAILED`. */
typedef struct akt_exit {
    akt_exit_kind kind;
    akt_err error; /**< `AKT_OK` unless kind is `AKT_EXIT_FAILED` */
} akt_exit;

/** Where an actor runs. */
typedef enum akt_placement {
    AKT_PLACE_ANY = 0,   /**< on whatever worker; the default */
    AKT_PLACE_PINNED,    /**< always on the worker that `akt_spawn` chose */
    AKT_PLACE_OWN_THREAD /**< on a thread of its own; it may block there */
} akt_placement;

/** One row of a behaviour; made by `AKT_ON`. */
typedef struct akt_handler {
    const akt_type *type;
    akt_err (*handle)(akt_self *self, void *state, const void *message);
} akt_handler;

/** A set of handlers; made by `AKT_BEHAVIOR` and `AKT_CLASS`. */
struct akt_behavior {
    const char *name;
    const char *state_name;
    size_t state_size;
    const akt_handler *handlers; /**< ended by a row of NULL, NULL */
};

/** What an actor is; made by `AKT_CLASS`. Must live as long as the system. */
struct akt_class {
    const char *name;
    size_t state_size;
    size_t state_align;
    const akt_behavior *behavior;
    akt_err (*on_start)(akt_self *self, void *state);
    void (*on_exit)(akt_self *self, void *state, const akt_exit *reason);
    akt_mailbox_opts mailbox;
    uint32_t outbox;   /**< sends that may wait for room; 0: 256 */
    uint32_t stash;    /**< messages that may be put aside; 0: 64 */
    uint32_t requests; /**< requests open at a time; 0: 1024 */
    akt_placement placement;
    uint64_t idle_ns;                    /**< see `akt_idle`; 0: never */
    const struct akti_hooks *akti_hooks; /**< the library's own classes' */
};

/**
 * Sent to an actor whose class has `AKT_IDLE(ns)`, when for that long no message
 * of others came; then again after each further such time. It is sent by nobody.
 */
struct akt_idle {
    char akti_nothing;
};
/** The descriptor of `akt_idle`. */
AKT_API extern const akt_type akt_idle_type;

/**
 * Declares a class `cls` with state `state` (a complete struct type) from 1 to
 * 32 of the entries below. File scope, with a semicolon; it is `static const`.
 */
#define AKT_CLASS(cls, state, ...)                                             \
    AKTI_BEHAVIOR(cls, state, __VA_ARGS__)                                     \
    static const akt_class cls##_class = {                                     \
        .name = #cls,                                                          \
        .state_size = sizeof(state),                                           \
        .state_align = _Alignof(state),                                        \
        .behavior = &cls##_behavior,                                           \
        AKTI_EACH(AKTI_CLASS_SET, (cls, state), __VA_ARGS__)};                 \
    typedef state cls##_akt_state

/**
 * Declares a further behaviour for `akt_become`, of a class with the same state;
 * takes `AKT_ON` entries only. File scope, with a semicolon.
 */
#define AKT_BEHAVIOR(name, state, ...)                                         \
    AKTI_BEHAVIOR(name, state, __VA_ARGS__) struct akt_behavior

/** Entry: `akt_err fn(akt_self *, state *, const struct message *)`. */
#define AKT_ON(message, fn) (ON, message, fn)
/** Entry: `akt_err fn(akt_self *, state *)`, the actor's first turn. */
#define AKT_ON_START(fn) (START, fn, ~)
/** Entry: `void fn(akt_self *, state *, const akt_exit *)`, its last. */
#define AKT_ON_EXIT(fn) (EXIT, fn, ~)
/** Entry: the mailbox's bound in messages and what happens at it. */
#define AKT_MAILBOX(capacity_msgs, policy) (MAILBOX, capacity_msgs, policy)
/** Entry: the age at which an `AKT_SHED_OLD` mailbox drops a message. */
#define AKT_MAX_AGE(ns) (FIELD, .mailbox.max_age_ns = (ns), ~)
/** Entry: how many sends may wait for room at a time, 1 to 65535. */
#define AKT_OUTBOX(msgs) (FIELD, .outbox = (msgs), ~)
/** Entry: how many messages `akt_stash` may put aside, 1 to 65535. */
#define AKT_STASH(msgs) (FIELD, .stash = (msgs), ~)
/**
 * Entry: how many futures an actor may have at a time, 1 to 1000000: requests, and
 * those of oneshot.h and combine.h, until they have been taken.
 */
#define AKT_REQUESTS(n) (FIELD, .requests = (n), ~)
/** Entry: where the actor runs. */
#define AKT_PLACEMENT(where) (FIELD, .placement = (where), ~)
/** Entry: send `akt_idle` after this long without a message. */
#define AKT_IDLE(ns) (FIELD, .idle_ns = (ns), ~)

/**
 * Creates an actor of class `name`, a bare name. What follows `out_ref` are
 * initialisers of its state, which is zero otherwise and is copied. The new actor
 * may run before the caller sees `*out_ref` written, so what the two share through
 * pointers belongs in the initial state, complete, before the call.
 * `akt_err akt_spawn(akt_self *self, name, akt_ref *out_ref, ...)`:
 * `AKT_ENOMEM`, `AKT_ELIMIT` (as many actors as the system allows),
 * `AKT_ETHREAD` or `AKT_EMFILE` (own thread), `AKT_EINVAL` (a class option is out
 * of range; the log says which), `AKT_ESTOPPED`, `AKT_EFORK`. Any thread that has
 * `self`; does not block.
 */
#define akt_spawn(self, name, ...)                                             \
    akti_spawn(                                                                \
        (self), &name##_class, AKTI_FIRST(__VA_ARGS__),                        \
        AKTI_CAT(AKTI_STATE_, AKTI_MANY(__VA_ARGS__))(name, __VA_ARGS__))

/**
 * Sends a message: `akt_send(self, to, deposit, .amount = 5)`.
 * `AKT_OK`: the message is accepted and will have exactly one fate (system.h).
 * A send that waits for room holds back only what is for the same receiver: the
 * handler's sends to others that have room go out at once. Order is kept for each
 * receiver. Nothing else is handled meanwhile, continuations included (mailbox.h).
 * Otherwise nothing happened and what it points to is still the caller's:
 * `AKT_EDEAD`, `AKT_EFULL` (by the receiver's policy; or the sender's outbox is
 * full), `AKT_EDEADLK`, `AKT_ENOMEM`, `AKT_ESIZE`, `AKT_EFOREIGN`, `AKT_ESTOPPED`,
 * `AKT_EFORK`. Any thread that has `self`; never blocks.
 */
#define akt_send(self, to, ...)                                                \
    akti_send((self), (to), AKTI_FIRST_TYPE(__VA_ARGS__),                      \
              &AKTI_LITERAL(__VA_ARGS__))

/**
 * The same, but never waits for room: a full mailbox with `AKT_AWAIT` answers
 * `AKT_EFULL`. Errors else as for `akt_send`.
 */
#define akt_try_send(self, to, ...)                                            \
    akti_try_send((self), (to), AKTI_FIRST_TYPE(__VA_ARGS__),                  \
                  &AKTI_LITERAL(__VA_ARGS__))

/**
 * From a plain thread: the same as `akt_send`, but blocks for up to `timeout_ns`
 * while the mailbox is full (`AKT_AWAIT` or `AKT_FAIL`), then `AKT_ETIMEOUT`.
 * `AKT_ECONTEXT` in a handler, where nothing may block, and in a job.
 */
#define akt_send_within(self, timeout_ns, to, ...)                             \
    akti_send_within((self), (to), (timeout_ns), AKTI_FIRST_TYPE(__VA_ARGS__), \
                     &AKTI_LITERAL(__VA_ARGS__))

/**
 * Switches the running actor to another behaviour, a bare name, from the next
 * message on. `AKT_ETYPE` when it is for another state type.
 */
#define akt_become(self, name) akti_become((self), &name##_behavior)

/**
 * Moves the content of the current local message to `out` (a pointer to the same
 * struct); its destructor will not be called. `AKT_ETYPE` when `m` is not the
 * current message or is not local.
 */
#define akt_take(self, m, out)                                                 \
    akti_take((self), (m),                                                     \
              (out)                                                            \
                  + 0 * sizeof(_Generic((m), const __typeof__(*(out)) * : 1)))

/**
 * @brief Hands the current message on to another actor, with its sender, its
 *        deadline and, for a request, its promise.
 * @param self [borrow] in a handler
 * @param to the new receiver
 * @retval AKT_OK the message [move] is not to be touched any more
 * @retval AKT_ECONTEXT no message is being handled, or it was given away already
 * @retval AKT_EFULL the receiver has no room; the message is still here
 * @retval AKT_EDEAD the receiver has ended; the message is still here
 * @retval AKT_EDEADLK see mailbox.h; the message is still here
 * @retval AKT_EFOREIGN `to` is of another system
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_forward(akt_self *self, akt_ref to);

/**
 * @brief Puts the current message aside, to be handled later.
 * @param self [borrow] in a handler
 * @retval AKT_OK the message [move] waits in the stash and is not to be touched
 * @retval AKT_EFULL the stash is at its bound (`AKT_STASH`)
 * @retval AKT_ENOMEM out of memory
 * @retval AKT_ECONTEXT no message is being handled, or it was given away already
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_stash(akt_self *self);

/**
 * @brief Puts all stashed messages, oldest first, in front of what waits.
 * @param self [borrow] in a handler or `on_start`
 * @return how many
 * @threadsafety actor
 * @blocking no
 */
AKT_API size_t akt_unstash(akt_self *self);

/**
 * @brief The running actor's own reference; nobody for a plain thread.
 * @param self [borrow] any
 * @return the reference
 * @threadsafety actor
 * @blocking no
 */
AKT_API akt_ref akt_self_ref(const akt_self *self);

/**
 * @brief The system that `self` belongs to.
 * @param self [borrow] any
 * @return [borrow] the system
 * @threadsafety actor
 * @blocking no
 */
AKT_API akt_system *akt_self_system(const akt_self *self);

/**
 * @brief Who sent the current message.
 * @param self [borrow] in a handler
 * @return the sender; nobody for plain threads and timers
 * @threadsafety actor
 * @blocking no
 */
AKT_API akt_ref akt_sender(const akt_self *self);

/**
 * @brief The deadline of the request that is being handled.
 * @param self [borrow] any
 * @return an instant as of `akt_now_ns`, or `AKT_NEVER`
 * @threadsafety actor
 * @blocking no
 */
AKT_API uint64_t akt_deadline_ns(const akt_self *self);

/**
 * @brief Whether nobody waits any more for the answer to the current request:
 *        cancelled, expired, or its asker has ended. Long work should look.
 * @param self [borrow] any
 * @return false when no request is being handled
 * @threadsafety actor
 * @blocking no
 */
AKT_API bool akt_is_cancelled(const akt_self *self);

/**
 * @brief Whether a send of this turn waits for room: the actor will be suspended
 *        when its handler returns, so a handler that produces much should.
 * @param self [borrow] any
 * @return false for a plain thread
 * @threadsafety actor
 * @blocking no
 */
AKT_API bool akt_is_awaiting(const akt_self *self);

/**
 * @brief Tells the cycle of the last `AKT_EDEADLK`: "a<1.2.1> -> b<1.3.1> -> a".
 * @param self [borrow] in the handler that got the error
 * @param buffer [out] receives the text, ended by NUL when size > 0
 * @param size bytes of `buffer`
 * @return the length of the whole text; 0 when there was none in this turn
 * @threadsafety actor
 * @blocking no
 */
AKT_API size_t akt_deadlock_text(const akt_self *self, char *buffer,
                                 size_t size);

/**
 * @brief The clock that deadlines are measured on; virtual in a simulation.
 * @param self [borrow] any
 * @return nanoseconds since some fixed moment, never going back
 * @threadsafety actor
 * @blocking no
 */
AKT_API uint64_t akt_now_ns(akt_self *self);

/**
 * @brief A random number from the system's generator; repeated by the seed in a
 *        simulation. Not for keys.
 * @param self [borrow] any
 * @return 64 bits
 * @threadsafety actor
 * @blocking no
 */
AKT_API uint64_t akt_random(akt_self *self);

/**
 * @brief Ends the running actor after this message.
 * @param self [borrow] in a handler or `on_start`; without effect elsewhere
 * @threadsafety actor
 * @blocking no
 */
AKT_API void akt_stop_self(akt_self *self);

/**
 * @brief Tells an actor to end after its current message.
 * @param self [borrow] any
 * @param ref the actor, also oneself
 * @retval AKT_OK it will end, or is ending
 * @retval AKT_EDEAD it has ended
 * @retval AKT_EFOREIGN `ref` is of another system
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_stop(akt_self *self, akt_ref ref);

/**
 * @brief Tells an actor to take no new mail, finish its queue, and end. It
 *        refuses mail from its next turn on; what waits for room in others'
 *        outboxes goes back when it ends.
 * @param self [borrow] any
 * @param ref the actor, also oneself
 * @retval AKT_OK it will end, or is ending
 * @retval AKT_EDEAD it has ended
 * @retval AKT_EFOREIGN `ref` is of another system
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_drain(akt_self *self, akt_ref ref);

/**
 * @brief Ends an actor as soon as its running handler returns, even while it is
 *        suspended; sends that wait for room go back ("returned").
 * @param self [borrow] any
 * @param ref the actor, also oneself
 * @retval AKT_OK it will end, or is ending
 * @retval AKT_EDEAD it has ended
 * @retval AKT_EFOREIGN `ref` is of another system
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_kill(akt_self *self, akt_ref ref);

/**
 * @brief Whether an actor has not ended yet; it may by the time you look.
 * @param self [borrow] any
 * @param ref any
 * @return false for nobody and for references of other systems
 * @threadsafety actor
 * @blocking no
 */
AKT_API bool akt_ref_is_alive(akt_self *self, akt_ref ref);

/* What the macros call. Their contracts are those of the macros. */

AKT_API AKT_NODISCARD akt_err akti_spawn(akt_self *self, const akt_class *cls,
                                         akt_ref *out_ref, const void *state);
AKT_API AKT_NODISCARD akt_err akti_send(akt_self *self, akt_ref to,
                                        const akt_type *type,
                                        const void *payload);
AKT_API AKT_NODISCARD akt_err akti_try_send(akt_self *self, akt_ref to,
                                            const akt_type *type,
                                            const void *payload);
AKT_API AKT_NODISCARD akt_err akti_send_within(akt_self *self, akt_ref to,
                                               uint64_t timeout_ns,
                                               const akt_type *type,
                                               const void *payload);
AKT_API AKT_NODISCARD akt_err akti_become(akt_self *self,
                                          const akt_behavior *behavior);
AKT_API AKT_NODISCARD akt_err akti_take(akt_self *self, const void *message,
                                        void *out);

#define AKTI_FIRST(...) AKTI_FIRST_(__VA_ARGS__, 0)
#define AKTI_FIRST_(first, ...) (first)
#define AKTI_STATE_ONE(name, out_ref) (&(name##_akt_state){0})
#define AKTI_STATE_MANY(name, out_ref, ...) (&(name##_akt_state){__VA_ARGS__})

/* An entry is (KIND, a, b); it is looked at three times. */
#define AKTI_BEHAVIOR(name, state, ...)                                        \
    AKTI_EACH(AKTI_THUNK, (name, state), __VA_ARGS__)                          \
    static const akt_handler name##_akt_handlers[] = {                         \
        AKTI_EACH(AKTI_HANDLER, (name, state), __VA_ARGS__){NULL, NULL}};      \
    static const akt_behavior name##_behavior = {#name, #state, sizeof(state), \
                                                 name##_akt_handlers};

#define AKTI_JOIN_ENTRY(op, ctx, entry)                                        \
    AKTI_JOIN_ENTRY_(op, AKTI_UNWRAP ctx, AKTI_UNWRAP entry)
#define AKTI_JOIN_ENTRY_(...) AKTI_JOIN_ENTRY__(__VA_ARGS__)
#define AKTI_JOIN_ENTRY__(op, name, state, kind, ...)                          \
    op##_##kind(name, state, __VA_ARGS__)

#define AKTI_THUNK(ctx, entry) AKTI_JOIN_ENTRY(AKTI_THUNK, ctx, entry)
#define AKTI_THUNK_ON(name, state, m, fn)                                      \
    static akt_err name##_akt_##m(akt_self *self, void *s, const void *p)      \
    {                                                                          \
        AKTI_CHECK_FN(fn, akt_err (*)(akt_self *, state *, const struct m *),  \
                      #fn " must be akt_err (akt_self *, " #state              \
                          " *, const struct " #m " *)");                       \
        return fn(self, s, p);                                                 \
    }
#define AKTI_THUNK_START(name, state, fn, _)                                   \
    static akt_err name##_akt_on_start(akt_self *self, void *s)                \
    {                                                                          \
        AKTI_CHECK_FN(fn, akt_err (*)(akt_self *, state *),                    \
                      #fn " must be akt_err (akt_self *, " #state " *)");      \
        return fn(self, s);                                                    \
    }
#define AKTI_THUNK_EXIT(name, state, fn, _)                                    \
    static void name##_akt_on_exit(akt_self *self, void *s,                    \
                                   const akt_exit *reason)                     \
    {                                                                          \
        AKTI_CHECK_FN(fn, void (*)(akt_self *, state *, const akt_exit *),     \
                      #fn " must be void (akt_self *, " #state                 \
                          " *, const akt_exit *)");                            \
        fn(self, s, reason);                                                   \
    }
#define AKTI_THUNK_MAILBOX(name, state, a, b)
#define AKTI_THUNK_FIELD(name, state, a, b)

#define AKTI_HANDLER(ctx, entry) AKTI_JOIN_ENTRY(AKTI_HANDLER, ctx, entry)
#define AKTI_HANDLER_ON(name, state, m, fn) {&m##_type, name##_akt_##m},
#define AKTI_HANDLER_START(name, state, a, b)
#define AKTI_HANDLER_EXIT(name, state, a, b)
#define AKTI_HANDLER_MAILBOX(name, state, a, b)
#define AKTI_HANDLER_FIELD(name, state, a, b)

#define AKTI_CLASS_SET(ctx, entry) AKTI_JOIN_ENTRY(AKTI_SET, ctx, entry)
#define AKTI_SET_ON(name, state, a, b)
#define AKTI_SET_START(name, state, a, b) .on_start = name##_akt_on_start,
#define AKTI_SET_EXIT(name, state, a, b) .on_exit = name##_akt_on_exit,
#define AKTI_SET_MAILBOX(name, state, a, b)                                    \
    .mailbox.capacity = (a), .mailbox.overflow = (b),
#define AKTI_SET_FIELD(name, state, a, b) a,

AKT_END_DECLS

#endif
