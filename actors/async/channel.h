/* SPDX-License-Identifier: MIT */
/*
 * The inside of a channel. All of it is guarded by the latch of its object.
 *
 * The queue has at least as many free slots as there are permits.
 *
 * Whoever changes something wakes one who waits for it: each value that comes one
 * receiver, each place that becomes free one sender. A woken one looks again, as
 * if it had just come. One that was woken and goes without having looked with
 * success wakes another one in its place if there is still something
 * (akti_channel_pass).
 *
 * The channel lives as long as it has open ends, permits or who waits: `refs`.
 */
#ifndef AKT_ASYNC_CHANNEL_H
#define AKT_ASYNC_CHANNEL_H

#include "actors/async/line.h"
#include "actors/async/queue.h"
#include "actors/core/share.h"
#include "akt/channel.h"

enum akti_channel_role {
    AKTI_ROLE_SENDER = 1,
    AKTI_ROLE_RECEIVER,
    AKTI_ROLE_PERMIT
};

/* A future that ends when a channel is worth another try. */
struct akti_watch {
    struct akti_watch *next;
    struct akti_cell *cell;
    uint32_t generation;
};

struct akti_watches {
    struct akti_watch *head;
    struct akti_watch *tail;
};

struct akti_channel {
    struct akti_object object;
    struct akt_system *system; /* immutable */
    /* A receive would find nothing. Others look, before they take the latch. */
    _Atomic uint32_t quiet;
    uint32_t capacity; /* immutable */
    uint32_t permits;
    struct akti_queue queue;
    struct akti_line senders;
    struct akti_line receivers;
    struct akti_watches writable;
    struct akti_watches readable;
    uint32_t open_senders;
    uint32_t open_receivers;
    uint64_t sent;
    uint64_t received;
    uint64_t destroyed;
    uint32_t refs;
};

_Static_assert(sizeof(struct akti_channel) <= AKTI_OBJECT_SIZE,
               "it fits in an object's cell");

/* --- using it --- */

static inline void
akti_channel_leave(struct akti_channel *ch)
{
    akti_latch_unlock(&ch->object.latch);
}

/*
 * The channel behind an open end, with its latch taken: AKT_EENDED, AKT_EFOREIGN.
 */
static inline akt_err
akti_channel_enter(akt_self *self, void *share, uint32_t generation,
                   struct akti_channel **out)
{
    struct akti_object *object = akti_share_enter(share, generation);

    if (AKTI_UNLIKELY(object == NULL)) {
        return AKT_EENDED;
    }
    *out = (struct akti_channel *)(void *)object;
    if (AKTI_UNLIKELY((*out)->system != self->system)) {
        akti_channel_leave(*out);
        return AKT_EFOREIGN;
    }
    return AKT_OK;
}

/* Leaves it, and frees it when it has no reference left. */
void akti_channel_leave_last(struct akti_context *ctx, struct akti_channel *ch);

/*
 * The task leaves its worker to others, and wakes whom it owes that. (A sender on
 * another worker that is woken for one place comes and goes for each value.)
 */
void akti_channel_pay(struct akti_context *ctx, struct akti_task *t);

/* AKT_EFULL, AKT_ECLOSED, AKT_ETYPE, AKT_ENOMEM. */
akt_err akti_channel_put(struct akti_context *ctx, struct akti_channel *ch,
                         const akti_message_arg *value);
/* The same into the place of a permit, which is there no more. */
akt_err akti_channel_put_by_permit(struct akti_context *ctx,
                                   struct akti_channel *ch,
                                   const akti_message_arg *value);
/* AKT_EEMPTY, AKT_ECLOSED, AKT_ETYPE. */
akt_err akti_channel_get(akt_self *self, struct akti_channel *ch,
                         const akt_type *type, void *out);
/* Keeps a place free. AKT_EFULL, AKT_ECLOSED, AKT_ENOMEM. */
akt_err akti_channel_hold(struct akti_context *ctx, struct akti_channel *ch);
/* Gives it back. */
void akti_channel_unhold(struct akti_context *ctx, struct akti_channel *ch);

/* Somebody goes who was woken, perhaps, and leaves something there. */
void akti_channel_pass(struct akti_context *ctx, struct akti_channel *ch);

static inline bool
akti_channel_has_room(const struct akti_channel *ch)
{
    return ch->queue.count + ch->permits
           < ch->capacity + AKTI_MUTANT(capacity_one_more);
}

/* Nothing will come any more; what is queued is still there. */
static inline bool
akti_channel_is_finished(const struct akti_channel *ch)
{
    return ch->open_senders == 0 && ch->permits == 0;
}

/* After something has changed that it depends on. */
static inline void
akti_channel_set_quiet(struct akti_channel *ch)
{
    bool quiet = ch->queue.count == 0 && !akti_channel_is_finished(ch);

    /* Relaxed: a hint. Who waits looks under the latch. */
    atomic_store_explicit(&ch->quiet, quiet, memory_order_relaxed);
}

/* Whether the channel of an open end was quiet just now. */
static inline bool
akti_channel_looks_quiet(void *ptr, uint32_t generation)
{
    struct akti_cell *share = ptr;
    struct akti_channel *ch;

    if (share == NULL || !akti_share_is_open(share, generation)) {
        return false;
    }
    /* Relaxed: some channel, and a hint. */
    ch = atomic_load_explicit(&share->object, memory_order_relaxed);
    return atomic_load_explicit(&ch->quiet, memory_order_relaxed) != 0;
}

/* --- what simulations are told at the end of each call, under the latch --- */

void akti_channel_tell(struct akti_context *ctx, enum akti_event event,
                       struct akti_channel *ch, const void *value, akt_err err);

/* A call is about to answer `err` to a sender; hands it on. */
static inline akt_err
akti_channel_put_ends(struct akti_context *ctx, struct akti_channel *ch,
                      const void *value, akt_err err)
{
    if (AKTI_UNLIKELY(ctx->sim != NULL) && err == AKT_OK) {
        akti_channel_tell(ctx, AKTI_EVENT_VALUE_SENT, ch, value, err);
    }
    return err;
}

/* And to a receiver. */
static inline akt_err
akti_channel_get_ends(struct akti_context *ctx, struct akti_channel *ch,
                      const void *value, akt_err err)
{
    if (AKTI_LIKELY(ctx->sim == NULL)) {
        return err;
    }
    if (err == AKT_OK) {
        akti_channel_tell(ctx, AKTI_EVENT_VALUE_RECEIVED, ch, value, err);
    } else if (err == AKT_EEMPTY || err == AKT_ECLOSED) {
        akti_channel_tell(ctx, AKTI_EVENT_VALUE_NONE, ch, NULL, err);
    }
    return err;
}

/* --- waiting --- */

/* Something that is tried until it does not answer `blocked` any more. */
struct akti_attempt {
    akt_err (*run)(akt_self *self, struct akti_channel *ch,
                   struct akti_attempt *a);
    akt_err blocked; /* AKT_EFULL or AKT_EEMPTY */
    void *share;
    uint32_t generation;
    const akti_message_arg *value; /* to be sent */
    const akt_type *type;          /* to be received */
    void *out;
};

/* Waits until it works; what it answered at last, AKT_ETIMEOUT, AKT_ECANCELLED. */
akt_err akti_channel_attempt(akt_self *self, struct akti_attempt *a,
                             uint64_t timeout_ns);

/* The share in the channel is closed: who waits by it is woken. */
void akti_channel_wake_users(struct akti_context *ctx, struct akti_channel *ch,
                             struct akti_cell *share);

/* --- watching --- */

/* Ends all of them. */
void akti_watches_fire(struct akti_context *ctx, struct akti_watches *w);

#endif
