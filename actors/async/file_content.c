/* SPDX-License-Identifier: MIT */
/*
 * Blocks of content. Each begins with the allocator that gave it, so that whoever
 * has it frees it, on any thread.
 */
#include "actors/async/file_content.h"

#include "actors/core/system.h"

#include <string.h>

struct block {
    struct akti_memory memory;
    size_t size; /* of the whole block */
};

#define ALIGN 64
#define FRONT ((sizeof(struct block) + ALIGN - 1) / ALIGN * ALIGN)

static struct block *
block_of(const void *bytes)
{
    return (struct block *)(void *)((char *)(uintptr_t)bytes - FRONT);
}

void
akti_content_drop(const void *bytes)
{
    struct block *b;
    struct akti_memory memory;

    if (bytes != NULL) {
        b = block_of(bytes);
        memory = b->memory;
        akti_memory_free(&memory, b, b->size, ALIGN);
    }
}

akt_err
akti_content_reserve(akt_self *self, struct akti_content *c, size_t room)
{
    struct akti_memory *memory = &self->ctx->dispatcher->memory;
    size_t size = FRONT + room + 1;
    struct block *b;

    if (room <= c->room && c->bytes != NULL) {
        return AKT_OK;
    }
    if (size < room || akti_fails(self->ctx, AKT_FAULT_ALLOC)) {
        return AKT_ENOMEM;
    }
    b = akti_memory_alloc(memory, size, ALIGN);
    if (b == NULL) {
        return AKT_ENOMEM;
    }
    *b = (struct block){*memory, size};
    if (c->bytes != NULL) {
        memcpy((char *)b + FRONT, c->bytes, c->used);
    }
    akti_content_drop(c->bytes);
    c->bytes = (char *)b + FRONT;
    c->room = room;
    return AKT_OK;
}

akt_file_content
akti_content_finish(struct akti_content *c)
{
    akt_file_content content = {{c->bytes, c->used}};

    if (c->bytes != NULL) {
        c->bytes[c->used] = '\0';
    }
    *c = (struct akti_content){NULL, 0, 0};
    return content;
}

void
akti_content_free(struct akti_content *c)
{
    akti_content_drop(c->bytes);
    *c = (struct akti_content){NULL, 0, 0};
}

void
akt_file_content_free(struct akt_file_content *content)
{
    akti_content_drop(content->bytes.ptr);
    content->bytes = (akt_bytes){NULL, 0};
}
