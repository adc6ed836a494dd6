/* SPDX-License-Identifier: MIT */
#include "actors/net/batch.h"

#include "actors/base/mutant.h"

#include <stdlib.h>
#include <string.h>

/* What a block has at first, where it may. */
#define BLOCK AKT_NNG_BATCH

/* --- making one --- */

void
akti_batch_init(akt_nng_packer *b, size_t limit)
{
    *b = (akt_nng_packer){.limit = limit};
}

void
akti_batch_fini(akt_nng_packer *b)
{
    free(b->block);
    b->block = NULL;
    b->size = 0;
    b->used = 0;
    b->count = 0;
}

static size_t
head_length(uint64_t number)
{
    if (number < 24) {
        return 1;
    }
    if (number <= UINT8_MAX) {
        return 2;
    }
    if (number <= UINT16_MAX) {
        return 3;
    }
    return number <= UINT32_MAX ? 5 : AKTI_BATCH_HEAD_MAX;
}

bool
akti_batch_fits(const akt_nng_packer *b, size_t length)
{
    size_t all = head_length(b->count + 1) + b->used + head_length(length);

    return b->count == 0 || (all <= b->limit && length <= b->limit - all);
}

/* Of a block in which so many bytes have room, with a head before and behind. */
static size_t
block_size(size_t bytes)
{
    return bytes + 2 * AKTI_BATCH_HEAD_MAX;
}

/*
 * The block is as large as the limit or as a message that is larger, or grows to that
 * where the limit is more than most need.
 */
static bool
make_room(akt_nng_packer *b, size_t length)
{
    size_t bytes = b->used + length;
    size_t grown = b->size < BLOCK / 2 ? BLOCK : 2 * b->size;
    unsigned char *block;

    if (b->block != NULL && block_size(bytes) <= b->size) {
        return true;
    }
    grown = grown < b->limit ? grown : b->limit;
    bytes = bytes > grown ? bytes : grown;
    block = realloc(b->block, block_size(bytes));
    if (block == NULL) {
        return false;
    }
    b->block = block;
    b->size = block_size(bytes);
    return true;
}

static unsigned char *
end_of(akt_nng_packer *b)
{
    return b->block + AKTI_BATCH_HEAD_MAX + b->used;
}

void *
akti_batch_room(akt_nng_packer *b, size_t length)
{
    return make_room(b, length) ? end_of(b) + head_length(length) : NULL;
}

void
akti_batch_add(akt_nng_packer *b, size_t length)
{
    struct akti_cbor_writer w = {end_of(b), AKTI_BATCH_HEAD_MAX, 0};

    akti_cbor_put_bytes_head(&w, length);
    b->used += w.used + length;
    b->count++;
}

akt_bytes
akti_batch_whole(akt_nng_packer *b)
{
    size_t head = head_length(b->count);
    unsigned char *begin = b->block + AKTI_BATCH_HEAD_MAX - head;
    struct akti_cbor_writer w = {begin, head, 0};

    akti_cbor_put_array(&w, (size_t)b->count);
    return (akt_bytes){begin, head + b->used};
}

void
akti_batch_clear(akt_nng_packer *b)
{
    b->used = 0;
    b->count = 0;
    /* A large message was an exception. */
    if (b->size > block_size(b->limit)) {
        akti_batch_fini(b);
    }
}

/* --- taking one apart --- */

/* The next element, if it is bytes that are all there. */
static bool
read_bytes(struct akti_cbor_reader *r, akt_bytes *out)
{
    size_t left = (size_t)(r->end - r->at);
    struct akti_cbor_item item;

    /* The heads of short ones, of which there are many. */
    if (left >= 1 && r->at[0] >= 0x40 && r->at[0] < 0x58) {
        item.number = r->at[0] - 0x40u;
        item.ptr = r->at + 1;
    } else if (left >= 2 && r->at[0] == 0x58) {
        item.number = r->at[1];
        item.ptr = r->at + 2;
    } else {
        if (akti_cbor_read(r, &item) != AKTI_CBOR_OK
            || item.kind != AKTI_CBOR_BYTES) {
            return false;
        }
        *out = (akt_bytes){item.ptr, (size_t)item.number};
        return true;
    }
    if (item.number > (size_t)(r->end - item.ptr)) {
        return false;
    }
    r->at = item.ptr + item.number;
    *out = (akt_bytes){item.ptr, (size_t)item.number};
    return true;
}

/* The head of the array; the reader is behind it. */
static bool
read_head(struct akti_cbor_reader *r, akt_bytes input,
          struct akti_cbor_rest *out)
{
    struct akti_cbor_item head;

    *r = (struct akti_cbor_reader){.begin = input.ptr};
    if (input.len == 0) {
        return false;
    }
    r->at = r->begin;
    r->end = r->begin + input.len;
    if (akti_cbor_read(r, &head) != AKTI_CBOR_OK
        || head.kind != AKTI_CBOR_ARRAY) {
        return false;
    }
    *out = akti_cbor_rest_of(&head);
    return true;
}

bool
akti_batch_open(struct akti_batch_reader *r, akt_bytes input)
{
    struct akti_cbor_reader all;
    struct akti_cbor_rest rest;
    akt_bytes element;
    uint64_t count = 0;

    if (!read_head(&all, input, &rest)) {
        return false;
    }
    r->input = all;
    while (akti_cbor_more(&all, &rest)) {
        if (!read_bytes(&all, &element)) {
            return false;
        }
        count++;
    }
    r->left = count;
    return all.at == all.end || AKTI_MUTANT(batch_tail_taken);
}

bool
akti_batch_next(struct akti_batch_reader *r, akt_bytes *out)
{
    return r->left > 0 && r->left-- > 0 && read_bytes(&r->input, out);
}

bool
akti_batch_next_at(akt_bytes input, size_t *at, akt_bytes *out)
{
    struct akti_cbor_reader r = {.begin = input.ptr};
    struct akti_cbor_rest rest;

    if (*at >= input.len) {
        return false;
    }
    r.at = r.begin + *at;
    r.end = r.begin + input.len;
    if ((*at == 0 && !read_head(&r, input, &rest)) || !read_bytes(&r, out)) {
        return false;
    }
    *at = (size_t)(r.at - r.begin);
    return true;
}

uint64_t
akti_batch_count(akt_bytes input)
{
    struct akti_batch_reader whole;
    struct akti_cbor_reader r;
    struct akti_cbor_rest rest;

    if (!read_head(&r, input, &rest)) {
        return 1;
    }
    if (!rest.open) {
        return rest.left;
    }
    return akti_batch_open(&whole, input) ? whole.left : 1;
}
