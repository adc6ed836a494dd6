/* SPDX-License-Identifier: MIT */
/*
 * An actor's timers. A cell is OPEN while armed, QUEUED while its message is in
 * the owner's mailbox, ENDED when the owner has cancelled it. The worker that
 * armed it moves it OPEN -> QUEUED; the owner does the rest.
 */
#include "akt/timer.h"

#include "actors/base/clock.h"
#include "actors/base/mutant.h"
#include "actors/core/future.h"
#include "actors/core/send.h"
#include "actors/core/system.h"

#include <string.h>

/* From this on a timer may be a thousandth of it late. */
#define COARSE_FROM_NS AKT_SECONDS(10)

const akt_type akt_idle_type = {
    .name = "akt_idle", .align = 1, .flags = AKT_TYPE_SIGNAL};

static bool
is_periodic(const struct akti_cell *cell)
{
    return cell->kind == AKTI_CELL_TIMER && cell->every_ns != 0;
}

/* --- due --- */

/* Sends it to the owner; NULL: the cell's own message. */
static void
post(struct akti_context *ctx, struct akti_cell *cell, struct akti_message *m)
{
    /* The notice takes the place of these. */
    uint32_t actor_generation = cell->actor_generation;
    const akt_type *type = cell->type;

    if (m == NULL) {
        m = &cell->notice;
        *m = (struct akti_message){
            .type = type, .deadline_ns = AKT_NEVER, .flags = AKTI_EMBEDDED};
    }
    m->kind = AKTI_TIMER;
    m->cell = cell;
    m->cell_generation = akti_cell_generation(cell);
    m->target_slot = cell->actor->slot;
    m->target_generation = actor_generation;
    if (!akti_send_reserved(ctx, cell->actor, m)) {
        akti_timer_discard(ctx, m);
    }
}

/* The next instant of the grid that is not past. */
static void
rearm(struct akti_context *ctx, struct akti_cell *cell)
{
    uint64_t now = akti_now_cached(ctx);
    uint64_t due =
        AKTI_MUTANT(periodic_drift) ? now : akti_timer_due(&cell->timer);
    uint64_t missed = now > due ? (now - due) / cell->every_ns : 0;

    akti_timer_set_due(&cell->timer,
                       akti_clock_add(due, (missed + 1) * cell->every_ns));
    cell->timer.patient = cell->every_ns >= AKTI_PATIENT_FROM_NS;
    /* It was in the queue just now, so there is room. Its worker stays: the
     * owner may be looking at that, to release it. */
    (void)akti_timerq_add(&ctx->worker->timers, &cell->timer);
}

static void
fire_periodic(struct akti_context *ctx, struct akti_cell *cell)
{
    uint32_t generation = akti_cell_generation(cell);

    if (akti_cell_phase(cell) == AKTI_PHASE_ENDED) {
        return;
    }
    rearm(ctx, cell);
    if (akti_cell_move(cell, generation, AKTI_PHASE_OPEN, AKTI_PHASE_QUEUED)
        || AKTI_MUTANT(periodic_queues_up)) {
        post(ctx, cell, cell->message);
    }
}

/* akt_send_after: to another actor, by that one's bound. */
static void
fire_later(struct akti_context *ctx, struct akti_cell *cell)
{
    akt_self *self = akti_self_of(ctx);
    struct akti_message *m = cell->message;
    struct akti_actor *target = NULL;
    akt_ref to = {m->target_slot, m->target_generation, self->system->id, 0};
    akt_err err = akti_system_find(self->system, to, &target);

    cell->message = NULL;
    if (err == AKT_OK) {
        err = akti_send_message(self, target, m, AKTI_TRIES);
    }
    if (err != AKT_OK) {
        akti_count(ctx, cell->entry, AKTI_ACCEPTED, 1);
        akti_tell(ctx, AKTI_EVENT_SEND, m);
        akti_message_end(ctx, cell->entry, m,
                         err == AKT_EDEAD ? AKT_FATE_DEAD : AKT_FATE_DROPPED,
                         err);
    }
    post(ctx, cell, NULL);
}

static void
fire_once(struct akti_context *ctx, struct akti_cell *cell)
{
    uint32_t generation = akti_cell_generation(cell);

    if (!akti_cell_move(cell, generation, AKTI_PHASE_OPEN, AKTI_PHASE_QUEUED)) {
        return;
    }
    /* Off, and the owner looks at it only when it has the message. */
    cell->timer.worker = 0;
    if (cell->kind == AKTI_CELL_LATER) {
        fire_later(ctx, cell);
    } else {
        struct akti_message *m = cell->message;

        cell->message = NULL;
        post(ctx, cell, m);
    }
}

void
akti_timer_fire(struct akti_timer_entry *t, struct akti_context *ctx)
{
    struct akti_cell *cell = akti_cell_of_timer(t);

    if (cell->kind == AKTI_CELL_FUTURE) {
        akti_future_expire(ctx, cell);
    } else if (is_periodic(cell)) {
        fire_periodic(ctx, cell);
    } else {
        fire_once(ctx, cell);
    }
}

/* --- taken --- */

static void
free_message_of(struct akti_context *ctx, struct akti_cell *cell)
{
    struct akti_message *m = cell->message;

    cell->message = NULL;
    if (m != NULL) {
        /* A periodic timer's belongs to the cell as long as that lives. */
        m->flags &= (uint8_t)~AKTI_EMBEDDED;
        akti_message_free(&ctx->caches, m);
    }
}

void
akti_timer_forget(struct akti_context *ctx, struct akti_cell *cell)
{
    free_message_of(ctx, cell);
    akti_cell_release(ctx, cell);
}

void
akti_timer_discard(struct akti_context *ctx, struct akti_message *m)
{
    struct akti_cell *cell = m->cell;

    if ((m->flags & AKTI_EMBEDDED) == 0) {
        akti_message_free(&ctx->caches, m);
    }
    if (!is_periodic(cell)) {
        akti_cell_rest(cell);
    }
    akti_timer_forget(ctx, cell);
}

/* When the actor will have had no message for its idle time. */
static uint64_t
idle_from(akt_self *self, uint64_t last_ns)
{
    return akti_clock_add(last_ns, akti_self_entry(self)->idle_ns);
}

static void
restart_idle(akt_self *self, struct akti_cell *cell, uint64_t due_ns)
{
    akti_cell_rest(cell);
    akti_timer_set_due(&cell->timer, due_ns);
    cell->actor_generation = akti_actor_generation(self->actor);
    cell->type = &akt_idle_type;
    (void)akti_cell_move(cell, akti_cell_generation(cell), AKTI_PHASE_QUEUED,
                         AKTI_PHASE_OPEN);
    if (!akti_timer_add(self->ctx, &cell->timer)) {
        akti_log_line(&self->system->dispatcher.log, AKT_LOG_WARNING,
                      "class %s: out of memory: no idle times any more",
                      akti_self_entry(self)->cls->name);
    }
}

bool
akti_timer_arrive(akt_self *self, struct akti_message *m)
{
    struct akti_cell *cell = m->cell;

    if (akti_cell_phase(cell) == AKTI_PHASE_ENDED
        && !AKTI_MUTANT(cancelled_timer_handled)) {
        akti_timer_discard(self->ctx, m);
        return false;
    }
    if (cell->kind == AKTI_CELL_LATER) {
        akti_cell_unlink(&self->actor->cells, cell);
        akti_cell_rest(cell);
        akti_cell_release(self->ctx, cell);
        return false;
    }
    if (cell->kind == AKTI_CELL_IDLE) {
        uint64_t due = idle_from(self, self->actor->extra->last_message_ns);

        if (due > akti_now(self->ctx) && !AKTI_MUTANT(idle_in_spite_of_mail)) {
            restart_idle(self, cell, due);
            return false;
        }
    }
    if (cell->kind == AKTI_CELL_TIMER && cell->every_ns == 0) {
        /* From here on it has fired: there is nothing to cancel. */
        (void)akti_cell_move(cell, m->cell_generation, AKTI_PHASE_QUEUED,
                             AKTI_MUTANT(fired_timer_cancelled)
                                 ? AKTI_PHASE_QUEUED
                                 : AKTI_PHASE_ENDED);
        akti_cell_unlink(&self->actor->cells, cell);
    }
    return true;
}

/* What is owned stays when its alarm has gone off, unless it was closed by that. */
static void
alarm_done(akt_self *self, struct akti_cell *cell)
{
    bool stays = akti_cell_phase(cell) == AKTI_PHASE_QUEUED;

    akti_cell_rest(cell);
    cell->marks &= (uint8_t)~AKTI_ALARMED;
    if (stays) {
        (void)akti_cell_move(cell, akti_cell_generation(cell),
                             AKTI_PHASE_QUEUED,
                             AKTI_MUTANT(alarm_stays_queued) ? AKTI_PHASE_QUEUED
                                                             : AKTI_PHASE_OPEN);
    } else {
        akti_cell_release(self->ctx, cell);
    }
}

void
akti_timer_done(akt_self *self, struct akti_cell *cell, struct akti_message *m)
{
    if (cell->kind == AKTI_CELL_IDLE) {
        if (!AKTI_MUTANT(idle_once_only)) {
            restart_idle(self, cell, idle_from(self, akti_now(self->ctx)));
        }
        return;
    }
    if (cell->kind == AKTI_CELL_OWNED) {
        alarm_done(self, cell);
        return;
    }
    if (cell->every_ns == 0) {
        if (m != NULL && m != &cell->notice) {
            akti_message_free(&self->ctx->caches, m);
        }
        akti_cell_rest(cell);
        akti_cell_release(self->ctx, cell);
        return;
    }
    /* It will be handled again. */
    m->flags &=
        AKTI_MUTANT(periodic_stays_taken) ? UINT8_MAX : (uint8_t)~AKTI_TAKEN;
    if (!akti_cell_move(cell, akti_cell_generation(cell), AKTI_PHASE_QUEUED,
                        AKTI_PHASE_OPEN)) {
        /* Cancelled by its own handler. */
        akti_timer_discard(self->ctx, m);
    }
}

/* --- started, cancelled --- */

static uint64_t
due_in(akt_self *self, uint64_t after_ns)
{
    return akti_due_in(self->ctx, after_ns, COARSE_FROM_NS);
}

static void
own(akt_self *self, struct akti_cell *cell, uint64_t due_ns)
{
    cell->actor = self->actor;
    cell->actor_generation = akti_actor_generation(self->actor);
    cell->entry = akti_self_entry(self);
    cell->type = NULL;
    akti_timer_set_due(&cell->timer, due_ns);
}

static akt_err
start(akt_self *self, enum akti_cell_kind kind, uint64_t due_ns,
      struct akti_message *m, struct akti_cell **out)
{
    struct akti_cell *cell = akti_cell_new(self->ctx, kind);

    if (cell == NULL) {
        return AKT_ENOMEM;
    }
    own(self, cell, due_ns);
    cell->message = m;
    if (!akti_timer_add(self->ctx, &cell->timer)
        && !AKTI_MUTANT(timer_without_memory)) {
        akti_cell_release(self->ctx, cell);
        return AKT_ENOMEM;
    }
    akti_cell_link(&self->actor->cells, cell);
    *out = cell;
    return AKT_OK;
}

static bool
fits_in_cell(const akt_type *type)
{
    return type->size <= sizeof(uint64_t) && type->destroy == NULL
           && (type->flags & AKT_TYPE_OWNS) == 0;
}

static void
name_timer(struct akti_cell *cell, akt_timer *out)
{
    if (out != NULL) {
        out->cell = cell;
        out->generation = akti_cell_generation(cell);
    }
}

akt_err
akti_timer_begin_at(akt_self *self, uint64_t due_ns, const akti_timer_arg *arg,
                    akt_timer *out_timer)
{
    struct akti_cell *cell;

    AKTI_ASSERT(fits_in_cell(arg->type));
    AKT_TRY(start(self, AKTI_CELL_TIMER, due_ns, NULL, &cell));
    cell->every_ns = 0;
    cell->type = arg->type;
    memcpy(&cell->payload, arg->payload, arg->type->size);
    name_timer(cell, out_timer);
    return AKT_OK;
}

akt_err
akti_timer_begin(akt_self *self, uint64_t after_ns, const akti_timer_arg *arg,
                 akt_timer *out_timer)
{
    return akti_timer_begin_at(self, due_in(self, after_ns), arg, out_timer);
}

akt_err
akti_timer_repeat(akt_self *self, uint64_t after_ns, uint64_t every_ns,
                  const akti_timer_arg *arg, akt_timer *out_timer)
{
    struct akti_message *m = NULL;
    struct akti_cell *cell;
    akt_err err;

    if (every_ns != 0 || !fits_in_cell(arg->type)) {
        AKT_TRY(
            akti_message_new(&self->ctx->caches, arg->type, arg->payload, &m));
    }
    err = start(self, AKTI_CELL_TIMER, due_in(self, after_ns), m, &cell);
    if (err != AKT_OK) {
        if (m != NULL) {
            akti_send_undo(self, m);
        }
        return err;
    }
    cell->every_ns = every_ns;
    cell->type = arg->type;
    if (m == NULL) {
        memcpy(&cell->payload, arg->payload, arg->type->size);
    } else if (every_ns != 0) {
        m->flags |= AKTI_EMBEDDED;
    }
    name_timer(cell, out_timer);
    return AKT_OK;
}

/* Of a task, which has other ways to wait; and in on_exit. */
static bool
has_no_timers(const akt_self *self)
{
    return self->actor == NULL || self->exiting
           || (self->actor->runnable.unused & AKTI_FLAG_HOOKED) != 0;
}

akt_err
akti_timer_start(akt_self *self, uint64_t after_ns, uint64_t every_ns,
                 const akti_timer_arg *arg, akt_timer *out_timer)
{
    if (has_no_timers(self)) {
        return AKT_ECONTEXT;
    }
    if (every_ns != 0 && (every_ns < 1000 || arg->type->destroy != NULL)) {
        return AKT_EINVAL;
    }
    return akti_timer_repeat(self, after_ns, every_ns, arg, out_timer);
}

akt_err
akti_send_after(akt_self *self, uint64_t delay_ns, akt_ref to,
                const akt_type *type, const void *payload)
{
    akti_message_arg arg = {type, payload};
    struct akti_actor *target = NULL;
    struct akti_message *m = NULL;
    struct akti_cell *cell;
    akt_err err;

    if (self->actor == NULL || self->exiting) {
        return AKT_ECONTEXT;
    }
    AKT_TRY(akti_send_prepare(self, to, &arg, &target, &m));
    err = start(self, AKTI_CELL_LATER, due_in(self, delay_ns), m, &cell);
    if (err != AKT_OK) {
        akti_send_undo(self, m);
    }
    return err;
}

akt_err
akti_alarm_start(akt_self *self, struct akti_cell *cell, uint64_t due_ns,
                 const akt_type *signal)
{
    AKTI_ASSERT(cell->kind == AKTI_CELL_OWNED && signal->size == 0);
    cell->type = signal;
    akti_timer_set_due(&cell->timer, due_ns);
    if (!akti_timer_add(self->ctx, &cell->timer)) {
        return AKT_ENOMEM;
    }
    cell->marks |= AKTI_ALARMED;
    return AKT_OK;
}

void
akti_alarm_release(akt_self *self, struct akti_cell *cell)
{
    /* The worker that would set it off is the one that runs this. */
    if (akti_cell_phase(cell) == AKTI_PHASE_OPEN) {
        akti_cell_release(self->ctx, cell);
    } else if (!AKTI_MUTANT(closed_alarm_goes_off)) {
        /* Its message, which lies in it, finds it so and releases it. */
        (void)akti_cell_move(cell, akti_cell_generation(cell),
                             AKTI_PHASE_QUEUED, AKTI_PHASE_ENDED);
    }
}

akt_err
akti_idle_start(akt_self *self)
{
    struct akti_class_entry *entry = akti_self_entry(self);
    struct akti_extra *extra = akti_actor_extra(self, self->actor);

    if (extra == NULL) {
        return AKT_ENOMEM;
    }
    extra->last_message_ns = akti_now(self->ctx);
    AKT_TRY(start(self, AKTI_CELL_IDLE, due_in(self, entry->idle_ns), NULL,
                  &extra->idle));
    extra->idle->type = &akt_idle_type;
    return AKT_OK;
}

akt_err
akt_timer_cancel(akt_self *self, akt_timer timer)
{
    struct akti_cell *cell = timer.cell;

    if (cell == NULL || self->actor == NULL
        || akti_cell_generation(cell) != timer.generation
        || cell->kind != AKTI_CELL_TIMER || cell->actor != self->actor) {
        return AKT_EENDED;
    }
    if (akti_cell_move(cell, timer.generation, AKTI_PHASE_OPEN,
                       AKTI_PHASE_ENDED)) {
        akti_cell_unlink(&self->actor->cells, cell);
        akti_timer_forget(self->ctx, cell);
        return AKT_OK;
    }
    if (akti_cell_move(cell, timer.generation, AKTI_PHASE_QUEUED,
                       AKTI_PHASE_ENDED)) {
        /* The message in the mailbox finds it so, and releases it. */
        akti_cell_unlink(&self->actor->cells, cell);
        return AKT_OK;
    }
    return AKT_EENDED;
}
