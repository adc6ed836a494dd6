/* SPDX-License-Identifier: MIT */
/* Watches: a topic of one slot. */
#include "akt/watch.h"

#include "actors/async/topic.h"
#include "actors/base/mutant.h"

#include <string.h>

akt_err
akti_watch_open(akt_self *self, const akti_message_arg *first,
                akt_watch_tx *out_tx)
{
    struct akti_cell *sender;

    AKT_TRY(akti_topic_open(self, "watch", first->type, 1, &sender));
    akti_topic_put(self->ctx, akti_shared_of(sender), first->payload);
    *out_tx = (akt_watch_tx){sender, akti_cell_generation(sender)};
    return AKT_OK;
}

akt_err
akti_watch_send(akt_self *self, akt_watch_tx tx, const akti_message_arg *value)
{
    struct akti_topic *t;

    AKT_TRY(akti_topic_enter(self, tx.cell, tx.generation, value->type, &t));
    akti_topic_put(self->ctx, t, value->payload);
    akti_topic_leave(t);
    return AKT_OK;
}

akt_err
akt_watch_subscribe(akt_self *self, akt_watch_tx tx, akt_watch_rx *out_rx)
{
    struct akti_cell *receiver;

    AKT_TRY(akti_topic_join(self, tx.cell, tx.generation, AKTI_TOPIC_RECEIVER,
                            &receiver));
    *out_rx = (akt_watch_rx){receiver, akti_cell_generation(receiver)};
    return AKT_OK;
}

/* --- looking --- */

static akt_err
borrow(struct akti_topic *t, struct akti_look *look)
{
    memcpy(look->out, t->values, t->type->size);
    *akti_topic_seen(look->receiver) = t->sent;
    return AKT_OK;
}

static akt_err
changed(struct akti_topic *t, struct akti_look *look)
{
    uint64_t *seen = akti_topic_seen(look->receiver);

    if (t->senders == 0 && AKTI_MUTANT(watch_misses_last)) {
        return AKT_ECLOSED;
    }
    if (*seen == t->sent) {
        return akti_topic_nothing(t);
    }
    *seen = t->sent;
    return AKT_OK;
}

akt_err
akti_watch_borrow(akt_self *self, akt_watch_rx rx, const akt_type *type,
                  void *out)
{
    struct akti_look look = {.run = borrow,
                             .receiver = rx.cell,
                             .generation = rx.generation,
                             .type = type,
                             .out = out};

    return akti_topic_look(self, &look);
}

akt_err
akt_watch_try_changed(akt_self *self, akt_watch_rx rx)
{
    struct akti_look look = {
        .run = changed, .receiver = rx.cell, .generation = rx.generation};

    return akti_topic_look(self, &look);
}

akt_err
akt_watch_changed_within(akt_self *self, uint64_t timeout_ns, akt_watch_rx rx)
{
    struct akti_look look = {
        .run = changed, .receiver = rx.cell, .generation = rx.generation};

    return akti_topic_wait(self, timeout_ns, &look);
}

akt_err
akt_watch_changed(akt_self *self, akt_watch_rx rx)
{
    return akt_watch_changed_within(self, AKT_NEVER, rx);
}

akt_err
akt_watch_changed_future(akt_self *self, akt_watch_rx rx,
                         akt_future *out_future)
{
    return akti_topic_future(self, rx.cell, rx.generation, out_future);
}

akt_err
akt_watch_tx_close(akt_self *self, akt_watch_tx tx)
{
    return akti_shared_close(self, tx.cell, tx.generation);
}

akt_err
akt_watch_rx_close(akt_self *self, akt_watch_rx rx)
{
    return akti_shared_close(self, rx.cell, rx.generation);
}
