/* SPDX-License-Identifier: MIT */
/*
 * In the place of nng where it is not there: no socket can be opened but in a
 * simulation, which has a network of its own.
 */
#include "actors/net/transport.h"

static akt_err
refuse_open(const struct akti_net_config *config, struct akti_link *link,
            struct akti_net **out, akt_error *error)
{
    (void)link;
    (void)out;
    return akt_error_set(
        error, AKT_ECONTEXT,
        "cannot open the socket %s: this akt was built without "
        "nng, and has sockets in simulations only",
        config->name);
}

static uint32_t
no_closings(void)
{
    return 0;
}

/* Nothing is open, so nothing else is called. */
const struct akti_transport akti_nng_transport = {
    .name = "no nng", .open = refuse_open, .closings = no_closings};
