/* SPDX-License-Identifier: MIT */
/*
 * A look into a simulated system between two steps: what lies in its queues, who
 * waits for what, what has not been given back. It changes nothing.
 */
#ifndef AKT_TEST_INSPECT_H
#define AKT_TEST_INSPECT_H

#include "actors/core/system.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The name of the actor with this number (slot << 32 | generation). */
void akti_inspect_name(struct akt_system *s, uint64_t number, char *text,
                       size_t size);

/* Whether an actor has the message put aside or queued to be handled. */
bool akti_inspect_has(const struct akti_actor *a, const struct akti_message *m);

/* Accepted messages in mailboxes, outboxes, stashes and the blocking pool. */
uint64_t akti_inspect_queued(struct akt_system *s);

/* An actor that waits for room, from `*slot` on; NULL: none. */
struct akti_actor *akti_inspect_parked(struct akt_system *s, uint32_t *slot);

/* Whether a timer is armed, other than a request's deadline. */
bool akti_inspect_has_timers(struct akt_system *s);

/*
 * Blocks and cells that were taken from the pools of a stopped system and not
 * given back.
 */
uint64_t akti_inspect_lost(struct akt_system *s);

#endif
