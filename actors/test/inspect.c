/* SPDX-License-Identifier: MIT */
#include "actors/test/inspect.h"

#include "actors/core/cell.h"

#include <stdio.h>

static struct akti_actor *
actor_at(struct akt_system *s, uint32_t slot)
{
    return akti_depot_cell(&s->dispatcher.cells[AKTI_CELLS_A], slot);
}

static uint32_t
slots(struct akt_system *s)
{
    return akti_depot_count(&s->dispatcher.cells[AKTI_CELLS_A]);
}

void
akti_inspect_name(struct akt_system *s, uint64_t number, char *text,
                  size_t size)
{
    struct akti_actor *a = actor_at(s, (uint32_t)(number >> 32));
    akt_ref ref = {(uint32_t)(number >> 32), (uint32_t)number, s->id, 0};
    char where[AKT_REF_TEXT_SIZE];

    if (number == 0 || a == NULL || akti_actor_entry(a) == NULL) {
        (void)snprintf(text, size, "a plain thread");
        return;
    }
    (void)akt_ref_format(ref, where, sizeof(where));
    (void)snprintf(text, size, "%s%s", akti_actor_entry(a)->cls->name, where);
}

/* --- queues --- */

static bool
is_in(const struct akti_message *list, const struct akti_message *m)
{
    while (list != NULL && list != m) {
        list = list->next;
    }
    return list != NULL;
}

bool
akti_inspect_has(const struct akti_actor *a, const struct akti_message *m)
{
    return is_in(a->user_head, m)
           || (a->extra != NULL && is_in(a->extra->stash_head, m))
           || ((a->runnable.unused & AKTI_FLAG_HOOKED) != 0
               && akti_actor_hooks(a)->holds(a, m) != 0);
}

static uint64_t
count_users(const struct akti_message *list)
{
    uint64_t n = 0;

    for (; list != NULL; list = list->next) {
        n += list->kind == AKTI_USER;
    }
    return n;
}

static uint64_t
count_of(struct akti_actor *a)
{
    /* Relaxed: a simulation has one thread. */
    uint64_t word = atomic_load_explicit(&a->box.word, memory_order_relaxed);
    uint64_t n;

    if (!akti_mailbox_is_open(&a->box)) {
        return 0;
    }
    n = count_users(akti_box_top(word)) + count_users(a->user_head);
    if ((a->runnable.unused & AKTI_FLAG_HOOKED) != 0) {
        n += akti_actor_hooks(a)->holds(a, NULL);
    }
    if (a->extra != NULL) {
        n +=
            count_users(a->extra->out_head) + count_users(a->extra->stash_head);
    }
    return n;
}

uint64_t
akti_inspect_queued(struct akt_system *s)
{
    struct akti_blocking *b = &s->dispatcher.blocking;
    uint64_t n = 0;
    uint32_t i;

    do {
        n += b->queued;
        b = akti_blocking_next(b);
    } while (b != NULL);
    for (i = 0; i < slots(s); i++) {
        n += count_of(actor_at(s, i));
    }
    return n;
}

/* --- waiting --- */

struct akti_actor *
akti_inspect_parked(struct akt_system *s, uint32_t *slot)
{
    uint32_t n = slots(s);

    while (*slot < n) {
        struct akti_actor *a = actor_at(s, (*slot)++);

        if (akti_mailbox_is_open(&a->box) && a->extra != NULL
            && a->extra->parked) {
            return a;
        }
    }
    return NULL;
}

static bool
is_timer(const struct akti_cell *cell)
{
    return cell->kind == AKTI_CELL_TIMER || cell->kind == AKTI_CELL_IDLE
           || cell->kind == AKTI_CELL_LATER
           || (cell->kind == AKTI_CELL_OWNED
               && (cell->marks & AKTI_ALARMED) != 0);
}

static bool
has_timer(const struct akti_actor *a)
{
    const struct akti_cell *cell;

    for (cell = a->cells; cell != NULL; cell = cell->next) {
        if (is_timer(cell)) {
            return true;
        }
    }
    return false;
}

bool
akti_inspect_has_timers(struct akt_system *s)
{
    uint32_t i;

    for (i = 0; i < slots(s); i++) {
        struct akti_actor *a = actor_at(s, i);

        if (akti_mailbox_is_open(&a->box) && has_timer(a)) {
            return true;
        }
    }
    return false;
}

/* --- what is left --- */

/* Slots whose generations are used up are not given back, on purpose. */
static uint64_t
worn_out(struct akt_system *s)
{
    uint64_t n = 0;
    uint32_t i;

    for (i = 0; i < slots(s); i++) {
        n += akti_actor_generation(actor_at(s, i)) == UINT32_MAX;
    }
    return n;
}

uint64_t
akti_inspect_lost(struct akt_system *s)
{
    struct akti_dispatcher *d = &s->dispatcher;
    struct akti_worker *w =
        /* Relaxed: a simulation has one thread. */
        atomic_load_explicit(&d->workers[0], memory_order_relaxed);
    uint64_t lost = 0;
    size_t i;

    akti_context_flush(&w->ctx);
    for (i = 0; i < AKTI_CELL_SORTS; i++) {
        lost += akti_depot_lost(&d->cells[i]);
    }
    for (i = 0; i < AKTI_SIZE_CLASSES; i++) {
        lost += akti_depot_lost(&d->depots.depot[i]);
    }
    return lost - worn_out(s);
}
