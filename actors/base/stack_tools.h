/* SPDX-License-Identifier: MIT */
/*
 * A stack, and what tools that look at memory are told of it: sanitizers, in
 * their builds, and Valgrind, where its header is. In other builds nothing.
 */
#ifndef AKT_BASE_STACK_TOOLS_H
#define AKT_BASE_STACK_TOOLS_H

#include <stddef.h>
#include <stdint.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define AKTI_STACK_ADDRESS_SANITIZER 1
#endif
#if __has_feature(thread_sanitizer)
#define AKTI_STACK_THREAD_SANITIZER 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define AKTI_STACK_ADDRESS_SANITIZER 1
#endif
#if defined(__SANITIZE_THREAD__)
#define AKTI_STACK_THREAD_SANITIZER 1
#endif

struct akti_span;

struct akti_stack {
    struct akti_stack *next; /* of those that are free */
    char *low;               /* usable is what lies from here ... */
    char *high;              /* ... up to here; the guard page is below */
    struct akti_span *span;  /* what it was mapped with */
    void *fiber;             /* what the thread sanitizer calls it */
    unsigned number;         /* what Valgrind calls it */
};

#if defined(AKTI_STACK_ADDRESS_SANITIZER)

#include <sanitizer/asan_interface.h>

/* Frames that never returned leave marks; nobody may use a free stack. */
static inline void
akti_stack_tools_taken(const struct akti_stack *s)
{
    __asan_unpoison_memory_region(s->low, (size_t)(s->high - s->low));
}

static inline void
akti_stack_tools_given(const struct akti_stack *s)
{
    __asan_poison_memory_region(s->low, (size_t)(s->high - s->low));
}

#else

static inline void
akti_stack_tools_taken(const struct akti_stack *s)
{
    (void)s;
}

static inline void
akti_stack_tools_given(const struct akti_stack *s)
{
    (void)s;
}

#endif

#if defined(__has_include)
#if __has_include(<valgrind/valgrind.h>)
#define AKTI_STACK_VALGRIND 1
#endif
#endif

#if defined(AKTI_STACK_VALGRIND)

#include <valgrind/valgrind.h>

static inline void
akti_stack_tools_register(struct akti_stack *s)
{
    s->number = (unsigned)VALGRIND_STACK_REGISTER(s->low, s->high);
}

static inline void
akti_stack_tools_forget(const struct akti_stack *s)
{
    VALGRIND_STACK_DEREGISTER(s->number);
}

#else

static inline void
akti_stack_tools_register(struct akti_stack *s)
{
    (void)s;
}

static inline void
akti_stack_tools_forget(const struct akti_stack *s)
{
    (void)s;
}

#endif

#if defined(AKTI_STACK_THREAD_SANITIZER)

#include <sanitizer/tsan_interface.h>

/* At 8128 threads and fibers gcc's thread sanitizer ends the process. */
#define AKTI_STACK_TOOLS_MAX 7936u

/* Fibers are costly (870 KB with gcc 12): one for each stack that is used. */
static inline void
akti_stack_tools_begin(struct akti_stack *s)
{
    if (s->fiber == NULL) {
        s->fiber = __tsan_create_fiber(0);
    }
}

static inline void
akti_stack_tools_end(struct akti_stack *s)
{
    if (s->fiber != NULL) {
        __tsan_destroy_fiber(s->fiber);
    }
}

#else

#define AKTI_STACK_TOOLS_MAX UINT32_MAX

/* Before a coroutine begins on this stack. */
static inline void
akti_stack_tools_begin(struct akti_stack *s)
{
    (void)s;
}

static inline void
akti_stack_tools_end(struct akti_stack *s)
{
    (void)s;
}

#endif

/* A stack was mapped. */
static inline void
akti_stack_tools_mapped(struct akti_stack *s)
{
    akti_stack_tools_register(s);
}

/* A stack is about to be unmapped: whatever comes there next may be used. */
static inline void
akti_stack_tools_unmapped(struct akti_stack *s)
{
    akti_stack_tools_taken(s);
    akti_stack_tools_forget(s);
    akti_stack_tools_end(s);
}

#endif
