/* SPDX-License-Identifier: MIT */
/*
 * What tells the reactor's thread which descriptors are ready. Two files
 * implement it: poller_epoll.c (Linux) and poller_poll.c (POSIX).
 *
 * A descriptor is armed for one report, which carries the tag that it was armed
 * with. So who armed it anew, or let go of it, knows a report that was on its way
 * before by its tag. A descriptor that was closed while it was armed is forgotten
 * by the system, or reported as ready; arming another one of its number works.
 */
#ifndef AKT_SCHED_POLLER_H
#define AKT_SCHED_POLLER_H

#include "actors/base/memory.h"
#include "actors/base/thread.h"
#include "actors/sched/doorbell.h"

#include <stddef.h>
#include <stdint.h>

#define AKTI_POLLED_MAX 64

struct akti_polled {
    int fd;
    uint32_t tag;
    uint32_t events; /* AKT_FD_READABLE, AKT_FD_WRITABLE */
};

struct pollfd;

struct akti_poller {
    struct akti_doorbell bell;
    int epoll; /* poller_epoll.c's */
    /* poller_poll.c's: what is armed, and room to wait for it */
    struct akti_memory *memory;
    struct pollfd *armed;
    uint32_t *tag;
    uint32_t count;
    uint32_t room;
    struct pollfd *waited; /* the waiting thread's */
    uint32_t waited_room;
};

/* AKT_EMFILE, AKT_ENOMEM, AKT_EIO. */
akt_err akti_poller_open(struct akti_poller *p, struct akti_memory *memory);
void akti_poller_close(struct akti_poller *p);

/* --- under the reactor's lock --- */

/*
 * Asks for one report of these events, or of a hang-up; at once if it is ready.
 * AKT_EBADF, AKT_ENOMEM, AKT_EMFILE (a bound of the system), AKT_EIO.
 */
akt_err akti_poller_arm(struct akti_poller *p, int fd, uint32_t events,
                        uint32_t tag);
/* There is no report for it from now on, but such as are on their way. */
void akti_poller_disarm(struct akti_poller *p, int fd);

/* --- */

/* Ends a wait, this one or the next. Any thread. */
void akti_poller_ring(struct akti_poller *p);

/* Waits for reports; how many, which may be none. One thread, without the lock. */
size_t akti_poller_wait(struct akti_poller *p, struct akti_mutex *lock,
                        struct akti_polled out[AKTI_POLLED_MAX]);

#endif
