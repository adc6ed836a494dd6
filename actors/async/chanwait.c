/* SPDX-License-Identifier: MIT */
/* Waiting for a channel; see channel.h for who wakes whom. */
#include "actors/async/channel.h"
#include "actors/base/clock.h"
#include "actors/base/mutant.h"

/* What waits, and what for. */
struct wait {
    struct akti_attempt *attempt;
    struct akti_channel *channel;
    struct akti_line *line;
    struct akti_parker parker;
    struct akti_place place;
};

static bool
is_open(const struct akti_attempt *a)
{
    return akti_share_is_open(a->share, a->generation);
}

/* Sleeps until it is woken, without the latch; it is in the channel's books. */
static akt_err
sleep_in_line(struct wait *w)
{
    struct akti_cell *share = w->attempt->share;
    akt_err err;

    if (!w->place.linked) {
        akti_line_push(w->line, &w->place);
    }
    share->users++;
    w->channel->refs++;
    akti_channel_leave(w->channel);
    err = akti_park(&w->parker);
    akti_latch_lock(&w->channel->object.latch);
    w->channel->refs--;
    akti_line_come_back(w->line, &w->place);
    if (is_open(w->attempt)) {
        share->users--;
    }
    return err;
}

/* Until it has worked, or there is a reason to go. */
static akt_err
try_until(akt_self *self, struct wait *w)
{
    struct akti_attempt *a = w->attempt;
    akt_err slept = AKT_OK;
    akt_err err;

    for (;;) {
        err = is_open(a) ? a->run(self, w->channel, a) : AKT_EENDED;
        if (err != a->blocked || slept != AKT_OK) {
            break;
        }
        slept = sleep_in_line(w);
        if (slept != AKT_OK && slept != AKT_ETIMEOUT) {
            return slept;
        }
    }
    return err == a->blocked ? slept : err;
}

/* What a simulation is told. */
static void
tell(akt_self *self, const struct wait *w, akt_err err)
{
    const struct akti_attempt *a = w->attempt;

    if (a->value != NULL) {
        (void)akti_channel_put_ends(self->ctx, w->channel, a->value->payload,
                                    err);
    } else if (a->type != NULL) {
        (void)akti_channel_get_ends(self->ctx, w->channel, a->out, err);
    }
}

static void
go(akt_self *self, struct wait *w)
{
    if (w->place.linked) {
        akti_line_remove(w->line, &w->place);
    }
    if (w->place.woken) {
        akti_channel_pass(self->ctx, w->channel);
    }
    akti_channel_leave_last(self->ctx, w->channel);
}

akt_err
akti_channel_attempt(akt_self *self, struct akti_attempt *a,
                     uint64_t timeout_ns)
{
    struct wait w = {.attempt = a};
    uint64_t deadline_ns = timeout_ns;
    akt_err err;

    if (timeout_ns != AKT_NEVER) {
        deadline_ns = akti_clock_add(akti_now(self->ctx), timeout_ns);
    }
    AKT_TRY(akti_parker_init(&w.parker, self, deadline_ns));
    err = akti_channel_enter(self, a->share, a->generation, &w.channel);
    if (err == AKT_OK) {
        w.line = a->blocked == AKT_EFULL ? &w.channel->senders
                                         : &w.channel->receivers;
        w.place = (struct akti_place){.parker = &w.parker, .share = a->share};
        err = try_until(self, &w);
        tell(self, &w, err);
        go(self, &w);
    }
    akti_parker_fini(&w.parker);
    return err;
}

/* --- those whose end is closed --- */

static void
wake_by(struct akti_context *ctx, struct akti_line *l, const void *share)
{
    struct akti_place *p = l->head;

    while (p != NULL) {
        struct akti_place *next = p->next;

        if (p->share == share) {
            akti_line_wake(ctx, l, p);
        }
        p = next;
    }
}

void
akti_channel_wake_users(struct akti_context *ctx, struct akti_channel *ch,
                        struct akti_cell *share)
{
    if (share->users > 0 && !AKTI_MUTANT(users_not_woken)) {
        wake_by(ctx, &ch->senders, share);
        wake_by(ctx, &ch->receivers, share);
    }
}
