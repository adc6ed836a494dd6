/* SPDX-License-Identifier: MIT */
/*
 * Who waits for descriptors: one thread of the system, which is begun with the
 * first wait and ends with the system, and says which wait is over.
 *
 * Waits lie in lines, one for each descriptor, by its number. The first wait of a
 * line arms the poller for what all in the line want; a report takes those out
 * that it is for, and arms it again for the others. Everything is under one lock,
 * but what a report leads to: a wait that is taken out says by its claim to whom
 * it belongs, and whoever comes later finds that it is over.
 *
 * In a simulation there is no thread: all waits are looked at before each step.
 */
#ifndef AKT_SCHED_REACTOR_H
#define AKT_SCHED_REACTOR_H

#include "actors/sched/blocking.h"
#include "actors/sched/poller.h"

#include <pthread.h>

/* All events that there are; see akt/fd.h. */
#define AKTI_FD_ALL 3u

struct akti_fd_wait {
    /* guarded by the reactor's lock */
    struct akti_fd_wait *next;
    struct akti_fd_wait *prev;
    bool linked;
    void *reply; /* moved to who is told; NULL from then on */
    /* immutable */
    int fd;
    uint32_t wants;
    struct akti_claim claim;
};

/* A wait that is over. */
struct akti_fd_end {
    struct akti_claim claim;
    void *reply; /* [move] */
    int fd;
    uint32_t events;
    akt_err err; /* AKT_OK: it is ready; AKT_ESTOPPED: the system stops */
};

struct akti_fd_line {
    struct akti_fd_wait *head;
    uint32_t tag; /* of what is armed */
};

enum akti_reactor_state {
    AKTI_REACTOR_UNUSED = 0,
    AKTI_REACTOR_RUNS,
    AKTI_REACTOR_STOPPED
};

struct akti_reactor {
    struct akti_dispatcher *dispatcher;
    struct akti_mutex lock;
    /* guarded by lock */
    enum akti_reactor_state state;
    uint32_t waits;
    struct akti_fd_line *line; /* by descriptor */
    uint32_t lines;
    struct akti_poller poller;
    pthread_t thread;
};

void akti_reactor_init(struct akti_dispatcher *d);

/*
 * What a descriptor is ready for of `wants`, without waiting: 0, or some of it.
 * AKT_EBADF, AKT_ENOMEM.
 */
akt_err akti_fd_look(int fd, uint32_t wants, uint32_t *out_ready);

/*
 * The wait is in its line until the dispatcher's `readied` has its claim, which
 * may be at once, or it is removed. Any thread. AKT_ENOMEM, AKT_EMFILE,
 * AKT_ETHREAD, AKT_EBADF, AKT_EIO, AKT_ESTOPPED.
 */
akt_err akti_reactor_add(struct akti_dispatcher *d, struct akti_fd_wait *w);

/*
 * It is in no line from now on. A `reply` that it still has is the caller's. Any
 * thread.
 */
void akti_reactor_remove(struct akti_dispatcher *d, struct akti_fd_wait *w);

/* How many wait. */
uint32_t akti_reactor_waits(struct akti_dispatcher *d);

/* In a simulation: ends the waits that are over; false when none is. */
bool akti_reactor_look(struct akti_dispatcher *d, struct akti_context *ctx);

/* No wait begins any more; ends the thread, and all waits by `ctx`. */
void akti_reactor_stop(struct akti_dispatcher *d, struct akti_context *ctx);

/* After the stop, or when nothing was begun. */
void akti_reactor_fini(struct akti_dispatcher *d);

#endif
