/* SPDX-License-Identifier: MIT */
/*
 * What the files' jobs share: errors that name the file, and the system calls.
 * All of it runs in jobs of the blocking pool, or as steps of a simulation.
 */
#ifndef AKT_ASYNC_FILE_H
#define AKT_ASYNC_FILE_H

#include "akt/dir.h"
#include "akt/failure.h"
#include "akt/file.h"
#include "akt/types.h"

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

/* After so much a long read or write looks whether anybody still waits. */
#define AKTI_FILE_CHUNK ((size_t)1 << 20)

/* --- errors: "open /etc/x: No such file or directory" --- */

/* Room for a path in an error's text, with its NUL. */
#define AKTI_FILE_SHOWN 240

/* Room for one of two. */
#define AKTI_FILE_SHOWN_TWO 150

/* Writes what of a path can be shown; a long one loses its beginning. */
const char *akti_file_show(char buffer[AKTI_FILE_SHOWN], akt_text path);
const char *akti_file_show_in(char *buffer, size_t size, akt_text path);

/* What errno says about `doing` something to a path. */
akt_err akti_file_fail(akt_error *error, int errnum, const char *doing,
                       akt_text path);

/* What errno says about opening it. */
akt_err akti_file_not_opened(akt_error *error, akt_text path);

/* The same with a code and words of our own. */
akt_err akti_file_refuse(akt_error *error, akt_err code, const char *doing,
                         akt_text path, const char *why);

/* AKT_EINVAL: a path that no system call can be given as it is. */
akt_err akti_file_check(akt_error *error, const char *doing, akt_text path);

/* AKT_ECANCELLED: nobody waits for the answer of the job any more. */
akt_err akti_file_wanted(akt_self *self, akt_error *error, const char *doing,
                         akt_text path);

/* Asking failed, before there was a job that could say more. */
akt_err akti_file_not_asked(akt_error *error, akt_err err, const char *doing,
                            akt_text path);

/*
 * Asking answered `err`: if there is a job now, its future says what is done to
 * which path however it ends. Returns `err`.
 */
akt_err akti_file_asked(akt_self *self, akt_err err, const char *doing,
                        akt_text path, const akt_future *future);

/* The path of what the caller has open, for errors; else words for that. */
akt_text akti_file_path(akt_self *self, akt_file file);
akt_text akti_dir_path(akt_self *self, akt_dir dir);

/* The end of a job: the error is the answer. */
akt_err akti_file_answer(akt_self *self, const akt_error *error);

/*
 * --- system calls ---
 * Repeated when a signal came; a simulation may let them fail, or read and write
 * less. -1 and errno on an error. `self` is the job's.
 */
int akti_file_open(akt_self *self, const char *path, int flags, mode_t mode);
/* At an offset, or where the last one ended. */
#define AKTI_FILE_HERE ((off_t)-1)
ssize_t akti_file_read(akt_self *self, int fd, void *buffer, size_t size,
                       off_t at);
ssize_t akti_file_write(akt_self *self, int fd, const void *bytes, size_t size,
                        off_t at);
int akti_file_truncate(akt_self *self, int fd, off_t size);
int akti_file_fstat(akt_self *self, int fd, struct stat *out);
int akti_file_stat(akt_self *self, const char *path, struct stat *out);
/* In the directory `fd`, or from AT_FDCWD on; `follow`: what a link leads to. */
int akti_file_stat_at(akt_self *self, int fd, const char *name, bool follow,
                      struct stat *out);
int akti_file_open_at(akt_self *self, int fd, const char *name, int flags);
int akti_file_mkdir(akt_self *self, const char *path, mode_t mode);
int akti_file_rmdir(akt_self *self, const char *path);
int akti_file_remove(akt_self *self, const char *path);
/* The descriptor is the stream's from then on; NULL: it is the caller's. */
DIR *akti_file_list(akt_self *self, int fd);
/* NULL with an errno of 0: there is no more. */
struct dirent *akti_file_entry(akt_self *self, DIR *dir);
int akti_file_sync(akt_self *self, int fd);
int akti_file_rename(akt_self *self, const char *from, const char *to);
/* Of what was written, errors count; errno is that of close. */
int akti_file_close(akt_self *self, int fd);
/* To clean up: nothing is injected, and errno stays. */
void akti_file_abandon(int fd);
void akti_file_unlink(const char *path);

/* Where bytes go. */
struct akti_file_target {
    akt_self *self;
    int fd;
    off_t at; /* or AKTI_FILE_HERE */
    akt_text path;
};

/*
 * Writes all; an error says how much was written before. AKT_ECANCELLED when
 * nobody waits any more.
 */
akt_err akti_file_write_whole(const struct akti_file_target *t, akt_bytes bytes,
                              akt_error *error);

#endif
