/* SPDX-License-Identifier: MIT */
/*
 * n round trips of a byte over a pair of sockets: between two tasks that wait for
 * their ends, and beside it by epoll without akt, once in a loop of one thread and
 * once between two threads. All three are measured in turns, so that they see the
 * same machine.
 */
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    ROUNDS = 8
};

/* One end: `first` says the first word of each trip. */
struct side {
    int fd;
    int64_t n;
    bool first;
};

/* Reads a byte: 1; 0 when there is none yet. */
static int
take(int fd)
{
    char byte;

    return read(fd, &byte, 1) == 1;
}

static akt_err
put(int fd)
{
    return write(fd, "x", 1) == 1 ? AKT_OK : akt_err_of_errno(errno);
}

/* --- tasks --- */

static akt_err
side_task(akt_self *self, struct side *s)
{
    for (int64_t i = 0; i < s->n; i++) {
        if (s->first)
            AKT_TRY(put(s->fd));
        while (!take(s->fd))
            AKT_TRY(akt_fd_wait(self, s->fd, AKT_FD_READABLE, AKT_SECONDS(60),
                                NULL));
        if (!s->first)
            AKT_TRY(put(s->fd));
    }
    return AKT_OK;
}
AKT_TASK(side_task, struct side);

static akt_err
tasks_play(struct bench *bench, const int fd[2], int64_t n)
{
    akt_task task[2];

    for (int i = 0; i < 2; i++)
        AKT_TRY(akt_task_spawn(bench->me, side_task, &task[i], .fd = fd[i],
                               .n = n, .first = i == 1));
    AKT_TRY(akt_join(bench->me, task[1]));
    return akt_join(bench->me, task[0]);
}

/* --- epoll --- */

static akt_err
epoll_of(const int *fd, int count, int *out)
{
    *out = epoll_create1(EPOLL_CLOEXEC);
    for (int i = 0; i < count && *out >= 0; i++) {
        struct epoll_event e = {.events = EPOLLIN, .data.fd = fd[i]};

        if (epoll_ctl(*out, EPOLL_CTL_ADD, fd[i], &e) != 0)
            return akt_err_of_errno(errno);
    }
    return *out >= 0 ? AKT_OK : akt_err_of_errno(errno);
}

/* Both ends in one thread; n trips are 2 n words. */
static akt_err
loop_play(struct bench *bench, const int fd[2], int64_t n)
{
    int64_t words = 0;
    int ep;

    (void)bench;
    AKT_TRY(epoll_of(fd, 2, &ep));
    AKT_TRY(put(fd[1]));
    while (words < 2 * n) {
        struct epoll_event e;

        if (epoll_wait(ep, &e, 1, -1) == 1 && take(e.data.fd)
            && ++words < 2 * n)
            AKT_TRY(put(e.data.fd));
    }
    (void)close(ep);
    return AKT_OK;
}

static akt_err
side_play(const struct side *s)
{
    struct epoll_event e;
    int ep;

    AKT_TRY(epoll_of(&s->fd, 1, &ep));
    for (int64_t i = 0; i < s->n; i++) {
        if (s->first)
            AKT_TRY(put(s->fd));
        while (!take(s->fd))
            (void)epoll_wait(ep, &e, 1, -1);
        if (!s->first)
            AKT_TRY(put(s->fd));
    }
    (void)close(ep);
    return AKT_OK;
}

static void *
side_thread(void *arg)
{
    akt_err err = side_play(arg);

    if (err != AKT_OK)
        bench_complain("a thread of the machine", err);
    return NULL;
}

static akt_err
threads_play(struct bench *bench, const int fd[2], int64_t n)
{
    struct side side[2] = {{fd[0], n, false}, {fd[1], n, true}};
    pthread_t thread;
    akt_err err;

    (void)bench;
    if (pthread_create(&thread, NULL, side_thread, &side[0]) != 0)
        return AKT_ETHREAD;
    err = side_play(&side[1]);
    (void)pthread_join(thread, NULL);
    return err;
}

/* --- all --- */

typedef akt_err play_fn(struct bench *bench, const int fd[2], int64_t n);

static akt_err
timed(struct bench *bench, play_fn *play, const int fd[2], uint64_t *ns)
{
    int64_t n = (bench->n + ROUNDS - 1) / ROUNDS;
    uint64_t began = report_clock_ns();
    akt_err err = play(bench, fd, n);

    *ns += report_clock_ns() - began;
    return err;
}

static akt_err
play_all(struct bench *bench, const int fd[2], uint64_t ns[3])
{
    static play_fn *const plays[] = {tasks_play, loop_play, threads_play};

    for (int i = 0; i < ROUNDS; i++) {
        for (int k = 0; k < 3; k++)
            AKT_TRY(timed(bench, plays[k], fd, &ns[k]));
    }
    return AKT_OK;
}

akt_err
bench_fdtrip(struct bench *bench)
{
    int64_t trips = (bench->n + ROUNDS - 1) / ROUNDS * ROUNDS;
    double n = (double)trips;
    uint64_t ns[3] = {0};
    akt_err err;
    int fd[2];

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd) != 0)
        return akt_err_of_errno(errno);
    (void)fcntl(fd[0], F_SETFL, O_NONBLOCK);
    (void)fcntl(fd[1], F_SETFL, O_NONBLOCK);
    report_begin(&bench->report);
    err = play_all(bench, fd, ns);
    report_end(&bench->report);
    (void)close(fd[0]);
    (void)close(fd[1]);
    report_add(&bench->report, "trip_ns", (double)ns[0] / n);
    report_add(&bench->report, "loop_ns", (double)ns[1] / n);
    report_add(&bench->report, "threads_ns", (double)ns[2] / n);
    return err;
}
