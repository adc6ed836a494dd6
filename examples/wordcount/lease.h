/* SPDX-License-Identifier: MIT */
/**
 * @file lease.h
 * @brief Which files wait, which a worker has, and what it has sent of them.
 *
 * A file lies in a slot. It waits there until a lease takes it, a list of files
 * for one worker and for a time. What the worker sends stays with the lease and
 * counts only when that is done: one that is dropped leaves nothing behind, and
 * its files wait again. No two leases have the same number, so what comes late
 * for a dropped one finds none. Nothing here knows of actors; one thread at a time.
 */
#ifndef AKT_EXAMPLES_WORDCOUNT_LEASE_H
#define AKT_EXAMPLES_WORDCOUNT_LEASE_H

#include "protocol.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    LEASES_MAX = 256,              /* at a time */
    LEASE_BYTES = 4 * 1024 * 1024, /* of files; one that is larger is alone */
    LEASE_PATHS = 64 * 1024,       /* of their names */
    /* Words of leases that are not done: beyond it one lease alone grows. */
    HELD_MAX = 64 * 1024 * 1024
};

/** And that one not beyond this. */
#define LEASE_HELD_MAX ((size_t)1 << 30)

/** Words as they came; piece.h knows what they look like. */
struct held {
    struct held *next;
    size_t len;
    char words[];
};

/** A file. */
struct slot {
    char *path; /* NULL: none */
    uint64_t size;
};

/** Files that a worker has. */
struct lease {
    uint64_t id; /* 0: none */
    uint64_t deadline_ns;
    uint32_t slots[LEASE_FILES];
    uint32_t n_slots;
    struct held *held;
    size_t held_bytes;
};

/** All of it. All zero but `last_id` is the start. */
struct leases {
    struct slot *slots; /* `n_slots` of them */
    uint32_t *waiting;  /* a ring of slots, as large */
    uint32_t n_slots;
    uint32_t first_waiting;
    uint32_t n_waiting;
    struct lease open[LEASES_MAX];
    uint64_t last_id;
    size_t held_bytes;
    char paths[LEASE_PATHS];
};

/** Room for so many files; numbers of leases follow `last_id`. NULL when out of
 *  memory. */
struct leases *leases_create(uint32_t n_slots, uint64_t last_id);
void leases_destroy(struct leases *all);

/** Puts a file into a free slot, where it waits; false when out of memory. */
bool leases_put(struct leases *all, uint32_t slot, const char *path,
                uint64_t size);

/** Takes files that wait; NULL: none does, or there are too many leases. */
struct lease *lease_open(struct leases *all);

/** Its paths, each ended by NUL, until the next call. Returns how many bytes. */
size_t lease_paths(struct leases *all, const struct lease *lease,
                   const char **out);

/** The lease of that number; NULL: there is none any more. */
struct lease *lease_find(struct leases *all, uint64_t id);

/** Whether so much more may be held for it now. */
bool lease_has_room(const struct leases *all, const struct lease *lease,
                    size_t len);

/** Holds words for it; false when out of memory. */
bool lease_hold(struct leases *all, struct lease *lease, const char *words,
                size_t len);

/** It is over and its files are free, or wait again. */
void lease_close(struct leases *all, struct lease *lease);
void lease_drop(struct leases *all, struct lease *lease);

#endif
