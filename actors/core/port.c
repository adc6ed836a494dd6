/* SPDX-License-Identifier: MIT */
/* Plain threads that are attached to a system. */
#include "actors/base/mutant.h"
#include "actors/core/future.h"
#include "actors/core/system.h"

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

void
akti_port_free(struct akti_port *port)
{
    struct akti_dispatcher *d = port->ctx.dispatcher;

    while (port->cells != NULL && !AKTI_MUTANT(detach_keeps_futures)) {
        akti_cell_close(&port->self, port->cells);
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

bool
akti_port_await(struct akti_port *port, struct akti_cell *cell,
                uint64_t deadline_ns)
{
    struct akti_dispatcher *d = port->ctx.dispatcher;
    bool in_time = true;

    if (d->sim != NULL) {
        while (!cell->arrived && akti_sim_progress(d, deadline_ns)) {
        }
        if (!cell->arrived && deadline_ns != AKT_NEVER
            && deadline_ns > d->sim->now_ns) {
            akti_sim_set_now(d, deadline_ns);
        }
        return cell->arrived;
    }
    akti_mutex_lock(&port->lock);
    while (!cell->arrived && in_time) {
        in_time = akti_cond_wait_until(&port->cond, &port->lock, deadline_ns);
    }
    in_time = cell->arrived;
    akti_mutex_unlock(&port->lock);
    return in_time;
}
