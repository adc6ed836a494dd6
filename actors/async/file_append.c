/* SPDX-License-Identifier: MIT */
/* Writing at the end of a file, and writing all there is to write. */
#include "actors/async/file.h"
#include "actors/base/mutant.h"
#include "akt/actor.h"
#include "akt/blocking.h"
#include "akt/file.h"

#include <errno.h>
#include <fcntl.h>

#define PERMISSIONS 07777

/* Says how much was written before it went wrong. */
static akt_err
after(akt_error *error, akt_err err, size_t done, size_t all)
{
    return done == 0 ? err
                     : akt_error_wrap(error, err, "after %zu of %zu bytes",
                                      done, all);
}

static akt_err
write_chunk(const struct akti_file_target *t, akt_bytes bytes, size_t *done,
            akt_error *error)
{
    size_t rest = bytes.len - *done;
    size_t size = rest < AKTI_FILE_CHUNK ? rest : AKTI_FILE_CHUNK;
    off_t at = t->at == AKTI_FILE_HERE ? AKTI_FILE_HERE : t->at + (off_t)*done;
    ssize_t n;

    AKT_TRY(akti_file_wanted(t->self, error, "write", t->path));
    n = akti_file_write(t->self, t->fd, (const char *)bytes.ptr + *done, size,
                        at);
    if (n < 0) {
        return akti_file_fail(error, errno, "write", t->path);
    }
    if (n == 0) {
        return akti_file_refuse(error, AKT_EIO, "write", t->path,
                                "the system takes no more bytes");
    }
    *done += AKTI_MUTANT(short_write_is_whole) ? size : (size_t)n;
    return AKT_OK;
}

akt_err
akti_file_write_whole(const struct akti_file_target *t, akt_bytes bytes,
                      akt_error *error)
{
    size_t done = 0;
    akt_err err = AKT_OK;

    while (err == AKT_OK && done < bytes.len) {
        err = write_chunk(t, bytes, &done, error);
    }
    return err == AKT_OK ? AKT_OK : after(error, err, done, bytes.len);
}

/* Opened without waiting for whoever is at the other end of a pipe. */
static akt_err
open_end(akt_self *self, const struct akt_file_append *m, int *out_fd,
         akt_error *error)
{
    mode_t mode = m->mode != 0 ? m->mode & PERMISSIONS : 0666;
    struct stat st;
    int flags = O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK;

    AKT_TRY(akti_file_check(error, "open", m->path));
    *out_fd = akti_file_open(self, m->path.ptr, flags, mode);
    if (*out_fd < 0) {
        return akti_file_not_opened(error, m->path);
    }
    if (akti_file_fstat(self, *out_fd, &st) < 0) {
        return akti_file_fail(error, errno, "stat", m->path);
    }
    if (!S_ISREG(st.st_mode) && !S_ISCHR(st.st_mode)) {
        return akti_file_refuse(error, AKT_EINVAL, "append to", m->path,
                                "it is neither a regular file nor a device");
    }
    return AKT_OK;
}

static akt_err
write_end(akt_self *self, const struct akt_file_append *m, int *fd,
          akt_error *error)
{
    struct akti_file_target t = {self, *fd, AKTI_FILE_HERE, m->path};
    int ended;

    AKT_TRY(akti_file_write_whole(&t, m->bytes, error));
    if (m->sync && akti_file_sync(self, *fd) < 0) {
        return akti_file_fail(error, errno, "sync", m->path);
    }
    ended = akti_file_close(self, *fd);
    *fd = -1;
    return ended < 0 ? akti_file_fail(error, errno, "close", m->path) : AKT_OK;
}

static akt_err
append(akt_self *self, const struct akt_file_append *m)
{
    akt_error error = AKT_ERROR_NONE;
    int fd = -1;
    akt_err err = open_end(self, m, &fd, &error);

    if (err == AKT_OK) {
        err = write_end(self, m, &fd, &error);
    }
    akti_file_abandon(fd);
    return err != AKT_OK ? akti_file_answer(self, &error)
                         : akt_reply(self, m, .bytes = m->bytes.len);
}
AKT_JOB(append, akt_file_append);

akt_err
akt_file_append(akt_self *self, akt_text path, akt_bytes bytes,
                const akt_file_write_opts *opts, akt_future *out_future)
{
    akt_file_write_opts o = opts != NULL ? *opts : (akt_file_write_opts){0};
    akt_err err = akt_ask_blocking_within(
        self, AKT_FILE_TIMEOUT_NS, out_future, append, akt_file_append,
        .path = path, .bytes = bytes, .mode = o.mode, .sync = o.sync);

    return akti_file_asked(self, err, "append to", path, out_future);
}
