/* SPDX-License-Identifier: MIT */
/* Whether two messages of one type say the same, field by field. */
#include "actors/test/probe.h"

#include <string.h>

static bool
same_bytes(const akt_bytes *a, const akt_bytes *b)
{
    return a->len == b->len
           && (a->len == 0 || memcmp(a->ptr, b->ptr, a->len) == 0);
}

/* akt_text and akt_bytes have the same shape. */
_Static_assert(sizeof(akt_text) == sizeof(akt_bytes)
                   && offsetof(akt_text, len) == offsetof(akt_bytes, len),
               "texts are compared as bytes");

static bool
same_value(const akt_field *f, const void *a, const void *b)
{
    if (f->kind == AKT_KIND_MESSAGE) {
        return akti_payload_equal(f->type, a, b);
    }
    if (f->kind == AKT_KIND_TEXT || f->kind == AKT_KIND_BYTES) {
        return same_bytes(a, b);
    }
    /* A number, or a reference, which has no gaps. */
    return memcmp(a, b, f->stride) == 0;
}

static bool
same_field(const akt_field *f, const void *a, const void *b)
{
    uint32_t k;

    for (k = 0; k < f->count; k++) {
        size_t at = f->offset + (size_t)k * f->stride;

        if (!same_value(f, (const char *)a + at, (const char *)b + at)) {
            return false;
        }
    }
    return true;
}

/* As deep as structs nest in the declaration. */
bool
akti_payload_equal(const akt_type *type, const void *a, const void *b)
{
    uint32_t i;

    for (i = 0; i < type->field_count; i++) {
        if (!same_field(&type->fields()[i], a, b)) {
            return false;
        }
    }
    return true;
}
