/* SPDX-License-Identifier: MIT */
/*
 * akt has no sockets of TCP. A task with a thread of its own may block, so it waits by
 * `poll` for its connection and for the pipe that says stop: one task for each
 * connection, at most two at a time, and who says nothing for a while is sent away.
 * Some hundreds of connections want no more than that.
 */
#include <akt/akt.h>

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SEATS 2
#define CLIENTS 5
#define IDLE_MS 1000
#define PATIENCE_MS 10000

/* Either side of a connection, or who waits for connections. */
struct line {
    int fd;
    int stop; /* can be read when the server is to stop; -1: none */
};

static akt_err
wait_readable(const struct line *l, int timeout_ms)
{
    struct pollfd fds[] = {{l->fd, POLLIN, 0}, {l->stop, POLLIN, 0}};
    int n;

    do {
        n = poll(fds, 2, timeout_ms);
    } while (n < 0 && errno == EINTR);
    if (n <= 0) {
        return n == 0 ? AKT_ETIMEOUT : akt_err_of_errno(errno);
    }
    return fds[0].revents != 0 ? AKT_OK : AKT_ESTOPPED;
}

static akt_err
echo(akt_self *self, struct line *l)
{
    char bytes[512];
    ssize_t n = 1;

    AKT_TRY(akt_own_fd(self, l->fd)); /* closed when the task ends */
    while (n > 0 && wait_readable(l, IDLE_MS) == AKT_OK) {
        n = recv(l->fd, bytes, sizeof(bytes), 0);
        if (n > 0 && send(l->fd, bytes, (size_t)n, MSG_NOSIGNAL) != n) {
            n = 0;
        }
    }
    return AKT_OK; /* what goes wrong here is not the server's end */
}
AKT_TASK_WITH(echo, struct line, AKT_PLACEMENT(AKT_PLACE_OWN_THREAD));

/* Takes a connection when there is a seat for it; the seat is its task's. */
static akt_err
serve(akt_self *self, struct line *l)
{
    akt_semaphore seats;
    akt_hold seat;
    akt_err err;
    int fd;

    AKT_TRY(akt_semaphore_open(self, SEATS, &seats));
    for (;;) {
        AKT_TRY(akt_semaphore_hold(self, seats, 1, &seat));
        err = wait_readable(l, -1);
        if (err != AKT_OK) {
            return err == AKT_ESTOPPED ? AKT_OK : err;
        }
        fd = accept(l->fd, NULL, NULL);
        if (fd < 0) {
            return akt_err_of_errno(errno);
        }
        err = akt_task_spawn_giving(self, echo, AKT_GIFTS(seat), NULL, .fd = fd,
                                    .stop = l->stop);
        if (err != AKT_OK) {
            (void)close(fd);
            return err;
        }
    }
}
AKT_TASK_WITH(serve, struct line, AKT_PLACEMENT(AKT_PLACE_OWN_THREAD));

#define ADDRESS(F) F(u16, port) F(bool, silent)
AKT_MESSAGE(address, ADDRESS);

/* Says something, and gets it back; or waits until it is sent away. */
static akt_err
visit(akt_self *self, struct address *a)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = a->port};
    char bytes[8] = "";
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    ssize_t n;

    if (fd < 0) {
        return akt_err_of_errno(errno);
    }
    AKT_TRY(akt_own_fd(self, fd));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd, (const struct sockaddr *)&to, sizeof(to)) != 0
        || (!a->silent && send(fd, "hello", 5, MSG_NOSIGNAL) != 5)) {
        return akt_err_of_errno(errno);
    }
    AKT_TRY(wait_readable(&(struct line){fd, -1}, PATIENCE_MS));
    n = recv(fd, bytes, sizeof(bytes), 0);
    return n == (a->silent ? 0 : 5) ? AKT_OK : AKT_EIO;
}
AKT_TASK_WITH(visit, struct address, AKT_PLACEMENT(AKT_PLACE_OWN_THREAD));

static akt_err
visit_all(akt_self *self, uint16_t port)
{
    akt_scope scope;
    akt_task silent;
    akt_err err = AKT_OK;

    AKT_TRY(akt_scope_open(self, AKT_NEVER, &scope));
    for (int i = 0; i < CLIENTS && err == AKT_OK; i++) {
        err = akt_task_spawn(self, visit, NULL, .port = port);
    }
    AKT_TRY(akt_scope_close(self, scope, err));
    printf("%d clients were answered\n", CLIENTS);
    AKT_TRY(akt_task_spawn(self, visit, &silent, .port = port, .silent = true));
    AKT_TRY(akt_join(self, silent));
    printf("the silent one was sent away\n");
    return AKT_OK;
}

static akt_err
listen_at(struct sockaddr_in *at, int *out_fd)
{
    socklen_t size = sizeof(*at);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    *at = (struct sockaddr_in){.sin_family = AF_INET};
    at->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || bind(fd, (struct sockaddr *)at, size) != 0
        || listen(fd, 16) != 0
        || getsockname(fd, (struct sockaddr *)at, &size) != 0) {
        return akt_err_of_errno(errno);
    }
    *out_fd = fd;
    return AKT_OK;
}

static akt_err
run(akt_self *self, int argc, char **argv)
{
    struct sockaddr_in at;
    struct line line = {.fd = -1};
    akt_task server = {0};
    akt_err err;
    int stop[2];

    (void)argc;
    (void)argv;
    AKT_TRY(listen_at(&at, &line.fd));
    AKT_TRY(akt_own_fd(self, line.fd));
    if (pipe(stop) != 0) {
        return akt_err_of_errno(errno);
    }
    line.stop = stop[0];
    AKT_TRY(akt_own_fd(self, line.stop));
    err =
        akt_task_spawn(self, serve, &server, .fd = line.fd, .stop = line.stop);
    if (err == AKT_OK) {
        err = visit_all(self, at.sin_port);
    }
    /* Also when SIGTERM has cancelled this task: then its waits are over. */
    (void)close(stop[1]);
    akt_task_shield(self, true);
    printf("the server: %s\n", akt_err_name(akt_join(self, server)));
    akt_task_shield(self, false);
    return err;
}

AKT_MAIN(run);
