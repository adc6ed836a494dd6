/* SPDX-License-Identifier: MIT */
/* What is open, from its handle to its last job: see file_open.h. */
#include "actors/async/file_open.h"

#include "actors/async/file.h"
#include "actors/base/mutant.h"
#include "actors/core/future.h"
#include "actors/core/system.h"
#include "akt/file.h"

#include <string.h>

static struct akti_open *
open_of(struct akti_lane *lane)
{
    return (struct akti_open *)(void *)((char *)lane
                                        - offsetof(struct akti_open, lane));
}

struct akti_open *
akti_open_of_job(akt_self *self)
{
    return open_of(self->lane);
}

static void
free_open(struct akti_context *ctx, struct akti_open *open)
{
    akti_memory_free(&ctx->dispatcher->memory, open, open->size, 64);
}

/* In the pool; or, when that is closed already, where the owner ends. */
static void
run_last(struct akti_job *job, struct akti_context *ctx, bool discard)
{
    struct akti_open *open = open_of(job->lane);

    /* Given up or run, it closes. */
    if (!discard || !AKTI_MUTANT(discarded_stays_open)) {
        open->end(ctx, open);
    }
    free_open(ctx, open);
}

akt_err
akti_open_new(akt_self *self, size_t size, akt_text path,
              void (*end)(struct akti_context *ctx, struct akti_open *open),
              struct akti_open **out)
{
    size_t whole = size + path.len + 1;
    struct akti_open *open;
    char *behind;

    if (self->in_job) {
        return AKT_ECONTEXT;
    }
    if (path.len > AKT_MESSAGE_SIZE_MAX) {
        return AKT_ESIZE;
    }
    open = akti_fails(self->ctx, AKT_FAULT_ALLOC)
               ? NULL
               : akti_memory_zalloc(&self->ctx->dispatcher->memory, whole, 64);
    if (open == NULL) {
        return AKT_ENOMEM;
    }
    behind = (char *)open + size;
    open->end = end;
    open->size = whole;
    open->path = (akt_text){behind, path.len};
    if (path.len > 0) {
        memcpy(behind, path.ptr, path.len);
    }
    *out = open;
    return AKT_OK;
}

akt_err
akti_open_ask(akt_self *self, struct akti_open *open,
              const struct akti_ask *ask)
{
    struct akti_job_place place = {&self->ctx->dispatcher->blocking,
                                   &open->lane, ask->what};

    akt_err err = akti_job_ask(self, &place, AKT_FILE_TIMEOUT_NS, ask->arg,
                               ask->out_future);

    return akti_file_asked(self, err, ask->doing, open->path, ask->out_future);
}

akt_err
akti_open_begin(akt_self *self, const struct akti_owned *owned,
                struct akti_open *open, const struct akti_ask *ask,
                struct akti_cell **out_cell)
{
    struct akti_cell *cell = akti_owned_new(self, owned, open);
    akt_err err;

    if (cell == NULL) {
        free_open(self->ctx, open);
        return AKT_ENOMEM;
    }
    err = akti_open_ask(self, open, ask);
    if (err != AKT_OK) {
        akti_owned_undo(self, cell);
        free_open(self->ctx, open);
        return err;
    }
    *out_cell = cell;
    return AKT_OK;
}

struct akti_open *
akti_open_find(akt_self *self, void *cell, uint32_t generation,
               const struct akti_owned *owned)
{
    struct akti_cell *found = akti_owned_find(self, cell, generation, owned);

    return found != NULL ? found->arg : NULL;
}

void
akti_open_close(akt_self *self, struct akti_cell *cell)
{
    struct akti_open *open = cell->arg;

    akti_cell_release(self->ctx, cell);
    open->last = (struct akti_job){
        .run = run_last, .lane = &open->lane, .is_last = true};
    if (!akti_blocking_submit_reserved(&self->ctx->dispatcher->blocking,
                                       &open->last)) {
        run_last(&open->last, self->ctx, true);
    }
}
