/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a message. The first byte chooses the type and the form, the rest
 * is the input, which is taken for a batch of messages too, as sockets do and as
 * receivers of whole ones. It aborts when the input is taken for a message that has another encoding than itself, or is refused
 * without a sentence (tests/support/wire.h).
 * Ours to link with libFuzzer, or with replay.c where there is none.
 */
#include "actors/net/batch.h"
#include "tests/support/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

/* Every type, also one with all that the others have not. */
#define EVERYTHING(F)                                                          \
    F(bool, yes)                                                               \
    F(array, text, words, 3)                                                   \
    F(array, f64, reals, 3)                                                    \
    F(message, drawing, drawing) F(array, i64, numbers, 2) F(ref, to)
AKT_MESSAGE(everything, EVERYTHING);

enum {
    TYPES = 7
};

static const akt_type *
type_of(unsigned n)
{
    return n == TYPES - 1 ? &everything_type : wire_types[n];
}

/* Elements that lie in the input, and that make the same batch again. */
static const char *
take_apart(struct akti_batch_reader *r, akt_bytes input, akt_nng_packer *again)
{
    const char *begin = input.ptr;
    uint64_t count = r->left;
    uint64_t n = 0;
    akt_bytes element;

    for (; akti_batch_next(r, &element); n++) {
        const char *at = element.ptr;
        void *room = akti_batch_room(again, element.len);

        if (at < begin || element.len > (size_t)(begin + input.len - at)) {
            return "an element that is not in the batch";
        }
        if (room == NULL) {
            return "no memory";
        }
        memcpy(room, at, element.len);
        akti_batch_add(again, element.len);
    }
    return n == count ? NULL : "another number of elements than at first";
}

/* Whatever it is, it is read within its bounds; a batch as it is otherwise. */
static const char *
unpack_oracle(akt_bytes input)
{
    struct akt_nng_batch batch = {.data = input};
    struct akti_batch_reader r;
    bool opened = akti_batch_open(&r, input);
    const char *begin = input.ptr;
    size_t at = 0;
    akt_bytes element;
    akt_bytes same;

    while (akt_nng_unpack(&batch, &at, &element)) {
        if (at > input.len
            || (const char *)element.ptr + element.len != begin + at) {
            return "a message that is not in its batch";
        }
        if (opened
            && (!akti_batch_next(&r, &same) || same.ptr != element.ptr
                || same.len != element.len)) {
            return "another message than that of the batch";
        }
    }
    return opened && akti_batch_next(&r, &same) ? "a message is missing" : NULL;
}

/* What is taken for a batch is one when it is made again, as long but for a head. */
static const char *
batch_oracle(akt_bytes input)
{
    struct akti_batch_reader r;
    akt_nng_packer again;
    const char *wrong;
    akt_bytes whole;

    if (!akti_batch_open(&r, input)) {
        return akti_batch_count(input) <= input.len + 1
                   ? NULL
                   : "more messages than there are bytes";
    }
    akti_batch_init(&again, 0);
    wrong = take_apart(&r, input, &again);
    if (wrong == NULL && again.count > 0) {
        whole = akti_batch_whole(&again);
        if (whole.len > input.len + AKTI_BATCH_HEAD_MAX
            || !akti_batch_open(&r, whole) || r.left != again.count) {
            wrong = "a batch that is not one when it is made again";
        }
    }
    akti_batch_fini(&again);
    return wrong;
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    unsigned choice = size > 0 ? data[0] : 0;
    akt_wire_form form = (choice & 1) != 0 ? AKT_WIRE_NAMED : AKT_WIRE_BARE;
    akt_bytes input = {size > 1 ? data + 1 : NULL, size > 1 ? size - 1 : 0};
    const akt_type *type;
    const char *wrong;
    bool taken;

    wrong = wire_oracle(form, type_of(choice / 2 % TYPES), input, &taken);
    if (wrong == NULL
        && akt_wire_type_of(wire_types, input, &type, NULL) == AKT_OK) {
        wrong = wire_oracle(AKT_WIRE_NAMED, type, input, &taken);
    }
    if (wrong == NULL) {
        wrong = batch_oracle(input);
    }
    if (wrong == NULL) {
        wrong = unpack_oracle(input);
    }
    if (wrong != NULL) {
        (void)fprintf(stderr, "wire_fuzz: %s\n", wrong);
        abort();
    }
    return 0;
}
