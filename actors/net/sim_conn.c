/* SPDX-License-Identifier: MIT */
/*
 * Connections of the simulated network. One is there for both ends at the same
 * instant, and is gone for both. Its ends stay with their sockets until all that
 * came by them has been taken and told, and count as peers for so long: that bounds
 * them.
 */
#include "actors/net/sim_net.h"

#include "actors/base/mutant.h"

#include <stdio.h>
#include <string.h>

static void
wake_events(struct akti_net *net)
{
    if (net->quiet) {
        net->quiet = false;
        akti_link_wake(net->link, AKTI_SIDE_IN);
    }
}

/* --- coming --- */

static bool
fits(akt_nng_protocol a, akt_nng_protocol b)
{
    static const akt_nng_protocol peers[] = {
        [AKT_NNG_PUSH] = AKT_NNG_PULL,
        [AKT_NNG_PULL] = AKT_NNG_PUSH,
        [AKT_NNG_PUB] = AKT_NNG_SUB,
        [AKT_NNG_SUB] = AKT_NNG_PUB,
        [AKT_NNG_REQ] = AKT_NNG_REP,
        [AKT_NNG_REP] = AKT_NNG_REQ,
        [AKT_NNG_SURVEYOR] = AKT_NNG_RESPONDENT,
        [AKT_NNG_RESPONDENT] = AKT_NNG_SURVEYOR,
        [AKT_NNG_PAIR] = AKT_NNG_PAIR,
        [AKT_NNG_PAIR0] = AKT_NNG_PAIR0,
        [AKT_NNG_BUS] = AKT_NNG_BUS};

    return peers[a] == b;
}

/* A pair has one peer. */
static bool
takes_one_more(struct akti_net *net)
{
    akt_nng_protocol p = net->config.protocol;
    uint32_t max = net->config.max_peers;
    bool takes;

    if (p == AKT_NNG_PAIR || p == AKT_NNG_PAIR0) {
        takes = net->count.peers == 0 && net->end_count < max;
    } else {
        takes = net->end_count < max;
    }
    net->count.peers_refused += takes ? 0 : 1;
    return takes;
}

static void
join(struct akti_simnet_end *e, struct akti_simnet_conn *c,
     struct akti_net *net)
{
    struct akti_simnet_end **at = &net->ends;

    e->timed.fire = akti_simnet_arrive;
    e->conn = c;
    e->net = net;
    e->peer = ++c->world->peers;
    while (*at != NULL) {
        at = &(*at)->next;
    }
    *at = e;
    net->end_count++;
    net->count.peers++;
}

akt_err
akti_simnet_connect(struct akti_simnet_dialer *d,
                    struct akti_simnet_listener *l)
{
    struct akti_simnet *w = d->net->world;
    struct akti_simnet_conn *c;

    if (d->net == l->net
        || !fits(d->net->config.protocol, l->net->config.protocol)
        || !takes_one_more(d->net) || !takes_one_more(l->net)) {
        return AKT_ECLOSED;
    }
    c = akti_simnet_alloc(w, sizeof(*c));
    if (c == NULL) {
        return AKT_ENOMEM;
    }
    c->world = w;
    c->open = true;
    c->dialer = d;
    d->conn = c;
    (void)snprintf(c->url, sizeof(c->url), "%s", l->url);
    join(&c->end[0], c, d->net);
    join(&c->end[1], c, l->net);
    c->next = w->conns;
    w->conns = c;
    w->count.connections++;
    w->count.connected++;
    akti_simnet_note(c, AKTI_NET_CONNECTED, c->end[0].peer);
    wake_events(d->net);
    wake_events(l->net);
    akti_simnet_pump(d->net);
    akti_simnet_pump(l->net);
    return AKT_OK;
}

/* --- going --- */

static void
forget_requests(struct akti_simnet_end *e)
{
    struct akti_simnet_request *r;

    for (r = e->net->requests; r != NULL; r = r->next) {
        if (r->end == e) {
            r->end = NULL;
        }
    }
}

static void
lose(struct akti_simnet_end *e)
{
    struct akti_simnet *w = e->conn->world;
    uint32_t n = akti_simnet_clear(w, &e->coming);

    w->count.on_way -= n;
    w->count.lost += AKTI_MUTANT(simnet_loss_not_counted) ? 0 : n;
    e->stalled = false;
    akti_simnet_disarm(w, &e->timed);
    akti_simnet_break(e);
}

/* It is gone for both; what is on its way is not touched. */
static void
close_conn(struct akti_simnet_conn *c)
{
    struct akti_simnet_dialer *d = c->dialer;
    unsigned i;

    c->open = false;
    c->dialer = NULL;
    c->world->count.connections--;
    akti_simnet_note(c, AKTI_NET_GONE, c->end[0].peer);
    for (i = 0; i < 2; i++) {
        c->end[i].net->count.peers--;
        forget_requests(&c->end[i]);
        akti_simnet_break(&c->end[i]);
        wake_events(c->end[i].net);
    }
    if (d != NULL) {
        akti_simnet_redial(d);
    }
}

/* The socket has no use for it any more. */
static void
let_go(struct akti_simnet_end *e)
{
    struct akti_simnet_end **at = &e->net->ends;

    while (*at != e) {
        at = &(*at)->next;
    }
    *at = e->next;
    e->net->end_count--;
    e->net = NULL;
}

static bool
is_done(const struct akti_simnet_end *e)
{
    return e->net != NULL && !e->conn->open && e->coming.count == 0
           && e->told_up && e->told_down;
}

static void
free_unused(struct akti_simnet_conn *c)
{
    struct akti_simnet_conn **at = &c->world->conns;

    if (c->end[0].net != NULL || c->end[1].net != NULL) {
        return;
    }
    while (*at != c) {
        at = &(*at)->next;
    }
    *at = c->next;
    akti_simnet_free(c->world, c, sizeof(*c));
}

void
akti_simnet_reap(struct akti_simnet_end *e)
{
    if (is_done(e)) {
        let_go(e);
        free_unused(e->conn);
    }
}

void
akti_simnet_cut(struct akti_simnet_conn *c)
{
    unsigned i;

    c->world->count.cut++;
    close_conn(c);
    for (i = 0; i < 2; i++) {
        lose(&c->end[i]);
    }
}

uint32_t
akti_simnet_cut_all(struct akti_simnet *w, const char *url)
{
    struct akti_simnet_conn *c;
    uint32_t n = 0;

    for (c = w->conns; c != NULL; c = c->next) {
        if (c->open && (url == NULL || strcmp(c->url, url) == 0)) {
            akti_simnet_cut(c);
            n++;
        }
    }
    return n;
}

void
akti_simnet_leave(struct akti_net *net)
{
    while (net->ends != NULL) {
        struct akti_simnet_end *e = net->ends;

        lose(e);
        if (e->conn->open) {
            close_conn(e->conn);
        }
        if (AKTI_MUTANT(simnet_closed_loses)) {
            lose(akti_simnet_other(e));
        }
        let_go(e);
        free_unused(e->conn);
    }
}

/* --- telling --- */

/* Of this end; what is not told yet comes in its order. */
static bool
tell(struct akti_simnet_end *e, struct akti_net_event *out)
{
    if (e->told_up && (e->conn->open || e->told_down)) {
        return false;
    }
    out->peer = e->peer;
    out->up = !e->told_up;
    (void)snprintf(out->address, sizeof(out->address), "%s", e->conn->url);
    e->told_down = e->told_up;
    e->told_up = true;
    akti_simnet_reap(e);
    return true;
}

bool
akti_simnet_event(struct akti_net *net, struct akti_net_event *out)
{
    struct akti_simnet_end *e;

    for (e = net->ends; e != NULL; e = e->next) {
        if (tell(e, out)) {
            return true;
        }
    }
    net->quiet = true;
    return false;
}
