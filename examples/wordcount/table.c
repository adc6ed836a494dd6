/* SPDX-License-Identifier: MIT */
#include "table.h"

#include <stdlib.h>
#include <string.h>

enum {
    TEXT_BLOCK_SIZE = 64 * 1024
};

/* The words lie one behind the other in blocks. */
struct text_block {
    struct text_block *next;
    size_t used;
    size_t size;
    char text[];
};

/* A copy of the word that lives as long as the table. */
static const char *
keep_text(struct table *table, const char *word, size_t len)
{
    struct text_block *block = table->text;
    if (block == NULL || block->size - block->used < len) {
        size_t size = len > TEXT_BLOCK_SIZE ? len : TEXT_BLOCK_SIZE;
        block = malloc(sizeof *block + size);
        if (block == NULL) {
            return NULL;
        }
        block->next = table->text;
        block->used = 0;
        block->size = size;
        table->text = block;
    }
    char *copy = block->text + block->used;
    memcpy(copy, word, len);
    block->used += len;
    return copy;
}

/* Where the word is, or where it belongs. */
static struct entry *
find_place(const struct table *table, const char *word, size_t len,
           uint32_t hash)
{
    size_t mask = table->n_places - 1;
    for (size_t i = hash & mask;; i = (i + 1) & mask) {
        struct entry *e = &table->entries[i];
        if (e->word == NULL
            || (e->hash == hash && e->len == len
                && memcmp(e->word, word, len) == 0)) {
            return e;
        }
    }
}

/* Twice the places when three quarters are taken. */
static bool
grow(struct table *table)
{
    if (4 * (table->n_entries + 1) <= 3 * table->n_places) {
        return true;
    }
    struct table bigger = *table;
    bigger.n_places = table->n_places == 0 ? 1024 : 2 * table->n_places;
    bigger.entries = calloc(bigger.n_places, sizeof *bigger.entries);
    if (bigger.entries == NULL) {
        return false;
    }
    for (size_t i = 0; i < table->n_places; i++) {
        const struct entry *e = &table->entries[i];
        if (e->word != NULL) {
            *find_place(&bigger, e->word, e->len, e->hash) = *e;
        }
    }
    free(table->entries);
    *table = bigger;
    return true;
}

bool
table_add(struct table *table, const char *word, size_t len, uint64_t hash,
          uint64_t count)
{
    if (!grow(table)) {
        return false;
    }
    uint32_t short_hash = (uint32_t)hash;
    struct entry *e = find_place(table, word, len, short_hash);
    if (e->word == NULL) {
        const char *copy = keep_text(table, word, len);
        if (copy == NULL) {
            return false;
        }
        *e = (struct entry){
            .word = copy, .len = (uint32_t)len, .hash = short_hash};
        table->n_entries++;
    }
    e->count += count;
    table->words += count;
    return true;
}

int
entry_compare(const struct entry *a, const struct entry *b)
{
    if (a->count != b->count) {
        return a->count > b->count ? -1 : 1;
    }
    size_t len = a->len < b->len ? a->len : b->len;
    int order = memcmp(a->word, b->word, len);
    if (order != 0) {
        return order;
    }
    return (a->len > b->len) - (a->len < b->len);
}

static int
compare_for_qsort(const void *a, const void *b)
{
    return entry_compare(a, b);
}

void
table_sort(struct table *table)
{
    size_t n = 0;
    for (size_t i = 0; i < table->n_places; i++) {
        if (table->entries[i].word != NULL) {
            table->entries[n++] = table->entries[i];
        }
    }
    table->n_places = n;
    if (n > 1) {
        qsort(table->entries, n, sizeof *table->entries, compare_for_qsort);
    }
}

void
table_fini(struct table *table)
{
    while (table->text != NULL) {
        struct text_block *next = table->text->next;
        free(table->text);
        table->text = next;
    }
    free(table->entries);
    *table = (struct table){.entries = NULL};
}
