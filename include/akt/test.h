/* SPDX-License-Identifier: MIT */
/**
 * @file test.h
 * @brief Probes: actors that a test's own thread looks through.
 *
 * A probe takes whatever it is sent, keeps it, and lets the test say what has to
 * come next. A whole test of an actor:
 *
 * @code
 * #include <akt/akt.h>
 * #include <akt/test.h>
 *
 * #define NUMBER(F) F(i64, n)
 * AKT_MESSAGE(ping, NUMBER);
 * AKT_MESSAGE(pong, NUMBER);
 *
 * struct echo { int64_t calls; };
 * static akt_err on_ping(akt_self *self, struct echo *e, const struct ping *m)
 * {
 *     e->calls++;
 *     return akt_send(self, akt_sender(self), pong, .n = m->n + e->calls);
 * }
 * AKT_CLASS(echo, struct echo, AKT_ON(ping, on_ping));
 *
 * int main(void)
 * {
 *     akt_system *system; akt_self *me; akt_probe *probe; akt_ref ref;
 *     if (akt_sim_start(NULL, 42, &system) != AKT_OK
 *         || akt_attach(system, &me) != AKT_OK
 *         || akt_spawn(me, echo, &ref) != AKT_OK
 *         || akt_probe_open(me, NULL, &probe) != AKT_OK
 *         || akt_probe_send(probe, ref, ping, .n = 3) != AKT_OK)
 *         return 2;
 *     akt_expect_equal(probe, AKT_MS(100), pong, .n = 4);
 *     akt_expect_none(probe, AKT_SECONDS(60));
 *     int failed = akt_probe_failures(probe) != 0;
 *     akt_probe_close(probe);
 *     akt_detach(me);
 *     akt_system_destroy(system);
 *     return failed;
 * }
 * @endcode
 *
 * **Time.** In a simulation an expectation runs the system, in virtual time,
 * until what it waits for has come or its time is up; a time of 0 runs what can
 * run without time going on. With threads it waits, without polling, until the
 * deadline. What has come before is there at once in both.
 *
 * **A failed expectation** is a value: NULL or an error, `akt_probe_error()` is
 * `AKT_EUNEXPECTED` or `AKT_ETIMEOUT`, and `akt_probe_failure()` says in a
 * sentence what was expected and what came. The sentence also goes to standard
 * error, with file and line, and then to `on_fail` of the options, which may
 * end the test. With cmocka:
 *
 *     static void
 *     stop_here(const char *text, const char *file, int line, void *arg)
 *     {
 *         _fail(file, line);
 *     }
 *
 * **Order.** Messages are expected in the order in which they arrived. An
 * expectation uses up the message that it looks at, whether it was right or
 * not; `akt_fish()` also those that it skips.
 *
 * **Requests** that were expected stay open until the test answers them, gives
 * them up or closes the probe; several may be open at a time:
 *
 *     const struct deposit *m = akt_expect(probe, AKT_MS(100), deposit);
 *     err = akt_probe_reply(probe, m, .cents = 5);
 *
 * **Bounds.** Up to `capacity` messages wait in a probe. What comes beyond that
 * is dropped as by `AKT_DROP_NEWEST`: the sender hears nothing, the message is a
 * dead letter (`AKT_EFULL`), a request breaks. The next expectation that finds
 * nothing waiting then fails with `AKT_EFULL`, once. In front of that is a
 * mailbox with `AKT_MAILBOX_CAPACITY_MAX` and `AKT_AWAIT`, which the probe
 * empties at each of its turns. So a probe does not stand for a slow receiver.
 *
 * A probe is used by the thread that opened it, and is closed before that thread
 * detaches and before the system is destroyed. It is in the account as any actor
 * is; what it has taken counts as delivered. Other actors can stop it; what it
 * has got by then can still be expected, but not answered any more.
 *
 * `akt.h` does not include this header.
 */
#ifndef AKT_TEST_H
#define AKT_TEST_H

#include "akt/actor.h"
#include "akt/error.h"
#include "akt/explore.h"
#include "akt/export.h"
#include "akt/foreach.h"
#include "akt/future.h"
#include "akt/message.h"
#include "akt/types.h"

#include <stdio.h>

AKT_BEGIN_DECLS

/** A probe. */
typedef struct akt_probe akt_probe;

/** Told of a failed expectation, last of all; it may jump out of the test. */
typedef void akt_probe_fail_fn(const char *text, const char *file, int line,
                               void *arg);

/** How a probe is made. Zero means default; set by `AKT_PROBE_OPTS_INIT`. */
typedef struct akt_probe_opts {
    size_t size;      /**< of this struct, for the library's versions to come */
    const char *name; /**< [borrow] in sentences; NULL: "probe" */
    uint32_t capacity; /**< messages that may wait, 1 to 2^20; 0: 65536 */
    uint32_t record;   /**< messages on record, 1 to 2^20; 0: 256 */
    bool quiet;        /**< nothing to standard error */
    akt_probe_fail_fn *on_fail; /**< NULL: nobody is told */
    void *fail_arg;
} akt_probe_opts;

/** The start of an options struct. */
#define AKT_PROBE_OPTS_INIT ((akt_probe_opts){.size = sizeof(akt_probe_opts)})

/**
 * @brief Opens a probe.
 * @param self [borrow] of an attached thread; until `akt_probe_close`
 * @param opts [borrow] NULL for all defaults
 * @param out_probe [out] the probe
 * @retval AKT_OK it can be sent to
 * @retval AKT_EINVAL an option is out of range
 * @retval AKT_ECONTEXT called in a handler or job
 * @retval AKT_ENOMEM out of memory
 * @retval AKT_ELIMIT as many actors as the system allows
 * @retval AKT_ESTOPPED the system is stopping
 * @retval AKT_EFORK the system belongs to the parent process
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_probe_open(akt_self *self,
                                             const akt_probe_opts *opts,
                                             akt_probe **out_probe);

/**
 * @brief Closes a probe and frees what it has got; its open requests break.
 *
 * Its actor is told to end and does so at its next turn, at the latest when the
 * system stops. A few bytes that both share go with whoever is the last.
 * @param probe [move] NULL is allowed
 * @threadsafety actor
 * @blocking no
 */
AKT_API void akt_probe_close(akt_probe *probe);

/**
 * @brief The actor to hand to those under test.
 * @param probe [borrow] the probe
 * @return its reference
 * @threadsafety actor
 * @blocking no
 */
AKT_API akt_ref akt_probe_ref(const akt_probe *probe);

/* --- what came --- */

/**
 * Expects that the next message is a `name`: `akt_expect(probe, AKT_MS(100), pong)`
 * is a `const struct pong *`, valid until the next expectation or `akt_probe_close`
 * (a request: at least until it is answered); or NULL. `AKT_EUNEXPECTED`: another
 * type came. `AKT_ETIMEOUT`: nothing did. `AKT_EDEAD`: nothing did, and the probe's
 * actor has ended. `AKT_EFULL`: messages were lost.
 */
#define akt_expect(probe, within_ns, name)                                     \
    AKTI_MESSAGE_OR_NULL(                                                      \
        name, akti_expect((probe), (within_ns), &name##_type, AKTI_PLACE))

/**
 * The same, and all fields are as said: `akt_expect_equal(probe, AKT_MS(100), pong,
 * .n = 3)`. What is not named is zero. Texts and bytes are compared by content, f64
 * by bits. Errors as for `akt_expect`, and `AKT_EINVAL`: a local message, which has
 * no fields that could be compared.
 */
#define akt_expect_equal(probe, within_ns, ...)                                \
    AKTI_MESSAGE_OR_NULL(                                                      \
        AKTI_FIRST_NAME(__VA_ARGS__),                                          \
        akti_expect_equal((probe), (within_ns), AKTI_FIRST_TYPE(__VA_ARGS__),  \
                          &AKTI_LITERAL(__VA_ARGS__), AKTI_PLACE))

/**
 * Expects a `name` within a time and skips what comes before it; a request that is
 * skipped breaks. A pointer or NULL as for `akt_expect`, but of `AKT_EUNEXPECTED`.
 */
#define akt_fish(probe, within_ns, name)                                       \
    AKTI_MESSAGE_OR_NULL(                                                      \
        name, akti_fish((probe), (within_ns), &name##_type, AKTI_PLACE))

/**
 * Expects any message: an `akt_err` as for `akt_expect`. `akt_probe_type()` and
 * `akt_probe_as()` say what it was.
 */
#define akt_expect_any(probe, within_ns)                                       \
    akti_expect_any((probe), (within_ns), AKTI_PLACE)

/**
 * Expects that nothing comes for so long: `AKT_OK`, `AKT_EUNEXPECTED`: something
 * did; it is used up and can be looked at. `AKT_EFULL`: messages were lost.
 * `AKT_EDEAD`: the probe's actor has ended, so this says nothing.
 */
#define akt_expect_none(probe, within_ns)                                      \
    akti_expect_none((probe), (within_ns), AKTI_PLACE)

/**
 * The message of the last expectation as `const struct name *`, also when it was
 * not what was expected; NULL when there was none or it is of another type.
 */
#define akt_probe_as(probe, name)                                              \
    ((const struct name *)akti_probe_as((probe), &name##_type))

/**
 * @brief The type of the message of the last expectation.
 * @param probe [borrow] the probe
 * @return [borrow] its descriptor; NULL when there was none
 * @threadsafety actor
 * @blocking no
 */
AKT_API const akt_type *akt_probe_type(const akt_probe *probe);

/**
 * @brief Who sent the message of the last expectation.
 * @param probe [borrow] the probe
 * @return the sender; nobody for plain threads, timers, and when there was none
 * @threadsafety actor
 * @blocking no
 */
AKT_API akt_ref akt_probe_sender(const akt_probe *probe);

/**
 * @brief How many messages have come and were not expected yet. Runs nothing.
 * @param probe [borrow] the probe
 * @return the count
 * @threadsafety actor
 * @blocking no
 */
AKT_API uint32_t akt_probe_waiting(akt_probe *probe);

/* --- answering --- */

/**
 * Answers a request that was expected: `akt_probe_reply(probe, m, .cents = 5)`, with
 * the pointer that `akt_expect` gave. The reply's type is the declared one, so a
 * wrong one does not compile. `AKT_OK` also when the asker has gone on (the late
 * reply is counted). `AKT_EENDED`: it was answered or given up, nobody asked it, or
 * the probe's actor has ended. `AKT_ENOMEM`: the request is still open.
 */
#define akt_probe_reply(probe, m, ...)                                         \
    akti_probe_reply((probe), (m), &(__typeof__(*(m)->akti_reply)){__VA_ARGS__})

/**
 * @brief Answers a request that was expected with an error.
 * @param probe [borrow] the probe
 * @param request [borrow] what `akt_expect` gave
 * @param err not `AKT_OK`; also codes from `AKT_EUSER` on
 * @param text [borrow] a sentence for the asker, copied; may be NULL
 * @retval AKT_OK done
 * @retval AKT_EENDED as for `akt_probe_reply`
 * @retval AKT_EINVAL `err` is `AKT_OK`
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_probe_fail(akt_probe *probe,
                                             const void *request, akt_err err,
                                             const char *text);

/**
 * @brief Gives a request that was expected up: its asker learns at once
 *        (`AKT_BROKEN`).
 * @param probe [borrow] the probe
 * @param request [borrow] what `akt_expect` gave
 * @retval AKT_OK done
 * @retval AKT_EENDED as for `akt_probe_reply`
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_probe_drop(akt_probe *probe,
                                             const void *request);

/* --- sending and asking --- */

/**
 * Sends a message whose sender is the probe: `akt_probe_send(probe, to, ping, .n =
 * 3)`. It never waits for room. Errors as for `akt_send`.
 */
#define akt_probe_send(probe, to, ...)                                         \
    akti_probe_send((probe), (to), AKTI_FIRST_TYPE(__VA_ARGS__),               \
                    &AKTI_LITERAL(__VA_ARGS__))

/**
 * Asks, with the probe as the sender, as `akt_ask_within` does:
 * `akt_probe_ask(probe, AKT_MS(100), to, &future, deposit, .amount = 5)`.
 */
#define akt_probe_ask(probe, timeout_ns, to, out_future, ...)                  \
    akti_probe_ask((probe), (to), (timeout_ns),                                \
                   &(akti_message_arg){AKTI_REQUEST_TYPE(__VA_ARGS__),         \
                                       &AKTI_LITERAL(__VA_ARGS__)},            \
                   (out_future))

/**
 * Expects that a request of this thread is answered by a `name`, until the request's
 * deadline: `akt_expect_reply(probe, future, balance)` is a `const struct balance *`,
 * valid until the next expectation, or NULL. The future is used up.
 * `AKT_EUNEXPECTED`: it ended otherwise, or by another type; and the errors of
 * `akt_wait`.
 */
#define akt_expect_reply(probe, future, name)                                  \
    AKTI_MESSAGE_OR_NULL(                                                      \
        name, akti_expect_reply((probe), (future), &name##_type, AKTI_PLACE))

/**
 * Expects that a request of this thread ends in this way, of whatever reply:
 * `akt_expect_outcome(probe, future, AKT_EXPIRED)` is an `akt_err`; errors as for
 * `akt_expect_reply`.
 */
#define akt_expect_outcome(probe, future, outcome)                             \
    akti_expect_outcome((probe), (future), (outcome), AKTI_PLACE)

/**
 * @brief How the request of the last expectation ended.
 * @param probe [borrow] the probe
 * @return [borrow] valid until the next expectation; NULL when the last one was
 *         of no request
 * @threadsafety actor
 * @blocking no
 */
AKT_API const akt_answer *akt_probe_answer(const akt_probe *probe);

/**
 * In a simulation: expects that an actor ends within a time, an `akt_err`.
 * `AKT_ETIMEOUT`: it is still there. `AKT_ECONTEXT`: the system has threads.
 */
#define akt_expect_end(probe, within_ns, ref)                                  \
    akti_expect_end((probe), (within_ns), (ref), AKTI_PLACE)

/* --- what was said --- */

/**
 * @brief How the last expectation ended.
 * @param probe [borrow] the probe
 * @return `AKT_OK` when it held or there was none, otherwise why not
 * @threadsafety actor
 * @blocking no
 */
AKT_API akt_err akt_probe_error(const akt_probe *probe);

/**
 * @brief What was expected and what came instead, in a sentence.
 * @param probe [borrow] the probe
 * @return [borrow] valid until the next expectation; empty when the last one held
 * @threadsafety actor
 * @blocking no
 */
AKT_API const char *akt_probe_failure(const akt_probe *probe);

/**
 * @brief How many expectations have failed.
 * @param probe [borrow] the probe
 * @return the count
 * @threadsafety actor
 * @blocking no
 */
AKT_API uint64_t akt_probe_failures(const akt_probe *probe);

/**
 * @brief Writes what the probe has seen as text: a line for each message, with
 *        its number, its time since the probe was opened, its sender, and
 *        whether it waits or was lost. Long messages are cut.
 * @param probe [borrow] the probe
 * @param buffer [out] receives the text, always ended by NUL when size > 0
 * @param size bytes of `buffer`
 * @return the length of the whole text, as snprintf does
 * @threadsafety actor
 * @blocking no
 */
AKT_API size_t akt_probe_record(akt_probe *probe, char *buffer, size_t size);

/**
 * @brief Prints the same.
 * @param probe [borrow] the probe
 * @param out [borrow] where to, such as `stderr`
 * @threadsafety actor
 * @blocking as `out` does
 */
AKT_API void akt_probe_print(akt_probe *probe, FILE *out);

/* What the macros call. Their contracts are those of the macros. */

/** Where an expectation stands in the test. */
typedef struct akti_place {
    const char *file;
    int line;
} akti_place;

AKT_API const void *akti_expect(akt_probe *probe, uint64_t within_ns,
                                const akt_type *type, const akti_place *place);
AKT_API const void *akti_expect_equal(akt_probe *probe, uint64_t within_ns,
                                      const akt_type *type, const void *payload,
                                      const akti_place *place);
AKT_API const void *akti_fish(akt_probe *probe, uint64_t within_ns,
                              const akt_type *type, const akti_place *place);
AKT_API akt_err akti_expect_any(akt_probe *probe, uint64_t within_ns,
                                const akti_place *place);
AKT_API akt_err akti_expect_none(akt_probe *probe, uint64_t within_ns,
                                 const akti_place *place);
AKT_API const void *akti_probe_as(const akt_probe *probe, const akt_type *type);
AKT_API AKT_NODISCARD akt_err akti_probe_reply(akt_probe *probe,
                                               const void *request,
                                               const void *reply);
AKT_API AKT_NODISCARD akt_err akti_probe_send(akt_probe *probe, akt_ref to,
                                              const akt_type *type,
                                              const void *payload);
AKT_API AKT_NODISCARD akt_err akti_probe_ask(akt_probe *probe, akt_ref to,
                                             uint64_t timeout_ns,
                                             const akti_message_arg *message,
                                             akt_future *out_future);
AKT_API const void *akti_expect_reply(akt_probe *probe, akt_future future,
                                      const akt_type *type,
                                      const akti_place *place);
AKT_API akt_err akti_expect_outcome(akt_probe *probe, akt_future future,
                                    akt_outcome outcome,
                                    const akti_place *place);
AKT_API akt_err akti_expect_end(akt_probe *probe, uint64_t within_ns,
                                akt_ref ref, const akti_place *place);

#define AKTI_PLACE (&(akti_place){__FILE__, __LINE__})
#define AKTI_FIRST_NAME(...) AKTI_FIRST_NAME_(__VA_ARGS__, 0)
#define AKTI_FIRST_NAME_(name, ...) name
/* A pointer that need not be used. */
#define AKTI_MESSAGE_OR_NULL(name, call) ((const struct name *)(call))

AKT_END_DECLS

#endif
