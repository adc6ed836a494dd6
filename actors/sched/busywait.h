/* SPDX-License-Identifier: MIT */
/*
 * Whether a worker that has nothing to do waits awake for a while before it sleeps.
 *
 * A sleep that a ring ends soon costs more than the wait. Whoever rings makes a system
 * call and interrupts another core, that core leaves its idle state, and the worker
 * comes back out of its loop. So a worker that was rung soon after it fell asleep waits
 * awake the next time, and again and again while that finds something soon; it gives way
 * to other threads meanwhile.
 *
 * What it may cost is bounded: when it has waited in vain, or for long, n times in a row,
 * it does not for 2^n sleeps that end soon. (KVM halts a processor of a guest by such a
 * rule, and waits for as long at most: "guest halt polling" in Linux's documentation.)
 */
#ifndef AKT_SCHED_BUSYWAIT_H
#define AKT_SCHED_BUSYWAIT_H

#include <stdbool.h>
#include <stdint.h>

/* The longest wait, unless the system is told another one. */
#if !defined(AKTI_BUSY_WAIT_NS)
#define AKTI_BUSY_WAIT_NS 200000u
#endif

struct akti_busywait {
    uint64_t longest_ns; /* immutable; 0 and 1: it does not */
    bool wanted;         /* before the next sleep */
    uint32_t vain;       /* times in a row that it was not worth it */
    uint32_t rest;       /* sleeps that end soon for which it is not to */
    /* the wait that goes on, or has found something */
    uint64_t began_ns; /* 0: there is none */
    uint64_t found_ns; /* how long it took */
    uint64_t turns;    /* that the worker had had by then */
};

void akti_busywait_init(struct akti_busywait *b, uint64_t longest_ns);

/* A sleep of so long has ended: by a ring, or by a timer. */
void akti_busywait_slept(struct akti_busywait *b, uint64_t ns, bool rung);

/*
 * There is nothing to do, now: whether it is to wait, until began_ns + longest_ns. `turns`
 * are those that it has had in all: if they are as many as when it found something, others
 * have got that, and the wait goes on.
 */
bool akti_busywait_begin(struct akti_busywait *b, uint64_t now_ns,
                         uint64_t turns);

/* The wait has found something, or its time is over, or it was cut short by a timer. */
void akti_busywait_found(struct akti_busywait *b, uint64_t now_ns);
void akti_busywait_in_vain(struct akti_busywait *b, uint64_t now_ns);
void akti_busywait_cut(struct akti_busywait *b);

/*
 * Whether one more of so many workers may wait awake, when so many sleep, and wait: two
 * more than work. More would get too little of what comes.
 */
bool akti_busywait_has_place(uint32_t workers, uint32_t asleep,
                             uint32_t waiting);

#endif
