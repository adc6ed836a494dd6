/* SPDX-License-Identifier: MIT */
/*
 * Reading whole files. Opened without blocking, so that a pipe that nobody writes
 * to holds no thread; what is no regular file is refused unless it was asked for,
 * and then waited for by poll, as long as the asker does.
 */
#include "actors/async/file.h"
#include "actors/async/file_content.h"
#include "actors/core/system.h"
#include "akt/blocking.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdint.h>

/* The first block for what does not say its size. */
#define UNKNOWN_SIZE ((size_t)16 << 10)

/* How long one look at a pipe lasts before the asker is looked at. */
#define POLL_MS 50

/* A file that is being read. */
struct source {
    akt_self *self;
    akt_text path;
    int fd;
    bool is_regular;
    uint64_t max;
    struct akti_content content;
    akt_error *error;
};

static akt_err
too_large(const struct source *s, uint64_t size)
{
    char shown[AKTI_FILE_SHOWN];

    return akt_error_set(s->error, AKT_ESIZE,
                         "read %s: its %" PRIu64 " bytes are more than the "
                         "limit of %" PRIu64,
                         akti_file_show(shown, s->path), size, s->max);
}

static akt_err
out_of_memory(const struct source *s)
{
    return akti_file_refuse(s->error, AKT_ENOMEM, "read", s->path,
                            "out of memory for its content");
}

/* Opens it and says by `size` how much will be there; 0: that is not known. */
static akt_err
open_source(struct source *s, bool any, uint64_t *out_size)
{
    struct stat st;

    AKT_TRY(akti_file_check(s->error, "open", s->path));
    s->fd = akti_file_open(s->self, s->path.ptr, O_RDONLY | O_NONBLOCK, 0);
    if (s->fd < 0) {
        return akti_file_not_opened(s->error, s->path);
    }
    if (akti_file_fstat(s->self, s->fd, &st) < 0) {
        return akti_file_fail(s->error, errno, "stat", s->path);
    }
    if (S_ISDIR(st.st_mode)) {
        return akti_file_fail(s->error, EISDIR, "read", s->path);
    }
    s->is_regular = S_ISREG(st.st_mode);
    if (!s->is_regular && !any) {
        return akti_file_refuse(s->error, AKT_EINVAL, "read", s->path,
                                "it is not a regular file");
    }
    *out_size = s->is_regular && st.st_size > 0 ? (uint64_t)st.st_size : 0;
    return *out_size <= s->max ? AKT_OK : too_large(s, *out_size);
}

/* Why nobody waits any more; AKT_OK while somebody does. */
static akt_err
given_up(const struct source *s)
{
    AKT_TRY(akti_file_wanted(s->self, s->error, "read", s->path));
    if (akt_deadline_ns(s->self) <= akt_now_ns(s->self)) {
        return akti_file_refuse(s->error, AKT_ETIMEOUT, "read", s->path,
                                "the deadline passed");
    }
    return AKT_OK;
}

/* Until there is something to read, or its end. */
static akt_err
wait_readable(const struct source *s)
{
    struct pollfd p = {.fd = s->fd, .events = POLLIN};
    int n = 0;

    while (n == 0) {
        AKT_TRY(given_up(s));
        n = poll(&p, 1, POLL_MS);
        if (n < 0 && errno != EINTR) {
            return akti_file_fail(s->error, errno, "poll", s->path);
        }
        if (n == 0 && s->self->ctx->sim != NULL) {
            /* No time passes while one waits, so the deadline never comes. */
            return akti_file_fail(s->error, ETIMEDOUT, "read", s->path);
        }
        n = n < 0 ? 0 : n;
    }
    return AKT_OK;
}

/* Room for at least one byte more than was read, so that the end is seen. */
static akt_err
make_room(struct source *s)
{
    struct akti_content *c = &s->content;

    if (c->used < c->room) {
        return AKT_OK;
    }
    /* One more than the limit is enough to see that it is passed. */
    if (c->used > s->max) {
        return too_large(s, c->used);
    }
    return akti_content_reserve(s->self, c, c->room * 2) == AKT_OK
               ? AKT_OK
               : out_of_memory(s);
}

/* Reads once; *out_n is 0 at the end. */
static akt_err
read_some(struct source *s, size_t *out_n)
{
    struct akti_content *c = &s->content;
    size_t size = c->room - c->used;
    ssize_t n = akti_file_read(s->self, s->fd, c->bytes + c->used,
                               size < AKTI_FILE_CHUNK ? size : AKTI_FILE_CHUNK,
                               AKTI_FILE_HERE);

    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        AKT_TRY(wait_readable(s));
        *out_n = SIZE_MAX;
        return AKT_OK;
    }
    if (n < 0) {
        return akti_file_fail(s->error, errno, "read", s->path);
    }
    c->used += (size_t)n;
    *out_n = (size_t)n;
    return AKT_OK;
}

static akt_err
read_source(struct source *s, uint64_t size)
{
    size_t first = size > 0 ? (size_t)size + 1 : UNKNOWN_SIZE;
    size_t n = SIZE_MAX;

    if (akti_content_reserve(s->self, &s->content, first) != AKT_OK) {
        return out_of_memory(s);
    }
    if (!s->is_regular) {
        /* A pipe that nobody has opened for writing looks as if it had ended. */
        AKT_TRY(wait_readable(s));
    }
    while (n > 0) {
        AKT_TRY(given_up(s));
        AKT_TRY(make_room(s));
        AKT_TRY(read_some(s, &n));
    }
    return s->content.used <= s->max ? AKT_OK : too_large(s, s->content.used);
}

static akt_err
reply_content(akt_self *self, const struct akt_file_read_all *m,
              struct source *s)
{
    akt_file_content content = akti_content_finish(&s->content);
    akt_err err = akt_reply(self, m, .bytes = content.bytes);

    if (err != AKT_OK) {
        akt_file_content_free(&content);
    }
    return err;
}

static akt_err
read_all(akt_self *self, const struct akt_file_read_all *m)
{
    akt_error error = AKT_ERROR_NONE;
    struct source s = {.self = self,
                       .path = m->path,
                       .fd = -1,
                       .max = m->max_bytes,
                       .error = &error};
    uint64_t size = 0;
    akt_err err = open_source(&s, m->any, &size);

    if (err == AKT_OK) {
        err = read_source(&s, size);
    }
    akti_file_abandon(s.fd);
    if (err != AKT_OK) {
        akti_content_free(&s.content);
        return akti_file_answer(self, &error);
    }
    return reply_content(self, m, &s);
}
AKT_JOB(read_all, akt_file_read_all);

static akt_err
ask(akt_self *self, akt_text path, uint64_t max_bytes, bool any,
    akt_future *out_future)
{
    uint64_t max = max_bytes != 0 ? max_bytes : AKT_FILE_SIZE_DEFAULT;
    akt_err err = akt_ask_blocking_within(
        self, AKT_FILE_TIMEOUT_NS, out_future, read_all, akt_file_read_all,
        .path = path, .max_bytes = max, .any = any);

    return akti_file_asked(self, err, "read", path, out_future);
}

akt_err
akt_file_read_all(akt_self *self, akt_text path, uint64_t max_bytes,
                  akt_future *out_future)
{
    return ask(self, path, max_bytes, false, out_future);
}

akt_err
akt_file_read_any(akt_self *self, akt_text path, uint64_t max_bytes,
                  akt_future *out_future)
{
    return ask(self, path, max_bytes, true, out_future);
}
