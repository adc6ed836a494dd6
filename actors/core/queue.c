/* SPDX-License-Identifier: MIT */
#include "actors/core/queue.h"

#include "actors/base/mutant.h"
#include "actors/core/system.h"

void
akti_take_in(akt_self *self, struct akti_actor *a)
{
    struct akt_system *s = self->system;
    struct akti_message *m;

    if (akti_actor_has(a, AKTI_FLAG_EVICTS)) {
        akti_mutex_lock(&s->evict_lock);
        akti_queue_messages(a,
                            akti_messages_reverse(akti_mailbox_take(&a->box)));
        akti_mutex_unlock(&s->evict_lock);
        return;
    }
    m = akti_mailbox_take(&a->box);
    akti_queue_messages(
        a, AKTI_MUTANT(newest_first) ? m : akti_messages_reverse(m));
}

struct akti_message *
akti_pop_shared(akt_self *self, struct akti_actor *a)
{
    struct akt_system *s = self->system;
    struct akti_message *m;

    akti_mutex_lock(&s->evict_lock);
    m = a->user_head;
    if (m != NULL) {
        a->user_head = m->next;
        if ((m->flags & AKTI_CREDITED) != 0) {
            m->flags &= (uint8_t)~AKTI_CREDITED;
            akti_mailbox_credit(&a->box,
                                AKTI_MUTANT(evicted_credit_kept) ? 0 : 1);
        }
    }
    akti_mutex_unlock(&s->evict_lock);
    return m;
}

bool
akti_has_users_shared(akt_self *self, struct akti_actor *a)
{
    struct akt_system *s = self->system;
    bool has;

    akti_mutex_lock(&s->evict_lock);
    has = a->user_head != NULL;
    akti_mutex_unlock(&s->evict_lock);
    return has;
}

void
akti_unbox(akt_self *self)
{
    struct akti_message *m = self->boxed;

    if (m == NULL) {
        return;
    }
    self->boxed = NULL;
    /* Orders stay for the turn's end to see. */
    akti_queue_messages(
        self->actor,
        akti_messages_after(akti_mailbox_take_messages(&self->actor->box), m));
    if (self->spent) {
        self->spent = false;
        akti_message_free(&self->ctx->caches, m);
    }
}
