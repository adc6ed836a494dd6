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

/*
 * A double in 2 bytes: whether they keep it, and then the bits. Not asked of what
 * is no number. (libcbor 0.8 rounds those below 2^-14 to others, though there are
 * bits for them.)
 */
static bool
to_half(float value, uint16_t *out)
{
    uint32_t bits;
    uint32_t fraction;
    uint32_t lost; /* bits of the fraction that there is no room for */
    int exponent;

    memcpy(&bits, &value, sizeof(bits));
    *out = (uint16_t)(bits >> 16 & 0x8000);
    exponent = (int)(bits >> 23 & 0xff) - 127;
    fraction = bits & 0x7fffff;
    if ((bits & 0x7fffffff) == 0) {
        return true;
    }
    if (isinf(value)) {
        *out |= 0x7c00;
        return true;
    }
    if (exponent < -24 || exponent > 15) {
        return false;
    }
    if (exponent >= -14) {
        *out |= (uint16_t)((uint32_t)(exponent + 15) << 10 | fraction >> 13);
        return (fraction & 0x1fff) == 0;
    }
    lost = (uint32_t)(-1 - exponent);
    fraction |= 0x800000;
    *out |= (uint16_t)(fraction >> lost);
    return (fraction & ((UINT32_C(1) << lost) - 1)) == 0;
}

static bool
is_single(double value)
{
    return isinf(value)
           || (fabs(value) <= (double)FLT_MAX && (double)(float)value == value);
}

static void
put_half(struct akti_cbor_writer *w, uint16_t bits)
{
    unsigned char item[] = {0xf9, (unsigned char)(bits >> 8),
                            (unsigned char)(bits & 0xff)};

    put_raw(w, item, sizeof(item));
}

void
akti_cbor_put_double(struct akti_cbor_writer *w, double value)
{
    unsigned char head[HEAD_MAX];
    uint16_t half = 0x7e00; /* what is no number */

    if (isnan(value) || (is_single(value) && to_half((float)value, &half))) {
        put_half(w, half);
    } else if (is_single(value)) {
        put_raw(w, head, cbor_encode_single((float)value, head, HEAD_MAX));
    } else {
        put_raw(w, head, cbor_encode_double(value, head, HEAD_MAX));
    }
}

void
akti_cbor_put_text(struct akti_cbor_writer *w, const void *ptr, size_t length)
{
    put_head(w, length, cbor_encode_string_start);
    put_raw(w, ptr, length);
}

void
akti_cbor_put_bytes_head(struct akti_cbor_writer *w, size_t length)
{
    put_head(w, length, cbor_encode_bytestring_start);
}

void
akti_cbor_put_bytes(struct akti_cbor_writer *w, const void *ptr, size_t length)
{
    akti_cbor_put_bytes_head(w, length);
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
