/* SPDX-License-Identifier: MIT */
/*
 * Internal invariants. They are checked in test builds and in debug builds;
 * public entry points validate their arguments and return an error instead.
 */
#ifndef AKT_BASE_ASSERT_H
#define AKT_BASE_ASSERT_H

#include <assert.h>

#define AKTI_ASSERT(condition) assert(condition)

/* For the few functions on every message's way: a call costs as much as they do. */
#define AKTI_INLINE static inline __attribute__((always_inline))

/* Says which branch is the ordinary one where it was seen to matter. */
#define AKTI_LIKELY(condition) __builtin_expect(!!(condition), 1)
#define AKTI_UNLIKELY(condition) __builtin_expect(!!(condition), 0)

#endif
