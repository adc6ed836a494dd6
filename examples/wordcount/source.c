/* SPDX-License-Identifier: MIT */
#include "source.h"

#include "wordcount.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void
source_init(struct source *source, int stop_fd)
{
    *source = (struct source){.stop_fd = stop_fd, .fd = -1};
}

bool
source_set_path(struct source *source, const char *path, bool named)
{
    free(source->path);
    source->path = strdup(path);
    source->named = named;
    source->ended = false;
    source->stopped = false;
    source->full = false;
    source->err = 0;
    source->cut = 0;
    source->used = 0;
    return source->path != NULL;
}

static void
end(struct source *source, int err)
{
    if (source->fd >= 0) {
        close(source->fd);
    }
    source->fd = -1;
    source->err = err;
    source->ended = true;
}

/* Not blocking, for a FIFO that nobody writes: poll waits for the writer. */
static bool
open_file(struct source *source)
{
    struct stat st;
    if (source->named && strcmp(source->path, "-") == 0) {
        source->fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
    } else {
        source->fd = open(source->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    }
    if (source->fd < 0 || fstat(source->fd, &st) != 0) {
        end(source, errno);
        return false;
    }
    if (S_ISDIR(st.st_mode) || (!source->named && !S_ISREG(st.st_mode))) {
        end(source, S_ISDIR(st.st_mode) ? EISDIR : EINVAL);
        return false;
    }
    return true;
}

/* Waits until there is something to read; false: reading has to end. */
static bool
wait_readable(struct source *source)
{
    struct pollfd fds[2] = {{.fd = source->fd, .events = POLLIN},
                            {.fd = source->stop_fd, .events = POLLIN}};
    while (poll(fds, 2, -1) < 0) {
        if (errno != EINTR && errno != EAGAIN) {
            end(source, errno);
            return false;
        }
    }
    if (fds[1].revents != 0) {
        source->stopped = true;
        end(source, 0);
        return false;
    }
    return true;
}

/* One read into what is free of the buffer. */
static size_t
read_more(struct source *source)
{
    ssize_t n = read(source->fd, source->data + source->used,
                     source->size - source->used);
    if (n < 0) {
        if (errno != EINTR && errno != EAGAIN) {
            end(source, errno);
        }
        return 0;
    }
    if (n == 0) {
        end(source, 0);
        return 0;
    }
    source->used += (size_t)n;
    return (size_t)n;
}

/* Room for a block, or for twice the word that does not end. */
static bool
make_room(struct source *source)
{
    size_t size = source->size == 0 ? BLOCK_SIZE : source->size;
    if (source->used > size / 2) {
        size = 2 * size < LONGEST_WORD ? 2 * size : LONGEST_WORD;
    }
    if (size == source->size) {
        return true;
    }
    char *data = realloc(source->data, size);
    if (data == NULL) {
        return false;
    }
    source->data = data;
    source->size = size;
    return true;
}

size_t
source_fill(struct source *source)
{
    if (source->fd < 0 && !open_file(source)) {
        return 0;
    }
    if (!make_room(source)) {
        end(source, ENOMEM);
        return 0;
    }
    size_t sum = 0;
    while (!source->ended && source->used < source->size
           && wait_readable(source)) {
        sum += read_more(source);
    }
    return sum;
}

/* How much of the buffer ends between words. */
static size_t
whole_words(const struct source *source)
{
    size_t len = source->used;
    if (source->ended) {
        return len;
    }
    while (len > 0 && lower_letter(source->data[len - 1]) != 0) {
        len--;
    }
    return len == 0 && source->used == LONGEST_WORD ? source->used : len;
}

bool
source_cut(struct source *source, char **out_data, size_t *out_len)
{
    size_t len = whole_words(source);
    *out_data = NULL;
    *out_len = len;
    if (len == 0) {
        return true;
    }
    size_t rest = source->used - len;
    size_t size = rest > BLOCK_SIZE ? rest : BLOCK_SIZE;
    char *data = NULL;
    if (!source->ended) {
        data = malloc(size);
        if (data == NULL) {
            return false;
        }
        memcpy(data, source->data + len, rest);
    }
    if (source->full && lower_letter(source->data[0]) != 0) {
        source->cut++;
    }
    source->full = len == LONGEST_WORD && rest == 0
                   && lower_letter(source->data[len - 1]) != 0;
    *out_data = source->data;
    source->data = data;
    source->used = rest;
    source->size = data == NULL ? 0 : size;
    return true;
}

void
source_fini(struct source *source)
{
    if (source->fd >= 0) {
        close(source->fd);
    }
    free(source->path);
    free(source->data);
    source->fd = -1;
    source->path = NULL;
    source->data = NULL;
}
