// expect: unused-result|warn_unused_result
/* SPDX-License-Identifier: MIT */
/* An encoding whose error nobody looks at. */
#include "akt/akt.h"
#include "akt/wire.h"

#define ORDER(F) F(i64, id)
AKT_MESSAGE(order, ORDER);

void encode_it(const struct order *order, akt_wire_buffer *buffer);

void
encode_it(const struct order *order, akt_wire_buffer *buffer)
{
#ifdef AKT_MUST_FAIL
    akt_wire_encode_as(AKT_WIRE_BARE, order, order, buffer, NULL);
#else
    akt_ignore(akt_wire_encode_as(AKT_WIRE_BARE, order, order, buffer, NULL));
#endif
}
