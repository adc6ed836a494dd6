/* SPDX-License-Identifier: MIT */
#include "machine.h"

#include "report.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    ANSWER_LIMIT_MS = 10000
};

/* What is written to the thread's eventfd: wake up, or end. */
#define WAKE UINT64_C(1)
#define END (UINT64_C(1) << 32)

struct machine {
    pthread_t thread;
    int event_fd;
    int epoll_fd;
    struct wake_cell cell;
};

static void
complain(const char *what)
{
    fprintf(stderr, "akt_bench: %s: %s\n", what, strerror(errno));
}

static void
close_if_open(int fd)
{
    if (fd >= 0)
        (void)close(fd);
}

static void
event_write(int fd, uint64_t value)
{
    if (write(fd, &value, sizeof(value)) != (ssize_t)sizeof(value))
        complain("write to an eventfd");
}

static uint64_t
event_read(int fd)
{
    uint64_t value = 0;

    if (read(fd, &value, sizeof(value)) != (ssize_t)sizeof(value))
        complain("read of an eventfd");
    return value;
}

int
wake_cell_init(struct wake_cell *cell)
{
    *cell = (struct wake_cell){.back_fd = eventfd(0, EFD_CLOEXEC)};
    if (cell->back_fd < 0)
        complain("eventfd");
    return cell->back_fd < 0 ? -1 : 0;
}

void
wake_cell_fini(struct wake_cell *cell)
{
    close_if_open(cell->back_fd);
}

void
wake_cell_tell(struct wake_cell *cell, uint64_t woken_ns)
{
    cell->woken_ns = woken_ns;
    event_write(cell->back_fd, 1);
}

uint64_t
wake_cell_await(struct wake_cell *cell)
{
    struct pollfd fds = {.fd = cell->back_fd, .events = POLLIN};

    if (poll(&fds, 1, ANSWER_LIMIT_MS) != 1)
        return 0;
    (void)event_read(cell->back_fd);
    return cell->woken_ns - cell->sent_ns;
}

static void *
sleep_until_woken(void *arg)
{
    struct machine *machine = arg;
    struct epoll_event event;

    for (;;) {
        if (epoll_wait(machine->epoll_fd, &event, 1, -1) != 1)
            continue;
        uint64_t woken_ns = report_clock_ns();
        if (event_read(machine->event_fd) >= END)
            return NULL;
        wake_cell_tell(&machine->cell, woken_ns);
    }
}

static int
open_fds(struct machine *machine)
{
    struct epoll_event event = {.events = EPOLLIN};

    machine->event_fd = eventfd(0, EFD_CLOEXEC);
    machine->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (machine->event_fd < 0 || machine->epoll_fd < 0)
        return -1;
    return epoll_ctl(machine->epoll_fd, EPOLL_CTL_ADD, machine->event_fd,
                     &event);
}

static void
machine_free(struct machine *machine)
{
    close_if_open(machine->event_fd);
    close_if_open(machine->epoll_fd);
    wake_cell_fini(&machine->cell);
    free(machine);
}

struct machine *
machine_start(void)
{
    struct machine *machine = malloc(sizeof(*machine));

    if (machine == NULL)
        return NULL;
    *machine = (struct machine){
        .event_fd = -1, .epoll_fd = -1, .cell = {.back_fd = -1}};
    if (open_fds(machine) != 0) {
        complain("eventfd and epoll");
        goto fail;
    }
    if (wake_cell_init(&machine->cell) != 0)
        goto fail;
    errno = pthread_create(&machine->thread, NULL, sleep_until_woken, machine);
    if (errno != 0) {
        complain("a thread");
        goto fail;
    }
    return machine;
fail:
    machine_free(machine);
    return NULL;
}

uint64_t
machine_wake(struct machine *machine)
{
    machine->cell.sent_ns = report_clock_ns();
    event_write(machine->event_fd, WAKE);
    return wake_cell_await(&machine->cell);
}

void
machine_stop(struct machine *machine)
{
    if (machine == NULL)
        return;
    event_write(machine->event_fd, END);
    (void)pthread_join(machine->thread, NULL);
    machine_free(machine);
}
