/* SPDX-License-Identifier: MIT */
/*
 * Writing: libcbor writes a head into a few bytes, or straight into the buffer
 * where it has room for any. Pure functions of the writer.
 */
#include "actors/net/cbor.h"

#include <cbor.h>
#include <float.h>
#include <math.h>
#include <string.h>

enum {
    HEAD_MAX = 9 /* the longest head: a byte and 8 of a number */
};

static bool
has_room(const struct akti_cbor_writer *w, size_t length)
{
    return w->used <= w->size && length <= w->size - w->used;
}

static void
put_raw(struct akti_cbor_writer *w, const void *ptr, size_t length)
{
    if (length > 0 && has_room(w, length)) {
        memcpy(w->buffer + w->used, ptr, length);
    }
    w->used += length;
}

/* `encode` is one of libcbor's; they answer how much they have written. */
static void
put_head(struct akti_cbor_writer *w, uint64_t value,
         size_t encode(uint64_t, unsigned char *, size_t))
{
    unsigned char head[HEAD_MAX];

    if (has_room(w, HEAD_MAX)) {
        w->used += encode(value, w->buffer + w->used, HEAD_MAX);
        return;
    }
    put_raw(w, head, encode(value, head, HEAD_MAX));
}

void
akti_cbor_put_uint(struct akti_cbor_writer *w, uint64_t value)
{
    put_head(w, value, cbor_encode_uint);
}

void
akti_cbor_put_int(struct akti_cbor_writer *w, int64_t value)
{
    if (value < 0) {
        put_head(w, ~(uint64_t)value, cbor_encode_negint);
    } else {
        put_head(w, (uint64_t)value, cbor_encode_uint);
    }
}

void
akti_cbor_put_bool(struct akti_cbor_writer *w, bool value)
{
    unsigned char head[HEAD_MAX];

    put_raw(w, head, cbor_encode_bool(value, head, HEAD_MAX));
}

/* Whether 2 bytes keep it; not asked of what is no number. */
static bool
is_half(float value)
{
    uint32_t bits;
    uint32_t fraction;
    int exponent;

    memcpy(&bits, &value, sizeof(bits));
    exponent = (int)(bits >> 23 & 0xff) - 127;
    fraction = bits & 0x7fffff;
    if ((bits & 0x7fffffff) == 0 || isinf(value)) {
        return true;
    }
    if (exponent >= -14 && exponent <= 15) {
        return (fraction & 0x1fff) == 0;
    }
    /* Below that it is a multiple of 2^-24. */
    return exponent >= -24 && exponent < -14
           && ((fraction | 0x800000)
               & (((uint32_t)1 << (unsigned)(-1 - exponent)) - 1))
                  == 0;
}

static bool
is_single(double value)
{
    return isinf(value)
           || (fabs(value) <= (double)FLT_MAX && (double)(float)value == value);
}

void
akti_cbor_put_double(struct akti_cbor_writer *w, double value)
{
    unsigned char head[HEAD_MAX];
    size_t length;

    if (isnan(value)) {
        length = cbor_encode_half(NAN, head, HEAD_MAX);
    } else if (!is_single(value)) {
        length = cbor_encode_double(value, head, HEAD_MAX);
    } else if (!is_half((float)value)) {
        length = cbor_encode_single((float)value, head, HEAD_MAX);
    } else {
        length = cbor_encode_half((float)value, head, HEAD_MAX);
    }
    put_raw(w, head, length);
}

void
akti_cbor_put_text(struct akti_cbor_writer *w, const void *ptr, size_t length)
{
    put_head(w, length, cbor_encode_string_start);
    put_raw(w, ptr, length);
}

void
akti_cbor_put_bytes(struct akti_cbor_writer *w, const void *ptr, size_t length)
{
    put_head(w, length, cbor_encode_bytestring_start);
    put_raw(w, ptr, length);
}

void
akti_cbor_put_array(struct akti_cbor_writer *w, size_t count)
{
    put_head(w, count, cbor_encode_array_start);
}

void
akti_cbor_put_map(struct akti_cbor_writer *w, size_t count)
{
    put_head(w, count, cbor_encode_map_start);
}
