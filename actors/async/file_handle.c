/* SPDX-License-Identifier: MIT */
/*
 * Open files: what a handle of the owner's asks for is done by jobs in the lane of
 * the file (file_open.h), which alone have the descriptor.
 */
#include "actors/async/file.h"
#include "actors/async/file_content.h"
#include "actors/async/file_open.h"
#include "actors/core/future.h"
#include "actors/core/system.h"
#include "akt/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#define PERMISSIONS 07777

#define ALL_FLAGS                                                              \
    (AKT_FILE_READ | AKT_FILE_WRITE | AKT_FILE_APPEND | AKT_FILE_CREATE        \
     | AKT_FILE_EXCLUSIVE | AKT_FILE_TRUNCATE)

struct open_file {
    struct akti_open open;
    int fd; /* the job's that runs */
};

static struct open_file *
file_of(struct akti_open *open)
{
    return (struct open_file *)(void *)open;
}

static void
end_file(struct akti_context *ctx, struct akti_open *open)
{
    (void)ctx;
    akti_file_abandon(file_of(open)->fd);
}

static const struct akti_owned file_owned = {"file", akti_open_close};

/* --- the jobs --- */

/* The file of the job that runs; an error when it is not open. */
static akt_err
opened(akt_self *self, const char *doing, akt_error *error,
       struct open_file **out)
{
    *out = file_of(akti_open_of_job(self));
    return (*out)->fd >= 0
               ? AKT_OK
               : akti_file_refuse(error, AKT_EENDED, doing, (*out)->open.path,
                                  "the file is not open");
}

static int
flags_of(uint32_t flags)
{
    bool reads = (flags & AKT_FILE_READ) != 0;
    bool writes = (flags & (AKT_FILE_WRITE | AKT_FILE_APPEND)) != 0;

    return (reads && writes ? O_RDWR
            : writes        ? O_WRONLY
                            : O_RDONLY)
           | ((flags & AKT_FILE_APPEND) != 0 ? O_APPEND : 0)
           | ((flags & AKT_FILE_CREATE) != 0 ? O_CREAT : 0)
           | ((flags & AKT_FILE_EXCLUSIVE) != 0 ? O_CREAT | O_EXCL : 0)
           | ((flags & AKT_FILE_TRUNCATE) != 0 ? O_TRUNC : 0) | O_NONBLOCK;
}

static akt_err
check_kind(akt_self *self, const struct open_file *o, akt_error *error)
{
    struct stat st;

    if (akti_file_fstat(self, o->fd, &st) < 0) {
        return akti_file_fail(error, errno, "stat", o->open.path);
    }
    if (S_ISDIR(st.st_mode)) {
        return akti_file_fail(error, EISDIR, "open", o->open.path);
    }
    return S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode)
               ? akti_file_refuse(error, AKT_EINVAL, "open", o->open.path,
                                  "it is a pipe or socket")
               : AKT_OK;
}

static akt_err
open_job(akt_self *self, const struct akt_file_open *m)
{
    struct open_file *o = file_of(akti_open_of_job(self));
    akt_error error = AKT_ERROR_NONE;
    mode_t mode = m->mode != 0 ? m->mode & PERMISSIONS : 0666;
    akt_err err = akti_file_check(&error, "open", o->open.path);

    if (err == AKT_OK) {
        o->fd =
            akti_file_open(self, o->open.path.ptr, flags_of(m->flags), mode);
        err = o->fd < 0 ? akti_file_not_opened(&error, o->open.path)
                        : check_kind(self, o, &error);
    }
    if (err == AKT_OK) {
        return akt_reply(self, m, .bytes = 0);
    }
    akti_file_abandon(o->fd);
    o->fd = -1;
    return akti_file_answer(self, &error);
}
AKT_JOB(open_job, akt_file_open);

/* How large the block is to be next: a chunk, and twice as much each time. */
static size_t
next_room(const struct akti_content *c, uint64_t wanted)
{
    size_t room = c->room == 0 ? AKTI_FILE_CHUNK : c->room * 2;

    return room < wanted ? room : (size_t)wanted;
}

static size_t
at_most_a_chunk(size_t size)
{
    return size < AKTI_FILE_CHUNK ? size : AKTI_FILE_CHUNK;
}

/* Reads until there are `size` bytes or the file ends. */
static akt_err
fill(akt_self *self, const struct open_file *o, const struct akt_file_read *m,
     struct akti_content *c, akt_error *error)
{
    ssize_t n = 1;

    while (n > 0 && c->used < m->size) {
        off_t at = m->here ? AKTI_FILE_HERE : (off_t)(m->offset + c->used);

        if (c->used == c->room
            && akti_content_reserve(self, c, next_room(c, m->size)) != AKT_OK) {
            return akti_file_refuse(error, AKT_ENOMEM, "read", o->open.path,
                                    "out of memory for its content");
        }
        AKT_TRY(akti_file_wanted(self, error, "read", o->open.path));
        n = akti_file_read(self, o->fd, c->bytes + c->used,
                           at_most_a_chunk(c->room - c->used), at);
        if (n < 0) {
            return akti_file_fail(error, errno, "read", o->open.path);
        }
        c->used += (size_t)n;
    }
    return AKT_OK;
}

static akt_err
read_job(akt_self *self, const struct akt_file_read *m)
{
    akt_error error = AKT_ERROR_NONE;
    struct akti_content c = {NULL, 0, 0};
    akt_file_content content;
    struct open_file *o;
    akt_err err = opened(self, "read", &error, &o);

    if (err == AKT_OK) {
        err = fill(self, o, m, &c, &error);
    }
    if (err != AKT_OK) {
        akti_content_free(&c);
        return akti_file_answer(self, &error);
    }
    content = akti_content_finish(&c);
    err = akt_reply(self, m, .bytes = content.bytes);
    if (err != AKT_OK) {
        akt_file_content_free(&content);
    }
    return err;
}
AKT_JOB(read_job, akt_file_read);

static akt_err
write_job(akt_self *self, const struct akt_file_write *m)
{
    akt_error error = AKT_ERROR_NONE;
    struct open_file *o;
    akt_err err = opened(self, "write", &error, &o);

    if (err == AKT_OK) {
        struct akti_file_target t = {
            self, o->fd, m->here ? AKTI_FILE_HERE : (off_t)m->offset,
            o->open.path};

        err = akti_file_write_whole(&t, m->bytes, &error);
    }
    return err != AKT_OK ? akti_file_answer(self, &error)
                         : akt_reply(self, m, .bytes = m->bytes.len);
}
AKT_JOB(write_job, akt_file_write);

/* What an akt_file_control does, and what an error of it says. */
static const char *const controls[] = {"sync", "measure", "truncate", "close"};

static int
control(akt_self *self, struct open_file *o, const struct akt_file_control *m,
        uint64_t *out_bytes)
{
    struct stat st;
    int fd = o->fd;
    int result;

    switch ((enum akti_file_control)m->what) {
    case AKTI_FILE_SYNC:
        return akti_file_sync(self, fd);
    case AKTI_FILE_TRUNCATE:
        return akti_file_truncate(self, fd, (off_t)m->size);
    case AKTI_FILE_CLOSE:
        o->fd = -1;
        return akti_file_close(self, fd);
    default:
        result = akti_file_fstat(self, fd, &st);
        *out_bytes = result == 0 ? (uint64_t)st.st_size : 0;
        return result;
    }
}

static akt_err
control_job(akt_self *self, const struct akt_file_control *m)
{
    akt_error error = AKT_ERROR_NONE;
    struct open_file *o;
    uint64_t bytes = 0;
    akt_err err = opened(self, controls[m->what], &error, &o);

    if (err == AKT_OK && control(self, o, m, &bytes) < 0) {
        err = akti_file_fail(&error, errno, controls[m->what], o->open.path);
    }
    return err != AKT_OK ? akti_file_answer(self, &error)
                         : akt_reply(self, m, .bytes = bytes);
}
AKT_JOB(control_job, akt_file_control);

/* --- the owner's side --- */

akt_err
akt_file_open(akt_self *self, akt_text path, const akt_file_open_opts *opts,
              akt_file *out_file, akt_future *out_future)
{
    struct akt_file_open message = {
        .path = path, .flags = opts->flags, .mode = opts->mode};
    akti_message_arg arg = {&akt_file_open_type, &message};
    struct akti_ask it = {&open_job_akt_job, &arg, out_future, "open"};
    struct akti_open *open;
    struct akti_cell *cell;

    if ((opts->flags & ~(uint32_t)ALL_FLAGS) != 0) {
        return AKT_EINVAL;
    }
    AKT_TRY(
        akti_open_new(self, sizeof(struct open_file), path, end_file, &open));
    file_of(open)->fd = -1;
    AKT_TRY(akti_open_begin(self, &file_owned, open, &it, &cell));
    *out_file = (akt_file){cell, akti_cell_generation(cell)};
    return AKT_OK;
}

static struct open_file *
find(akt_self *self, akt_file file)
{
    return file_of(
        akti_open_find(self, file.cell, file.generation, &file_owned));
}

akt_text
akti_file_path(akt_self *self, akt_file file)
{
    struct open_file *o = find(self, file);

    return o != NULL ? o->open.path : AKT_TEXT("an open file");
}

static akt_err
ask_read(akt_self *self, akt_file file, const struct akt_file_read *message,
         akt_future *out_future)
{
    akti_message_arg arg = {&akt_file_read_type, message};
    struct akti_ask it = {&read_job_akt_job, &arg, out_future, "read"};
    struct open_file *o = find(self, file);

    if (o == NULL) {
        return AKT_EENDED;
    }
    if (message->size > AKT_MESSAGE_SIZE_MAX || message->offset > INT64_MAX) {
        return AKT_EINVAL;
    }
    return akti_open_ask(self, &o->open, &it);
}

akt_err
akt_file_read(akt_self *self, akt_file file, uint64_t size,
              akt_future *out_future)
{
    struct akt_file_read m = {.size = size, .here = true};

    return ask_read(self, file, &m, out_future);
}

akt_err
akt_file_read_at(akt_self *self, akt_file file, uint64_t offset, uint64_t size,
                 akt_future *out_future)
{
    struct akt_file_read m = {.size = size, .offset = offset};

    return ask_read(self, file, &m, out_future);
}

static akt_err
ask_write(akt_self *self, akt_file file, const struct akt_file_write *message,
          akt_future *out_future)
{
    akti_message_arg arg = {&akt_file_write_type, message};
    struct akti_ask it = {&write_job_akt_job, &arg, out_future, "write"};
    struct open_file *o = find(self, file);

    if (o == NULL) {
        return AKT_EENDED;
    }
    return message->offset > INT64_MAX ? AKT_EINVAL
                                       : akti_open_ask(self, &o->open, &it);
}

akt_err
akt_file_write(akt_self *self, akt_file file, akt_bytes bytes,
               akt_future *out_future)
{
    struct akt_file_write m = {.bytes = bytes, .here = true};

    return ask_write(self, file, &m, out_future);
}

akt_err
akt_file_write_at(akt_self *self, akt_file file, uint64_t offset,
                  akt_bytes bytes, akt_future *out_future)
{
    struct akt_file_write m = {.bytes = bytes, .offset = offset};

    return ask_write(self, file, &m, out_future);
}

static akt_err
ask_control(akt_self *self, akt_file file, enum akti_file_control what,
            uint64_t size, akt_future *out_future)
{
    struct akt_file_control message = {.what = (uint32_t)what, .size = size};
    akti_message_arg arg = {&akt_file_control_type, &message};
    struct akti_ask it = {&control_job_akt_job, &arg, out_future,
                          controls[what]};
    struct open_file *o = find(self, file);

    if (o == NULL) {
        return AKT_EENDED;
    }
    return size > INT64_MAX ? AKT_EINVAL : akti_open_ask(self, &o->open, &it);
}

akt_err
akt_file_sync(akt_self *self, akt_file file, akt_future *out_future)
{
    return ask_control(self, file, AKTI_FILE_SYNC, 0, out_future);
}

akt_err
akt_file_size(akt_self *self, akt_file file, akt_future *out_future)
{
    return ask_control(self, file, AKTI_FILE_SIZE, 0, out_future);
}

akt_err
akt_file_truncate(akt_self *self, akt_file file, uint64_t size,
                  akt_future *out_future)
{
    return ask_control(self, file, AKTI_FILE_TRUNCATE, size, out_future);
}

akt_err
akt_file_close(akt_self *self, akt_file file, akt_future *out_future)
{
    if (find(self, file) == NULL) {
        return AKT_EENDED;
    }
    if (out_future != NULL) {
        AKT_TRY(ask_control(self, file, AKTI_FILE_CLOSE, 0, out_future));
    }
    akti_owned_close(self, file.cell);
    return AKT_OK;
}
