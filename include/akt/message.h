/* SPDX-License-Identifier: MIT */
/**
 * @file message.h
 * @brief Messages: declared once as a field list, checked everywhere.
 *
 * A message type is declared once, at file scope, usually in a header:
 *
 *     #define DEPOSIT(F) F(i64, amount) F(text, note)
 *     #define BALANCE(F) F(i64, cents)
 *     AKT_MESSAGE(balance, BALANCE);
 *     AKT_REQUEST(deposit, DEPOSIT, balance);
 *
 * From that come `struct deposit`, its descriptor `deposit_type`, the checks of
 * every send, handler and reply at compile time, the printer, and the table that
 * a codec needs. Nothing is registered at run time.
 *
 * The kinds of fields:
 *
 *     F(i8, x) F(i16, x) F(i32, x) F(i64, x)     signed integers
 *     F(u8, x) F(u16, x) F(u32, x) F(u64, x)     unsigned integers
 *     F(bool, x) F(f64, x)                       bool and double
 *     F(text, x) F(bytes, x)                     akt_text, akt_bytes
 *     F(ref, x)                                  akt_ref
 *     F(message, point, x)                       struct point, nested
 *     F(array, i32, x, 8)                        int32_t x[8]
 *     F(message_array, point, x, 8)              struct point x[8]
 *
 * **Ownership.** A send copies the struct. Text and bytes are copied once, into
 * the envelope: what a handler sees lives as long as the handler's call, text is
 * followed by a NUL, and what was passed to the send stays the caller's.
 *
 * **Local messages.** Any plain struct can be a message inside the process:
 *
 *     struct chunk { char *data; size_t len; };
 *     static void chunk_free(struct chunk *c) { free(c->data); }
 *     AKT_LOCAL_MESSAGE_WITH(chunk, chunk_free);
 *
 * Sending it moves it: on `AKT_OK` the runtime owns what it points to and calls
 * the destructor once, whatever becomes of the message; on an error it is still
 * the caller's. A receiver that wants to keep the content takes it out by
 * `akt_take()`.
 */
#ifndef AKT_MESSAGE_H
#define AKT_MESSAGE_H

#include "akt/error.h"
#include "akt/export.h"
#include "akt/foreach.h"
#include "akt/types.h"

AKT_BEGIN_DECLS

/** The largest payload of one message with its texts and bytes: 256 MiB. */
#define AKT_MESSAGE_SIZE_MAX ((size_t)256 << 20)

/** What a field holds. */
typedef enum akt_kind {
    AKT_KIND_I8 = 1,
    AKT_KIND_I16,
    AKT_KIND_I32,
    AKT_KIND_I64,
    AKT_KIND_U8,
    AKT_KIND_U16,
    AKT_KIND_U32,
    AKT_KIND_U64,
    AKT_KIND_BOOL,
    AKT_KIND_F64,
    AKT_KIND_TEXT,
    AKT_KIND_BYTES,
    AKT_KIND_REF,
    AKT_KIND_MESSAGE
} akt_kind;

/** One field of a message; codecs and printers walk these. */
typedef struct akt_field {
    const char *name;
    akt_kind kind;
    uint32_t offset;      /**< in the struct, bytes */
    uint32_t count;       /**< elements; 1 unless an array */
    uint32_t stride;      /**< bytes from one element to the next */
    const akt_type *type; /**< of a nested message, else NULL */
} akt_field;

/** Flags of a type. */
enum {
    AKT_TYPE_OWNS = 1u,  /**< has text or bytes somewhere */
    AKT_TYPE_LOCAL = 2u, /**< has no field list: cannot leave the process */
    AKT_TYPE_SIGNAL = 4u /**< carries nothing */
};

/** A message type. Made by the macros below; constant. */
struct akt_type {
    const char *name;
    const akt_field *(*fields)(void); /**< NULL for local messages */
    void (*destroy)(void *payload);   /**< NULL for most */
    const akt_type *reply;            /**< what answers it; NULL: no request */
    uint32_t field_count;
    uint32_t size;  /**< of the struct; 0 for a signal */
    uint32_t align; /**< of the struct */
    uint32_t flags; /**< AKT_TYPE_... */
};

/**
 * Declares a message: `struct name` and its descriptor `name_type`. `LIST` is a
 * macro that takes F and has at least one field. File scope, with a semicolon.
 */
#define AKT_MESSAGE(name, LIST)                                                \
    struct name {                                                              \
        LIST(AKTI_FIELD_DECL)                                                  \
    };                                                                         \
    AKTI_TYPE_OF_LIST(name, LIST, NULL)

/**
 * Declares a message that is asked and is answered by one of type `answer`
 * (declared before, of any sort). It can be sent without asking too.
 */
#define AKT_REQUEST(name, LIST, answer)                                        \
    struct name {                                                              \
        union {                                                                \
            struct {                                                           \
                LIST(AKTI_FIELD_DECL)                                          \
            };                                                                 \
            struct answer *akti_reply;                                         \
        };                                                                     \
    };                                                                         \
    AKTI_TYPE_OF_LIST(name, LIST, &answer##_type)

/** Declares a message that carries nothing but its name. */
#define AKT_SIGNAL(name)                                                       \
    struct name {                                                              \
        char akti_nothing;                                                     \
    };                                                                         \
    AKTI_TYPE(name, NULL, NULL, NULL, 0, 0, AKT_TYPE_SIGNAL)

/** Declares a request that carries nothing; `answer` as in AKT_REQUEST. */
#define AKT_SIGNAL_REQUEST(name, answer)                                       \
    struct name {                                                              \
        struct answer *akti_reply;                                             \
    };                                                                         \
    AKTI_TYPE(name, NULL, NULL, &answer##_type, 0, 0, AKT_TYPE_SIGNAL)

/** Makes the existing `struct name` a message within the process. */
#define AKT_LOCAL_MESSAGE(name)                                                \
    AKTI_TYPE(name, NULL, NULL, NULL, 0, sizeof(struct name), AKT_TYPE_LOCAL)

/** The same, with `void destroy(struct name *)` called once for each message. */
#define AKT_LOCAL_MESSAGE_WITH(name, destroy_fn)                               \
    static inline void name##_akt_destroy(void *payload)                       \
    {                                                                          \
        AKTI_CHECK_FN(destroy_fn, void (*)(struct name *),                     \
                      #destroy_fn " must be void (struct " #name " *)");       \
        destroy_fn(payload);                                                   \
    }                                                                          \
    AKTI_TYPE(name, NULL, name##_akt_destroy, NULL, 0, sizeof(struct name),    \
              AKT_TYPE_LOCAL)

/**
 * @brief Writes a message as text: `deposit{amount=5, note="x"}`.
 * @param type [borrow] the payload's type
 * @param payload [borrow] the message struct
 * @param buffer [out] receives the text, always ended by NUL when size > 0;
 *        what is not printable in texts is escaped, bytes are hexadecimal
 * @param size bytes of `buffer`
 * @return the length of the whole text, as snprintf does
 * @threadsafety any
 * @blocking no
 */
AKT_API size_t akt_message_format(const akt_type *type, const void *payload,
                                  char *buffer, size_t size);

/**
 * @brief Whether two descriptors describe the same message type.
 *
 * One declaration seen by several shared objects may have several addresses;
 * this compares what they describe.
 * @param a [borrow] one; NULL is like nothing
 * @param b [borrow] the other
 * @return true when they are the same type
 * @threadsafety any
 * @blocking no
 */
AKT_API bool akt_type_equal(const akt_type *a, const akt_type *b);

/* What follows is how the macros work; nothing here is called by name. */

/* A struct literal from a type name and perhaps field initialisers. */
#define AKTI_LITERAL(...)                                                      \
    AKTI_CAT(AKTI_LITERAL_, AKTI_MANY(__VA_ARGS__))(__VA_ARGS__)
/* Not {0}: in a literal within another one gcc misses braces around it. */
#define AKTI_LITERAL_ONE(name) (__extension__(struct name){})
#define AKTI_LITERAL_MANY(name, ...) ((struct name){__VA_ARGS__})
/* By what stands behind an argument that is none of its fields. */
#define AKTI_LITERAL_BEHIND(name, ...)                                         \
    AKTI_CAT(AKTI_BEHIND_, AKTI_MANY(__VA_ARGS__))(name, __VA_ARGS__)
#define AKTI_BEHIND_ONE(name, first) AKTI_LITERAL_ONE(name)
#define AKTI_BEHIND_MANY(name, first, ...) ((struct name){__VA_ARGS__})

#define AKTI_FIRST_TYPE(...) AKTI_FIRST_TYPE_(__VA_ARGS__, 0)
#define AKTI_FIRST_TYPE_(name, ...) (&name##_type)

/* A handler, continuation or destructor must have exactly this signature. */
#define AKTI_CHECK_FN(fn, signature, text)                                     \
    _Static_assert(_Generic(&fn, signature : 1, default : 0), text)

#define AKTI_CTYPE_i8 int8_t
#define AKTI_CTYPE_i16 int16_t
#define AKTI_CTYPE_i32 int32_t
#define AKTI_CTYPE_i64 int64_t
#define AKTI_CTYPE_u8 uint8_t
#define AKTI_CTYPE_u16 uint16_t
#define AKTI_CTYPE_u32 uint32_t
#define AKTI_CTYPE_u64 uint64_t
#define AKTI_CTYPE_bool _Bool
#define AKTI_CTYPE__Bool _Bool
#define AKTI_CTYPE_f64 double
#define AKTI_CTYPE_text akt_text
#define AKTI_CTYPE_bytes akt_bytes
#define AKTI_CTYPE_ref akt_ref

#define AKTI_KIND_i8 AKT_KIND_I8
#define AKTI_KIND_i16 AKT_KIND_I16
#define AKTI_KIND_i32 AKT_KIND_I32
#define AKTI_KIND_i64 AKT_KIND_I64
#define AKTI_KIND_u8 AKT_KIND_U8
#define AKTI_KIND_u16 AKT_KIND_U16
#define AKTI_KIND_u32 AKT_KIND_U32
#define AKTI_KIND_u64 AKT_KIND_U64
#define AKTI_KIND_bool AKT_KIND_BOOL
#define AKTI_KIND__Bool AKT_KIND_BOOL
#define AKTI_KIND_f64 AKT_KIND_F64
#define AKTI_KIND_text AKT_KIND_TEXT
#define AKTI_KIND_bytes AKT_KIND_BYTES
#define AKTI_KIND_ref AKT_KIND_REF

#define AKTI_OWNS_i8 0u
#define AKTI_OWNS_i16 0u
#define AKTI_OWNS_i32 0u
#define AKTI_OWNS_i64 0u
#define AKTI_OWNS_u8 0u
#define AKTI_OWNS_u16 0u
#define AKTI_OWNS_u32 0u
#define AKTI_OWNS_u64 0u
#define AKTI_OWNS_bool 0u
#define AKTI_OWNS__Bool 0u
#define AKTI_OWNS_f64 0u
#define AKTI_OWNS_text AKT_TYPE_OWNS
#define AKTI_OWNS_bytes AKT_TYPE_OWNS
#define AKTI_OWNS_ref 0u

/* F as a member of the struct. */
#define AKTI_FIELD_DECL(kind, ...)                                             \
    AKTI_CAT(AKTI_DECL_, AKTI_SHAPE(kind))(kind, __VA_ARGS__)
#define AKTI_DECL_plain(kind, name) AKTI_CTYPE_##kind name;
#define AKTI_DECL_message(kind, type, name) struct type name;
#define AKTI_DECL_array(kind, element, name, n) AKTI_CTYPE_##element name[n];
#define AKTI_DECL_message_array(kind, type, name, n) struct type name[n];

/* F as a row of the field table; `akti_struct` is the message's struct. */
#define AKTI_FIELD_ROW(kind, ...)                                              \
    AKTI_CAT(AKTI_ROW_, AKTI_SHAPE(kind))(kind, __VA_ARGS__)
#define AKTI_ROW(name, kind, n, nested)                                        \
    {#name,                                                                    \
     kind,                                                                     \
     (uint32_t)offsetof(akti_struct, name),                                    \
     n,                                                                        \
     (uint32_t)(sizeof(((akti_struct *)0)->name) / (n)),                       \
     nested},
#define AKTI_ROW_plain(kind, name) AKTI_ROW(name, AKTI_KIND_##kind, 1, NULL)
#define AKTI_ROW_message(kind, type, name)                                     \
    AKTI_ROW(name, AKT_KIND_MESSAGE, 1, &type##_type)
#define AKTI_ROW_array(kind, element, name, n)                                 \
    AKTI_ROW(name, AKTI_KIND_##element, n, NULL)
#define AKTI_ROW_message_array(kind, type, name, n)                            \
    AKTI_ROW(name, AKT_KIND_MESSAGE, n, &type##_type)

/* F as a flag that says whether the field owns memory. */
#define AKTI_FIELD_OWNS(kind, ...)                                             \
    AKTI_CAT(AKTI_FLAG_, AKTI_SHAPE(kind))(kind, __VA_ARGS__)
#define AKTI_FLAG_plain(kind, name) | AKTI_OWNS_##kind
#define AKTI_FLAG_message(kind, type, name) | (unsigned)type##_akt_owns
#define AKTI_FLAG_array(kind, element, name, n) | AKTI_OWNS_##element
#define AKTI_FLAG_message_array(kind, type, name, n) | (unsigned)type##_akt_owns

/* F as one of a sum. */
#define AKTI_FIELD_ONE(kind, ...) +1

/* plain, message, array or message_array, from the first word of F. */
#define AKTI_SHAPE(kind) AKTI_SHAPE_##kind
#define AKTI_SHAPE_i8 plain
#define AKTI_SHAPE_i16 plain
#define AKTI_SHAPE_i32 plain
#define AKTI_SHAPE_i64 plain
#define AKTI_SHAPE_u8 plain
#define AKTI_SHAPE_u16 plain
#define AKTI_SHAPE_u32 plain
#define AKTI_SHAPE_u64 plain
#define AKTI_SHAPE_bool plain
#define AKTI_SHAPE__Bool plain
#define AKTI_SHAPE_f64 plain
#define AKTI_SHAPE_text plain
#define AKTI_SHAPE_bytes plain
#define AKTI_SHAPE_ref plain
#define AKTI_SHAPE_message message
#define AKTI_SHAPE_array array
#define AKTI_SHAPE_message_array message_array

#define AKTI_TYPE_OF_LIST(name, LIST, answer)                                  \
    enum {                                                                     \
        name##_akt_owns = 0u LIST(AKTI_FIELD_OWNS)                             \
    };                                                                         \
    static inline const akt_field *name##_akt_fields(void)                     \
    {                                                                          \
        typedef struct name akti_struct;                                       \
        static const akt_field rows[] = {LIST(AKTI_FIELD_ROW)};                \
        return rows;                                                           \
    }                                                                          \
    AKTI_TYPE(name, name##_akt_fields, NULL, answer, 0 LIST(AKTI_FIELD_ONE),   \
              sizeof(struct name), name##_akt_owns)

/*
 * Each file that sees the declaration has a descriptor of its own, so that two
 * files may use one name for different messages; akt_type_equal() knows them as
 * one where they are. The last word is a declaration that takes the semicolon.
 */
#define AKTI_TYPE(name, fields, destroy, answer, count, size, flags)           \
    static const akt_type name##_type                                          \
        __attribute__((unused)) = {#name,                                      \
                                   fields,                                     \
                                   destroy,                                    \
                                   answer,                                     \
                                   count,                                      \
                                   (uint32_t)(size),                           \
                                   (uint32_t) _Alignof(struct name),           \
                                   (uint32_t)(flags)};                         \
    struct name

AKT_END_DECLS

#endif
