/* SPDX-License-Identifier: MIT */
/*
 * The envelope: what travels between actors. A header of 56 bytes and the
 * payload behind it, in one block aligned to 64: a message with up to 8 bytes of
 * payload is one cache line.
 *
 * A message has one owner at a time: whoever made it, the inbox it was pushed
 * to, the actor that took it. It is released in one place, core's
 * akti_message_end(), which is told its fate.
 */
#ifndef AKT_MAILBOX_MESSAGE_H
#define AKT_MAILBOX_MESSAGE_H

#include "actors/base/assert.h"
#include "actors/base/sizes.h"
#include "akt/error.h"
#include "akt/message.h"
#include "akt/types.h"

#include <string.h>

enum akti_message_kind {
    AKTI_USER = 0, /* somebody sent it */
    AKTI_REPLY,    /* ends a future of the receiver */
    AKTI_NOTICE,   /* the same, embedded in the future's cell */
    AKTI_TIMER,    /* a timer of the receiver */
    AKTI_GIFT      /* a share that is the receiver's from now on */
};

enum akti_message_flag {
    AKTI_CREDITED = 1u, /* counts against the receiver's bound */
    AKTI_TAKEN = 2u,    /* the payload was moved out: no destructor */
    AKTI_EMBEDDED = 4u, /* a cell owns it, which frees it */
    AKTI_FAR = 8u,      /* the payload begins at 64: large or aligned */
    AKTI_AGED = 16u     /* its deadline is the mailbox's age limit */
};

struct akti_message {
    struct akti_message *next;
    const akt_type *type;
    uint32_t sender_slot;
    uint32_t sender_generation; /* 0: nobody */
    uint32_t target_slot;
    uint32_t target_generation;
    uint64_t deadline_ns;     /* AKT_NEVER: none */
    void *cell;               /* the future, timer or port it belongs to */
    uint32_t cell_generation; /* 0: it belongs to none */
    uint8_t size_class;
    uint8_t kind;
    uint8_t flags;
    uint8_t error; /* of a reply that is an error: 1 */
};

#define AKTI_PAYLOAD_NEAR 56
#define AKTI_PAYLOAD_FAR 64

_Static_assert(sizeof(struct akti_message) == AKTI_PAYLOAD_NEAR,
               "the header and 8 bytes of payload fill a cache line");

static inline void *
akti_message_payload(struct akti_message *m)
{
    return (char *)m
           + ((m->flags & AKTI_FAR) != 0 ? AKTI_PAYLOAD_FAR
                                         : AKTI_PAYLOAD_NEAR);
}

/* The class of a message of one cache line. */
#define AKTI_MESSAGE_CLASS 2

/*
 * Makes a message of `type` with a copy of `payload`, with its texts and bytes
 * behind it. Fields that concern sender, target and cell are zero.
 * AKT_ENOMEM, or AKT_ESIZE beyond AKT_MESSAGE_SIZE_MAX.
 */
akt_err akti_message_new_slowly(struct akti_caches *caches,
                                const akt_type *type, const void *payload,
                                struct akti_message **out);

/* The same; most messages are one cache line and own nothing. */
static inline akt_err
akti_message_new(struct akti_caches *caches, const akt_type *type,
                 const void *payload, struct akti_message **out)
{
    struct akti_message *m;

    if (AKTI_UNLIKELY(type->size != sizeof(uint64_t)
                      || (type->flags & AKT_TYPE_OWNS) != 0)) {
        return akti_message_new_slowly(caches, type, payload, out);
    }
    m = akti_cache_alloc(&caches->cache[AKTI_MESSAGE_CLASS]);
    if (AKTI_UNLIKELY(m == NULL)) {
        return AKT_ENOMEM;
    }
    *m = (struct akti_message){.type = type,
                               .deadline_ns = AKT_NEVER,
                               .size_class = AKTI_MESSAGE_CLASS};
    memcpy((char *)m + AKTI_PAYLOAD_NEAR, payload, sizeof(uint64_t));
    *out = m;
    return AKT_OK;
}

/* A second message with the same payload; not for types with a destructor. */
akt_err akti_message_copy(struct akti_caches *caches, struct akti_message *m,
                          struct akti_message **out);

void akti_message_free_slowly(struct akti_caches *caches,
                              struct akti_message *m);

/* Calls the destructor if there is one that is due, and frees the block. */
static inline void
akti_message_free(struct akti_caches *caches, struct akti_message *m)
{
    if (AKTI_UNLIKELY(m->size_class != AKTI_MESSAGE_CLASS
                      || m->type->destroy != NULL)) {
        akti_message_free_slowly(caches, m);
        return;
    }
    akti_cache_free(&caches->cache[AKTI_MESSAGE_CLASS], m);
}

#endif
