/* SPDX-License-Identifier: MIT */
/*
 * What the files of the wire form share: where in a message one is, the sentence
 * of an error, and the reading side's pieces.
 */
#ifndef AKT_NET_WIRE_H
#define AKT_NET_WIRE_H

#include "actors/net/cbor.h"
#include "akt/wire.h"

/* A step on the way from the message to a value; steps lie on the stack. */
struct akti_wire_place {
    const struct akti_wire_place *up; /* NULL: this is the message itself */
    const akt_field *field;           /* NULL: a field that nobody knows */
    uint32_t index;                   /* of an array's element */
    bool indexed;
};

/* One reading. */
struct akti_wire_input {
    struct akti_cbor_reader reader;
    const char *name; /* of the message, for sentences */
    unsigned depth;
    akt_error *error;
};

/* Room for a path such as "order.lines[2].price". */
#define AKTI_WIRE_PATH_SIZE 200

/* Writes the path; what is too long is cut. */
void akti_wire_path(const char *name, const struct akti_wire_place *place,
                    char path[AKTI_WIRE_PATH_SIZE]);

/*
 * Refuses the input: "<path> at byte <n>: <reason>", where n counts from the
 * beginning of the input to `at`.
 */
akt_err akti_wire_refuse(const struct akti_wire_input *in,
                         const struct akti_wire_place *place,
                         const unsigned char *at, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The same: "<what the item is> where <wanted> is expected". */
akt_err akti_wire_unexpected(const struct akti_wire_input *in,
                             const struct akti_wire_place *place,
                             const unsigned char *at,
                             const struct akti_cbor_item *item,
                             const char *wanted);

/* Room for a name of the input's in a sentence. */
#define AKTI_WIRE_NAME_SIZE 65

/* A name as it may be shown: what is not printable ASCII is "?". Cut. */
const char *akti_wire_show(akt_text name, char shown[AKTI_WIRE_NAME_SIZE]);

/* The next item, or the sentence why there is none. */
akt_err akti_wire_next(struct akti_wire_input *in,
                       const struct akti_wire_place *place,
                       struct akti_cbor_item *out);

/* Goes one level deeper, unless that is too deep; `at` is what is deeper. */
akt_err akti_wire_enter(struct akti_wire_input *in,
                        const struct akti_wire_place *place,
                        const unsigned char *at);

/* Reads one item of any sort, with all that is in it, and forgets it. */
akt_err akti_wire_skip(struct akti_wire_input *in,
                       const struct akti_wire_place *place);

/* Reads one value that is neither array nor message into a field's element. */
akt_err akti_wire_read_value(struct akti_wire_input *in,
                             const struct akti_wire_place *place, void *value);

/*
 * Reads what stands in front of a named message: the array's head and the name.
 * `out_rest` says how the array ends.
 */
akt_err akti_wire_read_name(struct akti_wire_input *in, akt_text *out_name,
                            struct akti_cbor_rest *out_rest);

#endif
