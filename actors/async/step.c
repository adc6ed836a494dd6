/* SPDX-License-Identifier: MIT */
/*
 * A future that goes on by a user's function when another one has ended. The
 * function runs in the owner's turn or thread, never inside the call that made the
 * future, and may do with that future what it likes, also drop it: hence the mark
 * AKTI_STEPPING, by which the cell outlives the function.
 */
#include "actors/async/task.h"
#include "actors/base/mutant.h"
#include "actors/core/future.h"
#include "actors/core/join.h"
#include "actors/core/self.h"
#include "akt/combine.h"

#include <stdbool.h>

/* What a function has given. */
struct akti_step_result {
    struct akti_message *reply;
    akt_future next;
};

akt_err
akti_step_reply(akt_self *self, struct akti_step_result *result,
                const akt_type *type, void *payload)
{
    akt_err err =
        akti_message_new(&self->ctx->caches, type, payload, &result->reply);

    if (err != AKT_OK && type->destroy != NULL) {
        type->destroy(payload); /* the function has given it away */
    }
    return err;
}

void
akti_step_next(struct akti_step_result *result, akt_future next)
{
    result->next = next;
}

static akt_err
call(akt_self *self, struct akti_join *join, const akt_answer *answer,
     struct akti_step_result *result)
{
    const akt_step *step = join->step;
    struct akti_cell *cell = join->cell;
    akt_err err;

    cell->marks |= AKTI_STEPPING;
    self->in_step = true;
    err = step->run(self, join->arg, answer, result);
    self->in_step = false;
    cell->marks &= (uint8_t)~AKTI_STEPPING;
    return err;
}

/* Nobody wants what the function gave. */
static bool
give_up(akt_self *self, const struct akti_step_result *result)
{
    if (result->reply != NULL) {
        akti_message_free(&self->ctx->caches, result->reply);
    }
    akt_future_drop(self, result->next);
    return false;
}

/* Nobody knows before what the end of a task replies: it is looked at then. */
static bool
may_be_of_type(const akt_type *wanted, akt_self *self, akt_future future)
{
    struct akti_cell *cell = akti_future_find(self, future);
    const akt_type *type = cell != NULL ? akti_future_reply_type(cell) : NULL;

    return type == NULL || akti_child_type_is(type)
           || akt_type_equal(type, wanted);
}

/* Waits for the next future instead. */
static akt_err
follow_next(akt_self *self, struct akti_slot *slot, akt_future next)
{
    struct akti_cell *cell = akti_future_find(self, next);

    /* A task may be of an inner scope, which waits for all that is its own. */
    if (cell != NULL && akti_child_is_in(cell)) {
        akt_future_drop(self, next);
        return AKT_EINVAL;
    }
    if (!may_be_of_type(slot->join->type, self, next)) {
        akt_future_drop(self, next);
        return AKT_ETYPE;
    }
    return akti_join_replace(self, slot, next);
}

static bool
go_on(akt_self *self, struct akti_slot *slot, bool chains,
      const struct akti_step_result *result)
{
    struct akti_join *join = slot->join;
    akt_err err;

    if (!chains) {
        return akti_join_end(self, join, AKT_REPLIED, AKT_OK, result->reply);
    }
    err = follow_next(self, slot, result->next);
    if (err != AKT_OK) {
        return akti_join_end(self, join, AKT_FAILED, err, NULL);
    }
    if (!slot->cell->arrived) {
        return false;
    }
    join->open--;
    return akti_join_follow(self, slot);
}

static bool
run(akt_self *self, struct akti_slot *slot, const akt_answer *answer)
{
    struct akti_join *join = slot->join;
    const akt_step *step = join->step;
    struct akti_cell *cell = join->cell;
    struct akti_step_result result = {NULL, {NULL, 0}};
    akt_err err = call(self, join, answer, &result);

    if (cell->dropped) {
        akti_join_forget(self, cell);
        return give_up(self, &result);
    }
    akti_join_drop(self, slot);
    join->step = AKTI_MUTANT(step_runs_twice) ? step : NULL;
    if (akti_cell_phase(cell) != AKTI_PHASE_OPEN) {
        return give_up(self, &result);
    }
    if (err != AKT_OK) {
        (void)give_up(self, &result);
        return akti_join_end(self, join, AKT_FAILED, err, NULL);
    }
    return go_on(self, slot, step->chains, &result);
}

/* A task's reply, of which nobody knew the type. */
static bool
is_other(const struct akti_join *join, const akt_answer *answer,
         const akt_type *wanted)
{
    return (join->cell->marks & AKTI_OF_CHILDREN) != 0
           && answer->outcome == AKT_REPLIED
           && akti_answer_as(answer, wanted) == NULL
           && !AKTI_MUTANT(step_takes_any_reply);
}

static bool
step_ended(akt_self *self, struct akti_join *join, struct akti_slot *slot)
{
    const akt_step *step = join->step;
    akt_answer answer;

    akti_future_answer_of(slot->cell, &answer);
    if (step != NULL
        && is_other(join, &answer, step->in != NULL ? step->in : step->out)) {
        return akti_join_end(self, join, AKT_FAILED, AKT_ETYPE, NULL);
    }
    if (step == NULL || (answer.outcome == AKT_REPLIED) != (step->in != NULL)) {
        return akti_join_follow(self, slot);
    }
    return run(self, slot, &answer);
}

static const struct akti_rule rule_step = {.ended = step_ended, .steps = true};

akt_err
akti_step(akt_self *self, akt_future future, const akt_step *step, void *arg,
          akt_future *out)
{
    struct akti_join *join = NULL;
    akt_err err;

    if (out == NULL) {
        return AKT_EINVAL;
    }
    if (!may_be_of_type(step->in != NULL ? step->in : step->out, self,
                        future)) {
        return AKT_ETYPE;
    }
    AKT_TRY(akti_join_new(self, &rule_step, 1, AKT_NEVER, &join));
    err = akti_join_add(self, join, 0, future);
    if (err != AKT_OK) {
        akti_join_undo(self, join);
        return err;
    }
    join->type = step->out;
    join->step = step;
    join->arg = arg;
    akti_child_watch(self, join->cell);
    akti_join_begin(self, join, out);
    return AKT_OK;
}
