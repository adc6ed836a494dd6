/* SPDX-License-Identifier: MIT */
/**
 * @file types.h
 * @brief The words that all other headers use: references, texts, times.
 *
 * A reference (`akt_ref`) names an actor. It is a plain value: copy it, keep it
 * in a struct, send it in a message, compare, hash or print it. It stays safe
 * for ever: when the actor has ended, calls with it answer `AKT_EDEAD`; it never
 * reaches another actor and never touches freed memory, as long as the system
 * that it belongs to has not been destroyed.
 *
 * Times are in nanoseconds. A name that ends in `_ns` is a duration or, when it
 * says deadline, an instant on the monotonic clock (`akt_now_ns()`).
 */
#ifndef AKT_TYPES_H
#define AKT_TYPES_H

#include "akt/export.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

AKT_BEGIN_DECLS

/** One runtime: workers, timers and the actors that live on them. */
typedef struct akt_system akt_system;
/** The caller's own view of the system; see actor.h and system.h. */
typedef struct akt_self akt_self;
/** What an actor is: state, behaviour, mailbox; see actor.h. */
typedef struct akt_class akt_class;
/** A set of message handlers; see actor.h. */
typedef struct akt_behavior akt_behavior;
/** The description of a message type; see message.h. */
typedef struct akt_type akt_type;

/** No deadline, no timeout. */
#define AKT_NEVER UINT64_MAX
/** `n` microseconds in nanoseconds. */
#define AKT_US(n) ((uint64_t)(n)*UINT64_C(1000))
/** `n` milliseconds in nanoseconds. */
#define AKT_MS(n) ((uint64_t)(n)*UINT64_C(1000000))
/** `n` seconds in nanoseconds. */
#define AKT_SECONDS(n) ((uint64_t)(n)*UINT64_C(1000000000))

/** Names one actor, for ever. All zero is "nobody". */
typedef struct akt_ref {
    uint32_t slot;       /**< place in the system's table */
    uint32_t generation; /**< which actor of that place; 0 is nobody */
    uint32_t system;     /**< which system of this process */
    uint32_t node;       /**< 0: this process; others are reserved */
} akt_ref;

/** The reference to nobody. */
#define AKT_REF_NONE ((akt_ref){0, 0, 0, 0})

/** Characters, not necessarily ended by NUL unless a message owns them. */
typedef struct akt_text {
    const char *ptr; /**< may be NULL when len is 0 */
    size_t len;      /**< bytes, without any final NUL */
} akt_text;

/** Bytes of any value. */
typedef struct akt_bytes {
    const void *ptr; /**< may be NULL when len is 0 */
    size_t len;      /**< bytes */
} akt_bytes;

/** A string literal as `akt_text`, measured at compile time. */
#define AKT_TEXT(literal) ((akt_text){"" literal, sizeof(literal) - 1})

/** A string literal as `akt_bytes`, without its NUL. */
#define AKT_BYTES(literal) ((akt_bytes){"" literal, sizeof(literal) - 1})

/**
 * @brief A NUL-terminated string as `akt_text`; borrows, copies nothing.
 * @param string [borrow] NULL gives the empty text
 * @return the text
 * @threadsafety any
 * @blocking no
 */
AKT_API akt_text akt_text_of(const char *string);

/**
 * @brief Whether two texts have the same bytes.
 * @param a one
 * @param b the other
 * @return true when equal
 * @threadsafety any
 * @blocking no
 */
AKT_API bool akt_text_equal(akt_text a, akt_text b);

/**
 * @brief Whether two references name the same actor.
 * @param a one
 * @param b the other
 * @return true when equal
 * @threadsafety any
 * @blocking no
 */
static inline bool
akt_ref_equal(akt_ref a, akt_ref b)
{
    return a.slot == b.slot && a.generation == b.generation
           && a.system == b.system && a.node == b.node;
}

/**
 * @brief Whether a reference names nobody.
 * @param ref any
 * @return true for `AKT_REF_NONE`
 * @threadsafety any
 * @blocking no
 */
static inline bool
akt_ref_is_none(akt_ref ref)
{
    return ref.generation == 0;
}

/**
 * @brief A hash of a reference, for tables; equal references hash alike.
 * @param ref any
 * @return 64 well mixed bits; the same in every run
 * @threadsafety any
 * @blocking no
 */
AKT_API uint64_t akt_ref_hash(akt_ref ref);

/** Room for any formatted reference, with its NUL. */
#define AKT_REF_TEXT_SIZE 48

/**
 * @brief Writes a reference as text, such as "<1.17.3>": system, slot,
 *        generation; "<none>" for nobody.
 * @param ref any
 * @param buffer [out] receives the text, always ended by NUL when size > 0
 * @param size bytes of `buffer`; `AKT_REF_TEXT_SIZE` is always enough
 * @return the length of the whole text, as snprintf does
 * @threadsafety any
 * @blocking no
 */
AKT_API size_t akt_ref_format(akt_ref ref, char *buffer, size_t size);

AKT_END_DECLS

#endif
