/* SPDX-License-Identifier: MIT */
/*
 * The poller by POSIX's poll; twin of poller_epoll.c. Arming, and each report, cost
 * as much as there are armed descriptors.
 */
#include "actors/sched/poller.h"

#include "akt/fd.h"

#include <poll.h>
#include <string.h>

#define ROOM_FIRST 16u

akt_err
akti_poller_open(struct akti_poller *p, struct akti_memory *memory)
{
    AKT_TRY(akti_doorbell_open(&p->bell));
    p->memory = memory;
    p->armed = NULL;
    p->tag = NULL;
    p->waited = NULL;
    p->count = 0;
    p->room = 0;
    p->waited_room = 0;
    return AKT_OK;
}

static void
free_armed(struct akti_poller *p)
{
    akti_memory_free(p->memory, p->armed, p->room * sizeof(*p->armed), 64);
    akti_memory_free(p->memory, p->tag, p->room * sizeof(*p->tag), 64);
}

static void
free_waited(struct akti_poller *p)
{
    akti_memory_free(p->memory, p->waited, p->waited_room * sizeof(*p->waited),
                     64);
}

void
akti_poller_close(struct akti_poller *p)
{
    free_armed(p);
    free_waited(p);
    akti_doorbell_close(&p->bell);
}

static akt_err
grow(struct akti_poller *p)
{
    uint32_t room = p->room != 0 ? 2 * p->room : ROOM_FIRST;
    struct pollfd *armed =
        akti_memory_alloc(p->memory, room * sizeof(*armed), 64);
    uint32_t *tag = akti_memory_alloc(p->memory, room * sizeof(*tag), 64);

    if (armed == NULL || tag == NULL) {
        akti_memory_free(p->memory, armed, room * sizeof(*armed), 64);
        akti_memory_free(p->memory, tag, room * sizeof(*tag), 64);
        return AKT_ENOMEM;
    }
    if (p->count > 0) {
        memcpy(armed, p->armed, p->count * sizeof(*armed));
        memcpy(tag, p->tag, p->count * sizeof(*tag));
    }
    free_armed(p);
    p->armed = armed;
    p->tag = tag;
    p->room = room;
    return AKT_OK;
}

/* Where a descriptor is, or the first free place. */
static uint32_t
place_of(const struct akti_poller *p, int fd)
{
    uint32_t i = 0;

    while (i < p->count && p->armed[i].fd != fd) {
        i++;
    }
    return i;
}

akt_err
akti_poller_arm(struct akti_poller *p, int fd, uint32_t events, uint32_t tag)
{
    uint32_t i = place_of(p, fd);

    if (i == p->room) {
        AKT_TRY(grow(p));
    }
    p->count += i == p->count;
    p->armed[i] = (struct pollfd){
        .fd = fd,
        .events = (short)(((events & AKT_FD_READABLE) != 0 ? POLLIN : 0)
                          | ((events & AKT_FD_WRITABLE) != 0 ? POLLOUT : 0))};
    p->tag[i] = tag;
    akti_poller_ring(p);
    return AKT_OK;
}

static void
take_out(struct akti_poller *p, uint32_t i)
{
    p->count--;
    p->armed[i] = p->armed[p->count];
    p->tag[i] = p->tag[p->count];
}

void
akti_poller_disarm(struct akti_poller *p, int fd)
{
    uint32_t i = place_of(p, fd);

    if (i < p->count) {
        take_out(p, i);
        /* Who is in poll holds what it looks at open, also when it is closed. */
        akti_poller_ring(p);
    }
}

void
akti_poller_ring(struct akti_poller *p)
{
    akti_doorbell_ring(&p->bell);
}

static uint32_t
events_of(int e)
{
    if ((e & (POLLERR | POLLHUP | POLLNVAL)) != 0) {
        return AKT_FD_READABLE | AKT_FD_WRITABLE;
    }
    return ((e & POLLIN) != 0 ? AKT_FD_READABLE : 0u)
           | ((e & POLLOUT) != 0 ? AKT_FD_WRITABLE : 0u);
}

/* Room for what is armed and the doorbell, which is the first; under the lock. */
static void
make_room(struct akti_poller *p)
{
    uint32_t room = p->room + 1;
    struct pollfd *waited;

    if (p->waited_room >= room) {
        return;
    }
    waited = akti_memory_alloc(p->memory, room * sizeof(*waited), 64);
    if (waited != NULL) {
        free_waited(p);
        p->waited = waited;
        p->waited_room = room;
    }
}

/* How long until it is tried again to wait for all, when there was no memory. */
#define AGAIN_MS 10

/* A copy of what is armed, as far as there is room for it. */
static nfds_t
copy_armed(struct akti_poller *p, struct akti_mutex *lock, int *out_timeout_ms)
{
    uint32_t n = 0;

    akti_mutex_lock(lock);
    make_room(p);
    *out_timeout_ms = p->waited_room > p->count ? -1 : AGAIN_MS;
    if (p->waited_room > 0) {
        n = p->waited_room > p->count ? p->count + 1 : p->waited_room;
        p->waited[0] = (struct pollfd){.fd = p->bell.wait_fd, .events = POLLIN};
    }
    if (n > 1) {
        memcpy(p->waited + 1, p->armed, (n - 1) * sizeof(*p->armed));
    }
    akti_mutex_unlock(lock);
    return n;
}

/*
 * A report disarms. It was disarmed meanwhile, or armed for something else, so it
 * is looked at once more.
 */
static size_t
report(struct akti_poller *p, int fd, struct akti_polled *out)
{
    uint32_t i = place_of(p, fd);

    if (i == p->count || poll(&p->armed[i], 1, 0) <= 0) {
        return 0;
    }
    *out = (struct akti_polled){fd, p->tag[i], events_of(p->armed[i].revents)};
    take_out(p, i);
    return 1;
}

size_t
akti_poller_wait(struct akti_poller *p, struct akti_mutex *lock,
                 struct akti_polled out[AKTI_POLLED_MAX])
{
    int timeout_ms;
    nfds_t n = copy_armed(p, lock, &timeout_ms);
    size_t used = 0;
    nfds_t i;

    if (poll(p->waited, n, timeout_ms) <= 0) {
        return 0;
    }
    if (p->waited[0].revents != 0) {
        akti_doorbell_clear(&p->bell);
    }
    akti_mutex_lock(lock);
    for (i = 1; i < n && used < AKTI_POLLED_MAX; i++) {
        if (p->waited[i].revents != 0) {
            used += report(p, p->waited[i].fd, &out[used]);
        }
    }
    akti_mutex_unlock(lock);
    return used;
}
