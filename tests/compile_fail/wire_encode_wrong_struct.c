// expect: compatible with any
/* SPDX-License-Identifier: MIT */
/* What is encoded is not what its name says. */
#include "akt/wire.h"

#define NUMBER(F) F(i64, number)
AKT_MESSAGE(order, NUMBER);
AKT_MESSAGE(point, NUMBER);

akt_err encode_it(const struct order *order, const struct point *wrong,
                  void *buffer, size_t size, size_t *length);

akt_err
encode_it(const struct order *order, const struct point *wrong, void *buffer,
          size_t size, size_t *length)
{
#ifdef AKT_MUST_FAIL
    (void)order;
    return akt_wire_encode_as(AKT_WIRE_BARE, order, wrong, buffer, size, length,
                              NULL);
#else
    (void)wrong;
    return akt_wire_encode_as(AKT_WIRE_BARE, order, order, buffer, size, length,
                              NULL);
#endif
}
