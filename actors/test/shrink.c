/* SPDX-License-Identifier: MIT */
/*
 * A run that failed, with as few choices as possible that are not 0: the run with
 * the edited list is made, and the edit stays if it fails in the same way. Faults
 * go first, then halves, quarters and so on of what is left (Zeller and Hildebrandt,
 * "Simplifying and isolating failure-inducing input", IEEE TSE 2002), then single
 * choices become smaller.
 */
#include "actors/base/clock.h"
#include "actors/test/explorer.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define TRIES_MAX 2000u
#define TIME_MAX_NS (UINT64_C(20) * 1000000000u)

struct shrinker {
    struct akti_explorer *x;
    struct akti_plan plan;
    akt_violation violation;
    char text[AKT_VIOLATION_TEXT];
    akt_sim_choices best; /* it fails as wanted */
    akt_sim_choices next; /* what is tried */
    uint32_t tries;
    uint64_t until_ns;
    akt_err err;
};

uint64_t
akti_choices_used(const akt_sim_choices *choices)
{
    size_t n = choices->count < choices->room ? choices->count : choices->room;
    uint64_t used = 0;
    size_t i;

    for (i = 0; i < n; i++) {
        used += choices->list[i] != 0;
    }
    return used;
}

/* --- trying --- */

struct attempt {
    const struct akti_plan *plan;
    bool traced;
};

static void
work_on_plan(struct akti_explorer *x, void *arg)
{
    const struct attempt *a = arg;

    akti_attempt(x, a->plan, a->traced);
}

akt_err
akti_try(struct akti_explorer *x, const struct akti_plan *plan, bool traced)
{
    struct attempt a = {plan, traced};

    return akti_in_child(x, work_on_plan, &a, true);
}

/* The texts are the same up to the first number in them. */
static bool
is_alike(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b && !isdigit((unsigned char)*a)) {
        a++;
        b++;
    }
    return *a == *b
           || (isdigit((unsigned char)*a) && isdigit((unsigned char)*b));
}

static bool
fails_alike(const struct shrinker *s)
{
    const struct akti_outcome *out = &s->x->shared->outcome;

    return out->violation == s->violation && is_alike(out->text, s->text);
}

static void
copy(akt_sim_choices *to, const akt_sim_choices *from)
{
    size_t n = from->count < from->room ? from->count : from->room;

    memcpy(to->list, from->list, n * sizeof(*to->list));
    to->count = n;
}

/* Choices at the end that are 0 need not be said. */
static void
trim(akt_sim_choices *c)
{
    while (c->count > 0 && c->list[c->count - 1] == 0) {
        c->count--;
    }
}

static bool
may_go_on(const struct shrinker *s)
{
    return s->err == AKT_OK && s->tries < TRIES_MAX
           && akti_clock_now() < s->until_ns;
}

/* Tries `next`; if it fails alike it is the best from now on. */
static bool
try_next(struct shrinker *s)
{
    if (!may_go_on(s)) {
        return false;
    }
    trim(&s->next);
    s->tries++;
    s->plan.replay = &s->next;
    s->err = akti_try(s->x, &s->plan, false);
    if (s->err != AKT_OK || !fails_alike(s)) {
        return false;
    }
    copy(&s->best, &s->next);
    return true;
}

/* --- edits --- */

static void
drop_faults(struct shrinker *s)
{
    const struct akti_outcome *out = &s->x->shared->outcome;
    uint32_t places[AKTI_FAULT_PLACES];
    size_t n = out->fault_count;
    size_t i;

    memcpy(places, out->fault_places, n * sizeof(places[0]));
    copy(&s->next, &s->best);
    for (i = 0; i < n; i++) {
        if (places[i] < s->next.count) {
            s->next.list[places[i]] = 0;
        }
    }
    if (n == 0 || try_next(s)) {
        return;
    }
    for (i = 0; i < n; i++) {
        copy(&s->next, &s->best);
        if (places[i] < s->next.count && s->next.list[places[i]] != 0) {
            s->next.list[places[i]] = 0;
            (void)try_next(s);
        }
    }
}

/* Zeroes `size` choices that are not 0, from the `skip`-th such one on. */
static bool
zero_some(akt_sim_choices *c, size_t skip, size_t size)
{
    bool any = false;
    size_t seen = 0;
    size_t i;

    for (i = 0; i < c->count; i++) {
        if (c->list[i] == 0) {
            continue;
        }
        if (seen >= skip && seen < skip + size) {
            c->list[i] = 0;
            any = true;
        }
        seen++;
    }
    return any;
}

/* All pieces of one size; true when one of them could go. */
static bool
drop_pieces(struct shrinker *s, size_t size)
{
    bool any = false;
    size_t skip = 0;

    while (may_go_on(s)) {
        copy(&s->next, &s->best);
        if (!zero_some(&s->next, skip, size)) {
            break;
        }
        if (try_next(s)) {
            any = true;
        } else {
            skip += size;
        }
    }
    return any;
}

static void
drop_choices(struct shrinker *s)
{
    size_t size = (size_t)akti_choices_used(&s->best);

    while (size > 0 && may_go_on(s)) {
        bool any = drop_pieces(s, size);

        if (size > 1) {
            size = (size + 1) / 2;
        } else if (!any) {
            break;
        }
    }
}

static void
make_smaller(struct shrinker *s)
{
    size_t i;

    for (i = 0; i < s->best.count && may_go_on(s); i++) {
        if (s->best.list[i] > 1) {
            copy(&s->next, &s->best);
            s->next.list[i] = 1;
            (void)try_next(s);
        }
    }
}

/* --- the whole --- */

static akt_err
open_shrinker(struct shrinker *s)
{
    const struct akti_outcome *out = &s->x->shared->outcome;

    s->violation = out->violation;
    memcpy(s->text, out->text, sizeof(s->text));
    s->until_ns = akti_clock_now() + TIME_MAX_NS;
    s->best.room = AKTI_CHOICES_MAX;
    s->next.room = AKTI_CHOICES_MAX;
    s->best.list = calloc(AKTI_CHOICES_MAX, sizeof(*s->best.list));
    s->next.list = calloc(AKTI_CHOICES_MAX, sizeof(*s->next.list));
    if (s->best.list == NULL || s->next.list == NULL) {
        return AKT_ENOMEM;
    }
    copy(&s->next, &out->choices);
    return AKT_OK;
}

akt_err
akti_shrink(struct akti_explorer *x, const struct akti_plan *plan,
            akt_sim_choices *out)
{
    struct shrinker s = {.x = x, .plan = *plan};
    bool repeats = false;

    s.err = open_shrinker(&s);
    if (s.err == AKT_OK
        && x->shared->outcome.choices.count <= AKTI_CHOICES_MAX) {
        /* Unless the recorded run fails again there is nothing to go by. */
        repeats = try_next(&s);
    }
    if (repeats) {
        drop_faults(&s);
        drop_choices(&s);
        make_smaller(&s);
    }
    free(s.next.list);
    if (s.err != AKT_OK || !repeats) {
        free(s.best.list);
        return s.err;
    }
    trim(&s.best);
    *out = s.best;
    return AKT_OK;
}
