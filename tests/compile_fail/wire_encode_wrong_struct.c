// expect: compatible with any
/* SPDX-License-Identifier: MIT */
/* What is encoded is not what its name says. */
#include "akt/wire.h"

#define NUMBER(F) F(i64, number)
AKT_MESSAGE(order, NUMBER);
AKT_MESSAGE(point, NUMBER);

akt_err encode_it(const struct order *order, const struct point *wrong,
                  akt_wire_buffer *buffer);

akt_err
encode_it(const struct order *order, const struct point *wrong,
          akt_wire_buffer *buffer)
{
#ifdef AKT_MUST_FAIL
    (void)order;
    return akt_wire_encode_as(AKT_WIRE_BARE, order, wrong, buffer, NULL);
#else
    (void)wrong;
    return akt_wire_encode_as(AKT_WIRE_BARE, order, order, buffer, NULL);
#endif
}
