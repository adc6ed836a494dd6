/* SPDX-License-Identifier: MIT */
/**
 * @file wire.h
 * @brief Messages as bytes: what leaves the process, and what comes in.
 *
 * A message with a field list has a form on the wire without any more words: it
 * is CBOR (RFC 8949), which every language can read. A message is a map from the
 * numbers of its fields, in the order of their declaration from 1 on, to their
 * values. Fields that are zero or empty are left out.
 *
 *     #define ORDER(F) F(u64, id) F(i32, count) F(f64, price) F(text, item)
 *     AKT_MESSAGE(order, ORDER);
 *
 *     struct order o = {.id = 7, .count = -2, .item = AKT_TEXT("tea")};
 *     unsigned char bytes[64];
 *     akt_wire_buffer buffer = {.ptr = bytes, .size = sizeof(bytes)};
 *     akt_error error = AKT_ERROR_NONE;
 *
 *     AKT_TRY(akt_wire_encode_as(AKT_WIRE_BARE, order, &o, &buffer, &error));
 *
 * gives ten bytes, `buffer.length`: A3 01 07 02 21 04 63 74 65 61: {1: 7, 2: -2, 4: "tea"}.
 *
 * **With its name.** Where one way carries messages of several types, each is put
 * into an array behind the name of its type: ["order", {1: 7, ...}]. Nothing is
 * registered; the receiver says which types it takes:
 *
 *     AKT_WIRE_TYPES(taken, order, cancel_order);
 *
 *     const akt_type *type;
 *     AKT_TRY(akt_wire_type_of(taken, input, &type, &error));
 *     if (type == taken[0]) {
 *         struct order o;
 *         AKT_TRY(akt_wire_decode_as(AKT_WIRE_NAMED, order, input, &o, &error));
 *     }
 *
 * **Views.** Texts and bytes of a decoded message point into the input, and no
 * NUL is behind a text. Nothing is allocated and nothing is copied before a send
 * of the message, which copies them as always, with the NUL.
 *
 * **Growing.** New fields go to the end of a list. An older receiver skips what
 * it does not know; a newer one finds zero for what an older sender leaves out. A
 * field keeps its place and its kind; an integer may become wider, an array
 * longer. What is not needed any more stays in the list.
 *
 * **Strangers.** The input may be anything. It is refused with a sentence, such as
 * "order.price at byte 17: a text where an f64 is expected", or it is a message.
 * Time and stack are bounded by its length and by `AKT_WIRE_DEPTH_MAX`.
 *
 * The form, its rules and test vectors for other programs are in the page
 * actors/net/WIRE.md. These functions are there when akt was built with
 * AKT_WITH_NET; akt/akt.h does not include this header.
 */
#ifndef AKT_WIRE_H
#define AKT_WIRE_H

#include "akt/alloc.h"
#include "akt/error.h"
#include "akt/export.h"
#include "akt/failure.h"
#include "akt/foreach.h"
#include "akt/message.h"
#include "akt/types.h"

AKT_BEGIN_DECLS

/** How deep maps and arrays of one message may lie in each other. */
#define AKT_WIRE_DEPTH_MAX 8

/** What is around a message. */
typedef enum akt_wire_form {
    AKT_WIRE_BARE = 1, /**< nothing: both sides know the type */
    AKT_WIRE_NAMED     /**< an array of the type's name and the message */
} akt_wire_form;

/** Where an encoding is written to. */
typedef struct akt_wire_buffer {
    void *ptr;     /**< the bytes */
    size_t size;   /**< how many there is room for */
    size_t length; /**< how many were written */
    /** [borrow] For `akt_wire_encode_alloc`; NULL: `aligned_alloc`. */
    const akt_allocator *allocator;
} akt_wire_buffer;

/**
 * Declares the types that a receiver takes: `name` is an array of pointers to
 * the descriptors of 1 to 32 messages, ended by NULL. With a semicolon. A longer
 * array of the same sort can be written by hand.
 */
#define AKT_WIRE_TYPES(name, ...)                                              \
    static const akt_type *const name[] = {                                    \
        AKTI_EACH(AKTI_WIRE_TYPE, , __VA_ARGS__) NULL}

/**
 * @brief How long a message will be on the wire.
 * @param form the form
 * @param type [borrow] the message's type
 * @param message [borrow] the struct; NULL is allowed for a signal
 * @param out_length [out] bytes; at most `AKT_MESSAGE_SIZE_MAX`
 * @param error [out] which field is wrong; NULL is allowed
 * @retval AKT_OK `out_length` is set
 * @retval AKT_ETYPE a local message, which cannot leave the process
 * @retval AKT_EINVAL a text is not UTF-8, or a reference is not nobody's:
 *         references cannot leave the process
 * @retval AKT_ESIZE it would be larger than a message may be
 * @retval AKT_ELIMIT it nests deeper than `AKT_WIRE_DEPTH_MAX`
 * @threadsafety any
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_wire_length(akt_wire_form form,
                                              const akt_type *type,
                                              const void *message,
                                              size_t *out_length,
                                              akt_error *error);

/**
 * @brief Writes a message into a buffer.
 *
 * A message has one encoding: two that are equal give the same bytes.
 * @param form the form
 * @param type [borrow] the message's type
 * @param message [borrow] the struct; NULL is allowed for a signal
 * @param buffer [out] has `ptr` and `size`, and gets the bytes and their `length`;
 *        on an error the bytes are undefined and the length stays
 * @param error [out] which field is wrong; NULL is allowed
 * @retval AKT_OK it is written
 * @retval AKT_ETYPE a local message, which cannot leave the process
 * @retval AKT_EINVAL a text is not UTF-8, or a reference is not nobody's
 * @retval AKT_ESIZE the buffer is too small, or it is larger than a message may
 *         be; `akt_wire_length` tells
 * @retval AKT_ELIMIT it nests deeper than `AKT_WIRE_DEPTH_MAX`
 * @threadsafety any
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_wire_encode(akt_wire_form form,
                                              const akt_type *type,
                                              const void *message,
                                              akt_wire_buffer *buffer,
                                              akt_error *error);

/**
 * @brief Writes a message into memory of the right size.
 * @param form the form
 * @param type [borrow] the message's type
 * @param message [borrow] the struct; NULL is allowed for a signal
 * @param buffer [out] has the `allocator`, and gets the rest; give it back by
 *        `akt_wire_free`. As it was on an error.
 * @param error [out] which field is wrong; NULL is allowed
 * @retval AKT_OK `buffer` has the encoding
 * @retval AKT_ENOMEM no memory
 * @retval AKT_ETYPE a local message, which cannot leave the process
 * @retval AKT_EINVAL a text is not UTF-8, or a reference is not nobody's
 * @retval AKT_ESIZE it is larger than a message may be
 * @retval AKT_ELIMIT it nests deeper than `AKT_WIRE_DEPTH_MAX`
 * @threadsafety any
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_wire_encode_alloc(akt_wire_form form,
                                                    const akt_type *type,
                                                    const void *message,
                                                    akt_wire_buffer *buffer,
                                                    akt_error *error);

/**
 * @brief Frees what `akt_wire_encode_alloc` gave.
 * @param buffer [move] what it gave; empty afterwards; one without bytes is allowed
 * @threadsafety any
 * @blocking no
 */
AKT_API void akt_wire_free(akt_wire_buffer *buffer);

/**
 * @brief The type of a message that came with its name.
 *
 * Looks at the name only; `akt_wire_decode` checks all else. The time is that of
 * comparing the name with those of the set, one by one.
 * @param types [borrow] descriptors, ended by NULL; see `AKT_WIRE_TYPES`
 * @param input [borrow] one message, in the form `AKT_WIRE_NAMED`
 * @param out_type [out] one of `types`, the first of that name
 * @param error [out] what is wrong; NULL is allowed
 * @retval AKT_OK `out_type` is set
 * @retval AKT_ETYPE none of the types has the name that is there
 * @retval AKT_EFORMAT there is no name at the beginning
 * @threadsafety any
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_wire_type_of(const akt_type *const *types,
                                               akt_bytes input,
                                               const akt_type **out_type,
                                               akt_error *error);

/**
 * @brief Reads one message.
 *
 * Texts and bytes point into the input afterwards, and those that are empty have
 * no address.
 * @param form the form
 * @param type [borrow] the type that is expected
 * @param input [borrow] one message and nothing behind it; has to live as long as
 *        the texts and bytes of the message are looked at
 * @param out_message [out] the struct; all zero on an error; NULL is allowed for a
 *        signal
 * @param error [out] where what is wrong; NULL is allowed
 * @retval AKT_OK `out_message` is the message
 * @retval AKT_ETYPE a local message, or the name is that of another type
 * @retval AKT_EFORMAT the input is not such a message
 * @threadsafety any
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_wire_decode(akt_wire_form form,
                                              const akt_type *type,
                                              akt_bytes input,
                                              void *out_message,
                                              akt_error *error);

/**
 * `akt_wire_encode`, with the name of a message that the compiler compares with
 * the pointer: `akt_wire_encode_as(AKT_WIRE_BARE, order, &o, &buffer, &error)`.
 */
#define akt_wire_encode_as(form, name, message, buffer, error)                 \
    akt_wire_encode((form), &name##_type, AKTI_WIRE_IN(struct name, message),  \
                    (buffer), (error))

/** `akt_wire_decode`, checked in the same way. */
#define akt_wire_decode_as(form, name, input, out_message, error)              \
    akt_wire_decode((form), &name##_type, (input),                             \
                    AKTI_WIRE_OUT(struct name, out_message), (error))

/* What follows is how the macros work; nothing here is called by name. */

#define AKTI_WIRE_TYPE(ctx, name) &name##_type,
#define AKTI_WIRE_IN(type, pointer)                                            \
    _Generic((pointer), type * : (pointer), const type * : (pointer))
#define AKTI_WIRE_OUT(type, pointer) _Generic((pointer), type * : (pointer))

AKT_END_DECLS

#endif
