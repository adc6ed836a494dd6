/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a message. The first byte chooses the type and the form, the rest
 * is the input. It aborts when the input is taken for a message that has another
 * encoding than itself, or is refused without a sentence (tests/support/wire.h).
 * Ours to link with libFuzzer, or with replay.c where there is none.
 */
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
    if (wrong != NULL) {
        (void)fprintf(stderr, "wire_fuzz: %s\n", wrong);
        abort();
    }
    return 0;
}
