/* SPDX-License-Identifier: MIT */
/* Blocking pools that users open, beside the one that each system has. */
#ifndef AKT_CORE_POOL_H
#define AKT_CORE_POOL_H

#include "actors/core/system.h"
#include "akt/blocking.h"

/* Log lines name it. */
#define AKTI_POOL_NAME 32

/*
 * One pool. It stays until the system is freed; when it has been closed and its
 * threads have ended, it is opened again under the next generation.
 */
struct akti_pool {
    struct akti_blocking blocking; /* first: it is what the list gives */
    _Atomic uint32_t generation;   /* of the open one; others are stale */
    bool open;                     /* guarded by the system's lock */
    char name[AKTI_POOL_NAME];     /* the same */
};

/* The pool that a handle names; NULL when it was closed. */
struct akti_blocking *akti_pool_find(akt_pool pool);

/* What the user calls it. */
const char *akti_pool_name(struct akti_blocking *b);

/* Frees all pools of a system that has stopped. */
void akti_pools_free(struct akt_system *s);

#endif
