/* SPDX-License-Identifier: MIT */
/*
 * What the unit tests share: cmocka after the headers it wants, memory that is
 * counted and can be made to run out, and where random tests get their seeds.
 */
#ifndef AKT_TESTS_UNIT_UNIT_H
#define AKT_TESTS_UNIT_UNIT_H

#include "actors/base/memory.h"
#include "actors/base/random.h"
#include "actors/base/sizes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* Counts what is allocated; after `allowed` more calls there is no memory. */
struct unit_memory {
    struct akti_memory memory;
    _Atomic long allowed;
    _Atomic long calls;      /* of alloc, the refused ones too */
    _Atomic long live;       /* blocks that were not freed */
    _Atomic long live_bytes; /* of those, as alloc and free were told */
    _Atomic long wrong;      /* frees with another size than the alloc's */
};

/* In front of each block, which is why it may have any alignment. */
struct unit_header {
    void *base;
    size_t size;
};

static inline void *
unit_alloc(void *arg, size_t size, size_t align)
{
    struct unit_memory *m = arg;
    size_t front =
        align < sizeof(struct unit_header) ? sizeof(struct unit_header) : align;
    char *base;

    atomic_fetch_add(&m->calls, 1);
    if (size % align != 0 || atomic_fetch_sub(&m->allowed, 1) <= 0) {
        return NULL;
    }
    base = aligned_alloc(align, front + size);
    if (base == NULL) {
        return NULL;
    }
    atomic_fetch_add(&m->live, 1);
    atomic_fetch_add(&m->live_bytes, (long)size);
    ((struct unit_header *)(void *)(base + front))[-1] =
        (struct unit_header){base, size};
    return base + front;
}

static inline void
unit_free(void *arg, void *ptr, size_t size)
{
    struct unit_memory *m = arg;
    struct unit_header header = ((struct unit_header *)ptr)[-1];

    atomic_fetch_add(&m->wrong, header.size != size);
    atomic_fetch_sub(&m->live, 1);
    atomic_fetch_sub(&m->live_bytes, (long)header.size);
    free(header.base);
}

static inline void
unit_memory_init(struct unit_memory *m)
{
    akt_allocator hook = {unit_alloc, unit_free, m};

    atomic_init(&m->allowed, 1000000000);
    atomic_init(&m->calls, 0);
    atomic_init(&m->live, 0);
    atomic_init(&m->live_bytes, 0);
    atomic_init(&m->wrong, 0);
    akti_memory_init(&m->memory, &hook);
}

/* From now on `calls` allocations succeed and no more. */
static inline void
unit_memory_limit(struct unit_memory *m, long calls)
{
    atomic_store(&m->allowed, calls);
}

/* All that was allocated has been freed, with its own size. */
#define assert_nothing_leaked(m)                                               \
    do {                                                                       \
        assert_int_equal(atomic_load(&(m)->live), 0);                          \
        assert_int_equal(atomic_load(&(m)->live_bytes), 0);                    \
        assert_int_equal(atomic_load(&(m)->wrong), 0);                         \
    } while (0)

/* Memory by size, as one context has it. */
struct unit_heap {
    struct unit_memory memory;
    struct akti_depots depots;
    struct akti_caches caches;
};

static inline void
unit_heap_init(struct unit_heap *h)
{
    unit_memory_init(&h->memory);
    akti_depots_init(&h->depots, &h->memory.memory);
    akti_caches_init(&h->caches, &h->depots);
}

/* Ends with nothing leaked. */
static inline void
unit_heap_fini(struct unit_heap *h)
{
    akti_caches_flush(&h->caches);
    akti_depots_fini(&h->depots);
    assert_nothing_leaked(&h->memory);
}

/*
 * Runs `body(seed)` for `count` seeds. It returns NULL or what went wrong, which
 * is printed with its seed; a seed in AKT_TEST_SEED is the only one that is run.
 */
static inline void
unit_for_each_seed(uint64_t count, const char *(*body)(uint64_t seed))
{
    const char *only = getenv("AKT_TEST_SEED");
    uint64_t first = only != NULL ? strtoull(only, NULL, 0) : 1;
    uint64_t seed;

    for (seed = first; seed < first + (only != NULL ? 1 : count); seed++) {
        const char *wrong = body(seed);

        if (wrong != NULL) {
            fail_msg("AKT_TEST_SEED=%llu: %s", (unsigned long long)seed, wrong);
        }
    }
}

#endif
