/* SPDX-License-Identifier: MIT */
#include "actors/test/map.h"

#include "actors/base/hash.h"

#include <stdlib.h>

#define SIZE_MIN 256u

static bool
is_used(const struct akti_map *map, uint32_t place)
{
    return map->list[place].epoch == map->epoch;
}

static uint32_t
home_of(const struct akti_map *map, uint64_t key)
{
    return (uint32_t)akti_hash_mix(0, key) & (map->size - 1);
}

void
akti_map_fini(struct akti_map *map)
{
    free(map->list);
    *map = (struct akti_map){0};
}

void
akti_map_clear(struct akti_map *map)
{
    uint32_t i;

    map->count = 0;
    if (++map->epoch == 0) {
        for (i = 0; i < map->size; i++) {
            map->list[i].epoch = 0;
        }
        map->epoch = 1;
    }
}

/* The place of the key, or the free one where it would be. */
static uint32_t
place_of(const struct akti_map *map, uint64_t key)
{
    uint32_t place = home_of(map, key);

    while (is_used(map, place) && map->list[place].key != key) {
        place = (place + 1) & (map->size - 1);
    }
    return place;
}

struct akti_map_entry *
akti_map_find(const struct akti_map *map, uint64_t key)
{
    uint32_t place;

    if (map->count == 0) {
        return NULL;
    }
    place = place_of(map, key);
    return is_used(map, place) ? &map->list[place] : NULL;
}

static bool
grow(struct akti_map *map)
{
    struct akti_map old = *map;
    uint32_t size = old.size != 0 ? old.size * 2 : SIZE_MIN;
    uint32_t i;

    map->list = calloc(size, sizeof(*map->list));
    if (map->list == NULL) {
        *map = old;
        return false;
    }
    map->size = size;
    map->epoch = 1;
    for (i = 0; i < old.size; i++) {
        if (is_used(&old, i)) {
            uint32_t place = place_of(map, old.list[i].key);

            map->list[place] = old.list[i];
            map->list[place].epoch = map->epoch;
        }
    }
    free(old.list);
    return true;
}

struct akti_map_entry *
akti_map_put(struct akti_map *map, uint64_t key)
{
    struct akti_map_entry *entry;

    if (map->count + 1 > map->size / 2 && !grow(map)) {
        return NULL;
    }
    entry = &map->list[place_of(map, key)];
    if (entry->epoch != map->epoch) {
        *entry = (struct akti_map_entry){.key = key, .epoch = map->epoch};
        map->count++;
    }
    return entry;
}

/* Whether what is at `place` may not stay once `hole` is free. */
static bool
must_move(const struct akti_map *map, uint32_t hole, uint32_t place)
{
    uint32_t mask = map->size - 1;
    uint32_t home = home_of(map, map->list[place].key);

    return ((place - home) & mask) >= ((place - hole) & mask);
}

void
akti_map_remove(struct akti_map *map, struct akti_map_entry *entry)
{
    uint32_t mask = map->size - 1;
    uint32_t hole = (uint32_t)(entry - map->list);
    uint32_t place = (hole + 1) & mask;

    while (is_used(map, place)) {
        if (must_move(map, hole, place)) {
            map->list[hole] = map->list[place];
            hole = place;
        }
        place = (place + 1) & mask;
    }
    map->list[hole].epoch = map->epoch - 1;
    map->count--;
}

struct akti_map_entry *
akti_map_next(const struct akti_map *map, uint32_t *place)
{
    while (*place < map->size) {
        uint32_t at = (*place)++;

        if (is_used(map, at)) {
            return &map->list[at];
        }
    }
    return NULL;
}
