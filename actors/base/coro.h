/* SPDX-License-Identifier: MIT */
/*
 * Coroutines: functions on stacks of their own, which leave in their midst and
 * go on there when they are entered again. The switch saves what the ABI says
 * that a call preserves, control words of floating point included; no system
 * call, no signal mask.
 *
 * How it is done is chosen by CMake (AKT_CORO): by Boost.Context, or by ucontext
 * with _setjmp and _longjmp. Both keep the saved registers on the stack that
 * they belong to.
 *
 * Threads: one at a time enters a coroutine; it need not be the same one. But a
 * compiler may keep the address of a thread-local variable over akti_coro_leave,
 * so code in the coroutine that uses such variables wants to stay on its thread.
 */
#ifndef AKT_BASE_CORO_H
#define AKT_BASE_CORO_H

#include "actors/base/coro_tools.h"
#include "actors/base/stack_tools.h"

#include <stdbool.h>

struct akti_coro {
    void *inside;  /* where its registers are while it is out */
    void *outside; /* and those of who entered it while it is in */
    void (*run)(void *arg);
    void *arg;
    const char *name; /* for a report of an overflow; NULL: it has none */
    struct akti_stack *stack;
    struct akti_coro_tools tools;
    bool ended;
};

/*
 * Prepares run(arg) on `stack`, from `top` downwards: its high end, or less if
 * the caller keeps something there, the coroutine itself for example.
 */
void akti_coro_init(struct akti_coro *c, struct akti_stack *stack, void *top,
                    void (*run)(void *arg), void *arg);

/* Runs it until it leaves or, which is the last time, `run` returns. */
void akti_coro_enter(struct akti_coro *c);

/* Called by it: back to who entered it. Returns when it is entered again. */
void akti_coro_leave(struct akti_coro *c);

/*
 * The one that this thread is in, or NULL. Of the initial TLS model because a
 * signal handler reads it.
 */
extern _Thread_local struct akti_coro *akti_coro_current
    __attribute__((tls_model("initial-exec")));

#endif
