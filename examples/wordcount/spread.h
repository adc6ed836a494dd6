/* SPDX-License-Identifier: MIT */
/**
 * @file spread.h
 * @brief Counting in several processes: in builds with nng, by coordinator.c and
 *        worker.c; in others no_nng.c says that there is none.
 */
#ifndef AKT_EXAMPLES_WORDCOUNT_SPREAD_H
#define AKT_EXAMPLES_WORDCOUNT_SPREAD_H

#include "wordcount.h"

/** Whether this build can do it; writes a sentence to standard error if not. */
bool spread_is_built(void);

/** Stands for the readers, the splitters and the one reducer: what they would do
 *  is done by the workers that come to `line->url`. */
akt_err coordinator_spawn(akt_self *self, struct pipeline *line);

/** The whole program of a worker; returns its exit status. */
int worker_run(const struct options *options);

#endif
