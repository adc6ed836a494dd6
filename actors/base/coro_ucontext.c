/* SPDX-License-Identifier: MIT */
/*
 * Coroutines by the C library: makecontext once, to get onto the stack, then
 * _setjmp and _longjmp, which make no system call. The buffers are locals of
 * who waits. Compiled without _FORTIFY_SOURCE, which takes a jump to another
 * stack for a mistake.
 */
#include "actors/base/coro.h"

#include <setjmp.h>
#include <stdlib.h>
#include <ucontext.h>

_Thread_local struct akti_coro *akti_coro_current
    __attribute__((tls_model("initial-exec")));

/* Goes on where the buffer was filled. */
static _Noreturn void
go(void *buffer)
{
    _longjmp(*(jmp_buf *)buffer, 1);
}

/* The first function on a coroutine's stack; it gets no pointer, but finds it. */
static void
begin(void)
{
    struct akti_coro *c = akti_coro_current;

    akti_coro_tools_entered(&c->tools);
    c->run(c->arg);
    c->ended = true;
    akti_coro_tools_end(&c->tools);
    go(c->outside);
}

static _Noreturn void
start(struct akti_coro *c)
{
    ucontext_t context;

    (void)getcontext(&context);
    context.uc_stack.ss_sp = c->stack->low;
    context.uc_stack.ss_size = (size_t)((char *)c->inside - c->stack->low);
    context.uc_link = NULL;
    makecontext(&context, begin, 0);
    akti_coro_tools_enter(&c->tools, c->stack);
    (void)setcontext(&context);
    abort();
}

/* Until it has begun, `inside` is the top of its stack. */
void
akti_coro_init(struct akti_coro *c, struct akti_stack *stack, void *top,
               void (*run)(void *arg), void *arg)
{
    akti_stack_tools_begin(stack);
    *c = (struct akti_coro){.inside = top, .run = run, .arg = arg};
    c->stack = stack;
}

void
akti_coro_enter(struct akti_coro *c)
{
    struct akti_coro *before = akti_coro_current;
    jmp_buf here;

    akti_coro_current = c;
    if (_setjmp(here) == 0) {
        bool begins = c->outside == NULL;

        c->outside = &here;
        if (begins) {
            start(c);
        }
        akti_coro_tools_enter(&c->tools, c->stack);
        go(c->inside);
    }
    akti_coro_tools_left(&c->tools);
    akti_coro_current = before;
}

void
akti_coro_leave(struct akti_coro *c)
{
    jmp_buf here;

    c->inside = &here;
    if (_setjmp(here) == 0) {
        akti_coro_tools_leave(&c->tools);
        go(c->outside);
    }
    akti_coro_tools_entered(&c->tools);
}
