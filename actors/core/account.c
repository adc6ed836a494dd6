/* SPDX-License-Identifier: MIT */
#include "actors/core/account.h"

#include "actors/base/mutant.h"
#include "actors/core/future.h"
#include "actors/core/system.h"

static uint64_t
sum(struct akti_class_entry *entry, unsigned what)
{
    uint64_t total = 0;
    uint32_t i;

    for (i = 0; i < entry->rows; i++) {
        total += akti_counter_get(&entry->row[i].count[what]);
    }
    return total;
}

void
akti_account_sum(struct akti_class_entry *entry, akt_counters *out)
{
    const unsigned outcome = AKTI_OUTCOMES - AKT_REPLIED;

    out->delivered += sum(entry, AKTI_FATES + AKT_FATE_DELIVERED);
    out->dropped += sum(entry, AKTI_FATES + AKT_FATE_DROPPED);
    out->expired += sum(entry, AKTI_FATES + AKT_FATE_EXPIRED);
    out->returned += sum(entry, AKTI_FATES + AKT_FATE_RETURNED);
    out->dead += sum(entry, AKTI_FATES + AKT_FATE_DEAD);
    out->discarded += sum(entry, AKTI_FATES + AKT_FATE_DISCARDED);
    out->accepted += sum(entry, AKTI_ACCEPTED);
    out->refused += sum(entry, AKTI_REFUSED);
    out->replied += sum(entry, outcome + AKT_REPLIED);
    out->failed += sum(entry, outcome + AKT_FAILED);
    out->timed_out += sum(entry, outcome + AKT_EXPIRED);
    out->cancelled += sum(entry, outcome + AKT_CANCELLED);
    out->broken += sum(entry, outcome + AKT_BROKEN);
    out->asked += sum(entry, AKTI_ASKED);
    out->late_replies += sum(entry, AKTI_LATE);
    out->spawned += sum(entry, AKTI_SPAWNED);
    out->exited += sum(entry, AKTI_EXITED);
    out->crashed += sum(entry, AKTI_CRASHED);
}

/* While things run the sums are of different moments: never below zero. */
static uint64_t
rest(uint64_t whole, uint64_t parts)
{
    return whole > parts ? whole - parts : 0;
}

void
akti_account_close(akt_counters *c)
{
    c->queued = rest(c->accepted, c->delivered + c->dropped + c->expired
                                      + c->returned + c->dead + c->discarded);
    c->open = rest(c->asked, c->replied + c->failed + c->timed_out
                                 + c->cancelled + c->broken);
}

void
akti_message_tell(struct akti_context *ctx, struct akti_message *m,
                  akt_fate fate, akt_err reason)
{
    struct akt_system *s = akti_system_of(ctx);
    akt_dead_letter letter = {
        .sender = {m->sender_slot, m->sender_generation,
                   m->sender_generation != 0 ? s->id : 0, 0},
        .target = {m->target_slot, m->target_generation, s->id, 0},
        .type = m->type,
        .payload = akti_message_payload(m),
        .fate = fate,
        .reason = reason};

    if (s->dead_letter != NULL && !AKTI_MUTANT(dead_letter_silent)) {
        s->dead_letter(&letter, s->dead_letter_arg);
    }
}

/* What the asker hears when its request ends by this fate. */
static void
break_promise(struct akti_context *ctx, struct akti_message *m, akt_fate fate,
              akt_err reason)
{
    akt_outcome outcome = AKT_BROKEN;

    if (fate == AKT_FATE_DELIVERED) {
        reason = AKT_EBROKEN;
    } else if (reason == AKT_ECANCELLED) {
        outcome = AKT_CANCELLED;
    } else if (fate == AKT_FATE_EXPIRED) {
        outcome = AKT_EXPIRED;
        reason = AKT_ETIMEOUT;
    }
    akti_future_end(ctx, m->cell, m->cell_generation, outcome, reason);
}

void
akti_message_end(struct akti_context *ctx, struct akti_class_entry *entry,
                 struct akti_message *m, akt_fate fate, akt_err reason)
{
    akti_count(
        ctx, entry, AKTI_FATES + (unsigned)fate,
        AKTI_MUTANT(fate_counted_twice) && fate != AKT_FATE_DELIVERED ? 2 : 1);
    akti_note(ctx, &(struct akti_note){.event = AKTI_EVENT_FATE,
                                       .a = (uint64_t)fate,
                                       .b = m->target_slot,
                                       .what = m,
                                       .err = (int)reason});
    if (AKTI_UNLIKELY(fate != AKT_FATE_DELIVERED)) {
        akti_message_tell(ctx, m, fate, reason);
    }
    if (m->cell_generation != 0 && m->kind == AKTI_USER
        && !AKTI_MUTANT(dropped_request_silent)) {
        break_promise(ctx, m, fate, reason);
    }
    akti_message_free(&ctx->caches, m);
}
