/* SPDX-License-Identifier: MIT */
/* What files are, and their names: stat, rename, remove, and making directories. */
#include "actors/async/dir_walk.h"
#include "actors/async/file.h"
#include "actors/base/mutant.h"
#include "actors/core/future.h"
#include "akt/actor.h"
#include "akt/blocking.h"
#include "akt/dir.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define PERMISSIONS 07777

/* --- stat --- */

/* Times beyond what fits are as far as that goes. */
static int64_t
nanoseconds(const struct timespec *t)
{
    if (t->tv_sec >= INT64_MAX / 1000000000) {
        return INT64_MAX;
    }
    if (t->tv_sec <= INT64_MIN / 1000000000) {
        return INT64_MIN;
    }
    return (int64_t)t->tv_sec * 1000000000 + t->tv_nsec;
}

static akt_err
stat_job(akt_self *self, const struct akt_file_stat *m)
{
    akt_error error = AKT_ERROR_NONE;
    struct stat st;
    akt_err err = akti_file_check(&error, "stat", m->path);

    if (err == AKT_OK
        && akti_file_stat_at(self, AT_FDCWD, m->path.ptr,
                             m->follow || AKTI_MUTANT(link_always_followed),
                             &st)
               < 0) {
        err = akti_file_fail(&error, errno, "stat", m->path);
    }
    return err != AKT_OK
               ? akti_file_answer(self, &error)
               : akt_reply(self, m, .kind = akti_kind_of_mode(st.st_mode),
                           .mode = (uint32_t)st.st_mode & PERMISSIONS,
                           .size = (uint64_t)st.st_size,
                           .modified_ns = nanoseconds(&st.st_mtim),
                           .device = (uint64_t)st.st_dev,
                           .inode = (uint64_t)st.st_ino);
}
AKT_JOB(stat_job, akt_file_stat);

static akt_err
ask_stat(akt_self *self, akt_text path, bool follow, akt_future *out_future)
{
    akt_err err =
        akt_ask_blocking_within(self, AKT_FILE_TIMEOUT_NS, out_future, stat_job,
                                akt_file_stat, .path = path, .follow = follow);

    return akti_file_asked(self, err, "stat", path, out_future);
}

akt_err
akt_file_stat(akt_self *self, akt_text path, akt_future *out_future)
{
    return ask_stat(self, path, true, out_future);
}

akt_err
akt_file_stat_link(akt_self *self, akt_text path, akt_future *out_future)
{
    return ask_stat(self, path, false, out_future);
}

/* --- rename --- */

/* What an end of it says; NULL: there is no room for that. */
static void
name_both(char *words, akt_text from, akt_text to)
{
    char shown[AKTI_FILE_SHOWN_TWO];
    char other[AKTI_FILE_SHOWN_TWO];

    if (words != NULL) {
        (void)snprintf(words, AKTI_WORDS_SIZE, "rename %s to %s",
                       akti_file_show_in(shown, sizeof(shown), from),
                       akti_file_show_in(other, sizeof(other), to));
    }
}

static akt_err
rename_failed(akt_error *error, int errnum, const struct akt_file_rename *m)
{
    char from[AKTI_FILE_SHOWN_TWO];
    char to[AKTI_FILE_SHOWN_TWO];

    return akt_error_set_errno(error, errnum, "rename %s to %s",
                               akti_file_show_in(from, sizeof(from), m->from),
                               akti_file_show_in(to, sizeof(to), m->to));
}

static akt_err
rename_job(akt_self *self, const struct akt_file_rename *m)
{
    akt_error error = AKT_ERROR_NONE;
    akt_err err = akti_file_check(&error, "rename", m->from);

    err = err != AKT_OK ? err : akti_file_check(&error, "rename to", m->to);
    if (err == AKT_OK && akti_file_rename(self, m->from.ptr, m->to.ptr) < 0) {
        err = rename_failed(&error, errno, m);
    }
    return err != AKT_OK ? akti_file_answer(self, &error)
                         : akt_reply(self, m, .bytes = 0);
}
AKT_JOB(rename_job, akt_file_rename);

akt_err
akt_file_rename(akt_self *self, akt_text from, akt_text to,
                akt_future *out_future)
{
    akt_err err = akt_ask_blocking_within(self, AKT_FILE_TIMEOUT_NS, out_future,
                                          rename_job, akt_file_rename,
                                          .from = from, .to = to);

    if (err == AKT_OK) {
        name_both(akti_future_words(self, *out_future), from, to);
    }
    return err;
}

/* --- remove --- */

static akt_err
remove_job(akt_self *self, const struct akt_file_remove *m)
{
    akt_error error = AKT_ERROR_NONE;
    akt_err err = akti_file_check(&error, "remove", m->path);

    if (err == AKT_OK
        && (m->is_dir ? akti_file_rmdir(self, m->path.ptr)
                      : akti_file_remove(self, m->path.ptr))
               < 0) {
        err = akti_file_fail(&error, errno, "remove", m->path);
    }
    return err != AKT_OK ? akti_file_answer(self, &error)
                         : akt_reply(self, m, .bytes = 0);
}
AKT_JOB(remove_job, akt_file_remove);

static akt_err
ask_remove(akt_self *self, akt_text path, bool is_dir, akt_future *out_future)
{
    akt_err err = akt_ask_blocking_within(self, AKT_FILE_TIMEOUT_NS, out_future,
                                          remove_job, akt_file_remove,
                                          .path = path, .is_dir = is_dir);

    return akti_file_asked(self, err, "remove", path, out_future);
}

akt_err
akt_file_remove(akt_self *self, akt_text path, akt_future *out_future)
{
    return ask_remove(self, path, false, out_future);
}

akt_err
akt_dir_remove(akt_self *self, akt_text path, akt_future *out_future)
{
    return ask_remove(self, path, true, out_future);
}

/* --- making directories --- */

/* Makes it; one that is there already will do. -1 and errno. */
static int
make_or_find(akt_self *self, const char *path, mode_t mode)
{
    struct stat st;
    int errnum;

    if (akti_file_mkdir(self, path, mode) == 0) {
        return 0;
    }
    /* Some systems say that they are read-only before that it is there. */
    errnum = errno;
    if (akti_file_stat(self, path, &st) == 0 && S_ISDIR(st.st_mode)) {
        return 0;
    }
    errno = errnum;
    return -1;
}

/* All that stand before the last part of a path, from the front on. */
static akt_err
make_parents(akt_self *self, char *path, size_t len, akt_error *error)
{
    size_t i;

    /* Slashes at the end are none of a directory above it. */
    while (len > 1 && path[len - 1] == '/' && !AKTI_MUTANT(make_eats_mode)) {
        len--;
    }
    for (i = 1; i < len; i++) {
        int made;

        if (path[i] != '/' || path[i - 1] == '/') {
            continue;
        }
        path[i] = '\0';
        made = make_or_find(self, path, 0777);
        if (made < 0) {
            return akti_file_fail(error, errno, "make", (akt_text){path, i});
        }
        path[i] = '/';
    }
    return AKT_OK;
}

static akt_err
make_all(akt_self *self, const struct akt_dir_make *m, mode_t mode,
         akt_error *error)
{
    char path[PATH_MAX];

    if (m->path.len >= sizeof(path)) {
        return akti_file_fail(error, ENAMETOOLONG, "make", m->path);
    }
    if (make_or_find(self, m->path.ptr, mode) == 0) {
        return AKT_OK;
    }
    if (errno != ENOENT) {
        return akti_file_fail(error, errno, "make", m->path);
    }
    memcpy(path, m->path.ptr, m->path.len + 1);
    AKT_TRY(make_parents(self, path, m->path.len, error));
    return make_or_find(self, m->path.ptr, mode) == 0
               ? AKT_OK
               : akti_file_fail(error, errno, "make", m->path);
}

static akt_err
make_job(akt_self *self, const struct akt_dir_make *m)
{
    akt_error error = AKT_ERROR_NONE;
    mode_t mode = m->mode != 0 ? m->mode & PERMISSIONS : 0777;
    akt_err err = akti_file_check(&error, "make", m->path);

    if (err == AKT_OK && m->parents) {
        err = make_all(self, m, mode, &error);
    } else if (err == AKT_OK && akti_file_mkdir(self, m->path.ptr, mode) < 0) {
        err = akti_file_fail(&error, errno, "make", m->path);
    }
    return err != AKT_OK ? akti_file_answer(self, &error)
                         : akt_reply(self, m, .bytes = 0);
}
AKT_JOB(make_job, akt_dir_make);

akt_err
akt_dir_make(akt_self *self, akt_text path, const akt_dir_make_opts *opts,
             akt_future *out_future)
{
    akt_dir_make_opts o = opts != NULL ? *opts : (akt_dir_make_opts){0};
    akt_err err = akt_ask_blocking_within(self, AKT_FILE_TIMEOUT_NS, out_future,
                                          make_job, akt_dir_make, .path = path,
                                          .mode = o.mode, .parents = o.parents);

    return akti_file_asked(self, err, "make", path, out_future);
}
