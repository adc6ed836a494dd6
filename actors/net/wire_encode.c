/* SPDX-License-Identifier: MIT */
/*
 * Writing a message. A map's head says how many fields follow, so each message is
 * looked through for fields that are not zero before it is written; a nested one
 * is looked at once for each level above it. The recursion is as deep as the
 * declarations nest, and bounded as when reading.
 */
#include "actors/base/memory.h"
#include "actors/net/utf8.h"
#include "actors/net/wire.h"

#include <string.h>

/* One writing. */
struct output {
    struct akti_cbor_writer writer;
    const char *name;
    unsigned depth;
    akt_error *error;
};

static akt_err
refuse(const struct output *out, const struct akti_wire_place *place,
       akt_err err, const char *reason)
{
    char path[AKTI_WIRE_PATH_SIZE];

    akti_wire_path(out->name, place, path);
    return akt_error_set(out->error, err, "%s: %s", path, reason);
}

/* --- what is zero --- */

static bool is_zero_message(const akt_type *type, const void *message);

static bool
is_zero_integer(uint32_t width, const void *value)
{
    switch (width) {
    case 1:
        return *(const uint8_t *)value == 0;
    case 2:
        return *(const uint16_t *)value == 0;
    case 4:
        return *(const uint32_t *)value == 0;
    default:
        return *(const uint64_t *)value == 0;
    }
}

/* Minus zero is a value of its own. */
static bool
is_zero_double(const double *value)
{
    uint64_t bits;

    memcpy(&bits, value, sizeof(bits));
    return bits == 0;
}

static bool
is_zero(const akt_field *field, const void *value)
{
    switch (field->kind) {
    case AKT_KIND_BOOL:
        return !*(const bool *)value;
    case AKT_KIND_F64:
        return is_zero_double(value);
    case AKT_KIND_TEXT:
        return ((const akt_text *)value)->len == 0;
    case AKT_KIND_BYTES:
        return ((const akt_bytes *)value)->len == 0;
    case AKT_KIND_REF:
        return akt_ref_is_none(*(const akt_ref *)value);
    case AKT_KIND_MESSAGE:
        return is_zero_message(field->type, value);
    default:
        return is_zero_integer(field->stride, value);
    }
}

static const void *
element_of(const akt_field *field, const void *value, uint32_t index)
{
    return (const char *)value + (size_t)index * field->stride;
}

/* How many elements there are up to the last one that is not zero. */
static uint32_t
used_elements(const akt_field *field, const void *value)
{
    uint32_t n = field->count;

    while (n > 0 && is_zero(field, element_of(field, value, n - 1))) {
        n--;
    }
    return n;
}

static inline uint32_t
used_count(const akt_field *field, const void *value)
{
    return field->count == 1 ? !is_zero(field, value)
                             : used_elements(field, value);
}

static const void *
value_of(const akt_field *field, const void *message)
{
    return (const char *)message + field->offset;
}

static size_t
used_fields(const akt_type *type, const void *message)
{
    size_t n = 0;
    uint32_t i;

    for (i = 0; i < type->field_count; i++) {
        const akt_field *field = &type->fields()[i];

        n += used_count(field, value_of(field, message)) > 0;
    }
    return n;
}

static bool
is_zero_message(const akt_type *type, const void *message)
{
    uint32_t i;

    for (i = 0; i < type->field_count; i++) {
        const akt_field *field = &type->fields()[i];

        if (used_count(field, value_of(field, message)) > 0) {
            return false;
        }
    }
    return true;
}

/* --- values --- */

static akt_err write_message(struct output *out,
                             const struct akti_wire_place *place,
                             const akt_type *type, const void *message);

static void
write_integer(struct output *out, akt_kind kind, const void *value)
{
    struct akti_cbor_writer *w = &out->writer;

    switch (kind) {
    case AKT_KIND_I8:
        /* The sign is wanted. */
        /* NOLINTNEXTLINE(bugprone-signed-char-misuse,cert-str34-c) */
        akti_cbor_put_int(w, *(const int8_t *)value);
        break;
    case AKT_KIND_I16:
        akti_cbor_put_int(w, *(const int16_t *)value);
        break;
    case AKT_KIND_I32:
        akti_cbor_put_int(w, *(const int32_t *)value);
        break;
    case AKT_KIND_I64:
        akti_cbor_put_int(w, *(const int64_t *)value);
        break;
    case AKT_KIND_U8:
        akti_cbor_put_uint(w, *(const uint8_t *)value);
        break;
    case AKT_KIND_U16:
        akti_cbor_put_uint(w, *(const uint16_t *)value);
        break;
    case AKT_KIND_U32:
        akti_cbor_put_uint(w, *(const uint32_t *)value);
        break;
    default:
        akti_cbor_put_uint(w, *(const uint64_t *)value);
        break;
    }
}

/* Also keeps the sum of lengths from wrapping. */
static akt_err
check_length(const struct output *out, const struct akti_wire_place *place,
             size_t more)
{
    if (out->writer.used > AKT_MESSAGE_SIZE_MAX
        || more > AKT_MESSAGE_SIZE_MAX - out->writer.used) {
        return refuse(out, place, AKT_ESIZE, "larger than a message may be");
    }
    return AKT_OK;
}

static akt_err
write_text(struct output *out, const struct akti_wire_place *place,
           const akt_text *text)
{
    AKT_TRY(check_length(out, place, text->len));
    if (!akti_utf8_is_valid(text->ptr, text->len)) {
        return refuse(out, place, AKT_EINVAL, "a text that is not UTF-8");
    }
    akti_cbor_put_text(&out->writer, text->ptr, text->len);
    return AKT_OK;
}

static akt_err
write_bytes(struct output *out, const struct akti_wire_place *place,
            const akt_bytes *bytes)
{
    AKT_TRY(check_length(out, place, bytes->len));
    akti_cbor_put_bytes(&out->writer, bytes->ptr, bytes->len);
    return AKT_OK;
}

/* Nobody in an array may stand in front of somebody, who is refused. */
static akt_err
write_value(struct output *out, const struct akti_wire_place *place,
            const void *value)
{
    const akt_field *field = place->field;

    switch (field->kind) {
    case AKT_KIND_BOOL:
        akti_cbor_put_bool(&out->writer, *(const bool *)value);
        return AKT_OK;
    case AKT_KIND_F64:
        akti_cbor_put_double(&out->writer, *(const double *)value);
        return AKT_OK;
    case AKT_KIND_TEXT:
        return write_text(out, place, value);
    case AKT_KIND_BYTES:
        return write_bytes(out, place, value);
    case AKT_KIND_REF:
        return refuse(out, place, AKT_EINVAL,
                      "a reference to an actor cannot leave the process");
    case AKT_KIND_MESSAGE:
        return write_message(out, place, field->type, value);
    default:
        write_integer(out, field->kind, value);
        return AKT_OK;
    }
}

static akt_err
enter(struct output *out, const struct akti_wire_place *place)
{
    if (out->depth >= AKT_WIRE_DEPTH_MAX) {
        return refuse(out, place, AKT_ELIMIT, "nested too deep");
    }
    out->depth++;
    return check_length(out, place, 0);
}

static akt_err
write_array(struct output *out, const struct akti_wire_place *place,
            const void *value, uint32_t count)
{
    const akt_field *field = place->field;
    struct akti_wire_place element = {place, field, 0, true};

    AKT_TRY(enter(out, place));
    akti_cbor_put_array(&out->writer, count);
    for (; element.index < count; element.index++) {
        AKT_TRY(write_value(out, &element,
                            element_of(field, value, element.index)));
    }
    out->depth--;
    return AKT_OK;
}

static akt_err
write_field(struct output *out, const struct akti_wire_place *place,
            uint32_t number, const void *value)
{
    uint32_t count = used_count(place->field, value);

    if (count == 0) {
        return AKT_OK;
    }
    akti_cbor_put_uint(&out->writer, number);
    return place->field->count > 1 ? write_array(out, place, value, count)
                                   : write_value(out, place, value);
}

static akt_err
write_message(struct output *out, const struct akti_wire_place *up,
              const akt_type *type, const void *message)
{
    uint32_t i;

    AKT_TRY(enter(out, up));
    akti_cbor_put_map(&out->writer, used_fields(type, message));
    for (i = 0; i < type->field_count; i++) {
        struct akti_wire_place place = {up, &type->fields()[i], 0, false};

        AKT_TRY(
            write_field(out, &place, i + 1, value_of(place.field, message)));
    }
    out->depth--;
    return AKT_OK;
}

/* --- whole messages --- */

/* Writes what fits into the buffer, and counts all. */
static akt_err
write_all(struct output *out, akt_wire_form form, const akt_type *type,
          const void *message)
{
    if ((type->flags & AKT_TYPE_LOCAL) != 0) {
        return refuse(out, NULL, AKT_ETYPE,
                      "it has no field list, so it cannot leave the process");
    }
    if (form == AKT_WIRE_NAMED) {
        akti_cbor_put_array(&out->writer, 2);
        akti_cbor_put_text(&out->writer, type->name, strlen(type->name));
    }
    AKT_TRY(write_message(out, NULL, type, message));
    return check_length(out, NULL, 0);
}

akt_err
akt_wire_length(akt_wire_form form, const akt_type *type, const void *message,
                size_t *out_length, akt_error *error)
{
    struct output out = {{NULL, 0, 0}, type->name, 0, error};

    AKT_TRY(write_all(&out, form, type, message));
    *out_length = out.writer.used;
    return AKT_OK;
}

akt_err
akt_wire_encode(akt_wire_form form, const akt_type *type, const void *message,
                akt_wire_buffer *buffer, akt_error *error)
{
    struct output out = {{buffer->ptr, buffer->size, 0}, type->name, 0, error};

    AKT_TRY(write_all(&out, form, type, message));
    if (out.writer.used > buffer->size) {
        return akt_error_set(error, AKT_ESIZE,
                             "%s: %zu bytes, and room for %zu", type->name,
                             out.writer.used, buffer->size);
    }
    buffer->length = out.writer.used;
    return AKT_OK;
}

enum {
    BLOCK_ALIGN = 16
};

akt_err
akt_wire_encode_alloc(akt_wire_form form, const akt_type *type,
                      const void *message, akt_wire_buffer *buffer,
                      akt_error *error)
{
    akt_wire_buffer got = {.allocator = buffer->allocator};
    struct akti_memory memory;
    akt_err err;

    AKT_TRY(akt_wire_length(form, type, message, &got.size, error));
    akti_memory_init(&memory, buffer->allocator);
    got.ptr = akti_memory_alloc(&memory, got.size, BLOCK_ALIGN);
    if (got.ptr == NULL) {
        return akt_error_set(error, AKT_ENOMEM, "%s: no memory for %zu bytes",
                             type->name, got.size);
    }
    err = akt_wire_encode(form, type, message, &got, error);
    if (err != AKT_OK) {
        akt_wire_free(&got);
        return err;
    }
    *buffer = got;
    return AKT_OK;
}

void
akt_wire_free(akt_wire_buffer *buffer)
{
    struct akti_memory memory;

    akti_memory_init(&memory, buffer->allocator);
    akti_memory_free(&memory, buffer->ptr, buffer->size, BLOCK_ALIGN);
    *buffer = (akt_wire_buffer){.allocator = buffer->allocator};
}
