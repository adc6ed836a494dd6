/* SPDX-License-Identifier: MIT */
/* From a made message to a mailbox, with what happens at the bound. */
#ifndef AKT_CORE_SEND_H
#define AKT_CORE_SEND_H

#include "actors/core/actor.h"
#include "actors/core/self.h"

/* How a sender takes a full mailbox. */
enum akti_patience {
    AKTI_MAY_AWAIT, /* as the mailbox's policy says */
    AKTI_NEVER_AWAIT
};

/*
 * Makes a message for `to` from the caller. Checks the reference and the system's
 * state. Errors as for akt_send.
 */
akt_err akti_send_prepare(akt_self *self, akt_ref to,
                          const akti_message_arg *arg,
                          struct akti_actor **out_target,
                          struct akti_message **out_message);

/*
 * Puts a message into the target's mailbox, or by its policy elsewhere. On an
 * error the message is still the caller's. Counts accepted and refused.
 */
akt_err akti_send_message(akt_self *self, struct akti_actor *target,
                          struct akti_message *m, enum akti_patience patience);

/* A message with room of its own, to its owner. False: the owner has ended. */
bool akti_send_reserved(struct akti_context *ctx, struct akti_actor *target,
                        struct akti_message *m);

/* Frees a message that was never sent; its content stays the caller's. */
void akti_send_undo(akt_self *self, struct akti_message *m);

/* Under the evict lock: takes the oldest message out; NULL when none waits. */
struct akti_message *akti_evict_oldest(struct akti_actor *a);

#endif
