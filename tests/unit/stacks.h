/* SPDX-License-Identifier: MIT */
/* What the tests of stacks share: a pool with two caches and a log. */
#ifndef AKT_TESTS_UNIT_STACKS_H
#define AKT_TESTS_UNIT_STACKS_H

#include "actors/base/stack.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#define KIB ((size_t)1024)

struct fixture {
    struct unit_memory memory;
    struct akti_log log;
    struct akti_stacks pool;
    struct akti_stack_cache a;
    struct akti_stack_cache b;
    unsigned lines;
    char line[512]; /* the last one of the log */
};

static inline void
note_line(akt_log_level level, const char *line, void *arg)
{
    struct fixture *f = arg;

    assert_int_equal(level, AKT_LOG_WARNING);
    f->lines++;
    (void)snprintf(f->line, sizeof(f->line), "%s", line);
}

static inline void
start(struct fixture *f, size_t size)
{
    memset(f, 0, sizeof(*f));
    unit_memory_init(&f->memory);
    akti_log_init(&f->log, AKT_LOG_WARNING, note_line, f);
    assert_int_equal(
        akti_stacks_init(&f->pool, &f->memory.memory, &f->log, size), AKT_OK);
    akti_stack_cache_init(&f->a, &f->pool);
    akti_stack_cache_init(&f->b, &f->pool);
}

static inline void
finish(struct fixture *f)
{
    akti_stack_cache_flush(&f->a);
    akti_stack_cache_flush(&f->b);
    assert_int_equal(akti_stacks_in_use(&f->pool), 0);
    akti_stacks_fini(&f->pool);
    assert_nothing_leaked(&f->memory);
}

static inline struct akti_stack *
get(struct akti_stack_cache *c)
{
    struct akti_stack *stack = NULL;

    assert_int_equal(akti_stack_get(c, &stack), AKT_OK);
    return stack;
}

#endif
