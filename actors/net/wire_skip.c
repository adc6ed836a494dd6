/* SPDX-License-Identifier: MIT */
/*
 * The items of a message one after the other, and how those that nobody knows
 * are skipped: by a list of open arrays and maps, as long as the depth allows.
 */
#include "actors/net/wire.h"

#include "actors/base/mutant.h"

akt_err
akti_wire_next(struct akti_wire_input *in, const struct akti_wire_place *place,
               struct akti_cbor_item *out)
{
    const unsigned char *at = in->reader.at;

    switch (akti_cbor_read(&in->reader, out)) {
    case AKTI_CBOR_OK:
        return AKT_OK;
    case AKTI_CBOR_SHORT:
        return akti_wire_refuse(in, place, at, "the input ends in this item");
    case AKTI_CBOR_CHUNKED:
        return akti_wire_refuse(in, place, at,
                                "texts and bytes in pieces are not taken");
    default:
        return akti_wire_refuse(in, place, at, "this is no CBOR");
    }
}

akt_err
akti_wire_enter(struct akti_wire_input *in, const struct akti_wire_place *place,
                const unsigned char *at)
{
    if (in->depth >= AKT_WIRE_DEPTH_MAX && !AKTI_MUTANT(wire_depth_unchecked)) {
        return akti_wire_refuse(in, place, at, "nested deeper than %d levels",
                                AKT_WIRE_DEPTH_MAX);
    }
    in->depth++;
    return AKT_OK;
}

/* An array or map whose elements are skipped one by one; a pair is two. */
struct skipped {
    struct akti_cbor_rest rest;
    bool in_pair;
    bool is_map;
};

/* Whether another element comes. A pair is not ended by a break in its middle. */
static bool
more(struct akti_wire_input *in, struct skipped *s)
{
    if (s->is_map && s->in_pair) {
        s->in_pair = false;
        return true;
    }
    s->in_pair = s->is_map;
    return akti_cbor_more(&in->reader, &s->rest);
}

static bool
has_elements(const struct akti_cbor_item *item)
{
    return item->kind == AKTI_CBOR_ARRAY || item->kind == AKTI_CBOR_MAP;
}

/* A tag belongs to the item behind it. */
static akt_err
next_untagged(struct akti_wire_input *in, const struct akti_wire_place *place,
              struct akti_cbor_item *out, const unsigned char **out_at)
{
    do {
        *out_at = in->reader.at;
        AKT_TRY(akti_wire_next(in, place, out));
    } while (out->kind == AKTI_CBOR_TAG);
    return AKT_OK;
}

/* One head, and what it opens. */
static akt_err
skip_one(struct akti_wire_input *in, const struct akti_wire_place *place,
         struct skipped *open, unsigned outside)
{
    struct akti_cbor_item item;
    const unsigned char *at;

    AKT_TRY(next_untagged(in, place, &item, &at));
    if (has_elements(&item) && !AKTI_MUTANT(wire_skips_head_only)) {
        AKT_TRY(akti_wire_enter(in, place, at));
        open[in->depth - outside - 1] = (struct skipped){
            akti_cbor_rest_of(&item), false, item.kind == AKTI_CBOR_MAP};
    }
    return AKT_OK;
}

akt_err
akti_wire_skip(struct akti_wire_input *in, const struct akti_wire_place *place)
{
    struct skipped open[AKT_WIRE_DEPTH_MAX];
    unsigned outside = in->depth;

    do {
        AKT_TRY(skip_one(in, place, open, outside));
        while (in->depth > outside
               && !more(in, &open[in->depth - outside - 1])) {
            in->depth--;
        }
    } while (in->depth > outside);
    return AKT_OK;
}
