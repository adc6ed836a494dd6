/* SPDX-License-Identifier: MIT */
/*
 * Reading: libcbor is given what is left and tells the one item that begins
 * there by a callback, which notes it. The reader of one message is used by one
 * thread.
 */
#include "actors/net/cbor.h"

#include "actors/base/mutant.h"

#include <cbor.h>
#include <math.h>

/* What a callback notes. */
struct note {
    struct akti_cbor_item *item;
    bool chunked;
    bool stray; /* a break, which is no item */
};

static void
note_number(void *context, enum akti_cbor_kind kind, uint64_t number)
{
    struct note *note = context;

    note->item->kind = kind;
    note->item->number = number;
}

static void
on_uint8(void *context, uint8_t value)
{
    note_number(context, AKTI_CBOR_UINT, value);
}

static void
on_uint16(void *context, uint16_t value)
{
    note_number(context, AKTI_CBOR_UINT, value);
}

static void
on_uint32(void *context, uint32_t value)
{
    note_number(context, AKTI_CBOR_UINT, value);
}

static void
on_uint64(void *context, uint64_t value)
{
    note_number(context, AKTI_CBOR_UINT, value);
}

static void
on_negint8(void *context, uint8_t value)
{
    note_number(context, AKTI_CBOR_NEGINT, value);
}

static void
on_negint16(void *context, uint16_t value)
{
    note_number(context, AKTI_CBOR_NEGINT, value);
}

static void
on_negint32(void *context, uint32_t value)
{
    note_number(context, AKTI_CBOR_NEGINT, value);
}

static void
on_negint64(void *context, uint64_t value)
{
    note_number(context, AKTI_CBOR_NEGINT, value);
}

static void
on_bytes(void *context, cbor_data data, size_t length)
{
    ((struct note *)context)->item->ptr = data;
    note_number(context, AKTI_CBOR_BYTES, length);
}

static void
on_text(void *context, cbor_data data, size_t length)
{
    ((struct note *)context)->item->ptr = data;
    note_number(context, AKTI_CBOR_TEXT, length);
}

static void
on_chunks(void *context)
{
    ((struct note *)context)->chunked = true;
}

static void
on_array(void *context, size_t count)
{
    note_number(context, AKTI_CBOR_ARRAY, count);
}

static void
on_map(void *context, size_t count)
{
    note_number(context, AKTI_CBOR_MAP, count);
}

static void
on_open_array(void *context)
{
    ((struct note *)context)->item->open = true;
    note_number(context, AKTI_CBOR_ARRAY, 0);
}

static void
on_open_map(void *context)
{
    ((struct note *)context)->item->open = true;
    note_number(context, AKTI_CBOR_MAP, 0);
}

static void
on_tag(void *context, uint64_t value)
{
    note_number(context, AKTI_CBOR_TAG, value);
}

static void
on_double(void *context, double value)
{
    struct note *note = context;

    note->item->kind = AKTI_CBOR_FLOAT;
    note->item->real = isnan(value) ? (double)NAN : value;
}

static void
on_float(void *context, float value)
{
    on_double(context, (double)value);
}

static void
on_simple(void *context)
{
    note_number(context, AKTI_CBOR_SIMPLE, 0);
}

static void
on_bool(void *context, bool value)
{
    note_number(context, AKTI_CBOR_BOOL, value ? 1 : 0);
}

static void
on_break(void *context)
{
    ((struct note *)context)->stray = true;
}

static const struct cbor_callbacks callbacks = {
    .uint8 = on_uint8,
    .uint16 = on_uint16,
    .uint32 = on_uint32,
    .uint64 = on_uint64,
    .negint8 = on_negint8,
    .negint16 = on_negint16,
    .negint32 = on_negint32,
    .negint64 = on_negint64,
    .byte_string_start = on_chunks,
    .byte_string = on_bytes,
    .string = on_text,
    .string_start = on_chunks,
    .indef_array_start = on_open_array,
    .array_start = on_array,
    .indef_map_start = on_open_map,
    .map_start = on_map,
    .tag = on_tag,
    .float2 = on_float,
    .float4 = on_float,
    .float8 = on_double,
    .undefined = on_simple,
    .null = on_simple,
    .boolean = on_bool,
    .indef_break = on_break,
};

/*
 * Simple values that nobody has given a meaning, which libcbor takes for errors.
 * Those of two bytes begin at 32.
 */
static bool
read_simple(struct akti_cbor_reader *r, struct akti_cbor_item *out)
{
    size_t length = *r->at == 0xf8 ? 2 : 1;

    if ((*r->at < 0xe0 || *r->at > 0xf3) && length == 1) {
        return false;
    }
    if ((size_t)(r->end - r->at) < length || (length == 2 && r->at[1] < 32)) {
        return false;
    }
    *out = (struct akti_cbor_item){.kind = AKTI_CBOR_SIMPLE};
    r->at += length;
    return true;
}

/* Whether so many elements can be in what is left: each has a byte. */
static bool
has_room(const struct akti_cbor_item *item, size_t left)
{
    uint64_t each = item->kind == AKTI_CBOR_MAP ? 2 : 1;

    return (item->kind != AKTI_CBOR_ARRAY && item->kind != AKTI_CBOR_MAP)
           || AKTI_MUTANT(wire_count_believed) || item->number <= left / each;
}

enum akti_cbor_status
akti_cbor_read(struct akti_cbor_reader *r, struct akti_cbor_item *out)
{
    size_t left = (size_t)(r->end - r->at);
    struct note note = {out, false, false};
    struct cbor_decoder_result result;

    if (left > 0 && *r->at >= 0xe0 && read_simple(r, out)) {
        return AKTI_CBOR_OK;
    }
    out->open = false;
    result = cbor_stream_decode(r->at, left, &callbacks, &note);
    if (result.status == CBOR_DECODER_NEDATA) {
        return AKTI_CBOR_SHORT;
    }
    if (result.status != CBOR_DECODER_FINISHED || note.stray) {
        return left == 1 && *r->at == 0xf8 ? AKTI_CBOR_SHORT
                                           : AKTI_CBOR_MALFORMED;
    }
    if (note.chunked) {
        return AKTI_CBOR_CHUNKED;
    }
    if (!has_room(out, left - result.read)) {
        return AKTI_CBOR_SHORT;
    }
    r->at += result.read;
    return AKTI_CBOR_OK;
}
