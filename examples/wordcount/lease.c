/* SPDX-License-Identifier: MIT */
#include "lease.h"

#include <stdlib.h>
#include <string.h>

struct leases *
leases_create(uint32_t n_slots, uint64_t last_id)
{
    struct leases *all = calloc(1, sizeof *all);
    if (all == NULL) {
        return NULL;
    }
    all->slots = calloc(n_slots, sizeof *all->slots);
    all->waiting = calloc(n_slots, sizeof *all->waiting);
    all->n_slots = n_slots;
    all->last_id = last_id;
    if (all->slots == NULL || all->waiting == NULL) {
        leases_destroy(all);
        return NULL;
    }
    return all;
}

/* What it holds, and its number, which makes it free for another. */
static void
empty(struct leases *all, struct lease *lease)
{
    all->held_bytes -= lease->held_bytes;
    while (lease->held != NULL) {
        struct held *next = lease->held->next;
        free(lease->held);
        lease->held = next;
    }
    *lease = (struct lease){.id = 0};
}

void
leases_destroy(struct leases *all)
{
    if (all == NULL) {
        return;
    }
    for (uint32_t i = 0; i < LEASES_MAX; i++) {
        empty(all, &all->open[i]);
    }
    for (uint32_t i = 0; all->slots != NULL && i < all->n_slots; i++) {
        free(all->slots[i].path);
    }
    free(all->slots);
    free(all->waiting);
    free(all);
}

static void
wait_in_line(struct leases *all, uint32_t slot)
{
    uint32_t at = (all->first_waiting + all->n_waiting) % all->n_slots;
    all->waiting[at] = slot;
    all->n_waiting++;
}

static uint32_t
take_first(struct leases *all)
{
    uint32_t slot = all->waiting[all->first_waiting];
    all->first_waiting = (all->first_waiting + 1) % all->n_slots;
    all->n_waiting--;
    return slot;
}

bool
leases_put(struct leases *all, uint32_t slot, const char *path, uint64_t size)
{
    char *copy = strdup(path);
    if (copy == NULL) {
        return false;
    }
    all->slots[slot] = (struct slot){.path = copy, .size = size};
    wait_in_line(all, slot);
    return true;
}

/* Fewer when few wait, so that all workers have something to do until the end. */
static uint32_t
share_of_waiting(const struct leases *all)
{
    uint32_t n = all->n_waiting / 4 + 1;
    return n < LEASE_FILES ? n : LEASE_FILES;
}

static void
fill(struct leases *all, struct lease *lease)
{
    uint32_t n_max = share_of_waiting(all);
    uint64_t bytes = 0;
    size_t paths = 0;
    while (all->n_waiting > 0 && lease->n_slots < n_max) {
        const struct slot *next = &all->slots[all->waiting[all->first_waiting]];
        bytes += next->size;
        paths += strlen(next->path) + 1;
        if (lease->n_slots > 0
            && (bytes > LEASE_BYTES || paths > LEASE_PATHS)) {
            return;
        }
        lease->slots[lease->n_slots++] = take_first(all);
    }
}

static struct lease *
find(struct leases *all, uint64_t id)
{
    for (uint32_t i = 0; i < LEASES_MAX; i++) {
        if (all->open[i].id == id) {
            return &all->open[i];
        }
    }
    return NULL;
}

struct lease *
lease_find(struct leases *all, uint64_t id)
{
    return id != 0 ? find(all, id) : NULL;
}

struct lease *
lease_open(struct leases *all)
{
    struct lease *lease = find(all, 0);
    if (all->n_waiting == 0 || lease == NULL) {
        return NULL;
    }
    all->last_id++;
    *lease = (struct lease){.id = all->last_id};
    fill(all, lease);
    return lease;
}

size_t
lease_paths(struct leases *all, const struct lease *lease, const char **out)
{
    size_t used = 0;
    for (uint32_t i = 0; i < lease->n_slots; i++) {
        const char *path = all->slots[lease->slots[i]].path;
        size_t size = strlen(path) + 1;
        memcpy(all->paths + used, path, size);
        used += size;
    }
    *out = all->paths;
    return used;
}

/* The oldest of those that hold words always has room, so that there is an end
 * to waiting: its words will be in the whole table anyway. */
static bool
is_oldest_holder(const struct leases *all, const struct lease *lease)
{
    for (uint32_t i = 0; i < LEASES_MAX; i++) {
        const struct lease *other = &all->open[i];
        if (other->held != NULL && other->id < lease->id) {
            return false;
        }
    }
    return true;
}

bool
lease_has_room(const struct leases *all, const struct lease *lease, size_t len)
{
    return all->held_bytes + len <= HELD_MAX || is_oldest_holder(all, lease);
}

bool
lease_hold(struct leases *all, struct lease *lease, const char *words,
           size_t len)
{
    struct held *held = malloc(sizeof *held + len);
    if (held == NULL) {
        return false;
    }
    memcpy(held->words, words, len);
    held->len = len;
    held->next = lease->held;
    lease->held = held;
    lease->held_bytes += len;
    all->held_bytes += len;
    return true;
}

void
lease_close(struct leases *all, struct lease *lease)
{
    for (uint32_t i = 0; i < lease->n_slots; i++) {
        struct slot *slot = &all->slots[lease->slots[i]];
        free(slot->path);
        slot->path = NULL;
    }
    empty(all, lease);
}

void
lease_drop(struct leases *all, struct lease *lease)
{
    for (uint32_t i = 0; i < lease->n_slots; i++) {
        wait_in_line(all, lease->slots[i]);
    }
    empty(all, lease);
}
