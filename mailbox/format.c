/* SPDX-License-Identifier: MIT */
/* Messages as text, and whether two descriptors are of one type. */
#include "mailbox/message.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Text into a buffer, counting what does not fit too. */
struct writer {
    char *buffer;
    size_t size;
    size_t used;
};

static void put(struct writer *w, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
put(struct writer *w, const char *format, ...)
{
    bool fits = w->used < w->size;
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(fits ? w->buffer + w->used : NULL,
                  fits ? w->size - w->used : 0, format, args);
    va_end(args);
    w->used += n < 0 ? 0 : (size_t)n;
}

static void
put_text(struct writer *w, const akt_text *text)
{
    size_t i;

    put(w, "\"");
    for (i = 0; i < text->len; i++) {
        unsigned char c = (unsigned char)text->ptr[i];

        if (c == '"' || c == '\\') {
            put(w, "\\%c", c);
        } else if (c >= ' ' && c != 0x7f) {
            put(w, "%c", c);
        } else {
            put(w, "\\x%02x", c);
        }
    }
    put(w, "\"");
}

static void
put_bytes(struct writer *w, const akt_bytes *bytes)
{
    const unsigned char *p = bytes->ptr;
    size_t i;

    put(w, "h'");
    for (i = 0; i < bytes->len; i++) {
        put(w, "%02x", p[i]);
    }
    put(w, "'");
}

static void
put_ref(struct writer *w, const akt_ref *ref)
{
    char text[AKT_REF_TEXT_SIZE];

    (void)akt_ref_format(*ref, text, sizeof(text));
    put(w, "%s", text);
}

static void
put_signed(struct writer *w, akt_kind kind, const void *value)
{
    int64_t n = 0;

    if (kind == AKT_KIND_I8) {
        /* The sign is wanted. */
        /* NOLINTNEXTLINE(bugprone-signed-char-misuse,cert-str34-c) */
        n = *(const int8_t *)value;
    } else if (kind == AKT_KIND_I16) {
        n = *(const int16_t *)value;
    } else if (kind == AKT_KIND_I32) {
        n = *(const int32_t *)value;
    } else {
        n = *(const int64_t *)value;
    }
    put(w, "%" PRId64, n);
}

static void
put_unsigned(struct writer *w, akt_kind kind, const void *value)
{
    uint64_t n = 0;

    if (kind == AKT_KIND_U8) {
        n = *(const uint8_t *)value;
    } else if (kind == AKT_KIND_U16) {
        n = *(const uint16_t *)value;
    } else if (kind == AKT_KIND_U32) {
        n = *(const uint32_t *)value;
    } else {
        n = *(const uint64_t *)value;
    }
    put(w, "%" PRIu64, n);
}

static void put_struct(struct writer *w, const akt_type *type,
                       const void *payload);

static void
put_value(struct writer *w, const akt_field *field, const void *value)
{
    switch (field->kind) {
    case AKT_KIND_BOOL:
        put(w, "%s", *(const bool *)value ? "true" : "false");
        break;
    case AKT_KIND_F64:
        put(w, "%.17g", *(const double *)value);
        break;
    case AKT_KIND_TEXT:
        put_text(w, value);
        break;
    case AKT_KIND_BYTES:
        put_bytes(w, value);
        break;
    case AKT_KIND_REF:
        put_ref(w, value);
        break;
    case AKT_KIND_MESSAGE:
        put_struct(w, field->type, value);
        break;
    default:
        if (field->kind <= AKT_KIND_I64) {
            put_signed(w, field->kind, value);
        } else {
            put_unsigned(w, field->kind, value);
        }
        break;
    }
}

static void
put_field(struct writer *w, const akt_field *field, const void *payload)
{
    const char *value = (const char *)payload + field->offset;
    uint32_t i;

    put(w, "%s=", field->name);
    if (field->count == 1) {
        put_value(w, field, value);
        return;
    }
    put(w, "[");
    for (i = 0; i < field->count; i++) {
        put(w, "%s", i > 0 ? ", " : "");
        put_value(w, field, value + (size_t)i * field->stride);
    }
    put(w, "]");
}

/* As deep as structs nest in the declaration. */
static void
put_struct(struct writer *w, const akt_type *type, const void *payload)
{
    uint32_t i;

    put(w, "%s{", type->name);
    for (i = 0; i < type->field_count; i++) {
        put(w, "%s", i > 0 ? ", " : "");
        put_field(w, &type->fields()[i], payload);
    }
    put(w, "%s}", (type->flags & AKT_TYPE_LOCAL) != 0 ? "..." : "");
}

size_t
akt_message_format(const akt_type *type, const void *payload, char *buffer,
                   size_t size)
{
    struct writer w = {buffer, size, 0};

    if (size > 0) {
        buffer[0] = '\0';
    }
    put_struct(&w, type, payload);
    return w.used;
}

static bool
same_field(const akt_field *a, const akt_field *b)
{
    return strcmp(a->name, b->name) == 0 && a->kind == b->kind
           && a->offset == b->offset && a->count == b->count
           && a->stride == b->stride && (a->type == NULL) == (b->type == NULL)
           && (a->type == NULL || akt_type_equal(a->type, b->type));
}

bool
akt_type_equal(const akt_type *a, const akt_type *b)
{
    uint32_t i;

    if (a == b) {
        return a != NULL;
    }
    if (a == NULL || b == NULL || strcmp(a->name, b->name) != 0
        || a->size != b->size || a->flags != b->flags
        || a->field_count != b->field_count
        || (a->reply == NULL) != (b->reply == NULL)
        || (a->reply != NULL && !akt_type_equal(a->reply, b->reply))) {
        return false;
    }
    for (i = 0; i < a->field_count; i++) {
        if (!same_field(&a->fields()[i], &b->fields()[i])) {
            return false;
        }
    }
    return true;
}
