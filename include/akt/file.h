/* SPDX-License-Identifier: MIT */
/**
 * @file file.h
 * @brief Files, read and written by the blocking pool: as futures, or awaited.
 *
 * Each operation is a request to the blocking pool (blocking.h) with a deadline,
 * cancellation and an answer. A handler goes on by a continuation:
 *
 *     static akt_err
 *     on_config(akt_self *self, struct server *s, const akt_answer *answer,
 *               const struct akt_file_content *content)
 *     {
 *         if (content == NULL) {
 *             akt_error error = AKT_ERROR_NONE;
 *
 *             akt_ignore(akt_answer_error(answer, &error));
 *             fprintf(stderr, "%s\n", error.text);
 *             return answer->error;
 *         }
 *         return configure(s, content->bytes.ptr, content->bytes.len);
 *     }
 *     AKT_THEN(on_config, struct server, akt_file_read_all);
 *
 *     akt_future f;
 *     AKT_TRY(akt_file_read_all(self, AKT_TEXT("/etc/server"), 0, &f));
 *     AKT_TRY(akt_then(self, f, on_config, NULL));
 *
 * The request that a continuation names is called as the function that asks. A
 * task or a plain thread waits, by the second form that each operation has:
 *
 *     akt_file_content content = {0};
 *     akt_error error = AKT_ERROR_NONE;
 *
 *     if (akt_read_file(self, AKT_TEXT("/etc/server"), 0, &content, &error)
 *         != AKT_OK)
 *         fprintf(stderr, "%s\n", error.text);
 *     akt_file_content_free(&content);
 *
 * **Errors** say what was done, to which file, and what the system said: "open
 * /etc/shadow: Permission denied"; `error.errnum` is `EACCES` and the code
 * `AKT_EACCES`. One that ends before anybody looks at the file says so too: "read
 * /etc/server: the deadline passed" (or "it was cancelled"). A path may be relative to the process's working directory. An
 * empty path, one with a NUL and one that is too long are errors like others.
 *
 * **Deadline.** An operation has `AKT_FILE_TIMEOUT_NS`, or less where the request
 * in whose handler it is asked has less. One that waits in the pool's queue when
 * it is cancelled or expires is not begun. One that has begun runs to its end,
 * except that long reads and writes look up after each megabyte; what it has read
 * is freed then, and `akt_file_write_all` leaves the old file as it was.
 *
 * **What asking answers** at once, beside what is said below: `AKT_EFULL` (the
 * pool's queue is full), `AKT_ETHREAD`, `AKT_ENOMEM`, `AKT_ESIZE` (a path or bytes
 * larger than a message may be), `AKT_ELIMIT`, `AKT_ESTOPPED`, `AKT_EFORK`, and
 * `AKT_ECONTEXT` in a job. All else comes with the answer.
 */
#ifndef AKT_FILE_H
#define AKT_FILE_H

#include "akt/error.h"
#include "akt/export.h"
#include "akt/failure.h"
#include "akt/future.h"
#include "akt/message.h"
#include "akt/types.h"

AKT_BEGIN_DECLS

/** How long an operation may take unless less is left. */
#define AKT_FILE_TIMEOUT_NS AKT_SECONDS(60)

/** What may be read at once unless said: 64 MiB. */
#define AKT_FILE_SIZE_DEFAULT ((uint64_t)64 << 20)

/** What was read: a block of its own, followed by a NUL that is not counted. */
typedef struct akt_file_content {
    akt_bytes bytes;
} akt_file_content;

/**
 * @brief Frees what was read.
 * @param content [borrow] emptied; an empty one is allowed. For one that was
 *        taken out of an answer or came from an await form.
 * @threadsafety any
 * @blocking no
 */
AKT_API void akt_file_content_free(struct akt_file_content *content);

/** How `akt_file_write_all` writes; zero is the default. */
typedef struct akt_file_write_opts {
    uint32_t mode; /**< of a new file; 0: as the process's umask says */
    bool sync;     /**< not done before it is on the disk */
} akt_file_write_opts;

/* --- whole files --- */

/**
 * @brief Reads a file from its beginning to its end.
 *
 * The reply is an `akt_file_content`, which `akt_answer_take` moves out without
 * copying. What grows or is cut meanwhile is read as far as it is there then; what
 * is removed or replaced is read as it was opened. Only regular files are read: a
 * directory is `AKT_EISDIR`, and a pipe or device `AKT_EINVAL`, for it may have no
 * end, or never begin; see `akt_file_read_any`.
 * @param self [borrow] an actor's or an attached thread's
 * @param path [borrow] copied
 * @param max_bytes the most that it may be, else `AKT_ESIZE`; 0:
 *        `AKT_FILE_SIZE_DEFAULT`
 * @param out_future [out] of a request `akt_file_read_all`
 * @retval AKT_OK it is asked; other values are listed above
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_file_read_all(akt_self *self, akt_text path,
                                                uint64_t max_bytes,
                                                akt_future *out_future);

/**
 * @brief The same for any kind of file: pipes and devices too, until they end.
 *
 * It holds a thread of the pool until then, at most until the deadline or until
 * it is cancelled.
 * @param self [borrow] an actor's or an attached thread's
 * @param path [borrow] copied
 * @param max_bytes as for `akt_file_read_all`
 * @param out_future [out] of a request `akt_file_read_all`
 * @retval AKT_OK it is asked; other values are listed above
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_file_read_any(akt_self *self, akt_text path,
                                                uint64_t max_bytes,
                                                akt_future *out_future);

/**
 * @brief Makes a file have this content: all of it, or the old one stays.
 *
 * The bytes go to a new file in the same directory (".akt-" and a number), which
 * then takes the name. Whoever reads meanwhile sees the old or the new content.
 * On any error, and when it is cancelled, the new file is removed. A file that is
 * there keeps its mode; a symbolic link is followed; what is no regular file is
 * refused (`AKT_EISDIR`, `AKT_EINVAL`). With `sync` both content and name are on
 * the disk when it is done; if only the last of this fails, the answer is an error
 * that says so although the name has changed.
 * @param self [borrow] an actor's or an attached thread's
 * @param path [borrow] copied
 * @param bytes [borrow] copied into the request
 * @param opts [borrow] NULL: defaults
 * @param out_future [out] of a request `akt_file_write_all`; the reply is an
 *        `akt_file_done` with the number of bytes
 * @retval AKT_OK it is asked; other values are listed above
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err
akt_file_write_all(akt_self *self, akt_text path, akt_bytes bytes,
                   const akt_file_write_opts *opts, akt_future *out_future);

/**
 * @brief Writes at the end of a file, which is made when it is not there.
 *
 * After an error a part may have been written; the error says how much. Regular
 * files and character devices only.
 * @param self [borrow] an actor's or an attached thread's
 * @param path [borrow] copied
 * @param bytes [borrow] copied into the request
 * @param opts [borrow] NULL: defaults
 * @param out_future [out] of a request `akt_file_append`; the reply is an
 *        `akt_file_done` with the number of bytes
 * @retval AKT_OK it is asked; other values are listed above
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_file_append(akt_self *self, akt_text path,
                                              akt_bytes bytes,
                                              const akt_file_write_opts *opts,
                                              akt_future *out_future);

/* --- open files --- */

/**
 * An open file. A value; used by whom it was given to, and closed with it: when
 * the actor ends or the thread detaches. Zero is none.
 *
 * It is there as soon as it is asked for: what is asked of it is done in that
 * order, one at a time, after it has been opened; where that failed, all that
 * follows answers `AKT_EENDED`, and it is to be closed all the same. To read a
 * file at several places at the same time, open it several times.
 */
typedef struct akt_file {
    void *cell;
    uint32_t generation;
} akt_file;

/** Flags of opening. */
enum {
    AKT_FILE_READ = 1u,       /**< for reading */
    AKT_FILE_WRITE = 2u,      /**< for writing */
    AKT_FILE_APPEND = 4u,     /**< for writing, always at the end */
    AKT_FILE_CREATE = 8u,     /**< is made when it is not there */
    AKT_FILE_EXCLUSIVE = 16u, /**< is made, and must not be there */
    AKT_FILE_TRUNCATE = 32u   /**< loses what is in it */
};

/** How a file is opened, and the mode of one that is made. */
typedef struct akt_file_open_opts {
    uint32_t flags; /**< `AKT_FILE_...`, added */
    uint32_t mode;  /**< 0: as the process's umask says */
} akt_file_open_opts;

/**
 * @brief Opens a file. Pipes, sockets and directories are refused.
 * @param self [borrow] an actor's or an attached thread's
 * @param path [borrow] copied
 * @param opts [borrow] such as `&(akt_file_open_opts){AKT_FILE_READ, 0}`
 * @param out_file [out] its handle, to be closed by `akt_file_close`
 * @param out_future [out] of a request `akt_file_open`; the reply is an
 *        `akt_file_done`
 * @retval AKT_OK it is asked; other values are listed above
 * @retval AKT_EINVAL a flag that there is not
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_file_open(akt_self *self, akt_text path,
                                            const akt_file_open_opts *opts,
                                            akt_file *out_file,
                                            akt_future *out_future);

/**
 * @brief Reads on: `size` bytes, or less where the file ends.
 * @param self [borrow] the owner's
 * @param file what to read
 * @param size at most `AKT_MESSAGE_SIZE_MAX`
 * @param out_future [out] of a request `akt_file_read`; the reply is an
 *        `akt_file_content`, empty at the end of the file
 * @retval AKT_OK it is asked; other values are listed above
 * @retval AKT_EENDED not an open file of the caller's
 * @retval AKT_EINVAL `size` is too large
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_file_read(akt_self *self, akt_file file,
                                            uint64_t size,
                                            akt_future *out_future);

/**
 * @brief The same from a place, which does not move where reading goes on.
 * @param self [borrow] the owner's
 * @param file what to read
 * @param offset from the beginning of the file
 * @param size at most `AKT_MESSAGE_SIZE_MAX`
 * @param out_future [out] as for `akt_file_read`
 * @retval AKT_OK it is asked; other values are listed above
 * @retval AKT_EENDED not an open file of the caller's
 * @retval AKT_EINVAL `size` or `offset` is too large
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_file_read_at(akt_self *self, akt_file file,
                                               uint64_t offset, uint64_t size,
                                               akt_future *out_future);

/**
 * @brief Writes all bytes where the last operation ended, or at the end.
 * @param self [borrow] the owner's
 * @param file where to
 * @param bytes [borrow] copied into the request
 * @param out_future [out] of a request `akt_file_write`; the reply is an
 *        `akt_file_done` with their number. An error says how many were written.
 * @retval AKT_OK it is asked; other values are listed above
 * @retval AKT_EENDED not an open file of the caller's
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_file_write(akt_self *self, akt_file file,
                                             akt_bytes bytes,
                                             akt_future *out_future);

/**
 * @brief The same at a place, which does not move where writing goes on.
 * @param self [borrow] the owner's
 * @param file where to
 * @param offset from the beginning of the file
 * @param bytes [borrow] copied into the request
 * @param out_future [out] as for `akt_file_write`
 * @retval AKT_OK it is asked; other values are listed above
 * @retval AKT_EENDED not an open file of the caller's
 * @retval AKT_EINVAL `offset` is too large
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_file_write_at(akt_self *self, akt_file file,
                                                uint64_t offset,
                                                akt_bytes bytes,
                                                akt_future *out_future);

/**
 * @brief Waits until what was written is on the disk.
 * @param self [borrow] the owner's
 * @param file the file
 * @param out_future [out] of a request `akt_file_control`; the reply is an
 *        `akt_file_done`
 * @retval AKT_OK it is asked; other values are listed above
 * @retval AKT_EENDED not an open file of the caller's
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_file_sync(akt_self *self, akt_file file,
                                            akt_future *out_future);

/**
 * @brief Asks how large a file is.
 * @param self [borrow] the owner's
 * @param file the file
 * @param out_future [out] of a request `akt_file_control`; the reply is an
 *        `akt_file_done` with the number of bytes
 * @retval AKT_OK it is asked; other values are listed above
 * @retval AKT_EENDED not an open file of the caller's
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_file_size(akt_self *self, akt_file file,
                                            akt_future *out_future);

/**
 * @brief Makes a file longer or shorter.
 * @param self [borrow] the owner's
 * @param file the file
 * @param size what it is to have
 * @param out_future [out] of a request `akt_file_control`; the reply is an
 *        `akt_file_done`
 * @retval AKT_OK it is asked; other values are listed above
 * @retval AKT_EENDED not an open file of the caller's
 * @retval AKT_EINVAL `size` is too large
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_file_truncate(akt_self *self, akt_file file,
                                                uint64_t size,
                                                akt_future *out_future);

/**
 * @brief Closes a file, after all that was asked of it before.
 * @param self [borrow] the owner's
 * @param file the file; its handle is stale from now on
 * @param out_future [out] of a request `akt_file_control`, for errors that the
 *        system tells only now; NULL: nobody wants to know, and then this cannot
 *        fail for want of room
 * @retval AKT_OK it is asked, or closed later; other values are listed above, and
 *         then the file is still there
 * @retval AKT_EENDED not an open file of the caller's
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_file_close(akt_self *self, akt_file file,
                                             akt_future *out_future);

/* --- the same, awaited --- */

/**
 * @brief Reads a file and waits for it.
 * @param self [borrow] a task's or an attached thread's
 * @param path [borrow] the file
 * @param max_bytes as for `akt_file_read_all`
 * @param out_content [out] free it by `akt_file_content_free`
 * @param error [out] what went wrong; NULL is allowed
 * @return `AKT_OK` or what went wrong, as for `akt_file_read_all` and as the
 *         system said; `AKT_ECONTEXT` where nothing may wait
 * @threadsafety actor
 * @blocking until it is done, at most for its deadline
 */
AKT_API AKT_NODISCARD akt_err akt_read_file(akt_self *self, akt_text path,
                                            uint64_t max_bytes,
                                            akt_file_content *out_content,
                                            akt_error *error);

/**
 * @brief Writes a whole file and waits for it; see `akt_file_write_all`.
 * @param self [borrow] a task's or an attached thread's
 * @param path [borrow] the file
 * @param bytes [borrow] its content
 * @param opts [borrow] NULL: defaults
 * @param error [out] what went wrong; NULL is allowed
 * @return as for `akt_read_file`
 * @threadsafety actor
 * @blocking until it is done, at most for its deadline
 */
AKT_API AKT_NODISCARD akt_err akt_write_file(akt_self *self, akt_text path,
                                             akt_bytes bytes,
                                             const akt_file_write_opts *opts,
                                             akt_error *error);

/**
 * @brief Writes at the end of a file and waits for it; see `akt_file_append`.
 * @param self [borrow] a task's or an attached thread's
 * @param path [borrow] the file
 * @param bytes [borrow] what to write
 * @param opts [borrow] NULL: defaults
 * @param error [out] what went wrong; NULL is allowed
 * @return as for `akt_read_file`
 * @threadsafety actor
 * @blocking until it is done, at most for its deadline
 */
AKT_API AKT_NODISCARD akt_err akt_append_file(akt_self *self, akt_text path,
                                              akt_bytes bytes,
                                              const akt_file_write_opts *opts,
                                              akt_error *error);

/**
 * @brief Opens a file and waits for it; see `akt_file_open`.
 * @param self [borrow] a task's or an attached thread's
 * @param path [borrow] the file
 * @param opts [borrow] as for `akt_file_open`
 * @param out_file [out] to be closed; nothing after an error
 * @param error [out] what went wrong; NULL is allowed
 * @return as for `akt_read_file`
 * @threadsafety actor
 * @blocking until it is done, at most for its deadline
 */
AKT_API AKT_NODISCARD akt_err akt_open_file(akt_self *self, akt_text path,
                                            const akt_file_open_opts *opts,
                                            akt_file *out_file,
                                            akt_error *error);

/**
 * @brief Reads on and waits for it; see `akt_file_read`.
 * @param self [borrow] a task's or an attached thread's
 * @param file what to read
 * @param size bytes, or less at the end
 * @param out_content [out] free it by `akt_file_content_free`; empty at the end
 * @param error [out] what went wrong; NULL is allowed
 * @return as for `akt_read_file`
 * @threadsafety actor
 * @blocking until it is done, at most for its deadline
 */
AKT_API AKT_NODISCARD akt_err akt_read_from(akt_self *self, akt_file file,
                                            uint64_t size,
                                            akt_file_content *out_content,
                                            akt_error *error);

/** A part of a file. */
typedef struct akt_file_range {
    uint64_t offset; /**< from the beginning of the file */
    uint64_t size;   /**< bytes, or less at the end */
} akt_file_range;

/**
 * @brief Reads from a place and waits for it; see `akt_file_read_at`.
 * @param self [borrow] a task's or an attached thread's
 * @param file what to read
 * @param range such as `(akt_file_range){.offset = 100, .size = 20}`
 * @param out_content [out] as for `akt_read_from`
 * @param error [out] what went wrong; NULL is allowed
 * @return as for `akt_read_file`
 * @threadsafety actor
 * @blocking until it is done, at most for its deadline
 */
AKT_API AKT_NODISCARD akt_err akt_read_from_at(akt_self *self, akt_file file,
                                               akt_file_range range,
                                               akt_file_content *out_content,
                                               akt_error *error);

/**
 * @brief Writes and waits for it; see `akt_file_write`.
 * @param self [borrow] a task's or an attached thread's
 * @param file where to
 * @param bytes [borrow] what to write
 * @param error [out] what went wrong; NULL is allowed
 * @return as for `akt_read_file`
 * @threadsafety actor
 * @blocking until it is done, at most for its deadline
 */
AKT_API AKT_NODISCARD akt_err akt_write_to(akt_self *self, akt_file file,
                                           akt_bytes bytes, akt_error *error);

/**
 * @brief Writes at a place and waits for it; see `akt_file_write_at`.
 * @param self [borrow] a task's or an attached thread's
 * @param file where to
 * @param offset from the beginning of the file
 * @param bytes [borrow] what to write
 * @param error [out] what went wrong; NULL is allowed
 * @return as for `akt_read_file`
 * @threadsafety actor
 * @blocking until it is done, at most for its deadline
 */
AKT_API AKT_NODISCARD akt_err akt_write_to_at(akt_self *self, akt_file file,
                                              uint64_t offset, akt_bytes bytes,
                                              akt_error *error);

/**
 * @brief Waits until what was written is on the disk; see `akt_file_sync`.
 * @param self [borrow] a task's or an attached thread's
 * @param file the file
 * @param error [out] what went wrong; NULL is allowed
 * @return as for `akt_read_file`
 * @threadsafety actor
 * @blocking until it is done, at most for its deadline
 */
AKT_API AKT_NODISCARD akt_err akt_sync_file(akt_self *self, akt_file file,
                                            akt_error *error);

/**
 * @brief Asks how large a file is and waits; see `akt_file_size`.
 * @param self [borrow] a task's or an attached thread's
 * @param file the file
 * @param out_size [out] bytes
 * @param error [out] what went wrong; NULL is allowed
 * @return as for `akt_read_file`
 * @threadsafety actor
 * @blocking until it is done, at most for its deadline
 */
AKT_API AKT_NODISCARD akt_err akt_measure_file(akt_self *self, akt_file file,
                                               uint64_t *out_size,
                                               akt_error *error);

/**
 * @brief Makes a file longer or shorter and waits; see `akt_file_truncate`.
 * @param self [borrow] a task's or an attached thread's
 * @param file the file
 * @param size what it is to have
 * @param error [out] what went wrong; NULL is allowed
 * @return as for `akt_read_file`
 * @threadsafety actor
 * @blocking until it is done, at most for its deadline
 */
AKT_API AKT_NODISCARD akt_err akt_truncate_file(akt_self *self, akt_file file,
                                                uint64_t size,
                                                akt_error *error);

/**
 * @brief Closes a file and waits, for errors that come late.
 * @param self [borrow] a task's or an attached thread's
 * @param file its handle is stale afterwards, even when this fails
 * @param error [out] what went wrong; NULL is allowed
 * @return as for `akt_read_file`; if nobody could be asked it is closed unseen
 * @threadsafety actor
 * @blocking until it is done, at most for its deadline
 */
AKT_API AKT_NODISCARD akt_err akt_close_file(akt_self *self, akt_file file,
                                             akt_error *error);

/**
 * Waits for what any of the calls above asked: `akt_file_await(self, f,
 * akt_file_content, &content, &error)`, with the type of the reply and where it
 * goes, or NULL. Answers as for `akt_read_file`. C only.
 */
#define akt_file_await(self, future, name, out, error)                         \
    akti_file_await((self), (future), &name##_type,                            \
                    (1 ? (out) : (struct name *)0), (error))

AKT_API AKT_NODISCARD akt_err akti_file_await(akt_self *self, akt_future future,
                                              const akt_type *type, void *out,
                                              akt_error *error);

/* --- the requests, for continuations; C only, as all messages are --- */

#ifndef __cplusplus

AKT_LOCAL_MESSAGE_WITH(akt_file_content, akt_file_content_free);

#define AKTI_FILE_DONE(F) F(u64, bytes)
AKT_MESSAGE(akt_file_done, AKTI_FILE_DONE);

#define AKTI_FILE_READ_ALL(F) F(text, path) F(u64, max_bytes) F(bool, any)
AKT_REQUEST(akt_file_read_all, AKTI_FILE_READ_ALL, akt_file_content);

#define AKTI_FILE_WRITE_ALL(F)                                                 \
    F(text, path) F(bytes, bytes) F(u32, mode) F(bool, sync)
AKT_REQUEST(akt_file_write_all, AKTI_FILE_WRITE_ALL, akt_file_done);
AKT_REQUEST(akt_file_append, AKTI_FILE_WRITE_ALL, akt_file_done);

#define AKTI_FILE_OPEN(F) F(text, path) F(u32, flags) F(u32, mode)
AKT_REQUEST(akt_file_open, AKTI_FILE_OPEN, akt_file_done);

#define AKTI_FILE_READ(F) F(u64, size) F(u64, offset) F(bool, here)
AKT_REQUEST(akt_file_read, AKTI_FILE_READ, akt_file_content);

#define AKTI_FILE_WRITE(F) F(bytes, bytes) F(u64, offset) F(bool, here)
AKT_REQUEST(akt_file_write, AKTI_FILE_WRITE, akt_file_done);

/* What is done to an open file. */
enum akti_file_control {
    AKTI_FILE_SYNC = 0,
    AKTI_FILE_SIZE,
    AKTI_FILE_TRUNCATE,
    AKTI_FILE_CLOSE
};

#define AKTI_FILE_CONTROL(F) F(u32, what) F(u64, size)
AKT_REQUEST(akt_file_control, AKTI_FILE_CONTROL, akt_file_done);

#endif

AKT_END_DECLS

#endif
