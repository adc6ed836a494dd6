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

void
akti_busywait_ended(struct akti_busywait *b, uint64_t ns, bool found)
{
    if (found && ns < worth_ns(b)) {
        b->vain = 0;
        return;
    }
    b->wanted = false;
    b->vain += b->vain < VAIN_MAX;
    b->rest = AKTI_MUTANT(busy_waits_in_vain) ? 0 : UINT32_C(1) << b->vain;
}
