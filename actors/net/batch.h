/* SPDX-License-Identifier: MIT */
/*
 * Many small messages in one of the network's: a CBOR array of byte strings, each
 * of which is what would have been a message of its own (WIRE.md). One is made here
 * piece by piece, and one that came is taken apart. Pure functions of their
 * arguments; nothing is believed of an input before all of it has been looked at.
 */
#ifndef AKT_NET_BATCH_H
#define AKT_NET_BATCH_H

#include "actors/net/cbor.h"
#include "akt/types.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest head of an item of CBOR. */
#define AKTI_BATCH_HEAD_MAX ((size_t)9)

/* One that is being filled. */
struct akti_batch {
    unsigned char *block; /* room for the head, then what was added */
    size_t size;          /* of the block */
    size_t used;          /* without the room for the head */
    size_t limit;         /* bytes of a batch; a longer message goes alone */
    uint64_t count;
};

void akti_batch_init(struct akti_batch *b, size_t limit);
void akti_batch_fini(struct akti_batch *b);
/* Whether a message of that length goes into it: into an empty one any does. */
bool akti_batch_fits(const struct akti_batch *b, size_t length);
/* Where the bytes of the next message are to be written; NULL: no memory. */
void *akti_batch_room(struct akti_batch *b, size_t length);
/* They have been written. */
void akti_batch_add(struct akti_batch *b, size_t length);
/* The whole, as it is to be sent; good until the next call. */
akt_bytes akti_batch_whole(struct akti_batch *b);
void akti_batch_clear(struct akti_batch *b);

/* One that came. */
struct akti_batch_reader {
    struct akti_cbor_reader input;
    uint64_t left;
};

/* False: it is none, and nothing may be read of it. */
bool akti_batch_open(struct akti_batch_reader *r, akt_bytes input);
/* The next message, which points into the input; false: that was the last. */
bool akti_batch_next(struct akti_batch_reader *r, akt_bytes *out);

/*
 * How many messages these bytes are counted as, whatever they are: so many as they
 * say to be, where that can be, else one.
 */
uint64_t akti_batch_count(akt_bytes input);

#endif
