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
#include "akt/nng.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest head of an item of CBOR. */
#define AKTI_BATCH_HEAD_MAX ((size_t)9)

/*
 * One that is being filled is an akt_nng_packer: its block has room for the head,
 * and then `used` bytes of what was added.
 */
void akti_batch_init(akt_nng_packer *b, size_t limit);
void akti_batch_fini(akt_nng_packer *b);
/* Whether a message of that length goes into it: into an empty one any does. */
bool akti_batch_fits(const akt_nng_packer *b, size_t length);
/* Where the bytes of the next message are to be written; NULL: no memory. */
void *akti_batch_room(akt_nng_packer *b, size_t length);
/* They have been written. */
void akti_batch_add(akt_nng_packer *b, size_t length);
/* The whole, as it is to be sent; good until the next call. */
akt_bytes akti_batch_whole(akt_nng_packer *b);
void akti_batch_clear(akt_nng_packer *b);

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
 * The same by where the one before ended, *at, which is 0 for the first. Of an input
 * that was not opened it reads what can be read, and nothing outside of it.
 */
bool akti_batch_next_at(akt_bytes input, size_t *at, akt_bytes *out);

/*
 * How many messages these bytes are counted as, whatever they are: so many as they
 * say to be, where that can be, else one.
 */
uint64_t akti_batch_count(akt_bytes input);

#endif
