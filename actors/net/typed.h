/* SPDX-License-Identifier: MIT */
/* Typed messages as packets and back, by their wire form with the name. */
#ifndef AKT_NET_TYPED_H
#define AKT_NET_TYPED_H

#include "actors/net/socket.h"

/* A packet with this message. Errors of akt_wire_encode; AKT_ENOMEM. */
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
