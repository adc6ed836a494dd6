/* SPDX-License-Identifier: MIT */
/**
 * @file counter.h
 * @brief A task of a worker that counts one lease after the other, until the
 *        coordinator has no more.
 */
#ifndef AKT_EXAMPLES_WORDCOUNT_COUNTER_H
#define AKT_EXAMPLES_WORDCOUNT_COUNTER_H

#include <akt/akt.h>

#include <stdatomic.h>

/** What the counters of a worker share. */
struct crew {
    const char *url; /* for messages */
    bool quiet;
    akt_ref coordinator;  /* the socket that it is asked by */
    _Atomic bool at_work; /* one of them has had files */
};

/** Spawns one. The crew has to live as long as the task. */
akt_err counter_spawn(akt_self *self, struct crew *crew, akt_task *out);

#endif
