/* SPDX-License-Identifier: MIT */
/*
 * The system calls of files. One that a signal interrupted is made again. A
 * simulation can let each fail and can cut reads and writes short; close is made
 * in any case, so that no fault leaks a descriptor.
 */
#include "actors/async/file.h"
#include "actors/core/system.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whether a simulation wants this call to fail, with that errno. */
static bool
fails(akt_self *self, int errnum)
{
    if (!akti_fails(self->ctx, AKT_FAULT_FILE)) {
        return false;
    }
    errno = errnum;
    return true;
}

/* How much of `size` a simulation lets through. */
static size_t
short_of(akt_self *self, size_t size)
{
    return size > 1 && akti_fails(self->ctx, AKT_FAULT_SHORT) ? (size + 6) / 7
                                                              : size;
}

int
akti_file_open(akt_self *self, const char *path, int flags, mode_t mode)
{
    int fd;

    if (fails(self, EMFILE)) {
        return -1;
    }
    do {
        fd = open(path, flags | O_CLOEXEC | O_NOCTTY, mode);
    } while (fd < 0 && errno == EINTR);
    return fd;
}

ssize_t
akti_file_read(akt_self *self, int fd, void *buffer, size_t size, off_t at)
{
    ssize_t n;

    if (fails(self, EIO)) {
        return -1;
    }
    size = short_of(self, size);
    do {
        n = at == AKTI_FILE_HERE ? read(fd, buffer, size)
                                 : pread(fd, buffer, size, at);
    } while (n < 0 && errno == EINTR);
    return n;
}

ssize_t
akti_file_write(akt_self *self, int fd, const void *bytes, size_t size,
                off_t at)
{
    ssize_t n;

    if (fails(self, ENOSPC)) {
        return -1;
    }
    size = short_of(self, size);
    do {
        n = at == AKTI_FILE_HERE ? write(fd, bytes, size)
                                 : pwrite(fd, bytes, size, at);
    } while (n < 0 && errno == EINTR);
    return n;
}

int
akti_file_truncate(akt_self *self, int fd, off_t size)
{
    int result;

    if (fails(self, EIO)) {
        return -1;
    }
    do {
        result = ftruncate(fd, size);
    } while (result < 0 && errno == EINTR);
    return result;
}

int
akti_file_mkdir(akt_self *self, const char *path, mode_t mode)
{
    return fails(self, EIO) ? -1 : mkdir(path, mode);
}

int
akti_file_rmdir(akt_self *self, const char *path)
{
    return fails(self, EIO) ? -1 : rmdir(path);
}

int
akti_file_remove(akt_self *self, const char *path)
{
    return fails(self, EIO) ? -1 : unlink(path);
}

int
akti_file_open_at(akt_self *self, int fd, const char *name, int flags)
{
    int opened;

    if (fails(self, EMFILE)) {
        return -1;
    }
    do {
        opened = openat(fd, name, flags | O_CLOEXEC | O_NOCTTY);
    } while (opened < 0 && errno == EINTR);
    return opened;
}

DIR *
akti_file_list(akt_self *self, int fd)
{
    return fails(self, EIO) ? NULL : fdopendir(fd);
}

struct dirent *
akti_file_entry(akt_self *self, DIR *dir)
{
    if (fails(self, EIO)) {
        return NULL;
    }
    errno = 0;
    return readdir(dir);
}

int
akti_file_stat_at(akt_self *self, int fd, const char *name, bool follow,
                  struct stat *out)
{
    return fails(self, EIO)
               ? -1
               : fstatat(fd, name, out, follow ? 0 : AT_SYMLINK_NOFOLLOW);
}

int
akti_file_fstat(akt_self *self, int fd, struct stat *out)
{
    return fails(self, EIO) ? -1 : fstat(fd, out);
}

int
akti_file_stat(akt_self *self, const char *path, struct stat *out)
{
    return fails(self, EIO) ? -1 : stat(path, out);
}

int
akti_file_sync(akt_self *self, int fd)
{
    int result;

    if (fails(self, EIO)) {
        return -1;
    }
    do {
        result = fsync(fd);
    } while (result < 0 && errno == EINTR);
    return result;
}

int
akti_file_rename(akt_self *self, const char *from, const char *to)
{
    return fails(self, EIO) ? -1 : rename(from, to);
}

int
akti_file_close(akt_self *self, int fd)
{
    int result = close(fd);

    /* Interrupted or not, the descriptor is gone. */
    if (result < 0 && errno == EINTR) {
        result = 0;
    }
    return fails(self, EIO) ? -1 : result;
}

void
akti_file_abandon(int fd)
{
    int saved = errno;

    if (fd >= 0) {
        (void)close(fd);
    }
    errno = saved;
}

void
akti_file_unlink(const char *path)
{
    int saved = errno;

    (void)unlink(path);
    errno = saved;
}
