/* SPDX-License-Identifier: MIT */
#include "actors/sched/loop.h"

#include "actors/base/fault.h"
#include "actors/sched/doorbell.h"
#include "akt/types.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

struct akti_loop {
    struct event_base *base;
    struct akti_doorbell bell;
    struct event rung_event;
    struct event timer_event;
    bool by_edge; /* each ring is an event: nothing is read */
    bool rung;
    bool timed_out;
};

static void
on_ring(evutil_socket_t fd, short what, void *arg)
{
    struct akti_loop *loop = arg;

    (void)fd;
    (void)what;
    if (!loop->by_edge) {
        akti_doorbell_clear(&loop->bell);
    }
    loop->rung = true;
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct akti_loop *loop = arg;

    (void)fd;
    (void)what;
    loop->timed_out = true;
}

/*
 * A base without locks: one thread uses it. Timers to the microsecond; no
 * environment variables decide.
 */
static struct event_base *
new_base(void)
{
    struct event_config *config = event_config_new();
    struct event_base *base = NULL;
    int flags = EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_IGNORE_ENV
                | EVENT_BASE_FLAG_PRECISE_TIMER;

    if (config == NULL) {
        return NULL;
    }
    if (!akti_fault_here(AKTI_FAULT_LOOP)
        && event_config_set_flag(config, flags) == 0) {
        base = event_base_new_with_config(config);
    }
    event_config_free(config);
    return base;
}

/* What libevent opens for one base: epoll, a timer, a pair for signals. */
#define BASE_DESCRIPTORS 4

/*
 * Whether there are descriptors for a base. libevent 2.1 ends the process when it
 * finds none for its pair, so they are tried first.
 */
static bool
has_descriptors(int fd)
{
    int spare[BASE_DESCRIPTORS];
    int n = 0;

    while (n < BASE_DESCRIPTORS) {
        spare[n] = fcntl(fd, F_DUPFD_CLOEXEC, 0);
        if (spare[n] < 0) {
            break;
        }
        n++;
    }
    for (int i = 0; i < n; i++) {
        (void)close(spare[i]);
    }
    return n == BASE_DESCRIPTORS;
}

/* Makes the base, one at a time in this process: others' starts must not take
 * the descriptors between the look and the call. */
static akt_err
make_base(struct akti_loop *loop)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    akt_err err = AKT_EMFILE;

    (void)pthread_mutex_lock(&lock);
    if (has_descriptors(loop->bell.wait_fd)) {
        loop->base = new_base();
        err = loop->base != NULL ? AKT_OK : AKT_EIO;
    }
    (void)pthread_mutex_unlock(&lock);
    return err;
}

/*
 * Makes libevent's room for a deadline. It keeps it, so that no later wait is
 * without its deadline for want of memory.
 */
static int
reserve_deadline(struct akti_loop *loop)
{
    static const struct timeval second = {.tv_sec = 1};

    if (event_add(&loop->timer_event, &second) != 0) {
        return -1;
    }
    return event_del(&loop->timer_event);
}

/* The base and its events; the doorbell is open. */
static akt_err
set_up(struct akti_loop *loop)
{
    short what = EV_READ | EV_PERSIST;

    AKT_TRY(make_base(loop));
    loop->by_edge =
        loop->bell.rings_are_edges
        && (event_base_get_features(loop->base) & EV_FEATURE_ET) != 0;
    if (loop->by_edge) {
        what |= EV_ET;
    }
    if (event_assign(&loop->rung_event, loop->base, loop->bell.wait_fd, what,
                     on_ring, loop)
            != 0
        || evtimer_assign(&loop->timer_event, loop->base, on_timer, loop) != 0
        || event_add(&loop->rung_event, NULL) != 0
        || reserve_deadline(loop) != 0) {
        event_base_free(loop->base);
        return AKT_EIO;
    }
    return AKT_OK;
}

akt_err
akti_loop_open(struct akti_loop **out)
{
    struct akti_loop *loop = calloc(1, sizeof(*loop));
    akt_err err;

    if (loop == NULL) {
        return AKT_ENOMEM;
    }
    err = akti_doorbell_open(&loop->bell);
    if (err != AKT_OK) {
        free(loop);
        return err;
    }
    err = set_up(loop);
    if (err != AKT_OK) {
        akti_doorbell_close(&loop->bell);
        free(loop);
        return err;
    }
    *out = loop;
    return AKT_OK;
}

void
akti_loop_close(struct akti_loop *loop)
{
    if (loop == NULL) {
        return;
    }
    (void)event_del(&loop->rung_event);
    (void)event_del(&loop->timer_event);
    event_base_free(loop->base);
    akti_doorbell_close(&loop->bell);
    free(loop);
}

/*
 * Rounded up, and one more: libevent counts whole microseconds, and cuts off what the
 * clock shows beyond them; no timer is early.
 */
static struct timeval
interval(uint64_t now_ns, uint64_t deadline_ns)
{
    uint64_t us =
        deadline_ns > now_ns ? (deadline_ns - now_ns + 1999) / 1000 : 0;
    struct timeval tv = {.tv_sec = (time_t)(us / 1000000u),
                         .tv_usec = (suseconds_t)(us % 1000000u)};

    return tv;
}

/* A day: long waits are made of several. */
#define WAIT_MAX_NS (UINT64_C(86400) * 1000000000u)

bool
akti_loop_wait(struct akti_loop *loop, uint64_t now_ns, uint64_t deadline_ns)
{
    loop->rung = false;
    loop->timed_out = false;
    if (deadline_ns != AKT_NEVER) {
        uint64_t limit = now_ns + WAIT_MAX_NS;
        struct timeval tv =
            interval(now_ns, deadline_ns < limit ? deadline_ns : limit);

        /* It has room, so it cannot fail; see reserve_deadline. */
        (void)event_add(&loop->timer_event, &tv);
    }
    while (!loop->rung && !loop->timed_out) {
        if (event_base_loop(loop->base, EVLOOP_ONCE) != 0) {
            break;
        }
    }
    if (deadline_ns != AKT_NEVER && !loop->timed_out) {
        (void)event_del(&loop->timer_event);
    }
    return loop->rung;
}

void
akti_loop_ring(struct akti_loop *loop)
{
    akti_doorbell_ring(&loop->bell);
}
