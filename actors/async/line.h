/* SPDX-License-Identifier: MIT */
/*
 * Who waits for something, in a line: the places lie on the stacks of who waits.
 * A line and its places are guarded by their object's latch.
 */
#ifndef AKT_ASYNC_LINE_H
#define AKT_ASYNC_LINE_H

#include "actors/async/park.h"
#include "actors/base/mutant.h"

#include <stdbool.h>
#include <stddef.h>

struct akti_place {
    struct akti_place *next;
    struct akti_place *prev;
    struct akti_parker *parker;
    void *share; /* by which it waits */
    bool linked;
    bool woken; /* it was taken out to look again */
    bool away;  /* and has not come back since */
};

struct akti_line {
    struct akti_place *head;
    struct akti_place *tail;
    uint32_t woken; /* places that have been woken and have not come back */
};

/* At the end; in front who was woken and found nothing. */
static inline void
akti_line_push(struct akti_line *l, struct akti_place *p)
{
    bool front = p->woken && !AKTI_MUTANT(woken_loses_its_place);

    p->prev = front ? NULL : l->tail;
    p->next = front ? l->head : NULL;
    *(p->prev != NULL ? &p->prev->next : &l->head) = p;
    *(p->next != NULL ? &p->next->prev : &l->tail) = p;
    p->linked = true;
    p->woken = false;
}

static inline void
akti_line_remove(struct akti_line *l, struct akti_place *p)
{
    if (p->prev != NULL) {
        p->prev->next = p->next;
    } else {
        l->head = p->next;
    }
    if (p->next != NULL) {
        p->next->prev = p->prev;
    } else {
        l->tail = p->prev;
    }
    p->linked = false;
}

/* Takes it out and wakes it. */
static inline void
akti_line_wake(struct akti_context *ctx, struct akti_line *l,
               struct akti_place *p)
{
    akti_line_remove(l, p);
    p->woken = true;
    p->away = true;
    l->woken++;
    akti_unpark(ctx, p->parker);
}

/* Somebody who waited looks again, linked or not. */
static inline void
akti_line_come_back(struct akti_line *l, struct akti_place *p)
{
    l->woken -= p->away;
    p->away = false;
}

/* Nobody who was woken is on his way, so the first one has to be. */
static inline bool
akti_line_needs_wake(const struct akti_line *l)
{
    return AKTI_UNLIKELY(l->head != NULL) && l->woken == 0;
}

static inline void
akti_line_wake_all(struct akti_context *ctx, struct akti_line *l)
{
    while (l->head != NULL) {
        akti_line_wake(ctx, l, l->head);
    }
}

#endif
