/* SPDX-License-Identifier: MIT */
/* Messages put aside to be handled later. */
#include "actors/base/mutant.h"
#include "actors/core/self.h"
#include "actors/core/send.h"
#include "actors/core/system.h"

akt_err
akt_stash(akt_self *self)
{
    struct akti_extra *extra;
    struct akti_message *m;

    if (self->actor == NULL || self->message == NULL || self->answered) {
        return AKT_ECONTEXT;
    }
    extra = akti_actor_extra(self, self->actor);
    if (extra == NULL) {
        return AKT_ENOMEM;
    }
    if (extra->stash_count >= akti_self_entry(self)->stash
        && !AKTI_MUTANT(stash_unbounded)) {
        return AKT_EFULL;
    }
    AKT_TRY(akti_give_away(self, &m));
    if (self->in_timer) {
        /* The timer's firing is handled; from here on it is a message. */
        akti_count(self->ctx, akti_self_entry(self), AKTI_ACCEPTED, 1);
        akti_tell(self->ctx, AKTI_EVENT_SEND, m);
    }
    akti_gave_away(self);
    /* It has its own bound here; the mailbox gets its room back. */
    m->flags &=
        AKTI_MUTANT(stash_credits_twice) ? UINT8_MAX : (uint8_t)~AKTI_CREDITED;
    m->next = NULL;
    if (extra->stash_head == NULL) {
        extra->stash_head = m;
    } else {
        extra->stash_tail->next = m;
    }
    extra->stash_tail = m;
    extra->stash_count++;
    return AKT_OK;
}

size_t
akt_unstash(akt_self *self)
{
    struct akti_actor *a = self->actor;
    struct akti_extra *extra = a != NULL ? a->extra : NULL;
    size_t n;

    if (extra == NULL || extra->stash_head == NULL) {
        return 0;
    }
    n = extra->stash_count;
    akti_mutex_lock(&self->system->evict_lock);
    extra->stash_tail->next = a->user_head;
    if (a->user_head == NULL && !AKTI_MUTANT(unstash_loses_tail)) {
        a->user_tail = extra->stash_tail;
    }
    a->user_head = extra->stash_head;
    akti_mutex_unlock(&self->system->evict_lock);
    extra->stash_head = NULL;
    extra->stash_tail = NULL;
    extra->stash_count = 0;
    return n;
}
