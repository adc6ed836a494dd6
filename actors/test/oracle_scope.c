/* SPDX-License-Identifier: MIT */
/*
 * The oracle's books of what tasks own. Each task, actor and future that a task
 * opens is written down with the scope that is its innermost one then, and struck
 * out when it has ended: an actor when its code has run, whatever its future says.
 * A scope counts what is open in it, so closing one that has done its work costs
 * no search. The same holds for open files and directories, ends of channels and
 * whatever else lies in its list; what is given to a task is no scope's.
 *
 * What a step's function opens (step.h) may come while a scope is open that has
 * nothing to do with it: it is a part of a combined future, goes with that, and
 * then counts in the scope around.
 *
 * One thread.
 */
#include "actors/core/future.h"
#include "actors/test/inspect.h"
#include "actors/test/oracle.h"

#include <stdlib.h>

#define NAME_SIZE (AKT_REF_TEXT_SIZE + 64)

/* A task that owns, a scope, or a child, as oracle.h says. */
typedef struct akti_map_entry book;

static book *
put(struct akti_map *map, uint64_t key)
{
    book *entry = akti_map_put(map, key);

    if (entry == NULL) {
        abort(); /* the checks cannot go on without a place for it */
    }
    return entry;
}

static uint64_t
key_of(const void *cell)
{
    return (uint64_t)(uintptr_t)cell;
}

static struct akti_cell *
cell_at(uint64_t key)
{
    return (struct akti_cell *)(uintptr_t)key;
}

uint64_t
akti_oracle_owner_of(const struct akti_cell *cell)
{
    return cell->actor_generation != 0
               ? (uint64_t)cell->actor->slot << 32 | cell->actor_generation
               : 0;
}

static bool
is_hooked(const struct akti_actor *a)
{
    return (a->runnable.unused & AKTI_FLAG_HOOKED) != 0;
}

/* Plain actors and threads wait for nobody when they end. */
static bool
is_task(const struct akti_cell *cell)
{
    return cell->actor_generation != 0 && is_hooked(cell->actor);
}

/* --- what is open in a scope --- */

uint64_t
akti_oracle_scope_of(struct akti_oracle *o, uint64_t owner)
{
    const book *task =
        o->owners.count > 0 ? akti_map_find(&o->owners, owner) : NULL;
    book *scope = task != NULL && task->a != 0
                      ? akti_map_find(&o->scopes, task->a)
                      : NULL;

    if (scope == NULL) {
        return 0;
    }
    scope->b++;
    return scope->key;
}

void
akti_oracle_scope_left(struct akti_oracle *o, uint64_t scope)
{
    book *s = scope != 0 ? akti_map_find(&o->scopes, scope) : NULL;

    if (s != NULL) {
        s->b--;
    }
}

/* From a scope that closes to the one around it. */
static uint64_t
move_out(struct akti_oracle *o, const book *scope)
{
    book *outer = scope->c != 0 ? akti_map_find(&o->scopes, scope->c) : NULL;

    if (outer != NULL) {
        outer->b++;
    }
    return scope->c;
}

static bool
is_part(uint64_t cell)
{
    return (cell_at(cell)->marks & AKTI_JOINED) != 0;
}

static void
look_at_futures(struct akti_oracle *o, struct akti_map *map, const book *scope,
                const char *what)
{
    uint32_t place = 0;
    book *f;

    while ((f = akti_map_next(map, &place)) != NULL) {
        if (f->c != scope->key) {
            continue;
        }
        f->c = is_part(f->key) ? move_out(o, scope) : 0;
        if (f->c == 0 && !is_part(f->key)) {
            akti_oracle_fail(o, AKT_CHECK_SCOPES,
                             "a scope was closed, and a %s of it is open",
                             what);
        }
    }
}

static void
look_at_children(struct akti_oracle *o, const book *scope)
{
    uint32_t place = 0;
    char name[NAME_SIZE];
    book *child;

    while ((child = akti_map_next(&o->children, &place)) != NULL) {
        if (child->b != scope->key) {
            continue;
        }
        child->b = is_part(child->c) ? move_out(o, scope) : 0;
        if (child->b == 0 && !is_part(child->c)) {
            akti_inspect_name(o->system, child->key, name, sizeof(name));
            akti_oracle_fail(o, AKT_CHECK_SCOPES,
                             "a scope was closed, and %s of it has not ended",
                             name);
        }
    }
}

/* The first that is in this scope, or, of 0, in none, of this owner. */
static book *
find_owned(struct akti_oracle *o, uint64_t owner, uint64_t scope)
{
    uint32_t place = 0;
    book *thing;

    while ((thing = akti_map_next(&o->owned, &place)) != NULL
           && (thing->a != owner || (scope != 0 && thing->b != scope))) {
    }
    return thing;
}

static void
look_at_owned(struct akti_oracle *o, const book *scope)
{
    const book *thing = find_owned(o, scope->a, scope->key);

    if (thing != NULL) {
        akti_oracle_fail(o, AKT_CHECK_SCOPES,
                         "a scope was closed, and a %s of it is open",
                         cell_at(thing->key)->owned->name);
    }
}

/* --- notes --- */

static void
on_opened(struct akti_oracle *o, const struct akti_cell *cell)
{
    book *task = put(&o->owners, akti_oracle_owner_of(cell));
    book *scope = put(&o->scopes, key_of(cell));

    scope->a = task->key;
    scope->b = 0;
    scope->c = task->a;
    task->a = scope->key;
}

static void
on_closed(struct akti_oracle *o, const struct akti_cell *cell)
{
    book *scope = akti_map_find(&o->scopes, key_of(cell));
    book *task;

    if (scope == NULL) {
        return;
    }
    if (scope->b > 0) {
        look_at_children(o, scope);
        look_at_futures(o, &o->requests, scope, "request");
        look_at_futures(o, &o->opened, scope, "future");
        look_at_owned(o, scope);
    }
    task = akti_map_find(&o->owners, scope->a);
    if (task != NULL && task->a == scope->key) {
        task->a = scope->c;
    }
    akti_map_remove(&o->scopes, scope);
}

static void
on_child(struct akti_oracle *o, struct akti_cell *cell)
{
    book *child;
    book *task;

    if (!is_task(cell)) {
        return;
    }
    task = put(&o->owners, akti_oracle_owner_of(cell));
    task->b++;
    child = put(&o->children, akti_child_number(cell));
    child->a = task->key;
    child->b = akti_oracle_scope_of(o, task->key);
    child->c = key_of(cell);
}

/* A child, or what is owned besides, has ended, or is nobody's any more. */
static void
leave(struct akti_oracle *o, struct akti_map *map, uint64_t key)
{
    book *entry = akti_map_find(map, key);
    book *task;

    if (entry == NULL) {
        return;
    }
    akti_oracle_scope_left(o, entry->b);
    task = akti_map_find(&o->owners, entry->a);
    if (task != NULL) {
        task->b -= map == &o->children;
        task->c -= map == &o->owned;
    }
    akti_map_remove(map, entry);
}

/* The holder of a share is an actor too: others are not told of. */
static void
on_owned(struct akti_oracle *o, const struct akti_cell *cell)
{
    bool given = (cell->marks & AKTI_GIVEN) != 0;
    book *thing;
    book *task;

    if (!is_hooked(cell->actor)) {
        return;
    }
    leave(o, &o->owned, key_of(cell));
    task = put(&o->owners, akti_actor_number(&cell->actor->runnable));
    task->c++;
    thing = put(&o->owned, key_of(cell));
    thing->a = task->key;
    thing->b = given ? 0 : akti_oracle_scope_of(o, task->key);
}

void
akti_oracle_scope_exit(struct akti_oracle *o, const struct akti_actor *a)
{
    uint64_t number;
    char name[NAME_SIZE];
    book *task;

    if (o->owners.count == 0) {
        return;
    }
    number = akti_actor_number(&((struct akti_actor *)(uintptr_t)a)->runnable);
    leave(o, &o->children, number);
    task = akti_map_find(&o->owners, number);
    if (task == NULL) {
        return;
    }
    if (task->b > 0) {
        akti_inspect_name(o->system, number, name, sizeof(name));
        akti_oracle_fail(o, AKT_CHECK_SCOPES,
                         "%s has ended before %llu that it owns", name,
                         (unsigned long long)task->b);
    }
    if (task->c > 0) {
        akti_inspect_name(o->system, number, name, sizeof(name));
        akti_oracle_fail(o, AKT_CHECK_SCOPES,
                         "%s has ended, and a %s of it is open", name,
                         cell_at(find_owned(o, number, 0)->key)->owned->name);
    }
    akti_map_remove(&o->owners, task);
}

void
akti_oracle_scope_note(struct akti_oracle *o, const struct akti_note *note)
{
    struct akti_cell *cell = cell_at(key_of(note->what));

    if (!akti_oracle_checks(o, AKT_CHECK_SCOPES)) {
        return;
    }
    switch (note->event) {
    case AKTI_EVENT_CHILD:
        on_child(o, cell);
        break;
    case AKTI_EVENT_CHILD_FREE:
        leave(o, &o->children, akti_child_number(cell));
        break;
    case AKTI_EVENT_SCOPE_OPENED:
        on_opened(o, cell);
        break;
    case AKTI_EVENT_OWNED:
        on_owned(o, cell);
        break;
    case AKTI_EVENT_OWNED_FREE:
        leave(o, &o->owned, key_of(cell));
        break;
    default:
        on_closed(o, cell);
        break;
    }
}

/* --- one run --- */

void
akti_oracle_scope_begin(struct akti_oracle *o)
{
    akti_map_clear(&o->owners);
    akti_map_clear(&o->scopes);
    akti_map_clear(&o->children);
    akti_map_clear(&o->owned);
}

void
akti_oracle_scope_fini(struct akti_oracle *o)
{
    akti_map_fini(&o->owners);
    akti_map_fini(&o->scopes);
    akti_map_fini(&o->children);
    akti_map_fini(&o->owned);
}
