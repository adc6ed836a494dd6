/* SPDX-License-Identifier: MIT */
/**
 * @file piece.h
 * @brief A table in pieces, to be sent: lines of a count and a word, "7 the".
 */
#ifndef AKT_EXAMPLES_WORDCOUNT_PIECE_H
#define AKT_EXAMPLES_WORDCOUNT_PIECE_H

#include "source.h"
#include "table.h"

enum {
    PIECE_SIZE = 64 * 1024,
    LINE_MAX_LEN = LONGEST_WORD + 24, /* with its count and what is between */
    PIECE_MAX = LINE_MAX_LEN          /* a longer line than a piece is alone */
};

/** Writes the words from `*at`, a place in the table, on, and moves that; 0 at
 *  first. Returns the bytes; 0: there are no more words. */
size_t piece_write(const struct table *table, size_t *at, char *out);

/** Whether each line is a count and a word: peers may send anything. */
bool piece_is_sound(const char *piece, size_t len);

/** Adds a sound piece's words to the table; false when out of memory. */
bool piece_add(struct table *table, const char *piece, size_t len);

#endif
