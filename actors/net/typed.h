/* SPDX-License-Identifier: MIT */
/* Typed messages as packets and back, by their wire form with the name. */
#ifndef AKT_NET_TYPED_H
#define AKT_NET_TYPED_H

#include "actors/net/socket.h"
#include "akt/wire.h"

/* How long this message will be. Errors of akt_wire_length. */
static inline akt_err
akti_typed_length(const akti_message_arg *message, size_t *out,
                  akt_error *error)
{
    return akt_wire_length(AKT_WIRE_NAMED, message->type, message->payload, out,
                           error);
}

/* Writes it into room for so many bytes. Errors of akt_wire_encode. */
akt_err akti_typed_write(const akti_message_arg *message, void *room,
                         size_t length, akt_error *error);

/* A packet with this message. The same errors, and AKT_ENOMEM. */
akt_err akti_typed_packet(struct akti_socket *s,
                          const akti_message_arg *message,
                          struct akti_packet *out, akt_error *error);

/*
 * The message in a packet, of exactly that type; to be freed by akti_typed_free.
 * It points into the packet. Errors of akt_wire_decode; AKT_ENOMEM.
 */
akt_err akti_typed_read(const struct akti_packet *p, const akt_type *type,
                        void **out, akt_error *error);
void akti_typed_free(void *message);

#endif
