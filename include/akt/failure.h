/* SPDX-License-Identifier: MIT */
/**
 * @file failure.h
 * @brief The error object: a code, what was done, and why it failed.
 *
 * A code says what kind of thing went wrong. A person also wants to know where:
 * `akt_error` is a value on the caller's stack with the code, the number that the
 * system gave (`errno`), a sentence, and the chain of causes. A function that has
 * something to tell takes an `akt_error *` as its last parameter, returns the
 * code as ever, and lets the caller say NULL, which costs nothing:
 *
 *     static akt_err
 *     load_config(akt_self *self, const char *path, struct config *c,
 *                 akt_error *error)
 *     {
 *         akt_file_content content = {0};
 *         akt_err err = akt_read_file(self, akt_text_of(path), 1 << 20,
 *                                     &content, error);
 *
 *         if (err != AKT_OK) {
 *             err = akt_error_wrap(error, err, "load config");
 *             goto out;
 *         }
 *         if (!parse(c, content.ptr, content.len)) {
 *             err = akt_error_set(error, EBADCONFIG, "%s has no port", path);
 *             goto out;
 *         }
 *     out:
 *         akt_file_content_free(&content);
 *         return err;
 *     }
 *
 *     akt_error error = AKT_ERROR_NONE;
 *     if (load_config(self, "/etc/x", &c, &error) != AKT_OK)
 *         fprintf(stderr, "%s\n", error.text);
 *
 * which prints "load config: open /etc/x: No such file or directory". Wrapping
 * puts words in front; the code may change on the way up, and the ones below
 * stay: `akt_error_cause(&error, 1)` is `AKT_ENOENT` here. One `goto out` frees
 * what there is, in one place, whether the function succeeded or not.
 *
 * It travels: `akt_reply_failure` and `akt_promise_fail_with` (future.h) answer a
 * request with it, and `akt_answer_error` and `akt_call_with` (task.h) give the asker
 * the same. A task ends with it by `akt_task_fail_with`; `akt_join_with`,
 * `akt_await_as_with` and `akt_scope_close_with` (task.h, scope.h) give it to its
 * owner.
 *
 * An error is written on failure only: begin with `AKT_ERROR_NONE`, and read it
 * after a call that failed. Where a call takes no error, `akt_error_set` says what
 * it answered. Nothing is allocated, and errors may be copied freely.
 */
#ifndef AKT_FAILURE_H
#define AKT_FAILURE_H

#include "akt/error.h"
#include "akt/export.h"

#include <stdbool.h>
#include <stdint.h>

AKT_BEGIN_DECLS

/** How many codes an error keeps. */
#define AKT_ERROR_CAUSES 8
/** Bytes of an error's text with its NUL. */
#define AKT_ERROR_TEXT_SIZE 448

/** What went wrong. Its text is never longer than the buffer. */
typedef struct akt_error {
    akt_err code; /**< the outermost, which the call returned; `AKT_OK`: none */
    int errnum;   /**< what the system call said (`errno`); 0: none did */
    uint16_t count;                   /**< of causes, this one included */
    uint16_t length;                  /**< of the text */
    uint16_t from[AKT_ERROR_CAUSES];  /**< where in the text each begins */
    akt_err causes[AKT_ERROR_CAUSES]; /**< outermost first */
    char text[AKT_ERROR_TEXT_SIZE];   /**< a sentence, ended by NUL */
} akt_error;

/** No error, for those who want to initialise one. */
#define AKT_ERROR_NONE ((akt_error){.code = AKT_OK})

/**
 * @brief Says what went wrong: `return akt_error_set(error, AKT_EINVAL, "port %d
 *        is out of range", port)`.
 * @param error [out] NULL is allowed
 * @param code not `AKT_OK`; also codes from `AKT_EUSER` on
 * @param format [borrow] as for printf; NULL: the sentence of the code. What is
 *        too long is cut and ends in "...".
 * @return `code`
 * @threadsafety any
 * @blocking no
 */
AKT_API akt_err akt_error_set(akt_error *error, akt_err code,
                              const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/**
 * @brief Says which system call failed: `akt_error_set_errno(error, errno, "open
 *        %s", path)` makes "open /etc/x: No such file or directory".
 * @param error [out] NULL is allowed
 * @param errnum what the call left in `errno`
 * @param format [borrow] the words in front; NULL: none
 * @return the code for it, as `akt_err_of_errno` says
 * @threadsafety any
 * @blocking no
 */
AKT_API akt_err akt_error_set_errno(akt_error *error, int errnum,
                                    const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/**
 * @brief Puts words in front of an error: "load config: " + what it said.
 *
 * When the room is used up the new words are cut, for what is at the end of the
 * text is where it began. Of more than `AKT_ERROR_CAUSES` codes, the outermost
 * and the innermost ones are kept.
 * @param error [borrow] what the failed call has written; NULL is allowed. If
 *        that call wrote nothing (`AKT_OK`), the sentence of `code` is what
 *        stands behind the words.
 * @param code what is wrong from the caller's view; often the code that the
 *        failed call returned
 * @param format [borrow] the words, as for printf
 * @return `code`
 * @threadsafety any
 * @blocking no
 */
AKT_API akt_err akt_error_wrap(akt_error *error, akt_err code,
                               const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/**
 * @brief One code of the chain.
 * @param error [borrow] NULL is like none
 * @param i 0: the outermost, which is `error->code`
 * @return the code; `AKT_OK` past the last one
 * @threadsafety any
 * @blocking no
 */
AKT_API akt_err akt_error_cause(const akt_error *error, unsigned i);

/**
 * @brief What one cause said: the text from there on.
 * @param error [borrow] NULL is like none
 * @param i as for `akt_error_cause`
 * @return a part of `error->text`; "" past the last one
 * @threadsafety any
 * @blocking no
 */
AKT_API const char *akt_error_cause_text(const akt_error *error, unsigned i);

/**
 * @brief Whether a code is somewhere in the chain.
 * @param error [borrow] NULL is like none
 * @param code the code
 * @return true when it is
 * @threadsafety any
 * @blocking no
 */
AKT_API bool akt_error_is(const akt_error *error, akt_err code);

/**
 * @brief The code for a value of `errno`.
 * @param errnum such as `ENOENT`
 * @return such as `AKT_ENOENT`; `AKT_EIO` for all that has none of its own;
 *         `AKT_OK` for 0
 * @threadsafety any
 * @blocking no
 */
AKT_API akt_err akt_err_of_errno(int errnum);

/**
 * Leaves the enclosing function, which returns `akt_err`, with the error of
 * `expression` unless that is `AKT_OK`, and puts words in front of `error`:
 * `AKT_TRY_WRAP(load(self, &c, error), error, "start %s", name)`. For functions
 * that have nothing to clean up; the others `goto out`.
 */
#define AKT_TRY_WRAP(expression, error, ...)                                   \
    do {                                                                       \
        akt_err akti_try_err = (expression);                                   \
        if (akti_try_err != AKT_OK)                                            \
            return akt_error_wrap((error), akti_try_err, __VA_ARGS__);         \
    } while (0)

AKT_END_DECLS

#endif
