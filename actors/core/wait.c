/* SPDX-License-Identifier: MIT */
/* A plain thread looks at its futures and waits for them. */
#include "actors/base/mutant.h"
#include "actors/core/future.h"
#include "actors/core/join.h"
#include "actors/core/system.h"

/* A thread's futures have no timers: it sees their deadlines itself. */
static void
look(akt_self *self, struct akti_cell *cell)
{
    uint64_t now = akti_now(self->ctx);

    if ((cell->marks & AKTI_COMBINED) != 0) {
        if (self->port->due_ns <= now) {
            akti_port_expire(self->port);
        }
    } else if (akti_timer_due(&cell->timer) <= now
               && !AKTI_MUTANT(poll_misses_deadline)) {
        (void)akti_future_end(self->ctx, cell, akti_cell_generation(cell),
                              AKT_EXPIRED, AKT_ETIMEOUT);
        (void)akti_port_await(self->port, cell, AKT_NEVER);
        return;
    }
    akti_port_take(self->port);
}

akt_outcome
akt_future_poll(akt_self *self, akt_future future)
{
    struct akti_cell *cell = akti_future_find(self, future);

    if (cell == NULL) {
        return AKT_BROKEN;
    }
    if ((cell->marks & AKTI_CANCELLED) != 0) {
        return AKT_CANCELLED;
    }
    if (self->port != NULL && !cell->arrived && !self->in_step) {
        look(self, cell);
    }
    return cell->arrived ? akti_cell_outcome(cell) : AKT_PENDING;
}

/* Waits for the end of what has a deadline of its own. */
static void
await_one(akt_self *self, struct akti_cell *cell)
{
    uint64_t due = akti_timer_due(&cell->timer);

    if (akti_port_await(self->port, cell, due)) {
        return;
    }
    if (due == AKT_NEVER) {
        /* A simulation in which nothing will happen any more: so it is said,
         * where a real system would wait for ever. */
        (void)akti_future_end(self->ctx, cell, akti_cell_generation(cell),
                              AKT_BROKEN, AKT_EBROKEN);
    } else {
        /* Its deadline is ours to see. If it ended meanwhile, that counts. */
        (void)akti_future_end(self->ctx, cell, akti_cell_generation(cell),
                              AKT_EXPIRED, AKT_ETIMEOUT);
    }
    (void)akti_port_await(self->port, cell, AKT_NEVER);
}

/* Waits for the end of a combined one, of which parts have deadlines. */
static void
await_combined(akt_self *self, struct akti_cell *cell)
{
    struct akti_port *port = self->port;

    while (!akti_port_await(port, cell, port->due_ns)) {
        if (port->due_ns != AKT_NEVER) {
            akti_port_expire(port);
        } else if (!akti_future_end(self->ctx, cell, akti_cell_generation(cell),
                                    AKT_BROKEN, AKT_EBROKEN)) {
            /* As above; and not even what was told to end does. */
            akti_join_wait_no_more(self, cell);
        }
    }
}

void
akti_future_hold(akt_self *self, struct akti_cell *cell, struct akti_held *held)
{
    held->cell = NULL;
    held->message = NULL;
    if ((cell->marks & AKTI_COMBINED) != 0) {
        akti_future_answer_of(cell, &held->answer);
        held->cell = cell;
        cell->dropped = true;
    } else {
        akti_future_take(self, cell, &held->answer, &held->message);
    }
}

void
akti_future_take(akt_self *self, struct akti_cell *cell, akt_answer *out,
                 struct akti_message **out_message)
{
    struct akti_cell *source = cell;

    akti_future_answer_of(cell, out);
    if ((cell->marks & AKTI_COMBINED) != 0) {
        source = akti_join_source(cell, out);
        out->each = NULL;
        out->count = 0;
    }
    *out_message = source->message;
    source->message = NULL;
    if ((cell->marks & AKTI_COMBINED) != 0) {
        akti_join_forget(self, cell);
    } else {
        akti_future_close(self, cell);
    }
}

akt_err
akti_future_error(struct akti_cell *cell)
{
    akt_answer answer;

    akti_future_answer_of(cell, &answer);
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

    if (self->port == NULL || self->in_step) {
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
    if ((cell->marks & AKTI_COMBINED) != 0) {
        await_combined(self, cell);
    } else {
        await_one(self, cell);
    }
    akti_future_hold(self, cell, held);
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
        akti_message_over(self, held->message);
    }
    if (held->cell != NULL) {
        akti_join_forget(self, held->cell);
    }
    akti_sizes_free(&self->ctx->caches, akti_size_class(sizeof(*held)), held,
                    sizeof(*held));
}
