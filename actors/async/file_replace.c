/* SPDX-License-Identifier: MIT */
/*
 * Writing whole files. The content goes to a new file in the directory of the old
 * one and then takes its name, in one step; until then nothing has happened, and
 * whatever goes wrong leaves nothing behind.
 */
#include "actors/async/file.h"
#include "actors/base/mutant.h"
#include "akt/actor.h"
#include "akt/blocking.h"
#include "akt/file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* As many links are followed from one to the next as the system does. */
#define LINKS_MAX 40
/* New names that are tried: another process may have the same idea. */
#define NAMES_MAX 100

#define PERMISSIONS 07777

/* A path as long as the system takes. */
struct path {
    char text[PATH_MAX];
    size_t len;
};

/* A file on its way to its name. */
struct replacement {
    akt_self *self;
    akt_text path; /* as it was given */
    struct path target;
    struct path temporary; /* len 0: there is none */
    int fd;
    bool exists;
    mode_t mode;
    bool sync;
    akt_error *error;
};

static akt_err
fail(const struct replacement *r, int errnum, const char *doing)
{
    return akti_file_fail(r->error, errnum, doing, r->path);
}

/* Where the directory of a path ends; 0: it names none. */
static size_t
directory_length(const struct path *p)
{
    size_t n = p->len;

    while (n > 0 && p->text[n - 1] != '/') {
        n--;
    }
    return n;
}

/* `name` in the directory of `in`, unless it is absolute. False: too long. */
static bool
beside(struct path *out, const struct path *in, const char *name, size_t len)
{
    size_t front = len > 0 && name[0] == '/' ? 0 : directory_length(in);

    if (front + len >= sizeof(out->text)) {
        return false;
    }
    memmove(out->text, in->text, front);
    memcpy(out->text + front, name, len);
    out->len = front + len;
    out->text[out->len] = '\0';
    return true;
}

/* Follows the target while it is a symbolic link. */
static akt_err
follow_links(struct replacement *r)
{
    char name[PATH_MAX];
    ssize_t n;
    int i;

    for (i = 0; i < LINKS_MAX; i++) {
        n = readlink(r->target.text, name, sizeof(name));
        if (n < 0) {
            return AKT_OK; /* no link; whatever else is seen later */
        }
        if (!beside(&r->target, &r->target, name, (size_t)n)) {
            return fail(r, ENAMETOOLONG, "write");
        }
    }
    return fail(r, ELOOP, "write");
}

/* What is there now, and whether it may be replaced. */
static akt_err
look_at_target(struct replacement *r)
{
    struct stat st;

    AKT_TRY(follow_links(r));
    if (akti_file_stat(r->self, r->target.text, &st) < 0) {
        return errno == ENOENT ? AKT_OK : fail(r, errno, "write");
    }
    if (S_ISDIR(st.st_mode)) {
        return fail(r, EISDIR, "write");
    }
    if (!S_ISREG(st.st_mode)) {
        return akti_file_refuse(r->error, AKT_EINVAL, "write", r->path,
                                "it is not a regular file");
    }
    r->exists = true;
    r->mode = st.st_mode & PERMISSIONS;
    return AKT_OK;
}

/* The file that is written first. Only its owner sees it until it has a mode. */
static akt_err
open_temporary(struct replacement *r)
{
    bool narrow = r->exists || r->mode != 0;
    char name[64];
    int i;

    for (i = 0; i < NAMES_MAX; i++) {
        uint64_t number = akt_random(r->self) ^ (uint64_t)getpid() << 32;
        int n = snprintf(name, sizeof(name), ".akt-%016" PRIx64, number);

        if (!beside(&r->temporary, &r->target, name, (size_t)n)) {
            r->temporary.len = 0;
            return fail(r, ENAMETOOLONG, "write");
        }
        r->fd = akti_file_open(r->self, r->temporary.text,
                               O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW,
                               narrow ? 0600 : 0666);
        if (r->fd >= 0) {
            return AKT_OK;
        }
        if (errno != EEXIST) {
            break;
        }
    }
    r->temporary.len = 0;
    return fail(r, errno, "write a new file for");
}

static akt_err
fill_temporary(struct replacement *r, akt_bytes bytes)
{
    struct akti_file_target t = {r->self, r->fd, AKTI_FILE_HERE, r->path};
    int fd;

    AKT_TRY(akti_file_write_whole(&t, bytes, r->error));
    if (r->mode != 0 && fchmod(r->fd, r->mode) < 0) {
        return fail(r, errno, "set the mode of");
    }
    if (r->sync && akti_file_sync(r->self, r->fd) < 0) {
        return fail(r, errno, "sync");
    }
    fd = r->fd;
    r->fd = -1;
    return akti_file_close(r->self, fd) < 0 ? fail(r, errno, "close") : AKT_OK;
}

/* The name is on the disk when its directory is. */
static akt_err
sync_directory(struct replacement *r)
{
    struct path directory = r->target;
    int fd;
    int result;

    directory.len = directory_length(&r->target);
    if (directory.len == 0) {
        directory.text[directory.len++] = '.';
    }
    directory.text[directory.len] = '\0';
    fd = akti_file_open(r->self, directory.text, O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0) {
        return fail(r, errno, "written, but open the directory of");
    }
    result = akti_file_sync(r->self, fd);
    akti_file_abandon(fd);
    return result < 0 ? fail(r, errno, "written, but sync the directory of")
                      : AKT_OK;
}

static akt_err
take_name(struct replacement *r)
{
    AKT_TRY(akti_file_wanted(r->self, r->error, "write", r->path));
    if (akti_file_rename(r->self, r->temporary.text, r->target.text) < 0) {
        return fail(r, errno, "rename to");
    }
    r->temporary.len = 0;
    return r->sync ? sync_directory(r) : AKT_OK;
}

static akt_err
replace(struct replacement *r, akt_bytes bytes)
{
    akt_err err;

    AKT_TRY(akti_file_check(r->error, "write", r->path));
    if (r->path.len >= sizeof(r->target.text)) {
        return fail(r, ENAMETOOLONG, "write");
    }
    memcpy(r->target.text, r->path.ptr, r->path.len);
    r->target.len = r->path.len;
    r->target.text[r->target.len] = '\0';
    AKT_TRY(look_at_target(r));
    AKT_TRY(open_temporary(r));
    err = fill_temporary(r, bytes);
    if (err == AKT_OK) {
        err = take_name(r);
    }
    akti_file_abandon(r->fd);
    if (r->temporary.len > 0 && !AKTI_MUTANT(new_file_left_behind)) {
        akti_file_unlink(r->temporary.text);
    }
    return err;
}

static akt_err
write_all(akt_self *self, const struct akt_file_write_all *m)
{
    akt_error error = AKT_ERROR_NONE;
    struct replacement r = {.self = self,
                            .path = m->path,
                            .fd = -1,
                            .mode = m->mode & PERMISSIONS,
                            .sync = m->sync,
                            .error = &error};

    if (replace(&r, m->bytes) != AKT_OK) {
        return akti_file_answer(self, &error);
    }
    return akt_reply(self, m, .bytes = m->bytes.len);
}
AKT_JOB(write_all, akt_file_write_all);

akt_err
akt_file_write_all(akt_self *self, akt_text path, akt_bytes bytes,
                   const akt_file_write_opts *opts, akt_future *out_future)
{
    akt_file_write_opts o = opts != NULL ? *opts : (akt_file_write_opts){0};
    akt_err err = akt_ask_blocking_within(
        self, AKT_FILE_TIMEOUT_NS, out_future, write_all, akt_file_write_all,
        .path = path, .bytes = bytes, .mode = o.mode, .sync = o.sync);

    return akti_file_asked(self, err, "write", path, out_future);
}
