/* SPDX-License-Identifier: MIT */
#include "tests/support/syscalls.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

const struct syscall_fault syscall_faults[] = {
    {"calloc", CALL_CALLOC, ENOMEM, false, false},
    {"eventfd", CALL_EVENTFD, EMFILE, false, true},
    {"eventfd", CALL_EVENTFD, ENOMEM, false, true},
    {"eventfd", CALL_EVENTFD, ENODEV, false, true},
    {"pipe", CALL_PIPE, ENFILE, false, true},
    {"fcntl", CALL_FCNTL, EMFILE, false, false},
    {"pthread_create", CALL_THREAD, EAGAIN, false, false},
    {"sched_getaffinity", CALL_GETAFFINITY, EINVAL, false, true},
    {"read", CALL_READ, EINTR, true, true},
    {"read", CALL_READ, EAGAIN, true, true},
    {"write", CALL_WRITE, EINTR, true, false},
    {"mkdir", CALL_MKDIR, ENOSPC, false, false},
    {"openat", CALL_OPENAT, EMFILE, false, false},
    {"fstat", CALL_FSTAT, EIO, false, false},
    {"fstatat", CALL_FSTATAT, EIO, false, false},
    {"fdopendir", CALL_FDOPENDIR, ENOMEM, false, false},
    {"readdir", CALL_READDIR, EIO, false, false},
    {"rename", CALL_RENAME, EIO, false, false},
    {"unlink", CALL_UNLINK, EACCES, false, false},
    {"rmdir", CALL_RMDIR, EACCES, false, false},
    {"libevent's malloc", CALL_LIBEVENT_ALLOC, ENOMEM, false, false},
    {"libevent's epoll_create1", CALL_LIBEVENT_EPOLL, EMFILE, false, false},
    {"libevent's timerfd_create", CALL_LIBEVENT_TIMERFD, EMFILE, false, false},
    {"libevent's epoll_ctl", CALL_LIBEVENT_CTL, ENOSPC, false, false},
    {"libevent's epoll_wait", CALL_LIBEVENT_WAIT, EINTR, true, false},
    {"libevent's epoll_wait", CALL_LIBEVENT_WAIT, EIO, true, false},
    {NULL, CALL_CALLOC, 0, false, false},
};

/* Relaxed throughout: a test arms and looks while no system runs. */
static struct {
    _Atomic int number; /* that fails; -1: none */
    _Atomic int error;
    _Atomic uint32_t calls;
    _Atomic uint32_t first;
    _Atomic uint32_t times;
    _Atomic uint32_t failed;
} armed = {.number = -1};

static uint32_t
get(_Atomic uint32_t *word)
{
    return atomic_load_explicit(word, memory_order_relaxed);
}

/* Whether this call is to fail; errno says how. */
static bool
must_fail(enum syscall_number number)
{
    uint32_t n;

    if (atomic_load_explicit(&armed.number, memory_order_relaxed)
        != (int)number) {
        return false;
    }
    n = atomic_fetch_add_explicit(&armed.calls, 1, memory_order_relaxed) + 1;
    if (n < get(&armed.first) || n - get(&armed.first) >= get(&armed.times)) {
        return false;
    }
    atomic_fetch_add_explicit(&armed.failed, 1, memory_order_relaxed);
    errno = atomic_load_explicit(&armed.error, memory_order_relaxed);
    return true;
}

void
syscalls_fail(const struct syscall_fault *fault, uint32_t n, uint32_t times)
{
    atomic_store_explicit(&armed.calls, 0, memory_order_relaxed);
    atomic_store_explicit(&armed.failed, 0, memory_order_relaxed);
    atomic_store_explicit(&armed.first, n, memory_order_relaxed);
    atomic_store_explicit(&armed.times, times, memory_order_relaxed);
    atomic_store_explicit(&armed.error, fault->error, memory_order_relaxed);
    atomic_store_explicit(&armed.number, (int)fault->number,
                          memory_order_relaxed);
}

uint32_t
syscalls_end(void)
{
    atomic_store_explicit(&armed.number, -1, memory_order_relaxed);
    return get(&armed.failed);
}

/* --- the library's own calls, wrapped by the linker --- */

/* What the linker makes of a name: __wrap_x is called, __real_x is x. */
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
int __real_eventfd(unsigned count, int flags);
int __wrap_eventfd(unsigned count, int flags);
int __real_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...);
DIR *__real_fdopendir(int fd);
DIR *__wrap_fdopendir(int fd);
int __real_fstat(int fd, struct stat *out);
int __wrap_fstat(int fd, struct stat *out);
int __real_fstatat(int fd, const char *name, struct stat *out, int flags);
int __wrap_fstatat(int fd, const char *name, struct stat *out, int flags);
int __real_mkdir(const char *path, mode_t mode);
int __wrap_mkdir(const char *path, mode_t mode);
int __real_openat(int fd, const char *name, int flags, ...);
int __wrap_openat(int fd, const char *name, int flags, ...);
int __real_pipe(int fds[2]);
int __wrap_pipe(int fds[2]);
int __real_pthread_create(pthread_t *out, const pthread_attr_t *attr,
                          void *(*fn)(void *), void *arg);
int __wrap_pthread_create(pthread_t *out, const pthread_attr_t *attr,
                          void *(*fn)(void *), void *arg);
ssize_t __real_read(int fd, void *buffer, size_t size);
ssize_t __wrap_read(int fd, void *buffer, size_t size);
struct dirent *__real_readdir(DIR *dir);
struct dirent *__wrap_readdir(DIR *dir);
int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __real_rmdir(const char *path);
int __wrap_rmdir(const char *path);
int __real_unlink(const char *path);
int __wrap_unlink(const char *path);
int __real_sched_getaffinity(pid_t pid, size_t size, void *set);
int __wrap_sched_getaffinity(pid_t pid, size_t size, void *set);
ssize_t __real_write(int fd, const void *buffer, size_t size);
ssize_t __wrap_write(int fd, const void *buffer, size_t size);

void *
__wrap_calloc(size_t count, size_t size)
{
    return must_fail(CALL_CALLOC) ? NULL : __real_calloc(count, size);
}

int
__wrap_eventfd(unsigned count, int flags)
{
    return must_fail(CALL_EVENTFD) ? -1 : __real_eventfd(count, flags);
}

int
__wrap_fcntl(int fd, int command, ...)
{
    va_list args;
    int arg;

    va_start(args, command);
    arg = va_arg(args, int);
    va_end(args);
    return must_fail(CALL_FCNTL) ? -1 : __real_fcntl(fd, command, arg);
}

int
__wrap_pipe(int fds[2])
{
    return must_fail(CALL_PIPE) ? -1 : __real_pipe(fds);
}

int
__wrap_pthread_create(pthread_t *out, const pthread_attr_t *attr,
                      void *(*fn)(void *), void *arg)
{
    return must_fail(CALL_THREAD) ? errno
                                  : __real_pthread_create(out, attr, fn, arg);
}

ssize_t
__wrap_read(int fd, void *buffer, size_t size)
{
    return must_fail(CALL_READ) ? -1 : __real_read(fd, buffer, size);
}

int
__wrap_sched_getaffinity(pid_t pid, size_t size, void *set)
{
    return must_fail(CALL_GETAFFINITY)
               ? -1
               : __real_sched_getaffinity(pid, size, set);
}

ssize_t
__wrap_write(int fd, const void *buffer, size_t size)
{
    return must_fail(CALL_WRITE) ? -1 : __real_write(fd, buffer, size);
}

/* --- those of files and directories --- */

DIR *
__wrap_fdopendir(int fd)
{
    return must_fail(CALL_FDOPENDIR) ? NULL : __real_fdopendir(fd);
}

int
__wrap_fstat(int fd, struct stat *out)
{
    return must_fail(CALL_FSTAT) ? -1 : __real_fstat(fd, out);
}

int
__wrap_fstatat(int fd, const char *name, struct stat *out, int flags)
{
    return must_fail(CALL_FSTATAT) ? -1 : __real_fstatat(fd, name, out, flags);
}

int
__wrap_mkdir(const char *path, mode_t mode)
{
    return must_fail(CALL_MKDIR) ? -1 : __real_mkdir(path, mode);
}

/* The library makes no file by this one, so there is no mode. */
int
__wrap_openat(int fd, const char *name, int flags, ...)
{
    return must_fail(CALL_OPENAT) ? -1 : __real_openat(fd, name, flags);
}

struct dirent *
__wrap_readdir(DIR *dir)
{
    return must_fail(CALL_READDIR) ? NULL : __real_readdir(dir);
}

int
__wrap_rename(const char *from, const char *to)
{
    return must_fail(CALL_RENAME) ? -1 : __real_rename(from, to);
}

int
__wrap_rmdir(const char *path)
{
    return must_fail(CALL_RMDIR) ? -1 : __real_rmdir(path);
}

int
__wrap_unlink(const char *path)
{
    return must_fail(CALL_UNLINK) ? -1 : __real_unlink(path);
}

/* --- libevent's, found here before the C library's --- */

typedef int epoll_create1_fn(int flags);
typedef int epoll_ctl_fn(int fd, int what, int of, struct epoll_event *event);
typedef int epoll_wait_fn(int fd, struct epoll_event *events, int max,
                          int timeout);
typedef int timerfd_create_fn(clockid_t clock, int flags);

/* The next function of that name; the C library's, or a sanitizer's. */
static void
find_next(void *out_fn, const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);

    *(void **)out_fn = found;
}

int
epoll_create1(int flags)
{
    epoll_create1_fn *next;

    find_next(&next, "epoll_create1");
    return must_fail(CALL_LIBEVENT_EPOLL) ? -1 : next(flags);
}

int
epoll_ctl(int fd, int what, int of, struct epoll_event *event)
{
    epoll_ctl_fn *next;

    find_next(&next, "epoll_ctl");
    return must_fail(CALL_LIBEVENT_CTL) ? -1 : next(fd, what, of, event);
}

int
epoll_wait(int fd, struct epoll_event *events, int max, int timeout)
{
    epoll_wait_fn *next;

    find_next(&next, "epoll_wait");
    return must_fail(CALL_LIBEVENT_WAIT) ? -1 : next(fd, events, max, timeout);
}

int
timerfd_create(clockid_t clock, int flags)
{
    timerfd_create_fn *next;

    find_next(&next, "timerfd_create");
    return must_fail(CALL_LIBEVENT_TIMERFD) ? -1 : next(clock, flags);
}

static void *
libevent_malloc(size_t size)
{
    return must_fail(CALL_LIBEVENT_ALLOC) ? NULL : malloc(size);
}

static void *
libevent_realloc(void *old, size_t size)
{
    return must_fail(CALL_LIBEVENT_ALLOC) ? NULL : realloc(old, size);
}

static void
say_nothing(int severity, const char *text)
{
    (void)severity;
    (void)text;
}

void
syscalls_begin(void)
{
    event_set_mem_functions(libevent_malloc, libevent_realloc, free);
    event_set_log_callback(say_nothing);
}
