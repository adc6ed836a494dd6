/* SPDX-License-Identifier: MIT */
/**
 * @file words.h
 * @brief What a word is: a run of ASCII letters.
 */
#ifndef AKT_EXAMPLES_WORDCOUNT_WORDS_H
#define AKT_EXAMPLES_WORDCOUNT_WORDS_H

#include "table.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A word where it stands, in whatever case. */
struct word {
    const char *start;
    size_t len;
    uint64_t hash; /* of its letters in lower case */
};

/** The letter in lower case, or 0 for bytes that are no ASCII letter. */
static inline unsigned char
lower_letter(char byte)
{
    unsigned char c = (unsigned char)((unsigned char)byte | 0x20u);
    return c >= 'a' && c <= 'z' ? c : 0;
}

/** The next word from `*at` on, which is moved behind it; false: there is none
 *  before `end`. */
static inline bool
next_word(const char **at, const char *end, struct word *out)
{
    const char *p = *at;
    uint64_t hash = WORD_HASH_START;
    unsigned char c = 0;
    while (p < end && (c = lower_letter(*p)) == 0) {
        p++;
    }
    out->start = p;
    while (c != 0) {
        hash = word_hash(hash, c);
        p++;
        c = p < end ? lower_letter(*p) : 0;
    }
    out->len = (size_t)(p - out->start);
    out->hash = hash;
    *at = p;
    return out->len > 0;
}

#endif
