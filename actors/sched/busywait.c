/* SPDX-License-Identifier: MIT */
#include "actors/sched/busywait.h"
#include "actors/base/mutant.h"

#include <string.h>

/* Beyond 2^6 sleeps the chance to begin again would come too rarely. */
#define VAIN_MAX 6

/*
 * A sleep that was shorter may have been a wait: half of the longest, as the sleep
 * holds the time that sleeping and waking took.
 */
static uint64_t
soon_ns(const struct akti_busywait *b)
{
    return b->longest_ns / 2;
}

/* A wait that was shorter was worth it: it took little more than a sleep costs. */
static uint64_t
worth_ns(const struct akti_busywait *b)
{
    return b->longest_ns * 3 / 10;
}

void
akti_busywait_init(struct akti_busywait *b, uint64_t longest_ns)
{
    memset(b, 0, sizeof(*b));
    b->longest_ns = longest_ns;
}

void
akti_busywait_slept(struct akti_busywait *b, uint64_t ns, bool rung)
{
    bool soon = (rung && ns < soon_ns(b)) || AKTI_MUTANT(busy_waits_always);

    b->wanted = soon && b->rest == 0;
    b->rest -= soon && b->rest > 0;
}

static void
rest(struct akti_busywait *b, uint64_t waited_ns)
{
    b->wanted = false;
    b->vain += b->vain < VAIN_MAX;
    /* Others took the core away meanwhile: they have use for it. */
    if (waited_ns > 2 * b->longest_ns && !AKTI_MUTANT(busy_waits_in_crowd)) {
        b->vain = VAIN_MAX;
    }
    b->rest = AKTI_MUTANT(busy_waits_in_vain) ? 0 : UINT32_C(1) << b->vain;
}

/* It has got what it found. */
static void
judge(struct akti_busywait *b)
{
    if (b->found_ns < worth_ns(b)) {
        b->vain = 0;
    } else {
        rest(b, b->found_ns);
    }
    b->began_ns = 0;
}

bool
akti_busywait_begin(struct akti_busywait *b, uint64_t now_ns, uint64_t turns)
{
    if (b->began_ns != 0
        && (b->turns != turns || AKTI_MUTANT(busy_waits_for_others))) {
        judge(b);
    }
    if (b->began_ns == 0 && b->wanted) {
        b->began_ns = now_ns;
        b->turns = turns;
    }
    return b->wanted;
}

void
akti_busywait_found(struct akti_busywait *b, uint64_t now_ns)
{
    b->found_ns = now_ns - b->began_ns;
}

void
akti_busywait_in_vain(struct akti_busywait *b, uint64_t now_ns)
{
    rest(b, now_ns - b->began_ns);
    b->began_ns = 0;
}

void
akti_busywait_cut(struct akti_busywait *b)
{
    b->began_ns = 0;
}

bool
akti_busywait_has_place(uint32_t workers, uint32_t asleep, uint32_t waiting)
{
    uint32_t idle = asleep + waiting + 1;
    /* The numbers are of different moments. */
    uint32_t working = workers > idle ? workers - idle : 0;

    return waiting < working + 2 || AKTI_MUTANT(busy_waits_unbounded);
}
