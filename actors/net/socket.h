/* SPDX-License-Identifier: MIT */
/*
 * A socket: two actors over a transport. OUT (out.c) is what others send to; IN
 * (in.c) brings the owner what arrives. They are two because a full mailbox of the
 * owner stops IN, and the owner's sends must go on.
 *
 * OUT decides about the end. Told to close, by the owner's cell or by any order, it
 * refuses mail, hushes the transport, has IN drain, and leaves when its mail has
 * gone to the network and from there on, and IN is gone; or when its time is over.
 * The side that leaves last closes the transport's socket.
 */
#ifndef AKT_NET_SOCKET_H
#define AKT_NET_SOCKET_H

#include "actors/core/actor.h"
#include "actors/net/link.h"
#include "actors/net/transport.h"

#include <stdatomic.h>
#include <stdbool.h>

/* What both sides and the owner's cell share. */
struct akti_socket {
    _Atomic uint32_t holders;
    struct akti_dispatcher *dispatcher;
    /* immutable */
    const struct akti_transport *transport;
    struct akti_net *net;
    struct akti_link *link;
    akt_nng_protocol protocol;
    char name[AKTI_NET_NAME_SIZE];
    akt_ref to;
    akt_ref out; /* of OUT; the owner's and OUT's own to look at */
    akt_ref in;  /* of IN: it was there before OUT */
    char url[AKTI_NET_URL_SIZE]; /* the owner's: as it was opened */
    bool peers;
    const akt_type *const *types; /* NULL: what arrives is bytes */
    size_t batch_bytes;           /* 0: each message travels by itself */
    bool whole;                   /* batches are brought as they are */
    uint32_t requests;
    uint64_t answer_ns;
    uint64_t linger_ns;
    /* guarded by the link's latch; written by the side that leaves last */
    bool closed;
    akt_nng_counters last; /* of a closed one */
    _Atomic uint64_t refused;
    _Atomic uint64_t unwanted;
    _Atomic uint64_t dropped; /* by the owner's mailbox */
    _Atomic uint64_t taken;   /* by a side that has ended; what came besides was
                               dropped */
    _Atomic uint64_t lost;    /* given up by OUT before the transport had it */
    _Atomic uint64_t
        accepted; /* by OUT; what has not left at the end is lost */
};

static inline bool
akti_socket_asks(const struct akti_socket *s)
{
    return s->protocol == AKT_NNG_REQ || s->protocol == AKT_NNG_SURVEYOR;
}

static inline bool
akti_socket_answers(const struct akti_socket *s)
{
    return s->protocol == AKT_NNG_REP || s->protocol == AKT_NNG_RESPONDENT;
}

/* Relaxed: a number that orders nothing. */
static inline void
akti_socket_add(_Atomic uint64_t *counter, uint64_t n)
{
    (void)atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

static inline void
akti_socket_count(_Atomic uint64_t *counter)
{
    akti_socket_add(counter, 1);
}

/* What akt_nng_open does but for listening and dialing. */
akt_err akti_socket_open(akt_self *self, const akt_nng_opts *opts,
                         akt_nng *out_socket, akt_error *error);
/* The caller's; NULL: it is closed, or another's. */
struct akti_socket *akti_socket_of(akt_self *self, akt_nng socket);
void akti_socket_release(struct akti_socket *s);
/* The numbers are the last ones from now on, and what was lost is said. By the side
 * that leaves last, when both have counted. */
void akti_socket_settle(struct akti_socket *s);
/* A side has ended. */
void akti_socket_leave(struct akti_socket *s, enum akti_side side);

/* What arrived, and what was answered, as messages' fields. */
static inline akt_bytes
akti_packet_bytes(const struct akti_packet *p)
{
    return (akt_bytes){p->bytes, p->size};
}

/* A packet with these bytes. AKT_ENOMEM. */
akt_err akti_packet_of(struct akti_socket *s, akt_bytes bytes,
                       struct akti_packet *out);

/* Hooks of both sides, which await nothing and have no message in hand. */
void akti_side_ended(akt_self *self, struct akti_actor *a,
                     struct akti_cell *cell);
void akti_side_outbox(akt_self *self, struct akti_actor *a);
uint32_t akti_side_holds(const struct akti_actor *a,
                         const struct akti_message *m);
void akti_side_gone(akt_self *self, void *socket);

/* The classes of the two sides; their state begins with a pointer to the socket,
 * has at most so many bytes, and is zero behind that. */
#define AKTI_SIDE_STATE_MAX 256

static inline struct akti_socket *
akti_side_socket(void *state)
{
    return *(struct akti_socket **)state;
}

extern const akt_class akti_net_out_class;
extern const akt_class akti_net_out_whole_class;
extern const akt_class akti_net_in_class;

#endif
