/* SPDX-License-Identifier: MIT */
/*
 * What the tests of the wire form share: the messages of WIRE.md's vectors, types
 * and messages made at random, how a message looks in CBOR's diagnostic notation
 * (written from the struct, not from its bytes), and what must hold for any input.
 */
#ifndef AKT_TESTS_SUPPORT_WIRE_H
#define AKT_TESTS_SUPPORT_WIRE_H

#include "actors/base/random.h"
#include "akt/wire.h"

#include <stdio.h>

/* As WIRE.md declares them. */
#define ORDER(F) F(u64, id) F(i32, count) F(f64, price) F(text, item)
AKT_MESSAGE(order, ORDER);
#define POINT(F) F(i8, x) F(i8, y)
AKT_MESSAGE(point, POINT);
#define DRAWING(F)                                                             \
    F(message, point, origin)                                                  \
    F(message_array, point, line, 4)                                           \
    F(array, u16, widths, 3)                                                   \
    F(bytes, data)                                                             \
    F(bool, closed)
AKT_MESSAGE(drawing, DRAWING);
#define LIMITS(F)                                                              \
    F(i8, a)                                                                   \
    F(i16, b) F(i32, c) F(i64, d) F(u8, e) F(u16, f) F(u32, g) F(u64, h)
AKT_MESSAGE(limits, LIMITS);
#define LINK(F) F(u32, id) F(ref, to)
AKT_MESSAGE(link, LINK);
AKT_SIGNAL(tick);

/* All of them, ended by NULL. */
extern const akt_type *const wire_types[];

/* Room for any message of a test. */
struct wire_space {
    _Alignas(16) unsigned char bytes[1 << 16];
};

/* Where the texts of random messages lie; is begun anew for each message. */
struct wire_arena {
    size_t used;
    unsigned char bytes[1 << 14];
};

/* akt_wire_encode into so many bytes. */
akt_err wire_encode(akt_wire_form form, const akt_type *type,
                    const void *message, akt_bytes room, size_t *length);

/* A code point as RFC 3629 has it, surrogates too; how many bytes. */
size_t wire_utf8(uint32_t c, unsigned char *out);

/* Another type each time, of any kinds, nested; as good as the next call. */
const akt_type *wire_random_type(struct akti_random *random);
void wire_random_message(struct akti_random *random, const akt_type *type,
                         struct wire_arena *arena, void *out);

/* Changes a few bytes; the length may become another, at most `size`. */
size_t wire_mutate(struct akti_random *random, unsigned char *bytes,
                   size_t length, size_t size);

/*
 * What must hold for any input: it is refused with a sentence, or it is a message
 * whose encoding is decoded to the same, and is encoded to itself. NULL, or what
 * is wrong; `out_taken` says which of the two it was.
 */
const char *wire_oracle(akt_wire_form form, const akt_type *type,
                        akt_bytes input, bool *out_taken);

/* Diagnostic notation, a line without its end. */
void wire_print(FILE *file, akt_wire_form form, const akt_type *type,
                const void *message);

#endif
