/* SPDX-License-Identifier: MIT */
/* Lines of waiters; see waiters.h. All under the object's latch. */
#include "actors/async/waiters.h"

#include "actors/async/task.h"
#include "actors/base/clock.h"
#include "actors/base/mutant.h"
#include "actors/core/system.h"
#include "akt/wake.h"

const akt_type akt_woken_type = {
    .name = "akt_woken", .align = 1, .flags = AKT_TYPE_SIGNAL};

const akt_type akt_wake_type = {.name = "akt_wake",
                                .reply = &akt_woken_type,
                                .align = _Alignof(struct akt_wake),
                                .flags = AKT_TYPE_SIGNAL};

/* So many futures may stand in a line before stale ones are looked for. */
#define SWEEP_FROM 16u

static void
append(struct akti_waiters *line, struct akti_waiter *w)
{
    w->next = NULL;
    w->prev = line->tail;
    if (line->tail != NULL) {
        line->tail->next = w;
    } else {
        line->head = w;
    }
    line->tail = w;
    line->count++;
}

static void
take_out(struct akti_waiters *line, struct akti_waiter *w)
{
    if (w->prev != NULL) {
        w->prev->next = w->next;
    } else {
        line->head = w->next;
    }
    if (w->next != NULL) {
        w->next->prev = w->prev;
    } else {
        line->tail = w->prev;
    }
    line->count--;
}

/* --- waiting --- */

akt_err
akti_wait_begin(struct akti_waiter *w, akt_self *self, uint64_t timeout_ns)
{
    uint64_t deadline = timeout_ns == AKT_NEVER
                            ? AKT_NEVER
                            : akti_clock_add(akti_now(self->ctx), timeout_ns);

    *w = (struct akti_waiter){.done = false};
    AKT_TRY(akti_parker_init(&w->parker, self, deadline));
    if (w->parker.task != NULL && akti_task_must_end(w->parker.task)) {
        return AKT_ECANCELLED;
    }
    return AKT_OK;
}

/* What a waiter that was woken or has given up says. */
static akt_err
outcome(const struct akti_waiter *w, akt_err err)
{
    if (!w->done) {
        return err;
    }
    if (w->err == AKT_OK && w->parker.task != NULL
        && akti_task_must_end(w->parker.task)) {
        return AKT_ECANCELLED;
    }
    return w->err;
}

akt_err
akti_waiters_wait(struct akti_waiters *line, struct akti_waiter *w,
                  struct akti_shared *o)
{
    akt_err err;

    w->done = false;
    append(line, w);
    do {
        akti_shared_leave(o);
        err = akti_park(&w->parker);
        akti_latch_lock(&o->object.latch);
    } while (err == AKT_OK && !w->done);
    if (!w->done) {
        take_out(line, w);
    }
    return outcome(w, err);
}

/* --- futures --- */

static bool
is_future(const struct akti_waiter *w)
{
    return w->parker.cell != NULL;
}

static bool
is_stale(const struct akti_waiter *w)
{
    return is_future(w)
           && (akti_cell_generation(w->parker.cell) != w->parker.generation
               || akti_cell_phase(w->parker.cell) != AKTI_PHASE_OPEN);
}

static void
remove_future(struct akti_context *ctx, struct akti_waiters *line,
              struct akti_waiter *w)
{
    line->futures--;
    akti_sizes_free(&ctx->caches, akti_size_class(sizeof(*w)), w, sizeof(*w));
}

static void
sweep(struct akti_context *ctx, struct akti_waiters *line)
{
    struct akti_waiter *w = line->head;

    while (w != NULL) {
        struct akti_waiter *next = w->next;

        if (is_stale(w)) {
            take_out(line, w);
            remove_future(ctx, line, w);
        }
        w = next;
    }
    line->sweep_at = 2 * line->futures + SWEEP_FROM;
}

akt_err
akti_waiters_add_future(struct akti_context *ctx, struct akti_waiters *line,
                        struct akti_cell *cell, const void *share)
{
    struct akti_waiter *w =
        akti_sizes_alloc(&ctx->caches, akti_size_class(sizeof(*w)), sizeof(*w));

    if (w == NULL) {
        return AKT_ENOMEM;
    }
    if (line->futures >= line->sweep_at) {
        sweep(ctx, line);
    }
    *w = (struct akti_waiter){.wants = 1, .share = share};
    akti_parker_init_future(&w->parker, cell);
    line->futures++;
    append(line, w);
    return AKT_OK;
}

/* --- done --- */

/* True: the future was open, and has ended by this. */
static bool
finish_future(struct akti_context *ctx, struct akti_waiters *line,
              struct akti_waiter *w, akt_err err)
{
    akt_outcome outcome = err == AKT_OK ? AKT_REPLIED : AKT_FAILED;
    bool heard = akti_future_end(ctx, w->parker.cell, w->parker.generation,
                                 outcome, err);

    remove_future(ctx, line, w);
    return heard;
}

bool
akti_waiter_finish(struct akti_context *ctx, struct akti_waiters *line,
                   struct akti_waiter *w, akt_err err)
{
    take_out(line, w);
    if (is_future(w)) {
        return finish_future(ctx, line, w, err)
               || AKTI_MUTANT(stale_future_granted);
    }
    w->done = true;
    w->err = err;
    akti_unpark(ctx, &w->parker);
    return true;
}

void
akti_waiters_finish_all(struct akti_context *ctx, struct akti_waiters *line,
                        akt_err err)
{
    while (line->head != NULL) {
        (void)akti_waiter_finish(ctx, line, line->head, err);
    }
}

void
akti_waiters_finish_share(struct akti_context *ctx, struct akti_waiters *line,
                          const void *share, akt_err err)
{
    struct akti_waiter *w = line->head;

    while (w != NULL) {
        struct akti_waiter *next = w->next;

        if (w->share == share && !AKTI_MUTANT(closed_end_not_told)) {
            (void)akti_waiter_finish(ctx, line, w, err);
        }
        w = next;
    }
}

void
akti_waiters_close(struct akti_context *ctx, struct akti_waiters *line,
                   struct akti_cell *share)
{
    struct akti_shared *o = akti_shared_of(share);

    akti_latch_lock(&o->object.latch);
    akti_share_end(share);
    if (!AKTI_MUTANT(close_leaves_waiters)) {
        akti_waiters_finish_all(ctx, line, AKT_ECLOSED);
    }
    akti_shared_leave(o);
    akti_object_free(ctx, &o->object);
    akti_share_free(ctx, share);
}

akt_err
akti_waiters_future(akt_self *self, void *share, uint32_t generation,
                    akti_queue_fn *queue, akt_future *out_future)
{
    struct akti_cell *cell;
    akt_future future;
    akt_err err;

    AKT_TRY(akti_future_open(self, &akt_woken_type, AKT_NEVER, &cell));
    future = akti_future_name(cell);
    err = queue(self, share, generation, cell);
    if (err != AKT_OK) {
        akti_future_undo(self, cell);
        return err;
    }
    *out_future = future;
    return AKT_OK;
}
