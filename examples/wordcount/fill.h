/* SPDX-License-Identifier: MIT */
/**
 * @file fill.h
 * @brief Reading a source as a job of the blocking pool: `fill_source`, asked by a
 *        `fill`.
 *
 * The question has the source as a number, since jobs stay in the process. Who
 * asks lends it, and touches it only when no job is under way.
 */
#ifndef AKT_EXAMPLES_WORDCOUNT_FILL_H
#define AKT_EXAMPLES_WORDCOUNT_FILL_H

#include "source.h"

#include <akt/akt.h>

#define FILL(F) F(u64, source)
#define FILLED(F) F(u64, bytes)
AKT_MESSAGE(filled, FILLED);
AKT_REQUEST(fill, FILL, filled);

static inline akt_err
fill_source(akt_self *self, const struct fill *m)
{
    size_t n = source_fill((struct source *)(uintptr_t)m->source);
    return akt_reply(self, m, .bytes = n);
}
AKT_JOB(fill_source, fill);

#endif
