/* SPDX-License-Identifier: MIT */
/*
 * The account of messages and requests: rows of counters, one for each class and
 * worker, so that counting shares no word between workers. Contexts that are no
 * worker share the last row. And the one way in which a message ends.
 */
#ifndef AKT_CORE_ACCOUNT_H
#define AKT_CORE_ACCOUNT_H

#include "actors/base/counter.h"
#include "actors/sched/context.h"
#include "akt/future.h"
#include "akt/system.h"
#include "mailbox/message.h"

enum akti_count {
    AKTI_ACCEPTED,
    AKTI_FATES, /* + akt_fate: six of them */
    AKTI_REFUSED = AKTI_FATES + 6,
    AKTI_ASKED,
    AKTI_OUTCOMES, /* + akt_outcome - AKT_REPLIED: five of them */
    AKTI_LATE = AKTI_OUTCOMES + 5,
    AKTI_SPAWNED,
    AKTI_EXITED,
    AKTI_CRASHED,
    AKTI_COUNTS
};

struct akti_row {
    _Alignas(64) akti_counter count[AKTI_COUNTS];
};

/* A class as one system knows it: its options with defaults filled in. */
struct akti_class_entry {
    /* immutable */
    const akt_class *cls; /* NULL: what plain threads do */
    struct akti_class_entry *next;
    uint32_t id; /* in the order of first use */
    uint32_t capacity;
    uint32_t low_water;
    uint32_t outbox;
    uint32_t stash;
    uint32_t requests;
    akt_overflow overflow;
    uint64_t max_age_ns;
    uint64_t idle_ns;
    uint32_t rows;
    /* by the row's context; the last one by any */
    struct akti_row row[];
};

static inline void
akti_count(struct akti_context *ctx, struct akti_class_entry *entry,
           unsigned what, uint64_t n)
{
    akti_counter *c = &entry->row[ctx->row].count[what];

    if (AKTI_UNLIKELY(ctx->row_is_shared)) {
        akti_counter_add_shared(c, n);
    } else {
        akti_counter_add(c, n);
    }
}

/* Adds an entry's rows to the sums. */
void akti_account_sum(struct akti_class_entry *entry, akt_counters *out);
/* Computes what follows from the others. */
void akti_account_close(akt_counters *out);

/*
 * The end of a message: counts its fate, tells the dead-letter hook unless it was
 * delivered, breaks the promise that it still carries, and frees it. The entry is
 * that of the receiver's class.
 */
void akti_message_end(struct akti_context *ctx, struct akti_class_entry *entry,
                      struct akti_message *m, akt_fate fate, akt_err reason);

/* Tells the dead-letter hook, if there is one. */
void akti_message_tell(struct akti_context *ctx, struct akti_message *m,
                       akt_fate fate, akt_err reason);

/* The same for most: delivered, without an open promise. */
static inline void
akti_message_delivered(struct akti_context *ctx, struct akti_class_entry *entry,
                       struct akti_message *m)
{
    if (AKTI_UNLIKELY(m->cell_generation != 0 || ctx->sim != NULL)) {
        akti_message_end(ctx, entry, m, AKT_FATE_DELIVERED, AKT_OK);
        return;
    }
    akti_count(ctx, entry, AKTI_FATES + AKT_FATE_DELIVERED, 1);
    akti_message_free(&ctx->caches, m);
}

#endif
