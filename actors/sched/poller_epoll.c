/* SPDX-License-Identifier: MIT */
/* The poller by Linux's epoll; twin of poller_poll.c. */
#include "actors/sched/poller.h"

#include "actors/base/mutant.h"
#include "akt/failure.h"
#include "akt/fd.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

/* What the doorbell is registered with; no descriptor is. */
#define BELL UINT64_MAX

static akt_err
register_bell(struct akti_poller *p)
{
    struct epoll_event e = {.events = EPOLLIN, .data.u64 = BELL};

    p->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (p->epoll < 0) {
        return akt_err_of_errno(errno);
    }
    if (epoll_ctl(p->epoll, EPOLL_CTL_ADD, p->bell.wait_fd, &e) != 0) {
        akt_err err = akt_err_of_errno(errno);

        (void)close(p->epoll);
        return err;
    }
    return AKT_OK;
}

akt_err
akti_poller_open(struct akti_poller *p, struct akti_memory *memory)
{
    akt_err err;

    (void)memory;
    AKT_TRY(akti_doorbell_open(&p->bell));
    err = register_bell(p);
    if (err != AKT_OK) {
        akti_doorbell_close(&p->bell);
    }
    return err;
}

void
akti_poller_close(struct akti_poller *p)
{
    (void)close(p->epoll);
    akti_doorbell_close(&p->bell);
}

/*
 * The system may know the descriptor from before, or no longer: what it had was
 * closed, and the number is another one's now.
 */
static int
control(struct akti_poller *p, int fd, struct epoll_event *e, uint32_t tag)
{
    if (epoll_ctl(p->epoll, EPOLL_CTL_MOD, fd, e) == 0) {
        return 0;
    }
    return errno == ENOENT && (tag == 1 || !AKTI_MUTANT(fd_number_not_reused))
               ? epoll_ctl(p->epoll, EPOLL_CTL_ADD, fd, e)
               : -1;
}

akt_err
akti_poller_arm(struct akti_poller *p, int fd, uint32_t events, uint32_t tag)
{
    struct epoll_event e = {
        .events = EPOLLONESHOT
                  | ((events & AKT_FD_READABLE) != 0 ? (uint32_t)EPOLLIN : 0u)
                  | ((events & AKT_FD_WRITABLE) != 0 ? (uint32_t)EPOLLOUT : 0u),
        .data.u64 = (uint64_t)tag << 32 | (uint32_t)fd};

    if (control(p, fd, &e, tag) == 0) {
        return AKT_OK;
    }
    return errno == EBADF    ? AKT_EBADF
           : errno == ENOMEM ? AKT_ENOMEM
           : errno == ENOSPC ? AKT_EMFILE /* /proc/sys/fs/epoll */
                             : AKT_EIO;
}

void
akti_poller_disarm(struct akti_poller *p, int fd)
{
    struct epoll_event e = {.events = 0};

    (void)epoll_ctl(p->epoll, EPOLL_CTL_DEL, fd, &e);
}

void
akti_poller_ring(struct akti_poller *p)
{
    akti_doorbell_ring(&p->bell);
}

static uint32_t
events_of(uint32_t e)
{
    if ((e & (uint32_t)(EPOLLERR | EPOLLHUP)) != 0) {
        return AKT_FD_READABLE | AKT_FD_WRITABLE;
    }
    return ((e & (uint32_t)EPOLLIN) != 0 ? AKT_FD_READABLE : 0u)
           | ((e & (uint32_t)EPOLLOUT) != 0 ? AKT_FD_WRITABLE : 0u);
}

size_t
akti_poller_wait(struct akti_poller *p, struct akti_mutex *lock,
                 struct akti_polled out[AKTI_POLLED_MAX])
{
    struct epoll_event e[AKTI_POLLED_MAX];
    int n = epoll_wait(p->epoll, e, AKTI_POLLED_MAX, -1);
    size_t used = 0;
    int i;

    (void)lock;
    for (i = 0; i < n; i++) {
        if (e[i].data.u64 == BELL) {
            akti_doorbell_clear(&p->bell);
        } else {
            out[used++] = (struct akti_polled){(int)(uint32_t)e[i].data.u64,
                                               (uint32_t)(e[i].data.u64 >> 32),
                                               events_of(e[i].events)};
        }
    }
    return used;
}
