/* SPDX-License-Identifier: MIT */
/*
 * What the sanitizers are told when a coroutine is entered and left; nothing in
 * other builds. Each call stands right before or after the switch, and is inlined
 * whatever the build: a function that the thread sanitizer sees begin on one
 * stack must not end on another.
 */
#ifndef AKT_BASE_CORO_TOOLS_H
#define AKT_BASE_CORO_TOOLS_H

#include "actors/base/assert.h"
#include "actors/base/stack_tools.h"

#include <stddef.h>

#if defined(AKTI_STACK_ADDRESS_SANITIZER)

#include <sanitizer/common_interface_defs.h>

struct akti_coro_tools {
    void *inside;    /* its frames that are not on its stack */
    void *outside;   /* and those of who entered it */
    const void *low; /* the stack of who entered it */
    size_t size;
};

AKTI_INLINE void
akti_coro_tools_enter(struct akti_coro_tools *t, const struct akti_stack *s)
{
    __sanitizer_start_switch_fiber(&t->outside, s->low,
                                   (size_t)(s->high - s->low));
}

AKTI_INLINE void
akti_coro_tools_entered(struct akti_coro_tools *t)
{
    __sanitizer_finish_switch_fiber(t->inside, &t->low, &t->size);
}

AKTI_INLINE void
akti_coro_tools_leave(struct akti_coro_tools *t)
{
    __sanitizer_start_switch_fiber(&t->inside, t->low, t->size);
}

/* Without a place for its frames they are freed. */
AKTI_INLINE void
akti_coro_tools_end(struct akti_coro_tools *t)
{
    __sanitizer_start_switch_fiber(NULL, t->low, t->size);
}

AKTI_INLINE void
akti_coro_tools_left(struct akti_coro_tools *t)
{
    __sanitizer_finish_switch_fiber(t->outside, NULL, NULL);
}

#elif defined(AKTI_STACK_THREAD_SANITIZER)

#include <sanitizer/tsan_interface.h>

/* The sanitizer's list of callers; in its runtime, but in no header. */
void __tsan_func_exit(void);

struct akti_coro_tools {
    void *outside; /* the fiber of who entered it */
};

AKTI_INLINE void
akti_coro_tools_enter(struct akti_coro_tools *t, const struct akti_stack *s)
{
    t->outside = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(s->fiber, 0);
}

AKTI_INLINE void
akti_coro_tools_entered(struct akti_coro_tools *t)
{
    (void)t;
}

AKTI_INLINE void
akti_coro_tools_leave(struct akti_coro_tools *t)
{
    __tsan_switch_to_fiber(t->outside, 0);
}

/* The first function never returns; its fiber is used again. */
AKTI_INLINE void
akti_coro_tools_end(struct akti_coro_tools *t)
{
    __tsan_func_exit();
    __tsan_switch_to_fiber(t->outside, 0);
}

AKTI_INLINE void
akti_coro_tools_left(struct akti_coro_tools *t)
{
    (void)t;
}

#else

struct akti_coro_tools {
    char unused;
};

/* From outside, into the coroutine on this stack. */
AKTI_INLINE void
akti_coro_tools_enter(struct akti_coro_tools *t, const struct akti_stack *s)
{
    (void)t;
    (void)s;
}

/* Inside, when it was entered. */
AKTI_INLINE void
akti_coro_tools_entered(struct akti_coro_tools *t)
{
    (void)t;
}

/* From inside, back. */
AKTI_INLINE void
akti_coro_tools_leave(struct akti_coro_tools *t)
{
    (void)t;
}

/* The same for the last time, from the first function on its stack. */
AKTI_INLINE void
akti_coro_tools_end(struct akti_coro_tools *t)
{
    (void)t;
}

/* Outside, when it has left. */
AKTI_INLINE void
akti_coro_tools_left(struct akti_coro_tools *t)
{
    (void)t;
}

#endif

#endif
