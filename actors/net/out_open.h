/* SPDX-License-Identifier: MIT */
/*
 * What OUT is asked besides sending: to listen, to dial, and for topics. Handlers of
 * its rows, whose state begins with a pointer to the socket.
 */
#ifndef AKT_NET_OUT_OPEN_H
#define AKT_NET_OUT_OPEN_H

#include "actors/net/socket.h"

akt_err akti_out_listen(akt_self *self, void *state, const void *message);
akt_err akti_out_dial(akt_self *self, void *state, const void *message);
akt_err akti_out_subscribe(akt_self *self, void *state, const void *message);
akt_err akti_out_unsubscribe(akt_self *self, void *state, const void *message);

/* Answers those whose listening or dialing is done. */
void akti_out_take_opened(akt_self *self, struct akti_socket *s);

#endif
