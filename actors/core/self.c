/* SPDX-License-Identifier: MIT */
/* What a caller can ask of its own view. */
#include "actors/core/self.h"

#include "actors/base/mutant.h"
#include "actors/core/future.h"
#include "actors/core/system.h"

#include <stdio.h>
#include <string.h>

void
akti_self_init(akt_self *self, struct akti_context *ctx)
{
    memset(self, 0, sizeof(*self));
    self->ctx = ctx;
    self->system = akti_system_of(ctx);
}

struct akti_class_entry *
akti_self_entry(akt_self *self)
{
    return self->actor != NULL ? akti_actor_entry(self->actor)
                               : self->system->threads;
}

akt_ref
akti_actor_ref(struct akt_system *s, struct akti_actor *a)
{
    akt_ref ref = {a->slot, akti_actor_generation(a), s->id, 0};

    return ref;
}

size_t
akti_actor_format(struct akt_system *s, struct akti_actor *a, char *buffer,
                  size_t size)
{
    char ref[AKT_REF_TEXT_SIZE];
    int n;

    (void)akt_ref_format(akti_actor_ref(s, a), ref, sizeof(ref));
    n = snprintf(buffer, size, "%s%s", akti_actor_entry(a)->cls->name, ref);
    return n < 0 ? 0 : (size_t)n;
}

akt_ref
akt_self_ref(const akt_self *self)
{
    return self->actor != NULL ? akti_actor_ref(self->system, self->actor)
                               : AKT_REF_NONE;
}

akt_system *
akt_self_system(const akt_self *self)
{
    return self->system;
}

akt_ref
akt_sender(const akt_self *self)
{
    const struct akti_message *m = self->current;
    akt_ref ref = AKT_REF_NONE;

    if (m != NULL && m->sender_generation != 0) {
        ref = (akt_ref){m->sender_slot, m->sender_generation, self->system->id,
                        0};
    }
    return ref;
}

uint64_t
akt_deadline_ns(const akt_self *self)
{
    const struct akti_message *m = akti_self_request(self);

    return m != NULL ? m->deadline_ns : AKT_NEVER;
}

bool
akt_is_cancelled(const akt_self *self)
{
    const struct akti_message *m = akti_self_request(self);

    return m != NULL && akti_request_is_over(m->cell, m->cell_generation);
}

bool
akt_is_awaiting(const akt_self *self)
{
    return self->actor != NULL
           && (self->actor->runnable.unused & AKTI_FLAG_AWAITING) != 0;
}

uint64_t
akt_now_ns(akt_self *self)
{
    return akti_now(self->ctx);
}

uint64_t
akt_random(akt_self *self)
{
    return akti_random_next(&self->ctx->random);
}

void
akt_stop_self(akt_self *self)
{
    struct akti_actor *a = self->actor;

    if (a == NULL || self->exit_kind != 0) {
        return;
    }
    if ((a->runnable.unused & AKTI_FLAG_HOOKED) != 0) {
        akti_actor_hooks(a)->orders(self, a, AKTI_ORDER_STOP);
    } else {
        self->exit_kind = AKT_EXIT_STOPPED;
    }
}

bool
akt_ref_is_alive(akt_self *self, akt_ref ref)
{
    struct akti_actor *a;

    return akti_system_find(self->system, ref, &a) == AKT_OK;
}

akt_err
akti_become(akt_self *self, const akt_behavior *behavior)
{
    if (self->actor == NULL) {
        return AKT_ECONTEXT;
    }
    if (behavior->state_size != self->actor->behavior->state_size
        || !akti_same_name(behavior->state_name,
                           self->actor->behavior->state_name)) {
        return AKT_ETYPE;
    }
    self->actor->behavior = behavior;
    return AKT_OK;
}

akt_err
akti_take(akt_self *self, const void *message, void *out)
{
    struct akti_message *m = self->message;

    if (m == NULL || message != akti_message_payload(m)
        || (m->type->flags & AKT_TYPE_LOCAL) == 0
        || (m->flags & AKTI_TAKEN) != 0) {
        return AKT_ETYPE;
    }
    memcpy(out, message, m->type->size);
    m->flags |= AKTI_MUTANT(destructor_after_take) ? 0 : AKTI_TAKEN;
    return AKT_OK;
}
