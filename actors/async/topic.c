/* SPDX-License-Identifier: MIT */
/* Ends, values and waiting of what is sent to all; see topic.h. */
#include "actors/async/topic.h"

#include "actors/base/mutant.h"
#include "actors/core/system.h"
#include "akt/wake.h"

#include <string.h>

static struct akti_topic *
topic_of(struct akti_shared *o)
{
    return (struct akti_topic *)(void *)o;
}

static void
free_values(struct akti_context *ctx, struct akti_topic *t)
{
    akti_sizes_free(&ctx->caches, akti_size_class(t->bytes), t->values,
                    t->bytes);
}

/* --- ends --- */

static uint32_t *
count_of(struct akti_topic *t, uint32_t role)
{
    return role == AKTI_TOPIC_SENDER ? &t->senders : &t->receivers;
}

/* Who waits hears of the end of the last sender, or of his own receiver. */
static void
tell(struct akti_context *ctx, struct akti_topic *t, struct akti_cell *end)
{
    if (end->role == AKTI_TOPIC_RECEIVER) {
        akti_waiters_finish_share(ctx, &t->line, end, AKT_EENDED);
    } else if (t->senders == 0 && !AKTI_MUTANT(last_sender_not_told)) {
        akti_waiters_finish_all(ctx, &t->line, AKT_OK);
    }
}

static void
close(akt_self *self, struct akti_cell *end)
{
    struct akti_context *ctx = self->ctx;
    struct akti_topic *t = akti_shared_of(end);
    bool last;

    akti_latch_lock(&t->shared.object.latch);
    akti_share_end(end);
    *count_of(t, end->role) -= 1;
    tell(ctx, t, end);
    last = t->senders == 0 && t->receivers == 0;
    akti_topic_leave(t);
    if (last) {
        free_values(ctx, t);
        akti_object_free(ctx, &t->shared.object);
    }
    akti_share_free(ctx, end);
}

static const struct akti_owned owned = {"topic", close};

/* --- opening --- */

/* Copies of what owns something would own the same thing. */
static akt_err
check_type(akt_self *self, const char *what, const akt_type *type)
{
    if ((type->flags & AKT_TYPE_OWNS) == 0 && type->destroy == NULL
        && type->align <= AKTI_SIZE_ALIGN) {
        return AKT_OK;
    }
    akti_log_line(&self->system->dispatcher.log, AKT_LOG_WARNING,
                  "%s: every receiver gets a copy of a %s, which %s; send an "
                  "index or a reference to an actor that has it",
                  what, type->name,
                  type->destroy != NULL ? "has a destructor"
                  : (type->flags & AKT_TYPE_OWNS) != 0
                      ? "has texts or bytes"
                      : "is aligned to more than 64");
    return AKT_ETYPE;
}

/* Room for so many; *out_bytes is at least 1. */
static akt_err
check_slots(akt_self *self, const char *what, const akt_type *type,
            uint32_t slots, size_t *out_bytes)
{
    size_t bytes = (size_t)slots * type->size;

    *out_bytes = bytes != 0 ? bytes : 1;
    if (slots > 0 && bytes <= AKT_MESSAGE_SIZE_MAX) {
        return AKT_OK;
    }
    akti_log_line(&self->system->dispatcher.log, AKT_LOG_WARNING,
                  "%s: room for %u values of %u bytes; it may be 1 value or "
                  "more, and %zu bytes at most",
                  what, slots, type->size, AKT_MESSAGE_SIZE_MAX);
    return AKT_EINVAL;
}

akt_err
akti_topic_open(akt_self *self, const char *what, const akt_type *type,
                uint32_t slots, struct akti_cell **out_sender)
{
    struct akti_caches *caches = &self->ctx->caches;
    struct akti_topic *t;
    size_t bytes;
    void *values;
    akt_err err;

    AKT_TRY(check_type(self, what, type));
    AKT_TRY(check_slots(self, what, type, slots, &bytes));
    values = akti_sizes_alloc(caches, akti_size_class(bytes), bytes);
    if (values == NULL) {
        return AKT_ENOMEM;
    }
    err = akti_shared_open(self, &owned, AKTI_TOPIC_SENDER, sizeof(*t),
                           out_sender);
    if (err != AKT_OK) {
        akti_sizes_free(caches, akti_size_class(bytes), values, bytes);
        return err;
    }
    t = akti_shared_of(*out_sender);
    t->type = type;
    t->bytes = bytes;
    t->values = values;
    t->slots = slots;
    t->senders = 1;
    return AKT_OK;
}

akt_err
akti_topic_join(akt_self *self, void *sender, uint32_t generation,
                enum akti_topic_role role, struct akti_cell **out_end)
{
    struct akti_topic *t;
    akt_err err;

    AKT_TRY(akti_topic_enter(self, sender, generation, NULL, &t));
    err = akti_share_new(self, &owned, &t->shared.object, role, out_end);
    if (err == AKT_OK) {
        *count_of(t, role) += 1;
        *akti_topic_seen(*out_end) = t->sent;
    }
    akti_topic_leave(t);
    return err;
}

akt_err
akti_topic_enter(akt_self *self, void *end, uint32_t generation,
                 const akt_type *type, struct akti_topic **out)
{
    struct akti_shared *o;
    akt_err err = akti_shared_enter(self, end, generation, &o);

    if (err != AKT_OK) {
        return err == AKT_ECLOSED ? AKT_EENDED : err;
    }
    if (type != NULL && !akt_type_equal(type, topic_of(o)->type)) {
        akti_shared_leave(o);
        return AKT_ETYPE;
    }
    *out = topic_of(o);
    return AKT_OK;
}

/* --- values --- */

void
akti_topic_put(struct akti_context *ctx, struct akti_topic *t,
               const void *value)
{
    memcpy(akti_topic_slot(t, t->sent), value, t->type->size);
    t->sent++;
    akti_waiters_finish_all(ctx, &t->line, AKT_OK);
}

akt_err
akti_topic_look(akt_self *self, struct akti_look *look)
{
    struct akti_topic *t;
    akt_err err;

    AKT_TRY(akti_topic_enter(self, look->receiver, look->generation, look->type,
                             &t));
    err = look->run(t, look);
    akti_topic_leave(t);
    return err;
}

/* One that is woken looks again, and perhaps another has been faster. */
static akt_err
look_until(struct akti_topic *t, struct akti_waiter *w, struct akti_look *look)
{
    akt_err err;

    while ((err = look->run(t, look)) == AKT_EEMPTY) {
        w->share = look->receiver;
        AKT_TRY(akti_waiters_wait(&t->line, w, &t->shared));
        if (!akti_share_is_open(look->receiver, look->generation)) {
            return AKT_EENDED;
        }
    }
    return err;
}

akt_err
akti_topic_wait(akt_self *self, uint64_t timeout_ns, struct akti_look *look)
{
    struct akti_topic *t;
    struct akti_waiter w;
    akt_err err;

    AKT_TRY(akti_wait_begin(&w, self, timeout_ns));
    AKT_TRY(akti_topic_enter(self, look->receiver, look->generation, look->type,
                             &t));
    err = look_until(t, &w, look);
    akti_topic_leave(t);
    akti_parker_fini(&w.parker);
    return err;
}

/* --- futures --- */

static akt_err
queue(akt_self *self, void *receiver, uint32_t generation,
      struct akti_cell *cell)
{
    struct akti_topic *t;
    akt_err err = AKT_OK;

    AKT_TRY(akti_topic_enter(self, receiver, generation, NULL, &t));
    if (*akti_topic_seen(receiver) < t->sent || t->senders == 0) {
        (void)akti_future_end(self->ctx, cell, akti_cell_generation(cell),
                              AKT_REPLIED, AKT_OK);
    } else {
        err = akti_waiters_add_future(self->ctx, &t->line, cell, receiver);
    }
    akti_topic_leave(t);
    return err;
}

akt_err
akti_topic_future(akt_self *self, void *receiver, uint32_t generation,
                  akt_future *out_future)
{
    return akti_waiters_future(self, receiver, generation, queue, out_future);
}
