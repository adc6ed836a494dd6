/* SPDX-License-Identifier: MIT */
#include "actors/core/cycle.h"

#include "actors/base/mutant.h"
#include "actors/core/suspend.h"
#include "actors/core/system.h"

#include <stdio.h>
#include <string.h>

/* The longest text that is kept; more is cut. */
#define TEXT_SIZE 512

/*
 * An edge counts while its sender waits for room that was not given back, and
 * afterwards if there is not enough of it.
 */
static bool
is_live(const struct akti_edge *e)
{
    uint32_t capacity = akti_actor_capacity(e->target);
    uint32_t users = akti_mailbox_users(&e->target->box);

    if (e->waiting) {
        return akti_mailbox_has_waiters(&e->target->box);
    }
    return users + e->pending > capacity && !AKTI_MUTANT(pending_edge_ignored);
}

/* Puts what `a` waits for on the stack of the search. */
static struct akti_actor *
expand(struct akti_actor *a, struct akti_actor *stack, uint32_t mark)
{
    struct akti_edge *e;

    for (e = a->extra->edges; e != NULL; e = e->next_of_sender) {
        struct akti_actor *to = e->target;

        if (!is_live(e) || to->extra == NULL || to->extra->mark == mark) {
            continue;
        }
        to->extra->mark = mark;
        to->extra->search_from = a;
        to->extra->search_next = stack;
        stack = to;
    }
    return stack;
}

/* Whether there is a way from `from` to `to`; leaves it in search_from. */
static bool
reaches(struct akt_system *s, struct akti_actor *from, struct akti_actor *to)
{
    uint32_t mark = ++s->search_mark;
    struct akti_actor *stack = from;

    if (from == to) {
        return true;
    }
    if (from->extra == NULL) {
        return false;
    }
    from->extra->mark = mark;
    from->extra->search_next = NULL;
    while (stack != NULL) {
        struct akti_actor *a = stack;

        stack = expand(a, a->extra->search_next, mark);
        if (to->extra->mark == mark) {
            return true;
        }
    }
    return false;
}

static size_t
append(char *text, size_t used, const char *more)
{
    int n = used < TEXT_SIZE
                ? snprintf(text + used, TEXT_SIZE - used, "%s", more)
                : 0;

    return n < 0 ? used : used + (size_t)n;
}

/* The cycle is found backwards: it is written from the back of the way. */
static void
write_cycle(struct akt_system *s, struct akti_actor *a,
            struct akti_actor *target, char *text)
{
    char names[AKT_REF_TEXT_SIZE + 64];
    struct akti_actor *way[16];
    struct akti_actor *at = a;
    size_t n = 0;
    size_t used;

    while (at != target && n < sizeof(way) / sizeof(way[0])) {
        at = at->extra->search_from;
        way[n++] = at;
    }
    if (n == 0) {
        way[n++] = target;
    }
    (void)akti_actor_format(s, a, names, sizeof(names));
    used = append(text, 0, names);
    if (at != target) {
        used = append(text, used, " -> ...");
    }
    while (n-- > 0) {
        if (way[n] == a) {
            continue;
        }
        (void)akti_actor_format(s, way[n], names, sizeof(names));
        used = append(text, used, " -> ");
        used = append(text, used, names);
    }
    (void)akti_actor_format(s, a, names, sizeof(names));
    used = append(text, used, " -> ");
    (void)append(text, used, names);
}

bool
akti_cycle_closes(akt_self *self, struct akti_actor *target)
{
    struct akt_system *s = self->system;
    char text[TEXT_SIZE];

    if (!reaches(s, target, self->actor) || AKTI_MUTANT(cycle_not_found)) {
        return false;
    }
    write_cycle(s, self->actor, target, text);
    if (self->deadlock == NULL) {
        self->deadlock = akti_sizes_alloc(
            &self->ctx->caches, akti_size_class(TEXT_SIZE), TEXT_SIZE);
    }
    if (self->deadlock != NULL) {
        memcpy(self->deadlock, text, TEXT_SIZE);
    }
    return true;
}

void
akti_cycle_forget(akt_self *self)
{
    if (self->deadlock != NULL) {
        akti_sizes_free(&self->ctx->caches, akti_size_class(TEXT_SIZE),
                        self->deadlock, TEXT_SIZE);
        self->deadlock = NULL;
    }
}

void
akti_cycle_log(akt_self *self)
{
    akti_log_line(&self->system->dispatcher.log, AKT_LOG_WARNING,
                  "a wait for room would close a cycle: %s",
                  self->deadlock != NULL ? self->deadlock
                                         : "(out of memory for its names)");
}

size_t
akt_deadlock_text(const akt_self *self, char *buffer, size_t size)
{
    int n;

    if (self->deadlock == NULL) {
        if (size > 0) {
            buffer[0] = '\0';
        }
        return 0;
    }
    n = snprintf(buffer, size, "%s", self->deadlock);
    return n < 0 ? 0 : (size_t)n;
}
