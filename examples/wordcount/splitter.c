/* SPDX-License-Identifier: MIT */
/* A splitter turns a chunk of bytes into one batch of words per reducer. */
#include "wordcount.h"

struct splitter {
    struct pipeline *line;
    uint32_t index;
    uint32_t ended; /* readers that are done */
    uint64_t chunks;
};

static bool
batch_reserve(struct batch *batch, size_t more)
{
    if (batch->data != NULL && batch->size - batch->len >= more) {
        return true;
    }
    size_t size = batch->size == 0 ? 1024 : 2 * batch->size;
    if (size - batch->len < more) {
        size = batch->len + more;
    }
    char *data = realloc(batch->data, size);
    if (data == NULL) {
        return false;
    }
    batch->data = data;
    batch->size = size;
    return true;
}

static bool
batch_add(struct batch *batch, const char *word, size_t len)
{
    if (!batch_reserve(batch, len + 1)) {
        return false;
    }
    char *to = batch->data + batch->len;
    for (size_t i = 0; i < len; i++) {
        to[i] = (char)lower_letter(word[i]);
    }
    to[len] = '\0';
    batch->len += len + 1;
    return true;
}

/* Whose word it is. Mixed first: the tables of the reducers use the low bits of
 * the hash, and short words differ in little else. */
static uint32_t
share_of(uint64_t hash, uint32_t n)
{
    uint64_t mixed = (hash * UINT64_C(0x9e3779b97f4a7c15)) >> 40;

    return n > 1 ? (uint32_t)(mixed % n) : 0;
}

/* Splits into `n` batches, one for each reducer. */
static bool
split(const struct chunk *chunk, struct batch *batches, uint32_t n)
{
    const char *end = chunk->data + chunk->len;
    const char *at = chunk->data;
    struct word word;
    bool added = true;
    while (added && next_word(&at, end, &word)) {
        added =
            batch_add(&batches[share_of(word.hash, n)], word.start, word.len);
    }
    return added;
}

/* Sends the batches that are not empty. What is sent is the runtime's. */
static akt_err
send_batches(akt_self *self, const struct splitter *s, struct batch *batches)
{
    for (uint32_t i = 0; i < STAGE_MAX; i++) {
        struct batch *b = &batches[i];
        if (b->len == 0) {
            continue;
        }
        AKT_TRY(akt_send(self, s->line->reducer_refs[i], batch, .data = b->data,
                         .len = b->len, .size = b->size));
        b->data = NULL;
    }
    return AKT_OK;
}

static akt_err
on_chunk(akt_self *self, struct splitter *s, const struct chunk *m)
{
    struct batch batches[STAGE_MAX] = {{0}};
    uint32_t n = s->line->reducers;
    s->chunks++;
    akt_err err =
        split(m, batches, n) ? send_batches(self, s, batches) : AKT_ENOMEM;
    for (uint32_t i = 0; i < STAGE_MAX; i++) {
        batch_free(&batches[i]);
    }
    return err;
}

static akt_err
on_end_of_input(akt_self *self, struct splitter *s,
                const struct end_of_input *m)
{
    (void)m;
    s->ended++;
    if (s->ended < s->line->readers) {
        return AKT_OK;
    }
    for (uint32_t i = 0; i < s->line->reducers; i++) {
        AKT_TRY(akt_send(self, s->line->reducer_refs[i], end_of_input));
    }
    return akt_send(self, s->line->reporter_ref, splitter_totals,
                    .splitter = s->index, .chunks = s->chunks);
}

static void
on_exit_splitter(akt_self *self, struct splitter *s, const akt_exit *reason)
{
    (void)self;
    (void)s;
    tell_main_of_exit("a splitter", reason);
}

AKT_CLASS(splitter, struct splitter, AKT_ON(chunk, on_chunk),
          AKT_ON(end_of_input, on_end_of_input), AKT_ON_EXIT(on_exit_splitter),
          AKT_MAILBOX(4, AKT_AWAIT));

akt_err
splitter_spawn(akt_self *self, struct pipeline *line, uint32_t index)
{
    return akt_spawn(self, splitter, &line->splitter_refs[index], .line = line,
                     .index = index);
}
