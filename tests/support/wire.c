/* SPDX-License-Identifier: MIT */
#include "tests/support/wire.h"

#include "actors/test/probe.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const akt_type *const wire_types[] = {&order_type,  &point_type, &drawing_type,
                                      &limits_type, &link_type,  &tick_type,
                                      NULL};

akt_err
wire_encode(akt_wire_form form, const akt_type *type, const void *message,
            akt_bytes room, size_t *length)
{
    akt_wire_buffer buffer = {.ptr = (void *)(uintptr_t)room.ptr,
                              .size = room.len};
    akt_err err = akt_wire_encode(form, type, message, &buffer, NULL);

    *length = err == AKT_OK ? buffer.length : *length;
    return err;
}

/* --- types at random --- */

enum {
    SLOTS = 8,
    FIELDS = 7
};

static akt_field tables[SLOTS][FIELDS];
static akt_type types[SLOTS];
static unsigned depths[SLOTS];

#define FIELDS_OF(n)                                                           \
    static const akt_field *fields_##n(void)                                   \
    {                                                                          \
        return tables[n];                                                      \
    }
FIELDS_OF(0)
FIELDS_OF(1)
FIELDS_OF(2)
FIELDS_OF(3)
FIELDS_OF(4)
FIELDS_OF(5)
FIELDS_OF(6)
FIELDS_OF(7)

static const akt_field *(*const fields_of[SLOTS])(void) = {
    fields_0, fields_1, fields_2, fields_3,
    fields_4, fields_5, fields_6, fields_7};

static uint32_t
size_of(akt_kind kind)
{
    static const uint32_t sizes[] = {
        [AKT_KIND_I8] = 1,
        [AKT_KIND_I16] = 2,
        [AKT_KIND_I32] = 4,
        [AKT_KIND_I64] = 8,
        [AKT_KIND_U8] = 1,
        [AKT_KIND_U16] = 2,
        [AKT_KIND_U32] = 4,
        [AKT_KIND_U64] = 8,
        [AKT_KIND_BOOL] = sizeof(bool),
        [AKT_KIND_F64] = sizeof(double),
        [AKT_KIND_TEXT] = sizeof(akt_text),
        [AKT_KIND_BYTES] = sizeof(akt_bytes),
        [AKT_KIND_REF] = sizeof(akt_ref),
    };

    return sizes[kind];
}

/* A field in front of which `size` bytes are used; answers how many then are. */
static uint32_t
random_field(struct akti_random *random, uint32_t slot, uint32_t number,
             uint32_t size)
{
    akt_field *f = &tables[slot][number];
    akt_kind kind = (akt_kind)(1 + akti_random_below(random, AKT_KIND_MESSAGE));
    uint32_t nested = slot > 0 ? akti_random_below(random, slot) : 0;
    bool is_array = akti_random_below(random, 3) == 0;

    if (kind == AKT_KIND_MESSAGE
        && (slot == 0
            || depths[nested] + (is_array ? 2u : 1u) > AKT_WIRE_DEPTH_MAX
            || types[nested].size > 1024)) {
        kind = AKT_KIND_I32;
    }
    f->name = "field";
    f->kind = kind;
    f->count = is_array ? 2 + akti_random_below(random, 5) : 1;
    f->type = kind == AKT_KIND_MESSAGE ? &types[nested] : NULL;
    f->stride = f->type != NULL ? f->type->size : size_of(kind);
    f->offset = (size + 7) & ~7u;
    if (f->type != NULL
        && depths[nested] + (is_array ? 2u : 1u) > depths[slot]) {
        depths[slot] = depths[nested] + (is_array ? 2 : 1);
    }
    if (is_array && depths[slot] < 2) {
        depths[slot] = 2;
    }
    return f->offset + f->count * f->stride;
}

const akt_type *
wire_random_type(struct akti_random *random)
{
    uint32_t last = akti_random_below(random, SLOTS);
    uint32_t slot;

    for (slot = 0; slot <= last; slot++) {
        uint32_t count = 1 + akti_random_below(random, FIELDS);
        uint32_t size = 0;
        uint32_t i;

        depths[slot] = 1;
        for (i = 0; i < count; i++) {
            size = random_field(random, slot, i, size);
        }
        types[slot] = (akt_type){.name = "random",
                                 .fields = fields_of[slot],
                                 .field_count = count,
                                 .size = (size + 7) & ~7u,
                                 .align = 8};
    }
    return &types[last];
}

/* --- messages at random --- */

/* Small, at an edge, or anything. */
static uint64_t
random_number(struct akti_random *random)
{
    uint64_t number = akti_random_next(random);

    switch (akti_random_below(random, 4)) {
    case 0:
        return number & 0x1f;
    case 1:
        return (UINT64_C(1) << (number & 63)) - (number >> 63);
    case 2:
        return ~(number & 0xffff);
    default:
        return number;
    }
}

static double
random_double(struct akti_random *random)
{
    static const double special[] = {0.0,         -0.0,
                                     (double)NAN, (double)INFINITY,
                                     65504.0,     5.960464477539063e-8,
                                     1.5,         -(double)INFINITY};
    uint64_t bits = akti_random_next(random);
    double value;

    switch (akti_random_below(random, 4)) {
    case 0:
        return special[bits & 7];
    case 1:
        return (double)(int64_t)random_number(random) / 256;
    case 2:
        value = (double)(float)ldexp((double)(bits & 0xfff),
                                     (int)(bits >> 58) - 40);
        return value;
    default:
        memcpy(&value, &bits, sizeof(value));
        return isnan(value) ? (double)NAN : value;
    }
}

size_t
wire_utf8(uint32_t c, unsigned char *out)
{
    if (c < 0x80) {
        out[0] = (unsigned char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (unsigned char)(0xc0 | c >> 6);
        out[1] = (unsigned char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (unsigned char)(0xe0 | c >> 12);
        out[1] = (unsigned char)(0x80 | (c >> 6 & 0x3f));
        out[2] = (unsigned char)(0x80 | (c & 0x3f));
        return 3;
    }
    out[0] = (unsigned char)(0xf0 | c >> 18);
    out[1] = (unsigned char)(0x80 | (c >> 12 & 0x3f));
    out[2] = (unsigned char)(0x80 | (c >> 6 & 0x3f));
    out[3] = (unsigned char)(0x80 | (c & 0x3f));
    return 4;
}

/* One character; returns its length. */
static size_t
random_character(struct akti_random *random, unsigned char *out)
{
    uint32_t c = akti_random_below(random, 0x60) + 0x20;

    if (akti_random_below(random, 4) > 0) {
        *out = (unsigned char)c;
        return 1;
    }
    c = akti_random_below(random, 0x10f800);
    c = c >= 0xd800 ? c + 0x800 : c;
    return wire_utf8(c, out);
}

static akt_bytes
random_bytes(struct akti_random *random, struct wire_arena *arena, bool text)
{
    size_t wanted = akti_random_below(random, 30);
    unsigned char *begin = arena->bytes + arena->used;
    size_t n = 0;

    if (arena->used + wanted + 4 > sizeof(arena->bytes)) {
        return (akt_bytes){NULL, 0};
    }
    while (n < wanted) {
        if (text) {
            n += random_character(random, begin + n);
        } else {
            begin[n++] = (unsigned char)akti_random_next(random);
        }
    }
    arena->used += n;
    return (akt_bytes){n > 0 ? begin : NULL, n};
}

static void
random_value(struct akti_random *random, const akt_field *f,
             struct wire_arena *arena, void *value)
{
    uint64_t number = random_number(random);

    switch (f->kind) {
    case AKT_KIND_BOOL:
        *(bool *)value = (number & 1) != 0;
        break;
    case AKT_KIND_F64:
        *(double *)value = random_double(random);
        break;
    case AKT_KIND_TEXT:
    case AKT_KIND_BYTES:
        *(akt_bytes *)value =
            random_bytes(random, arena, f->kind == AKT_KIND_TEXT);
        break;
    case AKT_KIND_REF:
        break;
    case AKT_KIND_MESSAGE:
        wire_random_message(random, f->type, arena, value);
        break;
    default:
        memcpy(value, &number, f->stride); /* little or big: any number */
        break;
    }
}

void
wire_random_message(struct akti_random *random, const akt_type *type,
                    struct wire_arena *arena, void *out)
{
    const akt_field *fields = type->field_count > 0 ? type->fields() : NULL;
    uint32_t i;
    uint32_t k;

    memset(out, 0, type->size);
    for (i = 0; i < type->field_count; i++) {
        for (k = 0; k < fields[i].count; k++) {
            if (akti_random_below(random, 4) > 0) {
                random_value(random, &fields[i], arena,
                             (char *)out + fields[i].offset
                                 + (size_t)k * fields[i].stride);
            }
        }
    }
}

/* --- inputs --- */

/* Bytes that mean something where an item begins. */
static unsigned char
random_byte(struct akti_random *random)
{
    static const unsigned char heads[] = {
        0x00, 0x18, 0x1b, 0x20, 0x3b, 0x40, 0x5f, 0x60, 0x7b, 0x7f, 0x80,
        0x9b, 0x9f, 0xa0, 0xa1, 0xbb, 0xbf, 0xc1, 0xd8, 0xe0, 0xf4, 0xf5,
        0xf6, 0xf7, 0xf8, 0xf9, 0xfa, 0xfb, 0xfe, 0xff, 0x01, 0x02};

    return akti_random_below(random, 2) == 0
               ? heads[akti_random_below(random, sizeof(heads))]
               : (unsigned char)akti_random_next(random);
}

size_t
wire_mutate(struct akti_random *random, unsigned char *bytes, size_t length,
            size_t size)
{
    uint32_t edits = 1 + akti_random_below(random, 3);

    while (edits-- > 0) {
        size_t at = akti_random_below(random, (uint32_t)length + 1);

        switch (akti_random_below(random, 4)) {
        case 0: /* cut */
            length = akti_random_below(random, 8) == 0 ? at : length;
            break;
        case 1: /* put in */
            if (length < size) {
                memmove(bytes + at + 1, bytes + at, length - at);
                bytes[at] = random_byte(random);
                length++;
            }
            break;
        case 2: /* take out */
            if (at < length) {
                memmove(bytes + at, bytes + at + 1, length - at - 1);
                length--;
            }
            break;
        default:
            if (at < length) {
                bytes[at] = random_byte(random);
            }
            break;
        }
    }
    return length;
}

static bool
same(const akt_type *type, const void *a, const void *b)
{
    return type->field_count == 0 || akti_payload_equal(type, a, b);
}

static const char *
refused(const akt_type *type, const struct wire_space *got,
        const akt_error *error, akt_err err)
{
    size_t i;

    if (error->code != err || error->length == 0) {
        return "refused without a sentence";
    }
    for (i = 0; i < type->size; i++) {
        if (got->bytes[i] != 0) {
            return "refused, and something was left";
        }
    }
    return NULL;
}

const char *
wire_oracle(akt_wire_form form, const akt_type *type, akt_bytes input,
            bool *out_taken)
{
    static struct wire_space first;
    static struct wire_space second;
    static unsigned char again[2][1 << 16];
    akt_error error = AKT_ERROR_NONE;
    size_t length[2] = {0, 0};
    akt_bytes bytes = {again[0], 0};
    akt_err err = akt_wire_decode(form, type, input, &first, &error);

    *out_taken = err == AKT_OK;
    if (err != AKT_OK) {
        return refused(type, &first, &error, err);
    }
    if (wire_encode(form, type, &first, (akt_bytes){again[0], sizeof(again[0])},
                    &length[0])
        != AKT_OK) {
        return "decoded, and not encoded again";
    }
    bytes.len = length[0];
    if (akt_wire_decode(form, type, bytes, &second, NULL) != AKT_OK) {
        return "its encoding is not decoded";
    }
    if (!same(type, &first, &second)) {
        return "its encoding is another message";
    }
    err = wire_encode(form, type, &second,
                      (akt_bytes){again[1], sizeof(again[1])}, &length[1]);
    return err == AKT_OK && length[1] == length[0]
                   && memcmp(again[0], again[1], length[0]) == 0
               ? NULL
               : "it has two encodings";
}

/* --- diagnostic notation --- */

static void
print_double(FILE *file, double value)
{
    char text[64];
    int precision;

    if (isnan(value)) {
        (void)fputs("NaN", file);
        return;
    }
    if (isinf(value)) {
        (void)fputs(value < 0 ? "-Infinity" : "Infinity", file);
        return;
    }
    for (precision = 1; precision <= 17; precision++) {
        (void)snprintf(text, sizeof(text), "%.*g", precision, value);
        if (strtod(text, NULL) == value) {
            break;
        }
    }
    (void)fprintf(file, "%s%s", text, strpbrk(text, ".e") == NULL ? ".0" : "");
}

static void
print_text(FILE *file, const akt_text *text)
{
    size_t i;

    (void)fputc('"', file);
    for (i = 0; i < text->len; i++) {
        unsigned char c = (unsigned char)text->ptr[i];

        if (c == '"' || c == '\\') {
            (void)fprintf(file, "\\%c", c);
        } else if (c < ' ' || c == 0x7f) {
            (void)fprintf(file, "\\u%04x", c);
        } else {
            (void)fputc(c, file);
        }
    }
    (void)fputc('"', file);
}

static void
print_bytes(FILE *file, const akt_bytes *bytes)
{
    const unsigned char *p = bytes->ptr;
    size_t i;

    (void)fputs("h'", file);
    for (i = 0; i < bytes->len; i++) {
        (void)fprintf(file, "%02x", p[i]);
    }
    (void)fputc('\'', file);
}

static int64_t
signed_of(const akt_field *f, const void *value)
{
    return f->stride == 1   ? *(const int8_t *)value
           : f->stride == 2 ? *(const int16_t *)value
           : f->stride == 4 ? *(const int32_t *)value
                            : *(const int64_t *)value;
}

static uint64_t
unsigned_of(const akt_field *f, const void *value)
{
    return f->stride == 1   ? *(const uint8_t *)value
           : f->stride == 2 ? *(const uint16_t *)value
           : f->stride == 4 ? *(const uint32_t *)value
                            : *(const uint64_t *)value;
}

static void print_message(FILE *file, const akt_type *type,
                          const void *message);

static void
print_value(FILE *file, const akt_field *f, const void *value)
{
    if (f->kind <= AKT_KIND_I64) {
        (void)fprintf(file, "%" PRId64, signed_of(f, value));
    } else if (f->kind <= AKT_KIND_U64) {
        (void)fprintf(file, "%" PRIu64, unsigned_of(f, value));
    } else if (f->kind == AKT_KIND_BOOL) {
        (void)fputs(*(const bool *)value ? "true" : "false", file);
    } else if (f->kind == AKT_KIND_F64) {
        print_double(file, *(const double *)value);
    } else if (f->kind == AKT_KIND_TEXT) {
        print_text(file, value);
    } else if (f->kind == AKT_KIND_BYTES) {
        print_bytes(file, value);
    } else if (f->kind == AKT_KIND_MESSAGE) {
        print_message(file, f->type, value);
    }
}

/* Whether a value is what a message of zeros has. */
static bool
is_default(const akt_field *f, const void *value)
{
    static const struct wire_space zero;

    if (f->kind == AKT_KIND_TEXT || f->kind == AKT_KIND_BYTES) {
        return ((const akt_bytes *)value)->len == 0;
    }
    if (f->kind == AKT_KIND_MESSAGE) {
        return akti_payload_equal(f->type, value, zero.bytes);
    }
    return memcmp(value, zero.bytes, f->stride) == 0;
}

static void
print_field(FILE *file, const akt_field *f, const char *value)
{
    uint32_t n = f->count;
    uint32_t k;

    if (f->count == 1) {
        print_value(file, f, value);
        return;
    }
    while (is_default(f, value + (size_t)(n - 1) * f->stride)) {
        n--;
    }
    (void)fputc('[', file);
    for (k = 0; k < n; k++) {
        (void)fputs(k > 0 ? ", " : "", file);
        print_value(file, f, value + (size_t)k * f->stride);
    }
    (void)fputc(']', file);
}

static bool
is_field_default(const akt_field *f, const char *value)
{
    uint32_t k;

    for (k = 0; k < f->count; k++) {
        if (!is_default(f, value + (size_t)k * f->stride)) {
            return false;
        }
    }
    return true;
}

static void
print_message(FILE *file, const akt_type *type, const void *message)
{
    const akt_field *fields = type->field_count > 0 ? type->fields() : NULL;
    const char *comma = "";
    uint32_t i;

    (void)fputc('{', file);
    for (i = 0; i < type->field_count; i++) {
        const char *value = (const char *)message + fields[i].offset;

        if (!is_field_default(&fields[i], value)) {
            (void)fprintf(file, "%s%u: ", comma, (unsigned)i + 1);
            print_field(file, &fields[i], value);
            comma = ", ";
        }
    }
    (void)fputc('}', file);
}

void
wire_print(FILE *file, akt_wire_form form, const akt_type *type,
           const void *message)
{
    if (form == AKT_WIRE_NAMED) {
        (void)fprintf(file, "[\"%s\", ", type->name);
    }
    print_message(file, type, message);
    if (form == AKT_WIRE_NAMED) {
        (void)fputc(']', file);
    }
}
