// expect: nosuch_type
/* SPDX-License-Identifier: MIT */
/* A set of types has one that nobody declared. */
#include "akt/wire.h"

#define NUMBER(F) F(i64, number)
AKT_MESSAGE(order, NUMBER);

#ifdef AKT_MUST_FAIL
AKT_WIRE_TYPES(taken, order, nosuch);
#else
AKT_WIRE_TYPES(taken, order);
#endif

const akt_type *first_of_them(void);

const akt_type *
first_of_them(void)
{
    return taken[0];
}
