/* SPDX-License-Identifier: MIT */
/*
 * Scopes. A scope is a marker in the list of its task's cells: what was opened
 * since lies in front of it.
 */
#include "akt/scope.h"

#include "actors/async/task.h"
#include "actors/base/mutant.h"
#include "actors/core/send.h"
#include "actors/core/system.h"

static void close_scope(akt_self *self, struct akti_cell *cell);

static const struct akti_owned scope_owned = {"scope", close_scope};

/* A scope's cell: `error` is what it failed with, `arg` the words, if there are. */
static void
close_scope(akt_self *self, struct akti_cell *cell)
{
    struct akti_task *t = akti_task_of(self);

    akti_tell(self->ctx, AKTI_EVENT_SCOPE_CLOSED, cell);
    if (cell->error != AKT_OK && t != NULL) {
        t->failed_scopes--;
    }
    if (cell->arg != NULL) {
        akti_sizes_free(&self->ctx->caches, akti_size_class(sizeof(akt_error)),
                        cell->arg, sizeof(akt_error));
    }
    akti_alarm_release(self, cell);
}

static bool
is_scope(const struct akti_cell *cell)
{
    return cell->kind == AKTI_CELL_OWNED && cell->owned == &scope_owned;
}

static akt_err
find(akt_self *self, akt_scope scope, struct akti_cell **out)
{
    if (akti_task_of(self) == NULL) {
        return AKT_ECONTEXT;
    }
    *out = akti_owned_find(self, scope.cell, scope.generation, &scope_owned);
    return *out != NULL ? AKT_OK : AKT_EENDED;
}

/* All in it is cancelled; the owner hears so at its waits. */
static void
fail(struct akti_task *t, struct akti_cell *scope, akt_err err)
{
    if (scope->error != AKT_OK) {
        return;
    }
    scope->error = err;
    t->failed_scopes++;
    t->fiber.woken = true;
    akti_children_cancel(t->self, scope);
}

/* Keeps the words; without memory for them the code is all there is. */
static void
keep_words(akt_self *self, struct akti_cell *scope, const akt_error *error)
{
    scope->arg = akti_sizes_alloc(
        &self->ctx->caches, akti_size_class(sizeof(*error)), sizeof(*error));
    if (scope->arg != NULL) {
        *(akt_error *)scope->arg = *error;
    }
}

/* Not inlined: a task that hears of an end has no room for words on its stack. */
static __attribute__((noinline)) void
fail_with(struct akti_task *t, struct akti_cell *scope,
          const akt_answer *answer)
{
    akt_error error = AKT_ERROR_NONE;

    fail(t, scope, akt_answer_error(answer, &error));
    keep_words(t->self, scope, &error);
}

static void
fail_by(struct akti_task *t, struct akti_cell *scope, struct akti_cell *child)
{
    akt_answer answer;

    akti_future_answer_of(child, &answer);
    if (answer.outcome != AKT_REPLIED && scope->error == AKT_OK) {
        fail_with(t, scope, &answer);
    }
}

/* --- what makes it fail --- */

void
akti_scope_child_ended(struct akti_task *t, struct akti_cell *cell)
{
    struct akti_cell *scope = cell;

    if (!akti_child_is_in(cell) || cell->dropped) {
        return;
    }
    while (scope != NULL && !is_scope(scope)) {
        scope = scope->next;
    }
    if (scope != NULL) {
        fail_by(t, scope, cell);
    }
}

void
akti_scope_child_failed(struct akti_task *t, struct akti_cell *scope,
                        akt_err err)
{
    fail(t, scope, err);
}

void
akti_scope_expire(struct akti_task *t, struct akti_cell *scope)
{
    fail(t, scope, AKT_ETIMEOUT);
}

akt_err
akt_scope_fail(akt_self *self, akt_scope scope, akt_err err)
{
    struct akti_cell *cell;

    if (err == AKT_OK) {
        return AKT_EINVAL;
    }
    AKT_TRY(find(self, scope, &cell));
    fail(akti_task_of(self), cell, err);
    return AKT_OK;
}

/* --- open and close --- */

akt_err
akt_scope_open(akt_self *self, uint64_t timeout_ns, akt_scope *out_scope)
{
    struct akti_task *t = akti_task_of(self);
    struct akti_cell *cell;

    if (t == NULL) {
        return AKT_ECONTEXT;
    }
    cell = akti_owned_new(self, &scope_owned, NULL);
    if (cell == NULL) {
        return AKT_ENOMEM;
    }
    akti_tell(self->ctx, AKTI_EVENT_SCOPE_OPENED, cell);
    if (timeout_ns != AKT_NEVER
        && akti_scope_alarm_start(t, timeout_ns, cell) != AKT_OK) {
        akti_owned_close(self, cell);
        return AKT_ENOMEM;
    }
    out_scope->cell = cell;
    out_scope->generation = akti_cell_generation(cell);
    return AKT_OK;
}

/* It came while the scope was open, and has nothing to do with it. */
static void
move_behind(akt_self *self, struct akti_cell *cell, struct akti_cell *scope)
{
    akti_cell_unlink(akti_cells_of(self), cell);
    akti_cell_link(&scope->next, cell);
    cell->prev = scope;
}

/*
 * What is left in front of it, newest first. Dropped futures stay: their notice is
 * on its way; parts go with what they are part of.
 */
static struct akti_cell *
next_to_give_up(akt_self *self, const struct akti_cell *until)
{
    struct akti_cell *cell = self->actor->cells;

    while (cell != until && cell->kind == AKTI_CELL_FUTURE
           && (cell->dropped || (cell->marks & AKTI_JOINED) != 0)) {
        cell = cell->next;
    }
    return cell != until ? cell : NULL;
}

/* It was given to the task while the scope was open; or it is to be sent later, and
 * is given up with the task alone. */
static bool
stays(const struct akti_cell *cell)
{
    if (cell->kind == AKTI_CELL_LATER) {
        return !AKTI_MUTANT(scope_ends_later_sends);
    }
    return cell->kind == AKTI_CELL_OWNED
           && (((cell->marks & AKTI_GIVEN) != 0
                && !AKTI_MUTANT(gift_closed_by_scope))
               || (!is_scope(cell) && AKTI_MUTANT(scope_leaves_owned)));
}

static void
give_up(akt_self *self, struct akti_cell *until)
{
    struct akti_cell *cell;

    while ((cell = next_to_give_up(self, until)) != NULL) {
        if (stays(cell)) {
            move_behind(self, cell, until);
        } else {
            akti_cell_close(self, cell);
        }
    }
}

/* What it failed with, if it has; `said`: `error` has been written by that. */
static void
tell(const struct akti_cell *scope, bool said, akt_error *error)
{
    if (error == NULL || scope->error == AKT_OK) {
        return;
    }
    if (scope->arg != NULL && !AKTI_MUTANT(scope_loses_words)) {
        *error = *(const akt_error *)scope->arg;
    } else if (!said || error->code != scope->error) {
        (void)akt_error_set(error, scope->error, NULL);
    }
}

akt_err
akt_scope_close_with(akt_self *self, akt_scope scope, akt_err err,
                     akt_error *error)
{
    struct akti_task *t = akti_task_of(self);
    struct akti_cell *cell;
    struct akti_joining children = {NULL, AKT_OK, error};
    akt_err found = find(self, scope, &cell);
    bool said;

    if (found != AKT_OK) {
        return akt_error_set(error, found, NULL);
    }
    said = err != AKT_OK && cell->error == AKT_OK;
    if (err != AKT_OK) {
        fail(t, cell, err);
    }
    if (cell->error != AKT_OK) {
        children.error = NULL;
    }
    children.scope = cell;
    akti_children_join(t, cell, &children);
    if (!AKTI_MUTANT(scope_gives_nothing_up)) {
        give_up(self, cell);
    }
    err = cell->error;
    said = said || (children.error != NULL && children.first == err);
    tell(cell, said, error);
    akti_owned_close(self, cell);
    return err;
}

akt_err
akt_scope_close(akt_self *self, akt_scope scope, akt_err err)
{
    return akt_scope_close_with(self, scope, err, NULL);
}

/* --- actors that are owned --- */

akt_err
akti_spawn_child(akt_self *self, const akt_class *cls, akt_task *out_child,
                 const void *state)
{
    struct akti_cell *cell;
    akt_task child;
    akt_err err;

    AKT_TRY(akti_child_new(self, true, &cell));
    child.future = akti_future_name(cell);
    err = akti_spawn_watched(self, cls, &child.ref, state, child.future);
    if (err != AKT_OK) {
        akti_future_undo(self, cell);
        return err;
    }
    akti_child_name(self, cell, child.ref);
    akti_child_watch(self, cell);
    if (out_child != NULL) {
        *out_child = child;
    }
    return AKT_OK;
}
