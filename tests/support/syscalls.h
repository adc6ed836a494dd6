/* SPDX-License-Identifier: MIT */
/*
 * System calls that fail on demand. A program that links syscalls.c has to be
 * linked with --wrap for the calls of the library itself; those of libevent are
 * replaced by name, and its allocator by its own hook.
 *
 * One call is armed at a time; any thread may meet it.
 */
#ifndef AKT_TESTS_SUPPORT_SYSCALLS_H
#define AKT_TESTS_SUPPORT_SYSCALLS_H

#include <stdbool.h>
#include <stdint.h>

enum syscall_number {
    CALL_CALLOC,
    CALL_FDOPENDIR,
    CALL_EVENTFD,
    CALL_FCNTL,
    CALL_FSTAT,
    CALL_FSTATAT,
    CALL_GETAFFINITY,
    CALL_MKDIR,
    CALL_OPENAT,
    CALL_PIPE,
    CALL_READ,
    CALL_READDIR,
    CALL_RENAME,
    CALL_RMDIR,
    CALL_THREAD,
    CALL_UNLINK,
    CALL_WRITE,
    CALL_LIBEVENT_ALLOC,
    CALL_LIBEVENT_CTL,
    CALL_LIBEVENT_EPOLL,
    CALL_LIBEVENT_TIMERFD,
    CALL_LIBEVENT_WAIT
};

/* A way in which one call fails. */
struct syscall_fault {
    const char *name;
    enum syscall_number number;
    int error;        /* of errno, or returned by pthread_create */
    bool is_passing;  /* an error that cannot last, such as EINTR */
    bool is_optional; /* not every build makes this call */
};

/* All of them; the last has no name. */
extern const struct syscall_fault syscall_faults[];

/* Before the first system starts. */
void syscalls_begin(void);
/* From the n-th call on, counted from 1 and from now, `times` calls fail. */
void syscalls_fail(const struct syscall_fault *fault, uint32_t n,
                   uint32_t times);
/* Nothing fails any more; how many calls failed. */
uint32_t syscalls_end(void);

#endif
