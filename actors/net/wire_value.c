/* SPDX-License-Identifier: MIT */
/*
 * Values that are neither arrays nor messages: what an item may be for each kind
 * of field. Taken is what loses nothing; WIRE.md has the rules.
 */
#include "actors/net/utf8.h"
#include "actors/net/wire.h"

#include "actors/base/mutant.h"

#include <math.h>

/* Below 2^53 a double that is whole is the nearest of no other integer. */
#define TWO_TO_53 9007199254740992.0
#define TWO_TO_64 18446744073709551616.0

/* A float that is a whole number and means no other. */
static void
float_to_integer(struct akti_cbor_item *item)
{
    double x = item->real;

    if (!(fabs(x) < TWO_TO_53) || (double)(int64_t)x != x
        || (x == 0 && signbit(x))) {
        return;
    }
    item->kind = x < 0 ? AKTI_CBOR_NEGINT : AKTI_CBOR_UINT;
    item->number = x < 0 ? (uint64_t)(-x) - 1 : (uint64_t)x;
}

/* The greatest of a kind; of the signed ones -1 less that is the least. */
static uint64_t
greatest(akt_kind kind)
{
    switch (kind) {
    case AKT_KIND_I8:
        return INT8_MAX;
    case AKT_KIND_I16:
        return INT16_MAX;
    case AKT_KIND_I32:
        return INT32_MAX;
    case AKT_KIND_I64:
        return INT64_MAX;
    case AKT_KIND_U8:
        return UINT8_MAX;
    case AKT_KIND_U16:
        return UINT16_MAX;
    case AKT_KIND_U32:
        return UINT32_MAX;
    default:
        return UINT64_MAX;
    }
}

static const char *
kind_name(akt_kind kind)
{
    static const char *const names[] = {
        [AKT_KIND_I8] = "an i8",    [AKT_KIND_I16] = "an i16",
        [AKT_KIND_I32] = "an i32",  [AKT_KIND_I64] = "an i64",
        [AKT_KIND_U8] = "a u8",     [AKT_KIND_U16] = "a u16",
        [AKT_KIND_U32] = "a u32",   [AKT_KIND_U64] = "a u64",
        [AKT_KIND_BOOL] = "a bool", [AKT_KIND_F64] = "an f64",
        [AKT_KIND_TEXT] = "a text", [AKT_KIND_BYTES] = "bytes",
        [AKT_KIND_REF] = "nothing",
    };

    return names[kind];
}

/* Signed and unsigned of one width may stand for each other in memory. */
static void
store_integer(const akt_field *field, void *value, uint64_t number)
{
    switch (field->stride) {
    case 1:
        *(uint8_t *)value = (uint8_t)number;
        break;
    case 2:
        *(uint16_t *)value = (uint16_t)number;
        break;
    case 4:
        *(uint32_t *)value = (uint32_t)number;
        break;
    default:
        *(uint64_t *)value = number;
        break;
    }
}

/* Whether the integer is in the field's range. */
static bool
is_in_range(akt_kind kind, const struct akti_cbor_item *item)
{
    uint64_t most = greatest(kind);

    if (AKTI_MUTANT(wire_range_one_more) && most < UINT64_MAX) {
        most++;
    }
    return item->number <= most
           && (item->kind == AKTI_CBOR_UINT || kind <= AKT_KIND_I64);
}

static akt_err
read_integer(struct akti_wire_input *in, const struct akti_wire_place *place,
             const unsigned char *at, struct akti_cbor_item *item, void *value)
{
    akt_kind kind = place->field->kind;

    if (item->kind == AKTI_CBOR_FLOAT) {
        float_to_integer(item);
    }
    if (item->kind != AKTI_CBOR_UINT && item->kind != AKTI_CBOR_NEGINT) {
        return akti_wire_unexpected(in, place, at, item, kind_name(kind));
    }
    if (!is_in_range(kind, item)) {
        return akti_wire_refuse(in, place, at, "not in the range of %s",
                                kind_name(kind));
    }
    store_integer(place->field, value,
                  item->kind == AKTI_CBOR_UINT ? item->number : ~item->number);
    return AKT_OK;
}

/* An integer is taken for a double if that keeps it. */
static bool
integer_to_double(const struct akti_cbor_item *item, double *out)
{
    bool is_negative = item->kind == AKTI_CBOR_NEGINT;
    uint64_t magnitude = item->number + (is_negative ? 1 : 0);
    double x = (double)magnitude;

    if (is_negative && magnitude == 0) {
        *out = -TWO_TO_64;
        return true;
    }
    *out = is_negative ? -x : x;
    return x < TWO_TO_64 && (uint64_t)x == magnitude;
}

static akt_err
read_double(struct akti_wire_input *in, const struct akti_wire_place *place,
            const unsigned char *at, const struct akti_cbor_item *item,
            double *value)
{
    if (item->kind == AKTI_CBOR_FLOAT) {
        *value = item->real;
        return AKT_OK;
    }
    if (item->kind != AKTI_CBOR_UINT && item->kind != AKTI_CBOR_NEGINT) {
        return akti_wire_unexpected(in, place, at, item, "an f64");
    }
    if (!integer_to_double(item, value)) {
        return akti_wire_refuse(in, place, at,
                                "an integer that an f64 cannot hold");
    }
    return AKT_OK;
}

static akt_err
read_text(struct akti_wire_input *in, const struct akti_wire_place *place,
          const unsigned char *at, const struct akti_cbor_item *item,
          akt_text *value)
{
    if (!akti_utf8_is_valid(item->ptr, item->number)
        && !AKTI_MUTANT(wire_utf8_unchecked)) {
        return akti_wire_refuse(in, place, at, "a text that is not UTF-8");
    }
    *value = (akt_text){item->number > 0 ? (const char *)item->ptr : NULL,
                        item->number};
    return AKT_OK;
}

akt_err
akti_wire_read_value(struct akti_wire_input *in,
                     const struct akti_wire_place *place, void *value)
{
    const unsigned char *at = in->reader.at;
    akt_kind kind = place->field->kind;
    struct akti_cbor_item item;

    AKT_TRY(akti_wire_next(in, place, &item));
    if (kind <= AKT_KIND_U64) {
        return read_integer(in, place, at, &item, value);
    }
    if (kind == AKT_KIND_F64) {
        return read_double(in, place, at, &item, value);
    }
    if (kind == AKT_KIND_BOOL && item.kind == AKTI_CBOR_BOOL) {
        *(bool *)value = item.number != 0;
        return AKT_OK;
    }
    if (kind == AKT_KIND_TEXT && item.kind == AKTI_CBOR_TEXT) {
        return read_text(in, place, at, &item, value);
    }
    if (kind == AKT_KIND_BYTES && item.kind == AKTI_CBOR_BYTES) {
        *(akt_bytes *)value =
            (akt_bytes){item.number > 0 ? item.ptr : NULL, item.number};
        return AKT_OK;
    }
    return akti_wire_unexpected(in, place, at, &item, kind_name(kind));
}
