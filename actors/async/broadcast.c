/* SPDX-License-Identifier: MIT */
/* Broadcasts: a topic whose slots are a ring. */
#include "akt/broadcast.h"

#include "actors/async/topic.h"
#include "actors/base/mutant.h"

#include <string.h>

akt_err
akti_broadcast_open(akt_self *self, const akt_type *type, uint32_t capacity,
                    akt_broadcast_tx *out_tx)
{
    struct akti_cell *sender;

    AKT_TRY(akti_topic_open(self, "broadcast", type, capacity, &sender));
    *out_tx = (akt_broadcast_tx){sender, akti_cell_generation(sender)};
    return AKT_OK;
}

akt_err
akti_broadcast_send(akt_self *self, akt_broadcast_tx tx,
                    const akti_message_arg *value)
{
    struct akti_topic *t;

    AKT_TRY(akti_topic_enter(self, tx.cell, tx.generation, value->type, &t));
    akti_topic_put(self->ctx, t, value->payload);
    akti_topic_leave(t);
    return AKT_OK;
}

akt_err
akt_broadcast_subscribe(akt_self *self, akt_broadcast_tx tx,
                        akt_broadcast_rx *out_rx)
{
    struct akti_cell *end;

    AKT_TRY(akti_topic_join(self, tx.cell, tx.generation, AKTI_TOPIC_RECEIVER,
                            &end));
    *out_rx = (akt_broadcast_rx){end, akti_cell_generation(end)};
    return AKT_OK;
}

akt_err
akt_broadcast_tx_clone(akt_self *self, akt_broadcast_tx tx,
                       akt_broadcast_tx *out_tx)
{
    struct akti_cell *end;

    AKT_TRY(
        akti_topic_join(self, tx.cell, tx.generation, AKTI_TOPIC_SENDER, &end));
    *out_tx = (akt_broadcast_tx){end, akti_cell_generation(end)};
    return AKT_OK;
}

/* --- receiving --- */

/* The oldest that is kept is the next one. */
static akt_err
catch_up(struct akti_look *look, uint64_t oldest)
{
    uint64_t *seen = akti_topic_seen(look->receiver);

    if (look->out_lost != NULL) {
        *look->out_lost = oldest - *seen;
    }
    *seen = oldest;
    return AKT_ELAGGED;
}

static akt_err
receive(struct akti_topic *t, struct akti_look *look)
{
    uint64_t *seen = akti_topic_seen(look->receiver);
    uint64_t oldest = t->sent > t->slots ? t->sent - t->slots : 0;

    if (*seen + AKTI_MUTANT(lag_noticed_late) < oldest) {
        return catch_up(look, oldest);
    }
    if (*seen == t->sent) {
        return akti_topic_nothing(t);
    }
    memcpy(look->out, akti_topic_slot(t, *seen), t->type->size);
    *seen += 1;
    return AKT_OK;
}

static struct akti_look
look_for(akt_broadcast_rx rx, const akti_broadcast_place *place)
{
    return (struct akti_look){.run = receive,
                              .receiver = rx.cell,
                              .generation = rx.generation,
                              .type = place->type,
                              .out = place->out,
                              .out_lost = place->out_lost};
}

akt_err
akti_broadcast_recv(akt_self *self, uint64_t timeout_ns, akt_broadcast_rx rx,
                    const akti_broadcast_place *place)
{
    struct akti_look look = look_for(rx, place);

    return akti_topic_wait(self, timeout_ns, &look);
}

akt_err
akti_broadcast_try_recv(akt_self *self, akt_broadcast_rx rx,
                        const akti_broadcast_place *place)
{
    struct akti_look look = look_for(rx, place);

    return akti_topic_look(self, &look);
}

akt_err
akt_broadcast_readable(akt_self *self, akt_broadcast_rx rx,
                       akt_future *out_future)
{
    return akti_topic_future(self, rx.cell, rx.generation, out_future);
}

akt_err
akt_broadcast_tx_close(akt_self *self, akt_broadcast_tx tx)
{
    return akti_shared_close(self, tx.cell, tx.generation);
}

akt_err
akt_broadcast_rx_close(akt_self *self, akt_broadcast_rx rx)
{
    return akti_shared_close(self, rx.cell, rx.generation);
}
