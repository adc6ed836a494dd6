/* SPDX-License-Identifier: MIT */
/*
 * Futures that end when a descriptor is ready. Such a future knows its wait
 * (sched/reactor.h) for as long as it is open. Whoever ends it takes the wait out
 * and frees it: there is one who does, and so one who frees. The reactor, which
 * only has a claim, ends the future as everybody else.
 */
#ifndef AKT_CORE_READINESS_H
#define AKT_CORE_READINESS_H

#include "actors/core/cell.h"
#include "actors/sched/reactor.h"
#include "akt/fd.h"

/* Whether a call may be made so; what it is ready for without waiting. */
akt_err akti_readiness_look(akt_self *self, int fd, uint32_t events,
                            uint32_t *out_ready);

/* What akt_fd_ready does with one that was not ready. */
akt_err akti_readiness_open(akt_self *self, const struct akt_fd_look *what,
                            uint64_t timeout_ns, akt_future *out_future);

/* Of such futures, and no others. */
extern const akt_type *const akti_readiness_type;

static inline bool
akti_readiness_is(const struct akti_cell *cell)
{
    return cell->type == akti_readiness_type;
}

/* Such a future has ended: what waits for it goes. Who ended it. */
void akti_readiness_over(struct akti_context *ctx, struct akti_cell *cell);

/* The dispatcher's `readied`. */
void akti_readiness_come(struct akti_context *ctx,
                         const struct akti_fd_end *end);

#endif
