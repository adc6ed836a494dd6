/* SPDX-License-Identifier: MIT */
/*
 * Yield points. This file is put in front of every source of the explored build
 * of the library (akt_explored), and of the scenarios: each atomic operation
 * asks the explorer first who is to go on. The library's own sources hold
 * nothing of it, so the normal build cannot pay for it, and none of its atomic
 * operations can be forgotten.
 *
 * Latches are locks here: who waits for one is not chosen.
 *
 * Counters order nothing and decide nothing, and neither does the table of
 * cells' chunks, which only grows: what is included here before the operations
 * get their new meaning has no yield points.
 */
#ifndef AKT_TESTS_EXPLORE_ATOMICS_H
#define AKT_TESTS_EXPLORE_ATOMICS_H

#include "actors/base/counter.h"
#include "actors/base/latch.h"
#include "actors/base/pool.h"
#include "actors/base/thread.h"
#include "actors/sched/loop.h"

#include <stdatomic.h>

/* Somebody else may go on before what comes next; see explorer.h. */
void explore_point(const char *file, int line);

/* Where the library calls what waits; the seams have the yield points. */
void explore_site(const char *file, int line);

/* A latch is a lock here; see seams.c. */
void explore_latch_lock(struct akti_latch *l);
void explore_latch_unlock(struct akti_latch *l);

#define EXPLORE_FIRST_ explore_point(__FILE__, __LINE__)

#undef atomic_load_explicit
#undef atomic_store_explicit
#undef atomic_exchange_explicit
#undef atomic_compare_exchange_strong_explicit
#undef atomic_compare_exchange_weak_explicit
#undef atomic_fetch_add_explicit
#undef atomic_fetch_sub_explicit
#undef atomic_fetch_or_explicit
#undef atomic_fetch_and_explicit

#if defined(__clang__)
#define EXPLORE_ATOMIC_(op) __c11_atomic_##op
#define EXPLORE_CAS_(p, e, d, weak, s, f)                                      \
    __c11_atomic_compare_exchange_strong(p, e, d, s, f)
#define EXPLORE_LOAD_ __c11_atomic_load
#define EXPLORE_STORE_ __c11_atomic_store
#define EXPLORE_SWAP_ __c11_atomic_exchange
#else
#define EXPLORE_ATOMIC_(op) __atomic_##op
#define EXPLORE_CAS_(p, e, d, weak, s, f)                                      \
    __atomic_compare_exchange_n(p, e, d, weak, s, f)
#define EXPLORE_LOAD_ __atomic_load_n
#define EXPLORE_STORE_ __atomic_store_n
#define EXPLORE_SWAP_ __atomic_exchange_n
#endif

#define atomic_load_explicit(p, o) (EXPLORE_FIRST_, EXPLORE_LOAD_(p, o))
#define atomic_store_explicit(p, v, o) (EXPLORE_FIRST_, EXPLORE_STORE_(p, v, o))
#define atomic_exchange_explicit(p, v, o)                                      \
    (EXPLORE_FIRST_, EXPLORE_SWAP_(p, v, o))
/* Weak ones do not fail for nothing here: a choice that is repeated must meet
 * the same steps. */
#define atomic_compare_exchange_strong_explicit(p, e, d, s, f)                 \
    (EXPLORE_FIRST_, EXPLORE_CAS_(p, e, d, 0, s, f))
#define atomic_compare_exchange_weak_explicit(p, e, d, s, f)                   \
    (EXPLORE_FIRST_, EXPLORE_CAS_(p, e, d, 0, s, f))
#define atomic_fetch_add_explicit(p, v, o)                                     \
    (EXPLORE_FIRST_, EXPLORE_ATOMIC_(fetch_add)(p, v, o))
#define atomic_fetch_sub_explicit(p, v, o)                                     \
    (EXPLORE_FIRST_, EXPLORE_ATOMIC_(fetch_sub)(p, v, o))
#define atomic_fetch_or_explicit(p, v, o)                                      \
    (EXPLORE_FIRST_, EXPLORE_ATOMIC_(fetch_or)(p, v, o))
#define atomic_fetch_and_explicit(p, v, o)                                     \
    (EXPLORE_FIRST_, EXPLORE_ATOMIC_(fetch_and)(p, v, o))

#define EXPLORE_SITE_ explore_site(__FILE__, __LINE__)
#define akti_mutex_lock(m) (EXPLORE_SITE_, akti_mutex_lock(m))
#define akti_latch_lock(l) (EXPLORE_SITE_, explore_latch_lock(l))
#define akti_latch_unlock(l) explore_latch_unlock(l)
#define akti_cond_wait(c, m) (EXPLORE_SITE_, akti_cond_wait(c, m))
#define akti_cond_wait_until(c, m, t)                                          \
    (EXPLORE_SITE_, akti_cond_wait_until(c, m, t))
#define akti_loop_wait(l, n, t) (EXPLORE_SITE_, akti_loop_wait(l, n, t))
#define akti_loop_ring(l) (EXPLORE_SITE_, akti_loop_ring(l))

#endif
