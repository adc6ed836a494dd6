/* SPDX-License-Identifier: MIT */
#include "mailbox/message.h"

#include "actors/base/assert.h"
#include "actors/base/mutant.h"

#include <stdbool.h>
#include <string.h>

/* What lies behind the payload of a large block: its size, for the hook. */
static size_t *
large_size(struct akti_message *m)
{
    return (size_t *)(void *)((char *)m + AKTI_PAYLOAD_NEAR);
}

/* Rounds up to where the next text or array of bytes begins. */
static size_t
pad(size_t n)
{
    return (n + 7) & ~(size_t)7;
}

static bool
is_owned(akt_kind kind)
{
    return kind == AKT_KIND_TEXT || kind == AKT_KIND_BYTES;
}

/*
 * Texts, bytes and nested messages are visited alike: `visit` gets each text or
 * bytes value of a struct, in the order of the declaration. Types nest as
 * structs do, so the recursion is as deep as the declaration.
 */
typedef bool visit_fn(const akt_field *field, void *value, void *arg);

static bool visit_owned(const akt_type *type, void *base, visit_fn *visit,
                        void *arg);

static bool
visit_value(const akt_field *f, void *value, visit_fn *visit, void *arg)
{
    return f->kind == AKT_KIND_MESSAGE ? visit_owned(f->type, value, visit, arg)
                                       : visit(f, value, arg);
}

static bool
visit_field(const akt_field *f, void *base, visit_fn *visit, void *arg)
{
    bool nested =
        f->kind == AKT_KIND_MESSAGE && (f->type->flags & AKT_TYPE_OWNS) != 0;
    uint32_t k;

    for (k = 0; k < f->count && (nested || is_owned(f->kind)); k++) {
        void *value = (char *)base + f->offset + (size_t)k * f->stride;

        if (!visit_value(f, value, visit, arg)) {
            return false;
        }
    }
    return true;
}

static bool
visit_owned(const akt_type *type, void *base, visit_fn *visit, void *arg)
{
    const akt_field *fields = type->fields();
    uint32_t i;

    for (i = 0; i < type->field_count; i++) {
        if (!visit_field(&fields[i], base, visit, arg)) {
            return false;
        }
    }
    return true;
}

/* A text is followed by a NUL. */
static size_t
owned_bytes(const akt_field *field, const void *value)
{
    const akt_bytes *b = value;

    return pad(b->len + (field->kind == AKT_KIND_TEXT ? 1 : 0));
}

static bool
add_size(const akt_field *field, void *value, void *arg)
{
    size_t *total = arg;
    const akt_bytes *b = value;

    if (b->len > AKT_MESSAGE_SIZE_MAX) {
        return false;
    }
    *total += owned_bytes(field, value);
    return *total <= AKT_MESSAGE_SIZE_MAX;
}

/* akt_text and akt_bytes have the same shape. */
_Static_assert(sizeof(akt_text) == sizeof(akt_bytes)
                   && offsetof(akt_text, len) == offsetof(akt_bytes, len),
               "texts are moved as bytes");

static bool
copy_in(const akt_field *field, void *value, void *arg)
{
    char **end = arg;
    akt_bytes *b = value;
    size_t size = owned_bytes(field, value);

    if (size > b->len) {
        memset(*end + b->len, 0, size - b->len);
    }
    if (b->len > 0) {
        memcpy(*end, b->ptr, b->len);
    }
    b->ptr = AKTI_MUTANT(text_not_copied) ? b->ptr : *end;
    *end += size;
    return true;
}

static struct akti_message *
new_block(struct akti_caches *caches, const akt_type *type, size_t size)
{
    size_t near = AKTI_PAYLOAD_NEAR + size;
    uint8_t flags = 0;
    uint8_t size_class = akti_size_class(near < 64 ? 64 : near);
    struct akti_message *m;

    if (size_class == AKTI_SIZE_LARGE || type->align > 8) {
        flags = AKTI_FAR;
        size_class = akti_size_class(AKTI_PAYLOAD_FAR + size);
    }
    m = akti_sizes_alloc(caches, size_class, AKTI_PAYLOAD_FAR + size);
    if (m == NULL) {
        return NULL;
    }
    *m = (struct akti_message){.type = type,
                               .deadline_ns = AKT_NEVER,
                               .size_class = size_class,
                               .flags = flags};
    if (size_class == AKTI_SIZE_LARGE) {
        *large_size(m) = AKTI_PAYLOAD_FAR + size;
    }
    return m;
}

/* With texts or bytes: one pass that measures, one that copies. */
static akt_err
new_owning(struct akti_caches *caches, const akt_type *type,
           const void *payload, struct akti_message **out)
{
    size_t size = pad(type->size);
    struct akti_message *m;
    char *end;

    /* add_size only reads; visit_owned is shared with copy_in, which writes. */
    if (!visit_owned(type, (void *)(uintptr_t)payload, add_size, &size)) {
        return AKT_ESIZE;
    }
    m = new_block(caches, type, size);
    if (m == NULL) {
        return AKT_ENOMEM;
    }
    memcpy(akti_message_payload(m), payload, type->size);
    end = (char *)akti_message_payload(m) + pad(type->size);
    (void)visit_owned(type, akti_message_payload(m), copy_in, &end);
    *out = m;
    return AKT_OK;
}

akt_err
akti_message_new_slowly(struct akti_caches *caches, const akt_type *type,
                        const void *payload, struct akti_message **out)
{
    struct akti_message *m;

    if ((type->flags & AKT_TYPE_OWNS) != 0) {
        return new_owning(caches, type, payload, out);
    }
    if (AKTI_UNLIKELY(type->size > AKT_MESSAGE_SIZE_MAX || type->align > 64)) {
        return AKT_ESIZE;
    }
    m = new_block(caches, type, type->size);
    if (m == NULL) {
        return AKT_ENOMEM;
    }
    memcpy(akti_message_payload(m), payload, type->size);
    *out = m;
    return AKT_OK;
}

akt_err
akti_message_copy(struct akti_caches *caches, struct akti_message *m,
                  struct akti_message **out)
{
    AKTI_ASSERT(m->type->destroy == NULL);
    AKT_TRY(akti_message_new(caches, m->type, akti_message_payload(m), out));
    (*out)->sender_slot = m->sender_slot;
    (*out)->sender_generation =
        AKTI_MUTANT(copy_forgets_sender) ? 0 : m->sender_generation;
    (*out)->target_slot = m->target_slot;
    (*out)->target_generation = m->target_generation;
    (*out)->deadline_ns = m->deadline_ns;
    return AKT_OK;
}

void
akti_message_free_slowly(struct akti_caches *caches, struct akti_message *m)
{
    size_t size = 0;

    if (AKTI_UNLIKELY(m->type != NULL && m->type->destroy != NULL)
        && (m->flags & AKTI_TAKEN) == 0 && !AKTI_MUTANT(destructor_never)) {
        m->type->destroy(akti_message_payload(m));
    }
    if ((m->flags & AKTI_EMBEDDED) != 0) {
        return;
    }
    if (m->size_class == AKTI_SIZE_LARGE) {
        size = *large_size(m);
    }
    akti_sizes_free(caches, m->size_class, m, size);
}
