/* SPDX-License-Identifier: MIT */
/*
 * The tasks and actors that a task owns; see core/future.h for their cells. A
 * combined future that is made of their ends (core/join.h) stands for them: it is
 * waited for as a task is, and they are not besides.
 */
#include "actors/async/task.h"

#include "actors/base/mutant.h"
#include "actors/core/system.h"

void
akti_child_watch(akt_self *self, struct akti_cell *cell)
{
    if (akti_task_of(self) != NULL && akti_child_is_in(cell)) {
        cell->then = &akti_awaited;
        cell->arg = NULL;
    }
}

void
akti_children_cancel(akt_self *self, const struct akti_cell *until)
{
    struct akti_cell *cell = self->actor->cells;

    for (; cell != until; cell = cell->next) {
        akti_child_cancel(self->ctx, cell);
        if (cell->kind == AKTI_CELL_FUTURE
            && (cell->marks & AKTI_OF_CHILDREN) != 0) {
            (void)akti_future_end(self->ctx, cell, akti_cell_generation(cell),
                                  AKT_CANCELLED, AKT_ECANCELLED);
        }
    }
}

/* Actors end when they have handled what they have. */
static void
drain_actors(akt_self *self, const struct akti_cell *until)
{
    struct akti_cell *cell = self->actor->cells;

    for (; cell != until; cell = cell->next) {
        akti_child_drain(self->ctx, cell);
    }
}

/* Nobody wants to hear of it, but it runs. */
static bool
is_forgotten(struct akti_cell *cell)
{
    return cell->dropped && akti_cell_phase(cell) == AKTI_PHASE_OPEN
           && akti_child_is_kept(cell);
}

static bool
is_to_join(struct akti_cell *cell, bool actor)
{
    return cell->kind == AKTI_CELL_FUTURE && akti_child_is_in(cell)
           && (cell->marks & AKTI_JOINED) == 0
           && akti_child_is_actor(cell) == actor
           && (!cell->dropped || is_forgotten(cell));
}

/* The newest child before `until`, a task or an actor, or NULL. */
static struct akti_cell *
newest(akt_self *self, const struct akti_cell *until, bool actor)
{
    struct akti_cell *cell = self->actor->cells;

    while (cell != until && !is_to_join(cell, actor)) {
        cell = cell->next;
    }
    return cell != until ? cell : NULL;
}

/* The end of one; when the owner is told to end meanwhile, so are they. */
static akt_err
join_one(struct akti_task *t, struct akti_cell *cell,
         const struct akti_cell *until, akt_error *error)
{
    struct akti_message *m = NULL;
    akt_answer answer;

    if (akti_task_wait_cell(t, cell) != AKT_OK) {
        akti_children_cancel(t->self, until);
        t->shields++;
        (void)akti_task_wait_cell(t, cell);
        t->shields--;
    }
    akti_future_take(t->self, cell, &answer, &m);
    if (answer.outcome != AKT_REPLIED) {
        (void)akt_answer_error(&answer, error);
    }
    if (m != NULL) {
        akti_message_over(t->self, m);
    }
    return akti_answer_err(&answer);
}

static void
note_error(struct akti_task *t, struct akti_joining *j, akt_err err)
{
    if (err == AKT_OK || j->first != AKT_OK) {
        return;
    }
    j->first = err;
    if (j->scope != NULL && !AKTI_MUTANT(closing_scope_goes_on)) {
        akti_scope_child_failed(t, j->scope, err);
    }
}

static void
join_all(struct akti_task *t, const struct akti_cell *until, bool actors,
         struct akti_joining *j)
{
    struct akti_cell *cell;

    while ((cell = newest(t->self, until, actors)) != NULL) {
        bool forgotten = cell->dropped;
        akt_err err;

        cell->dropped = false;
        err = join_one(t, cell, until,
                       forgotten || j->first != AKT_OK ? NULL : j->error);
        note_error(t, j, forgotten ? AKT_OK : err);
    }
}

/* Most scopes that end have only timers left, or nothing. */
static bool
has_futures(akt_self *self, const struct akti_cell *until)
{
    const struct akti_cell *cell = self->actor->cells;

    while (cell != until && cell->kind != AKTI_CELL_FUTURE) {
        cell = cell->next;
    }
    return cell != until;
}

void
akti_children_join(struct akti_task *t, const struct akti_cell *until,
                   struct akti_joining *j)
{
    if (!has_futures(t->self, until)) {
        return;
    }
    join_all(t, until, false, j);
    drain_actors(t->self, until);
    join_all(t, until, true, j);
}
