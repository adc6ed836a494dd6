/* SPDX-License-Identifier: MIT */
/* From a made message to a mailbox, with what happens at the bound. */
#ifndef AKT_CORE_SEND_H
#define AKT_CORE_SEND_H

#include "actors/base/mutant.h"
#include "actors/core/actor.h"
#include "actors/core/self.h"
#include "actors/core/system.h"

/* How a sender takes a full mailbox. */
enum akti_patience {
    AKTI_MAY_AWAIT, /* as the mailbox's policy says */
    AKTI_NEVER_AWAIT,
    AKTI_TRIES /* the same, and refusals are for the caller to count */
};

/* Why the caller may not send now, if so: it is a thread, or a forked child. */
akt_err akti_send_check(akt_self *self);
/* Counts a send that failed before it had a receiver. */
void akti_send_refused(akt_self *self);

/*
 * Makes a message for `to` from the caller. Checks the reference and the system's
 * state. Errors as for akt_send.
 */
AKTI_INLINE akt_err
akti_send_prepare(akt_self *self, akt_ref to, const akti_message_arg *arg,
                  struct akti_actor **out_target,
                  struct akti_message **out_message)
{
    struct akti_message *m = NULL;
    akt_err err = AKT_OK;

    if (AKTI_UNLIKELY(self->port != NULL
                      || !akti_system_is_ours(self->system))) {
        AKT_TRY(akti_send_check(self));
    }
    err = akti_system_find(self->system, to, out_target);
    if (AKTI_LIKELY(err == AKT_OK)) {
        err = akti_message_new(&self->ctx->caches, arg->type, arg->payload, &m);
    }
    if (AKTI_UNLIKELY(err != AKT_OK)) {
        akti_send_refused(self);
        return err;
    }
    if (self->actor != NULL) {
        m->sender_slot = self->actor->slot;
        m->sender_generation = akti_actor_generation(self->actor);
    }
    m->target_slot = to.slot;
    m->target_generation = to.generation;
    *out_message = m;
    return AKT_OK;
}

static inline void
akti_send_count(akt_self *self, struct akti_actor *target)
{
    akti_count(self->ctx,
               AKTI_MUTANT(counted_for_sender) ? akti_self_entry(self)
                                               : akti_actor_entry(target),
               AKTI_ACCEPTED, 1);
}

static inline void
akti_send_accept(akt_self *self, struct akti_actor *target,
                 struct akti_message *m)
{
    akti_send_count(self, target);
    akti_note(self->ctx, &(struct akti_note){.event = AKTI_EVENT_SEND,
                                             .a = m->sender_slot,
                                             .b = m->target_slot,
                                             .what = m});
}

/* The rare parts of the next one. */
akt_err akti_send_message_slowly(akt_self *self, struct akti_actor *target,
                                 struct akti_message *m,
                                 enum akti_patience patience);
akt_err akti_send_failed(akt_self *self, struct akti_actor *target,
                         struct akti_message *m, enum akti_patience patience,
                         enum akti_push pushed);
akt_err akti_send_simulated(akt_self *self, struct akti_actor *target,
                            struct akti_message *m,
                            enum akti_patience patience);

/*
 * Puts a message into the target's mailbox, or by its policy elsewhere. On an
 * error the message is still the caller's. Counts accepted and refused.
 */
AKTI_INLINE akt_err
akti_send_message(akt_self *self, struct akti_actor *target,
                  struct akti_message *m, enum akti_patience patience)
{
    enum akti_push pushed;

    if (AKTI_UNLIKELY(
            akti_actor_overflow(target) == AKT_SHED_OLD
            || (self->actor != NULL
                && (self->actor->runnable.unused & AKTI_FLAG_AWAITING) != 0))) {
        return akti_send_message_slowly(self, target, m, patience);
    }
    if (AKTI_UNLIKELY(self->ctx->sim != NULL)) {
        return akti_send_simulated(self, target, m, patience);
    }
    /* Counted before it is in: its fate must not be counted first. */
    akti_send_count(self, target);
    pushed = akti_mailbox_push(&target->box, m, akti_actor_capacity(target));
    if (AKTI_LIKELY(pushed == AKTI_PUSHED_WAKE)) {
        akti_ready(self->ctx, &target->runnable);
        return AKT_OK;
    }
    if (AKTI_LIKELY(pushed == AKTI_PUSHED)) {
        return AKT_OK;
    }
    return akti_send_failed(self, target, m, patience, pushed);
}

/* A message with room of its own, to its owner. False: the owner has ended. */
bool akti_send_reserved(struct akti_context *ctx, struct akti_actor *target,
                        struct akti_message *m);

/* Frees a message that was never sent; its content stays the caller's. */
void akti_send_undo(akt_self *self, struct akti_message *m);

/*
 * The current message, or a copy of it where it belongs to a timer, to be given
 * to somebody else; AKT_ECONTEXT when there is none. The second call says that it
 * was.
 */
akt_err akti_give_away(akt_self *self, struct akti_message **out);
void akti_gave_away(akt_self *self);

/* Takes back the age limit that an AKT_SHED_OLD mailbox put on a message. */
void akti_send_unstamp(struct akti_message *m);

#endif
