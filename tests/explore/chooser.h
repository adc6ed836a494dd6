/* SPDX-License-Identifier: MIT */
/*
 * Who goes on at a choice point of a schedule: by a random walk, by priorities
 * that change at few random points (PCT: Burckhardt et al., ASPLOS 2010), by
 * going through all schedules with few preemptions (CHESS: Musuvathi and Qadeer,
 * PLDI 2007), or by a list that is repeated.
 *
 * A schedule is written down as what differs from the plain one, in which the
 * running thread goes on as long as it can, and then the next one that can.
 */
#ifndef AKT_TESTS_EXPLORE_CHOOSER_H
#define AKT_TESTS_EXPLORE_CHOOSER_H

#include "actors/base/random.h"

#include <stdbool.h>
#include <stdint.h>

#define EXPLORE_THREADS_MAX 16
#define CHOICES_MAX 65536
#define PCT_DEPTH_MAX 4

/* At this choice point this thread went on, against the plain rule. */
struct choice {
    uint32_t step;
    uint32_t thread;
};

struct choices {
    uint32_t count;
    struct choice at[CHOICES_MAX];
};

enum chooser_kind {
    CHOOSE_LISTED, /* an empty list: the plain schedule */
    CHOOSE_RANDOM,
    CHOOSE_PCT,
    CHOOSE_ALL
};

struct chooser_node;

struct chooser {
    enum chooser_kind kind;
    struct akti_random random;
    uint32_t step;       /* choice points so far in this schedule */
    uint32_t steps_seen; /* in the longest one so far */
    struct choices *log; /* what this schedule differs in */
    /* listed */
    const struct choices *list;
    uint32_t listed;
    /* random: one of so many points is a switch */
    uint32_t odds;
    /* PCT */
    uint32_t depth;
    int32_t priority[EXPLORE_THREADS_MAX];
    int32_t lowest;
    uint32_t change[PCT_DEPTH_MAX];
    /* all */
    struct chooser_node *nodes;
    uint32_t node_count;
    uint32_t bound; /* preemptions in one schedule */
    uint32_t preemptions;
    bool yielded;  /* who goes on next follows a pause */
    bool diverged; /* the same choices led elsewhere */
};

void chooser_init(struct chooser *c, enum chooser_kind kind,
                  struct choices *log);
void chooser_fini(struct chooser *c);

/* Before each schedule. */
void chooser_begin(struct chooser *c, uint64_t seed);
/* After it. False: there is no other schedule to go through. */
bool chooser_end(struct chooser *c);

/* A thread came to be. */
void chooser_born(struct chooser *c, uint32_t thread);
/* It looks again and again for what others do: let them go first. */
void chooser_yields(struct chooser *c, uint32_t thread);

/* One of the threads in the set `enabled`, of which there are two at least. */
uint32_t chooser_choose(struct chooser *c, uint32_t enabled, uint32_t current);

/* What the plain schedule does. */
uint32_t chooser_plain(uint32_t enabled, uint32_t current);

#endif
