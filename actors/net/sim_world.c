/* SPDX-License-Identifier: MIT */
/* The network as a whole: its time, its choices, and what users may do to it. */
#include "actors/net/sim_net.h"

#include <stdio.h>
#include <string.h>

#define DELAY_MIN_NS AKT_US(50)
#define DELAY_MAX_NS AKT_SECONDS(3600)
#define DELAY_FACTOR 10u
/* A delay is one of so many. */
#define DELAY_STEPS 16u
#define BUFFER_DEFAULT 16u
#define BUFFER_MAX 65536u
#define FIRST_PORT 49152u

/* --- memory, time, choices --- */

void *
akti_simnet_alloc(struct akti_simnet *w, size_t size)
{
    if (akti_simnet_fails(w, AKT_FAULT_ALLOC)) {
        return NULL;
    }
    return akti_memory_zalloc(&w->dispatcher->memory, size, 16);
}

void
akti_simnet_free(struct akti_simnet *w, void *ptr, size_t size)
{
    akti_memory_free(&w->dispatcher->memory, ptr, size, 16);
}

uint64_t
akti_simnet_now(const struct akti_simnet *w)
{
    return w->dispatcher->sim->now_ns;
}

bool
akti_simnet_fails(struct akti_simnet *w, akt_fault fault)
{
    return akti_sim_fault_here(w->dispatcher->sim, fault);
}

uint64_t
akti_simnet_delay(struct akti_simnet *w)
{
    uint64_t range = w->delay_max_ns - w->delay_min_ns;

    if (range == 0) {
        return w->delay_min_ns;
    }
    return w->delay_min_ns
           + range / (DELAY_STEPS - 1)
                 * akti_sim_choose(w->dispatcher->sim, DELAY_STEPS);
}

void
akti_simnet_note(struct akti_simnet_conn *c, enum akti_net_note note,
                 uint64_t number)
{
    akti_sim_note(
        c->world->dispatcher->sim,
        &(struct akti_note){
            .event = AKTI_EVENT_NET, .a = note, .b = number, .what = c->url});
}

/* --- what happens at an instant --- */

static void
set_next(struct akti_simnet *w)
{
    w->outside.next_ns = w->first != NULL ? w->first->due_ns : AKT_NEVER;
}

void
akti_simnet_disarm(struct akti_simnet *w, struct akti_simnet_timed *t)
{
    if (t->due_ns == 0) {
        return;
    }
    if (t->prev != NULL) {
        t->prev->next = t->next;
    } else {
        w->first = t->next;
    }
    if (t->next != NULL) {
        t->next->prev = t->prev;
    } else {
        w->last = t->prev;
    }
    t->due_ns = 0;
    set_next(w);
}

/* Of those that are due together the one that was armed first is first. */
void
akti_simnet_arm(struct akti_simnet *w, struct akti_simnet_timed *t,
                uint64_t due_ns)
{
    struct akti_simnet_timed *before;

    akti_simnet_disarm(w, t);
    before = w->last;
    while (before != NULL && before->due_ns > due_ns) {
        before = before->prev;
    }
    t->due_ns = due_ns;
    t->prev = before;
    t->next = before != NULL ? before->next : w->first;
    if (before != NULL) {
        before->next = t;
    } else {
        w->first = t;
    }
    if (t->next != NULL) {
        t->next->prev = t;
    } else {
        w->last = t;
    }
    set_next(w);
}

static void
run(struct akti_outside *o)
{
    struct akti_simnet *w = (struct akti_simnet *)o;

    while (w->first != NULL && w->first->due_ns <= akti_simnet_now(w)) {
        struct akti_simnet_timed *t = w->first;

        akti_simnet_disarm(w, t);
        t->fire(t);
    }
}

/* --- life --- */

static void
join(struct akti_simnet *w, const char *url)
{
    struct akti_simnet_parted **at = &w->parted;

    while (*at != NULL) {
        struct akti_simnet_parted *p = *at;

        if (url == NULL || strcmp(p->url, url) == 0) {
            *at = p->next;
            akti_simnet_free(w, p, sizeof(*p));
        } else {
            at = &p->next;
        }
    }
}

static void
heal(struct akti_outside *o)
{
    join((struct akti_simnet *)o, NULL);
}

/* All sockets are closed. */
static void
end(struct akti_outside *o)
{
    struct akti_simnet *w = (struct akti_simnet *)o;

    join(w, NULL);
    akti_simnet_free(w, w, sizeof(*w));
}

static void
set(struct akti_simnet *w, const akt_sim_net_opts *o)
{
    w->delay_min_ns = o->delay_min_ns != 0 ? o->delay_min_ns : DELAY_MIN_NS;
    w->delay_max_ns =
        o->delay_max_ns != 0 ? o->delay_max_ns : w->delay_min_ns * DELAY_FACTOR;
    w->buffer = o->buffer != 0 ? o->buffer : BUFFER_DEFAULT;
}

struct akti_simnet *
akti_simnet_of(struct akti_dispatcher *d)
{
    struct akti_simnet *w = (struct akti_simnet *)d->sim->outside;
    akt_sim_net_opts opts = AKT_SIM_NET_OPTS_INIT;

    if (w != NULL) {
        return w;
    }
    w = akti_memory_zalloc(&d->memory, sizeof(*w), 16);
    if (w != NULL) {
        w->dispatcher = d;
        w->outside = (struct akti_outside){
            .next_ns = AKT_NEVER, .run = run, .heal = heal, .end = end};
        w->ports = FIRST_PORT;
        set(w, &opts);
        d->sim->outside = &w->outside;
    }
    return w;
}

/* --- what users may do --- */

bool
akti_simnet_is_parted(const struct akti_simnet *w, const char *url)
{
    const struct akti_simnet_parted *p = w->parted;

    while (p != NULL && strcmp(p->url, url) != 0) {
        p = p->next;
    }
    return p != NULL;
}

static bool
in_range(const akt_sim_net_opts *o)
{
    uint64_t min = o->delay_min_ns != 0 ? o->delay_min_ns : DELAY_MIN_NS;

    return o->size == sizeof(*o) && min <= DELAY_MAX_NS / DELAY_FACTOR
           && o->delay_max_ns <= DELAY_MAX_NS && o->buffer <= BUFFER_MAX
           && (o->delay_max_ns == 0 || o->delay_max_ns >= min);
}

akt_err
akt_sim_net_set(akt_system *system, const akt_sim_net_opts *opts)
{
    struct akti_simnet *w;

    if (system->dispatcher.sim == NULL) {
        return AKT_ECONTEXT;
    }
    if (!in_range(opts)) {
        return AKT_EINVAL;
    }
    w = akti_simnet_of(&system->dispatcher);
    if (w == NULL) {
        return AKT_ENOMEM;
    }
    set(w, opts);
    return AKT_OK;
}

static struct akti_simnet *
world_of(const akt_system *system)
{
    const struct akti_sim *sim = system->dispatcher.sim;

    return sim != NULL ? (struct akti_simnet *)sim->outside : NULL;
}

uint32_t
akt_sim_net_cut(akt_system *system, const char *url)
{
    struct akti_simnet *w = world_of(system);

    return w != NULL ? akti_simnet_cut_all(w, url) : 0;
}

akt_err
akt_sim_net_part(akt_system *system, const char *url)
{
    struct akti_simnet_parted *p;
    struct akti_simnet *w;

    if (system->dispatcher.sim == NULL) {
        return AKT_ECONTEXT;
    }
    if (strlen(url) > AKT_NNG_URL_MAX) {
        return AKT_EINVAL;
    }
    w = akti_simnet_of(&system->dispatcher);
    if (w == NULL || (p = akti_simnet_alloc(w, sizeof(*p))) == NULL) {
        return AKT_ENOMEM;
    }
    (void)snprintf(p->url, sizeof(p->url), "%s", url);
    p->next = w->parted;
    w->parted = p;
    (void)akti_simnet_cut_all(w, url);
    return AKT_OK;
}

void
akt_sim_net_join(akt_system *system, const char *url)
{
    struct akti_simnet *w = world_of(system);

    if (w != NULL) {
        join(w, url);
    }
}

akt_sim_net_counters
akt_sim_net_stats(const akt_system *system)
{
    const struct akti_simnet *w = world_of(system);
    akt_sim_net_counters none = {0};

    return w != NULL ? w->count : none;
}
