/* SPDX-License-Identifier: MIT */
/**
 * @file dir.h
 * @brief What files are, their names, and what is in directories.
 *
 * Made as the calls of file.h are: each is a request to the blocking pool, with
 * the same deadline and the same errors, and has a second form that waits. A
 * handler goes on by `AKT_THEN(on_info, struct server, akt_file_stat)`.
 *
 * A directory is read in batches, so that one of a million entries takes no more
 * memory than one of ten:
 *
 *     akt_dir dir;
 *     akt_dir_entries batch = {0};
 *     akt_error error = AKT_ERROR_NONE;
 *     uint32_t i;
 *
 *     AKT_TRY(akt_walk_dir(self, AKT_TEXT("/srv"), NULL, &dir, &error));
 *     while (akt_read_dir(self, dir, &batch, &error) == AKT_OK
 *            && batch.count > 0) {
 *         for (i = 0; i < batch.count; i++)
 *             puts(batch.entries[i].path.ptr);
 *         akt_dir_entries_free(&batch);
 *     }
 *     return akt_dir_close(self, dir);
 *
 * `akt_open_dir` in its place gives what is in that one directory.
 *
 * **What changes meanwhile.** An entry says what was there when it was read. A
 * directory that goes, or may not be read, is an entry with an error, and the walk
 * goes on behind it; so is one with a name by which the path gets longer than the
 * system takes. What is made or removed in a directory while it is read may
 * be among the entries or not. The order is that of the file system.
 *
 * **Descriptors.** A walk holds at most `AKT_DIR_DESCRIPTORS`, one or two if there
 * are no more. Of the directories above them it knows the place by the name of the
 * entry where it went down; if that is gone when it comes back, or is another
 * directory, the rest of that directory is an error (`ESTALE`).
 */
#ifndef AKT_DIR_H
#define AKT_DIR_H

#include "akt/error.h"
#include "akt/export.h"
#include "akt/failure.h"
#include "akt/file.h"
#include "akt/future.h"
#include "akt/message.h"
#include "akt/types.h"

AKT_BEGIN_DECLS

/** What is behind a name. */
typedef enum akt_file_kind {
    AKT_FILE_KIND_UNKNOWN = 0, /**< that could not be found out */
    AKT_FILE_KIND_FILE,        /**< a regular file */
    AKT_FILE_KIND_DIR,         /**< a directory */
    AKT_FILE_KIND_LINK,        /**< a symbolic link */
    AKT_FILE_KIND_OTHER        /**< a pipe, a socket or a device */
} akt_file_kind;

/** What the system says of a file. `device` and `inode` together name it. */
typedef struct akt_file_info {
    akt_file_kind kind;
    uint32_t mode;       /**< permissions, such as 0644 */
    uint64_t size;       /**< bytes */
    int64_t modified_ns; /**< when it was written last; since 1970, UTC */
    uint64_t device;
    uint64_t inode;
} akt_file_info;

/* --- files by their names --- */

/**
 * @brief Asks what a file is. A symbolic link is followed.
 * @param self [borrow] an actor's or an attached thread's
 * @param path [borrow] copied
 * @param out_future [out] of a request `akt_file_stat`; the reply is an
 *        `akt_file_info`
 * @retval AKT_OK it is asked; other values are listed in file.h
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_file_stat(akt_self *self, akt_text path,
                                            akt_future *out_future);

/**
 * @brief The same; of a symbolic link, what the link itself is.
 * @param self [borrow] an actor's or an attached thread's
 * @param path [borrow] copied
 * @param out_future [out] as for `akt_file_stat`
 * @retval AKT_OK it is asked; other values are listed in file.h
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_file_stat_link(akt_self *self, akt_text path,
                                                 akt_future *out_future);

/**
 * @brief Gives a file or directory another name, in one step.
 *
 * A file that has the new name is replaced; a directory only if it is empty and a
 * directory takes its place. Not from one file system to another. An error names
 * both: "rename a to b: No such file or directory".
 * @param self [borrow] an actor's or an attached thread's
 * @param from [borrow] copied
 * @param to [borrow] copied
 * @param out_future [out] of a request `akt_file_rename`; the reply is an
 *        `akt_file_done`
 * @retval AKT_OK it is asked; other values are listed in file.h
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_file_rename(akt_self *self, akt_text from,
                                              akt_text to,
                                              akt_future *out_future);

/**
 * @brief Removes a file, a link, or what else is no directory (`AKT_EISDIR`).
 * @param self [borrow] an actor's or an attached thread's
 * @param path [borrow] copied
 * @param out_future [out] of a request `akt_file_remove`; the reply is an
 *        `akt_file_done`
 * @retval AKT_OK it is asked; other values are listed in file.h
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_file_remove(akt_self *self, akt_text path,
                                              akt_future *out_future);

/**
 * @brief Removes an empty directory; `AKT_ENOTEMPTY`, `AKT_ENOTDIR`.
 * @param self [borrow] an actor's or an attached thread's
 * @param path [borrow] copied
 * @param out_future [out] of a request `akt_file_remove`; the reply is an
 *        `akt_file_done`
 * @retval AKT_OK it is asked; other values are listed in file.h
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_dir_remove(akt_self *self, akt_text path,
                                             akt_future *out_future);

/** How a directory is made; zero is the default. */
typedef struct akt_dir_make_opts {
    uint32_t mode; /**< of the directory; 0: as the process's umask says */
    bool parents;  /**< those above it too; and it may be there already */
} akt_dir_make_opts;

/**
 * @brief Makes a directory.
 *
 * With `parents` an error names the directory that could not be made; those above
 * it stay.
 * @param self [borrow] an actor's or an attached thread's
 * @param path [borrow] copied
 * @param opts [borrow] NULL: defaults
 * @param out_future [out] of a request `akt_dir_make`; the reply is an
 *        `akt_file_done`
 * @retval AKT_OK it is asked; other values are listed in file.h
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_dir_make(akt_self *self, akt_text path,
                                           const akt_dir_make_opts *opts,
                                           akt_future *out_future);

/* --- what is in directories --- */

/** How many directories a walk has open at a time. */
#define AKT_DIR_DESCRIPTORS 8

/** Entries of a batch unless said, and the most that may be said. */
#define AKT_DIR_BATCH_DEFAULT 256
#define AKT_DIR_BATCH_MAX 4096

/** One entry of a directory. Texts are followed by a NUL. */
typedef struct akt_dir_entry {
    akt_text path; /**< what was opened, and the way down from there */
    akt_text name; /**< the last part of it */
    akt_file_kind kind;
    uint32_t depth; /**< 1: in the directory that was opened */
    akt_err error;  /**< why it, or the rest of it, cannot be read */
    int errnum;     /**< what the system said; 0: nothing */
    akt_text why;   /**< the error as a sentence; empty without one */
} akt_dir_entry;

/** A batch; at the end one without entries, which need not be freed. */
typedef struct akt_dir_entries {
    const akt_dir_entry *entries;
    uint32_t count;
    const char *akti_texts;
} akt_dir_entries;

/**
 * @brief Frees a batch.
 * @param entries [borrow] emptied; an empty one is allowed. For one that was taken
 *        out of an answer or came from an await form.
 * @threadsafety any
 * @blocking no
 */
AKT_API void akt_dir_entries_free(struct akt_dir_entries *entries);

/** How a directory is read; zero is the default. */
typedef struct akt_dir_opts {
    uint32_t batch;     /**< entries of one at most; 0: the default */
    uint32_t max_depth; /**< of a walk: how far down; 0: to the end */
    bool follow_links;  /**< a link is what it leads to, if that is there */
} akt_dir_opts;

/**
 * An open directory. A value, and used as an `akt_file` is: it is there as soon as
 * it is asked for, belongs to who opened it, and is closed with it.
 */
typedef struct akt_dir {
    void *cell;
    uint32_t generation;
} akt_dir;

/**
 * @brief Opens a directory, to read what is in it.
 * @param self [borrow] an actor's or an attached thread's
 * @param path [borrow] copied
 * @param opts [borrow] NULL: defaults
 * @param out_dir [out] its handle, to be closed by `akt_dir_close`
 * @param out_future [out] of a request `akt_dir_open`; the reply is an
 *        `akt_file_done`
 * @retval AKT_OK it is asked; other values are listed in file.h
 * @retval AKT_EINVAL `batch` is too large
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_dir_open(akt_self *self, akt_text path,
                                           const akt_dir_opts *opts,
                                           akt_dir *out_dir,
                                           akt_future *out_future);

/**
 * @brief Opens a directory, to read what is in it and in all below.
 *
 * A directory comes before what is in it. What was opened is no entry itself.
 * Links are not followed, unless that is wished; then one that leads back to a
 * directory above it is an entry with an error (`errnum` is `ELOOP`). One to
 * another place that is walked too is gone through twice.
 * @param self [borrow] an actor's or an attached thread's
 * @param path [borrow] copied
 * @param opts [borrow] NULL: defaults
 * @param out_dir [out] as for `akt_dir_open`
 * @param out_future [out] as for `akt_dir_open`
 * @retval AKT_OK it is asked; other values are listed in file.h
 * @retval AKT_EINVAL `batch` is too large
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_dir_walk(akt_self *self, akt_text path,
                                           const akt_dir_opts *opts,
                                           akt_dir *out_dir,
                                           akt_future *out_future);

/**
 * @brief Asks for the next batch.
 *
 * It has entries as long as there are any. Its texts take about 70 KiB at most, and
 * as much as 64 bytes for each entry. When the request ends before it is begun, or
 * by `AKT_ENOMEM`, nothing is lost: the next one goes on where it was. A batch that
 * is on its way when its request is given up is lost.
 * @param self [borrow] the owner's
 * @param dir what to read
 * @param out_future [out] of a request `akt_dir_next`; the reply is an
 *        `akt_dir_entries`, which `akt_answer_take` moves out
 * @retval AKT_OK it is asked; other values are listed in file.h
 * @retval AKT_EENDED not an open directory of the caller's
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_dir_next(akt_self *self, akt_dir dir,
                                           akt_future *out_future);

/**
 * @brief Closes a directory, after all that was asked of it before.
 * @param self [borrow] the owner's
 * @param dir its handle is stale from now on
 * @retval AKT_OK it is closed, or will be
 * @retval AKT_EENDED not an open directory of the caller's
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_dir_close(akt_self *self, akt_dir dir);

/* --- the same, awaited --- */

/**
 * @brief Asks what a file is and waits; see `akt_file_stat`.
 * @param self [borrow] a task's or an attached thread's
 * @param path [borrow] the file
 * @param out_info [out] what it is
 * @param error [out] what went wrong; NULL is allowed
 * @return as for `akt_read_file`
 * @threadsafety actor
 * @blocking until it is done, at most for its deadline
 */
AKT_API AKT_NODISCARD akt_err akt_stat_file(akt_self *self, akt_text path,
                                            akt_file_info *out_info,
                                            akt_error *error);

/**
 * @brief Asks what a link or file is and waits; see `akt_file_stat_link`.
 * @param self [borrow] a task's or an attached thread's
 * @param path [borrow] the link or file
 * @param out_info [out] what it is
 * @param error [out] what went wrong; NULL is allowed
 * @return as for `akt_read_file`
 * @threadsafety actor
 * @blocking until it is done, at most for its deadline
 */
AKT_API AKT_NODISCARD akt_err akt_stat_link(akt_self *self, akt_text path,
                                            akt_file_info *out_info,
                                            akt_error *error);

/**
 * @brief Gives a file another name and waits; see `akt_file_rename`.
 * @param self [borrow] a task's or an attached thread's
 * @param from [borrow] what it is called
 * @param to [borrow] what it is to be called
 * @param error [out] what went wrong; NULL is allowed
 * @return as for `akt_read_file`
 * @threadsafety actor
 * @blocking until it is done, at most for its deadline
 */
AKT_API AKT_NODISCARD akt_err akt_rename_file(akt_self *self, akt_text from,
                                              akt_text to, akt_error *error);

/**
 * @brief Removes a file and waits; see `akt_file_remove`.
 * @param self [borrow] a task's or an attached thread's
 * @param path [borrow] the file
 * @param error [out] what went wrong; NULL is allowed
 * @return as for `akt_read_file`
 * @threadsafety actor
 * @blocking until it is done, at most for its deadline
 */
AKT_API AKT_NODISCARD akt_err akt_remove_file(akt_self *self, akt_text path,
                                              akt_error *error);

/**
 * @brief Removes an empty directory and waits; see `akt_dir_remove`.
 * @param self [borrow] a task's or an attached thread's
 * @param path [borrow] the directory
 * @param error [out] what went wrong; NULL is allowed
 * @return as for `akt_read_file`
 * @threadsafety actor
 * @blocking until it is done, at most for its deadline
 */
AKT_API AKT_NODISCARD akt_err akt_remove_dir(akt_self *self, akt_text path,
                                             akt_error *error);

/**
 * @brief Makes a directory and waits; see `akt_dir_make`.
 * @param self [borrow] a task's or an attached thread's
 * @param path [borrow] the directory
 * @param opts [borrow] NULL: defaults
 * @param error [out] what went wrong; NULL is allowed
 * @return as for `akt_read_file`
 * @threadsafety actor
 * @blocking until it is done, at most for its deadline
 */
AKT_API AKT_NODISCARD akt_err akt_make_dir(akt_self *self, akt_text path,
                                           const akt_dir_make_opts *opts,
                                           akt_error *error);

/**
 * @brief Opens a directory and waits; see `akt_dir_open`.
 * @param self [borrow] a task's or an attached thread's
 * @param path [borrow] the directory
 * @param opts [borrow] NULL: defaults
 * @param out_dir [out] to be closed by `akt_dir_close`; nothing after an error
 * @param error [out] what went wrong; NULL is allowed
 * @return as for `akt_read_file`
 * @threadsafety actor
 * @blocking until it is done, at most for its deadline
 */
AKT_API AKT_NODISCARD akt_err akt_open_dir(akt_self *self, akt_text path,
                                           const akt_dir_opts *opts,
                                           akt_dir *out_dir, akt_error *error);

/**
 * @brief Opens a directory with all below and waits; see `akt_dir_walk`.
 * @param self [borrow] a task's or an attached thread's
 * @param path [borrow] the directory
 * @param opts [borrow] NULL: defaults
 * @param out_dir [out] to be closed by `akt_dir_close`; nothing after an error
 * @param error [out] what went wrong; NULL is allowed
 * @return as for `akt_read_file`
 * @threadsafety actor
 * @blocking until it is done, at most for its deadline
 */
AKT_API AKT_NODISCARD akt_err akt_walk_dir(akt_self *self, akt_text path,
                                           const akt_dir_opts *opts,
                                           akt_dir *out_dir, akt_error *error);

/**
 * @brief Waits for the next batch; see `akt_dir_next`.
 * @param self [borrow] a task's or an attached thread's
 * @param dir what to read
 * @param out_entries [out] free it by `akt_dir_entries_free`; empty at the end
 * @param error [out] what went wrong; NULL is allowed
 * @return as for `akt_read_file`
 * @threadsafety actor
 * @blocking until it is done, at most for its deadline
 */
AKT_API AKT_NODISCARD akt_err akt_read_dir(akt_self *self, akt_dir dir,
                                           akt_dir_entries *out_entries,
                                           akt_error *error);

/* --- the requests, for continuations; C only, as all messages are --- */

#ifndef __cplusplus

AKT_LOCAL_MESSAGE(akt_file_info);
AKT_LOCAL_MESSAGE_WITH(akt_dir_entries, akt_dir_entries_free);

#define AKTI_FILE_STAT(F) F(text, path) F(bool, follow)
AKT_REQUEST(akt_file_stat, AKTI_FILE_STAT, akt_file_info);

#define AKTI_FILE_RENAME(F) F(text, from) F(text, to)
AKT_REQUEST(akt_file_rename, AKTI_FILE_RENAME, akt_file_done);

#define AKTI_FILE_REMOVE(F) F(text, path) F(bool, is_dir)
AKT_REQUEST(akt_file_remove, AKTI_FILE_REMOVE, akt_file_done);

#define AKTI_DIR_MAKE(F) F(text, path) F(u32, mode) F(bool, parents)
AKT_REQUEST(akt_dir_make, AKTI_DIR_MAKE, akt_file_done);

#define AKTI_DIR_OPEN(F) F(u32, batch) F(u32, max_depth) F(bool, follow)
AKT_REQUEST(akt_dir_open, AKTI_DIR_OPEN, akt_file_done);

AKT_SIGNAL_REQUEST(akt_dir_next, akt_dir_entries);

#endif

AKT_END_DECLS

#endif
