/* SPDX-License-Identifier: MIT */
/*
 * The timers of one worker: a hierarchical timing wheel (Varghese and Lauck,
 * "Hashed and hierarchical timing wheels", SOSP 1987) for what is far away and a
 * binary heap, exact to the nanosecond, for what is due within the current tick.
 * Starting and cancelling a timer costs the same with ten of them and with a
 * million; a timer moves a few times on its way to the heap.
 *
 * Timers with equal deadlines fire in the order in which they were started.
 * Used by its worker's thread only.
 */
#ifndef AKT_SCHED_TIMERQ_H
#define AKT_SCHED_TIMERQ_H

#include "actors/base/memory.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* 2^16 ns, 65.5 us: what the wheel calls a tick. */
#define AKTI_TICK_LOG2 16
#define AKTI_WHEEL_BITS 8
#define AKTI_WHEEL_SLOTS (1 << AKTI_WHEEL_BITS)
#define AKTI_WHEEL_LEVELS 6
#define AKTI_WHEEL_WORDS (AKTI_WHEEL_SLOTS / 64)

struct akti_timer_entry {
    /* In its worker's list; until it is retired the place is its owner's. */
    struct akti_timer_entry *retired_next;
    struct akti_timer_entry *next; /* in a slot's ring */
    struct akti_timer_entry *prev;
    _Atomic uint64_t due_ns; /* see akti_timer_due */
    uint64_t sequence;
    uint32_t index;  /* place in the heap; AKTI_TIMER_... otherwise */
    uint16_t worker; /* whose queue, as number + 1; 0: none */
    bool patient;    /* it may wait a little for others to be due */
};

#define AKTI_TIMER_OFF UINT32_MAX
#define AKTI_TIMER_IN_WHEEL (UINT32_MAX - 1)
#define AKTI_TIMER_IN_LINE (UINT32_MAX - 2)

/* A bit for each slot. */
struct akti_slot_marks {
    uint64_t word[AKTI_WHEEL_LEVELS][AKTI_WHEEL_WORDS];
};

struct akti_timerq {
    struct akti_memory *memory;
    struct akti_timer_entry **heap;
    uint32_t heap_count;
    uint32_t heap_size;
    uint32_t heap_prompt; /* those in the heap that are not patient */
    uint32_t count;       /* all timers */
    uint64_t tick;        /* the heap holds what is due in it or before */
    uint64_t sequence;
    /* Timers of one delay, oldest first; see akti_timerq_add_in_line. */
    struct akti_timer_entry *line_head;
    struct akti_timer_entry *line_tail;
    struct akti_slot_marks used; /* they hold timers */
    /* Those of them that hold, or held, timers that are not patient. */
    struct akti_slot_marks prompt;
    struct akti_timer_entry *slot[AKTI_WHEEL_LEVELS][AKTI_WHEEL_SLOTS];
};

static inline uint64_t
akti_timer_due(struct akti_timer_entry *t)
{
    /* Relaxed: it changes only while the timer is off. Atomic, because those
     * who hold a request may ask for its deadline. */
    return atomic_load_explicit(&t->due_ns, memory_order_relaxed);
}

static inline void
akti_timer_set_due(struct akti_timer_entry *t, uint64_t due_ns)
{
    /* Relaxed: as above. */
    atomic_store_explicit(&t->due_ns, due_ns, memory_order_relaxed);
}

void akti_timerq_init(struct akti_timerq *q, struct akti_memory *memory,
                      uint64_t now_ns);
void akti_timerq_fini(struct akti_timerq *q);

/*
 * Starts the timer; its deadline is set. False when out of memory: the heap must
 * have room for all timers, so that later moves cannot fail.
 */
bool akti_timerq_add(struct akti_timerq *q, struct akti_timer_entry *t);

/*
 * The same for timers that are nearly always of one delay and nearly always
 * stopped, as the deadlines of requests are: those that are due in the order in
 * which they come stand in a line, at the price of two links; those that are
 * patient, that is.
 */
bool akti_timerq_add_in_line(struct akti_timerq *q, struct akti_timer_entry *t);

/* Stops it; without effect when it is off. */
void akti_timerq_remove(struct akti_timerq *q, struct akti_timer_entry *t);

/* Takes the next timer that is due at `now_ns`, or NULL. */
struct akti_timer_entry *akti_timerq_pop(struct akti_timerq *q,
                                         uint64_t now_ns);

/*
 * When to look again: not after the next timer, perhaps before it. UINT64_MAX
 * when there is none.
 */
uint64_t akti_timerq_next(const struct akti_timerq *q);

/* The same for timers that are not patient. */
uint64_t akti_timerq_next_prompt(const struct akti_timerq *q);

/* Exactly when the next timer is due; looks at all that may be it. */
uint64_t akti_timerq_next_exact(const struct akti_timerq *q);

#endif
