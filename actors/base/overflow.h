/* SPDX-License-Identifier: MIT */
/*
 * Says which coroutine's stack overflowed, before the process ends by the signal
 * that the guard page brings. Programs that handle SIGSEGV or SIGBUS themselves are
 * left alone. Under a sanitizer this comes before its own report.
 */
#ifndef AKT_BASE_OVERFLOW_H
#define AKT_BASE_OVERFLOW_H

#include "actors/base/memory.h"
#include "akt/error.h"

#include <stddef.h>

/* A thread's stack for the handler. */
struct akti_overflow {
    struct akti_memory *memory;
    void *stack; /* NULL: the thread had one, or needs none */
    size_t size;
};

/* Once for the process, before there are stacks. */
void akti_overflow_watch(void);

/*
 * For each thread that enters coroutines: gives it a stack for signals, unless it
 * has one. The two signals must not be blocked there. AKT_ENOMEM.
 */
akt_err akti_overflow_begin(struct akti_overflow *o,
                            struct akti_memory *memory);
/* By the same thread. */
void akti_overflow_end(struct akti_overflow *o);

#endif
