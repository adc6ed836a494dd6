/* SPDX-License-Identifier: MIT */
/*
 * Reading a message into its struct. The recursion is as deep as the input nests,
 * which akti_wire_enter bounds; each item is read once. The keys of a map rise,
 * so that one that comes twice is seen without a list of those that have been.
 */
#include "actors/net/wire.h"

#include "actors/base/mutant.h"

#include <string.h>

static akt_err read_message(struct akti_wire_input *in,
                            const struct akti_wire_place *place,
                            const akt_type *type, void *out);

static akt_err
read_element(struct akti_wire_input *in, const struct akti_wire_place *place,
             void *value)
{
    if (place->field->kind == AKT_KIND_MESSAGE) {
        return read_message(in, place, place->field->type, value);
    }
    return akti_wire_read_value(in, place, value);
}

/* Elements that are not there stay zero. */
static akt_err
read_array(struct akti_wire_input *in, const struct akti_wire_place *place,
           void *value)
{
    const akt_field *field = place->field;
    const unsigned char *at = in->reader.at;
    struct akti_wire_place element = {place, field, 0, true};
    struct akti_cbor_item item;
    struct akti_cbor_rest rest;

    AKT_TRY(akti_wire_next(in, place, &item));
    if (item.kind != AKTI_CBOR_ARRAY) {
        return akti_wire_unexpected(in, place, at, &item, "an array");
    }
    AKT_TRY(akti_wire_enter(in, place, at));
    rest = akti_cbor_rest_of(&item);
    while (akti_cbor_more(&in->reader, &rest)) {
        if (element.index >= field->count + AKTI_MUTANT(wire_array_too_long)) {
            return akti_wire_refuse(in, place, in->reader.at,
                                    "more than %u elements",
                                    (unsigned)field->count);
        }
        AKT_TRY(read_element(in, &element,
                             (char *)value
                                 + (size_t)element.index * field->stride));
        element.index++;
    }
    in->depth--;
    return AKT_OK;
}

/* The next key, which is greater than the one before. */
static akt_err
read_key(struct akti_wire_input *in, const struct akti_wire_place *place,
         bool is_first, uint64_t *key)
{
    const unsigned char *at = in->reader.at;
    struct akti_cbor_item item;

    AKT_TRY(akti_wire_next(in, place, &item));
    if (item.kind != AKTI_CBOR_UINT) {
        return akti_wire_unexpected(in, place, at, &item,
                                    "the number of a field");
    }
    if (!is_first && item.number <= *key
        && !(AKTI_MUTANT(wire_key_twice) && item.number == *key)) {
        return akti_wire_refuse(in, place, at,
                                item.number == *key
                                    ? "a field that was there already"
                                    : "the numbers of fields do not rise");
    }
    *key = item.number;
    return AKT_OK;
}

static akt_err
read_field(struct akti_wire_input *in, const struct akti_wire_place *up,
           const akt_type *type, uint64_t key, void *out)
{
    struct akti_wire_place place = {up, NULL, 0, false};

    if (key == 0 || key > type->field_count) {
        return akti_wire_skip(in, &place);
    }
    place.field = &type->fields()[key - 1];
    out = (char *)out + place.field->offset;
    return place.field->count > 1 ? read_array(in, &place, out)
                                  : read_element(in, &place, out);
}

static akt_err
read_message(struct akti_wire_input *in, const struct akti_wire_place *place,
             const akt_type *type, void *out)
{
    const unsigned char *at = in->reader.at;
    struct akti_cbor_item item;
    struct akti_cbor_rest rest;
    bool is_first = true;
    uint64_t key = 0;

    AKT_TRY(akti_wire_next(in, place, &item));
    if (item.kind != AKTI_CBOR_MAP) {
        return akti_wire_unexpected(in, place, at, &item, "a message (a map)");
    }
    AKT_TRY(akti_wire_enter(in, place, at));
    rest = akti_cbor_rest_of(&item);
    while (akti_cbor_more(&in->reader, &rest)) {
        AKT_TRY(read_key(in, place, is_first, &key));
        AKT_TRY(read_field(in, place, type, key, out));
        is_first = false;
    }
    in->depth--;
    return AKT_OK;
}

static akt_err
read_named(struct akti_wire_input *in, const akt_type *type, void *out)
{
    char shown[AKTI_WIRE_NAME_SIZE];
    const unsigned char *at;
    struct akti_cbor_rest rest = {0, false};
    akt_text name = {NULL, 0};

    AKT_TRY(akti_wire_read_name(in, &name, &rest));
    if (!akt_text_equal(name, akt_text_of(type->name))) {
        return akt_error_set(in->error, AKT_ETYPE,
                             "a \"%s\" where a message \"%s\" is expected",
                             akti_wire_show(name, shown), type->name);
    }
    (void)akti_cbor_more(&in->reader, &rest);
    AKT_TRY(read_message(in, NULL, type, out));
    at = in->reader.at;
    if (akti_cbor_more(&in->reader, &rest)) {
        return akti_wire_refuse(in, NULL, at,
                                "the array has to end behind the message");
    }
    return AKT_OK;
}

static akt_err
read_all(struct akti_wire_input *in, akt_wire_form form, const akt_type *type,
         void *out)
{
    const struct akti_cbor_reader *r = &in->reader;

    AKT_TRY(form == AKT_WIRE_NAMED ? read_named(in, type, out)
                                   : read_message(in, NULL, type, out));
    if (r->at != r->end && !AKTI_MUTANT(wire_trailing_taken)) {
        return akti_wire_refuse(in, NULL, r->at,
                                "there is something behind the message");
    }
    return AKT_OK;
}

akt_err
akt_wire_decode(akt_wire_form form, const akt_type *type, akt_bytes input,
                void *out_message, akt_error *error)
{
    const unsigned char *begin = input.ptr;
    struct akti_wire_input in = {
        {begin, begin, begin != NULL ? begin + input.len : begin},
        type->name,
        0,
        error};
    akt_err err;

    if (type->size > 0) {
        memset(out_message, 0, type->size);
    }
    if ((type->flags & AKT_TYPE_LOCAL) != 0) {
        return akt_error_set(
            error, AKT_ETYPE,
            "%s has no field list, so it cannot leave the process", type->name);
    }
    err = read_all(&in, form, type, out_message);
    if (err != AKT_OK && type->size > 0) {
        memset(out_message, 0, type->size);
    }
    return err;
}
