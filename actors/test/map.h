/* SPDX-License-Identifier: MIT */
/*
 * A table from numbers to small records, for what the checks remember of a run.
 * Emptying it costs nothing, since it happens for every seed. One thread.
 */
#ifndef AKT_TEST_MAP_H
#define AKT_TEST_MAP_H

#include <stdbool.h>
#include <stdint.h>

struct akti_map_entry {
    uint64_t key;
    uint32_t epoch; /* of another one the place is free */
    uint32_t flags; /* these and below are the user's */
    uint64_t a;
    uint64_t b;
    uint64_t c;
};

struct akti_map {
    struct akti_map_entry *list;
    uint32_t size; /* a power of two; 0: not made yet */
    uint32_t count;
    uint32_t epoch;
};

void akti_map_fini(struct akti_map *map);
void akti_map_clear(struct akti_map *map);

/* NULL when it is not there. */
struct akti_map_entry *akti_map_find(const struct akti_map *map, uint64_t key);

/* The entry, made when missing with all zero; NULL when out of memory. */
struct akti_map_entry *akti_map_put(struct akti_map *map, uint64_t key);

/* Takes out an entry of the map. Other entries may move. */
void akti_map_remove(struct akti_map *map, struct akti_map_entry *entry);

/* Entries one after the other: begin with 0; NULL at the end. */
struct akti_map_entry *akti_map_next(const struct akti_map *map,
                                     uint32_t *place);

#endif
