/* SPDX-License-Identifier: MIT */
#include "actors/sched/timerq.h"

#include "actors/base/assert.h"
#include "actors/base/mutant.h"

#include <string.h>

#define HEAP_FIRST 64u

void
akti_timerq_init(struct akti_timerq *q, struct akti_memory *memory,
                 uint64_t now_ns)
{
    memset(q, 0, sizeof(*q));
    q->memory = memory;
    q->tick = now_ns >> AKTI_TICK_LOG2;
}

void
akti_timerq_fini(struct akti_timerq *q)
{
    if (q->memory != NULL) {
        akti_memory_free(q->memory, q->heap, q->heap_size * sizeof(q->heap[0]),
                         64);
    }
    q->heap = NULL;
    q->memory = NULL;
}

/* --- the heap --- */

static bool
before(struct akti_timer_entry *a, struct akti_timer_entry *b)
{
    uint64_t due_a = akti_timer_due(a);
    uint64_t due_b = akti_timer_due(b);

    return due_a != due_b ? due_a < due_b
                          : (a->sequence < b->sequence)
                                != AKTI_MUTANT(equal_timers_swapped);
}

static void
heap_put(struct akti_timerq *q, uint32_t i, struct akti_timer_entry *t)
{
    q->heap[i] = t;
    t->index = i;
}

static void
sift_up(struct akti_timerq *q, uint32_t i, struct akti_timer_entry *t)
{
    while (i > 0 && before(t, q->heap[(i - 1) / 2])) {
        heap_put(q, i, q->heap[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    heap_put(q, i, t);
}

static void
sift_down(struct akti_timerq *q, uint32_t i, struct akti_timer_entry *t)
{
    for (;;) {
        uint32_t child = 2 * i + 1;

        if (child >= q->heap_count) {
            break;
        }
        if (child + 1 < q->heap_count
            && before(q->heap[child + 1], q->heap[child])) {
            child++;
        }
        if (!before(q->heap[child], t)) {
            break;
        }
        heap_put(q, i, q->heap[child]);
        i = child;
    }
    heap_put(q, i, t);
}

static void
heap_add(struct akti_timerq *q, struct akti_timer_entry *t)
{
    AKTI_ASSERT(q->heap_count < q->heap_size);
    q->heap_count++;
    q->heap_prompt += !t->patient;
    sift_up(q, q->heap_count - 1, t);
}

static void
heap_remove(struct akti_timerq *q, uint32_t i)
{
    struct akti_timer_entry *last = q->heap[--q->heap_count];

    q->heap_prompt -= !q->heap[i]->patient;
    q->heap[q->heap_count] = NULL;
    if (i == q->heap_count) {
        return;
    }
    if (i > 0 && before(last, q->heap[(i - 1) / 2])) {
        sift_up(q, i, last);
    } else {
        sift_down(q, i, last);
    }
}

static bool
heap_reserve(struct akti_timerq *q, uint32_t count)
{
    uint32_t size = q->heap_size == 0 ? HEAP_FIRST : q->heap_size;
    struct akti_timer_entry **heap;

    if (count <= q->heap_size) {
        return true;
    }
    while (size < count) {
        size *= 2;
    }
    heap = akti_memory_alloc(q->memory, size * sizeof(heap[0]), 64);
    if (heap == NULL) {
        return false;
    }
    if (q->heap_count > 0) {
        memcpy(heap, q->heap, q->heap_count * sizeof(heap[0]));
    }
    akti_memory_free(q->memory, q->heap, q->heap_size * sizeof(heap[0]), 64);
    q->heap = heap;
    q->heap_size = size;
    return true;
}

/* --- the wheel --- */

/* The level whose slots tell `tick` from the current one: 8 bits a level. */
static unsigned
level_of(const struct akti_timerq *q, uint64_t tick)
{
    uint64_t differing = tick ^ q->tick;

    return (unsigned)(63 - __builtin_clzll((unsigned long long)differing))
           / AKTI_WHEEL_BITS;
}

static unsigned
slot_of(uint64_t tick, unsigned level)
{
    return (unsigned)(tick >> (level * AKTI_WHEEL_BITS))
           & (AKTI_WHEEL_SLOTS - 1);
}

static uint64_t
bit_of(unsigned slot)
{
    return UINT64_C(1) << slot % 64;
}

static void
slot_emptied(struct akti_timerq *q, unsigned level, unsigned slot)
{
    q->slot[level][slot] = NULL;
    q->used.word[level][slot / 64] &= ~bit_of(slot);
    q->prompt.word[level][slot / 64] &= ~bit_of(slot);
}

/* Each slot is a ring, oldest first. */
static void
wheel_add(struct akti_timerq *q, struct akti_timer_entry *t, uint64_t tick)
{
    unsigned level = level_of(q, tick);
    unsigned slot = slot_of(tick, level);
    struct akti_timer_entry *head = q->slot[level][slot];

    t->index = AKTI_TIMER_IN_WHEEL;
    if (!t->patient) {
        q->prompt.word[level][slot / 64] |= bit_of(slot);
    }
    if (head == NULL) {
        t->next = t;
        t->prev = t;
        q->slot[level][slot] = t;
        q->used.word[level][slot / 64] |= bit_of(slot);
        return;
    }
    t->next = head;
    t->prev = head->prev;
    head->prev->next = t;
    head->prev = t;
}

/*
 * A timer's place follows from its deadline and the current tick. The tick moves
 * on only past slots that were emptied, so the level found now is the one where
 * the timer was put.
 */
static void
wheel_remove(struct akti_timerq *q, struct akti_timer_entry *t)
{
    uint64_t tick = akti_timer_due(t) >> AKTI_TICK_LOG2;
    unsigned level = level_of(q, tick);
    unsigned slot = slot_of(tick, level);

    if (t->next == t) {
        AKTI_ASSERT(q->slot[level][slot] == t);
        slot_emptied(q, level, slot);
        return;
    }
    t->prev->next = t->next;
    t->next->prev = t->prev;
    if (q->slot[level][slot] == t) {
        q->slot[level][slot] = t->next;
    }
}

static void
place(struct akti_timerq *q, struct akti_timer_entry *t)
{
    uint64_t tick = akti_timer_due(t) >> AKTI_TICK_LOG2;

    if (tick <= q->tick) {
        /* It fires soon: what it lies in will be looked at. */
        __builtin_prefetch((char *)t + 64);
        __builtin_prefetch((char *)t + 128);
        heap_add(q, t);
    } else {
        wheel_add(q, t, tick);
    }
}

bool
akti_timerq_add(struct akti_timerq *q, struct akti_timer_entry *t)
{
    if (!heap_reserve(q, AKTI_MUTANT(heap_not_reserved) ? q->heap_count + 1
                                                        : q->count + 1)) {
        return false;
    }
    t->sequence = q->sequence++;
    q->count++;
    place(q, t);
    return true;
}

bool
akti_timerq_add_in_line(struct akti_timerq *q, struct akti_timer_entry *t)
{
    struct akti_timer_entry *tail = q->line_tail;

    if (!t->patient
        || (tail != NULL && akti_timer_due(t) < akti_timer_due(tail)
            && !AKTI_MUTANT(line_out_of_order))) {
        return akti_timerq_add(q, t);
    }
    t->sequence = q->sequence++;
    t->index = AKTI_TIMER_IN_LINE;
    t->next = NULL;
    t->prev = tail;
    if (tail != NULL) {
        tail->next = t;
    } else {
        q->line_head = t;
    }
    q->line_tail = t;
    return true;
}

static void
line_remove(struct akti_timerq *q, struct akti_timer_entry *t)
{
    if (t->prev != NULL) {
        t->prev->next = t->next;
    } else {
        q->line_head = t->next;
    }
    if (t->next != NULL) {
        t->next->prev = t->prev;
    } else {
        q->line_tail = t->prev;
    }
    t->index = AKTI_TIMER_OFF;
}

void
akti_timerq_remove(struct akti_timerq *q, struct akti_timer_entry *t)
{
    if (t->index == AKTI_TIMER_IN_LINE) {
        line_remove(q, t);
        return;
    }
    if (t->index == AKTI_TIMER_OFF) {
        return;
    }
    if (t->index == AKTI_TIMER_IN_WHEEL) {
        wheel_remove(q, t);
    } else {
        heap_remove(q, t->index);
    }
    t->index = AKTI_TIMER_OFF;
    q->count--;
}

/* The first slot that is marked; AKTI_WHEEL_SLOTS: none is. */
static unsigned
first_marked(const uint64_t *marks)
{
    unsigned i;

    for (i = 0; i < AKTI_WHEEL_WORDS; i++) {
        if (marks[i] != 0) {
            return i * 64 + (unsigned)__builtin_ctzll(marks[i]);
        }
    }
    return AKTI_WHEEL_SLOTS;
}

/*
 * The first tick at or after which the next marked slot begins; UINT64_MAX when
 * none is marked. Lower levels come first in time.
 */
static uint64_t
next_slot_tick(const struct akti_timerq *q, const struct akti_slot_marks *marks,
               unsigned *out_level)
{
    unsigned level;

    if (q->count == q->heap_count) {
        return UINT64_MAX;
    }
    for (level = 0; level < AKTI_WHEEL_LEVELS; level++) {
        unsigned shift = level * AKTI_WHEEL_BITS;
        unsigned slot = first_marked(marks->word[level]);

        if (slot == AKTI_WHEEL_SLOTS) {
            continue;
        }
        *out_level = level;
        return (((q->tick >> shift) & ~(uint64_t)(AKTI_WHEEL_SLOTS - 1)) | slot)
               << shift;
    }
    return UINT64_MAX;
}

/*
 * Moves on to `tick`, where the slot of `level` begins, and empties that. A long
 * ring is seldom in the cache: it is walked from both ends, so that two timers
 * are on their way at a time. The order does not matter: the heap goes by the
 * timers' numbers.
 */
static void
open_slot(struct akti_timerq *q, uint64_t tick, unsigned level)
{
    unsigned slot = slot_of(tick, level);
    struct akti_timer_entry *first = q->slot[level][slot];
    struct akti_timer_entry *last = first->prev;

    slot_emptied(q, level, slot);
    q->tick = tick;
    while (first != last) {
        struct akti_timer_entry *after = first->next;
        struct akti_timer_entry *before_last = last->prev;

        __builtin_prefetch(after);
        __builtin_prefetch(before_last);
        place(q, first);
        first = AKTI_MUTANT(wheel_slot_lost) ? last : after;
        if (first == last) {
            break;
        }
        place(q, last);
        last = before_last;
    }
    place(q, first);
}

/*
 * Opens slots until there is something in the heap; false when no slot begins by
 * now. One at a time, so that the heap stays small however late this is: what is
 * in it is due before all that is in the wheel.
 */
static bool
fill_heap(struct akti_timerq *q, uint64_t now_ns)
{
    uint64_t now_tick = now_ns >> AKTI_TICK_LOG2;

    while (q->heap_count == 0) {
        unsigned level = 0;
        uint64_t tick = next_slot_tick(q, &q->used, &level);

        if (tick > now_tick
            || (tick == now_tick && AKTI_MUTANT(wheel_slot_skipped))) {
            /* Slots that are still closed begin later: none is passed by. */
            q->tick = q->tick < now_tick ? now_tick : q->tick;
            return false;
        }
        open_slot(q, tick, level);
    }
    return true;
}

/* The next one of wheel and heap that is due, still in the heap, or NULL. */
static struct akti_timer_entry *
due_in_heap(struct akti_timerq *q, uint64_t now_ns)
{
    if (!fill_heap(q, now_ns)
        || (akti_timer_due(q->heap[0]) > now_ns && !AKTI_MUTANT(timer_early))) {
        return NULL;
    }
    return q->heap[0];
}

struct akti_timer_entry *
akti_timerq_pop(struct akti_timerq *q, uint64_t now_ns)
{
    struct akti_timer_entry *t = due_in_heap(q, now_ns);
    struct akti_timer_entry *first = q->line_head;

    if (first != NULL && akti_timer_due(first) <= now_ns
        && (t == NULL || before(first, t))) {
        line_remove(q, first);
        return first;
    }
    if (t != NULL) {
        heap_remove(q, 0);
        t->index = AKTI_TIMER_OFF;
        q->count--;
    }
    return t;
}

static uint64_t
earlier(const struct akti_timerq *q, uint64_t next)
{
    return q->line_head != NULL && akti_timer_due(q->line_head) < next
               ? akti_timer_due(q->line_head)
               : next;
}

uint64_t
akti_timerq_next(const struct akti_timerq *q)
{
    unsigned level = 0;
    uint64_t tick;

    if (q->heap_count > 0) {
        return earlier(q, akti_timer_due(q->heap[0]));
    }
    tick = next_slot_tick(q, &q->used, &level);
    return earlier(q, tick == UINT64_MAX ? UINT64_MAX : tick << AKTI_TICK_LOG2);
}

uint64_t
akti_timerq_next_prompt(const struct akti_timerq *q)
{
    unsigned level = 0;
    uint64_t tick;

    if (q->heap_prompt > 0) {
        return akti_timer_due(q->heap[0]);
    }
    tick = next_slot_tick(q, &q->prompt, &level);
    return tick == UINT64_MAX ? UINT64_MAX : tick << AKTI_TICK_LOG2;
}

uint64_t
akti_timerq_next_exact(const struct akti_timerq *q)
{
    unsigned level = 0;
    uint64_t tick = next_slot_tick(q, &q->used, &level);
    struct akti_timer_entry *head;
    struct akti_timer_entry *t;
    uint64_t next;

    if (q->heap_count > 0 || tick == UINT64_MAX) {
        return akti_timerq_next(q);
    }
    head = q->slot[level][slot_of(tick, level)];
    next = akti_timer_due(head);
    for (t = head->next; t != head; t = t->next) {
        next = akti_timer_due(t) < next ? akti_timer_due(t) : next;
    }
    return earlier(q, next);
}
