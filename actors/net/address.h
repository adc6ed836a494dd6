/* SPDX-License-Identifier: MIT */
/* Addresses as texts, for every back end: what they begin with, and what follows. */
#ifndef AKT_NET_ADDRESS_H
#define AKT_NET_ADDRESS_H

#include "actors/net/transport.h"

struct akti_scheme {
    const char *begins;
    bool has_port;
    bool is_secure; /* it needs certificates */
    bool is_path;   /* in the file system */
};

/* NULL: no address. */
const struct akti_scheme *akti_address_scheme(const char *url);

/* The host in it, without brackets and port; "" when there is none. `out` has room for
 * an address. */
void akti_address_host(const char *url, char *out);

/* Whether it is an address at all, for this socket. */
akt_err akti_address_check(const struct akti_opening *opening, bool has_tls,
                           akt_error *error);

#endif
