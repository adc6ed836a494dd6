/* SPDX-License-Identifier: MIT */
/* The asker's end: making, ending and taking futures; see cell.h. */
#include "actors/core/future.h"

#include "actors/base/clock.h"
#include "actors/base/mutant.h"
#include "actors/core/send.h"
#include "actors/core/system.h"

#include <string.h>

const akt_continuation akti_awaited = {.state_name = "awaited"};

/* From this on a deadline need not be exact to a few milliseconds. */
#define COARSE_FROM_NS (UINT64_C(200) * 1000000u)

/* How many askers behind askers are looked at. */
#define PARENTS_MAX 16

/* A port's futures are ended under its lock: the thread waits for that. */
static void
port_deliver(struct akti_cell *cell, struct akti_message *m)
{
    struct akti_port *port = cell->port;

    akti_mutex_lock(&port->lock);
    cell->message = m;
    cell->arrived = true;
    akti_cond_wake_all(&port->cond);
    akti_mutex_unlock(&port->lock);
}

void
akti_future_discard(struct akti_context *ctx, struct akti_message *m)
{
    struct akti_cell *cell = m->cell;

    akti_message_free(&ctx->caches, m);
    akti_cell_release(ctx, cell);
}

void
akti_future_count_end(struct akti_context *ctx, struct akti_cell *cell,
                      akt_outcome outcome)
{
    if (AKTI_UNLIKELY(cell->entry == NULL)) {
        return; /* no request */
    }
    akti_count(ctx, cell->entry,
               AKTI_OUTCOMES - AKT_REPLIED + (unsigned)outcome, 1);
    akti_note(ctx, &(struct akti_note){.event = AKTI_EVENT_ENDED,
                                       .a = (uint64_t)outcome,
                                       .b = (uint64_t)cell->error,
                                       .what = cell,
                                       .err = (int)cell->error});
}

/* Tells the owner; the caller has won the cell. `m` may be its notice. */
static void
deliver(struct akti_context *ctx, struct akti_cell *cell,
        struct akti_message *m)
{
    akt_outcome outcome = akti_cell_outcome(cell);
    bool is_notice = m == &akti_future_of(cell)->notice;

    akti_future_count_end(ctx, cell, outcome);
    if (cell->actor_generation == 0) {
        port_deliver(cell, is_notice ? NULL : m);
        return;
    }
    m->kind = is_notice ? AKTI_NOTICE : AKTI_REPLY;
    m->cell = cell;
    m->cell_generation = akti_cell_generation(cell);
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

bool
akti_future_end(struct akti_context *ctx, void *ptr, uint32_t generation,
                akt_outcome outcome, akt_err err)
{
    struct akti_cell *cell = ptr;

    if (!akti_cell_end(cell, generation, outcome)) {
        return false;
    }
    cell->error = err;
    deliver(ctx, cell, notice_of(cell));
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
    deliver(ctx, cell, reply);
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
    deliver(ctx, cell, notice_of(cell));
}

bool
akti_request_is_over(void *ptr, uint32_t generation)
{
    struct akti_cell *cell = ptr;
    int i;

    for (i = 0; i < PARENTS_MAX && cell != NULL; i++) {
        if (akti_cell_generation(cell) != generation
            || akti_cell_phase(cell) != AKTI_PHASE_OPEN) {
            return true;
        }
        /* Relaxed: read after the phase said that the cell is still open; if it
         * is reused meanwhile, the next look says "over", which is so. */
        generation = atomic_load_explicit(&cell->parent_generation,
                                          memory_order_relaxed);
        cell = AKTI_MUTANT(parent_not_looked_at)
                   ? NULL
                   : atomic_load_explicit(&akti_future_of(cell)->parent,
                                          memory_order_relaxed);
    }
    return false;
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

static uint64_t
deadline_for(akt_self *self, uint64_t timeout_ns)
{
    const struct akti_message *request = akti_self_request(self);
    uint64_t outer = request != NULL ? request->deadline_ns : AKT_NEVER;
    uint64_t timeout =
        timeout_ns != 0 ? timeout_ns : self->system->ask_timeout_ns;
    uint64_t now = timeout >= COARSE_FROM_NS ? akti_now_coarse(self->ctx)
                                             : akti_now(self->ctx);
    uint64_t own = akti_clock_add(now, timeout);

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

/* How many requests of the caller are open, and in which list they are. */
static uint32_t *
open_requests(akt_self *self)
{
    return self->actor != NULL ? &self->actor->open_requests
                               : &self->port->open_requests;
}

struct akti_cell **
akti_cells_of(akt_self *self)
{
    return self->actor != NULL ? &self->actor->cells : &self->port->cells;
}

/* A cell of the caller's, without a deadline. */
static akt_err
cell_new(akt_self *self, const akt_type *type, struct akti_cell **out)
{
    struct akti_cell *cell;

    if (self->actor == NULL && self->port == NULL) {
        return AKT_ECONTEXT;
    }
    if (*open_requests(self) >= akti_self_entry(self)->requests
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
    struct akti_cell *cell;

    if (timeout_ns == AKT_NEVER) {
        return AKT_EINVAL;
    }
    AKT_TRY(cell_new(self, request, &cell));
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
akti_future_open(akt_self *self, const akt_type *type, struct akti_cell **out)
{
    struct akti_cell *cell;

    AKT_TRY(cell_new(self, type, &cell));
    akti_timer_set_due(&cell->timer, AKT_NEVER);
    cell->entry = NULL; /* not counted */
    *open_requests(self) += 1;
    akti_cell_link(akti_cells_of(self), cell);
    *out = cell;
    return AKT_OK;
}

void
akti_future_asked(akt_self *self, struct akti_cell *cell, akt_future *out)
{
    akti_count(self->ctx, cell->entry, AKTI_ASKED, 1);
    *open_requests(self) += 1;
    akti_cell_link(akti_cells_of(self), cell);
    out->cell = cell;
    out->generation = akti_cell_generation(cell);
}

void
akti_future_undo(akt_self *self, struct akti_cell *cell)
{
    *open_requests(self) -= AKTI_MUTANT(future_undo_leaks) ? 0 : 1;
    akti_cell_unlink(akti_cells_of(self), cell);
    if (cell->entry != NULL) {
        akti_count(self->ctx, cell->entry, AKTI_ASKED, UINT64_MAX);
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
    if (out->outcome == AKT_REPLIED && m != NULL) {
        out->type = m->type;
        out->reply = akti_message_payload(m);
    } else if (out->outcome == AKT_FAILED) {
        akti_error_message_read(m, &out->error, &out->text);
    }
}

static void
close_cell(akt_self *self, struct akti_cell *cell)
{
    if (cell->message != NULL) {
        akti_message_free(&self->ctx->caches, cell->message);
        cell->message = NULL;
    }
    *open_requests(self) -= 1;
    akti_cell_unlink(akti_cells_of(self), cell);
    akti_cell_release(self->ctx, cell);
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
    cell->message = m->kind == AKTI_REPLY ? m : NULL;
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
akti_future_find(akt_self *self, akt_future future)
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
    if (!akt_type_equal(cell->type, continuation->request)
        || !akti_same_name(self->actor->behavior->state_name,
                           continuation->state_name)) {
        return AKT_ETYPE;
    }
    cell->then = continuation;
    cell->arg = arg;
    if (cell->arrived) {
        /* It ended before: once more through the mailbox, for a turn of its own.
         */
        struct akti_message *m =
            cell->message != NULL ? cell->message : notice_of(cell);

        cell->arrived = false;
        m->kind = cell->message != NULL ? AKTI_REPLY : AKTI_NOTICE;
        m->cell = cell;
        m->cell_generation = future.generation;
        m->target_slot = self->actor->slot;
        m->target_generation = cell->actor_generation;
        (void)akti_send_reserved(self->ctx, self->actor, m);
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
akt_cancel(akt_self *self, akt_future future)
{
    struct akti_cell *cell = akti_future_find(self, future);

    if (cell == NULL
        || !akti_future_end(self->ctx, cell, future.generation, AKT_CANCELLED,
                            AKT_ECANCELLED)) {
        return AKT_EENDED;
    }
    akti_child_cancel(self->ctx, cell);
    cell->cancelled = true;
    return AKT_OK;
}

static bool
has_arrived(akt_self *self, struct akti_cell *cell)
{
    bool arrived;

    if (self->port == NULL) {
        return cell->arrived;
    }
    akti_mutex_lock(&self->port->lock);
    arrived = cell->arrived;
    akti_mutex_unlock(&self->port->lock);
    return arrived;
}

void
akt_future_drop(akt_self *self, akt_future future)
{
    struct akti_cell *cell = akti_future_find(self, future);

    if (cell == NULL) {
        return;
    }
    akti_child_cancel(self->ctx, cell);
    (void)akti_future_end(self->ctx, cell, future.generation, AKT_CANCELLED,
                          AKT_ECANCELLED);
    if (self->port != NULL) {
        akti_port_await(self->port, cell, AKT_NEVER);
        close_cell(self, cell);
    } else if (has_arrived(self, cell)) {
        close_cell(self, cell);
    } else {
        cell->dropped = true;
    }
}

akt_outcome
akt_future_poll(akt_self *self, akt_future future)
{
    struct akti_cell *cell = akti_future_find(self, future);

    if (cell == NULL) {
        return AKT_BROKEN;
    }
    if (cell->cancelled) {
        return AKT_CANCELLED;
    }
    if (self->port != NULL
        && akti_timer_due(&cell->timer) <= akti_now(self->ctx)
        && !AKTI_MUTANT(poll_misses_deadline)) {
        /* A thread's requests have no timer: it sees the deadline itself. */
        (void)akti_future_end(self->ctx, cell, future.generation, AKT_EXPIRED,
                              AKT_ETIMEOUT);
        (void)akti_port_await(self->port, cell, AKT_NEVER);
    }
    return has_arrived(self, cell) ? akti_cell_outcome(cell) : AKT_PENDING;
}

/* --- a plain thread --- */

void
akti_future_take(akt_self *self, struct akti_cell *cell, akt_answer *out,
                 struct akti_message **out_message)
{
    fill_answer(cell, cell->message, out);
    *out_message = cell->message;
    cell->message = NULL;
    close_cell(self, cell);
}

akt_err
akti_future_error(struct akti_cell *cell)
{
    akt_answer answer;

    fill_answer(cell, cell->message, &answer);
    return answer.outcome == AKT_REPLIED ? AKT_OK : answer.error;
}

struct akti_held *
akti_held_new(akt_self *self)
{
    return akti_sizes_alloc(&self->ctx->caches,
                            akti_size_class(sizeof(struct akti_held)),
                            sizeof(struct akti_held));
}

akt_err
akt_wait(akt_self *self, akt_future future, akt_answer **out_answer)
{
    struct akti_cell *cell;
    struct akti_held *held;

    if (self->port == NULL) {
        return AKT_ECONTEXT;
    }
    cell = akti_future_find(self, future);
    if (cell == NULL) {
        return AKT_EENDED;
    }
    if (!akti_system_is_ours(self->system)) {
        return AKT_EFORK;
    }
    held = akti_held_new(self);
    if (held == NULL) {
        return AKT_ENOMEM;
    }
    if (!akti_port_await(self->port, cell, akti_timer_due(&cell->timer))) {
        /* Its deadline is ours to see. If it ended meanwhile, that counts. */
        (void)akti_future_end(self->ctx, cell, future.generation, AKT_EXPIRED,
                              AKT_ETIMEOUT);
        (void)akti_port_await(self->port, cell, AKT_NEVER);
    }
    akti_future_take(self, cell, &held->answer, &held->message);
    *out_answer = &held->answer;
    return AKT_OK;
}

void
akt_answer_free(akt_self *self, akt_answer *answer)
{
    struct akti_held *held = (struct akti_held *)(void *)answer;

    if (held == NULL) {
        return;
    }
    if (held->message != NULL) {
        akti_message_free(&self->ctx->caches, held->message);
    }
    akti_sizes_free(&self->ctx->caches, akti_size_class(sizeof(*held)), held,
                    sizeof(*held));
}
