/* SPDX-License-Identifier: MIT */
/* Where a job is to run; what the layers above ask with. */
#ifndef AKT_CORE_JOB_H
#define AKT_CORE_JOB_H

#include "actors/sched/blocking.h"
#include "akt/blocking.h"

struct akti_job_place {
    struct akti_blocking *pool;
    struct akti_lane *lane; /* NULL: beside all others */
    const akt_job *what;
};

/* Errors as for akt_ask_blocking. The job finds the lane in `self->lane`. */
akt_err akti_job_ask(akt_self *self, const struct akti_job_place *place,
                     uint64_t timeout_ns, const akti_message_arg *arg,
                     akt_future *out_future);

#endif
