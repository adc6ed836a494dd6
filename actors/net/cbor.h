/* SPDX-License-Identifier: MIT */
/*
 * CBOR (RFC 8949), item by item. The two files behind this header are the only
 * ones that know libcbor, of which they use the functions that read and write one
 * item's head: nothing is allocated, and no length is believed before that many
 * bytes are there.
 */
#ifndef AKT_NET_CBOR_H
#define AKT_NET_CBOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum akti_cbor_kind {
    AKTI_CBOR_UINT,   /* number */
    AKTI_CBOR_NEGINT, /* -1 - number */
    AKTI_CBOR_BYTES,  /* number bytes at ptr */
    AKTI_CBOR_TEXT,   /* the same, not checked to be UTF-8 */
    AKTI_CBOR_ARRAY, /* number elements follow, or, when open, a break ends it */
    AKTI_CBOR_MAP,   /* number pairs follow, or the same */
    AKTI_CBOR_TAG,   /* an item follows */
    AKTI_CBOR_BOOL,  /* number is 0 or 1 */
    AKTI_CBOR_FLOAT, /* real */
    AKTI_CBOR_SIMPLE /* null, undefined, and what has no meaning yet */
};

/* The head of an item, with its content where that is no item. */
struct akti_cbor_item {
    enum akti_cbor_kind kind;
    bool open; /* of indefinite length */
    uint64_t number;
    double real;
    const unsigned char *ptr;
};

enum akti_cbor_status {
    AKTI_CBOR_OK,
    AKTI_CBOR_SHORT,     /* the input ends within the item */
    AKTI_CBOR_MALFORMED, /* no item begins like this, or a break is in its place */
    AKTI_CBOR_CHUNKED    /* a text or bytes in pieces */
};

/* Not yet read is what is from `at` on. */
struct akti_cbor_reader {
    const unsigned char *begin;
    const unsigned char *at;
    const unsigned char *end;
};

/* The next item; unless it is AKTI_CBOR_OK the reader stays where it is. */
enum akti_cbor_status akti_cbor_read(struct akti_cbor_reader *r,
                                     struct akti_cbor_item *out);

/* What is still to come of an array or map: elements or pairs. */
struct akti_cbor_rest {
    uint64_t left;
    bool open;
};

static inline struct akti_cbor_rest
akti_cbor_rest_of(const struct akti_cbor_item *head)
{
    return (struct akti_cbor_rest){head->number, head->open};
}

/* Whether another element comes. The break that ends an open one is read. */
static inline bool
akti_cbor_more(struct akti_cbor_reader *r, struct akti_cbor_rest *rest)
{
    if (!rest->open) {
        return rest->left > 0 && rest->left-- > 0;
    }
    if (r->at < r->end && *r->at == 0xff) {
        r->at++;
        return false;
    }
    return true;
}

/* Writes as long as there is room and counts in any case. */
struct akti_cbor_writer {
    unsigned char *buffer;
    size_t size;
    size_t used;
};

/* Each in the shortest form. */
void akti_cbor_put_uint(struct akti_cbor_writer *w, uint64_t value);
void akti_cbor_put_int(struct akti_cbor_writer *w, int64_t value);
void akti_cbor_put_bool(struct akti_cbor_writer *w, bool value);
/* 2, 4 or 8 bytes, whichever keep the value; there is one NaN. */
void akti_cbor_put_double(struct akti_cbor_writer *w, double value);
void akti_cbor_put_text(struct akti_cbor_writer *w, const void *ptr,
                        size_t length);
void akti_cbor_put_bytes(struct akti_cbor_writer *w, const void *ptr,
                         size_t length);
/* The heads; so many bytes, elements or pairs are to follow. */
void akti_cbor_put_bytes_head(struct akti_cbor_writer *w, size_t length);
void akti_cbor_put_array(struct akti_cbor_writer *w, size_t count);
void akti_cbor_put_map(struct akti_cbor_writer *w, size_t count);

#endif
