/* SPDX-License-Identifier: MIT */
#include "actors/test/oracle.h"

#include "actors/core/cell.h"
#include "actors/test/inspect.h"
#include "actors/test/trace.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of a message: */
enum flag {
    BEGUN = 1u,    /* it was handled, perhaps to be put aside */
    ORDERED = 2u,  /* its place in the order of its pair counts */
    ASKS = 4u,     /* this send made its request known */
    PASSED_ON = 8u /* the handler that had it sent it on */
};

#define NAME_SIZE (AKT_REF_TEXT_SIZE + 64)

/* --- failing --- */

const char *
akti_check_name(akt_check check)
{
    static const char *const names[] = {
        "account", "order", "exclusive", "requests", "leaks",
        "cycles",  "rest",  "repeat",    "channels", "scopes"};
    unsigned i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if ((unsigned)check == 1u << i) {
            return names[i];
        }
    }
    return "?";
}

bool
akti_oracle_checks(const struct akti_oracle *o, akt_check check)
{
    return (o->unchecked & (uint32_t)check) == 0;
}

void
akti_oracle_fail(struct akti_oracle *o, akt_check check, const char *format,
                 ...)
{
    char text[AKTI_FAILURE_SIZE];
    va_list args;

    if (!akti_oracle_checks(o, check) || o->sim->failed) {
        return;
    }
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    o->violation = AKT_VIOLATION_CHECK;
    akti_sim_fail(o->sim, "check %s: %s", akti_check_name(check), text);
}

/* --- names --- */

static uint64_t
number(uint32_t slot, uint32_t generation)
{
    return generation != 0 ? (uint64_t)slot << 32 | generation : 0;
}

static struct akti_oracle_slot *
slot_at(struct akti_oracle *o, uint32_t slot)
{
    struct akti_oracle_slot *more;
    size_t n = (size_t)slot + 64;

    if (slot < o->slot_count) {
        return &o->slots[slot];
    }
    more = realloc(o->slots, n * sizeof(*more));
    if (more == NULL) {
        abort(); /* the checks cannot go on without a place for it */
    }
    memset(more + o->slot_count, 0, (n - o->slot_count) * sizeof(*more));
    o->slots = more;
    o->slot_count = n;
    return &o->slots[slot];
}

static struct akti_map_entry *
put(struct akti_map *map, uint64_t key)
{
    struct akti_map_entry *entry = akti_map_put(map, key);

    if (entry == NULL) {
        abort(); /* as above */
    }
    return entry;
}

static uint64_t
key_of(const void *ptr)
{
    return (uint64_t)(uintptr_t)ptr;
}

/* --- messages --- */

static struct akti_map_entry *
pair_of(struct akti_oracle *o, const struct akti_map_entry *e)
{
    return put(&o->pairs, akti_hash_mix(akti_hash_mix(0, e->a), e->b));
}

static void
note_request(struct akti_oracle *o, const struct akti_message *m,
             struct akti_map_entry *e)
{
    struct akti_cell *cell = m->cell;
    struct akti_map_entry *r;

    if (m->cell_generation == 0 || m->kind != AKTI_USER) {
        return;
    }
    r = akti_map_find(&o->requests, key_of(cell));
    if (r != NULL && r->flags == m->cell_generation) {
        r->b = e->b;
        return;
    }
    if (r != NULL) {
        akti_oracle_fail(o, AKT_CHECK_REQUESTS,
                         "a request for %s was forgotten before it ended",
                         m->type->name);
    }
    /* A forwarded request may be over already. */
    if (akti_cell_generation(cell) != m->cell_generation
        || akti_cell_phase(cell) != AKTI_PHASE_OPEN) {
        return;
    }
    r = put(&o->requests, key_of(cell));
    r->flags = m->cell_generation;
    r->a = cell->actor_generation != 0
               ? number(cell->actor->slot, cell->actor_generation)
               : 0;
    r->b = e->b;
    r->c = akti_oracle_scope_of(o, r->a);
    e->flags |= ASKS;
    o->asked++;
    o->asked_by_actors += r->a != 0;
}

static void
on_send(struct akti_oracle *o, const struct akti_message *m)
{
    struct akti_map_entry *e = akti_map_find(&o->messages, key_of(m));
    uint32_t flags = 0;

    if (e != NULL && m == o->handled) {
        /* Handled here, accepted there. */
        o->fates[AKT_FATE_DELIVERED]++;
        flags = PASSED_ON;
    } else if (e != NULL) {
        akti_oracle_fail(o, AKT_CHECK_ACCOUNT,
                         "a message %s was accepted twice", m->type->name);
    }
    e = put(&o->messages, key_of(m));
    e->flags = flags;
    e->a = number(m->sender_slot, m->sender_generation);
    e->b = number(m->target_slot, m->target_generation);
    o->accepted++;
    if (e->a == o->running) {
        e->flags |= ORDERED;
        e->c = ++pair_of(o, e)->a;
    }
    note_request(o, m, e);
}

static void
on_unsent(struct akti_oracle *o, const struct akti_message *m)
{
    struct akti_map_entry *e = akti_map_find(&o->messages, key_of(m));
    struct akti_map_entry *r;

    if (e == NULL) {
        return;
    }
    o->accepted--;
    if ((e->flags & ORDERED) != 0) {
        pair_of(o, e)->a--;
    }
    r = akti_map_find(&o->requests, key_of(m->cell));
    if ((e->flags & ASKS) != 0 && r != NULL) {
        o->asked--;
        o->asked_by_actors -= r->a != 0;
        akti_oracle_scope_left(o, r->c);
        akti_map_remove(&o->requests, r);
    }
    if ((e->flags & PASSED_ON) != 0) {
        /* Still with the handler that has it. */
        o->fates[AKT_FATE_DELIVERED]--;
        e->flags = BEGUN;
        return;
    }
    akti_map_remove(&o->messages, e);
}

static void
on_fate(struct akti_oracle *o, const struct akti_note *note)
{
    struct akti_map_entry *e;

    o->fates[note->a]++;
    if (note->what == NULL) {
        o->accepted++; /* a timer's: both at once */
        return;
    }
    e = akti_map_find(&o->messages, key_of(note->what));
    if (e == NULL) {
        const struct akti_message *m = note->what;

        akti_oracle_fail(o, AKT_CHECK_ACCOUNT,
                         "a message %s had a fate without being accepted, or "
                         "a second one",
                         m->type != NULL ? m->type->name : "?");
        return;
    }
    akti_map_remove(&o->messages, e);
}

/* --- handlers --- */

static void
check_order(struct akti_oracle *o, struct akti_map_entry *e,
            const struct akti_message *m)
{
    struct akti_map_entry *pair;
    char from[NAME_SIZE];
    char to[NAME_SIZE];

    if ((e->flags & (ORDERED | BEGUN)) != ORDERED) {
        return;
    }
    pair = pair_of(o, e);
    if (e->c > pair->b) {
        pair->b = e->c;
        return;
    }
    akti_inspect_name(o->system, e->a, from, sizeof(from));
    akti_inspect_name(o->system, e->b, to, sizeof(to));
    akti_oracle_fail(o, AKT_CHECK_ORDER,
                     "%s handled %s, number %llu from %s, after number %llu",
                     to, m->type->name, (unsigned long long)e->c, from,
                     (unsigned long long)pair->b);
}

static void
on_begin(struct akti_oracle *o, const struct akti_message *m)
{
    struct akti_oracle_slot *slot = slot_at(o, (uint32_t)(o->running >> 32));
    struct akti_map_entry *e;
    char name[NAME_SIZE];

    if (slot->handling) {
        akti_inspect_name(o->system, o->running, name, sizeof(name));
        akti_oracle_fail(o, AKT_CHECK_EXCLUSIVE,
                         "a handler of %s began while another one ran", name);
    }
    slot->handling = true;
    slot->before = o->handled;
    o->handled = m;
    slot->message = m;
    if (m->kind != AKTI_USER) {
        return;
    }
    e = akti_map_find(&o->messages, key_of(m));
    if (e == NULL) {
        akti_oracle_fail(o, AKT_CHECK_ACCOUNT,
                         "a message %s is handled that was not accepted",
                         m->type->name);
        return;
    }
    check_order(o, e, m);
    e->flags |= BEGUN;
}

/* What became of the message that was handled. */
static void
leave_message(struct akti_oracle *o, const struct akti_actor *a)
{
    struct akti_map_entry *e = akti_map_find(&o->messages, key_of(o->handled));

    /* It has no fate yet: it was put aside, passed on, or kept as a promise,
     * which counts as handled. */
    if (e != NULL && (e->flags & (BEGUN | PASSED_ON)) == BEGUN
        && !akti_inspect_has(a, o->handled)) {
        o->fates[AKT_FATE_DELIVERED]++;
        akti_map_remove(&o->messages, e);
    } else if (e != NULL) {
        e->flags &= ~(uint32_t)PASSED_ON;
    }
}

static void
on_end(struct akti_oracle *o, const struct akti_actor *a)
{
    struct akti_oracle_slot *slot = slot_at(o, a->slot);

    leave_message(o, a);
    slot->handling = false;
    o->handled = slot->before;
}

static void
on_job_begin(struct akti_oracle *o, const struct akti_message *m)
{
    o->before_job = o->handled;
    o->handled = m;
}

/* --- turns --- */

static void
on_ready(struct akti_oracle *o, const void *runnable)
{
    const struct akti_actor *a = runnable;
    struct akti_oracle_slot *slot = slot_at(o, a->slot);
    char name[NAME_SIZE];

    if (slot->ready || slot->turning) {
        (void)akti_actor_format(o->system, (struct akti_actor *)(uintptr_t)a,
                                name, sizeof(name));
        akti_oracle_fail(o, AKT_CHECK_EXCLUSIVE,
                         "%s was made ready while it was ready or running",
                         name);
    }
    slot->ready = true;
}

static void
on_turn(struct akti_oracle *o, const struct akti_actor *a)
{
    struct akti_oracle_slot *slot = slot_at(o, a->slot);

    slot->ready = false;
    slot->turning = true;
    slot->outer = o->running;
    o->running =
        akti_actor_number(&((struct akti_actor *)(uintptr_t)a)->runnable);
    if (o->sim->steps > o->max_steps && !o->sim->failed) {
        o->violation = AKT_VIOLATION_ENDLESS;
        akti_sim_fail(o->sim, "it did not end within %llu steps",
                      (unsigned long long)o->max_steps);
    }
}

static void
on_return(struct akti_oracle *o, const void *runnable)
{
    const struct akti_actor *a = runnable;
    struct akti_oracle_slot *slot = slot_at(o, a->slot);

    slot->turning = false;
    o->running = slot->outer;
}

static void
on_ended(struct akti_oracle *o, const void *cell)
{
    struct akti_map_entry *r = akti_map_find(&o->requests, key_of(cell));

    o->ended++;
    if (r == NULL
        || r->flags
               != akti_cell_generation(
                   (struct akti_cell *)(uintptr_t)key_of(cell))) {
        akti_oracle_fail(o, AKT_CHECK_REQUESTS,
                         "a request ended that was not asked, or twice");
        return;
    }
    o->asked_by_actors -= r->a != 0;
    akti_oracle_scope_left(o, r->c);
    akti_map_remove(&o->requests, r);
}

static uint32_t
generation_of(const void *cell)
{
    return akti_cell_generation((struct akti_cell *)(uintptr_t)cell);
}

static void
on_opened(struct akti_oracle *o, const void *cell)
{
    struct akti_map_entry *e = akti_map_find(&o->opened, key_of(cell));

    if (e != NULL) {
        akti_oracle_fail(o, AKT_CHECK_REQUESTS,
                         "a future was forgotten before it ended");
    }
    e = put(&o->opened, key_of(cell));
    e->flags = generation_of(cell);
    e->c = akti_oracle_scope_of(o, akti_oracle_owner_of(cell));
}

static void
on_settled(struct akti_oracle *o, const void *cell)
{
    struct akti_map_entry *e = akti_map_find(&o->opened, key_of(cell));

    if (e == NULL || e->flags != generation_of(cell)) {
        akti_oracle_fail(o, AKT_CHECK_REQUESTS,
                         "a future ended that was not opened, or twice");
        return;
    }
    akti_oracle_scope_left(o, e->c);
    akti_map_remove(&o->opened, e);
}

static void
on_fault(struct akti_oracle *o)
{
    if (o->fault_count < AKTI_FAULT_PLACES && o->sim->record->count > 0) {
        o->fault_places[o->fault_count++] =
            (uint32_t)(o->sim->record->count - 1);
    }
}

/* Time is about to go on. */
static void
on_jump(struct akti_oracle *o)
{
    if (o->running != 0 || akti_system_phase(o->system) >= AKTI_ENDING) {
        return;
    }
    if (o->sim->steps - o->inspected >= o->slot_count / 4) {
        akti_oracle_settle(o);
    }
    if (o->requests.count >= 2) {
        (void)akti_oracle_finds_cycle(o);
    }
}

/* What runs within a step: jobs and tasks, with messages of their own. */
static void
observe_inner(struct akti_oracle *o, const struct akti_note *note)
{
    switch (note->event) {
    case AKTI_EVENT_JOB_BEGIN:
        on_job_begin(o, note->what);
        break;
    case AKTI_EVENT_JOB_END:
        o->handled = o->before_job;
        break;
    case AKTI_EVENT_RESUME:
        o->before_task = o->handled;
        o->handled = note->what;
        break;
    case AKTI_EVENT_RECEIVE:
        o->handled = note->what;
        break;
    case AKTI_EVENT_SUSPEND:
        leave_message(o, note->what);
        o->handled = o->before_task;
        break;
    case AKTI_EVENT_CHILD:
    case AKTI_EVENT_CHILD_FREE:
    case AKTI_EVENT_SCOPE_OPENED:
    case AKTI_EVENT_SCOPE_CLOSED:
    case AKTI_EVENT_OWNED:
    case AKTI_EVENT_OWNED_FREE:
        akti_oracle_scope_note(o, note);
        break;
    default:
        akti_oracle_channel_note(o, note);
        break;
    }
}

static void
observe(void *arg, const struct akti_note *note)
{
    struct akti_oracle *o = arg;

    if (o->trace != NULL) {
        akti_trace_note(o->trace, note);
    }
    switch (note->event) {
    case AKTI_EVENT_SEND:
        on_send(o, note->what);
        break;
    case AKTI_EVENT_UNSENT:
        on_unsent(o, note->what);
        break;
    case AKTI_EVENT_FATE:
        on_fate(o, note);
        break;
    case AKTI_EVENT_BEGIN:
        on_begin(o, note->what);
        break;
    case AKTI_EVENT_END:
        on_end(o, note->what);
        break;
    case AKTI_EVENT_READY:
        on_ready(o, note->what);
        break;
    case AKTI_EVENT_TURN:
        on_turn(o, note->what);
        break;
    case AKTI_EVENT_RETURN:
        on_return(o, note->what);
        break;
    case AKTI_EVENT_ENDED:
        on_ended(o, note->what);
        break;
    case AKTI_EVENT_OPENED:
        on_opened(o, note->what);
        break;
    case AKTI_EVENT_SETTLED:
        on_settled(o, note->what);
        break;
    case AKTI_EVENT_SPAWN:
        (void)slot_at(o, (uint32_t)note->a);
        o->spawned++;
        break;
    case AKTI_EVENT_EXIT:
        o->exited++;
        akti_oracle_scope_exit(o, note->what);
        break;
    case AKTI_EVENT_FAULT:
        on_fault(o);
        break;
    case AKTI_EVENT_FAILED:
        if (o->failed != NULL) {
            o->failed(o->failed_arg);
        }
        break;
    case AKTI_EVENT_JUMP:
        on_jump(o);
        break;
    default:
        observe_inner(o, note);
        break;
    }
}

/* --- one run --- */

void
akti_oracle_watch(struct akti_oracle *o, struct akt_system *s)
{
    akti_map_clear(&o->messages);
    akti_map_clear(&o->requests);
    akti_map_clear(&o->opened);
    akti_map_clear(&o->pairs);
    akti_oracle_channel_begin(o);
    akti_oracle_scope_begin(o);
    if (o->slots != NULL) {
        memset(o->slots, 0, o->slot_count * sizeof(*o->slots));
    }
    o->system = s;
    o->sim = s->dispatcher.sim;
    o->violation = AKT_VIOLATION_NONE;
    o->running = 0;
    o->handled = NULL;
    o->accepted = 0;
    memset(o->fates, 0, sizeof(o->fates));
    o->asked = 0;
    o->ended = 0;
    o->asked_by_actors = 0;
    o->spawned = 0;
    o->exited = 0;
    o->inspected = 0;
    o->fault_count = 0;
    o->sim->observer = o;
    o->sim->observe = observe;
}

void
akti_oracle_forget(struct akti_oracle *o)
{
    o->system = NULL;
    o->sim = NULL;
}

void
akti_oracle_fini(struct akti_oracle *o)
{
    akti_map_fini(&o->messages);
    akti_map_fini(&o->requests);
    akti_map_fini(&o->opened);
    akti_map_fini(&o->pairs);
    akti_oracle_channel_fini(o);
    akti_oracle_scope_fini(o);
    free(o->slots);
    *o = (struct akti_oracle){0};
}
