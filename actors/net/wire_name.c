/* SPDX-License-Identifier: MIT */
/* What is around a named message: an array of two, the type's name in front. */
#include "actors/net/wire.h"

#include <string.h>

akt_err
akti_wire_read_name(struct akti_wire_input *in, akt_text *out_name,
                    struct akti_cbor_rest *out_rest)
{
    const unsigned char *at = in->reader.at;
    struct akti_cbor_item item;

    AKT_TRY(akti_wire_next(in, NULL, &item));
    if (item.kind != AKTI_CBOR_ARRAY || (!item.open && item.number != 2)) {
        return akti_wire_unexpected(in, NULL, at, &item,
                                    "an array of two, a name and a message,");
    }
    *out_rest = akti_cbor_rest_of(&item);
    at = in->reader.at;
    (void)akti_cbor_more(&in->reader, out_rest);
    AKT_TRY(akti_wire_next(in, NULL, &item));
    if (item.kind != AKTI_CBOR_TEXT) {
        return akti_wire_unexpected(in, NULL, at, &item,
                                    "the name of a message");
    }
    *out_name = (akt_text){(const char *)item.ptr, item.number};
    return AKT_OK;
}

akt_err
akt_wire_type_of(const akt_type *const *types, akt_bytes input,
                 const akt_type **out_type, akt_error *error)
{
    const unsigned char *begin = input.ptr;
    struct akti_wire_input in = {
        {begin, begin, begin != NULL ? begin + input.len : begin},
        "message",
        0,
        error};
    char shown[AKTI_WIRE_NAME_SIZE];
    struct akti_cbor_rest rest;
    akt_text name = {NULL, 0};

    AKT_TRY(akti_wire_read_name(&in, &name, &rest));
    for (; *types != NULL; types++) {
        if (akt_text_equal(akt_text_of((*types)->name), name)) {
            *out_type = *types;
            return AKT_OK;
        }
    }
    return akt_error_set(error, AKT_ETYPE,
                         "no message that is taken here is called \"%s\"",
                         akti_wire_show(name, shown));
}
