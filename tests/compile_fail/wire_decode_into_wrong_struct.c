// expect: compatible with any
/* SPDX-License-Identifier: MIT */
/* What comes in is put into another struct than its name says. */
#include "akt/wire.h"

#define NUMBER(F) F(i64, number)
AKT_MESSAGE(order, NUMBER);
AKT_MESSAGE(point, NUMBER);

akt_err decode_it(akt_bytes input, struct order *order, struct point *wrong);

akt_err
decode_it(akt_bytes input, struct order *order, struct point *wrong)
{
#ifdef AKT_MUST_FAIL
    (void)order;
    return akt_wire_decode_as(AKT_WIRE_BARE, order, input, wrong, NULL);
#else
    (void)wrong;
    return akt_wire_decode_as(AKT_WIRE_BARE, order, input, order, NULL);
#endif
}
