/* SPDX-License-Identifier: MIT */
/*
 * Sockets are those of the system. What would block waits by `akt_fd_wait`, which
 * holds no thread: each connection is a task like any other, at most two at a time, and
 * who says nothing for a while is sent away. The server ends by being cancelled.
 */
#include <akt/akt.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define SEATS 2
#define CLIENTS 5
#define IDLE AKT_SECONDS(1)
#define PATIENCE AKT_SECONDS(10)

/* A connection, or where the server waits for them. */
struct line {
    int fd;
};

/* Whether the call is to be tried again when the descriptor is ready. */
static akt_err
again(akt_self *self, int fd, uint32_t event, uint64_t timeout_ns)
{
    if (errno != EAGAIN && errno != EINPROGRESS) {
        return akt_err_of_errno(errno);
    }
    return akt_fd_wait(self, fd, event, timeout_ns, NULL);
}

static akt_err
send_all(akt_self *self, int fd, const char *bytes, ssize_t n)
{
    while (n > 0) {
        ssize_t sent = send(fd, bytes, (size_t)n, MSG_NOSIGNAL);

        AKT_TRY(sent < 0 ? again(self, fd, AKT_FD_WRITABLE, IDLE) : AKT_OK);
        bytes += sent > 0 ? sent : 0;
        n -= sent > 0 ? sent : 0;
    }
    return AKT_OK;
}

static akt_err
echo(akt_self *self, struct line *l)
{
    char bytes[512];
    ssize_t n;
    akt_err err;

    AKT_TRY(akt_own_fd(self, l->fd)); /* closed when the task ends */
    do {
        n = recv(l->fd, bytes, sizeof(bytes), 0);
        err = n < 0 ? again(self, l->fd, AKT_FD_READABLE, IDLE)
                    : send_all(self, l->fd, bytes, n);
    } while (n != 0 && err == AKT_OK);
    return AKT_OK; /* what goes wrong here is not the server's end */
}
AKT_TASK(echo, struct line);

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
        do {
            fd = accept(l->fd, NULL, NULL);
            err = fd < 0 ? again(self, l->fd, AKT_FD_READABLE, AKT_NEVER)
                         : AKT_OK;
        } while (fd < 0 && err == AKT_OK);
        AKT_TRY(err);
        (void)fcntl(fd, F_SETFL, O_NONBLOCK);
        err =
            akt_task_spawn_giving(self, echo, AKT_GIFTS(seat), NULL, .fd = fd);
        if (err != AKT_OK) {
            (void)close(fd);
            return err;
        }
    }
}
AKT_TASK(serve, struct line);

/* A socket that does not block, and is closed when its task ends. */
static akt_err
open_socket(akt_self *self, int *out_fd)
{
    *out_fd = socket(AF_INET, SOCK_STREAM, 0);
    if (*out_fd < 0 || fcntl(*out_fd, F_SETFL, O_NONBLOCK) != 0) {
        return akt_err_of_errno(errno);
    }
    return akt_own_fd(self, *out_fd);
}

#define ADDRESS(F) F(u16, port) F(bool, silent)
AKT_MESSAGE(address, ADDRESS);

/* Says something, and gets it back; or waits until it is sent away. */
static akt_err
visit(akt_self *self, struct address *a)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = a->port,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    ssize_t wanted = a->silent ? 0 : 5;
    char bytes[8];
    int fd;

    AKT_TRY(open_socket(self, &fd));
    if (connect(fd, (const struct sockaddr *)&to, sizeof(to)) != 0) {
        AKT_TRY(again(self, fd, AKT_FD_WRITABLE, PATIENCE));
    }
    AKT_TRY(send_all(self, fd, "hello", wanted));
    AKT_TRY(akt_fd_wait(self, fd, AKT_FD_READABLE, PATIENCE, NULL));
    return recv(fd, bytes, sizeof(bytes), 0) == wanted ? AKT_OK : AKT_EIO;
}
AKT_TASK(visit, struct address);

static akt_err
visit_all(akt_self *self, uint16_t port)
{
    akt_scope scope;
    akt_task silent;

    AKT_TRY(akt_scope_open(self, PATIENCE, &scope));
    for (int i = 0; i < CLIENTS; i++) {
        AKT_TRY(akt_task_spawn(self, visit, NULL, .port = port));
    }
    AKT_TRY(akt_scope_close(self, scope, AKT_OK));
    printf("%d clients were answered\n", CLIENTS);
    AKT_TRY(akt_task_spawn(self, visit, &silent, .port = port, .silent = true));
    AKT_TRY(akt_join(self, silent));
    printf("the silent one was sent away\n");
    return AKT_OK;
}

static akt_err
listen_at(akt_self *self, struct sockaddr_in *at, int *out_fd)
{
    socklen_t size = sizeof(*at);

    AKT_TRY(open_socket(self, out_fd));
    *at = (struct sockaddr_in){.sin_family = AF_INET,
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (bind(*out_fd, (struct sockaddr *)at, size) != 0
        || listen(*out_fd, 16) != 0
        || getsockname(*out_fd, (struct sockaddr *)at, &size) != 0) {
        return akt_err_of_errno(errno);
    }
    return AKT_OK;
}

static akt_err
run(akt_self *self, int argc, char **argv)
{
    struct sockaddr_in at;
    akt_task server;
    int fd;

    (void)argc;
    (void)argv;
    AKT_TRY(listen_at(self, &at, &fd));
    AKT_TRY(akt_task_spawn(self, serve, &server, .fd = fd));
    AKT_TRY(visit_all(self, at.sin_port));
    AKT_TRY(akt_task_cancel(self, server)); /* and with it who is answered */
    printf("the server: %s\n", akt_err_name(akt_join(self, server)));
    return AKT_OK;
}

AKT_MAIN(run);
