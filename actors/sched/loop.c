/* SPDX-License-Identifier: MIT */
#include "actors/sched/loop.h"

#include "actors/base/fault.h"
#include "actors/sched/doorbell.h"
#include "akt/types.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdlib.h>

struct akti_loop {
    struct event_base *base;
    struct akti_doorbell bell;
    struct event rung_event;
    struct event timer_event;
    bool rung;
    bool timed_out;
};

static void
on_ring(evutil_socket_t fd, short what, void *arg)
{
    struct akti_loop *loop = arg;

    (void)fd;
    (void)what;
    akti_doorbell_clear(&loop->bell);
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

/* The base and its events; the doorbell is open. */
static akt_err
set_up(struct akti_loop *loop)
{
    loop->base = new_base();
    if (loop->base == NULL) {
        return AKT_EIO;
    }
    if (event_assign(&loop->rung_event, loop->base, loop->bell.wait_fd,
                     EV_READ | EV_PERSIST, on_ring, loop)
            != 0
        || evtimer_assign(&loop->timer_event, loop->base, on_timer, loop) != 0
        || event_add(&loop->rung_event, NULL) != 0) {
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

/* Rounded up: libevent counts microseconds, and no timer is early. */
static struct timeval
interval(uint64_t now_ns, uint64_t deadline_ns)
{
    uint64_t us =
        deadline_ns > now_ns ? (deadline_ns - now_ns + 999) / 1000 : 0;
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
