/* SPDX-License-Identifier: MIT */
#include "actors/base/stack.h"

#include "actors/base/assert.h"
#include "actors/base/fault.h"
#include "actors/base/overflow.h"
#include "actors/base/pages.h"

#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#define SPAN_BYTES ((size_t)4 << 20)
#define SPAN_STACKS_MIN 4u
#define SPAN_STACKS_MAX 64u
#define MAGAZINE_BYTES ((size_t)1 << 20)
#define MAGAZINE_MAX 16u
#define WARM_MAX 256u
/*
 * Stacks begin at different places of their top pages: at the same place those
 * of a thousand tasks would share a few sets of the processor's caches.
 */
#define COLOURS 16u
#define COLOUR_BYTES ((size_t)64)

struct akti_span {
    struct akti_span *next; /* in the pool's list, if in one */
    struct akti_span *prev;
    char *base;
    struct akti_stack *cold; /* free ones without memory */
    uint32_t cold_count;
    struct akti_stack stacks[]; /* by address */
};

static uint32_t
clamp(size_t n, uint32_t low, uint32_t high)
{
    return n < low ? low : n > high ? high : (uint32_t)n;
}

akt_err
akti_stacks_init(struct akti_stacks *p, struct akti_memory *memory,
                 const struct akti_log *log, size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    if (size < AKTI_STACK_MIN || size > AKTI_STACK_MAX) {
        return AKT_EINVAL;
    }
    memset(p, 0, sizeof(*p));
    p->memory = memory;
    p->log = log;
    p->page = page;
    p->size = (size + page - 1) & ~(page - 1);
    p->per_span = clamp(SPAN_BYTES / p->size, SPAN_STACKS_MIN, SPAN_STACKS_MAX);
    p->magazine = clamp(MAGAZINE_BYTES / p->size, 0, MAGAZINE_MAX);
    akti_mutex_init(&p->lock, AKTI_RANK_STACKS);
    akti_overflow_watch();
    return AKT_OK;
}

/* --- spans --- */

static size_t
header_bytes(const struct akti_stacks *p)
{
    return sizeof(struct akti_span) + p->per_span * sizeof(struct akti_stack);
}

static void
link_span(struct akti_span **list, struct akti_span *span)
{
    span->prev = NULL;
    span->next = *list;
    if (*list != NULL) {
        (*list)->prev = span;
    }
    *list = span;
}

static void
unlink_span(struct akti_span **list, struct akti_span *span)
{
    if (span->prev != NULL) {
        span->prev->next = span->next;
    } else {
        *list = span->next;
    }
    if (span->next != NULL) {
        span->next->prev = span->prev;
    }
}

/* Below one stack; false when the kernel has no mapping left. */
static bool
guard(struct akti_stacks *p, char *page)
{
    /* Relaxed: who does not see it yet tries once more. */
    bool marks = !atomic_load_explicit(&p->has_no_marks, memory_order_relaxed);

    if (marks && !akti_fault_here(AKTI_FAULT_MARK)
        && akti_pages_mark_guard(page, p->page)) {
        return true;
    }
    atomic_store_explicit(&p->has_no_marks, true, memory_order_relaxed);
    return !akti_fault_here(AKTI_FAULT_GUARD)
           && akti_pages_forbid(page, p->page);
}

static akt_err
guard_all(struct akti_stacks *p, char *base)
{
    uint32_t i;

    for (i = 0; i < p->per_span; i++) {
        if (!guard(p, base + i * p->size)) {
            return AKT_ELIMIT;
        }
    }
    return AKT_OK;
}

/* Address space for a span, with guard pages. */
static akt_err
map_span(struct akti_stacks *p, char **out)
{
    size_t size = p->per_span * p->size;
    char *base =
        akti_fault_here(AKTI_FAULT_STACK) ? NULL : akti_pages_map(size);
    akt_err err;

    if (base == NULL) {
        return AKT_ENOMEM;
    }
    err = guard_all(p, base);
    if (err != AKT_OK) {
        akti_pages_unmap(base, size);
        return err;
    }
    *out = base;
    return AKT_OK;
}

/* The stack with the lowest address is taken first. */
static void
fill_span(const struct akti_stacks *p, struct akti_span *span, char *base)
{
    uint32_t i;

    memset(span, 0, header_bytes(p));
    span->base = base;
    for (i = p->per_span; i-- > 0;) {
        struct akti_stack *stack = &span->stacks[i];

        stack->low = base + i * p->size + p->page;
        stack->high = base + (i + 1) * p->size - i % COLOURS * COLOUR_BYTES;
        stack->span = span;
        stack->next = span->cold;
        span->cold = stack;
        akti_stack_tools_mapped(stack);
    }
    span->cold_count = p->per_span;
}

static akt_err
make_span(struct akti_stacks *p, struct akti_span **out)
{
    struct akti_span *span = akti_memory_alloc(p->memory, header_bytes(p), 64);
    char *base;
    akt_err err;

    if (span == NULL) {
        return AKT_ENOMEM;
    }
    err = map_span(p, &base);
    if (err != AKT_OK) {
        akti_memory_free(p->memory, span, header_bytes(p), 64);
        return err;
    }
    fill_span(p, span, base);
    *out = span;
    return AKT_OK;
}

/* NULL is allowed. */
static void
free_span(struct akti_stacks *p, struct akti_span *span)
{
    uint32_t i;

    if (span == NULL) {
        return;
    }
    for (i = 0; i < p->per_span; i++) {
        akti_stack_tools_unmapped(&span->stacks[i]);
    }
    akti_pages_unmap(span->base, p->per_span * p->size);
    akti_memory_free(p->memory, span, header_bytes(p), 64);
}

static void
free_spans(struct akti_stacks *p, struct akti_span *list)
{
    while (list != NULL) {
        struct akti_span *next = list->next;

        free_span(p, list);
        list = next;
    }
}

void
akti_stacks_fini(struct akti_stacks *p)
{
    if (p->memory == NULL) {
        return;
    }
    free_spans(p, p->roomy);
    free_spans(p, p->busy);
    free_span(p, p->spare);
    akti_mutex_fini(&p->lock);
    p->memory = NULL;
}

/* --- the pool --- */

uint32_t
akti_stacks_count(struct akti_stacks *p)
{
    uint32_t n;

    akti_mutex_lock(&p->lock);
    n = p->mapped;
    akti_mutex_unlock(&p->lock);
    return n;
}

uint32_t
akti_stacks_in_use(struct akti_stacks *p)
{
    uint32_t n;

    akti_mutex_lock(&p->lock);
    n = p->mapped - p->warm_count - p->cold_count;
    akti_mutex_unlock(&p->lock);
    return n;
}

/* Says once why there are no more; until there are. */
static void
tell(struct akti_stacks *p, akt_err err)
{
    uint32_t n;
    bool told;

    akti_mutex_lock(&p->lock);
    n = p->mapped;
    told = p->told;
    p->told = true;
    akti_mutex_unlock(&p->lock);
    if (told) {
        return;
    }
    akti_log_line(p->log, AKT_LOG_WARNING,
                  "no more stacks for tasks: %s; there are %u of %zu bytes",
                  err == AKT_ELIMIT
                      ? "the kernel allows no more mappings for their guard "
                        "pages (raise vm.max_map_count)"
                      : "out of memory or address space",
                  n, p->size);
}

/* Maps a span. Others may do the same at the same time. */
static akt_err
grow(struct akti_stacks *p)
{
    struct akti_span *span;
    akt_err err = AKT_ELIMIT;

    akti_mutex_lock(&p->lock);
    if (p->mapped <= AKTI_STACK_TOOLS_MAX - p->per_span) {
        p->mapped += p->per_span;
        err = AKT_OK;
    }
    akti_mutex_unlock(&p->lock);
    AKT_TRY(err);
    err = make_span(p, &span);
    akti_mutex_lock(&p->lock);
    if (err != AKT_OK) {
        p->mapped -= p->per_span;
    } else {
        p->cold_count += p->per_span;
        p->told = false;
        link_span(&p->roomy, span);
    }
    akti_mutex_unlock(&p->lock);
    if (err != AKT_OK) {
        tell(p, err);
    }
    return err;
}

/* Under the lock. */
static struct akti_stack *
take_cold(struct akti_stacks *p)
{
    struct akti_span *span = p->roomy;
    struct akti_stack *stack;

    if (span == NULL && p->spare != NULL) {
        span = p->spare;
        p->spare = NULL;
        link_span(&p->roomy, span);
    }
    if (span == NULL) {
        return NULL;
    }
    stack = span->cold;
    span->cold = stack->next;
    span->cold_count--;
    p->cold_count--;
    if (span->cold == NULL) {
        unlink_span(&p->roomy, span);
        link_span(&p->busy, span);
    }
    return stack;
}

/* Under the lock. */
static struct akti_stack *
take_one(struct akti_stacks *p)
{
    struct akti_stack *stack = p->warm;

    if (stack == NULL) {
        return take_cold(p);
    }
    p->warm = stack->next;
    p->warm_count--;
    return stack;
}

/* Up to n stacks; returns how many are in *out. */
static uint32_t
take(struct akti_stacks *p, uint32_t n, struct akti_stack **out)
{
    struct akti_stack *chain = NULL;
    uint32_t got = 0;

    akti_mutex_lock(&p->lock);
    while (got < n) {
        struct akti_stack *stack = take_one(p);

        if (stack == NULL) {
            break;
        }
        stack->next = chain;
        chain = stack;
        got++;
    }
    akti_mutex_unlock(&p->lock);
    *out = chain;
    return got;
}

/* Under the lock. Returns the span when it is to be unmapped. */
static struct akti_span *
give_cold(struct akti_stacks *p, struct akti_stack *stack)
{
    struct akti_span *span = stack->span;

    if (span->cold == NULL) {
        unlink_span(&p->busy, span);
        link_span(&p->roomy, span);
    }
    stack->next = span->cold;
    span->cold = stack;
    span->cold_count++;
    p->cold_count++;
    if (span->cold_count < p->per_span) {
        return NULL;
    }
    unlink_span(&p->roomy, span);
    if (p->spare == NULL) {
        p->spare = span;
        return NULL;
    }
    p->mapped -= p->per_span;
    p->cold_count -= p->per_span;
    return span;
}

/* How many of n more stacks may be warm; these are counted as such. */
static uint32_t
promise_warm(struct akti_stacks *p, uint32_t n)
{
    uint32_t room;

    akti_mutex_lock(&p->lock);
    room = p->warm_count < WARM_MAX ? WARM_MAX - p->warm_count : 0;
    n = n < room ? n : room;
    p->warm_count += n;
    akti_mutex_unlock(&p->lock);
    return n;
}

/* All its memory, or all but its top page. */
static void
drop(const struct akti_stacks *p, struct akti_stack *stack, bool is_warm)
{
    size_t kept = is_warm ? 2 : 1; /* pages, with the guard */

    akti_pages_drop(stack->low, p->size - kept * p->page);
}

/* n stacks come back; the lock is not held while the kernel works. */
static void
give(struct akti_stacks *p, struct akti_stack *chain, uint32_t n)
{
    uint32_t warm = promise_warm(p, n);
    struct akti_span *dead = NULL;
    struct akti_stack *stack;
    uint32_t i = 0;

    for (stack = chain; stack != NULL; stack = stack->next) {
        drop(p, stack, i++ < warm);
    }
    akti_mutex_lock(&p->lock);
    for (i = 0; chain != NULL; i++) {
        struct akti_span *span = NULL;

        stack = chain;
        chain = chain->next;
        if (i < warm) {
            stack->next = p->warm;
            p->warm = stack;
        } else {
            span = give_cold(p, stack);
        }
        if (span != NULL) {
            link_span(&dead, span);
        }
    }
    akti_mutex_unlock(&p->lock);
    free_spans(p, dead);
}

/* --- caches --- */

/* Whether each stack is asked for, so that a simulation can refuse it. */
static bool
asks(const struct akti_stacks *p)
{
    return p->memory->deny != NULL;
}

void
akti_stack_cache_init(struct akti_stack_cache *c, struct akti_stacks *p)
{
    memset(c, 0, sizeof(*c));
    c->pool = p;
    if (asks(p)) {
        /* Every put takes the slow path, and every get. */
        c->count = UINT32_MAX;
    }
}

void
akti_stack_cache_flush(struct akti_stack_cache *c)
{
    struct akti_stacks *p = c->pool;

    if (p == NULL) {
        return;
    }
    if (c->head != NULL) {
        give(p, c->head, c->count);
    }
    if (c->spare != NULL) {
        give(p, c->spare, p->magazine);
    }
    akti_stack_cache_init(c, p);
}

/* One magazine, or less when there is no more; a new span if need be. */
static akt_err
take_magazine(struct akti_stacks *p, uint32_t n, struct akti_stack **out,
              uint32_t *out_count)
{
    *out_count = take(p, n, out);
    while (*out_count == 0) {
        AKT_TRY(grow(p));
        *out_count = take(p, n, out);
    }
    return AKT_OK;
}

akt_err
akti_stack_refill(struct akti_stack_cache *c, struct akti_stack **out)
{
    struct akti_stacks *p = c->pool;
    bool keeps = p->magazine > 0 && !asks(p);
    struct akti_stack *chain = c->spare;
    uint32_t n = p->magazine;

    if (asks(p) && p->memory->deny(p->memory->deny_arg)) {
        return AKT_ENOMEM;
    }
    if (chain == NULL) {
        AKT_TRY(take_magazine(p, keeps ? n : 1, &chain, &n));
    }
    c->spare = NULL;
    if (keeps) {
        c->head = chain->next;
        c->count = n - 1;
    }
    akti_stack_tools_taken(chain);
    *out = chain;
    return AKT_OK;
}

void
akti_stack_spill(struct akti_stack_cache *c, struct akti_stack *stack)
{
    struct akti_stacks *p = c->pool;

    stack->next = NULL;
    if (p->magazine == 0 || asks(p)) {
        give(p, stack, 1);
        return;
    }
    if (c->spare != NULL) {
        give(p, c->spare, p->magazine);
    }
    c->spare = c->head;
    c->head = stack;
    c->count = 1;
}
