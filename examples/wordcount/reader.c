/* SPDX-License-Identifier: MIT */
/*
 * A reader reads one file at a time, in order, by one job at a time. Its source
 * is lent to the job: the reader touches it only when no job is under way.
 */
#include "fill.h"
#include "wordcount.h"

enum {
    REPORT_BYTES = 4 * 1024 * 1024
};

struct reader {
    struct pipeline *line;
    uint32_t index;
    uint32_t next_splitter;
    akt_ref dispatcher; /* who sent the file */
    uint64_t bytes;     /* read and not yet told to the dispatcher */
};

static akt_err on_filled(akt_self *self, struct reader *r,
                         const akt_answer *answer, const struct filled *m);
AKT_THEN(on_filled, struct reader, fill);

static struct source *
source_of(const struct reader *r)
{
    return &r->line->sources[r->index];
}

static akt_err
read_on(akt_self *self, const struct reader *r)
{
    akt_future f;
    AKT_TRY(akt_ask_blocking_within(self, NO_HURRY, &f, fill_source, fill,
                                    .source = (uintptr_t)source_of(r)));
    return akt_then(self, f, on_filled, NULL);
}

/* Sends what ends with a word to the next splitter in turn. */
static akt_err
pass_on(akt_self *self, struct reader *r)
{
    struct chunk chunk;
    if (!source_cut(source_of(r), &chunk.data, &chunk.len)) {
        return AKT_ENOMEM;
    }
    if (chunk.len == 0) {
        return AKT_OK;
    }
    akt_ref to = r->line->splitter_refs[r->next_splitter];
    r->next_splitter = (r->next_splitter + 1) % r->line->splitters;
    akt_err err =
        akt_send(self, to, chunk, .data = chunk.data, .len = chunk.len);
    if (err != AKT_OK) {
        chunk_free(&chunk);
    }
    return err;
}

static akt_err
tell_dispatcher(akt_self *self, struct reader *r)
{
    const struct source *source = source_of(r);
    akt_ref to = r->dispatcher;
    uint64_t bytes = r->bytes;
    if (source->ended) {
        r->bytes = 0;
        return akt_send(self, to, file_done, .slot = r->index, .bytes = bytes,
                        .cut = source->cut, .err = source->err,
                        .stopped = source->stopped);
    }
    if (bytes < REPORT_BYTES) {
        return AKT_OK;
    }
    r->bytes = 0;
    return akt_send(self, to, read_some, .bytes = bytes);
}

static akt_err
on_filled(akt_self *self, struct reader *r, const akt_answer *answer,
          const struct filled *m)
{
    if (m == NULL) {
        return answer->error;
    }
    r->bytes += m->bytes;
    AKT_TRY(pass_on(self, r));
    AKT_TRY(tell_dispatcher(self, r));
    return source_of(r)->ended ? AKT_OK : read_on(self, r);
}

static akt_err
on_read_file(akt_self *self, struct reader *r, const struct read_file *m)
{
    if (!source_set_path(source_of(r), m->path.ptr, m->named)) {
        return AKT_ENOMEM;
    }
    r->dispatcher = akt_sender(self);
    return read_on(self, r);
}

static akt_err
on_end_of_input(akt_self *self, struct reader *r, const struct end_of_input *m)
{
    (void)m;
    for (uint32_t i = 0; i < r->line->splitters; i++) {
        AKT_TRY(akt_send(self, r->line->splitter_refs[i], end_of_input));
    }
    return AKT_OK;
}

static void
on_exit_reader(akt_self *self, struct reader *r, const akt_exit *reason)
{
    (void)self;
    (void)r;
    tell_main_of_exit("a reader", reason);
}

AKT_CLASS(reader, struct reader, AKT_ON(read_file, on_read_file),
          AKT_ON(end_of_input, on_end_of_input), AKT_ON_EXIT(on_exit_reader),
          AKT_MAILBOX(4, AKT_AWAIT));

akt_err
reader_spawn(akt_self *self, struct pipeline *line, uint32_t index)
{
    return akt_spawn(self, reader, &line->reader_refs[index], .line = line,
                     .index = index, .next_splitter = index % line->splitters);
}
