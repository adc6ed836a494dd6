/* SPDX-License-Identifier: MIT */
/* Listening and dialing in the simulated network. Addresses are names. */
#include "actors/net/address.h"
#include "actors/net/sim_net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How long a listen waits for its address: a socket that was told to close gives
 * it back as soon as it has a turn, and time goes on when all have had theirs. */
#define REUSE_NS AKT_US(1)

/* --- addresses --- */

/* The colon before the port, or NULL. */
static char *
port_of(char *url)
{
    const struct akti_scheme *s = akti_address_scheme(url);
    char *host = url + strlen(s->begins);
    char *end = host + strcspn(host, "/");

    if (!s->has_port) {
        return NULL;
    }
    while (end > host && end[-1] != ':') {
        end--;
    }
    return end > host ? end - 1 : NULL;
}

static struct akti_simnet_listener *
find_listener(struct akti_simnet *w, const char *url)
{
    struct akti_simnet_listener *l = w->listeners;

    while (l != NULL && (l->opening != NULL || strcmp(l->url, url) != 0)) {
        l = l->next;
    }
    return l;
}

/* A number in the place of port 0. */
static void
find_port(struct akti_simnet *w, struct akti_opening *o)
{
    char *colon = port_of(o->url);
    char rest[AKTI_NET_URL_SIZE];
    unsigned long port = colon != NULL ? strtoul(colon + 1, NULL, 10) : 0;
    size_t room;

    if (colon != NULL && port == 0) {
        port = w->ports++;
        (void)snprintf(rest, sizeof(rest), "%s",
                       colon + 1 + strspn(colon + 1, "0"));
        room = sizeof(o->url) - (size_t)(colon - o->url);
        (void)snprintf(colon, room, ":%lu%s", port, rest);
    }
    o->port = (uint16_t)port;
}

static void
answer(struct akti_net *net, struct akti_opening **opening)
{
    struct akti_opening *o = *opening;

    *opening = NULL;
    if (o != NULL) {
        akti_link_opened(net->link, o);
    }
}

/* --- listening --- */

static void
remove_listener(struct akti_simnet_listener *l)
{
    struct akti_simnet *w = l->net->world;
    struct akti_simnet_listener **at = &w->listeners;

    while (*at != l) {
        at = &(*at)->next;
    }
    *at = l->next;
    akti_simnet_disarm(w, &l->timed);
    answer(l->net, &l->opening);
    akti_simnet_free(w, l, sizeof(*l));
}

static void
listen_again(struct akti_simnet_timed *t)
{
    struct akti_simnet_listener *l = (struct akti_simnet_listener *)t;

    if (find_listener(l->net->world, l->url) != NULL) {
        (void)akt_error_set(&l->opening->error, AKT_EEXIST,
                            "listen on %s: the address is in use: another "
                            "socket listens there",
                            l->url);
        remove_listener(l);
        return;
    }
    answer(l->net, &l->opening);
}

static akt_err
listen_on(struct akti_net *net, struct akti_opening *o)
{
    struct akti_simnet *w = net->world;
    struct akti_simnet_listener *l = akti_simnet_alloc(w, sizeof(*l));

    if (l == NULL) {
        return AKT_ENOMEM;
    }
    find_port(w, o);
    l->timed.fire = listen_again;
    l->net = net;
    (void)snprintf(l->url, sizeof(l->url), "%s", o->url);
    l->opening = o;
    l->next = w->listeners;
    w->listeners = l;
    if (find_listener(w, l->url) != NULL) {
        akti_simnet_arm(w, &l->timed, akti_simnet_now(w) + REUSE_NS);
    } else {
        answer(net, &l->opening);
    }
    return AKT_OK;
}

/* --- dialing --- */

static void
remove_dialer(struct akti_simnet_dialer *d)
{
    struct akti_simnet *w = d->net->world;
    struct akti_simnet_dialer **at = &w->dialers;

    while (*at != d) {
        at = &(*at)->next;
    }
    *at = d->next;
    akti_simnet_disarm(w, &d->timed);
    if (d->conn != NULL) {
        d->conn->dialer = NULL;
    }
    answer(d->net, &d->opening);
    akti_simnet_free(w, d, sizeof(*d));
}

static akt_err
attempt(struct akti_simnet_dialer *d)
{
    struct akti_simnet *w = d->net->world;
    struct akti_simnet_listener *l = find_listener(w, d->url);

    if (l == NULL || akti_simnet_is_parted(w, d->url)
        || akti_simnet_fails(w, AKT_FAULT_DIAL)) {
        return AKT_ECLOSED;
    }
    return akti_simnet_connect(d, l);
}

static void
wait_and_try(struct akti_simnet_dialer *d)
{
    uint64_t max = d->net->config.redial_max_ns;
    struct akti_simnet *w = d->net->world;

    akti_simnet_arm(w, &d->timed, akti_simnet_now(w) + d->wait_ns);
    d->wait_ns = d->wait_ns > max / 2 ? max : d->wait_ns * 2;
}

static void
dial(struct akti_simnet_timed *t)
{
    struct akti_simnet_dialer *d = (struct akti_simnet_dialer *)t;
    akt_err err = attempt(d);

    if (err == AKT_OK) {
        answer(d->net, &d->opening);
        return;
    }
    d->net->world->count.refused++;
    if (d->opening != NULL && d->opening->kind == AKTI_OPENING_DIAL_ONCE) {
        (void)akt_error_set(&d->opening->error, err,
                            "dial %s: nobody listens there", d->url);
        remove_dialer(d);
        return;
    }
    answer(d->net, &d->opening);
    wait_and_try(d);
}

void
akti_simnet_redial(struct akti_simnet_dialer *d)
{
    d->conn = NULL;
    d->wait_ns = d->net->config.redial_min_ns;
    wait_and_try(d);
}

static akt_err
dial_to(struct akti_net *net, struct akti_opening *o)
{
    struct akti_simnet *w = net->world;
    struct akti_simnet_dialer *d = akti_simnet_alloc(w, sizeof(*d));
    char *colon = port_of(o->url);

    if (d == NULL) {
        return AKT_ENOMEM;
    }
    o->port =
        colon != NULL ? (uint16_t)strtoul(colon + 1, NULL, 10) : (uint16_t)0;
    d->timed.fire = dial;
    d->net = net;
    d->opening = o;
    d->wait_ns = net->config.redial_min_ns;
    (void)snprintf(d->url, sizeof(d->url), "%s", o->url);
    d->next = w->dialers;
    w->dialers = d;
    akti_simnet_arm(w, &d->timed, akti_simnet_now(w) + akti_simnet_delay(w));
    return AKT_OK;
}

/* --- both --- */

void
akti_simnet_begin(struct akti_net *net, struct akti_opening *opening)
{
    akt_err err = AKT_ECLOSED;

    if (!net->hushed) {
        err = akti_address_check(opening, net->config.tls != NULL,
                                 &opening->error);
    }
    if (err == AKT_OK) {
        err = opening->kind == AKTI_OPENING_LISTEN ? listen_on(net, opening)
                                                   : dial_to(net, opening);
    }
    if (err != AKT_OK) {
        if (opening->error.code == AKT_OK) {
            (void)akt_error_set(&opening->error, err, NULL);
        }
        akti_link_opened(net->link, opening);
    }
}

static void
give_up(struct akti_opening *o)
{
    if (o != NULL) {
        (void)akt_error_set(&o->error, AKT_ECLOSED,
                            "the socket was closed meanwhile");
    }
}

void
akti_simnet_unlisten(struct akti_net *net)
{
    struct akti_simnet *w = net->world;
    struct akti_simnet_listener *l = w->listeners;
    struct akti_simnet_dialer *d = w->dialers;

    while (l != NULL) {
        struct akti_simnet_listener *next = l->next;

        if (l->net == net) {
            give_up(l->opening);
            remove_listener(l);
        }
        l = next;
    }
    while (d != NULL) {
        struct akti_simnet_dialer *next = d->next;

        if (d->net == net) {
            give_up(d->opening);
            remove_dialer(d);
        }
        d = next;
    }
}
