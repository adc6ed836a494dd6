/* SPDX-License-Identifier: MIT */
/*
 * Open directories: a walk in the hands of the jobs of a lane (file_open.h), and
 * the batches that it fills. Before each step there is room for whatever it may
 * find, so what was read is never without a place.
 */
#include "actors/async/dir_walk.h"
#include "actors/async/file.h"
#include "actors/async/file_content.h"
#include "actors/async/file_open.h"
#include "actors/base/mutant.h"
#include "actors/core/future.h"
#include "actors/core/system.h"
#include "akt/actor.h"
#include "akt/dir.h"

#include <string.h>

/* What the texts of one entry may take, with their NULs. */
#define LONGEST ((size_t)PATH_MAX + AKT_ERROR_TEXT_SIZE + 2)

/* A batch has no more entries when its texts are as long as this. */
#define TEXTS_FULL ((size_t)64 << 10)

struct open_dir {
    struct akti_open open;
    /* the job's that runs */
    struct akti_walk walk;
    akt_dir_entries kept; /* a batch that could not be sent */
    uint32_t batch;
    bool is_open;
};

static struct open_dir *
dir_of(struct akti_open *open)
{
    return (struct open_dir *)(void *)open;
}

static void
end_dir(struct akti_context *ctx, struct akti_open *open)
{
    struct open_dir *d = dir_of(open);

    akt_dir_entries_free(&d->kept);
    akti_walk_end(&d->walk, &ctx->dispatcher->memory);
}

static const struct akti_owned dir_owned = {"directory", akti_open_close};

/* --- batches --- */

struct batch {
    struct akti_content entries;
    struct akti_content texts;
    uint32_t count;
};

static akt_dir_entry *
entries_of(const struct batch *b)
{
    return (akt_dir_entry *)(void *)b->entries.bytes;
}

/* Room for one more entry; AKT_ENOMEM. */
static akt_err
reserve(struct open_dir *d, struct batch *b)
{
    akt_self *self = d->walk.self;
    size_t texts = b->texts.room > 0 ? b->texts.room * 2 : LONGEST * 2;

    AKT_TRY(akti_walk_reserve(&d->walk));
    AKT_TRY(akti_content_reserve(self, &b->entries,
                                 d->batch * sizeof(akt_dir_entry)));
    return b->texts.room - b->texts.used >= LONGEST
               ? AKT_OK
               : akti_content_reserve(self, &b->texts, texts);
}

static void
add_text(struct batch *b, const char *text, size_t len)
{
    memcpy(b->texts.bytes + b->texts.used, text, len);
    b->texts.bytes[b->texts.used + len] = '\0';
    b->texts.used += len + 1;
}

/* The texts move when there are more, so they are found again at the end. */
static void
add(struct batch *b, const char *path, const struct akti_found *f)
{
    entries_of(b)[b->count++] = (akt_dir_entry){.path = {NULL, f->path_len},
                                                .name = {NULL, f->name_len},
                                                .kind = f->kind,
                                                .depth = f->depth,
                                                .error = f->error.code,
                                                .errnum = f->error.errnum,
                                                .why = {NULL, f->error.length}};
    add_text(b, path, f->path_len);
    add_text(b, f->error.text, f->error.length);
}

static akt_dir_entries
finish(struct batch *b)
{
    akt_dir_entry *entries = entries_of(b);
    const char *text = b->texts.bytes;
    uint32_t i;

    for (i = 0; i < b->count; i++) {
        akt_dir_entry *e = &entries[i];

        e->path.ptr = text;
        e->name.ptr = text + e->path.len - e->name.len;
        text += e->path.len + 1;
        e->why.ptr = text;
        text += e->why.len + 1;
    }
    return (akt_dir_entries){entries, b->count, b->texts.bytes};
}

void
akt_dir_entries_free(struct akt_dir_entries *entries)
{
    akti_content_drop(entries->entries);
    akti_content_drop(entries->akti_texts);
    *entries = (akt_dir_entries){NULL, 0, NULL};
}

/* AKT_ENOMEM only when there is nothing; then the walk is where it was. */
static akt_err
fill(struct open_dir *d, struct batch *b)
{
    struct akti_found found;

    while (b->count < d->batch && b->texts.used < TEXTS_FULL) {
        akt_err err = reserve(d, b);

        if (err != AKT_OK) {
            return b->count > 0 ? AKT_OK : err;
        }
        if (!akti_walk_step(&d->walk, &found)) {
            return AKT_OK;
        }
        add(b, d->walk.path, &found);
    }
    return AKT_OK;
}

/* --- the jobs --- */

static akt_err
open_job(akt_self *self, const struct akt_dir_open *m)
{
    struct open_dir *d = dir_of(akti_open_of_job(self));
    akt_error error = AKT_ERROR_NONE;

    d->walk.self = self;
    d->walk.max_depth = m->max_depth;
    d->walk.follow = m->follow;
    d->batch = m->batch;
    if (akti_walk_begin(&d->walk, d->open.path, &error) != AKT_OK) {
        return akti_file_answer(self, &error);
    }
    d->is_open = true;
    return akt_reply(self, m, .bytes = 0);
}
AKT_JOB(open_job, akt_dir_open);

static void
batch_free(struct batch *b)
{
    akti_content_free(&b->entries);
    akti_content_free(&b->texts);
}

/* Reads a batch, unless there is one that is kept. One that is empty, at the end,
 * has no memory, so that nobody has to free it. */
static akt_err
read_batch(akt_self *self, struct open_dir *d, akt_error *error)
{
    struct batch b = {.count = 0};

    if (!d->is_open) {
        return akti_file_refuse(error, AKT_EENDED, "read", d->open.path,
                                "the directory is not open");
    }
    if (d->kept.count > 0 && !AKTI_MUTANT(batch_lost)) {
        return AKT_OK;
    }
    d->walk.self = self;
    if (fill(d, &b) != AKT_OK) {
        batch_free(&b);
        return akti_file_refuse(error, AKT_ENOMEM, "read", d->open.path,
                                "out of memory for its entries");
    }
    if (b.count == 0) {
        batch_free(&b);
    }
    akt_dir_entries_free(&d->kept);
    d->kept = finish(&b);
    return AKT_OK;
}

static akt_err
next_job(akt_self *self, const struct akt_dir_next *m)
{
    struct open_dir *d = dir_of(akti_open_of_job(self));
    akt_error error = AKT_ERROR_NONE;
    akt_err err = read_batch(self, d, &error);

    if (err != AKT_OK) {
        return akti_file_answer(self, &error);
    }
    if (akt_is_cancelled(self)) {
        return AKT_ECANCELLED; /* the next one has it */
    }
    err = akt_reply(self, m, .entries = d->kept.entries, .count = d->kept.count,
                    .akti_texts = d->kept.akti_texts);
    if (err == AKT_OK) {
        d->kept = (akt_dir_entries){NULL, 0, NULL};
    }
    return err;
}
AKT_JOB(next_job, akt_dir_next);

/* --- the owner's side --- */

static akt_err
open_dir(akt_self *self, akt_text path, const struct akt_dir_open *message,
         akt_dir *out_dir, akt_future *out_future)
{
    akti_message_arg arg = {&akt_dir_open_type, message};
    struct akti_ask it = {&open_job_akt_job, &arg, out_future, "open"};
    struct akti_open *open;
    struct akti_cell *cell;

    if (message->batch > AKT_DIR_BATCH_MAX) {
        return AKT_EINVAL;
    }
    AKT_TRY(akti_open_new(self, sizeof(struct open_dir), path, end_dir, &open));
    AKT_TRY(akti_open_begin(self, &dir_owned, open, &it, &cell));
    *out_dir = (akt_dir){cell, akti_cell_generation(cell)};
    return AKT_OK;
}

static uint32_t
batch_of(const akt_dir_opts *opts)
{
    return opts != NULL && opts->batch != 0 ? opts->batch
                                            : AKT_DIR_BATCH_DEFAULT;
}

akt_err
akt_dir_open(akt_self *self, akt_text path, const akt_dir_opts *opts,
             akt_dir *out_dir, akt_future *out_future)
{
    struct akt_dir_open m = {.batch = batch_of(opts),
                             .max_depth = 1,
                             .follow = opts != NULL && opts->follow_links};

    return open_dir(self, path, &m, out_dir, out_future);
}

akt_err
akt_dir_walk(akt_self *self, akt_text path, const akt_dir_opts *opts,
             akt_dir *out_dir, akt_future *out_future)
{
    uint32_t depth = opts != NULL ? opts->max_depth : 0;
    struct akt_dir_open m = {.batch = batch_of(opts),
                             .max_depth = depth != 0 ? depth : UINT32_MAX,
                             .follow = opts != NULL && opts->follow_links};

    return open_dir(self, path, &m, out_dir, out_future);
}

static struct akti_open *
find(akt_self *self, akt_dir dir)
{
    return akti_open_find(self, dir.cell, dir.generation, &dir_owned);
}

akt_text
akti_dir_path(akt_self *self, akt_dir dir)
{
    struct akti_open *open = find(self, dir);

    return open != NULL ? open->path : AKT_TEXT("a directory");
}

akt_err
akt_dir_next(akt_self *self, akt_dir dir, akt_future *out_future)
{
    struct akt_dir_next message = {NULL};
    akti_message_arg arg = {&akt_dir_next_type, &message};
    struct akti_ask it = {&next_job_akt_job, &arg, out_future, "read"};
    struct akti_open *open = find(self, dir);

    return open != NULL ? akti_open_ask(self, open, &it) : AKT_EENDED;
}

akt_err
akt_dir_close(akt_self *self, akt_dir dir)
{
    if (find(self, dir) == NULL) {
        return AKT_EENDED;
    }
    akti_owned_close(self, dir.cell);
    return AKT_OK;
}
