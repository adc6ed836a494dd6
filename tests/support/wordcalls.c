/* SPDX-License-Identifier: MIT */
/*
 * A program whose calls fail by its environment: linked with --wrap for each of
 * them, it needs no change of its own. AKT_FAIL="read 3 1 5" makes the third
 * call of read fail, that one alone, with errno 5; "read 3 0 5" makes it and all
 * later ones fail. At the end it writes how many calls failed to the file that
 * AKT_FAIL_REPORT names.
 */
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <errno.h>

/* Set before main, only read afterwards. */
static char name[32];
static unsigned first;
static unsigned times;
static int error;

static _Atomic unsigned calls;
static _Atomic unsigned failed;

static void
report(void)
{
    const char *path = getenv("AKT_FAIL_REPORT");
    FILE *file = path != NULL ? fopen(path, "w") : NULL;

    if (file != NULL) {
        (void)fprintf(file, "%u\n", atomic_load(&failed));
        (void)fclose(file);
    }
}

__attribute__((constructor)) static void
read_environment(void)
{
    const char *text = getenv("AKT_FAIL");

    if (text != NULL
        && sscanf(text, "%31s %u %u %d", name, &first, &times, &error) != 4) {
        (void)fprintf(stderr, "AKT_FAIL: %s?\n", text);
        _exit(2);
    }
    (void)atexit(report);
}

/* Whether this call fails; errno says how. */
static int
must_fail(const char *call)
{
    unsigned n;

    if (strcmp(name, call) != 0) {
        return 0;
    }
    n = atomic_fetch_add(&calls, 1) + 1;
    if (n < first || (times != 0 && n - first >= times)) {
        return 0;
    }
    atomic_fetch_add(&failed, 1);
    errno = error;
    return 1;
}

/* WRAP(returned type, name, failure, (parameters), (arguments)) */
#define WRAP(type, call, failure, parameters, arguments)                       \
    type __real_##call parameters;                                             \
    type __wrap_##call parameters;                                             \
    type __wrap_##call parameters                                              \
    {                                                                          \
        return must_fail(#call) ? (failure) : __real_##call arguments;         \
    }

WRAP(void *, aligned_alloc, NULL, (size_t align, size_t size), (align, size))
WRAP(void *, calloc, NULL, (size_t n, size_t size), (n, size))
WRAP(void *, malloc, NULL, (size_t size), (size))
WRAP(void *, realloc, NULL, (void *old, size_t size), (old, size))
WRAP(char *, strdup, NULL, (const char *text), (text))
WRAP(int, fstat, -1, (int fd, struct stat *out), (fd, out))
WRAP(int, fstatat, -1, (int fd, const char *path, struct stat *out, int flags),
     (fd, path, out, flags))
WRAP(DIR *, opendir, NULL, (const char *path), (path))
WRAP(struct dirent *, readdir, NULL, (DIR * dir), (dir))
WRAP(ssize_t, read, -1, (int fd, void *buffer, size_t size), (fd, buffer, size))
WRAP(int, poll, -1, (struct pollfd * fds, nfds_t n, int timeout),
     (fds, n, timeout))
WRAP(int, pipe, -1, (int fds[2]), (fds))
WRAP(size_t, fwrite, 0, (const void *data, size_t size, size_t n, FILE *file),
     (data, size, n, file))
WRAP(int, fflush, EOF, (FILE * file), (file))
WRAP(int, eventfd, -1, (unsigned count, int flags), (count, flags))
WRAP(int, pthread_create, errno,
     (pthread_t * out, const pthread_attr_t *attr, void *(*fn)(void *),
      void *arg),
     (out, attr, fn, arg))

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);

int
__wrap_open(const char *path, int flags, ...)
{
    /* The program creates nothing: there is no third argument. */
    return must_fail("open") ? -1 : __real_open(path, flags);
}

int __real_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...);

int
__wrap_fcntl(int fd, int command, ...)
{
    va_list args;
    int arg;

    va_start(args, command);
    arg = va_arg(args, int);
    va_end(args);
    return must_fail("fcntl") ? -1 : __real_fcntl(fd, command, arg);
}
