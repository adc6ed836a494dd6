/* SPDX-License-Identifier: MIT */
#include "actors/base/sizes.h"

void
akti_depots_init(struct akti_depots *d, struct akti_memory *memory)
{
    size_t i;

    d->memory = memory;
    for (i = 0; i < AKTI_SIZE_CLASSES; i++) {
        size_t size = (size_t)1 << (AKTI_SIZE_MIN_LOG2 + i);
        struct akti_depot_opts opts = {
            .block_size = size,
            .align = size < AKTI_SIZE_ALIGN ? size : AKTI_SIZE_ALIGN};

        akti_depot_init(&d->depot[i], memory, &opts);
    }
}

void
akti_depots_fini(struct akti_depots *d)
{
    size_t i;

    for (i = 0; i < AKTI_SIZE_CLASSES; i++) {
        akti_depot_fini(&d->depot[i]);
    }
}

void
akti_caches_init(struct akti_caches *c, struct akti_depots *d)
{
    size_t i;

    c->memory = d->memory;
    for (i = 0; i < AKTI_SIZE_CLASSES; i++) {
        akti_cache_init(&c->cache[i], &d->depot[i]);
    }
}

void
akti_caches_flush(struct akti_caches *c)
{
    size_t i;

    for (i = 0; i < AKTI_SIZE_CLASSES; i++) {
        akti_cache_flush(&c->cache[i]);
    }
}

void *
akti_sizes_alloc_large(struct akti_caches *c, size_t size)
{
    if (c->memory->deny != NULL && c->memory->deny(c->memory->deny_arg)) {
        return NULL;
    }
    return akti_memory_alloc(c->memory, size, AKTI_SIZE_ALIGN);
}
