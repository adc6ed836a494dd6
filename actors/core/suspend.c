/* SPDX-License-Identifier: MIT */
#include "actors/core/suspend.h"

#include "actors/base/mutant.h"
#include "actors/core/cycle.h"
#include "actors/core/send.h"
#include "actors/core/system.h"

void
akti_give_back(akt_self *self, uint32_t low_water)
{
    struct akti_actor *a = self->actor;
    unsigned found =
        akti_mailbox_finish(&a->box, self->handled, low_water, true);

    self->handled = 0;
    if ((found & AKTI_FINISH_ROOM) != 0) {
        akti_suspend_wake(self->ctx, a);
    }
}

/* --- edges, under the lock --- */

static struct akti_edge *
edge_new(akt_self *self, struct akti_actor *target)
{
    struct akti_edge *e = akti_sizes_alloc(
        &self->ctx->caches, akti_size_class(sizeof(*e)), sizeof(*e));

    if (e != NULL) {
        *e = (struct akti_edge){
            .sender = self->actor, .port = self->port, .target = target};
    }
    return e;
}

static void
edge_free(struct akti_context *ctx, struct akti_edge *e)
{
    akti_sizes_free(&ctx->caches, akti_size_class(sizeof(*e)), e, sizeof(*e));
}

/* Newest first; resume() turns the order round. */
static void
add_waiter(struct akti_actor *target, struct akti_edge *e)
{
    e->next = target->waiters;
    target->waiters = e;
}

static void
remove_waiter(struct akti_edge *e)
{
    struct akti_edge **place = &e->target->waiters;

    while (*place != e) {
        place = &(*place)->next;
    }
    *place = e->next;
}

static struct akti_edge *
edge_to(struct akti_actor *a, struct akti_actor *target)
{
    struct akti_edge *e = a->extra->edges;

    while (e != NULL && e->target != target) {
        e = e->next_of_sender;
    }
    return e;
}

/* Makes sure of an edge, which waits for nothing yet; NULL: no memory. */
static struct akti_edge *
ensure_edge(akt_self *self, struct akti_actor *target)
{
    struct akti_actor *a = self->actor;
    struct akti_edge *e = edge_to(a, target);

    if (e == NULL) {
        e = edge_new(self, target);
        if (e != NULL) {
            e->next_of_sender = a->extra->edges;
            a->extra->edges = e;
        }
    }
    return e;
}

/*
 * There is room after all, and nothing waits by this edge: a search for cycles
 * must not take it for one by which the actor waits.
 */
static void
drop_edge(akt_self *self, struct akti_edge *e)
{
    struct akti_edge **place = &self->actor->extra->edges;

    while (*place != e) {
        place = &(*place)->next_of_sender;
    }
    *place = e->next_of_sender;
    edge_free(self->ctx, e);
}

/*
 * Makes the running actor wait for the target. *out_retry: there is room now.
 * AKT_EDEADLK when the edge would close a cycle, AKT_ENOMEM.
 */
static akt_err
wait_locked(akt_self *self, struct akti_actor *target, bool *out_retry)
{
    struct akti_edge *e = edge_to(self->actor, target);

    *out_retry = false;
    if (e != NULL && e->waiting) {
        return AKT_OK;
    }
    if (akti_cycle_closes(self, target)) {
        return AKT_EDEADLK;
    }
    e = ensure_edge(self, target);
    if (e == NULL) {
        return AKT_ENOMEM;
    }
    if (!akti_mailbox_wait_mark(&target->box, akti_actor_capacity(target))) {
        if (e->pending == 0) {
            drop_edge(self, e);
        }
        *out_retry = true;
        return AKT_OK;
    }
    add_waiter(target, e);
    e->waiting = true;
    return AKT_OK;
}

static akt_err
wait_for(akt_self *self, struct akti_actor *target, bool *out_retry)
{
    struct akt_system *s = self->system;
    akt_err err;

    akti_mutex_lock(&s->suspend_lock);
    err = wait_locked(self, target, out_retry);
    akti_mutex_unlock(&s->suspend_lock);
    if (err == AKT_EDEADLK) {
        akti_cycle_log(self);
    }
    return err;
}

static bool
must_end(struct akti_actor *a)
{
    return (akti_actor_orders(a) & (AKTI_ORDER_KILL | AKTI_ORDER_SHUTDOWN)) != 0
           && !AKTI_MUTANT(kill_waits_for_room);
}

/* --- the outbox --- */

static void
outbox_append(struct akti_extra *extra, struct akti_message *m)
{
    m->next = NULL;
    if (extra->out_tail == NULL) {
        extra->out_head = m;
    } else {
        extra->out_tail->next = m;
    }
    extra->out_tail = m;
    extra->out_count++;
}

bool
akti_suspend_is_behind(struct akti_actor *a, struct akti_actor *target,
                       uint32_t generation)
{
    struct akti_message *m;

    for (m = a->extra->out_head; m != NULL; m = m->next) {
        if (m->target_slot == target->slot
            && m->target_generation == generation) {
            return true;
        }
    }
    return false;
}

/* What the search for cycles goes by. */
static void
count_pending(akt_self *self, struct akti_actor *target)
{
    struct akt_system *s = self->system;
    struct akti_edge *e;

    akti_mutex_lock(&s->suspend_lock);
    e = edge_to(self->actor, target);
    if (e != NULL) {
        e->pending++;
    }
    akti_mutex_unlock(&s->suspend_lock);
}

akt_err
akti_suspend_send(akt_self *self, struct akti_actor *target,
                  struct akti_message *m, bool *out_retry)
{
    struct akti_actor *a = self->actor;
    struct akti_extra *extra = akti_actor_extra(self, a);

    *out_retry = false;
    if (extra == NULL) {
        return AKT_ENOMEM;
    }
    if (AKTI_UNLIKELY(akti_actor_has(a, AKTI_FLAG_HOOKED)) && must_end(a)) {
        return AKT_ECANCELLED;
    }
    if (extra->out_count >= akti_self_entry(self)->outbox
        && !AKTI_MUTANT(outbox_unbounded)) {
        return AKT_EFULL;
    }
    /* What was handled is given back first: it may be what others wait for. */
    akti_give_back(self, akti_actor_capacity(a) - 1);
    if (!akti_suspend_is_behind(a, target, m->target_generation)) {
        AKT_TRY(wait_for(self, target, out_retry));
        if (*out_retry) {
            return AKT_OK;
        }
    }
    outbox_append(extra, m);
    count_pending(self, target);
    if ((a->runnable.unused & AKTI_FLAG_AWAITING) == 0) {
        a->runnable.unused |= AKTI_FLAG_AWAITING;
        akti_counter_add_shared(&self->system->suspensions, 1);
    }
    akti_count(self->ctx, akti_actor_entry(target), AKTI_ACCEPTED, 1);
    akti_note(self->ctx, &(struct akti_note){.event = AKTI_EVENT_SEND,
                                             .a = a->slot,
                                             .b = target->slot,
                                             .what = m});
    if (AKTI_UNLIKELY((a->runnable.unused & AKTI_FLAG_HOOKED) != 0)) {
        akti_actor_hooks(a)->outbox(self, a);
    }
    return AKT_OK;
}

/* A message of the outbox that will not arrive. */
static void
give_up(akt_self *self, struct akti_message *m, akt_fate fate, akt_err reason)
{
    struct akti_actor *target = akti_depot_cell(
        &self->system->dispatcher.cells[AKTI_CELLS_A], m->target_slot);

    akti_message_end(self->ctx, akti_actor_entry(target), m, fate, reason);
}

enum sent {
    SENT,
    BLOCKED
};

/* One message of the outbox; `m` is out of the list. */
static enum sent
send_waiting(akt_self *self, struct akti_message *m)
{
    struct akti_actor *target = akti_depot_cell(
        &self->system->dispatcher.cells[AKTI_CELLS_A], m->target_slot);

    for (;;) {
        bool retry;
        akt_err err;

        if (akti_actor_generation(target) != m->target_generation
            && !AKTI_MUTANT(flush_to_successor)) {
            give_up(self, m, AKT_FATE_RETURNED, AKT_EDEAD);
            return SENT;
        }
        switch (
            akti_mailbox_push(&target->box, m, akti_actor_capacity(target))) {
        case AKTI_PUSHED_WAKE:
            akti_ready(self->ctx, &target->runnable);
            return SENT;
        case AKTI_PUSHED:
            return SENT;
        case AKTI_PUSH_CLOSED:
            give_up(self, m, AKT_FATE_RETURNED, AKT_EDEAD);
            return SENT;
        default:
            break;
        }
        err = wait_for(self, target, &retry);
        if (err != AKT_OK) {
            /* A third sender took the room, and a cycle came about. */
            give_up(self, m, AKT_FATE_RETURNED, err);
            return SENT;
        }
        if (!retry) {
            return BLOCKED;
        }
    }
}

/* Whether an earlier message that stays is for the same target. */
static bool
is_behind_one_of(struct akti_message *kept, const struct akti_message *m)
{
    for (; kept != NULL; kept = kept->next) {
        if (kept->target_slot == m->target_slot
            && kept->target_generation == m->target_generation) {
            return true;
        }
    }
    return false;
}

/* Sends what there is room for; the others stay, in order. */
static void
flush_once(akt_self *self)
{
    struct akti_extra *extra = self->actor->extra;
    struct akti_message *m = extra->out_head;

    extra->out_head = NULL;
    extra->out_tail = NULL;
    extra->out_count = 0;
    while (m != NULL) {
        struct akti_message *next = m->next;

        if (is_behind_one_of(extra->out_head, m)
            || send_waiting(self, m) == BLOCKED) {
            outbox_append(extra, m);
        }
        m = next;
    }
}

static uint32_t
messages_for(const struct akti_extra *extra, const struct akti_actor *to)
{
    const struct akti_message *m;
    uint32_t n = 0;

    for (m = extra->out_head; m != NULL; m = m->next) {
        n += m->target_slot == to->slot;
    }
    return n;
}

/*
 * Takes the edges off by which the actor waits for nothing any more: its message
 * found room before the target was low enough to resume it. A search for cycles
 * must not see them.
 */
static void
prune_edges(akt_self *self)
{
    struct akt_system *s = self->system;
    struct akti_extra *extra = self->actor->extra;
    struct akti_edge **place = &extra->edges;

    akti_mutex_lock(&s->suspend_lock);
    while (*place != NULL) {
        struct akti_edge *e = *place;

        e->pending = messages_for(extra, e->target);
        if (e->pending > 0 || AKTI_MUTANT(edge_stays)) {
            place = &e->next_of_sender;
            continue;
        }
        *place = e->next_of_sender;
        if (e->waiting) {
            remove_waiter(e);
        }
        edge_free(self->ctx, e);
    }
    akti_mutex_unlock(&s->suspend_lock);
}

/* True: parked. False: somebody gave room, or it is to end. */
static bool
try_park(akt_self *self)
{
    struct akt_system *s = self->system;
    struct akti_extra *extra = self->actor->extra;
    bool parked;

    akti_mutex_lock(&s->suspend_lock);
    parked = !extra->resumed && !must_end(self->actor);
    extra->resumed = false;
    extra->parked = parked;
    akti_mutex_unlock(&s->suspend_lock);
    return parked;
}

bool
akti_suspend_flush(akt_self *self)
{
    struct akti_actor *a = self->actor;

    while (a->extra->out_head != NULL) {
        if (must_end(a)) {
            return true;
        }
        flush_once(self);
        prune_edges(self);
        if (a->extra->out_head != NULL && try_park(self)) {
            return false;
        }
    }
    a->runnable.unused &= ~(uint32_t)AKTI_FLAG_AWAITING;
    return true;
}

/* --- resuming --- */

/* Under the lock: the one who waits by this edge may go on. */
static void
resume(struct akti_edge *e, struct akti_actor **ready)
{
    struct akti_extra *extra;

    if (e->sender == NULL) {
        akti_mutex_lock(&e->port->lock);
        e->port->room = true;
        akti_cond_wake_all(&e->port->cond);
        akti_mutex_unlock(&e->port->lock);
        return;
    }
    e->waiting = false;
    extra = e->sender->extra;
    if (extra->parked) {
        extra->parked = false;
        /* In no queue while it is parked, so its link is free. */
        e->sender->runnable.next = *ready != NULL ? &(*ready)->runnable : NULL;
        *ready = e->sender;
    } else {
        extra->resumed = true;
    }
}

void
akti_suspend_wake(struct akti_context *ctx, struct akti_actor *target)
{
    struct akt_system *s = akti_system_of(ctx);
    struct akti_actor *ready = NULL;
    struct akti_edge *edges;

    akti_mutex_lock(&s->suspend_lock);
    edges = target->waiters;
    target->waiters = NULL;
    while (edges != NULL) {
        struct akti_edge *next = edges->next;

        resume(edges, &ready);
        edges = AKTI_MUTANT(resumes_one_only) ? NULL : next;
    }
    akti_mutex_unlock(&s->suspend_lock);
    while (ready != NULL) {
        struct akti_runnable *next = ready->runnable.next;

        akti_ready(ctx, &ready->runnable);
        ready = next != NULL ? akti_actor_of(next) : NULL;
    }
}

void
akti_suspend_unpark(struct akti_context *ctx, struct akti_actor *a)
{
    struct akt_system *s = akti_system_of(ctx);
    bool was_parked = false;

    akti_mutex_lock(&s->suspend_lock);
    if (a->extra != NULL && a->extra->parked) {
        a->extra->parked = false;
        was_parked = true;
    }
    akti_mutex_unlock(&s->suspend_lock);
    if (was_parked && !AKTI_MUTANT(unpark_forgotten)) {
        akti_ready(ctx, &a->runnable);
    }
}

void
akti_suspend_abandon(akt_self *self, akt_fate fate)
{
    struct akt_system *s = self->system;
    struct akti_extra *extra = self->actor->extra;
    struct akti_message *m;

    akti_mutex_lock(&s->suspend_lock);
    while (extra->edges != NULL) {
        struct akti_edge *e = extra->edges;

        extra->edges = e->next_of_sender;
        if (e->waiting) {
            remove_waiter(e);
        }
        edge_free(self->ctx, e);
    }
    akti_mutex_unlock(&s->suspend_lock);
    m = AKTI_MUTANT(outbox_forgotten) ? NULL : extra->out_head;
    extra->out_head = NULL;
    extra->out_tail = NULL;
    extra->out_count = 0;
    self->actor->runnable.unused &= ~(uint32_t)AKTI_FLAG_AWAITING;
    while (m != NULL) {
        struct akti_message *next = m->next;

        give_up(self, m, fate, AKT_EDEAD);
        m = next;
    }
}

/* --- plain threads --- */

static bool
wait_for_room(akt_self *self, uint64_t deadline_ns)
{
    struct akti_port *port = self->port;
    struct akti_dispatcher *d = self->ctx->dispatcher;
    bool in_time = true;

    if (d->sim != NULL) {
        while (!port->room && akti_sim_progress(d, deadline_ns)) {
        }
        return port->room;
    }
    akti_mutex_lock(&port->lock);
    while (!port->room && in_time) {
        in_time = akti_cond_wait_until(&port->cond, &port->lock, deadline_ns);
    }
    in_time = port->room;
    akti_mutex_unlock(&port->lock);
    return in_time;
}

akt_err
akti_suspend_thread(akt_self *self, struct akti_actor *target,
                    uint64_t deadline_ns)
{
    struct akt_system *s = self->system;
    struct akti_edge edge = {.port = self->port, .target = target};
    struct akti_edge **place;

    akti_mutex_lock(&s->suspend_lock);
    self->port->room = false;
    if (!akti_mailbox_wait_mark(&target->box, akti_actor_capacity(target))) {
        akti_mutex_unlock(&s->suspend_lock);
        return AKT_OK;
    }
    add_waiter(target, &edge);
    akti_mutex_unlock(&s->suspend_lock);
    if (wait_for_room(self, deadline_ns)) {
        return AKT_OK;
    }
    akti_mutex_lock(&s->suspend_lock);
    for (place = &target->waiters; *place != NULL; place = &(*place)->next) {
        if (*place == &edge && !AKTI_MUTANT(edge_of_timeout_stays)) {
            *place = edge.next;
            break;
        }
    }
    akti_mutex_unlock(&s->suspend_lock);
    return AKT_ETIMEOUT;
}
