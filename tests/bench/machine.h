/* SPDX-License-Identifier: MIT */
/*
 * The machine's own figure for a wake-up: a bare thread sleeps in epoll_wait on an
 * eventfd until somebody writes to it, and tells back by a second eventfd.
 */
#ifndef AKT_BENCH_MACHINE_H
#define AKT_BENCH_MACHINE_H

#include <stdint.h>

/*
 * A moment passed from thread to thread; each side reads what the other wrote
 * after the other's write to an eventfd.
 */
struct wake_cell {
    uint64_t sent_ns;
    uint64_t woken_ns;
    int back_fd; /* eventfd: written when woken_ns is there */
};

/* Makes a cell; 0 or -1, with a line on standard error. */
int wake_cell_init(struct wake_cell *cell);
void wake_cell_fini(struct wake_cell *cell);

/* From who has been woken, with the moment at which it ran. */
void wake_cell_tell(struct wake_cell *cell, uint64_t woken_ns);

/* Waits for that; the time it took, or 0 after ten seconds. */
uint64_t wake_cell_await(struct wake_cell *cell);

struct machine;

/* Starts the thread; NULL, with a line on standard error, when it cannot. */
struct machine *machine_start(void);

/* Wakes it once; the time it took, or 0 when it does not answer. */
uint64_t machine_wake(struct machine *machine);

/* Ends the thread. NULL is allowed. */
void machine_stop(struct machine *machine);

#endif
