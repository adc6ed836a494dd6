/* SPDX-License-Identifier: MIT */
/* Messages that format_test.c and format_other.c both see, and what the latter
 * tells of its own. */
#ifndef AKT_TESTS_UNIT_FORMAT_TYPES_H
#define AKT_TESTS_UNIT_FORMAT_TYPES_H

#include "akt/message.h"

#define PLACE(F) F(i32, x) F(i32, y)
AKT_MESSAGE(place, PLACE);

#define WHERE(F) F(text, who) F(message_array, place, near, 2)
AKT_REQUEST(where, WHERE, place);

AKT_SIGNAL(ping);

/* What format_other.c calls by this name; NULL when it has none. */
const akt_type *other_type(const char *name);

#endif
