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

/*
 * The one that this thread is in, or NULL. Of the initial TLS model because a
 * signal handler reads it.
 */
extern _Thread_local struct akti_coro *akti_coro_current
    __attribute__((tls_model("initial-exec")));

#if defined(AKTI_CORO_FCONTEXT)

/* What a switch brings: where it came from, and what was handed over. */
struct akti_transfer {
    void *from;
    void *data;
};

/* Saves the context and goes on in another one. */
__attribute__((visibility("hidden"))) struct akti_transfer
akti_fcontext_jump(void *to, void *data);

/*
 * Runs it until it leaves or, which is the last time, `run` returns. Inline, as
 * is what calls it on hot paths: a processor predicts returns by the calls that
 * it has seen, so after a switch each return on the way is mispredicted.
 */
AKTI_INLINE void
akti_coro_enter(struct akti_coro *c)
{
    struct akti_coro *before = akti_coro_current;

    akti_coro_current = c;
    akti_coro_tools_enter(&c->tools, c->stack);
    c->inside = akti_fcontext_jump(c->inside, c).from;
    akti_coro_tools_left(&c->tools);
    akti_coro_current = before;
}

/* Called by it: back to who entered it. Returns when it is entered again. */
AKTI_INLINE void
akti_coro_leave(struct akti_coro *c)
{
    akti_coro_tools_leave(&c->tools);
    c->outside = akti_fcontext_jump(c->outside, NULL).from;
    akti_coro_tools_entered(&c->tools);
}

#else

/* Runs it until it leaves or, which is the last time, `run` returns. */
void akti_coro_enter(struct akti_coro *c);

/* Called by it: back to who entered it. Returns when it is entered again. */
void akti_coro_leave(struct akti_coro *c);

#endif

#endif
