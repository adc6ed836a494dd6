// expect: compatible with any
/* SPDX-License-Identifier: MIT */
/* Answers are put into another struct than the question's reply. */
#include "akt/nng.h"

#define NUMBER(F) F(i64, number)
AKT_MESSAGE(price, NUMBER);
AKT_MESSAGE(point, NUMBER);
AKT_REQUEST(price_of, NUMBER, price);

bool next_price(const struct akt_nng_answers *all, uint32_t *at,
                struct price *price, struct point *wrong);

bool
next_price(const struct akt_nng_answers *all, uint32_t *at, struct price *price,
           struct point *wrong)
{
#ifdef AKT_MUST_FAIL
    (void)price;
    return akt_nng_next_answer(all, at, price_of, wrong);
#else
    (void)wrong;
    return akt_nng_next_answer(all, at, price_of, price);
#endif
}
