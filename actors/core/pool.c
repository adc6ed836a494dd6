/* SPDX-License-Identifier: MIT */
/*
 * Opening and closing blocking pools. Any thread; the system's lock guards the
 * list against who else opens or closes one. Who submits looks at the generation
 * alone, and at whether the pool is closed under the pool's own lock.
 */
#include "actors/core/pool.h"

#include <stdio.h>
#include <string.h>

#define THREADS_DEFAULT 8
#define THREADS_MAX 1024
#define QUEUE_DEFAULT 1024
#define QUEUE_MAX 1000000

static struct akti_pool *
pool_of(struct akti_blocking *b)
{
    return (struct akti_pool *)(void *)b;
}

const char *
akti_pool_name(struct akti_blocking *b)
{
    return pool_of(b)->name;
}

struct akti_blocking *
akti_pool_find(akt_pool pool)
{
    struct akti_pool *p = pool.pool;

    /* acquire: sees the pool that was opened; pairs: open_locked, akt_pool_close
     */
    if (p == NULL
        || atomic_load_explicit(&p->generation, memory_order_acquire)
               != pool.generation) {
        return NULL;
    }
    return &p->blocking;
}

/* A closed pool whose threads have all ended, opened once more; or NULL. */
static struct akti_pool *
reuse_locked(struct akt_system *s, uint32_t threads, uint32_t queue)
{
    struct akti_blocking *b = akti_blocking_next(&s->dispatcher.blocking);

    for (; b != NULL; b = akti_blocking_next(b)) {
        if (!pool_of(b)->open && akti_blocking_reopen(b, threads, queue)) {
            return pool_of(b);
        }
    }
    return NULL;
}

static struct akti_pool *
new_locked(struct akt_system *s, uint32_t threads, uint32_t queue)
{
    struct akti_dispatcher *d = &s->dispatcher;
    struct akti_pool *p = akti_memory_zalloc(&d->memory, sizeof(*p), 64);

    if (p == NULL) {
        return NULL;
    }
    if (akti_blocking_init(&p->blocking, d, threads, queue) != AKT_OK) {
        akti_memory_free(&d->memory, p, sizeof(*p), 64);
        return NULL;
    }
    atomic_init(&p->generation, 1);
    akti_blocking_add(d, &p->blocking);
    return p;
}

static akt_err
open_locked(struct akt_system *s, const akt_pool_opts *o, akt_pool *out)
{
    uint32_t threads = o->threads != 0 ? o->threads : THREADS_DEFAULT;
    uint32_t queue = o->queue != 0 ? o->queue : QUEUE_DEFAULT;
    struct akti_pool *p;

    if (akti_system_phase(s) != AKTI_RUNNING) {
        return AKT_ESTOPPED;
    }
    p = reuse_locked(s, threads, queue);
    if (p == NULL) {
        p = new_locked(s, threads, queue);
    }
    if (p == NULL) {
        return AKT_ENOMEM;
    }
    p->open = true;
    (void)snprintf(p->name, sizeof(p->name), "%s",
                   o->name != NULL ? o->name : "pool");
    *out = (akt_pool){
        p, atomic_load_explicit(&p->generation, memory_order_relaxed)};
    return AKT_OK;
}

akt_err
akt_pool_open(akt_self *self, const akt_pool_opts *opts, akt_pool *out_pool)
{
    akt_pool_opts o = opts != NULL ? *opts : (akt_pool_opts){0};
    struct akt_system *s = self->system;
    akt_err err;

    if (!akti_system_is_ours(s)) {
        return AKT_EFORK;
    }
    if (o.threads > THREADS_MAX || o.queue > QUEUE_MAX) {
        return AKT_EINVAL;
    }
    akti_mutex_lock(&s->lock);
    err = open_locked(s, &o, out_pool);
    akti_mutex_unlock(&s->lock);
    return err;
}

akt_err
akt_pool_close(akt_self *self, akt_pool pool)
{
    struct akt_system *s = self->system;
    struct akti_pool *p = pool.pool;
    bool was_open;

    if (!akti_system_is_ours(s)) {
        return AKT_EFORK;
    }
    akti_mutex_lock(&s->lock);
    was_open = akti_pool_find(pool) != NULL;
    if (was_open) {
        /* release: those who see it leave the pool alone; pairs:
         * akti_pool_find */
        atomic_store_explicit(&p->generation, pool.generation + 1,
                              memory_order_release);
    }
    akti_mutex_unlock(&s->lock);
    if (!was_open) {
        return AKT_EENDED;
    }
    /* Only now may it be opened again: what waits is given up without the
     * system's lock. */
    (void)akti_blocking_close(&p->blocking, self->ctx, 0);
    akti_mutex_lock(&s->lock);
    p->open = false;
    akti_mutex_unlock(&s->lock);
    return AKT_OK;
}

void
akti_pools_free(struct akt_system *s)
{
    struct akti_dispatcher *d = &s->dispatcher;
    struct akti_blocking *b = akti_blocking_next(&d->blocking);

    while (b != NULL) {
        struct akti_blocking *next = akti_blocking_next(b);

        akti_blocking_fini(b);
        akti_memory_free(&d->memory, pool_of(b), sizeof(struct akti_pool), 64);
        b = next;
    }
}
