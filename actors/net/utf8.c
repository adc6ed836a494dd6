/* SPDX-License-Identifier: MIT */
/*
 * The table of RFC 3629, section 4: what may be the second byte depends on the
 * first. Most texts are ASCII and looked at by eight.
 */
#include "actors/net/utf8.h"

#include <stdint.h>
#include <string.h>

/* Characters that begin with `first` to `last`. */
struct row {
    unsigned char first;
    unsigned char last;
    unsigned char length;
    unsigned char low; /* of the second byte */
    unsigned char high;
};

static const struct row rows[] = {
    {0x00, 0x7f, 1, 0x00, 0x00}, {0xc2, 0xdf, 2, 0x80, 0xbf},
    {0xe0, 0xe0, 3, 0xa0, 0xbf}, {0xe1, 0xec, 3, 0x80, 0xbf},
    {0xed, 0xed, 3, 0x80, 0x9f}, {0xee, 0xef, 3, 0x80, 0xbf},
    {0xf0, 0xf0, 4, 0x90, 0xbf}, {0xf1, 0xf3, 4, 0x80, 0xbf},
    {0xf4, 0xf4, 4, 0x80, 0x8f},
};

static bool
is_tail(unsigned char byte)
{
    return (byte & 0xc0) == 0x80;
}

static bool
fits(const struct row *row, const unsigned char *p, size_t left)
{
    return left >= row->length
           && (row->length < 2 || (p[1] >= row->low && p[1] <= row->high))
           && (row->length < 3 || is_tail(p[2]))
           && (row->length < 4 || is_tail(p[3]));
}

/* The length of the character at `p`; 0: there is none. */
static size_t
character(const unsigned char *p, size_t left)
{
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (*p >= rows[i].first && *p <= rows[i].last) {
            return fits(&rows[i], p, left) ? rows[i].length : 0;
        }
    }
    return 0;
}

static bool
is_ascii8(const unsigned char *p)
{
    uint64_t word;

    memcpy(&word, p, sizeof(word));
    return (word & UINT64_C(0x8080808080808080)) == 0;
}

bool
akti_utf8_is_valid(const void *ptr, size_t length)
{
    const unsigned char *p = ptr;
    size_t i = 0;

    while (i < length) {
        size_t n = length - i >= 8 && is_ascii8(p + i)
                       ? 8
                       : character(p + i, length - i);

        if (n == 0) {
            return false;
        }
        i += n;
    }
    return true;
}
