/* SPDX-License-Identifier: MIT */
/**
 * @file table.h
 * @brief Counts words: a hash table, the only thing that grows with the input,
 *        and only with its different words.
 */
#ifndef AKT_EXAMPLES_WORDCOUNT_TABLE_H
#define AKT_EXAMPLES_WORDCOUNT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A word and how often it came. */
struct entry {
    const char *word; /* in the table's text; NULL: a free place */
    uint64_t count;
    uint32_t len;
    uint32_t hash;
};

/** Words and their counts. Zeroed memory is an empty table. */
struct table {
    struct entry *entries;
    size_t n_entries; /* used */
    size_t n_places;  /* a power of two, or n_entries when sorted */
    uint64_t words;   /* the sum of all counts */
    struct text_block *text;
};

/** The start of a word's hash; `word_hash` takes one byte after the other. */
#define WORD_HASH_START UINT64_C(14695981039346656037)

/** FNV-1a. */
static inline uint64_t
word_hash(uint64_t hash, unsigned char byte)
{
    return (hash ^ byte) * UINT64_C(1099511628211);
}

/** Counts a word `count` times; false when out of memory. */
bool table_add(struct table *table, const char *word, size_t len, uint64_t hash,
               uint64_t count);

/** Most frequent first, then by bytes. Nothing can be added afterwards. */
void table_sort(struct table *table);

/** Below 0 when `a` comes before `b`. */
int entry_compare(const struct entry *a, const struct entry *b);

/** Frees all; the table is empty then. */
void table_fini(struct table *table);

#endif
