/* SPDX-License-Identifier: MIT */
/* The oracle's looks at a whole system: when nothing runs, and at its end. */
#include "actors/core/suspend.h"
#include "actors/test/inspect.h"
#include "actors/test/oracle.h"

#include <stdio.h>
#include <string.h>

#define NAME_SIZE (AKT_REF_TEXT_SIZE + 64)

/* Requests that the search for circles looks at. */
#define EDGES_MAX 256u

typedef unsigned long long number_out;

/* --- the account --- */

static void
compare(struct akti_oracle *o, const char *what, uint64_t counted,
        uint64_t seen)
{
    if (counted != seen) {
        akti_oracle_fail(o, AKT_CHECK_ACCOUNT,
                         "the system counted %llu %s, there were %llu",
                         (number_out)counted, what, (number_out)seen);
    }
}

static void
compare_counters(struct akti_oracle *o)
{
    akt_counters c;

    akt_system_counters(o->system, &c);
    compare(o, "accepted", c.accepted, o->accepted);
    compare(o, "delivered", c.delivered, o->fates[AKT_FATE_DELIVERED]);
    compare(o, "dropped", c.dropped, o->fates[AKT_FATE_DROPPED]);
    compare(o, "expired", c.expired, o->fates[AKT_FATE_EXPIRED]);
    compare(o, "returned", c.returned, o->fates[AKT_FATE_RETURNED]);
    compare(o, "dead", c.dead, o->fates[AKT_FATE_DEAD]);
    compare(o, "discarded", c.discarded, o->fates[AKT_FATE_DISCARDED]);
    compare(o, "asked", c.asked, o->asked);
    compare(o, "spawned", c.spawned, o->spawned);
    compare(o, "exited", c.exited, o->exited);
}

void
akti_oracle_settle(struct akti_oracle *o)
{
    uint64_t queued;

    if (o->sim->failed || !akti_oracle_checks(o, AKT_CHECK_ACCOUNT)) {
        return;
    }
    o->inspected = o->sim->steps;
    queued = akti_inspect_queued(o->system);
    if (queued != o->messages.count) {
        akti_oracle_fail(o, AKT_CHECK_ACCOUNT,
                         "%u messages were accepted and have no fate; %llu are "
                         "in queues",
                         o->messages.count, (number_out)queued);
    }
    compare_counters(o);
}

static void
close_leaks(struct akti_oracle *o)
{
    uint64_t lost;

    if (!akti_oracle_checks(o, AKT_CHECK_LEAKS)) {
        return;
    }
    if (o->spawned != o->exited) {
        akti_oracle_fail(o, AKT_CHECK_LEAKS, "%llu actors have not ended",
                         (number_out)(o->spawned - o->exited));
    }
    lost = akti_inspect_lost(o->system);
    if (lost != 0) {
        akti_oracle_fail(o, AKT_CHECK_LEAKS,
                         "%llu blocks of memory were not given back",
                         (number_out)lost);
    }
}

void
akti_oracle_close(struct akti_oracle *o)
{
    if (o->messages.count != 0) {
        akti_oracle_fail(o, AKT_CHECK_ACCOUNT,
                         "%u messages were accepted and never had a fate",
                         o->messages.count);
    }
    if (o->requests.count != 0) {
        akti_oracle_fail(o, AKT_CHECK_REQUESTS, "%u requests never ended",
                         o->requests.count);
    }
    if (o->opened.count != 0) {
        akti_oracle_fail(o, AKT_CHECK_REQUESTS, "%u futures never ended",
                         o->opened.count);
    }
    if (o->asked != o->ended) {
        akti_oracle_fail(o, AKT_CHECK_REQUESTS,
                         "%llu requests were asked, %llu ended",
                         (number_out)o->asked, (number_out)o->ended);
    }
    if (akti_oracle_checks(o, AKT_CHECK_ACCOUNT) && !o->sim->failed) {
        compare_counters(o);
    }
    akti_oracle_channel_close(o);
    close_leaks(o);
}

/* --- who waits --- */

struct words {
    char *text;
    size_t size;
    size_t used;
};

static void
append(struct words *w, const char *more)
{
    int n = w->used < w->size
                ? snprintf(w->text + w->used, w->size - w->used, "%s", more)
                : 0;

    w->used += n > 0 ? (size_t)n : 0;
}

static void
append_name(struct akti_oracle *o, struct words *w, uint64_t number)
{
    char name[NAME_SIZE];

    akti_inspect_name(o->system, number, name, sizeof(name));
    append(w, name);
}

static void
append_wait(struct akti_oracle *o, struct words *w, const uint64_t *pair,
            const char *how)
{
    append(w, w->used > 0 ? "; " : "");
    append_name(o, w, pair[0]);
    append(w, how);
    append_name(o, w, pair[1]);
}

static uint64_t
number(struct akti_actor *a)
{
    return akti_actor_number(&a->runnable);
}

void
akti_oracle_write_waits(struct akti_oracle *o, char *text, size_t size)
{
    struct akti_map_entry *r;
    struct akti_actor *a;
    struct words w = {text, size, 0};
    uint32_t place = 0;

    text[0] = '\0';
    while ((r = akti_map_next(&o->requests, &place)) != NULL) {
        uint64_t pair[2] = {r->a, r->b};

        append_wait(o, &w, pair, " waits for an answer of ");
    }
    place = 0;
    while ((a = akti_inspect_parked(o->system, &place)) != NULL) {
        struct akti_edge *e = a->extra->edges;

        for (; e != NULL; e = e->next_of_sender) {
            uint64_t pair[2] = {number(a), number(e->target)};

            append_wait(o, &w, pair, " waits for room at ");
        }
    }
}

bool
akti_oracle_at_rest(struct akti_oracle *o)
{
    uint32_t slot = 0;

    return o->asked_by_actors == 0
           && (akti_counter_get(&o->system->suspensions) == 0
               || akti_inspect_parked(o->system, &slot) == NULL);
}

/* --- circles of requests --- */

struct edge {
    uint64_t from;
    uint64_t to;
};

static uint32_t
collect(struct akti_oracle *o, struct edge *edges)
{
    struct akti_map_entry *r;
    uint32_t place = 0;
    uint32_t n = 0;

    while (n < EDGES_MAX && (r = akti_map_next(&o->requests, &place)) != NULL) {
        if (r->a != 0 && r->b != 0) {
            edges[n++] = (struct edge){r->a, r->b};
        }
    }
    return n;
}

static const struct edge *
edge_from(const struct edge *edges, uint32_t n, uint64_t from)
{
    uint32_t i;

    for (i = 0; i < n; i++) {
        if (edges[i].from == from) {
            return &edges[i];
        }
    }
    return NULL;
}

/* Takes out edges to those who wait for nobody; whether there were any. */
static bool
drop_dead_ends(struct edge *edges, uint32_t *n)
{
    uint32_t kept = 0;
    uint32_t i;

    for (i = 0; i < *n; i++) {
        if (edge_from(edges, *n, edges[i].to) != NULL) {
            edges[kept++] = edges[i];
        }
    }
    i = *n;
    *n = kept;
    return kept < i;
}

/* Follows the edges, all of which lead on, until one comes round. */
static void
write_cycle(struct akti_oracle *o, const struct edge *edges, uint32_t n,
            char *text, size_t size)
{
    const struct edge *at = edges;
    struct words w = {text, size, 0};
    uint64_t first;
    uint32_t i;

    /* After n steps it is in the circle. */
    for (i = 0; i < n; i++) {
        at = edge_from(edges, n, at->to);
    }
    first = at->from;
    do {
        append_name(o, &w, at->from);
        append(&w, " -> ");
        at = edge_from(edges, n, at->to);
    } while (at->from != first);
    append_name(o, &w, first);
}

bool
akti_oracle_finds_cycle(struct akti_oracle *o)
{
    struct edge edges[EDGES_MAX];
    char text[AKTI_FAILURE_SIZE - 100];
    uint32_t n;

    if (!akti_oracle_checks(o, AKT_CHECK_CYCLES)) {
        return false;
    }
    n = collect(o, edges);
    while (drop_dead_ends(edges, &n)) {
    }
    if (n == 0 || akti_inspect_has_timers(o->system)) {
        return false;
    }
    write_cycle(o, edges, n, text, sizeof(text));
    akti_oracle_fail(o, AKT_CHECK_CYCLES,
                     "each waits for the next one's answer: %s", text);
    return true;
}
