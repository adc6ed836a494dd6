/* SPDX-License-Identifier: MIT */
/* Descriptors that tests wait for. */
#ifndef AKT_TESTS_UNIT_FDS_H
#define AKT_TESTS_UNIT_FDS_H

#include "actors/core/system.h"
#include "akt/akt.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Both ends are non-blocking. */
static inline void
open_pipe(int fd[2])
{
    assert_int_equal(pipe(fd), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(fcntl(fd[i], F_SETFL, O_NONBLOCK), 0);
    }
}

static inline void
open_pair(int fd[2])
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(fcntl(fd[i], F_SETFL, O_NONBLOCK), 0);
    }
}

static inline void
close_both(const int fd[2])
{
    (void)close(fd[0]);
    (void)close(fd[1]);
}

static inline void
put(int fd)
{
    assert_int_equal(write(fd, "x", 1), 1);
}

static inline void
take(int fd)
{
    char byte;

    assert_int_equal(read(fd, &byte, 1), 1);
}

/* Until it would block. */
static inline void
fill(int fd)
{
    static const char bytes[4096];

    while (write(fd, bytes, sizeof(bytes)) > 0) {
    }
}

static inline void
empty(int fd)
{
    char bytes[4096];

    while (read(fd, bytes, sizeof(bytes)) > 0) {
    }
}

/* How many wait for descriptors. */
static inline uint32_t
waits(akt_system *system)
{
    return akti_reactor_waits(&system->dispatcher);
}

/* A task that waits once. */
struct fd_wait {
    int fd;
    uint32_t events;
    uint64_t timeout_ns;
    uint32_t ready; /* [out] */
    akt_err err;    /* [out] */
};

static inline akt_err
wait_for_fd(akt_self *self, void *arg)
{
    struct fd_wait *w = arg;

    w->err = akt_fd_wait(self, w->fd, w->events, w->timeout_ns, &w->ready);
    return AKT_OK;
}

#endif
