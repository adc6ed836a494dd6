/* SPDX-License-Identifier: MIT */
/* The asker's end: making, ending and taking futures; see cell.h. */
#include "actors/core/future.h"

#include "actors/base/clock.h"
#include "actors/base/mutant.h"
#include "actors/core/join.h"
#include "actors/core/readiness.h"
#include "actors/core/send.h"
#include "actors/core/system.h"

#include <string.h>

const akt_continuation akti_awaited = {.state_name = "awaited"};

/* From this on a deadline need not be exact to a few milliseconds. */
#define COARSE_FROM_NS (UINT64_C(200) * 1000000u)

/* How many askers behind askers are looked at. */
#define PARENTS_MAX 16

void
akti_future_discard(struct akti_context *ctx, struct akti_message *m)
{
    struct akti_cell *cell = m->cell;

    akti_message_free(&ctx->caches, m);
    akti_cell_release(ctx, cell);
}

AKTI_INLINE void
count_end(struct akti_context *ctx, struct akti_cell *cell)
{
    akt_outcome outcome = akti_cell_outcome(cell);

    if (AKTI_UNLIKELY(cell->entry == NULL)) {
        akti_tell(ctx, AKTI_EVENT_SETTLED, cell);
        if (akti_readiness_is(cell)) {
            akti_readiness_over(ctx, cell);
        }
        return;
    }
    akti_count(ctx, cell->entry,
               AKTI_OUTCOMES - AKT_REPLIED + (unsigned)outcome, 1);
    akti_note(ctx, &(struct akti_note){.event = AKTI_EVENT_ENDED,
                                       .a = (uint64_t)outcome,
                                       .b = (uint64_t)cell->error,
                                       .what = cell,
                                       .err = (int)cell->error});
}

void
akti_future_count(struct akti_context *ctx, struct akti_cell *cell)
{
    count_end(ctx, cell);
}

/* Brings what says that it ended to the owner; `m` may be its notice. */
AKTI_INLINE void
bring(struct akti_context *ctx, struct akti_cell *cell, struct akti_message *m)
{
    m->kind = m == &akti_future_of(cell)->notice ? AKTI_NOTICE : AKTI_REPLY;
    m->cell = cell;
    m->cell_generation = akti_cell_generation(cell);
    if (cell->actor_generation == 0) {
        akti_port_deliver(cell->port, m);
        return;
    }
    m->target_slot = cell->actor->slot;
    m->target_generation = cell->actor_generation;
    if (!akti_send_reserved(ctx, cell->actor, m)) {
        akti_future_discard(ctx, m);
    }
}

static struct akti_message *
notice_of(struct akti_cell *cell)
{
    struct akti_message *m = &akti_future_of(cell)->notice;

    *m =
        (struct akti_message){.deadline_ns = AKT_NEVER, .flags = AKTI_EMBEDDED};
    return m;
}

/* The owner ends it itself, and nothing is to be run: there is no way to go. */
static bool
is_by_owner(struct akti_context *ctx, const struct akti_cell *cell)
{
    const akt_self *self = ctx->worker != NULL ? akti_self_of(ctx) : NULL;

    return self != NULL && self->actor != NULL && self->actor == cell->actor
           && cell->actor_generation == akti_actor_generation(self->actor)
           && !self->exiting && cell->then == NULL && cell->marks == 0
           && !cell->dropped;
}

static void
bring_reply(struct akti_context *ctx, struct akti_cell *cell,
            struct akti_message *reply)
{
    if (is_by_owner(ctx, cell)) {
        cell->message = reply;
        cell->arrived = true;
    } else {
        bring(ctx, cell, reply);
    }
}

void
akti_future_deliver(struct akti_context *ctx, struct akti_cell *cell,
                    struct akti_message *reply)
{
    count_end(ctx, cell);
    if (reply != NULL) {
        bring_reply(ctx, cell, reply);
    } else {
        bring(ctx, cell, notice_of(cell));
    }
}

bool
akti_future_end(struct akti_context *ctx, void *ptr, uint32_t generation,
                akt_outcome outcome, akt_err err)
{
    struct akti_cell *cell = ptr;

    if (!akti_cell_end(cell, generation, outcome)) {
        return false;
    }
    cell->error = err;
    akti_future_deliver(ctx, cell, NULL);
    return true;
}

void
akti_future_answer(struct akti_context *ctx, void *ptr, uint32_t generation,
                   struct akti_message *reply)
{
    struct akti_cell *cell = ptr;

    if (!akti_cell_end(cell, generation,
                       reply->error ? AKT_FAILED : AKT_REPLIED)) {
        akti_count(ctx, akti_system_of(ctx)->threads, AKTI_LATE, 1);
        if (!AKTI_MUTANT(late_reply_leaked)) {
            akti_message_free(&ctx->caches, reply);
        }
        return;
    }
    cell->error = AKT_OK;
    count_end(ctx, cell);
    bring_reply(ctx, cell, reply);
}

void
akti_future_expire(struct akti_context *ctx, struct akti_cell *cell)
{
    uint32_t generation = akti_cell_generation(cell);

    if (!akti_cell_end(cell, generation, AKT_EXPIRED)) {
        return;
    }
    /* Off now, and no other thread looks at it before the notice is sent. */
    cell->timer.worker = 0;
    cell->error = AKT_ETIMEOUT;
    akti_future_deliver(ctx, cell, NULL);
}

bool
akti_request_is_over(void *ptr, uint32_t generation)
{
    struct akti_cell *cell = ptr;
    int i;

    for (i = 0; i < PARENTS_MAX && cell != NULL; i++) {
        struct akti_cell *parent;
        uint32_t parents;

        if (akti_cell_generation(cell) != generation
            || akti_cell_phase(cell) != AKTI_PHASE_OPEN) {
            return true;
        }
        /* Relaxed: what both are is known below. */
        parents = atomic_load_explicit(&cell->parent_generation,
                                       memory_order_relaxed);
        /* acquire: before the next look at the generation; pairs: child.c */
        parent = atomic_load_explicit(&akti_future_of(cell)->parent,
                                      memory_order_acquire);
        if (parent == NULL || AKTI_MUTANT(parent_not_looked_at)) {
            return false;
        }
        /* Reused meanwhile, it may have something else in that place. */
        if (akti_cell_generation(cell) != generation) {
            return true;
        }
        cell = parent;
        generation = parents;
    }
    return false;
}

bool
akti_request_is_left(void *ptr, uint32_t generation)
{
    struct akti_cell *cell = ptr;
    bool is_over = akti_request_is_over(cell, generation);

    /* How it ended may be on its way still, to who goes on by it. */
    return is_over
           && (akti_cell_generation(cell) != generation
               || akti_cell_phase(cell) != AKTI_PHASE_ENDED
               || AKTI_MUTANT(answering_job_left));
}

uint64_t
akti_request_deadline(void *ptr, uint32_t generation)
{
    struct akti_cell *cell = ptr;
    /* Of this request if the generation is still right below. */
    uint64_t deadline = akti_timer_due(&cell->timer);

    return akti_cell_generation(cell) == generation ? deadline : AKT_NEVER;
}

/* --- making one --- */

uint64_t
akti_future_due(akt_self *self, uint64_t timeout_ns)
{
    uint64_t timeout =
        timeout_ns != 0 ? timeout_ns : self->system->ask_timeout_ns;

    return akti_due_in(self->ctx, timeout, COARSE_FROM_NS);
}

static uint64_t
deadline_for(akt_self *self, uint64_t timeout_ns)
{
    uint64_t outer = akt_deadline_ns(self);
    uint64_t own = akti_future_due(self, timeout_ns);

    return own < outer || AKTI_MUTANT(deadline_not_inherited) ? own : outer;
}

/* The request that is being handled is what this one is asked for. */
static void
inherit(akt_self *self, struct akti_cell *cell)
{
    const struct akti_message *m = akti_self_request(self);

    if (m == NULL || AKTI_MUTANT(cancel_not_inherited)) {
        return; /* a new cell has no parent */
    }
    /* Relaxed: published with the request; see akti_request_is_over. */
    atomic_store_explicit(&cell->parent_generation, m->cell_generation,
                          memory_order_relaxed);
    atomic_store_explicit(&akti_future_of(cell)->parent, m->cell,
                          memory_order_relaxed);
}

/* A cell of the caller's, in no list yet. */
AKTI_INLINE akt_err
new_cell(akt_self *self, const akt_type *type, struct akti_cell **out)
{
    struct akti_cell *cell;

    if (self->actor == NULL && self->port == NULL) {
        return AKT_ECONTEXT;
    }
    if (*akti_open_futures(self) >= akti_self_entry(self)->requests
        && !AKTI_MUTANT(request_limit_ignored)) {
        return AKT_ELIMIT;
    }
    cell = akti_cell_new(self->ctx, AKTI_CELL_FUTURE);
    if (cell == NULL) {
        return AKT_ENOMEM;
    }
    if (self->actor != NULL) {
        cell->actor = self->actor;
        cell->actor_generation = akti_actor_generation(self->actor);
    } else {
        cell->port = self->port; /* and no generation */
    }
    cell->entry = akti_self_entry(self);
    cell->type = type;
    cell->then = NULL;
    *out = cell;
    return AKT_OK;
}

akt_err
akti_future_new(akt_self *self, const akt_type *request, uint64_t timeout_ns,
                struct akti_cell **out)
{
    struct akti_cell *cell = NULL;

    if (timeout_ns == AKT_NEVER) {
        return AKT_EINVAL;
    }
    AKT_TRY(new_cell(self, request, &cell));
    akti_timer_set_due(&cell->timer, deadline_for(self, timeout_ns));
    inherit(self, cell);
    if (self->actor != NULL
        && !akti_timer_add_deadline(self->ctx, &cell->timer)) {
        akti_cell_release(self->ctx, cell);
        return AKT_ENOMEM;
    }
    *out = cell;
    return AKT_OK;
}

akt_err
akti_future_open(akt_self *self, const akt_type *type, uint64_t due_ns,
                 struct akti_cell **out)
{
    struct akti_cell *cell = NULL;

    AKT_TRY(new_cell(self, type, &cell));
    cell->entry = NULL; /* not counted */
    akti_timer_set_due(&cell->timer, due_ns);
    if (self->actor != NULL && due_ns != AKT_NEVER
        && !akti_timer_add_deadline(self->ctx, &cell->timer)) {
        akti_cell_release(self->ctx, cell);
        return AKT_ENOMEM;
    }
    *akti_open_futures(self) += 1;
    akti_cell_link(akti_cells_of(self), cell);
    akti_tell(self->ctx, AKTI_EVENT_OPENED, cell);
    *out = cell;
    return AKT_OK;
}

void
akti_future_asked(akt_self *self, struct akti_cell *cell, akt_future *out)
{
    akti_count(self->ctx, cell->entry, AKTI_ASKED, 1);
    *akti_open_futures(self) += 1;
    akti_cell_link(akti_cells_of(self), cell);
    out->cell = cell;
    out->generation = akti_cell_generation(cell);
}

void
akti_future_undo(akt_self *self, struct akti_cell *cell)
{
    *akti_open_futures(self) -= AKTI_MUTANT(future_undo_leaks) ? 0 : 1;
    akti_cell_unlink(akti_cells_of(self), cell);
    if (cell->entry != NULL) {
        akti_count(self->ctx, cell->entry, AKTI_ASKED, UINT64_MAX);
    } else {
        akti_tell(self->ctx, AKTI_EVENT_SETTLED, cell);
    }
    akti_cell_release(self->ctx, cell);
}

/* Asks by a message that is made already, which goes when that fails. */
AKTI_INLINE akt_err
ask(akt_self *self, struct akti_actor *target, struct akti_message *m,
    uint64_t timeout_ns, akt_future *out_future)
{
    struct akti_cell *cell;
    akt_future future;
    akt_err err;

    err = akti_future_new(self, m->type, timeout_ns, &cell);
    if (AKTI_UNLIKELY(err != AKT_OK)) {
        akti_send_undo(self, m);
        return err;
    }
    /* Complete before it is sent: the answer may come at once. */
    akti_future_asked(self, cell, &future);
    *out_future = AKTI_MUTANT(refused_ask_writes) ? future : *out_future;
    m->cell = cell;
    m->cell_generation = future.generation;
    m->deadline_ns = akti_timer_due(&cell->timer);
    err = akti_send_message(self, target, m, AKTI_MAY_AWAIT);
    if (AKTI_UNLIKELY(err != AKT_OK)) {
        akti_future_undo(self, cell);
        akti_send_undo(self, m);
        return err;
    }
    *out_future = future;
    return AKT_OK;
}

akt_err
akti_future_ask(akt_self *self, struct akti_actor *target,
                struct akti_message *m, uint64_t timeout_ns,
                akt_future *out_future)
{
    return ask(self, target, m, timeout_ns, out_future);
}

akt_err
akti_ask(akt_self *self, akt_ref to, uint64_t timeout_ns,
         const akti_message_arg *arg, akt_future *out_future)
{
    struct akti_actor *target = NULL;
    struct akti_message *m = NULL;

    AKT_TRY(akti_send_prepare(self, to, arg, &target, &m));
    return ask(self, target, m, timeout_ns, out_future);
}

/* --- taking the end --- */

/* The answer that a cell in phase ENDED has; `m` is the reply, if any. */
AKTI_INLINE void
fill_answer(struct akti_cell *cell, struct akti_message *m, akt_answer *out)
{
    *out = (akt_answer){.outcome = akti_cell_outcome(cell),
                        .error = cell->error,
                        .arg = cell->then != NULL ? cell->arg : NULL};
    if (AKTI_UNLIKELY((cell->marks & AKTI_COMBINED) != 0)) {
        struct akti_cell *source = akti_join_source(cell, out);

        m = source != cell ? source->message : m;
    }
    out->akti_message = m;
    if (out->outcome == AKT_REPLIED && m != NULL) {
        out->type = m->type;
        out->reply = akti_message_payload(m);
    } else if (out->outcome == AKT_FAILED) {
        akti_error_message_read(m, out);
    } else {
        akti_words_read(m, out);
    }
}

void
akti_future_answer_of(struct akti_cell *cell, akt_answer *out)
{
    fill_answer(cell, cell->message, out);
}

void
akti_future_close(akt_self *self, struct akti_cell *cell)
{
    if (cell->message != NULL) {
        akti_message_free(&self->ctx->caches, cell->message);
        cell->message = NULL;
    }
    *akti_open_futures(self) -= 1;
    akti_cell_unlink(akti_cells_of(self), cell);
    akti_cell_release(self->ctx, cell);
}

static void
close_cell(akt_self *self, struct akti_cell *cell)
{
    if (AKTI_UNLIKELY((cell->marks & AKTI_COMBINED) != 0)) {
        cell->arrived = true; /* also when its reply lies in the mailbox yet */
        akti_join_forget(self, cell);
    } else {
        akti_future_close(self, cell);
    }
}

/* The reply lives until the continuation has run; the future is over. */
AKTI_INLINE akt_err
run_continuation(akt_self *self, struct akti_cell *cell, struct akti_message *m)
{
    const akt_continuation *then = cell->then;
    akt_answer answer;

    fill_answer(cell, m, &answer);
    cell->dropped = true;
    return then->run(self, self->actor->state, &answer);
}

akt_err
akti_future_continue(akt_self *self, struct akti_message *reply)
{
    struct akti_cell *cell = reply->cell;
    akt_err err = run_continuation(self, cell, reply);

    close_cell(self, cell);
    return err;
}

akt_err
akti_future_arrive(akt_self *self, struct akti_message *m)
{
    struct akti_cell *cell = m->cell;
    akt_err err = AKT_OK;

    cell->arrived = true;
    m = m->kind == AKTI_REPLY ? m : NULL;
    cell->message = AKTI_UNLIKELY((cell->marks & AKTI_WORDED) != 0)
                        ? akti_words_settle(self->ctx, cell, m)
                        : m;
    if (AKTI_UNLIKELY(cell->marks != 0) && !cell->dropped) {
        cell = akti_join_arrive(self, cell);
        if (cell == NULL) {
            return AKT_OK;
        }
    }
    if (cell->dropped && !AKTI_MUTANT(dropped_future_continues)) {
        close_cell(self, cell);
    } else if (cell->then == &akti_awaited) {
        akti_actor_hooks(self->actor)->ended(self, self->actor, cell);
    } else if (cell->then != NULL) {
        err = run_continuation(self, cell, cell->message);
        close_cell(self, cell);
    }
    return err;
}

struct akti_cell *
akti_future_look_up(akt_self *self, akt_future future)
{
    struct akti_cell *cell = future.cell;

    if (cell == NULL || akti_cell_generation(cell) != future.generation
        || cell->kind != AKTI_CELL_FUTURE || cell->dropped) {
        return NULL;
    }
    if (self->actor != NULL) {
        return cell->actor == self->actor || AKTI_MUTANT(others_future_taken)
                   ? cell
                   : NULL;
    }
    return self->port != NULL && cell->port == self->port ? cell : NULL;
}

struct akti_cell *
akti_future_find(akt_self *self, akt_future future)
{
    struct akti_cell *cell = akti_future_look_up(self, future);

    return cell != NULL
                   && ((cell->marks & AKTI_JOINED) == 0
                       || AKTI_MUTANT(part_still_usable))
               ? cell
               : NULL;
}

const akt_type *
akti_future_reply_type(const struct akti_cell *cell)
{
    if ((cell->marks & AKTI_COMBINED) != 0) {
        return akti_join_type(cell);
    }
    return cell->entry != NULL ? cell->type->reply : cell->type;
}

/* Whether a continuation is made for what this future may hear. */
static bool
fits(const struct akti_cell *cell, const akt_continuation *continuation)
{
    const akt_type *wanted = continuation->reply;
    const akt_type *type;

    if (continuation->request != NULL) {
        if (cell->entry != NULL) {
            return cell->type == continuation->request
                   || akt_type_equal(cell->type, continuation->request);
        }
        wanted = continuation->request->reply;
    }
    type = akti_future_reply_type(cell);
    return wanted == NULL || type == NULL || akt_type_equal(type, wanted);
}

void
akti_future_again(akt_self *self, struct akti_cell *cell)
{
    struct akti_message *m = cell->message;

    cell->arrived = false;
    /* It is the mailbox's from now on. */
    cell->message = AKTI_MUTANT(late_then_frees_twice) ? m : NULL;
    bring(self->ctx, cell, m != NULL ? m : notice_of(cell));
}

akt_err
akti_then(akt_self *self, akt_future future,
          const akt_continuation *continuation, void *arg)
{
    struct akti_cell *cell;

    if (self->actor == NULL) {
        return AKT_ECONTEXT;
    }
    cell = akti_future_find(self, future);
    if (cell == NULL || cell->then != NULL) {
        return AKT_EENDED;
    }
    if (!fits(cell, continuation)
        || !akti_same_name(self->actor->behavior->state_name,
                           continuation->state_name)) {
        return AKT_ETYPE;
    }
    cell->then = continuation;
    cell->arg = arg;
    if (cell->arrived) {
        akti_future_again(self, cell);
    }
    return AKT_OK;
}

const void *
akti_answer_as(const akt_answer *answer, const akt_type *type)
{
    bool same = answer != NULL && answer->reply != NULL
                && akt_type_equal(answer->type, type);

    return same ? answer->reply : NULL;
}

akt_err
akti_answer_take(const akt_answer *answer, const akt_type *type, void *out)
{
    struct akti_message *m = answer->akti_message;

    if (akti_answer_as(answer, type) == NULL || m == NULL
        || (m->type->flags & AKT_TYPE_LOCAL) == 0
        || (m->flags & AKTI_TAKEN) != 0) {
        return AKT_ETYPE;
    }
    memcpy(out, answer->reply, m->type->size);
    m->flags |= AKTI_TAKEN;
    return AKT_OK;
}

akt_err
akt_cancel(akt_self *self, akt_future future)
{
    struct akti_cell *cell = akti_future_find(self, future);

    if (cell == NULL
        || !akti_future_end(self->ctx, cell, future.generation, AKT_CANCELLED,
                            AKT_ECANCELLED)) {
        return AKT_EENDED;
    }
    akti_child_cancel(self->ctx, cell);
    cell->marks |= AKTI_CANCELLED;
    if ((cell->marks & AKTI_COMBINED) != 0) {
        akti_join_cancel(self, cell);
    }
    return AKT_OK;
}

void
akt_future_drop(akt_self *self, akt_future future)
{
    struct akti_cell *cell = akti_future_find(self, future);

    if (cell == NULL) {
        return;
    }
    akti_child_cancel(self->ctx, cell);
    if (self->port != NULL || (cell->marks & AKTI_COMBINED) != 0) {
        akti_join_forget(self, cell);
        return;
    }
    if (!akti_child_is_kept(cell) || AKTI_MUTANT(dropped_child_outlives)) {
        (void)akti_future_end(self->ctx, cell, future.generation, AKT_CANCELLED,
                              AKT_ECANCELLED);
    }
    if (cell->arrived) {
        close_cell(self, cell);
    } else {
        cell->dropped = true;
    }
}
