/* SPDX-License-Identifier: MIT */
/*
 * Coroutines by the C interface of Boost.Context, in assembly. CMake takes its
 * two functions out of Boost's archive and calls them by names of ours, so that
 * they meet no others in a program; see actors/cmake/AktCoro.cmake.
 */
#include "actors/base/coro.h"

#include <stdlib.h>

/* A saved context that begins with begin(), below `top`. */
__attribute__((visibility("hidden"))) void *
akti_fcontext_make(void *top, size_t size, void (*begin)(struct akti_transfer));

_Thread_local struct akti_coro *akti_coro_current
    __attribute__((tls_model("initial-exec")));

/* The first function on a coroutine's stack. */
static void
begin(struct akti_transfer t)
{
    struct akti_coro *c = t.data;

    c->outside = t.from;
    akti_coro_tools_entered(&c->tools);
    c->run(c->arg);
    c->ended = true;
    akti_coro_tools_end(&c->tools);
    (void)akti_fcontext_jump(c->outside, NULL);
    abort();
}

void
akti_coro_init(struct akti_coro *c, struct akti_stack *stack, void *top,
               void (*run)(void *arg), void *arg)
{
    size_t size = (size_t)((char *)top - stack->low);

    akti_stack_tools_begin(stack);
    *c = (struct akti_coro){.run = run, .arg = arg, .stack = stack};
    c->inside = akti_fcontext_make(top, size, begin);
}
