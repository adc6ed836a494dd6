/* SPDX-License-Identifier: MIT */
#include "actors/net/outlet.h"

#include "actors/base/mutant.h"

#include <string.h>

akt_err
akti_packet_of(struct akti_socket *s, akt_bytes bytes, struct akti_packet *out)
{
    void *room = NULL;

    AKT_TRY(s->transport->packet_new(s->net, bytes.len, out, &room));
    if (bytes.len > 0) {
        memcpy(room, bytes.ptr, bytes.len);
    }
    return AKT_OK;
}

void
akti_outlet_init(struct akti_outlet *o, struct akti_socket *socket)
{
    o->socket = socket;
    akti_batch_init(&o->batch, socket->batch_bytes);
}

void
akti_outlet_fini(struct akti_outlet *o)
{
    struct akti_socket *s = o->socket;
    unsigned i;

    /* Else the actor never began. */
    if (s != NULL) {
        for (i = 0; i < AKTI_OUTLET_PLACES; i++) {
            s->transport->packet_free(s->net, &o->waiting[i]);
        }
        akti_batch_fini(&o->batch);
    }
}

void
akti_outlet_packet(struct akti_outlet *o, struct akti_packet *p)
{
    struct akti_socket *s = o->socket;
    unsigned i = 0;

    while (o->waiting[i].message != NULL) {
        i++;
    }
    if (i > 0 || !s->transport->send(s->net, p)) {
        o->waiting[i] = *p;
    }
}

/* Sockets that ask gather nothing, so only one packet waits. */
bool
akti_outlet_withdraw(struct akti_outlet *o, uint64_t tag)
{
    struct akti_socket *s = o->socket;

    if (!akti_outlet_waits(o) || o->waiting[0].tag != tag
        || AKTI_MUTANT(net_over_still_sent)) {
        return false;
    }
    s->transport->packet_free(s->net, &o->waiting[0]);
    o->waiting[0].message = NULL;
    akti_socket_count(&s->lost);
    return true;
}

/* What has been gathered becomes a packet. AKT_ENOMEM: it stays. */
static akt_err
send_batch(struct akti_outlet *o)
{
    struct akti_packet p;

    AKT_TRY(akti_packet_of(o->socket, akti_batch_whole(&o->batch), &p));
    akti_batch_clear(&o->batch);
    akti_outlet_packet(o, &p);
    return AKT_OK;
}

/* Where the next message of so many bytes is to be written; AKT_ENOMEM. */
static akt_err
make_room(struct akti_outlet *o, size_t length, void **out)
{
    if (!akti_batch_fits(&o->batch, length)) {
        AKT_TRY(send_batch(o));
    }
    *out = akti_batch_room(&o->batch, length);
    return *out != NULL ? AKT_OK : AKT_ENOMEM;
}

static akt_err
gather_bytes(struct akti_outlet *o, akt_bytes bytes)
{
    void *room = NULL;

    AKT_TRY(make_room(o, bytes.len, &room));
    if (bytes.len > 0) {
        memcpy(room, bytes.ptr, bytes.len);
    }
    akti_batch_add(&o->batch, bytes.len);
    return AKT_OK;
}

akt_err
akti_outlet_bytes(struct akti_outlet *o, akt_bytes bytes, akt_error *error)
{
    struct akti_packet p;
    akt_err err;

    if (o->socket->batch_bytes > 0) {
        err = gather_bytes(o, bytes);
        return err != AKT_OK ? akt_error_set(error, err, NULL) : AKT_OK;
    }
    err = akti_packet_of(o->socket, bytes, &p);
    if (err != AKT_OK) {
        return akt_error_set(error, err, NULL);
    }
    akti_outlet_packet(o, &p);
    return AKT_OK;
}

akt_err
akti_outlet_batch(struct akti_outlet *o, akt_bytes batch)
{
    struct akti_packet p;

    if (o->batch.count > 0 && !AKTI_MUTANT(batch_overtakes)) {
        AKT_TRY(send_batch(o));
    }
    AKT_TRY(akti_packet_of(o->socket, batch, &p));
    akti_outlet_packet(o, &p);
    return AKT_OK;
}

static akt_err
gather_typed(struct akti_outlet *o, const akti_message_arg *message,
             akt_error *error)
{
    size_t length = 0;
    void *room = NULL;
    akt_err err;

    AKT_TRY(akti_typed_length(message, &length, error));
    err = make_room(o, length, &room);
    if (err != AKT_OK) {
        return akt_error_set(error, err, NULL);
    }
    AKT_TRY(akti_typed_write(message, room, length, error));
    akti_batch_add(&o->batch, length);
    return AKT_OK;
}

akt_err
akti_outlet_typed(struct akti_outlet *o, const akti_message_arg *message,
                  akt_error *error)
{
    struct akti_packet p;

    if (o->socket->batch_bytes > 0) {
        return gather_typed(o, message, error);
    }
    AKT_TRY(akti_typed_packet(o->socket, message, &p, error));
    akti_outlet_packet(o, &p);
    return AKT_OK;
}

static void
send_waiting(struct akti_outlet *o)
{
    struct akti_packet waiting[AKTI_OUTLET_PLACES];
    unsigned i;

    memcpy(waiting, o->waiting, sizeof(waiting));
    memset(o->waiting, 0, sizeof(o->waiting));
    for (i = 0; i < AKTI_OUTLET_PLACES && waiting[i].message != NULL; i++) {
        if (i == 0
            || !(i == 1 ? AKTI_MUTANT(batch_second_lost)
                        : AKTI_MUTANT(batch_third_lost))) {
            akti_outlet_packet(o, &waiting[i]);
        }
    }
}

void
akti_outlet_flush(struct akti_outlet *o, bool more_mail)
{
    if (akti_outlet_waits(o)) {
        send_waiting(o);
    }
    if ((!more_mail || AKTI_MUTANT(batch_sent_in_pieces))
        && akti_outlet_gathers(o)) {
        /* Without memory it stays, and is tried again later. */
        akt_ignore(send_batch(o));
    }
}
