/* SPDX-License-Identifier: MIT */
/*
 * The oracle's books of channels. A value is known by what its bytes are and by
 * its place in its channel. It is written down when its send has answered AKT_OK,
 * and struck out when a receive has, so that what a call says is compared with
 * what the channel then does: a value that was given back to its sender is in no
 * book, and must not come out.
 *
 * One thread.
 */
#include "actors/test/oracle.h"
#include "akt/channel.h"

#include <stdlib.h>
#include <string.h>

/* Of a channel: a receiver was told that nothing will come any more. */
#define TOLD_CLOSED 1u

typedef unsigned long long number_out;

/* Of a channel in its book: a: values so far, b: of these gone, c: its number. */
typedef struct akti_map_entry book;

static struct akti_map_entry *
put(struct akti_map *map, uint64_t key)
{
    struct akti_map_entry *entry = akti_map_put(map, key);

    if (entry == NULL) {
        abort(); /* the checks cannot go on without a place for it */
    }
    return entry;
}

static uint64_t
digest(const void *bytes, size_t size)
{
    const char *at = bytes;
    uint64_t hash = akti_hash_mix(0, size);

    while (size > 0) {
        size_t n = size < sizeof(uint64_t) ? size : sizeof(uint64_t);
        uint64_t word = 0;

        memcpy(&word, at, n);
        hash = akti_hash_mix(hash, word);
        at += n;
        size -= n;
    }
    return hash;
}

static uint64_t
digest_of(const struct akti_note *note)
{
    return digest(note->what, (size_t)note->b);
}

static uint64_t
left(const book *b)
{
    return b->a - b->b;
}

/* The n-th value of a channel; the number is below 2^24, and n below 2^40. */
static uint64_t
place(const book *b, uint64_t n)
{
    return b->c << 40 | n;
}

static book *
book_of(struct akti_oracle *o, const struct akti_note *note)
{
    book *b = put(&o->channels, note->a);

    if (b->c == 0) {
        b->c = ++o->channel_count;
    }
    return b;
}

/* --- one value --- */

static void
on_sent(struct akti_oracle *o, const struct akti_note *note)
{
    book *b = book_of(o, note);

    if ((b->flags & TOLD_CLOSED) != 0) {
        akti_oracle_fail(o, AKT_CHECK_CHANNELS,
                         "a value was sent after a receiver was told that "
                         "nothing will come any more");
    }
    put(&o->values, place(b, b->a))->a = digest_of(note);
    b->a++;
}

/* The first of those that are left with these bytes; NULL: there is none. */
static struct akti_map_entry *
find_value(struct akti_oracle *o, const book *b, uint64_t wanted)
{
    uint64_t n;

    for (n = b->b; n < b->a; n++) {
        struct akti_map_entry *v = akti_map_find(&o->values, place(b, n));

        if (v != NULL && v->a == wanted) {
            return v;
        }
    }
    return NULL;
}

/* The oldest is gone. */
static void
strike_out(struct akti_oracle *o, book *b)
{
    struct akti_map_entry *v = akti_map_find(&o->values, place(b, b->b));

    if (v != NULL) {
        akti_map_remove(&o->values, v);
    }
    b->b++;
}

static void
on_received(struct akti_oracle *o, const struct akti_note *note)
{
    book *b = book_of(o, note);
    struct akti_map_entry *v = find_value(o, b, digest_of(note));
    struct akti_map_entry *oldest;

    if (v == NULL) {
        akti_oracle_fail(o, AKT_CHECK_CHANNELS,
                         "a value was received that was not sent, was given "
                         "back, or is gone already");
        return;
    }
    if (v->key != place(b, b->b)) {
        akti_oracle_fail(o, AKT_CHECK_CHANNELS,
                         "value number %llu of a channel was received before "
                         "number %llu",
                         (number_out)v->key - place(b, 0) + 1,
                         (number_out)b->b + 1);
        /* The oldest has its place from now on. */
        oldest = akti_map_find(&o->values, place(b, b->b));
        v->a = oldest != NULL ? oldest->a : v->a;
    }
    strike_out(o, b);
}

/* A receiver was told that there is nothing, now or for ever. */
static void
on_nothing(struct akti_oracle *o, const struct akti_note *note)
{
    book *b = book_of(o, note);

    if (left(b) > 0) {
        akti_oracle_fail(o, AKT_CHECK_CHANNELS,
                         "a receiver was told %s, and %llu values are left",
                         akt_err_text((akt_err)note->err), (number_out)left(b));
    }
    if (note->err == AKT_ECLOSED) {
        b->flags |= TOLD_CLOSED;
    }
}

/* --- the end of a channel --- */

/* What is left goes with the last receiver: it will be destroyed. */
static void
on_deserted(struct akti_oracle *o, const struct akti_note *note)
{
    book *b = book_of(o, note);
    const akt_type *type = note->what;

    if (left(b) != note->b) {
        akti_oracle_fail(o, AKT_CHECK_CHANNELS,
                         "%llu values are destroyed with their channel, and "
                         "%llu were left",
                         (number_out)note->b, (number_out)left(b));
    }
    while (left(b) > 0) {
        const struct akti_map_entry *v =
            akti_map_find(&o->values, place(b, b->b));

        if (v != NULL && type->destroy != NULL) {
            put(&o->doomed, v->a)->a++;
            o->doomed_count++;
        }
        strike_out(o, b);
    }
}

static void
on_destroyed(struct akti_oracle *o, const struct akti_note *note)
{
    struct akti_map_entry *e = akti_map_find(&o->doomed, digest_of(note));

    if (e == NULL || e->a == 0) {
        akti_oracle_fail(o, AKT_CHECK_CHANNELS,
                         "a value was destroyed that was not left in a "
                         "channel, or twice");
        return;
    }
    e->a--;
    o->doomed_count--;
}

/* Its memory is given back: its counters say what was seen. */
static void
on_gone(struct akti_oracle *o, const struct akti_note *note)
{
    const akt_channel_counters *c = note->what;
    book *b = book_of(o, note);

    if (left(b) > 0) {
        akti_oracle_fail(o, AKT_CHECK_CHANNELS,
                         "a channel has gone, and %llu values have no fate",
                         (number_out)left(b));
    } else if (c->sent != b->a || c->received + c->destroyed != b->a) {
        akti_oracle_fail(o, AKT_CHECK_CHANNELS,
                         "a channel counted %llu sent, %llu received and %llu "
                         "destroyed, and %llu were sent",
                         (number_out)c->sent, (number_out)c->received,
                         (number_out)c->destroyed, (number_out)b->a);
    }
    while (left(b) > 0) {
        strike_out(o, b);
    }
    akti_map_remove(&o->channels, b);
}

void
akti_oracle_channel_note(struct akti_oracle *o, const struct akti_note *note)
{
    if (!akti_oracle_checks(o, AKT_CHECK_CHANNELS)) {
        return;
    }
    switch (note->event) {
    case AKTI_EVENT_VALUE_SENT:
        on_sent(o, note);
        break;
    case AKTI_EVENT_VALUE_RECEIVED:
        on_received(o, note);
        break;
    case AKTI_EVENT_VALUE_NONE:
        on_nothing(o, note);
        break;
    case AKTI_EVENT_VALUE_DESTROYED:
        on_destroyed(o, note);
        break;
    case AKTI_EVENT_CHANNEL_DESERTED:
        on_deserted(o, note);
        break;
    case AKTI_EVENT_CHANNEL_GONE:
        on_gone(o, note);
        break;
    default:
        break;
    }
}

/* --- one run --- */

void
akti_oracle_channel_begin(struct akti_oracle *o)
{
    akti_map_clear(&o->channels);
    akti_map_clear(&o->values);
    akti_map_clear(&o->doomed);
    o->channel_count = 0;
    o->doomed_count = 0;
}

void
akti_oracle_channel_close(struct akti_oracle *o)
{
    if (o->values.count != 0) {
        akti_oracle_fail(o, AKT_CHECK_CHANNELS,
                         "%u values were sent and never had a fate",
                         o->values.count);
    }
    if (o->doomed_count != 0) {
        akti_oracle_fail(o, AKT_CHECK_CHANNELS,
                         "%llu values went with their channel, and were not "
                         "destroyed",
                         (number_out)o->doomed_count);
    }
}

void
akti_oracle_channel_fini(struct akti_oracle *o)
{
    akti_map_fini(&o->channels);
    akti_map_fini(&o->values);
    akti_map_fini(&o->doomed);
}
