/* SPDX-License-Identifier: MIT */
#include "actors/sched/reactor.h"

#include "actors/base/mutant.h"
#include "actors/sched/dispatcher.h"
#include "akt/failure.h"
#include "akt/fd.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#define LINES_FIRST 64u
/* So many waits are told of at a time, without the lock. */
#define ENDS_MAX 32u

void
akti_reactor_init(struct akti_dispatcher *d)
{
    struct akti_reactor *r = &d->reactor;

    r->dispatcher = d;
    akti_mutex_init(&r->lock, AKTI_RANK_REACTOR);
}

void
akti_reactor_fini(struct akti_dispatcher *d)
{
    struct akti_reactor *r = &d->reactor;

    if (r->dispatcher == NULL) {
        return;
    }
    akti_memory_free(&d->memory, r->line, r->lines * sizeof(*r->line), 64);
    akti_mutex_fini(&r->lock);
    r->dispatcher = NULL;
}

akt_err
akti_fd_look(int fd, uint32_t wants, uint32_t *out_ready)
{
    struct pollfd p = {
        .fd = fd,
        .events = (short)(((wants & AKT_FD_READABLE) != 0 ? POLLIN : 0)
                          | ((wants & AKT_FD_WRITABLE) != 0 ? POLLOUT : 0))};
    uint32_t ready = 0;

    /* A negative number is passed over by poll. */
    if (fd < 0) {
        return AKT_EBADF;
    }
    if (poll(&p, 1, 0) < 0) {
        return akt_err_of_errno(errno);
    }
    if ((p.revents & POLLNVAL) != 0) {
        return AKT_EBADF;
    }
    if ((p.revents & (POLLERR | POLLHUP)) != 0) {
        ready = wants;
    }
    ready |= (p.revents & POLLIN) != 0 ? AKT_FD_READABLE : 0u;
    ready |= (p.revents & POLLOUT) != 0 ? AKT_FD_WRITABLE : 0u;
    *out_ready = ready & wants;
    return AKT_OK;
}

/* --- lines --- */

static akt_err
ensure_line_locked(struct akti_reactor *r, uint32_t fd)
{
    struct akti_memory *memory = &r->dispatcher->memory;
    uint32_t lines = r->lines != 0 ? r->lines : LINES_FIRST;
    struct akti_fd_line *line;

    if (fd < r->lines) {
        return AKT_OK;
    }
    while (lines <= fd) {
        lines *= 2;
    }
    line = akti_memory_zalloc(memory, lines * sizeof(*line), 64);
    if (line == NULL) {
        return AKT_ENOMEM;
    }
    if (r->lines > 0) {
        memcpy(line, r->line, r->lines * sizeof(*line));
    }
    akti_memory_free(memory, r->line, r->lines * sizeof(*line), 64);
    r->line = line;
    r->lines = lines;
    return AKT_OK;
}

static void
link_locked(struct akti_reactor *r, struct akti_fd_wait *w)
{
    struct akti_fd_line *line = &r->line[w->fd];

    w->prev = NULL;
    w->next = line->head;
    if (line->head != NULL) {
        line->head->prev = w;
    }
    line->head = w;
    w->linked = true;
    r->waits++;
}

static void
unlink_locked(struct akti_reactor *r, struct akti_fd_wait *w)
{
    if (w->prev != NULL) {
        w->prev->next = w->next;
    } else {
        r->line[w->fd].head = w->next;
    }
    if (w->next != NULL) {
        w->next->prev = w->prev;
    }
    w->linked = false;
    r->waits--;
}

/* Arms the poller for what all in the line want. */
static akt_err
arm_locked(struct akti_reactor *r, int fd)
{
    struct akti_fd_line *line = &r->line[fd];
    const struct akti_fd_wait *w;
    uint32_t wants = 0;

    if (r->dispatcher->sim != NULL) {
        return AKT_OK;
    }
    for (w = line->head; w != NULL && wants != AKTI_FD_ALL; w = w->next) {
        wants |= w->wants;
    }
    line->tag++;
    return akti_poller_arm(&r->poller, fd, wants, line->tag);
}

/* --- ends --- */

/* What ends waits: a report, or an error, which is all waits' of the line. */
struct cause {
    int fd;
    uint32_t events;
    akt_err err;
};

/* Takes those out that it ends; how many, at most ENDS_MAX. */
static uint32_t
take_locked(struct akti_reactor *r, const struct cause *cause,
            struct akti_fd_end out[ENDS_MAX])
{
    struct akti_fd_wait *w = r->line[cause->fd].head;
    uint32_t n = 0;

    while (w != NULL && n < ENDS_MAX) {
        struct akti_fd_wait *next = w->next;

        if ((w->wants & cause->events) != 0) {
            out[n++] =
                (struct akti_fd_end){w->claim, w->reply, w->fd,
                                     w->wants & cause->events, cause->err};
            w->reply = NULL;
            unlink_locked(r, w);
        }
        w = next;
    }
    return n;
}

static void
tell(struct akti_reactor *r, struct akti_context *ctx,
     const struct akti_fd_end *end, uint32_t n)
{
    uint32_t i;

    for (i = 0; i < n; i++) {
        r->dispatcher->ops->readied(ctx, &end[i]);
    }
}

/* Ends all waits of a line. */
static void
fail_line(struct akti_reactor *r, struct akti_context *ctx, int fd, akt_err err)
{
    struct cause cause = {fd, AKTI_FD_ALL, err};
    struct akti_fd_end end[ENDS_MAX];
    uint32_t n;

    do {
        akti_mutex_lock(&r->lock);
        n = take_locked(r, &cause, end);
        akti_mutex_unlock(&r->lock);
        tell(r, ctx, end, n);
    } while (n == ENDS_MAX);
}

/* Whether the report is of what is armed now. */
static bool
is_current_locked(const struct akti_reactor *r, const struct akti_polled *p)
{
    return r->line[p->fd].tag == p->tag || AKTI_MUTANT(fd_report_of_another);
}

/* A report has come: ends whom it is for, and arms for the others. */
static void
deliver(struct akti_reactor *r, struct akti_context *ctx,
        const struct akti_polled *p)
{
    struct cause cause = {p->fd, p->events, AKT_OK};
    struct akti_fd_end end[ENDS_MAX];
    akt_err err = AKT_OK;
    uint32_t n;

    do {
        akti_mutex_lock(&r->lock);
        n = is_current_locked(r, p) ? take_locked(r, &cause, end) : 0;
        if (n < ENDS_MAX && is_current_locked(r, p)
            && r->line[p->fd].head != NULL && !AKTI_MUTANT(fd_others_unarmed)) {
            err = arm_locked(r, p->fd);
        }
        akti_mutex_unlock(&r->lock);
        tell(r, ctx, end, n);
    } while (n == ENDS_MAX);
    if (err != AKT_OK) {
        fail_line(r, ctx, p->fd, err);
    }
}

/* --- the thread --- */

static bool
is_running(struct akti_reactor *r)
{
    bool runs;

    akti_mutex_lock(&r->lock);
    runs = r->state == AKTI_REACTOR_RUNS;
    akti_mutex_unlock(&r->lock);
    return runs;
}

static void *
reactor_thread(void *arg)
{
    struct akti_reactor *r = arg;
    struct akti_polled polled[AKTI_POLLED_MAX];
    struct akti_context ctx;

    akti_thread_set_dispatcher(r->dispatcher);
    akti_context_init(&ctx, r->dispatcher);
    while (is_running(r)) {
        size_t n = akti_poller_wait(&r->poller, &r->lock, polled);

        for (size_t i = 0; i < n; i++) {
            deliver(r, &ctx, &polled[i]);
        }
    }
    akti_context_fini(&ctx);
    akti_thread_set_dispatcher(NULL);
    return NULL;
}

static akt_err
start_locked(struct akti_reactor *r)
{
    akt_err err;

    if (r->dispatcher->sim == NULL) {
        AKT_TRY(akti_poller_open(&r->poller, &r->dispatcher->memory));
        err = akti_thread_start(&r->thread, reactor_thread, r);
        if (err != AKT_OK) {
            akti_poller_close(&r->poller);
            return err;
        }
    }
    r->state = AKTI_REACTOR_RUNS;
    return AKT_OK;
}

/* --- from outside --- */

static akt_err
add_locked(struct akti_reactor *r, struct akti_fd_wait *w)
{
    akt_err err;

    if (r->state == AKTI_REACTOR_STOPPED) {
        return AKT_ESTOPPED;
    }
    if (r->state == AKTI_REACTOR_UNUSED) {
        AKT_TRY(start_locked(r));
    }
    AKT_TRY(ensure_line_locked(r, (uint32_t)w->fd));
    link_locked(r, w);
    err = arm_locked(r, w->fd);
    if (err != AKT_OK) {
        unlink_locked(r, w);
    }
    return err;
}

akt_err
akti_reactor_add(struct akti_dispatcher *d, struct akti_fd_wait *w)
{
    struct akti_reactor *r = &d->reactor;
    akt_err err;

    akti_mutex_lock(&r->lock);
    err = add_locked(r, w);
    akti_mutex_unlock(&r->lock);
    return err;
}

static void
remove_locked(struct akti_reactor *r, struct akti_fd_wait *w)
{
    unlink_locked(r, w);
    if (r->line[w->fd].head == NULL && r->dispatcher->sim == NULL) {
        r->line[w->fd].tag++;
        akti_poller_disarm(&r->poller, w->fd);
    }
}

void
akti_reactor_remove(struct akti_dispatcher *d, struct akti_fd_wait *w)
{
    struct akti_reactor *r = &d->reactor;

    akti_mutex_lock(&r->lock);
    if (w->linked) {
        remove_locked(r, w);
    }
    akti_mutex_unlock(&r->lock);
}

uint32_t
akti_reactor_waits(struct akti_dispatcher *d)
{
    uint32_t n;

    akti_mutex_lock(&d->reactor.lock);
    n = d->reactor.waits;
    akti_mutex_unlock(&d->reactor.lock);
    return n;
}

/* What a line waits for, if any of it is there; it may have been closed. */
static struct cause
look_at(struct akti_reactor *r, int fd)
{
    struct cause cause = {.fd = fd};

    if (r->line[fd].head != NULL) {
        cause.err = akti_fd_look(fd, AKTI_FD_ALL, &cause.events);
    }
    if (cause.err != AKT_OK) {
        cause.events = AKTI_FD_ALL;
    }
    return cause;
}

/* One thread; no one else takes waits out between two looks. */
static bool
look_at_line(struct akti_reactor *r, struct akti_context *ctx, int fd)
{
    struct cause cause = look_at(r, fd);
    struct akti_fd_end end[ENDS_MAX];
    uint32_t n = 0;
    bool any = false;

    do {
        akti_mutex_lock(&r->lock);
        n = take_locked(r, &cause, end);
        akti_mutex_unlock(&r->lock);
        tell(r, ctx, end, n);
        any = any || n > 0;
    } while (n == ENDS_MAX);
    return any;
}

bool
akti_reactor_look(struct akti_dispatcher *d, struct akti_context *ctx)
{
    struct akti_reactor *r = &d->reactor;
    bool any = false;
    uint32_t fd;

    for (fd = 0; fd < r->lines && r->waits > 0; fd++) {
        any = look_at_line(r, ctx, (int)fd) || any;
    }
    return any;
}

void
akti_reactor_stop(struct akti_dispatcher *d, struct akti_context *ctx)
{
    struct akti_reactor *r = &d->reactor;
    bool ran;
    uint32_t fd;

    akti_mutex_lock(&r->lock);
    ran = r->state == AKTI_REACTOR_RUNS && d->sim == NULL;
    r->state = AKTI_REACTOR_STOPPED;
    akti_mutex_unlock(&r->lock);
    if (ran) {
        akti_poller_ring(&r->poller);
        akti_thread_join(r->thread);
    }
    for (fd = 0; fd < r->lines; fd++) {
        fail_line(r, ctx, (int)fd, AKT_ESTOPPED);
    }
    if (ran) {
        akti_mutex_lock(&r->lock);
        akti_poller_close(&r->poller);
        akti_mutex_unlock(&r->lock);
    }
}
