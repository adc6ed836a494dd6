/* SPDX-License-Identifier: MIT */
/*
 * What a watch and a broadcast have in common: an object with senders and
 * receivers, each a share of somebody's; values that are copied to every receiver;
 * and a line of those who wait for something new.
 *
 * Each receiver has a number of its own, which says how far it has come; it lies
 * in its share. So nothing is handed over: who is woken looks again by itself, and
 * a wait that is cancelled has taken nothing.
 *
 * The object lives until its last end is closed, so receivers get what was sent
 * before the senders were gone.
 */
#ifndef AKT_ASYNC_TOPIC_H
#define AKT_ASYNC_TOPIC_H

#include "actors/async/waiters.h"
#include "akt/message.h"

#include <stddef.h>
#include <stdint.h>

enum akti_topic_role {
    AKTI_TOPIC_SENDER,
    AKTI_TOPIC_RECEIVER
};

struct akti_topic {
    struct akti_shared shared;
    const akt_type *type; /* immutable */
    size_t bytes;         /* immutable: of `values` */
    void *values;
    uint64_t sent;  /* so many values so far */
    uint32_t slots; /* immutable: values that are kept */
    uint32_t senders;
    uint32_t receivers;
    struct akti_waiters line;
};

/*
 * A topic with one sender, which is the caller's. `what` names it in the log.
 * AKT_ETYPE: values of this type own something, or are aligned to more than 64;
 * AKT_EINVAL, AKT_ENOMEM, AKT_ECONTEXT, AKT_EFORK.
 */
akt_err akti_topic_open(akt_self *self, const char *what, const akt_type *type,
                        uint32_t slots, struct akti_cell **out_sender);

/* Another end, by a sender; a receiver has got all that was sent so far. */
akt_err akti_topic_join(akt_self *self, void *sender, uint32_t generation,
                        enum akti_topic_role role, struct akti_cell **out_end);

/*
 * The topic of an open end, with its latch taken. AKT_EENDED: it is closed;
 * AKT_EFOREIGN, AKT_EFORK; AKT_ETYPE: its values are not of this type (NULL: of
 * any).
 */
akt_err akti_topic_enter(akt_self *self, void *end, uint32_t generation,
                         const akt_type *type, struct akti_topic **out);

static inline void
akti_topic_leave(struct akti_topic *t)
{
    akti_shared_leave(&t->shared);
}

/* Where the n-th value lies. */
static inline void *
akti_topic_slot(const struct akti_topic *t, uint64_t n)
{
    return (char *)t->values + (size_t)(n % t->slots) * t->type->size;
}

/* The next value; wakes all who wait. Under the latch. */
void akti_topic_put(struct akti_context *ctx, struct akti_topic *t,
                    const void *value);

/* How many values a receiver has got or missed. Under the latch. */
static inline uint64_t *
akti_topic_seen(void *receiver)
{
    return &((struct akti_cell *)receiver)->payload;
}

/* Looks for something: AKT_EEMPTY as long as there is nothing. */
struct akti_look {
    akt_err (*run)(struct akti_topic *t, struct akti_look *look);
    void *receiver;
    uint32_t generation;
    const akt_type *type;
    void *out;
    uint64_t *out_lost;
};

/* Looks once. Errors as for akti_topic_enter, and what the look answers. */
akt_err akti_topic_look(akt_self *self, struct akti_look *look);
/* Until there is something; besides AKT_ETIMEOUT, AKT_ECANCELLED, AKT_ENOMEM. */
akt_err akti_topic_wait(akt_self *self, uint64_t timeout_ns,
                        struct akti_look *look);

/* AKT_ECLOSED when nothing will come any more, else AKT_EEMPTY. */
static inline akt_err
akti_topic_nothing(const struct akti_topic *t)
{
    return t->senders == 0 ? AKT_ECLOSED : AKT_EEMPTY;
}

/* A future that ends when a receiver has something, or nothing will come. */
akt_err akti_topic_future(akt_self *self, void *receiver, uint32_t generation,
                          akt_future *out_future);

#endif
