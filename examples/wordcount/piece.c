/* SPDX-License-Identifier: MIT */
#include "piece.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    COUNT_DIGITS = 19 /* so many always fit into 64 bits */
};

/* A line that was read. */
struct line {
    const char *word;
    size_t len;
    uint64_t hash;
    uint64_t count;
};

static size_t
write_line(const struct entry *e, char *out)
{
    int digits = snprintf(out, COUNT_DIGITS + 3, "%" PRIu64 " ", e->count);
    size_t used = (size_t)digits;
    memcpy(out + used, e->word, e->len);
    used += e->len;
    out[used] = '\n';
    return used + 1;
}

size_t
piece_write(const struct table *table, size_t *at, char *out)
{
    size_t used = 0;
    for (; *at < table->n_places; ++*at) {
        const struct entry *e = &table->entries[*at];
        if (e->word == NULL) {
            continue;
        }
        if (used > 0 && used + e->len + 24 > PIECE_SIZE) {
            break;
        }
        used += write_line(e, out + used);
    }
    return used;
}

static bool
read_count(const char **at, const char *end, uint64_t *out)
{
    const char *p = *at;
    uint64_t count = 0;
    while (p < end && *p >= '0' && *p <= '9' && p - *at < COUNT_DIGITS) {
        count = 10 * count + (uint64_t)(*p - '0');
        p++;
    }
    *at = p;
    *out = count;
    return count > 0;
}

static bool
read_byte(const char **at, const char *end, char byte)
{
    if (*at == end || **at != byte) {
        return false;
    }
    ++*at;
    return true;
}

static bool
read_word(const char **at, const char *end, struct line *out)
{
    const char *p = *at;
    uint64_t hash = WORD_HASH_START;
    for (; p < end && *p >= 'a' && *p <= 'z'; p++) {
        hash = word_hash(hash, (unsigned char)*p);
    }
    out->word = *at;
    out->len = (size_t)(p - *at);
    out->hash = hash;
    *at = p;
    return out->len > 0 && out->len <= LONGEST_WORD;
}

/* The next line; false at the end, and where there is no line. */
static bool
read_line(const char **at, const char *end, struct line *out)
{
    const char *p = *at;
    if (!read_count(&p, end, &out->count) || !read_byte(&p, end, ' ')
        || !read_word(&p, end, out) || !read_byte(&p, end, '\n')) {
        return false;
    }
    *at = p;
    return true;
}

bool
piece_is_sound(const char *piece, size_t len)
{
    const char *at = piece;
    const char *end = piece + len;
    struct line line;
    while (read_line(&at, end, &line)) {
    }
    return at == end;
}

bool
piece_add(struct table *table, const char *piece, size_t len)
{
    const char *at = piece;
    struct line line;
    while (read_line(&at, piece + len, &line)) {
        if (!table_add(table, line.word, line.len, line.hash, line.count)) {
            return false;
        }
    }
    return true;
}
