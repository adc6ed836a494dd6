/* SPDX-License-Identifier: MIT */
#include "tests/explore/chooser.h"

#include <stdlib.h>
#include <string.h>

#define NODES_MAX 100000u
/* Beyond so many steps PCT lets all go on in turn: some loops wait for others. */
#define PCT_PATIENCE 4000u

/* A choice point of the schedule that CHOOSE_ALL is at. */
struct chooser_node {
    uint32_t enabled;
    uint32_t untried;
    uint32_t chosen;
};

static uint32_t
bit(uint32_t thread)
{
    return 1u << thread;
}

static uint32_t
first_of(uint32_t set)
{
    return (uint32_t)__builtin_ctz(set);
}

void
chooser_init(struct chooser *c, enum chooser_kind kind, struct choices *log)
{
    memset(c, 0, sizeof(*c));
    c->kind = kind;
    c->log = log;
    if (kind == CHOOSE_ALL) {
        c->nodes = calloc(NODES_MAX, sizeof(c->nodes[0]));
        if (c->nodes == NULL) {
            abort();
        }
    }
}

void
chooser_fini(struct chooser *c)
{
    free(c->nodes);
    c->nodes = NULL;
}

static uint32_t
below(struct chooser *c, uint32_t n)
{
    return akti_random_below(&c->random, n);
}

void
chooser_begin(struct chooser *c, uint64_t seed)
{
    static const uint32_t odds[] = {2, 3, 5, 10, 25};
    uint32_t i;

    c->random.state = seed;
    c->step = 0;
    c->listed = 0;
    c->preemptions = 0;
    c->yielded = false;
    c->lowest = 0;
    c->log->count = 0;
    c->odds = odds[below(c, 5)];
    memset(c->priority, 0, sizeof(c->priority));
    for (i = 0; i + 1 < c->depth; i++) {
        c->change[i] = below(c, c->steps_seen > 0 ? c->steps_seen : 50);
    }
}

/* The deepest point with something untried is where the next one differs. */
static bool
next_of_all(struct chooser *c)
{
    while (c->node_count > 0) {
        struct chooser_node *n = &c->nodes[c->node_count - 1];

        if (n->untried != 0) {
            n->chosen = first_of(n->untried);
            n->untried &= ~bit(n->chosen);
            return true;
        }
        c->node_count--;
    }
    return false;
}

bool
chooser_end(struct chooser *c)
{
    if (c->step > c->steps_seen) {
        c->steps_seen = c->step;
    }
    return c->kind != CHOOSE_ALL || next_of_all(c);
}

void
chooser_born(struct chooser *c, uint32_t thread)
{
    /* Above all places that threads fall to at change points. */
    c->priority[thread] = 1 + (int32_t)below(c, 1u << 20);
}

void
chooser_yields(struct chooser *c, uint32_t thread)
{
    c->priority[thread] = --c->lowest;
    c->yielded = true;
}

uint32_t
chooser_plain(uint32_t enabled, uint32_t current)
{
    uint32_t above = enabled & ~(bit(current) - 1);

    return first_of(above != 0 ? above : enabled);
}

static uint32_t
any_of(struct chooser *c, uint32_t set)
{
    uint32_t n = below(c, (uint32_t)__builtin_popcount(set));

    while (n-- > 0) {
        set &= set - 1;
    }
    return first_of(set);
}

static uint32_t
by_chance(struct chooser *c, uint32_t enabled, uint32_t current)
{
    if ((enabled & bit(current)) != 0 && below(c, c->odds) != 0) {
        return current;
    }
    return any_of(c, enabled);
}

static uint32_t
by_priority(struct chooser *c, uint32_t enabled, uint32_t current)
{
    uint32_t best = first_of(enabled);
    uint32_t set = enabled;
    uint32_t i;

    if (c->step > PCT_PATIENCE) {
        return by_chance(c, enabled, current);
    }
    for (i = 0; i + 1 < c->depth; i++) {
        if (c->change[i] == c->step) {
            c->priority[current] = --c->lowest;
        }
    }
    for (; set != 0; set &= set - 1) {
        if (c->priority[first_of(set)] > c->priority[best]) {
            best = first_of(set);
        }
    }
    return best;
}

/*
 * Whether another than the plain choice counts as a preemption. After a pause it
 * does: those that pause could go on in turn for ever.
 */
static bool
costs(const struct chooser *c, uint32_t enabled, uint32_t current)
{
    return (enabled & bit(current)) != 0 || c->yielded;
}

/* What may be tried here beside the plain choice. */
static uint32_t
alternatives(struct chooser *c, uint32_t enabled, uint32_t current)
{
    if (costs(c, enabled, current) && c->preemptions >= c->bound) {
        return 0;
    }
    return enabled & ~bit(chooser_plain(enabled, current));
}

static uint32_t
in_order(struct chooser *c, uint32_t enabled, uint32_t current)
{
    struct chooser_node *n;

    if (c->step < c->node_count) {
        n = &c->nodes[c->step];
        c->diverged = c->diverged || n->enabled != enabled;
    } else if (c->step < NODES_MAX) {
        n = &c->nodes[c->node_count++];
        *n = (struct chooser_node){.enabled = enabled,
                                   .untried = alternatives(c, enabled, current),
                                   .chosen = chooser_plain(enabled, current)};
    } else {
        return chooser_plain(enabled, current);
    }
    if (c->diverged) {
        return chooser_plain(enabled, current);
    }
    if (n->chosen != chooser_plain(enabled, current)
        && costs(c, enabled, current)) {
        c->preemptions++;
    }
    return n->chosen;
}

static uint32_t
as_listed(struct chooser *c, uint32_t enabled, uint32_t current)
{
    const struct choices *list = c->list;
    uint32_t thread;

    while (list != NULL && c->listed < list->count
           && list->at[c->listed].step < c->step) {
        c->listed++;
    }
    if (list == NULL || c->listed >= list->count
        || list->at[c->listed].step != c->step) {
        return chooser_plain(enabled, current);
    }
    thread = list->at[c->listed++].thread;
    return (enabled & bit(thread)) != 0 ? thread
                                        : chooser_plain(enabled, current);
}

static void
write_down(struct chooser *c, uint32_t thread)
{
    struct choices *log = c->log;

    if (log->count < CHOICES_MAX) {
        log->at[log->count] = (struct choice){c->step, thread};
        log->count++;
    }
}

uint32_t
chooser_choose(struct chooser *c, uint32_t enabled, uint32_t current)
{
    static uint32_t (*const rules[])(struct chooser *, uint32_t,
                                     uint32_t) = {[CHOOSE_LISTED] = as_listed,
                                                  [CHOOSE_RANDOM] = by_chance,
                                                  [CHOOSE_PCT] = by_priority,
                                                  [CHOOSE_ALL] = in_order};
    uint32_t thread = rules[c->kind](c, enabled, current);

    if (thread != chooser_plain(enabled, current)) {
        write_down(c, thread);
    }
    c->yielded = false;
    c->step++;
    return thread;
}
