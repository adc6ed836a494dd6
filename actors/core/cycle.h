/* SPDX-License-Identifier: MIT */
/*
 * The search for cycles among actors that wait for room. An actor waits for all
 * targets of its outbox before it goes on, so any way back to it is a deadlock
 * (the AND model of Knapp, "Deadlock detection in distributed databases", ACM
 * Computing Surveys 1987); with one lock over all edges, the search before the
 * last edge finds it.
 */
#ifndef AKT_CORE_CYCLE_H
#define AKT_CORE_CYCLE_H

#include "actors/core/actor.h"
#include "actors/core/self.h"

/*
 * Whether the running actor, if it waited for `target`, would wait for itself.
 * If so, the cycle is kept for akt_deadlock_text(). Under the suspension lock.
 */
bool akti_cycle_closes(akt_self *self, struct akti_actor *target);

/* Logs the cycle that was found. Not under a lock: the sink is the user's. */
void akti_cycle_log(akt_self *self);

/* Forgets the text of this turn. */
void akti_cycle_forget(akt_self *self);

#endif
