/* SPDX-License-Identifier: MIT */
/* Plain threads that are attached to a system. */
#include "actors/base/mutant.h"
#include "actors/core/future.h"
#include "actors/core/join.h"
#include "actors/core/system.h"

/* --- what has come --- */

void
akti_port_deliver(struct akti_port *port, struct akti_message *m)
{
    akti_mutex_lock(&port->lock);
    m->next = port->inbox;
    port->inbox = m;
    akti_cond_wake_all(&port->cond);
    akti_mutex_unlock(&port->lock);
}

/* What came in goes behind what was taken before. */
static void
take_in(struct akti_port *port, struct akti_message *newest)
{
    struct akti_message **tail = &port->taken;

    while (*tail != NULL) {
        tail = &(*tail)->next;
    }
    *tail = akti_messages_reverse(newest);
}

static void
pull(struct akti_port *port)
{
    struct akti_message *newest;

    akti_mutex_lock(&port->lock);
    newest = port->inbox;
    port->inbox = NULL;
    akti_mutex_unlock(&port->lock);
    take_in(port, newest);
}

/* One at a time: what follows may look at the list, or take from it. */
static void
arrive_all(struct akti_port *port)
{
    while (port->taken != NULL) {
        struct akti_message *m = port->taken;

        port->taken = m->next;
        /* Without a continuation there is no error. */
        (void)akti_future_arrive(&port->self, m);
    }
}

void
akti_port_take(struct akti_port *port)
{
    pull(port);
    arrive_all(port);
}

void
akti_port_sweep(struct akti_port *port)
{
    struct akti_message **at = &port->taken;

    pull(port);
    while (*at != NULL) {
        struct akti_message *m = *at;
        struct akti_cell *cell = m->cell;

        if (cell->dropped) {
            *at = m->next;
            (void)akti_future_arrive(&port->self, m);
        } else {
            at = &m->next;
        }
    }
}

void
akti_port_expire(struct akti_port *port)
{
    uint64_t now = akti_now(&port->ctx);
    struct akti_cell *cell;

    port->due_ns = AKT_NEVER;
    for (cell = port->cells; cell != NULL; cell = cell->next) {
        uint64_t due = akti_timer_due(&cell->timer);

        if (akti_cell_phase(cell) != AKTI_PHASE_OPEN) {
            continue;
        }
        if (due <= now) {
            (void)akti_future_end(&port->ctx, cell, akti_cell_generation(cell),
                                  AKT_EXPIRED, AKT_ETIMEOUT);
        } else if (due < port->due_ns) {
            port->due_ns = due;
        }
    }
}

static bool
await_simulated(struct akti_port *port, struct akti_cell *cell,
                uint64_t deadline_ns)
{
    struct akti_dispatcher *d = port->ctx.dispatcher;

    do {
        akti_port_take(port);
    } while (!cell->arrived && akti_sim_progress(d, deadline_ns));
    if (!cell->arrived && deadline_ns != AKT_NEVER
        && deadline_ns > d->sim->now_ns) {
        akti_sim_set_now(d, deadline_ns);
    }
    return cell->arrived;
}

/* Takes what comes, waiting for it; false when nothing did in time. */
static bool
await_any(struct akti_port *port, uint64_t deadline_ns)
{
    struct akti_message *newest;
    bool in_time = true;

    akti_mutex_lock(&port->lock);
    while (port->inbox == NULL && in_time) {
        in_time = akti_cond_wait_until(&port->cond, &port->lock, deadline_ns);
    }
    newest = port->inbox;
    port->inbox = NULL;
    akti_mutex_unlock(&port->lock);
    take_in(port, newest);
    arrive_all(port);
    return newest != NULL;
}

bool
akti_port_await(struct akti_port *port, struct akti_cell *cell,
                uint64_t deadline_ns)
{
    bool in_time = true;

    if (port->ctx.dispatcher->sim != NULL) {
        return await_simulated(port, cell, deadline_ns);
    }
    arrive_all(port);
    while (!cell->arrived && in_time) {
        in_time = await_any(port, deadline_ns);
    }
    return cell->arrived;
}

/* --- attaching and detaching --- */

static void
link_port(struct akt_system *s, struct akti_port *port)
{
    port->prev = NULL;
    port->next = s->ports;
    if (s->ports != NULL) {
        s->ports->prev = port;
    }
    s->ports = port;
}

static void
unlink_port(struct akt_system *s, struct akti_port *port)
{
    if (port->prev != NULL) {
        port->prev->next = port->next;
    } else {
        s->ports = port->next;
    }
    if (port->next != NULL) {
        port->next->prev = port->prev;
    }
}

static struct akti_port *
port_new(struct akt_system *s)
{
    struct akti_dispatcher *d = &s->dispatcher;
    struct akti_port *port = akti_memory_zalloc(&d->memory, sizeof(*port), 64);

    if (port == NULL) {
        return NULL;
    }
    akti_context_init(&port->ctx, d);
    if (d->sim != NULL) {
        port->ctx.worker =
            atomic_load_explicit(&d->workers[0], memory_order_relaxed);
        port->ctx.row = 0;
        port->ctx.row_is_shared = false;
        port->ctx.random.state = d->sim->seed ^ ++d->sim->ports;
    }
    akti_self_init(&port->self, &port->ctx);
    port->self.port = port;
    akti_mutex_init(&port->lock, AKTI_RANK_PORT);
    akti_cond_init(&port->cond);
    port->due_ns = AKT_NEVER;
    return port;
}

akt_err
akt_attach(akt_system *s, akt_self **out_self)
{
    struct akti_port *port;

    if (!akti_system_is_ours(s)) {
        return AKT_EFORK;
    }
    if (akti_system_phase(s) != AKTI_RUNNING) {
        return AKT_ESTOPPED;
    }
    port = port_new(s);
    if (port == NULL) {
        return AKT_ENOMEM;
    }
    akti_mutex_lock(&s->lock);
    link_port(s, port);
    akti_mutex_unlock(&s->lock);
    *out_self = &port->self;
    return AKT_OK;
}

/* One that others did not end before, and that is not a part: those go along. */
static struct akti_cell *
next_to_forget(struct akti_port *port)
{
    struct akti_cell *cell = port->cells;

    while (cell != NULL
           && ((cell->marks & AKTI_JOINED) != 0
               || (cell->dropped && !cell->arrived))) {
        cell = cell->next;
    }
    return cell;
}

static void
forget_all(struct akti_port *port)
{
    struct akti_cell *cell;

    while ((cell = next_to_forget(port)) != NULL) {
        if (cell->kind == AKTI_CELL_FUTURE) {
            akti_child_cancel(&port->ctx, cell);
            akti_join_forget(&port->self, cell);
        } else {
            akti_cell_close(&port->self, cell);
        }
    }
    /* What others have ended they are about to bring. */
    akti_port_sweep(port);
    while (port->cells != NULL) {
        (void)await_any(port, AKT_NEVER);
    }
}

void
akti_port_free(struct akti_port *port)
{
    struct akti_dispatcher *d = port->ctx.dispatcher;

    if (!AKTI_MUTANT(detach_keeps_futures)) {
        forget_all(port);
    }
    if (port->held != NULL) {
        akti_message_free(&port->ctx.caches, port->held);
    }
    akti_context_fini(&port->ctx);
    akti_cond_fini(&port->cond);
    akti_mutex_fini(&port->lock);
    akti_memory_free(&d->memory, port, sizeof(*port), 64);
}

void
akt_detach(akt_self *self)
{
    struct akt_system *s;

    if (self == NULL || self->port == NULL) {
        return;
    }
    s = self->system;
    if (!akti_system_is_ours(s)) {
        return;
    }
    akti_mutex_lock(&s->lock);
    unlink_port(s, self->port);
    akti_mutex_unlock(&s->lock);
    akti_port_free(self->port);
}
