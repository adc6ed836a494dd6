/* SPDX-License-Identifier: MIT */
/* A reducer counts the words whose hashes are its share. */
#include "wordcount.h"

struct reducer {
    struct pipeline *line;
    uint32_t index;
    uint32_t ended; /* splitters that are done */
    struct table table;
};

static akt_err
on_batch(akt_self *self, struct reducer *r, const struct batch *m)
{
    (void)self;
    const char *word = m->data;
    while (word < m->data + m->len) {
        uint64_t hash = WORD_HASH_START;
        size_t len = 0;
        for (; word[len] != '\0'; len++) {
            hash = word_hash(hash, (unsigned char)word[len]);
        }
        if (!table_add(&r->table, word, len, hash, 1)) {
            return AKT_ENOMEM;
        }
        word += len + 1;
    }
    return AKT_OK;
}

static akt_err
on_end_of_input(akt_self *self, struct reducer *r, const struct end_of_input *m)
{
    (void)m;
    r->ended++;
    if (r->ended < r->line->splitters) {
        return AKT_OK;
    }
    table_sort(&r->table);
    AKT_TRY(akt_send(self, r->line->reporter_ref, reduced, .reducer = r->index,
                     .table = r->table));
    r->table = (struct table){.entries = NULL}; /* it is on its way */
    return AKT_OK;
}

static void
on_exit_reducer(akt_self *self, struct reducer *r, const akt_exit *reason)
{
    (void)self;
    table_fini(&r->table);
    tell_main_of_exit("a reducer", reason);
}

AKT_CLASS(reducer, struct reducer, AKT_ON(batch, on_batch),
          AKT_ON(end_of_input, on_end_of_input), AKT_ON_EXIT(on_exit_reducer),
          AKT_MAILBOX(8, AKT_AWAIT));

akt_err
reducer_spawn(akt_self *self, struct pipeline *line, uint32_t index)
{
    return akt_spawn(self, reducer, &line->reducer_refs[index], .line = line,
                     .index = index);
}
