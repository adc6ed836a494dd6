/* SPDX-License-Identifier: MIT */
/* What core adds to the simulated scheduler; the public calls are in the .c. */
#ifndef AKT_CORE_SIMULATION_H
#define AKT_CORE_SIMULATION_H

#include "actors/core/system.h"

/* AKT_EINVAL, and the log says which option is out of range. */
akt_err akti_simulation_check(const akt_sim_opts *opts,
                              const struct akti_log *log);

/* A simulated system is complete: what looks after each step, and what fails. */
void akti_simulation_begin(struct akt_system *s);
/* From now on there are no invariants. */
void akti_simulation_forget(struct akt_system *s);
/* It is about to be freed. */
void akti_simulation_end(struct akt_system *s);

#endif
