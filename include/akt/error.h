/* SPDX-License-Identifier: MIT */
/**
 * @file error.h
 * @brief Errors are values: one list of codes, each with a name and a sentence.
 *
 * Every call that can fail returns an `akt_err`. `AKT_OK` is 0, all others are
 * positive. There is no errno and no "last error": the value in your hand is
 * the whole story, and `akt_err_text()` says it to a person. Where more is to be
 * told (which file, in doing what), calls fill in an `akt_error`, see failure.h.
 *
 *     akt_err err = akt_send(self, to, deposit, .amount = 5);
 *     if (err != AKT_OK)
 *         fprintf(stderr, "deposit: %s\n", akt_err_text(err));
 *
 * Codes of an application's own start at `AKT_EUSER`; they travel through
 * replies and exits unchanged. As values of this type they are compared, and passed,
 * without a warning, which those of an enum of one's own are not:
 *
 *     #define EGONE ((akt_err)(AKT_EUSER + 1))
 */
#ifndef AKT_ERROR_H
#define AKT_ERROR_H

#include "akt/export.h"

AKT_BEGIN_DECLS

/**
 * The one list of errors: X(code, name, sentence). The enum, the names and the
 * texts all come from here.
 */
#define AKT_ERRORS(X)                                                          \
    X(0, AKT_OK, "no error")                                                   \
    X(1, AKT_EINVAL, "an argument is out of its documented range")             \
    X(2, AKT_ENOMEM, "out of memory; nothing was changed")                     \
    X(3, AKT_EFULL, "the queue is at its bound; try later or slow down")       \
    X(4, AKT_EDEAD, "the actor behind this reference has ended")               \
    X(5, AKT_EDEADLK, "waiting here would close a cycle of waiting actors")    \
    X(6, AKT_ETIMEOUT, "the deadline passed")                                  \
    X(7, AKT_ECANCELLED, "it was cancelled")                                   \
    X(8, AKT_EBROKEN, "the request was dropped without an answer")             \
    X(9, AKT_ETYPE, "the message is not of the declared type")                 \
    X(10, AKT_EUNHANDLED, "the receiver has no handler for this message")      \
    X(11, AKT_EENDED, "this promise, future or timer has ended already")       \
    X(12, AKT_ESTOPPED, "the system is stopping or has stopped")               \
    X(13, AKT_ELIMIT,                                                          \
      "a configured limit is reached (see the system options)")                \
    X(14, AKT_EMFILE, "out of file descriptors; raise `ulimit -n`")            \
    X(15, AKT_ETHREAD,                                                         \
      "no thread could be created: too many (`ulimit -u`), or no memory")      \
    X(16, AKT_EFORK,                                                           \
      "the system belongs to the parent of this forked process")               \
    X(17, AKT_EBUSY, "a handler or job has not returned yet")                  \
    X(18, AKT_ECONTEXT, "not callable from this kind of thread or moment")     \
    X(19, AKT_EFOREIGN, "the reference belongs to another system")             \
    X(20, AKT_EIO, "a system call failed; see the log for which one")          \
    X(21, AKT_ESIZE, "the message is larger than a message may be")            \
    X(22, AKT_EUNEXPECTED, "something else came than a probe expected")        \
    X(23, AKT_EINJECTED, "a fault that the simulation was told to inject")     \
    X(24, AKT_EVIOLATED,                                                       \
      "a simulated run failed; the report says how to repeat it")              \
    X(25, AKT_ENOENT, "there is no file or directory of this name")            \
    X(26, AKT_EACCES, "permission denied, or the file system is read-only")    \
    X(27, AKT_EEXIST, "there is a file or directory of this name already")     \
    X(28, AKT_EISDIR, "it is a directory")                                     \
    X(29, AKT_ENOTDIR, "it, or what stands before it, is no directory")        \
    X(30, AKT_ENOTEMPTY, "the directory is not empty")                         \
    X(31, AKT_ENOSPC, "no space left on the device, or a quota is used up")    \
    X(32, AKT_ECLOSED,                                                         \
      "it is closed: by somebody, or because its owner or sender ended")       \
    X(33, AKT_EEMPTY, "there is nothing to take now; try later")               \
    X(34, AKT_ELAGGED, "the receiver was too slow: messages were overwritten") \
    X(35, AKT_EFORMAT, "the bytes are not a message of the expected form")     \
    X(36, AKT_EBADF, "there is no open descriptor of this number")

/** An error code; see `AKT_ERRORS` for the list. */
typedef enum akt_err {
#define AKTI_ERROR_ENUM(code, name, text) name = code,
    AKT_ERRORS(AKTI_ERROR_ENUM)
#undef AKTI_ERROR_ENUM
    /** First code that applications may define for themselves. */
    AKT_EUSER = 1000,
    /** Last code that applications may define for themselves. */
    AKT_EUSER_LAST = 0x7fffffff
} akt_err;

/**
 * @brief The symbolic name of an error, such as "AKT_EFULL".
 * @param err any value
 * @return a static string; "AKT_EUSER" for application codes, "AKT_E?" for an
 *         unknown one. Never NULL.
 * @threadsafety any
 * @blocking no
 */
AKT_API const char *akt_err_name(akt_err err);

/**
 * @brief A sentence that a person can act on.
 * @param err any value
 * @return a static string. Never NULL.
 * @threadsafety any
 * @blocking no
 */
AKT_API const char *akt_err_text(akt_err err);

/**
 * @brief Says that an error is ignored on purpose.
 * @param err the result of a call that may fail
 * @threadsafety any
 * @blocking no
 */
static inline void
akt_ignore(akt_err err)
{
    (void)err;
}

/**
 * Leaves the enclosing function, which returns `akt_err`, with the error of
 * `expression` unless that is `AKT_OK`.
 */
#define AKT_TRY(expression)                                                    \
    do {                                                                       \
        akt_err akti_try_err = (expression);                                   \
        if (akti_try_err != AKT_OK)                                            \
            return akti_try_err;                                               \
    } while (0)

AKT_END_DECLS

#endif
