/* SPDX-License-Identifier: MIT */
/* The doorbell by a pipe; twin of doorbell_eventfd.c. */
#include "actors/base/fault.h"
#include "actors/sched/doorbell.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static int
prepare(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) {
        return -1;
    }
    return fcntl(fd, F_SETFD, FD_CLOEXEC);
}

akt_err
akti_doorbell_open(struct akti_doorbell *d)
{
    int fds[2];

    if (akti_fault_here(AKTI_FAULT_DOORBELL)) {
        return AKT_EMFILE;
    }
    if (pipe(fds) < 0) {
        return errno == EMFILE || errno == ENFILE ? AKT_EMFILE : AKT_EIO;
    }
    if (prepare(fds[0]) < 0 || prepare(fds[1]) < 0) {
        (void)close(fds[0]);
        (void)close(fds[1]);
        return AKT_EIO;
    }
    d->wait_fd = fds[0];
    d->rings_are_edges = false;
    d->ring_fd = fds[1];
    return AKT_OK;
}

void
akti_doorbell_close(struct akti_doorbell *d)
{
    (void)close(d->wait_fd);
    (void)close(d->ring_fd);
}

void
akti_doorbell_ring(struct akti_doorbell *d)
{
    ssize_t n;

    /* A full pipe (EAGAIN) is readable, which is all that is wanted. */
    do {
        n = write(d->ring_fd, "", 1);
    } while (n < 0 && errno == EINTR);
}

void
akti_doorbell_clear(struct akti_doorbell *d)
{
    char buffer[64];
    ssize_t n;

    do {
        n = read(d->wait_fd, buffer, sizeof(buffer));
    } while (n == (ssize_t)sizeof(buffer) || (n < 0 && errno == EINTR));
}
