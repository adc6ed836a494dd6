/* SPDX-License-Identifier: MIT */
/* The doorbell by Linux's eventfd; twin of doorbell_pipe.c. */
#include "actors/base/fault.h"
#include "actors/sched/doorbell.h"

#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

akt_err
akti_doorbell_open(struct akti_doorbell *d)
{
    int fd = -1;

    errno = EMFILE;
    if (!akti_fault_here(AKTI_FAULT_DOORBELL)) {
        fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    }
    if (fd < 0) {
        return errno == ENOMEM                      ? AKT_ENOMEM
               : errno == EMFILE || errno == ENFILE ? AKT_EMFILE
                                                    : AKT_EIO;
    }
    d->wait_fd = fd;
    d->ring_fd = fd;
    d->rings_are_edges = true;
    return AKT_OK;
}

void
akti_doorbell_close(struct akti_doorbell *d)
{
    (void)close(d->wait_fd);
}

void
akti_doorbell_ring(struct akti_doorbell *d)
{
    uint64_t one = 1;
    ssize_t n;

    /* The counter would be full after 2^64 rings. */
    do {
        n = write(d->ring_fd, &one, sizeof(one));
    } while (n < 0 && errno == EINTR);
}

void
akti_doorbell_clear(struct akti_doorbell *d)
{
    uint64_t count;
    ssize_t n;

    do {
        n = read(d->wait_fd, &count, sizeof(count));
    } while (n < 0 && errno == EINTR);
}
