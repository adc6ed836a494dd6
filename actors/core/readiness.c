/* SPDX-License-Identifier: MIT */
#include "akt/fd.h"

#include "actors/core/readiness.h"

#include "actors/base/mutant.h"
#include "actors/core/future.h"
#include "actors/core/system.h"
#include "actors/sched/reactor.h"

/* Each file has a descriptor of its own. */
const akt_type *const akti_readiness_type = &akt_fd_event_type;

static void
free_wait(struct akti_context *ctx, struct akti_fd_wait *w)
{
    if (w->reply != NULL) {
        akti_message_free(&ctx->caches, w->reply);
    }
    akti_sizes_free(&ctx->caches, akti_size_class(sizeof(*w)), w, sizeof(*w));
}

/* With its reply, so that the end needs no memory. */
static akt_err
new_wait(akt_self *self, const struct akt_fd_look *what,
         struct akti_fd_wait **out)
{
    struct akt_fd_event event = {.fd = what->fd};
    struct akti_message *reply = NULL;
    struct akti_fd_wait *w = akti_sizes_alloc(
        &self->ctx->caches, akti_size_class(sizeof(*w)), sizeof(*w));
    akt_err err;

    if (w == NULL) {
        return AKT_ENOMEM;
    }
    err = akti_message_new(&self->ctx->caches, &akt_fd_event_type, &event,
                           &reply);
    *w = (struct akti_fd_wait){
        .fd = what->fd, .wants = what->events, .reply = reply};
    if (err != AKT_OK) {
        free_wait(self->ctx, w);
        return err;
    }
    *out = w;
    return AKT_OK;
}

/* Its owner alone sets it, before anybody can end the future. */
static void
set_wait(struct akti_cell *cell, struct akti_fd_wait *w)
{
    /* release: after the generation that the cell has now; pairs:
     * akti_request_is_over, which may take it for a parent */
    atomic_store_explicit(&akti_future_of(cell)->wait, w, memory_order_release);
}

void
akti_readiness_over(struct akti_context *ctx, struct akti_cell *cell)
{
    /* Relaxed: who ends it has seen it open. */
    struct akti_fd_wait *w =
        atomic_load_explicit(&akti_future_of(cell)->wait, memory_order_relaxed);

    /* A forked child must not touch what the parent waits by. */
    if (w == NULL || !akti_system_is_ours(akti_system_of(ctx))
        || AKTI_MUTANT(fd_wait_stays)) {
        return;
    }
    akti_reactor_remove(ctx->dispatcher, w);
    free_wait(ctx, w);
}

/* The future has ended by this; who loses leaves all to who did not. */
static void
reply_to(struct akti_context *ctx, struct akti_cell *cell,
         struct akti_message *reply)
{
    cell->error = AKT_OK;
    akti_future_deliver(ctx, cell, reply);
}

void
akti_readiness_come(struct akti_context *ctx, const struct akti_fd_end *end)
{
    struct akti_cell *cell = end->claim.request;
    struct akti_message *reply = end->reply;
    struct akt_fd_event *event = akti_message_payload(reply);
    uint32_t generation = AKTI_MUTANT(fd_end_of_another)
                              ? akti_cell_generation(cell)
                              : end->claim.generation;

    event->events = end->events;
    if (end->err == AKT_OK && akti_cell_end(cell, generation, AKT_REPLIED)) {
        reply_to(ctx, cell, reply);
        return;
    }
    akti_message_free(&ctx->caches, reply);
    if (end->err != AKT_OK) {
        (void)akti_future_end(
            ctx, cell, generation,
            end->err == AKT_ESTOPPED ? AKT_BROKEN : AKT_FAILED, end->err);
    }
}

/* --- asking --- */

akt_err
akti_readiness_look(akt_self *self, int fd, uint32_t events,
                    uint32_t *out_ready)
{
    if (!akti_system_is_ours(self->system)) {
        return AKT_EFORK;
    }
    if (self->actor == NULL && self->port == NULL) {
        return AKT_ECONTEXT;
    }
    if (events == 0 || (events & ~AKTI_FD_ALL) != 0) {
        return AKT_EINVAL;
    }
    if (self->port != NULL && akti_system_phase(self->system) != AKTI_RUNNING) {
        return AKT_ESTOPPED;
    }
    return akti_fd_look(fd, events, out_ready);
}

/* When it is too late; a future's deadline of 0 is none of the system's. */
static uint64_t
due(akt_self *self, uint64_t timeout_ns)
{
    if (timeout_ns == AKT_NEVER) {
        return AKT_NEVER;
    }
    return timeout_ns == 0 ? akti_now(self->ctx)
                           : akti_future_due(self, timeout_ns);
}

akt_err
akti_readiness_open(akt_self *self, const struct akt_fd_look *what,
                    uint64_t timeout_ns, akt_future *out_future)
{
    struct akti_fd_wait *w;
    struct akti_cell *cell;
    akt_err err;

    AKT_TRY(new_wait(self, what, &w));
    err = akti_future_open(self, &akt_fd_event_type, due(self, timeout_ns),
                           &cell);
    if (err != AKT_OK) {
        free_wait(self->ctx, w);
        return err;
    }
    w->claim = (struct akti_claim){cell, akti_cell_generation(cell)};
    set_wait(cell, w);
    *out_future = akti_future_name(cell);
    err = akti_reactor_add(self->ctx->dispatcher, w);
    if (err != AKT_OK) {
        free_wait(self->ctx, w);
        akti_future_undo(self, cell);
    }
    return err;
}
