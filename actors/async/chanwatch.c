/* SPDX-License-Identifier: MIT */
/*
 * Futures that tell when a channel is worth another try, and its counters. A
 * future only tells; nothing is taken for it, so nothing is lost with one that its
 * owner gives up. Such are found when new ones come.
 */
#include "actors/async/channel.h"
#include "actors/core/future.h"
#include "akt/wake.h"

static void
watch_free(struct akti_context *ctx, struct akti_watch *w)
{
    akti_sizes_free(&ctx->caches, akti_size_class(sizeof(*w)), w, sizeof(*w));
}

static struct akti_watch *
pop(struct akti_watches *l)
{
    struct akti_watch *w = l->head;

    l->head = w->next;
    return w;
}

static void
append(struct akti_watches *l, struct akti_watch *w)
{
    w->next = NULL;
    if (l->head == NULL) {
        l->head = w;
    } else {
        l->tail->next = w;
    }
    l->tail = w;
}

void
akti_watches_fire(struct akti_context *ctx, struct akti_watches *l)
{
    while (l->head != NULL) {
        struct akti_watch *w = pop(l);

        (void)akti_future_end(ctx, w->cell, w->generation, AKT_REPLIED, AKT_OK);
        watch_free(ctx, w);
    }
}

static bool
is_wanted(const struct akti_watch *w)
{
    return akti_cell_generation(w->cell) == w->generation
           && akti_cell_phase(w->cell) == AKTI_PHASE_OPEN;
}

/* Looks at two for each new one, so that those given up stay few. */
static void
sweep(struct akti_context *ctx, struct akti_watches *l)
{
    int i;

    for (i = 0; i < 2 && l->head != NULL; i++) {
        struct akti_watch *w = pop(l);

        if (is_wanted(w)) {
            append(l, w);
        } else {
            watch_free(ctx, w);
        }
    }
}

/* A future of the caller's with what will end it. */
static akt_err
watch_new(akt_self *self, struct akti_watch **out)
{
    struct akti_cell *cell;
    struct akti_watch *w;

    AKT_TRY(akti_future_open(self, &akt_woken_type, AKT_NEVER, &cell));
    w = akti_sizes_alloc(&self->ctx->caches, akti_size_class(sizeof(*w)),
                         sizeof(*w));
    if (w == NULL) {
        akti_future_undo(self, cell);
        return AKT_ENOMEM;
    }
    *w = (struct akti_watch){.cell = cell,
                             .generation = akti_cell_generation(cell)};
    *out = w;
    return AKT_OK;
}

static bool
is_readable(const struct akti_channel *ch)
{
    return ch->queue.count > 0 || akti_channel_is_finished(ch);
}

static bool
is_writable(const struct akti_channel *ch)
{
    return ch->open_receivers == 0 || akti_channel_has_room(ch);
}

static akt_err
watch(akt_self *self, void *share, uint32_t generation, bool readable,
      akt_future *out_future)
{
    struct akti_channel *ch;
    struct akti_watches *l;
    struct akti_watch *w;
    akt_err err;

    AKT_TRY(watch_new(self, &w));
    err = akti_channel_enter(self, share, generation, &ch);
    if (err != AKT_OK) {
        akti_future_undo(self, w->cell);
        watch_free(self->ctx, w);
        return err;
    }
    out_future->cell = w->cell;
    out_future->generation = w->generation;
    l = readable ? &ch->readable : &ch->writable;
    sweep(self->ctx, l);
    append(l, w);
    if (readable ? is_readable(ch) : is_writable(ch)) {
        akti_watches_fire(self->ctx, l);
    }
    akti_channel_leave(ch);
    return AKT_OK;
}

akt_err
akt_channel_readable(akt_self *self, akt_rx rx, akt_future *out_future)
{
    return watch(self, rx.cell, rx.generation, true, out_future);
}

akt_err
akt_channel_writable(akt_self *self, akt_tx tx, akt_future *out_future)
{
    return watch(self, tx.cell, tx.generation, false, out_future);
}

/* --- counters --- */

static akt_err
count(akt_self *self, void *share, uint32_t generation,
      akt_channel_counters *out)
{
    struct akti_channel *ch;

    AKT_TRY(akti_channel_enter(self, share, generation, &ch));
    *out = (akt_channel_counters){.sent = ch->sent,
                                  .received = ch->received,
                                  .destroyed = ch->destroyed,
                                  .queued = ch->queue.count,
                                  .permits = ch->permits,
                                  .senders = ch->open_senders,
                                  .receivers = ch->open_receivers};
    akti_channel_leave(ch);
    return AKT_OK;
}

akt_err
akt_tx_counters(akt_self *self, akt_tx tx, akt_channel_counters *out_counters)
{
    return count(self, tx.cell, tx.generation, out_counters);
}

akt_err
akt_rx_counters(akt_self *self, akt_rx rx, akt_channel_counters *out_counters)
{
    return count(self, rx.cell, rx.generation, out_counters);
}
