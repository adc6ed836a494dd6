/* SPDX-License-Identifier: MIT */
#include "actors/async/park.h"

#include "actors/async/task.h"
#include "actors/base/clock.h"
#include "actors/core/system.h"

akt_err
akti_parker_init(struct akti_parker *p, akt_self *self, uint64_t deadline_ns)
{
    *p = (struct akti_parker){.self = self,
                              .task = akti_task_of(self),
                              .port = self->port,
                              .deadline_ns = deadline_ns};
    if (p->task != NULL) {
        return AKT_OK;
    }
    if (p->port == NULL) {
        return AKT_ECONTEXT;
    }
    return akti_system_is_ours(self->system) ? AKT_OK : AKT_EFORK;
}

akt_err
akti_park_watch(struct akti_parker *p)
{
    if (p->deadline_ns <= akti_now(p->self->ctx)) {
        return AKT_ETIMEOUT;
    }
    if (!p->alarmed) {
        AKT_TRY(akti_task_alarm(p->task, p->deadline_ns, &p->alarm));
        p->alarmed = true;
    }
    return AKT_OK;
}

void
akti_parker_init_future(struct akti_parker *p, struct akti_cell *cell)
{
    *p = (struct akti_parker){.cell = cell,
                              .generation = akti_cell_generation(cell)};
}

/* --- a plain thread --- */

/* Nobody is left that could wake it, and no time will. */
static bool
waits_in_vain(const struct akti_parker *p)
{
    return p->deadline_ns == AKT_NEVER
           && akti_system_phase(p->self->system) == AKTI_STOPPED;
}

/* Why it was not woken. */
static akt_err
why_not(const struct akti_parker *p)
{
    return waits_in_vain(p) ? AKT_ESTOPPED : AKT_ETIMEOUT;
}

static bool
is_woken(const struct akti_parker *p)
{
    return p->woken || (p->also != NULL && p->also(p->also_arg));
}

static bool
wait_in_simulation(struct akti_parker *p)
{
    struct akti_dispatcher *d = p->self->ctx->dispatcher;

    while (!is_woken(p) && akti_sim_progress(d, p->deadline_ns)) {
    }
    if (!is_woken(p) && p->deadline_ns != AKT_NEVER
        && p->deadline_ns > d->sim->now_ns) {
        akti_sim_set_now(d, p->deadline_ns);
    }
    return is_woken(p);
}

akt_err
akti_park_thread(struct akti_parker *p)
{
    struct akti_port *port = p->port;
    bool in_time = true;

    if (p->self->ctx->sim != NULL) {
        in_time = wait_in_simulation(p);
        p->woken = false;
        return in_time ? AKT_OK : why_not(p);
    }
    akti_mutex_lock(&port->lock);
    while (!is_woken(p) && in_time && !waits_in_vain(p)) {
        in_time =
            akti_cond_wait_until(&port->cond, &port->lock, p->deadline_ns);
    }
    in_time = is_woken(p);
    p->woken = false;
    akti_mutex_unlock(&port->lock);
    return in_time ? AKT_OK : why_not(p);
}

/* --- waking --- */

static void
unpark_task(struct akti_context *ctx, struct akti_task *t)
{
    /* release: what the waker did; pairs: akti_fiber_take_wake */
    if (atomic_exchange_explicit(&t->fiber.unparked, 1, memory_order_release)
            == 0
        && akti_mailbox_order(&t->actor->box)) {
        akti_ready(ctx, &t->actor->runnable);
    }
}

void
akti_unpark(struct akti_context *ctx, struct akti_parker *p)
{
    if (p->task != NULL) {
        unpark_task(ctx, p->task);
    } else if (p->cell != NULL) {
        (void)akti_future_end(ctx, p->cell, p->generation, AKT_REPLIED, AKT_OK);
    } else {
        akti_mutex_lock(&p->port->lock);
        p->woken = true;
        akti_cond_wake_all(&p->port->cond);
        akti_mutex_unlock(&p->port->lock);
    }
}

void
akti_parker_fini(struct akti_parker *p)
{
    if (p->alarmed) {
        akti_task_alarm_stop(p->task, p->alarm);
    }
}
