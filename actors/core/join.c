/* SPDX-License-Identifier: MIT */
#include "actors/core/join.h"

#include "actors/base/mutant.h"
#include "actors/core/system.h"

#include <string.h>

const akt_type akti_mixed_type = {
    .name = "akt_mixed", .align = 1, .flags = AKT_TYPE_SIGNAL};

/* --- making one --- */

static size_t
size_of(const struct akti_rule *rule, size_t count)
{
    return sizeof(struct akti_join) + count * sizeof(struct akti_slot)
           + (rule->keeps_all ? count * sizeof(akt_answer) : 0);
}

static void
free_block(akt_self *self, struct akti_join *join)
{
    akti_sizes_free(&self->ctx->caches, akti_size_class(join->size), join,
                    join->size);
}

static struct akti_join *
new_block(akt_self *self, const struct akti_rule *rule, size_t count)
{
    size_t size = size_of(rule, count);
    struct akti_join *join =
        akti_sizes_alloc(&self->ctx->caches, akti_size_class(size), size);

    if (join == NULL) {
        return NULL;
    }
    memset(join, 0, sizeof(*join) + count * sizeof(struct akti_slot));
    join->rule = rule;
    join->count = (uint32_t)count;
    join->decided = join->count;
    join->size = size;
    if (rule->keeps_all) {
        join->answers = (akt_answer *)(void *)&join->slots[count];
    }
    return join;
}

/* A thread looks at these deadlines itself. */
static void
note_due(akt_self *self, struct akti_cell *cell)
{
    uint64_t due = akti_timer_due(&cell->timer);

    if (self->port != NULL && due < self->port->due_ns
        && !AKTI_MUTANT(part_deadline_missed)) {
        self->port->due_ns = due;
    }
}

akt_err
akti_join_new(akt_self *self, const struct akti_rule *rule, size_t count,
              uint64_t due_ns, struct akti_join **out)
{
    struct akti_join *join;
    akt_err err;

    if (self->actor == NULL && self->port == NULL) {
        return AKT_ECONTEXT;
    }
    if (count > akti_self_entry(self)->requests) {
        return AKT_ELIMIT;
    }
    join = new_block(self, rule, count);
    if (join == NULL) {
        return AKT_ENOMEM;
    }
    err = akti_future_open(self, NULL, due_ns, &join->cell);
    if (err != AKT_OK) {
        free_block(self, join);
        return err;
    }
    join->cell->join = join;
    join->cell->marks = AKTI_COMBINED;
    note_due(self, join->cell);
    *out = join;
    return AKT_OK;
}

static struct akti_join *
join_of_part(const struct akti_cell *cell)
{
    const struct akti_slot *slot = cell->arg;

    return slot->join;
}

akt_err
akti_join_add(akt_self *self, struct akti_join *join, uint32_t at,
              akt_future future)
{
    struct akti_cell *cell = akti_future_look_up(self, future);
    struct akti_slot *slot = &join->slots[at];

    if (cell == NULL || (cell->then != NULL && cell->then != &akti_awaited)) {
        return AKT_EENDED;
    }
    if ((cell->marks & AKTI_JOINED) != 0 && !AKTI_MUTANT(part_taken_twice)) {
        return join_of_part(cell) == join ? AKT_EINVAL : AKT_EENDED;
    }
    cell->then = NULL;
    slot->join = join;
    slot->cell = cell;
    cell->arg = slot;
    if (akti_child_is_in(cell)) {
        join->cell->marks |= AKTI_OF_CHILDREN;
    }
    cell->marks |= AKTI_JOINED;
    join->open++;
    note_due(self, cell);
    return AKT_OK;
}

static void
give_back(struct akti_slot *slot)
{
    struct akti_cell *cell = slot->cell;

    cell->marks &= (uint8_t)~AKTI_JOINED;
    cell->arg = NULL;
    if (akti_child_is_kept(cell)) {
        cell->then = &akti_awaited; /* its owner hears of it again */
    }
    slot->cell = NULL;
}

void
akti_join_undo(akt_self *self, struct akti_join *join)
{
    uint32_t i;

    for (i = AKTI_MUTANT(undo_keeps_parts) ? 1 : 0;
         i < join->count && join->slots[i].cell != NULL; i++) {
        give_back(&join->slots[i]);
    }
    akti_join_forget(self, join->cell);
}

const akt_type *
akti_join_common_type(const struct akti_join *join)
{
    const akt_type *common = NULL;
    uint32_t i;

    for (i = 0; i < join->count; i++) {
        const akt_type *type = akti_future_reply_type(join->slots[i].cell);

        if (common == NULL) {
            common = type;
        } else if (type != NULL && !akt_type_equal(common, type)) {
            return &akti_mixed_type;
        }
    }
    return common;
}

/* --- a part has ended --- */

static bool
is_open(struct akti_cell *cell)
{
    return akti_cell_phase(cell) == AKTI_PHASE_OPEN;
}

/* It has ended, and so have the parts that it waits for. */
static bool
has_arrived(struct akti_join *join)
{
    join->waits = join->open > 0 && !AKTI_MUTANT(loser_outlives_race);
    join->cell->arrived = !join->waits;
    return !join->waits;
}

/* The combined one, if it has arrived with this part. */
static struct akti_cell *
part_ended(akt_self *self, struct akti_cell *part)
{
    struct akti_slot *slot = part->arg;
    struct akti_join *join = slot->join;
    struct akti_cell *cell = join->cell;

    join->open--;
    if (join->waits) {
        return has_arrived(join) ? cell : NULL;
    }
    if (!is_open(cell)) {
        return NULL; /* its own notice is on its way */
    }
    return join->rule->ended(self, join, slot) ? cell : NULL;
}

void
akti_join_begin(akt_self *self, struct akti_join *join, akt_future *out)
{
    struct akti_cell *cell = join->cell;
    uint32_t i;

    out->cell = cell;
    out->generation = akti_cell_generation(cell);
    for (i = 0; i < join->count; i++) {
        struct akti_cell *part = join->slots[i].cell;

        if (part == NULL || !part->arrived) {
            continue;
        }
        if (join->rule->steps && !AKTI_MUTANT(step_inside_call)) {
            akti_future_again(self, part);
        } else {
            (void)part_ended(self, part);
        }
    }
}

struct akti_cell *
akti_join_arrive(akt_self *self, struct akti_cell *cell)
{
    if ((cell->marks & AKTI_COMBINED) != 0 && !AKTI_MUTANT(late_part_goes_on)) {
        akti_join_cancel(self, cell);
        cell = has_arrived(cell->join) ? cell : NULL;
    }
    while (cell != NULL && (cell->marks & AKTI_JOINED) != 0) {
        cell = part_ended(self, cell);
    }
    return cell;
}

/* --- what rules do --- */

static void
keep_answers(struct akti_join *join)
{
    uint32_t i;

    for (i = 0; i < join->count; i++) {
        akti_future_answer_of(join->slots[i].cell, &join->answers[i]);
    }
}

bool
akti_join_end(akt_self *self, struct akti_join *join, akt_outcome outcome,
              akt_err err, struct akti_message *reply)
{
    struct akti_cell *cell = join->cell;

    if (!akti_cell_end(cell, akti_cell_generation(cell), outcome)) {
        if (reply != NULL) {
            akti_message_free(&self->ctx->caches, reply);
        }
        return false;
    }
    cell->error = err;
    cell->message = reply;
    akti_future_count(self->ctx, cell);
    akti_join_cancel(self, cell);
    if (join->answers != NULL && outcome == AKT_REPLIED) {
        keep_answers(join);
    }
    return has_arrived(join);
}

bool
akti_join_follow(akt_self *self, struct akti_slot *slot)
{
    struct akti_join *join = slot->join;
    akt_answer answer;

    akti_future_answer_of(slot->cell, &answer);
    join->decided = (uint32_t)(slot - join->slots);
    return akti_join_end(self, join, answer.outcome, answer.error, NULL);
}

void
akti_join_drop(akt_self *self, struct akti_slot *slot)
{
    struct akti_cell *part = slot->cell;

    if (!part->arrived) {
        slot->join->open--;
    }
    give_back(slot);
    akti_join_forget(self, part);
}

/* The one that all of this is part of. */
static struct akti_cell *
top_of(struct akti_cell *cell)
{
    while ((cell->marks & AKTI_JOINED) != 0) {
        cell = join_of_part(cell)->cell;
    }
    return cell;
}

akt_err
akti_join_replace(akt_self *self, struct akti_slot *slot, akt_future future)
{
    struct akti_join *join = slot->join;

    if (future.cell == top_of(join->cell)) {
        return AKT_EINVAL; /* it would wait for itself */
    }
    return akti_join_add(self, join, (uint32_t)(slot - join->slots), future);
}

/* --- what futures do --- */

/* Parts that are made of children's ends are told, and stay till they have. */
static void
cancel_part(akt_self *self, struct akti_slot *slot)
{
    struct akti_cell *part = slot->cell;

    if (!akti_child_is_in(part)) {
        akti_join_drop(self, slot);
    } else if (akti_child_is(part)) {
        akti_child_cancel(self->ctx, part);
    } else {
        /* Its own parts hear of it when its notice comes: nothing recurses. */
        (void)akti_future_end(self->ctx, part, akti_cell_generation(part),
                              AKT_CANCELLED, AKT_ECANCELLED);
    }
}

void
akti_join_cancel(akt_self *self, struct akti_cell *cell)
{
    struct akti_join *join = cell->join;
    uint32_t i;

    for (i = 0; i < join->count && join->open > 0; i++) {
        struct akti_cell *part = join->slots[i].cell;

        if (part != NULL && !part->arrived
            && !AKTI_MUTANT(loser_not_cancelled)) {
            cancel_part(self, &join->slots[i]);
        }
    }
}

void
akti_join_wait_no_more(akt_self *self, struct akti_cell *cell)
{
    struct akti_join *join = cell->join;
    uint32_t i;

    for (i = 0; i < join->count; i++) {
        if (join->slots[i].cell != NULL && !join->slots[i].cell->arrived) {
            akti_join_drop(self, &join->slots[i]);
        }
    }
    (void)has_arrived(join);
}

/* Frees the block; the parts are in front of `todo`, linked by `arg`. */
static struct akti_cell *
unfold(akt_self *self, struct akti_cell *cell, struct akti_cell *todo)
{
    struct akti_join *join = cell->join;
    uint32_t i;

    for (i = 0; i < join->count; i++) {
        struct akti_cell *part = join->slots[i].cell;

        if (part != NULL && !AKTI_MUTANT(parts_left_behind)) {
            give_back(&join->slots[i]);
            part->arg = todo;
            todo = part;
        }
    }
    cell->arrived = cell->arrived || join->waits; /* no notice will come */
    cell->marks &= (uint8_t) ~(AKTI_COMBINED | AKTI_OF_CHILDREN);
    cell->type = NULL;
    free_block(self, join);
    return todo;
}

/* Ended by its owner, who alone knows. */
static bool
end_unheard(akt_self *self, struct akti_cell *cell)
{
    if (!akti_cell_end(cell, akti_cell_generation(cell), AKT_CANCELLED)) {
        return false;
    }
    cell->error = AKT_ECANCELLED;
    cell->arrived = true;
    akti_future_count(self->ctx, cell);
    return true;
}

/* False: somebody else has ended it, and what says so is yet to come. */
static bool
let_go(akt_self *self, struct akti_cell *cell)
{
    akti_child_cancel(self->ctx, cell);
    if (!cell->arrived
        && (akti_child_is_kept(cell) || !end_unheard(self, cell))) {
        cell->dropped = true;
        return false;
    }
    akti_future_close(self, cell);
    return true;
}

void
akti_join_forget(akt_self *self, struct akti_cell *cell)
{
    struct akti_cell *todo = cell;
    bool all_gone = true;

    cell->arg = NULL;
    while (todo != NULL) {
        struct akti_cell *c = todo;

        todo = c->arg;
        if ((c->marks & AKTI_STEPPING) != 0) {
            /* It goes when its function is back. */
            c->dropped = true;
            (void)end_unheard(self, c);
            continue;
        }
        if ((c->marks & AKTI_COMBINED) != 0) {
            todo = unfold(self, c, todo);
        }
        all_gone = let_go(self, c) && all_gone;
    }
    if (!all_gone && self->port != NULL) {
        akti_port_sweep(self->port);
    }
}

void
akti_join_abandon(akt_self *self, struct akti_cell *cell)
{
    if ((cell->marks & AKTI_COMBINED) != 0) {
        cell->arrived = cell->arrived || cell->join->waits;
        free_block(self, cell->join);
    }
}

const akt_type *
akti_join_type(const struct akti_cell *cell)
{
    return cell->join->type;
}

struct akti_cell *
akti_join_source(struct akti_cell *cell, akt_answer *out)
{
    struct akti_join *join = cell->join;

    out->index = join->decided < join->count ? join->decided : 0;
    while ((cell->marks & AKTI_COMBINED) != 0
           && cell->join->decided < cell->join->count) {
        cell = cell->join->slots[cell->join->decided].cell;
    }
    if ((cell->marks & AKTI_COMBINED) != 0 && cell->join->answers != NULL
        && akti_cell_outcome(cell) == AKT_REPLIED) {
        out->each = cell->join->answers;
        out->count = cell->join->count;
    }
    return cell;
}
