/* SPDX-License-Identifier: MIT */
/*
 * What an actor has taken in from its mailbox: users' messages, and before them
 * replies, notices and timers. Both are the owner's, but for mailboxes that senders
 * take from too: there the users' queue is under the evict lock.
 */
#ifndef AKT_CORE_QUEUE_H
#define AKT_CORE_QUEUE_H

#include "actors/core/actor.h"
#include "actors/core/self.h"

static inline void
akti_queue_system(struct akti_actor *a, struct akti_message *m)
{
    m->next = NULL;
    if (a->system_head == NULL) {
        a->system_head = m;
    } else {
        a->system_tail->next = m;
    }
    a->system_tail = m;
}

static inline void
akti_queue_messages(struct akti_actor *a, struct akti_message *oldest)
{
    while (oldest != NULL) {
        struct akti_message *next = oldest->next;

        if (oldest->kind == AKTI_USER) {
            akti_queue_user(a, oldest);
        } else {
            akti_queue_system(a, oldest);
        }
        oldest = next;
    }
}

/* Takes in what lies in the mailbox. */
void akti_take_in(akt_self *self, struct akti_actor *a);

/* A queue that senders take from too: each message is given back as it leaves. */
struct akti_message *akti_pop_shared(akt_self *self, struct akti_actor *a);
bool akti_has_users_shared(akt_self *self, struct akti_actor *a);

_Static_assert(AKTI_CREDITED == 1, "the flag is added as a number");

static inline struct akti_message *
akti_pop_user(akt_self *self, struct akti_actor *a)
{
    struct akti_message *m;

    if (AKTI_UNLIKELY(akti_actor_has(a, AKTI_FLAG_EVICTS))) {
        return akti_pop_shared(self, a);
    }
    m = a->user_head;
    if (m != NULL) {
        a->user_head = m->next;
        self->handled += m->flags & AKTI_CREDITED;
    }
    return m;
}

/* Whether users' messages wait. */
static inline bool
akti_has_users(akt_self *self, struct akti_actor *a)
{
    return AKTI_LIKELY(!akti_actor_has(a, AKTI_FLAG_EVICTS))
               ? a->user_head != NULL
               : akti_has_users_shared(self, a);
}

#endif
