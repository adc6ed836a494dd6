/* SPDX-License-Identifier: MIT */
/*
 * Whether a private key is that of a certificate. nng takes any two, and then every
 * handshake fails, which only the peers hear of. The file of a key has the public
 * part as well: of RSA the modulus, of a curve the point, unless that was left out.
 * The certificate has the same bytes in it, or it is another's.
 */
#include "actors/net/nng_back.h"

#include <string.h>

#define INTEGER 0x02
#define BITS 0x03
#define OCTETS 0x04
#define SEQUENCE 0x30
#define POINT 0xa1

struct bytes {
    const unsigned char *at;
    size_t left;
};

/* --- PEM --- */

static int
digit_of(char c)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrst"
        "uvwxyz0123456789+/";
    const char *found = c != '\0' ? strchr(digits, c) : NULL;

    return found != NULL ? (int)(found - digits) : -1;
}

/* What follows the line that ends so, up to the next one; at most 3/4 of the text. */
static size_t
decode(const char *text, const char *begins, unsigned char *out)
{
    const char *p = strstr(text, begins);
    uint32_t bits = 0;
    unsigned count = 0;
    size_t n = 0;

    for (p = p != NULL ? p + strlen(begins) : ""; *p != '\0' && *p != '-';
         p++) {
        int digit = digit_of(*p);

        if (digit >= 0) {
            bits = bits << 6 | (uint32_t)digit;
            count += 6;
        }
        if (count >= 8) {
            count -= 8;
            out[n++] = (unsigned char)(bits >> count);
        }
    }
    return n;
}

/* --- what is in it --- */

/* The next element: its content; its tag, or 0 when there is none. */
static unsigned
next(struct bytes *in, struct bytes *content)
{
    unsigned tag = in->left >= 2 ? in->at[0] : 0;
    size_t n = in->left >= 2 ? in->at[1] : 0;
    size_t head = 2;

    if (n >= 0x80) {
        size_t end = head + (n & 0x7f);

        if ((n & 0x7f) > 4 || end > in->left) {
            return 0;
        }
        for (n = 0; head < end; head++) {
            n = n << 8 | in->at[head];
        }
    }
    if (tag == 0 || n > in->left - head) {
        return 0;
    }
    *content = (struct bytes){in->at + head, n};
    in->at += head + n;
    in->left -= head + n;
    return tag;
}

static void
skip_first(struct bytes *b)
{
    b->at++;
    b->left--;
}

/* The point of a key of a curve, which stands behind its other parts. */
static bool
find_point(struct bytes in, struct bytes *out)
{
    struct bytes part;
    unsigned tag = next(&in, &part);

    while (tag != 0 && tag != POINT) {
        tag = next(&in, &part);
    }
    if (tag == 0 || next(&part, out) != BITS || out->left < 2) {
        return false;
    }
    skip_first(out); /* how many bits are unused */
    return true;
}

/* A key is a sequence that begins with a version; what is next tells which. */
static bool
find_public(struct bytes key, struct bytes *out)
{
    struct bytes in;
    unsigned tag;

    if (next(&key, &in) != SEQUENCE || next(&in, out) != INTEGER) {
        return false;
    }
    tag = next(&in, out);
    if (tag == SEQUENCE) { /* PKCS #8: the sort of key, and the key */
        return next(&in, out) == OCTETS && find_public(*out, out);
    }
    if (tag == INTEGER && out->left > 1) { /* RSA, with a zero for the sign */
        skip_first(out);
        return true;
    }
    return tag == OCTETS && find_point(in, out);
}

static bool
contains(struct bytes in, struct bytes part)
{
    while (in.left >= part.left && memcmp(in.at, part.at, part.left) != 0) {
        skip_first(&in);
    }
    return in.left >= part.left;
}

akt_err
akti_nng_key_check(const char *cert, const char *key, bool *out_differs)
{
    size_t size = strlen(cert);
    unsigned char *room = calloc(1, size + strlen(key));
    volatile unsigned char *secret = room != NULL ? room + size : NULL;
    struct bytes c = {room, 0};
    struct bytes k = {room != NULL ? room + size : NULL, 0};
    struct bytes part;
    size_t i;

    if (room == NULL) {
        return AKT_ENOMEM;
    }
    c.left = decode(cert, "BEGIN CERTIFICATE-----", room);
    k.left = decode(key, "PRIVATE KEY-----", room + size);
    *out_differs = find_public(k, &part) && !contains(c, part);
    for (i = 0; i < k.left; i++) {
        secret[i] = 0;
    }
    free(room);
    return AKT_OK;
}
