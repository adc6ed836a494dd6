/* SPDX-License-Identifier: MIT */
/*
 * What a socket's side OUT has in hand on its way to the transport: a packet that
 * found no room, and, where messages travel in batches, the batch that is being
 * filled. OUT's, in its turns.
 *
 * A batch leaves when the next message does not go into it, or when OUT has no mail
 * left and the transport has room. So a message that is alone leaves at once, and
 * while few packets are on their way the next one fills. When that is full too and
 * one more message comes, it begins yet another, and OUT takes no more.
 */
#ifndef AKT_NET_OUTLET_H
#define AKT_NET_OUTLET_H

#include "actors/net/batch.h"
#include "actors/net/typed.h"

#define AKTI_OUTLET_PLACES 3

struct akti_outlet {
    struct akti_socket *socket;
    /* They found no room, in this order; message NULL: none. The second one is a
     * batch that had to make room for another; the third one came as a batch, and
     * the second had to leave before it. */
    struct akti_packet waiting[AKTI_OUTLET_PLACES];
    akt_nng_packer batch;
};

void akti_outlet_init(struct akti_outlet *o, struct akti_socket *socket);
/* What is still in hand is lost. */
void akti_outlet_fini(struct akti_outlet *o);

/* For sockets that only send: one message, while it is not full. AKT_ENOMEM. */
akt_err akti_outlet_bytes(struct akti_outlet *o, akt_bytes bytes,
                          akt_error *error);
/* The same of a typed one. Errors of akt_wire_encode too. */
akt_err akti_outlet_typed(struct akti_outlet *o,
                          const akti_message_arg *message, akt_error *error);

/*
 * For sockets with batches: one that others made, behind what has been gathered.
 * AKT_ENOMEM.
 */
akt_err akti_outlet_batch(struct akti_outlet *o, akt_bytes batch);

/* [move] A packet that is sent, or waits; while it is not full. */
void akti_outlet_packet(struct akti_outlet *o, struct akti_packet *p);

/* Takes back the request of this number, if it waits; then it is lost. */
bool akti_outlet_withdraw(struct akti_outlet *o, uint64_t tag);

/* Sends what waits, and, when there is no more mail, the batch as it is. */
void akti_outlet_flush(struct akti_outlet *o, bool more_mail);

static inline bool
akti_outlet_waits(const struct akti_outlet *o)
{
    return o->waiting[0].message != NULL;
}

/* Whether it takes no more. */
static inline bool
akti_outlet_is_full(const struct akti_outlet *o)
{
    return o->waiting[o->socket->batch_bytes > 0 ? 1 : 0].message != NULL;
}

/* Whether a batch has been begun that may leave. */
static inline bool
akti_outlet_gathers(const struct akti_outlet *o)
{
    return o->batch.count > 0 && !akti_outlet_waits(o);
}

static inline bool
akti_outlet_is_empty(const struct akti_outlet *o)
{
    return o->batch.count == 0 && !akti_outlet_waits(o);
}

#endif
