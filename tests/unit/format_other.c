/* SPDX-License-Identifier: MIT */
/* The other file of format_test.c: same names, each type different in one way. */
#include "tests/unit/format_types.h"

#include <string.h>

#define OTHER_KIND(F) F(u64, n)
AKT_MESSAGE(other_kind, OTHER_KIND);
#define OTHER_NAME(F) F(i64, m)
AKT_MESSAGE(other_name, OTHER_NAME);
#define OTHER_COUNT(F) F(i64, a)
AKT_MESSAGE(other_count, OTHER_COUNT);
#define OTHER_SHAPE(F) F(i32, a) F(i32, b)
AKT_MESSAGE(other_shape, OTHER_SHAPE);
#define INNER(F) F(u32, x)
AKT_MESSAGE(inner, INNER);
#define OTHER_NESTED(F) F(message, inner, it)
AKT_MESSAGE(other_nested, OTHER_NESTED);
#define WIDE(F) F(text, words)
AKT_MESSAGE(wide, WIDE);
#define OTHER_REPLY(F) F(i64, n)
AKT_REQUEST(other_reply, OTHER_REPLY, wide);
#define OTHER_ORDER(F) F(i32, b) F(i32, a)
AKT_MESSAGE(other_order, OTHER_ORDER);

static const akt_type *const types[] = {
    &place_type,       &where_type,       &ping_type,        &other_kind_type,
    &other_name_type,  &other_count_type, &other_shape_type, &other_nested_type,
    &other_reply_type, &other_order_type};

const akt_type *
other_type(const char *name)
{
    size_t i;

    for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (strcmp(types[i]->name, name) == 0) {
            return types[i];
        }
    }
    return NULL;
}
